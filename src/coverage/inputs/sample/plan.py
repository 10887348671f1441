"""The plan that the sample town's streets are drawn on: nodes, streets, and their junctions."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import shapely
from shapely import LineString, STRtree

from .terrain import Array

_JUNCTION_REACH_M = 4.0
"""A crossing this close to a node is drawn through that node, as a mapper would."""
_PIECE_NODES = 18

Point = tuple[float, float]
Tags = dict[str, str]


@dataclass(slots=True)
class Street:
    """One way of the street network: node numbers in drawing order, and tags."""

    nodes: list[int]
    tags: Tags

    @property
    def at_grade(self) -> bool:
        """Whether the street lies on the ground, so that it meets what it crosses."""
        return "layer" not in self.tags and self.tags["highway"] != "elevator"

    @property
    def is_steps(self) -> bool:
        """Whether the street is a stair or an escalator."""
        return self.tags["highway"] == "steps"

    @property
    def is_area(self) -> bool:
        """Whether the street is a square rather than a line."""
        return self.tags.get("area") == "yes"


@dataclass(slots=True)
class Plan:
    """Streets being drawn, in local metres.

    Attributes
    ----------
    points
        Place of each node; the position in the list is the node's number.
    streets
        Every way with a ``highway`` tag.
    node_tags
        Tags of the few nodes that have some.
    """

    points: list[Point] = field(default_factory=list)
    streets: list[Street] = field(default_factory=list)
    node_tags: dict[int, Tags] = field(default_factory=dict)

    def node(self, x: float, y: float) -> int:
        """Add a node and return its number."""
        self.points.append((float(x), float(y)))
        return len(self.points) - 1

    def nodes(self, points: Sequence[Point] | Array) -> list[int]:
        """Add a node for each point and return their numbers."""
        return [self.node(x, y) for x, y in points]

    def street(self, nodes: Sequence[int], tags: Tags) -> Street:
        """Add a street through `nodes`."""
        street = Street(list(nodes), dict(tags))
        self.streets.append(street)
        return street

    def between(self, start: int, end: int, share: float) -> Point:
        """Return the point at `share` of the straight line from one node to another."""
        (x0, y0), (x1, y1) = self.points[start], self.points[end]
        return x0 + share * (x1 - x0), y0 + share * (y1 - y0)

    def line(self, street: Street) -> LineString:
        """Return a street's course."""
        return LineString([self.points[node] for node in street.nodes])

    def join_crossings(self) -> None:
        """Give streets that cross on the ground a common node where they cross."""
        # Drawing a street through a node nearby can make it cross another one.
        for _ in range(4):
            if not self._join_once():
                return

    def _join_once(self) -> bool:
        segments = list(self._ground_segments())
        lines = shapely.linestrings([[self.points[a], self.points[b]] for _, _, a, b in segments])
        pairs = STRtree(lines).query(lines, predicate="intersects").T
        apart = [
            (one, other)
            for one, other in pairs[pairs[:, 0] < pairs[:, 1]].tolist()
            if not set(segments[one][2:]) & set(segments[other][2:])
        ]
        inserts: dict[tuple[int, int], list[int]] = defaultdict(list)
        made: list[int] = []
        for one, other in apart:
            place = shapely.intersection(lines[one], lines[other]).centroid
            ends = (*segments[one][2:], *segments[other][2:])
            junction = self._junction((place.x, place.y), ends, made)
            for street, position, start, end in (segments[one], segments[other]):
                if junction not in (start, end):
                    inserts[street, position].append(junction)
        for number, street in enumerate(self.streets):
            self._insert(street, number, inserts)
        return bool(inserts)

    def split(self) -> None:
        """Cut stairs where a road crosses them, and long roads into shorter ways."""
        uses = self._ground_uses()
        pieces: list[Street] = []
        for street in self.streets:
            if street.is_steps and "conveying" not in street.tags:
                inner = range(1, len(street.nodes) - 1)
                cuts = [i for i in inner if uses[street.nodes[i]] > 1]
            elif street.is_area or not street.at_grade:
                cuts = []
            else:
                cuts = list(range(_PIECE_NODES, len(street.nodes) - 4, _PIECE_NODES))
            bounds = [0, *cuts, len(street.nodes) - 1]
            for start, end in pairwise(bounds):
                pieces.append(Street(street.nodes[start : end + 1], dict(street.tags)))
        self.streets = pieces

    def _ground_uses(self) -> Counter[int]:
        return Counter(n for s in self.streets if s.at_grade for n in set(s.nodes))

    def _ground_segments(self) -> Iterator[tuple[int, int, int, int]]:
        for number, street in enumerate(self.streets):
            if street.at_grade:
                for position, (start, end) in enumerate(pairwise(street.nodes)):
                    yield number, position, start, end

    def _junction(self, crossing: Point, ends: Sequence[int], made: list[int]) -> int:
        near = min(ends, key=lambda n: math.dist(self.points[n], crossing))
        if math.dist(self.points[near], crossing) < _JUNCTION_REACH_M:
            return near
        # Three streets through one place meet in one node, not in a triangle of three.
        for junction in made:
            if math.dist(self.points[junction], crossing) < _JUNCTION_REACH_M:
                return junction
        made.append(self.node(*crossing))
        return made[-1]

    def _insert(
        self, street: Street, number: int, inserts: dict[tuple[int, int], list[int]]
    ) -> None:
        course: list[int] = []
        for position, node in enumerate(street.nodes):
            if node not in course[-1:]:
                course.append(node)
            added = set(inserts.get((number, position), ())) - set(street.nodes)
            by_distance = sorted((math.dist(self.points[n], self.points[node]), n) for n in added)
            course.extend(n for _, n in by_distance if n not in course)
        street.nodes = course
