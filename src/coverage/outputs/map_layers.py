"""What the map's layers hold: shapes in degrees, and the words that each of them shows.

Words never travel with the shapes. Shapes go through folium's templates, which would run what
looks like a template; words go into the page as JSON and reach the screen as text only. A feature
knows its words by their number, ``tip``.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from ..findings import Findings
from ..study import BANDS_MIN, TIER_NAMES_ZH, TIERS, Study, TierName
from .colours import BEYOND, UNREACHABLE, band_colour
from .map_words import (
    TIER_NAMES_EN,
    kilometres,
    minutes_text,
    percent,
    plain,
    street_kind,
)

Feature = dict[str, Any]
Row = tuple[str, str]

_STREET_TOLERANCE_M = 1.0
_SHAPE_TOLERANCE_M = 3.0
_DECIMALS = 5
"""Of degrees: about one metre."""
_UNNAMED = "（无名）unnamed"


@dataclass(slots=True)
class Tips:
    """The words of all features: a title and rows of label and value each."""

    rows: list[tuple[str, list[Row]]] = field(default_factory=list)

    def add(self, title: str, rows: Iterable[Row]) -> int:
        """Keep the words of one feature and return their number."""
        self.rows.append((title or _UNNAMED, [row for row in rows if row[1]]))
        return len(self.rows) - 1


def bands_of(study: Study, tier: TierName) -> list[float]:
    """Return the ends of a tier's bands in minutes, ascending; its promise is among them."""
    return sorted({*map(float, BANDS_MIN), dict(study.tiers)[tier].threshold_min})


def boundary(result: Findings) -> list[Feature]:
    """Return the outline of the study area."""
    return _features(_degrees([result.inputs.boundary], result.inputs.crs), [{}])


def bounds(result: Findings) -> list[list[float]]:
    """Return the south-west and the north-east corner of the study area, latitude first."""
    area = gpd.GeoSeries([result.inputs.boundary], crs=result.inputs.crs).to_crs("EPSG:4326")
    west, south, east, north = area.total_bounds
    return [[round(south, 6), round(west, 6)], [round(north, 6), round(east, 6)]]


def areas(result: Findings, tips: Tips) -> list[Feature]:
    """Return the areas with their coverage."""
    if result.areas is None:
        return []
    shown = result.areas[~result.areas.geometry.is_empty]
    numbers = [tips.add(plain(name), _area_rows(row)) for name, row in shown.iterrows()]
    shapes = _degrees(shown.geometry, result.areas.crs, _SHAPE_TOLERANCE_M)
    return _features(shapes, [{"tip": number} for number in numbers])


def labels(result: Findings, tips: Tips) -> list[Feature]:
    """Return a point in each area to write its name at, the largest area first."""
    if result.areas is None:
        return []
    shown = result.areas[~result.areas.geometry.is_empty]
    shown = shown.iloc[np.argsort(-shown.area.to_numpy(), kind="stable")]
    places = _degrees(shown.representative_point(), result.areas.crs)
    return _features(places, [{"tip": tips.add(plain(name), [])} for name in shown.index])


def circles(result: Findings, tier: TierName, minutes: float) -> list[Feature]:
    """Return the tier's isochrone at so many minutes."""
    found = result.isochrones
    if found.empty:
        return []
    which = (found["scope"] == "tier") & (found["tier"] == tier) & (found["minutes"] == minutes)
    shapes = _degrees(found.geometry[which], result.network.crs, _SHAPE_TOLERANCE_M)
    return _features(shapes, [{}] * len(shapes))


def gaps(result: Findings, tier: TierName, tips: Tips) -> list[Feature]:
    """Return the tier's gaps with what is known of them."""
    if result.gaps.empty:
        return []
    shown = result.gaps[(result.gaps["tier"] == tier) & ~result.gaps.geometry.is_empty]
    count = int((result.gaps["tier"] == tier).sum())
    numbers = [
        tips.add(f"缺口 Gap {plain(name)}", _gap_rows(plain(name), row, count, result.study))
        for name, row in shown.iterrows()
    ]
    shapes = _degrees(shown.geometry, result.network.crs, _SHAPE_TOLERANCE_M)
    return _features(shapes, [{"tip": number} for number in numbers])


def facilities(result: Findings, tier: TierName, tips: Tips) -> list[Feature]:
    """Return the tier's facilities with what they reach."""
    shown = result.facilities[result.facilities["tier"] == tier]
    properties = [
        {
            "tip": tips.add(plain(row["name"]), _facility_rows(plain(name), row, result.study)),
            "tier": tier,
            "snapped": bool(row["snapped"]),
        }
        for name, row in shown.iterrows()
    ]
    return _features(_degrees(shown.geometry, result.network.crs), properties)


def streets(result: Findings) -> dict[str, Any]:
    """Return all streets once, columns by column, with their minutes to each tier.

    Lines are whole numbers of 0.00001 degrees: the first point, then the steps from point to
    point, so that a city's streets fit into a page.
    """
    frame = result.streets
    lines = _degrees(frame.geometry, result.network.crs, _STREET_TOLERANCE_M)
    names, name = np.unique([plain(value) for value in frame["name"]], return_inverse=True)
    kinds, kind = np.unique([street_kind(value) for value in frame["highway"]], return_inverse=True)
    return {
        "scale": 10**_DECIMALS,
        "lines": [_steps(line) for line in lines],
        "names": names.tolist(),
        "name": name.tolist(),
        "kinds": kinds.tolist(),
        "kind": kind.tolist(),
        "metres": [round(value) for value in frame["length_m"]],
        "tiers": {tier: _street_times(result, tier) for tier in TIERS},
    }


