"""Two finished runs small enough to be worked out by hand, and what differs between them.

Six streets of 400 m, one above the other, metres north of the origin; each has a home of so many
elderly people in its middle. Community tier, before and after::

     400   new         only after, covered       60
     300   neither     never covered             50
     200   lost        covered before only       40    H closed at its east end
     100   gained      covered after only        30    G opened at its east end
       0   both        covered both times        20    F of both at its west end
    -100   vanished    only before, covered      10
"""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from conftest import CRS, ORIGIN
from coverage.cache import file_digest
from coverage.difference import Difference
from coverage.inputs.finished_run import KEYS, FinishedRun
from coverage.run_changes import changes_of
from coverage.study_parts import TIERS

LENGTH_M = 400.0
STREETS = {"vanished": -100, "both": 0, "gained": 100, "lost": 200, "neither": 300, "new": 400}
PEOPLE = dict(zip(STREETS, (10, 20, 30, 40, 50, 60), strict=True))
COVERED = ({"vanished", "both", "lost"}, {"both", "gained", "new"})
THERE = (set(STREETS) - {"new"}, set(STREETS) - {"vanished"})
FACILITIES = ({"F": (0, 0), "H": (LENGTH_M, 200)}, {"F": (0, 0), "G": (LENGTH_M, 100)})


def at(x: float, y: float) -> tuple[float, float]:
    return ORIGIN[0] + x, ORIGIN[1] + y


def lat_lng(x: float, y: float) -> list[float]:
    """Return a place of the town in degrees, as the map counts."""
    [point] = gpd.GeoSeries([shapely.Point(at(x, y))], crs=CRS).to_crs("EPSG:4326")
    return [point.y, point.x]


def run_of(folder: Path, side: int, names: dict[str, str], *, people: bool = True) -> FinishedRun:
    """Return one of the two runs, in a folder of its own with an empty GeoPackage."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "coverage.gpkg").write_bytes(b"")
    here = [name for name in STREETS if name in THERE[side]]
    covered = np.array([name in COVERED[side] for name in here])
    columns: dict[str, Any] = {
        "osm_id": np.arange(len(here)), "name": [names.get(n, n) for n in here],
        "length_m": LENGTH_M,
    }  # fmt: skip
    for key in KEYS:
        columns[f"covered_{key}"] = covered * 1.0 if key in ("community", "any") else 0.0
    for tier in TIERS:
        columns |= {f"minutes_{tier}": 1.0, f"parts_{tier}": ""}
    lines = [shapely.LineString([at(0, STREETS[n]), at(LENGTH_M, STREETS[n])]) for n in here]
    elderly = np.array([PEOPLE[name] for name in here], dtype=float)
    homes = gpd.GeoDataFrame(
        {
            "osm_id": here, "place": "", "elderly": elderly, "covered_community": covered,
            "covered_street": False, "covered_district": False,
        },
        geometry=[shapely.Point(at(200, STREETS[n] + 30)) for n in here], crs=CRS,
    )  # fmt: skip
    sites = FACILITIES[side]
    facilities = gpd.GeoDataFrame(
        {"id": list(sites), "name": [names.get(n, n) for n in sites], "tier": "community"},
        geometry=[shapely.Point(at(*place)) for place in sites.values()], crs=CRS,
    )  # fmt: skip
    halves = [
        shapely.box(*at(-50, -150), *at(250, 450)),
        shapely.box(*at(250, -150), *at(450, 450)),
    ]
    areas = gpd.GeoDataFrame({"area": [names.get(n, n) for n in ("西片", "东片")]},
                             geometry=halves, crs=CRS)  # fmt: skip
    km = float(covered.sum()) * LENGTH_M / 1000
    inside = float(elderly[covered].sum())
    summary = {
        "study": "hand", "walker": "senior", "direction": "worst", "street_km": len(here) * 0.4,
        "threshold_min": dict.fromkeys(TIERS, 15.0), "notices": ["合成 synthetic"],
        "coverage": {key: {"covered_km": km if key in ("community", "any") else 0.0}
                     for key in KEYS},
        "people": {"elderly": float(elderly.sum())}
        | {f"elderly_{key}": inside if key in ("community", "any") else 0.0 for key in KEYS},
    }  # fmt: skip
    manifest = {
        "study": {"name": "hand", "title": names.get("title", "方格 Square"), "place": str(side)},
        "inputs": {}, "streets": {}, "versions": {},
        "outputs": {"coverage.gpkg": file_digest(folder / "coverage.gpkg")},
    }  # fmt: skip
    return FinishedRun(
        folder=folder, summary=summary if people else summary | {"people": None},
        manifest=manifest, streets=gpd.GeoDataFrame(columns, geometry=lines, crs=CRS),
        facilities=facilities, homes=homes if people else None, areas=areas,
    )  # fmt: skip


def difference(folder: Path, names: dict[str, str] | None = None, **about: Any) -> Difference:
    """Return the two runs compared; ``names`` calls streets, facilities, areas otherwise."""
    runs = [run_of(folder / side, n, names or {}, **about) for n, side in enumerate(("alt", "neu"))]
    return Difference(**changes_of(*runs))
