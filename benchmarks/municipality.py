"""Makes a mountain municipality of any size: streets, heights, buildings, people, facilities.

    python benchmarks/municipality.py --nodes 1000000 --out DIR

The same number of nodes and the same seed give the same files. Nothing in them is a real place.
"""

import argparse
import csv
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import shapely
from land.buildings import built
from land.draft import HIGHWAY, WALKED, Ints
from land.osm import write_extract
from land.people import TIERS, Facilities, Subdistricts, facilities, subdistricts
from land.plan import FULL_NODES, Municipality, drawn
from land.terrain import to_degrees

SIZES = (10_000, 30_000, 100_000, 258_000, 1_000_000)
BUILDINGS_A_NODE = 0.3
_ID = {"community": "C", "street": "S", "district": "D"}
_NAME = {
    "community": "社区养老服务站",
    "street": "街道养老服务中心",
    "district": "失能特困集中照护中心",
}
_STUDY = """\
name = "municipality-{nodes}"
title = "示例直辖市 (generated, {nodes:,} walking nodes)"
notices = ["Generated for benchmarks: nothing here is a real place. 合成数据，不代表任何真实地点。"]

[network]
file = "streets.osm.pbf"

[facilities]
file = "facilities.csv"
datum = "wgs84"

[areas]
file = "subdistricts.geojson"

[elevation]
file = "elevation.tif"

[population]
file = "subdistricts.geojson"
"""


def write_municipality(folder: Path, nodes: int, *, seed: int = 2024) -> Path:
    """Write a municipality with so many walking nodes into `folder`; return its study file."""
    folder.mkdir(parents=True, exist_ok=True)
    plan, homes, noise, notes, folk = np.random.SeedSequence([seed, nodes]).spawn(5)
    place = drawn(nodes, plan)
    xy = place.draft.xy()
    count = round(nodes * BUILDINGS_A_NODE)
    buildings = built(xy, place.edges, count, np.random.default_rng(homes))
    rng = np.random.default_rng(folk)
    areas = subdistricts(place.towns, place.terrain.half_m, buildings.middles, nodes, rng)
    sites = facilities(
        xy, place.edges, place.towns, _frontage(place, xy), place.terrain.half_m, nodes, rng
    )
    write_extract(
        folder / "streets.osm.pbf", place.draft, place.ways, buildings, place.terrain,
        np.random.default_rng(notes),
    )  # fmt: skip
    place.terrain.write(
        folder / "elevation.tif", buildings.middles, buildings.roofs_m3(),
        np.random.default_rng(noise),
    )  # fmt: skip
    _write_areas(folder / "subdistricts.geojson", areas)
    _write_facilities(folder / "facilities.csv", sites)
    study = folder / "study.toml"
    study.write_text(_STUDY.format(nodes=nodes), encoding="utf-8")
    return study


def _frontage(place: Municipality, xy: np.ndarray) -> Ints:
    """Return the edges where a facility may stand, as often as they have 50 m of street."""
    edges = place.edges
    fit = WALKED & ~np.isin(HIGHWAY, ["steps", "elevator", "path", "pedestrian"])
    length = np.hypot(*(xy[edges.head] - xy[edges.tail]).T)
    often = np.where(edges.place >= 0, length / 50, length / 250)
    return np.repeat(np.arange(len(edges)), np.where(fit[edges.kind], often, 0).astype(np.int64))


def _write_areas(path: Path, areas: Subdistricts) -> None:
    lines = []
    for number, (polygon, people, old) in enumerate(
        zip(areas.polygons, areas.population.tolist(), areas.elderly.tolist(), strict=True)
    ):
        ring = to_degrees(shapely.get_coordinates(polygon.exterior)).round(7).tolist()
        tags = {"name": f"示例{number + 1:04d}街道", "population": people, "elderly": old}
        shape = {"type": "Polygon", "coordinates": [ring]}
        feature = {"type": "Feature", "properties": tags, "geometry": shape}
        lines.append(json.dumps(feature, ensure_ascii=False))
    text = ",\n".join(lines)
    path.write_text(f'{{"type": "FeatureCollection", "features": [\n{text}\n]}}\n', "utf-8")


def _write_facilities(path: Path, sites: Facilities) -> None:
    lon_lat = to_degrees(sites.xy).round(6).tolist()
    rows: list[Sequence[object]] = []
    for number, (tier, place, capacity) in enumerate(
        zip(sites.tier.tolist(), lon_lat, sites.capacity.tolist(), strict=True)
    ):
        name = TIERS[tier]
        rows.append((f"{_ID[name]}{number + 1:04d}", f"示例第{number + 1}{_NAME[name]}", name,
                     *place, capacity, f"示例路{number % 300 + 1}号"))  # fmt: skip
    _write_rows(path, ("id", "name", "tier", "lon", "lat", "capacity", "address"), rows)


def _write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    """Write one municipality."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--nodes", type=int, default=FULL_NODES)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    begin = time.perf_counter()
    study = write_municipality(options.out, options.nodes, seed=options.seed)
    print(f"{study} in {time.perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    main()
