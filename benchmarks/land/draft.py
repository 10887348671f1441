"""Streets while they are drawn: nodes, bent edges between them, and the ways that edges form."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from coverage.inputs.walk_rules import decide
from coverage.streets import NOBODY

Ints = NDArray[np.int64]
Array = NDArray[np.float64]
Tags = dict[str, str]

ARTERIALS = ("primary", "secondary", "tertiary")
_PLAIN = (
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "secondary", "tertiary",
    "primary_link", "secondary_link", "residential", "living_street", "unclassified", "service",
    "track", "footway", "path", "steps", "pedestrian", "elevator",
)  # fmt: skip
KINDS: dict[str, Tags] = {
    **{highway: {"highway": highway} for highway in _PLAIN},
    **{f"{h} bridge": {"highway": h, "bridge": "yes", "layer": "1"} for h in
       ("motorway", "trunk", "trunk_link", "primary", "secondary", "tertiary", "unclassified",
        "footway")},
    **{f"{h} tunnel": {"highway": h, "tunnel": "yes", "layer": "-1"} for h in
       ("motorway", "primary", "secondary", "tertiary", "footway")},
    "signed trunk": {"highway": "trunk", "foot": "no"},
    "driveway": {"highway": "service", "service": "driveway", "access": "private"},
    "alley": {"highway": "service", "service": "alley"},
    "sidewalk": {"highway": "footway", "footway": "sidewalk"},
    "crossing": {"highway": "footway", "footway": "crossing"},
    "primary with sidewalks": {"highway": "primary", "sidewalk": "separate"},
    "secondary with sidewalks": {"highway": "secondary", "sidewalk": "both"},
    "ground floor": {"highway": "footway", "level": "0"},
    "gangway": {"highway": "footway", "bridge": "yes", "layer": "1", "level": "9"},
    "escalator": {"highway": "steps", "conveying": "forward", "layer": "1"},
    "passage": {"highway": "footway", "tunnel": "building_passage", "covered": "yes"},
    "closed path": {"highway": "path", "access": "no"},
}  # fmt: skip
"""Every kind of edge, and the tags that all its ways carry."""
NAMES = tuple(KINDS)
NUMBER = {name: number for number, name in enumerate(NAMES)}
WALKED = np.array([decide(tags).who != NOBODY for tags in KINDS.values()])
HIGHWAY = np.array([tags["highway"] for tags in KINDS.values()])

_SPACING_M = {
    "motorway": 60.0, "trunk": 40.0, "primary": 30.0, "secondary": 30.0, "tertiary": 28.0,
    "unclassified": 34.0, "track": 30.0, "path": 24.0, "steps": 22.0, "footway": 22.0,
    "pedestrian": 20.0, "elevator": 1e9,
}  # fmt: skip
_OTHER_SPACING_M = 24.0
_FEWEST, _MOST = 0.2, 5.0


def number_of(kinds: NDArray[np.str_] | list[str]) -> Ints:
    """Return the numbers of kinds by their names."""
    return np.array([NUMBER[str(kind)] for kind in kinds], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Edges:
    """Edges between nodes.

    Attributes
    ----------
    tail, head
        Shape (E,), nodes.
    kind
        Shape (E,), numbers of `NAMES`.
    way
        Shape (E,), edges with the same number follow one another, end to end, in one way.
    bend_m
        Shape (E, 3), how far the edge leaves the straight line: heights of one, two and three half
        waves.
    place
        Shape (E,), the settlement, -1 in the country.
    """

    tail: Ints
    head: Ints
    kind: Ints
    way: Ints
    bend_m: Array
    place: Ints

    def __len__(self) -> int:
        return len(self.tail)


@dataclass(frozen=True, slots=True)
class Ways:
    """Ways through nodes; positions of nodes in `xy`.

    Attributes
    ----------
    xy
        Shape (N, 2), metres from the centre.
    refs
        Shape (R,), the nodes of all ways one after another.
    lengths
        Shape (W,), how many nodes each has.
    kind, place
        Shape (W,), see `Edges`.
    """

    xy: Array
    refs: Ints
    lengths: Ints
    kind: Ints
    place: Ints

    @property
    def first(self) -> Ints:
        """Where each way begins in `refs`."""
        return np.cumsum(self.lengths) - self.lengths


@dataclass(slots=True)
class Draft:
    """Nodes and edges being drawn, in blocks of arrays."""

    room: Array = field(default_factory=lambda: np.zeros((1024, 2)))
    edges: list[Edges] = field(default_factory=list)
    count: int = 0
    ways: int = 0
    node_tags: dict[int, Tags] = field(default_factory=dict)
    rings: list[tuple[Ints, Tags]] = field(default_factory=list)
    """Closed outlines: their corners, and tags."""

    def nodes(self, xy: Array) -> Ints:
        """Add nodes and return their numbers."""
        xy = np.asarray(xy, dtype=float).reshape(-1, 2)
        first, self.count = self.count, self.count + len(xy)
        if self.count > len(self.room):
            self.room = np.concatenate([self.room, np.zeros((self.count, 2))])
        self.room[first : self.count] = xy
        return np.arange(first, self.count)

    def link(
        self, tail: Ints, head: Ints, kind: Ints, *, bend_m: Array | None = None,
        way: Ints | None = None, place: int = -1,
    ) -> None:  # fmt: skip
        """Add edges; without `way` each is a way of its own."""
        tail, head = np.atleast_1d(tail), np.atleast_1d(head)
        count = len(tail)
        if count == 0:
            return
        way = np.arange(count) if way is None else way
        bend_m = np.zeros((count, 3)) if bend_m is None else bend_m
        kind = np.broadcast_to(np.asarray(kind, dtype=np.int64), (count,))
        places = np.full(count, place, dtype=np.int64)
        self.edges.append(Edges(tail, head, kind, way + self.ways, bend_m, places))
        self.ways += int(way.max()) + 1

    def xy(self) -> Array:
        """Return the places of all nodes so far, shape (N, 2)."""
        return self.room[: self.count]

    def all_edges(self) -> Edges:
        """Return all edges so far, by way."""
        joined = [np.concatenate([getattr(e, n) for e in self.edges]) for n in Edges.__slots__]
        edges = Edges(*joined)
        order = np.argsort(edges.way, kind="stable")
        return Edges(*(getattr(edges, name)[order] for name in Edges.__slots__))


def curve(xy: Array, edges: Edges, edge: Ints, share: Array) -> Array:
    """Return the points at `share` of the way along edges, shape (len(edge), 2)."""
    a, b = xy[edges.tail[edge]], xy[edges.head[edge]]
    along = b - a
    length = np.maximum(np.hypot(*along.T), 1e-9)
    left = np.column_stack([-along[:, 1], along[:, 0]]) / length[:, None]
    waves = np.sin(np.pi * share[:, None] * np.arange(1, 4)) * edges.bend_m[edge]
    return a + along * share[:, None] + left * waves.sum(axis=1)[:, None]


def formed(draft: Draft, walking_nodes: int, rng: np.random.Generator) -> Ways:
    """Put vertices on the edges, so many that people walk on `walking_nodes` nodes; form ways."""
    xy, edges = draft.xy(), draft.all_edges()
    length = np.hypot(*(xy[edges.head] - xy[edges.tail]).T)
    spacing = np.array([_SPACING_M.get(h, _OTHER_SPACING_M) for h in HIGHWAY])[edges.kind]
    whim, walked = rng.uniform(0, 1, len(edges)), WALKED[edges.kind]
    fixed = len(np.unique(np.concatenate([edges.tail[walked], edges.head[walked]])))

    def inner(scale: float) -> Ints:
        return np.floor(length / (spacing * scale) + whim - 0.35).clip(0).astype(np.int64)

    low, high = _FEWEST, _MOST
    for _ in range(40):
        middle = (low + high) / 2
        few = fixed + int(inner(middle)[walked].sum()) < walking_nodes
        low, high = (low, middle) if few else (middle, high)
    count = inner(high)
    edge = np.repeat(np.arange(len(edges)), count)
    rank = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    share = (rank + 1 + rng.uniform(-0.2, 0.2, len(edge))) / (count[edge] + 1)
    vertices = curve(xy, edges, edge, share) + rng.uniform(-1.2, 1.2, (len(edge), 2))
    return _as_ways(edges, count, np.concatenate([xy, vertices]), len(xy))


def _as_ways(edges: Edges, inner: Ints, xy: Array, first_inner: int) -> Ways:
    last = np.r_[edges.way[1:] != edges.way[:-1], True]
    size = 1 + inner + last
    start = np.cumsum(size) - size
    refs = np.empty(int(size.sum()), dtype=np.int64)
    refs[start] = edges.tail
    refs[(start + size - 1)[last]] = edges.head[last]
    edge = np.repeat(np.arange(len(edges)), inner)
    rank = np.arange(len(edge)) - np.repeat(np.cumsum(inner) - inner, inner)
    refs[start[edge] + 1 + rank] = first_inner + np.arange(len(edge))
    opens = np.r_[True, last[:-1]]
    lengths = np.add.reduceat(size, np.flatnonzero(opens))
    return Ways(xy, refs, lengths, edges.kind[opens], edges.place[opens])