def _street_times(result: Findings, tier: TierName) -> dict[str, Any]:
    bands = bands_of(result.study, tier)
    minutes = result.streets[f"minutes_{tier}"].to_numpy(dtype=float)
    band = np.where(np.isnan(minutes), len(bands) + 1, np.searchsorted(bands, minutes))
    # Part of a street: rounded down, so that no street with a gap in it reads 100 %.
    covered = np.floor(result.streets[f"covered_{tier}"].to_numpy(dtype=float) * 100)
    promise = f"{dict(result.study.tiers)[tier].threshold_min:g}"
    return {
        "colours": [*map(band_colour, bands), BEYOND, UNREACHABLE],
        "label": f"到最近{TIER_NAMES_ZH[tier]} to the nearest {TIER_NAMES_EN[tier]}",
        "within": f"其中 {promise} 分钟内 of it within {promise} min",
        "unknown": minutes_text(math.nan, result.study),
        "band": band.tolist(),
        "tenths": [None if math.isnan(value) else round(value * 10) for value in minutes],
        "percent": [int(share) for share in covered],
    }


def _area_rows(row: Any) -> list[Row]:
    rows = [("街道总长 Street", kilometres(row["street_km"]))]
    named = [(tier, f"{TIER_NAMES_ZH[tier]} {TIER_NAMES_EN[tier]}") for tier in TIERS]
    for key, label in [*named, ("any", "任一层级 any tier"), ("all", "全部层级 all tiers")]:
        covered, share = row[f"covered_km_{key}"], row[f"share_{key}"]
        rows.append((label, f"{kilometres(covered)} · {percent(share)}"))
    return rows


def _gap_rows(name: str, row: Any, count: int, study: Study) -> list[Row]:
    tier = row["tier"]
    rank = int(name.rsplit("-", 1)[-1])
    nearest = " · ".join(filter(None, map(plain, (row["nearest_name"], row["nearest_facility"]))))
    rows = [
        ("层级 Tier", f"{TIER_NAMES_ZH[tier]} {TIER_NAMES_EN[tier]}"),
        ("位次 Rank", f"{rank} / {count}"),
        *_gap_people(row),
        ("街道长度 Street", kilometres(row["street_m"] / 1000)),
        ("片区 Area", plain(row["area"])),
        ("最近设施 Nearest", nearest),
    ]
    return [*rows, ("步行时间 Walk", minutes_text(row["minutes"], study))]


def _gap_people(row: Any) -> list[Row]:
    if "elderly" not in row:
        return []
    return [
        ("老年人 Elderly", f"{row['elderly']:,.0f}"),
        ("原因 Cause", f"{row['cause_zh']} {row['cause']} ({percent(row['cause_share'])})"),
        ("街道名 Streets", plain(row["streets"])),
    ]


def _facility_rows(name: str, row: Any, study: Study) -> list[Row]:
    rows = [
        ("层级 Tier", f"{TIER_NAMES_ZH[row['tier']]} {TIER_NAMES_EN[row['tier']]}"),
        ("编号 ID", name),
        ("容量 Places", f"{row['capacity']:g}" if plain(row["capacity"]) else ""),
        ("地址 Address", plain(row["address"])),
    ]
    if not row["snapped"]:
        limit = f"{study.facilities.snap_limit_m:g} m"
        return [*rows, ("⚠ 未接入路网 Not connected", f"{limit} 内无可步行街道 no street within")]
    rows += [
        (f"{m} 分钟可达街道 in {m} min", f"{kilometres(row[f'street_km_{m}min'])} of street")
        for m in BANDS_MIN
    ]
    if "elderly_in_reach" in row:
        rows += [
            ("可达老年人 Elderly in reach", f"{row['elderly_in_reach']:,.0f}"),
            ("仅此可达 Only from here", f"{row['elderly_only']:,.0f}"),
        ]
    return [*rows, ("至街道直线距离 To the street", f"{row['snap_m']:.0f} m")]


def _degrees(
    shapes: Sequence[shapely.Geometry] | gpd.GeoSeries, crs: object, tolerance_m: float = 0.0
) -> NDArray[np.object_]:
    series = gpd.GeoSeries(list(shapes), crs=crs)
    if tolerance_m:
        series = series.simplify(tolerance_m)
    rounded = shapely.transform(series.to_crs("EPSG:4326").to_numpy(), _rounded)
    return np.asarray(rounded, dtype=object)


def _rounded(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    return coordinates.round(_DECIMALS)


def _steps(line: shapely.Geometry) -> list[list[int]]:
    parts = shapely.get_parts(line)
    return [_part_steps(shapely.get_coordinates(part)) for part in parts if not part.is_empty]


def _part_steps(coordinates: NDArray[np.float64]) -> list[int]:
    whole = np.rint(coordinates * 10**_DECIMALS).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    return [int(step) for step in steps.ravel()]


def _features(shapes: Iterable[shapely.Geometry], properties: Sequence[Feature]) -> list[Feature]:
    as_mapping: Callable[[shapely.Geometry], Any] = shapely.geometry.mapping
    return [
        {"type": "Feature", "properties": about, "geometry": as_mapping(shape)}
        for shape, about in zip(shapes, properties, strict=True)
    ]
