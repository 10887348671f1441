"""Payloads of the map made by hand and by the dice, for tests that need no study."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from coverage.outputs.packing import Section

WORLD = 2**27
TIERS = ("community", "street", "district")
DIRECTIONS = ("worst", "to", "back")
MINUTES = list(range(3, 31))
QUANTUM = 8
CLOSED = 65535
NOWHERE = 2**32 - 1

WALKERS = [
    {"id": "senior", "zh": "老年人", "en": "senior", "mps": 0.9},
    {"id": "wheelchair", "zh": "轮椅使用者", "en": "wheelchair user", "mps": 0.64},
    {"id": "adult", "zh": "成年人", "en": "adult", "mps": 1.3},
]
KINDS = [
    {"tag": "primary", "zh": "主干路", "en": "primary road", "rank": 1},
    {"tag": "residential", "zh": "居住区道路", "en": "residential street", "rank": 4},
    {"tag": "footway", "zh": "步行道", "en": "footway", "rank": 5},
    {"tag": "steps", "zh": "梯坎", "en": "stairs", "rank": 6},
    {"tag": "motorway", "zh": "高速公路", "en": "motorway", "rank": 0},
    {"tag": "railway", "zh": "铁路", "en": "railway", "rank": 1},
]
CAUSES = [
    {"id": "no facility", "zh": "附近无设施", "en": "no facility near"},
    {"id": "climb", "zh": "坡道台阶", "en": "slopes and stairs"},
]
COLOURS = {
    "bands": [[5, "#31468c"], [10, "#1c8c8c"], [15, "#7ac44a"], [20, "#b9cf3c"], [25, "#e0d234"],
              [30, "#fadc28"]],
    "gap": "#d55e00", "beyond": "#b0501a", "unreachable": "#4d463f",
}  # fmt: skip

Ints = NDArray[np.int64]


def units(lon: Any, lat: Any) -> tuple[Ints, Ints]:
    """Return places in units of the map."""
    lon, lat = np.asarray(lon, dtype=float), np.radians(np.asarray(lat, dtype=float))
    x = (lon + 180) / 360 * WORLD
    y = (1 - np.log(np.tan(lat) + 1 / np.cos(lat)) / np.pi) / 2 * WORLD
    return np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)


def degrees(x: float, y: float) -> tuple[float, float]:
    """Return longitude and latitude of a place in units of the map."""
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * y / WORLD))))
    return x / WORLD * 360 - 180, float(lat)


@dataclass
class Streets:
    """Nodes, links between them with inner points, and their times for each walker."""

    x: Ints
    y: Ints
    a: Ints
    b: Ints
    inner: Ints
    dx: Ints
    dy: Ints
    metres: NDArray[np.float64]
    kind: Ints
    name: Ints
    flags: Ints
    up: NDArray[np.float64]
    down: NDArray[np.float64]
    steps: Ints
    ab: list[NDArray[np.float64]]
    ba: list[NDArray[np.float64]]
    """Seconds for each walker, infinite where it cannot go."""


def street_sections(streets: Streets) -> list[Section]:
    """Return the network as the payload holds it."""

    def dm(metres: NDArray[np.float64]) -> NDArray[np.uint16]:
        return np.minimum(np.rint(metres * 10), 65535).astype("u2")

    def tenths(seconds: NDArray[np.float64]) -> NDArray[np.uint16]:
        return np.where(
            np.isfinite(seconds), np.rint(np.minimum(seconds, 6553) * 10), CLOSED
        ).astype("u2")

    out = [
        Section("node.x", streets.x.astype("i4"), delta=True),
        Section("node.y", streets.y.astype("i4"), delta=True),
        Section("link.a", streets.a.astype("u4"), delta=True),
        Section("link.b", streets.b.astype("u4")),
        Section("link.inner", streets.inner.astype("u2")),
        Section("link.dx", streets.dx.astype("i4")),
        Section("link.dy", streets.dy.astype("i4")),
        Section("link.name", streets.name.astype("u4")),
        Section("link.kind", streets.kind.astype("u1")),
        Section("link.flags", streets.flags.astype("u1")),
        Section("link.m", dm(streets.metres)),
        Section("link.up", dm(streets.up)),
        Section("link.down", dm(streets.down)),
        Section("link.steps", streets.steps.astype("u2")),
    ]
    for walker, (ab, ba) in enumerate(zip(streets.ab, streets.ba, strict=True)):
        base = {"base": "time.0.ab"} if walker else {}
        out.append(Section(f"time.{walker}.ab", tenths(ab), **base))
        out.append(Section(f"time.{walker}.ba", tenths(ba), base=f"time.{walker}.ab"))
    return out


def home_sections(
    x: Ints, y: Ints, rings: Ints, vx: Ints, vy: Ints, elderly: NDArray[np.float64], link: Ints,
    at: NDArray[np.float64], leg_m: NDArray[np.float64], area: Ints, label: Ints,
) -> list[Section]:  # fmt: skip
    """Return homes as the payload holds them."""
    return [
        Section("home.x", x.astype("i4"), delta=True),
        Section("home.y", y.astype("i4"), delta=True),
        Section("home.rings", rings.astype("u2")),
        Section("home.vx", vx.astype("i4")),
        Section("home.vy", vy.astype("i4")),
        Section("home.elderly", elderly.astype("f8")),
        Section("home.population", (elderly * 5).astype("f8")),
        Section("home.link", np.where(link < 0, NOWHERE, link).astype("u4")),
        Section("home.at", np.rint(at * 65535).astype("u2")),
        Section("home.leg", np.rint(leg_m * 10).astype("u2")),
        Section("home.area", area.astype("u1")),
        Section("home.label", label.astype("u4")),
    ]


def facility_sections(
    x: Ints, y: Ints, tier: Ints, link: Ints, at: NDArray[np.float64], leg_m: NDArray[np.float64]
) -> list[Section]:
    """Return facilities as the payload holds them."""
    return [
        Section("facility.x", x.astype("i4")),
        Section("facility.y", y.astype("i4")),
        Section("facility.tier", tier.astype("u1")),
        Section("facility.link", np.where(link < 0, NOWHERE, link).astype("u4")),
        Section("facility.at", np.rint(at * 65535).astype("u2")),
        Section("facility.leg", np.rint(leg_m * 10).astype("u2")),
    ]


def polygon_sections(
    name: str, items: Sequence[Sequence[Sequence[Sequence[tuple[int, int]]]]]
) -> list[Section]:
    """Return polygons: items of polygons of rings of points, in units of the map."""
    rings = [ring for item in items for polygon in item for ring in polygon]
    steps = [np.diff(np.array(ring), axis=0) for ring in rings]
    step = np.concatenate(steps) if steps else np.zeros((0, 2))
    out = [
        Section(
            f"{name}.parts", np.array([len(polygon) for item in items for polygon in item], "u2")
        ),
        Section(f"{name}.rings", np.array([len(ring) for ring in rings], "u4")),
        Section(f"{name}.x", np.array([ring[0][0] for ring in rings], "i4"), delta=True),
        Section(f"{name}.y", np.array([ring[0][1] for ring in rings], "i4"), delta=True),
        Section(f"{name}.dx", step[:, 0].astype("i4")),
        Section(f"{name}.dy", step[:, 1].astype("i4")),
    ]
    if name != "water":
        out.insert(0, Section(f"{name}.polygons", np.array([len(item) for item in items], "u2")))
    return [section for section in out if len(section.array)]


def line_sections(
    name: str, lines: Sequence[Sequence[tuple[int, int]]], kind: int = 0
) -> list[Section]:
    """Return open lines in units of the map."""
    step = np.concatenate([np.diff(np.array(line), axis=0) for line in lines])
    out = [
        Section(f"{name}.inner", np.array([len(line) - 1 for line in lines], "u2")),
        Section(f"{name}.x", np.array([line[0][0] for line in lines], "i4"), delta=True),
        Section(f"{name}.y", np.array([line[0][1] for line in lines], "i4"), delta=True),
        Section(f"{name}.dx", step[:, 0].astype("i4")),
        Section(f"{name}.dy", step[:, 1].astype("i4")),
    ]
    if name == "way":
        out.append(Section("way.kind", np.full(len(lines), kind, "u1")))
    return out


def code(minutes: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return minutes as the payload holds them: rounded up, 255 beyond the last."""
    with np.errstate(invalid="ignore"):
        codes = np.where(minutes <= MINUTES[-1] + 1e-9, np.ceil(minutes * QUANTUM - 1e-9), 255)
    return np.nan_to_num(codes, nan=255).astype("u1")


