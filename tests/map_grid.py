"""A little town whose walks can be worked out by hand, as the map's page gets it."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import networkx as nx
import numpy as np

from coverage.outputs.packing import Section
from map_payload import (
    DIRECTIONS,
    MINUTES,
    Streets,
    code,
    degrees,
    facility_sections,
    facts_of,
    home_sections,
    line_sections,
    meta_of,
    polygon_sections,
    street_sections,
    units,
)

WALKERS = [
    {"id": "senior", "zh": "老年人", "en": "senior", "mps": 1.0},
    {"id": "wheelchair", "zh": "轮椅使用者", "en": "wheelchair user", "mps": 0.5},
]
X0, Y0 = (int(v) for v in units(106.55, 29.56))
METRE = 2**27 / (40075016.686 * np.cos(np.radians(29.56)))
"""Units of the map in a metre here."""

NODES = {name: (k % 4 * 100, k // 4 * 100) for k, name in enumerate("ABCDEFGH")}
LINKS = ["AB", "BC", "CD", "AE", "EF", "FG", "GC", "GH"]
"""A-B, B-C, C-D along the top; A-E and the stairs G-C down; E-F, F-G, G-H along the bottom."""
STAIRS = LINKS.index("GC")
ELDERLY = [40.0, 30.0, 20.0, 10.0]


def town(**changes: Any) -> tuple[dict[str, Any], list[Section]]:
    r"""Return meta and sections of the town; `changes` go into the meta.

    ::

        A --- B -h1- C --- D x      each street 100 m
        |            #              # stairs: 60 steps, 9 m up from G to C
        E -z- F h2 - G --- H h0

    The senior walks 1 m/s on the flat and takes 120 s up the stairs and 60 s down; the wheelchair
    half as fast and not at all. Community stations: X, 20 m from D, and Y, at E; a third, W, has no
    street. The street centre Z is in the middle of E-F. No district centre. Homes: h0, 10 m from H,
    40 elderly people; h1 in the middle of B-C, 30; h2 at F, 20; h3 has no street, 10.

    Seconds of the senior, there / back: h0 to X 10 + 100 + 120 + 100 + 20 = 350 / 290, to Y 310 /
    310; h1 to X 170, to Y 250; h2 to X 340 / 280, to Y 100.
    """
    sections = [*_streets(), *_homes(), *_facilities()]
    street, home = _minutes()
    for (w, d, t), minutes in np.ndenumerate(np.empty((2, 3, 3))):
        del minutes
        sections.append(Section(f"min.street.{w}.{d}.{t}", code(street[w, d, t])))
        sections.append(Section(f"min.home.{w}.{d}.{t}", code(home[w, d, t])))
    within = np.array(
        [
            [[[home[w, d, t] <= m + 1e-9 for m in MINUTES] for t in range(3)] for d in range(3)]
            for w in range(2)
        ]
    )
    people = (within * np.array(ELDERLY)).sum(axis=-1)
    km = np.array(
        [
            [
                [[(street[w, d, t] <= m).sum() / 10 for m in MINUTES] for t in range(3)]
                for d in range(3)
            ]
            for w in range(2)
        ]
    )
    west = (within * np.array([0.0, 30.0, 20.0, 0.0])).sum(axis=-1)
    sections += [
        Section("curve.km", np.stack([km, km / 2, km / 2]).ravel()),
        Section("curve.elderly", np.stack([people, west, people - west]).ravel()),
        *_ground(),
    ]
    meta = meta_of(**{**_words(), **changes})
    return meta, sections


def at(x: float, y: float) -> tuple[int, int]:
    """Return a place given in metres east and south of A, in units of the map."""
    return round(X0 + x * METRE), round(Y0 + y * METRE)


def lat_lng(x: float, y: float) -> list[float]:
    """Return latitude and longitude of a place given in metres east and south of A."""
    lon, lat = degrees(*at(x, y))
    return [lat, lon]


def without(sections: list[Section], *parts: str) -> list[Section]:
    """Return the sections whose names begin with none of the parts."""
    return [section for section in sections if not section.name.startswith(parts)]


def _words() -> dict[str, Any]:
    facilities = facts_of(4, ["东站", "西站", "无街站", "街道中心"])
    facilities[2] |= {"snapped": False, "snap_m": None}
    south, north = lat_lng(0, 250)[0], lat_lng(0, -150)[0]
    west, east = lat_lng(-150, 0)[1], lat_lng(450, 0)[1]
    gap = {
        "id": "community-01", "tier": "community", "rank": 1, "elderly": 40.0, "street_m": 120.0,
        "area": "东片", "cause": {"zh": "坡道台阶", "en": "slopes and stairs"}, "causeShare": 0.75,
        "nearest": "F001", "minutes": 5.17, "streets": "滨江路",
    }  # fmt: skip
    return {
        "walkers": WALKERS, "bounds": [[south, west], [north, east]], "areas": ["西片", "东片"],
        "streetNames": ["", "中山路", "滨江路", "十八梯"], "homeNames": ["", "松柏里小区"],
        "facilities": facilities, "gaps": [gap],
        "places": [{"name": "南山", "kind": "suburb", "x": at(-100, 150)[0], "y": at(-100, 150)[1]}],
        "totals": {"km": [0.8, 0.4, 0.4], "elderly": [100.0, 50.0, 50.0], "population": 500.0},
    }  # fmt: skip


def _streets() -> list[Section]:
    names = "ABCDEFGH"
    xy = np.array([at(*NODES[name]) for name in names])
    a, b = (np.array([names.index(link[end]) for link in LINKS]) for end in (0, 1))
    stairs = np.arange(len(LINKS)) == STAIRS
    seconds = np.full(len(LINKS), 100.0)
    none = np.zeros(0, dtype=np.int64)
    return street_sections(
        Streets(
            xy[:, 0], xy[:, 1], a, b, np.zeros(len(LINKS), dtype=np.int64), none, none, seconds,
            np.where(stairs, 3, 1), np.where(stairs, 3, np.where(np.arange(len(LINKS)) < 3, 1, 2)),
            np.where(stairs, 34, 32), np.where(stairs, 9.0, 0), np.zeros(len(LINKS)),
            np.where(stairs, 60, 0),
            [np.where(stairs, 120.0, seconds), np.where(stairs, np.inf, 2 * seconds)],
            [np.where(stairs, 60.0, seconds), np.where(stairs, np.inf, 2 * seconds)],
        )
    )  # fmt: skip


HOMES = [("GH", 1.0, 10.0), ("BC", 0.5, 0.0), ("EF", 1.0, 0.0), None]
FACILITIES = [("CD", 1.0, 20.0, 0), ("AE", 1.0, 0.0, 0), None, ("EF", 0.5, 0.0, 1)]
HOME_PLACES = [(310, 100), (150, 8), (100, 108), (-100, -100)]
FACILITY_PLACES = [(320, 0), (0, 100), (-120, 0), (50, 100)]


def _homes() -> list[Section]:
    xy = np.array([at(*place) for place in HOME_PLACES])
    # Boxes of some 12 m, the third a point.
    box = round(12 * METRE)
    corners = [(-box // 2, -box // 2), (box, 0), (0, box), (-box, 0)]
    v = np.array(corners * 3)
    return home_sections(
        xy[:, 0], xy[:, 1], np.array([4, 4, 0, 4]), v[:, 0], v[:, 1], np.array(ELDERLY),
        np.array([LINKS.index(home[0]) if home else -1 for home in HOMES]),
        np.array([home[1] if home else 0 for home in HOMES]),
        np.array([home[2] if home else 0 for home in HOMES]),
        np.array([1, 0, 0, 255]), np.array([0, 1, 0, 0]),
    )  # fmt: skip


def _facilities() -> list[Section]:
    xy = np.array([at(*place) for place in FACILITY_PLACES])
    return facility_sections(
        xy[:, 0], xy[:, 1], np.array([0, 0, 0, 1]),
        np.array([LINKS.index(one[0]) if one else -1 for one in FACILITIES]),
        np.array([one[1] if one else 0 for one in FACILITIES]),
        np.array([one[2] if one else 0 for one in FACILITIES]),
    )  # fmt: skip


def _ground() -> list[Section]:
    def box(west: float, north: float, east: float, south: float) -> list[tuple[int, int]]:
        return [at(west, north), at(east, north), at(east, south), at(west, south)]

    xy = np.array([at(230, 50)])
    side = round(20 * METRE)
    return [
        *polygon_sections("water", [[[box(-150, 170, 450, 230), box(100, 190, 200, 210)]]]),
        *line_sections("waterline", [[at(-100, -150), at(-100, 170)]]),
        *line_sections("way", [[at(-150, -60), at(0, -80), at(450, -60)]], kind=4),
        Section("building.x", xy[:, 0].astype("i4"), delta=True),
        Section("building.y", xy[:, 1].astype("i4"), delta=True),
        Section("building.rings", np.array([4], "u2")),
        Section("building.vx", np.array([-side // 2, side, 0, -side], "i4")),
        Section("building.vy", np.array([-side // 2, 0, side, 0], "i4")),
        *polygon_sections("area", [[[box(-150, -150, 150, 250)]], [[box(150, -150, 450, 250)]]]),
        *polygon_sections("gap", [[[box(260, 70, 340, 150)]]]),
        *polygon_sections("boundary", [[[box(-150, -150, 450, 250)]]]),
    ]


SAMPLES = (0.125, 0.375, 0.625, 0.875)
"""Where along a street its mean is taken."""


def _combined(
    to_s: Mapping[Any, float], back_s: Mapping[Any, float], direction: str
) -> Callable[[Any], float]:
    def seconds(key: Any) -> float:
        to, back = to_s.get(key, np.inf), back_s.get(key, np.inf)
        return {"to": to, "back": back, "worst": max(to, back)}[direction]

    return seconds


def _minutes() -> tuple[np.ndarray, np.ndarray]:
    """Return minutes of links and homes, shape (W, D, T, ·), by networkx on the same town."""
    street, home = np.full((2, 3, 3, len(LINKS)), np.inf), np.full((2, 3, 3, len(HOMES)), np.inf)
    for w, walker in enumerate(WALKERS):
        graph = nx.DiGraph()
        places: dict[Any, Any] = {("home", i): spot for i, spot in enumerate(HOMES) if spot}
        places |= {("facility", i): spot[:3] for i, spot in enumerate(FACILITIES) if spot}
        places |= {("link", i, f): (link, f, 0.0) for i, link in enumerate(LINKS) for f in SAMPLES}
        for link in LINKS:
            there, back = (120.0, 60.0) if link == "GC" else (100.0, 100.0)
            if w == 1:
                there, back = (np.inf, np.inf) if link == "GC" else (200.0, 200.0)
            spots = sorted((f, key, leg) for key, (on, f, leg) in places.items() if on == link)
            stops = [(0.0, link[0]), *((f, ("on", key)) for f, key, _ in spots), (1.0, link[1])]
            for (f, one), (g, other) in itertools.pairwise(stops):
                for tail, head, seconds in ((one, other, there), (other, one, back)):
                    if np.isfinite(seconds) or f == g:
                        graph.add_edge(tail, head, weight=(g - f) * seconds if f != g else 0.0)
            for _, key, leg in spots:
                graph.add_edge(("on", key), key, weight=leg / walker["mps"])
                graph.add_edge(key, ("on", key), weight=leg / walker["mps"])
        for i, spot in enumerate(FACILITIES):
            if not spot:
                continue
            back_s = nx.single_source_dijkstra_path_length(graph, ("facility", i))
            to_s = nx.single_source_dijkstra_path_length(graph.reverse(), ("facility", i))
            for d, direction in enumerate(DIRECTIONS):
                seconds = _combined(to_s, back_s, direction)
                for k in range(len(HOMES)):
                    at_home = seconds(("home", k)) / 60
                    home[w, d, spot[3], k] = min(home[w, d, spot[3], k], at_home)
                for k in range(len(LINKS)):
                    mean = np.mean([seconds(("link", k, f)) for f in SAMPLES]) / 60
                    street[w, d, spot[3], k] = min(street[w, d, spot[3], k], mean)
    return street, home