def meta_of(**changes: Any) -> dict[str, Any]:
    """Return what the page must know beside the arrays."""
    tiers = [
        {"id": "community", "zh": "社区养老服务站", "en": "community station", "glyph": "社",
         "colour": "#1b1b3a"},
        {"id": "street", "zh": "街道养老服务中心", "en": "street centre", "glyph": "街",
         "colour": "#7a1f5c"},
        {"id": "district", "zh": "区县失能特困集中照护中心", "en": "district centre", "glyph": "区",
         "colour": "#8a2432"},
    ]  # fmt: skip
    meta: dict[str, Any] = {
        "version": 1, "title": "方格 Square", "study": "square", "notices": [], "warnings": [],
        "assumed": "", "attribution": ["© OpenStreetMap contributors (ODbL)"], "walkers": WALKERS,
        "directions": DIRECTIONS, "tiers": [{**tier, "threshold": 15} for tier in tiers],
        "minutes": MINUTES, "quantum": QUANTUM,
        "own": {"walker": 0, "direction": 0, "tier": 0}, "hasPeople": True,
        "totals": {"km": [0.0], "elderly": [0.0], "population": 0.0}, "areas": [],
        "bounds": [[29.5, 106.5], [29.6, 106.6]], "streetNames": [""], "homeNames": [""],
        "kinds": KINDS, "causes": CAUSES, "facilities": [], "gaps": [], "places": [],
        "snapLimit": 300, "colours": COLOURS, "tianditu": "", "limits": {},
    }  # fmt: skip
    return {**meta, **changes}


def facts_of(count: int, names: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return what is said of facilities."""
    return [
        {"id": f"F{i:03d}", "name": names[i] if names else f"设施 {i}", "address": "",
         "capacity": None, "snapped": True, "snap_m": 5.0, "elderlyInReach": None,
         "elderlyOnly": None}
        for i in range(count)
    ]  # fmt: skip


def big_city(
    links: int = 150_000, homes: int = 40_000, facilities: int = 1_000, *, walkers: int = 3,
    seed: int = 5, side_km: float = 55.0,
) -> tuple[dict[str, Any], list[Section]]:  # fmt: skip
    """Return a city as large as Chongqing's nine districts: streets in a bent grid.

    Minutes are those of a straight walk with a detour of 1.4, so that nothing must be searched.
    """
    dice = np.random.default_rng(seed)
    across = int(np.sqrt(links / 1.72))
    west, north = (int(v) for v in units(106.3, 29.8))
    step = side_km * 1000 / 0.2592 / across
    gy, gx = np.mgrid[0:across, 0:across]
    # Denser in the middle, as cities are.
    u, v = gx / (across - 1) * 2 - 1, gy / (across - 1) * 2 - 1
    bend = 0.35 + 0.65 * np.maximum(np.abs(u), np.abs(v))
    x = west + (u * bend + 1) / 2 * across * step + dice.normal(0, 0.18, u.shape) * step * bend
    y = north + (v * bend + 1) / 2 * across * step + dice.normal(0, 0.18, u.shape) * step * bend
    x, y = np.rint(x).astype(np.int64).ravel(), np.rint(y).astype(np.int64).ravel()
    order = np.argsort(_morton(x, y), kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    number = place.reshape(across, across)
    x, y = x[order], y[order]
    pairs = np.concatenate(
        [np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()]),
         np.column_stack([number[:-1].ravel(), number[1:].ravel()])]
    )  # fmt: skip
    pairs = pairs[np.sort(dice.permutation(len(pairs))[:links])]
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    a, b = pairs.T
    count = len(a)
    inner = dice.choice([1, 2, 3, 4, 5], count)
    which = np.repeat(np.arange(count), inner)
    ahead = np.concatenate([np.arange(1, k + 1) for k in inner]) / (inner[which] + 1)
    px = x[a][which] + ahead * (x[b] - x[a])[which] + dice.normal(0, 18, len(which))
    py = y[a][which] + ahead * (y[b] - y[a])[which] + dice.normal(0, 18, len(which))
    px, py = np.rint(px).astype(np.int64), np.rint(py).astype(np.int64)
    begins = np.r_[True, which[1:] != which[:-1]]
    dx = np.where(begins, px - x[a][which], px - np.r_[0, px[:-1]])
    dy = np.where(begins, py - y[a][which], py - np.r_[0, py[:-1]])
    metres = np.hypot(x[a] - x[b], y[a] - y[b]) * 0.2592 * 1.1
    slope = dice.uniform(0.9, 1.5, count)
    kind = dice.choice([0, 1, 1, 1, 2, 2, 3], count)
    ab = [metres / WALKERS[w]["mps"] * slope for w in range(walkers)]
    ba = [metres / WALKERS[w]["mps"] * (2.4 - slope) for w in range(walkers)]
    streets = Streets(
        x, y, a, b, inner, dx, dy, metres, kind, dice.integers(0, 6_000, count),
        np.where(kind == 3, 2, 0) | 32, metres * 0.04, metres * 0.02,
        np.where(kind == 3, metres / 0.3, 0).astype(np.int64), ab, ba,
    )  # fmt: skip
    on = np.sort(dice.integers(0, count, homes))
    hx, hy = (x[a] + x[b])[on] // 2 + dice.integers(30, 90, homes), (y[a] + y[b])[on] // 2 + 40
    vx, vy = np.tile([-25, 55, 0, -20, 0, -35], homes), np.tile([-30, 0, 40, 0, 30, 0], homes)
    elderly = dice.gamma(2.0, 12.0, homes)
    corner = dice.integers(0, len(x), facilities)
    fx, fy, tier = x[corner], y[corner], dice.choice([0] * 9 + [1] * 3 + [2], facilities)
    sections = street_sections(streets)
    sections += home_sections(
        hx, hy, np.full(homes, 6), vx, vy, elderly, on, np.full(homes, 0.5), np.full(homes, 15.0),
        np.zeros(homes), np.zeros(homes),
    )  # fmt: skip
    first = np.searchsorted(a, corner)
    sections += facility_sections(
        fx, fy, tier, np.minimum(first, count - 1), np.zeros(facilities), np.full(facilities, 5.0)
    )
    ends = [int(v) for v in (x.min(), y.min(), x.max(), y.max())]
    middle = ((x[a] + x[b]) / 2, (y[a] + y[b]) / 2)
    people, km = (
        np.zeros((1, walkers, 3, 3, len(MINUTES))),
        np.zeros((1, walkers, 3, 3, len(MINUTES))),
    )
    for t in range(3):
        near = cKDTree(np.column_stack([fx, fy])[tier == t])
        street = near.query(np.column_stack(middle))[0] * 0.2592 * 1.4
        home = near.query(np.column_stack([hx, hy]))[0] * 0.2592 * 1.4
        for w in range(walkers):
            for d in range(3):
                pace = WALKERS[w]["mps"] * 60 * (0.85, 1.0, 0.95)[d]
                sections.append(Section(f"min.street.{w}.{d}.{t}", code(street / pace)))
                sections.append(Section(f"min.home.{w}.{d}.{t}", code(home / pace)))
                for m, minutes in enumerate(MINUTES):
                    people[0, w, d, t, m] = elderly[home / pace <= minutes].sum()
                    km[0, w, d, t, m] = metres[street / pace <= minutes].sum() / 1000
    rest = [(ends[0], (ends[1] + ends[3]) // 2)]
    for k in range(400):
        rest.append(
            (
                ends[0] + (ends[2] - ends[0]) * (k + 1) // 400,
                rest[-1][1] + int(dice.integers(-400, 400)),
            )
        )
    river = [*rest, *[(px_, py_ + 3200) for px_, py_ in reversed(rest)]]
    rim = [(ends[0], ends[1]), (ends[2], ends[1]), (ends[2], ends[3]), (ends[0], ends[3])]
    sections += polygon_sections("water", [[[river]]])
    sections += polygon_sections("boundary", [[[rim]]])
    sections += [Section("curve.km", km.ravel()), Section("curve.elderly", people.ravel())]
    (lon0, lat0), (lon1, lat1) = degrees(ends[0], ends[3]), degrees(ends[2], ends[1])
    meta = meta_of(
        title="九区 Nine districts", walkers=WALKERS[:walkers], facilities=facts_of(facilities),
        bounds=[[lat0, lon0], [lat1, lon1]], streetNames=["", *(f"街道{i}路" for i in range(6_000))],
        totals={"km": [float(metres.sum() / 1000)], "elderly": [float(elderly.sum())],
                "population": float(elderly.sum() * 5)},
    )  # fmt: skip
    return meta, sections


def _morton(x: Ints, y: Ints) -> Ints:
    def spread(v: Ints) -> Ints:
        return sum(((v >> k) & 1) << (2 * k) for k in range(27))

    return spread(x) | (spread(y) << 1)
