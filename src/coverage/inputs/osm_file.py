"""Streets from an OpenStreetMap file, by pyosmium."""

import bz2
import gzip
import re
import tempfile
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import osmium
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import Findings, InputError, Problem
from ..streets import Streets, streets_from_ways
from ..study_parts import NetworkRules
from . import drive_rules
from .tables import require_file
from .walk_rules import LIFT_CLOSED, SQUARE_CLASSES, TAGS, decide, is_square, is_street

_SUFFIXES = (".osm", ".osm.pbf", ".pbf", ".osm.gz", ".osm.bz2", ".osm.xml")
_PER_DEGREE = 1e7
"""OpenStreetMap coordinates are whole numbers of 1e-7 degrees. Dividing by 1e7 gives the double
nearest to the decimal, as other readers have it; multiplying by 1e-7 does not."""
_UNDEFINED = 2**31 - 1
"""What libosmium stores for a node that the file does not hold."""
_OFTEN = (
    "highway", "name", "oneway", "surface", "service", "layer", "bridge", "lanes", "footway",
    "tunnel", "access", "maxspeed", "incline", "sidewalk",
)  # fmt: skip
"""The tags that most streets have, the commonest first: most have no other."""
_CHUNK = 2**22
_OVERLAP = 2**12
_CHANGES = re.compile(rb"<osmChange\b")
_DELETED = re.compile(rb"""<(?:node|way|relation)\s[^<>]{0,1000}?\baction=["']delete""")

Row = tuple[str | None, ...]
Verdict = tuple[Any, ...]
"""What is decided about a way, one value for each column that it adds to the tags."""


Bounds = tuple[float, float, float, float]
"""West, south, east and north, degrees."""
PLACE_IN_FILE = "place_in_file"
"""The column of the number of a way among the streets of its whole file, from 0."""


def read_streets(
    path: Path, *, rules: NetworkRules, rides: tuple[str, ...] = (), findings: Findings,
    within: Bounds | None = None,
) -> Streets:  # fmt: skip
    """Read streets from an ``.osm`` or ``.osm.pbf`` file.

    Parameters
    ----------
    path
        The file; deleted objects are left out.
    rules
        Which table decides who may walk; see `coverage.study.NetworkPart`.
    rides
        Which of ``ferry`` and ``cable car`` to take.
    findings
        Takes a warning when ways lack nodes.
    within
        Ways and squares whose own bounds do not meet these are left out; the others stay whole.
        Their ``ways`` then have `PLACE_IN_FILE`, a square left out is an empty one, and there may
        be no street that can be walked. None: everything.

    Raises
    ------
    InputError
        When the file is missing, is not what its name says, ends early or holds no street that
        may be walked.
    """
    require_file(path, "streets")
    if not path.name.lower().endswith(_SUFFIXES):
        raise InputError(
            Problem(
                str(path), "streets: is not an OpenStreetMap file by its name.",
                f"Accepted: {', '.join(_SUFFIXES)}.",
            )
        )  # fmt: skip
    with readable_osm(path, purpose="streets") as ordered:
        found = _Found(TAGS, ("rule", "who"), lambda tags: _decision(tags, rules, rides), within)
        things = _things(ordered, rides, squares=rules == "pedestrian")
        streets = _read(ordered, path, found, things, findings)
        return streets.require_walkable() if within is None else streets


def read_drivable(path: Path, *, findings: Findings) -> Streets:
    """Read the streets that a car may use from an ``.osm`` or ``.osm.pbf`` file.

    Parameters
    ----------
    path
        The file, one that `read_streets` has read.
    findings
        Takes a warning when ways lack nodes.

    Returns
    -------
    streets
        Their ``ways`` also have ``speed_kmh`` and the truth values ``along`` and ``against``: see
        `coverage.inputs.drive_rules`.

    Raises
    ------
    InputError
        When the file is missing or damaged, or holds no street for cars.
    """
    require_file(path, "streets to drive")
    with readable_osm(path, purpose="streets to drive") as ordered:
        found = _Found(drive_rules.DRIVE_TAGS, tuple(drive_rules.COLUMNS), drive_rules.decide)
        streets = _read(ordered, path, found, _things(ordered, (), squares=False), findings)
    if len(streets.tail) == 0:
        raise InputError(
            Problem(path.name, "holds no street that a car may use.",
                    "Take an extract with roads, or leave 'car' out of [visits] by.")
        )  # fmt: skip
    return replace(streets, ways=streets.ways.astype(drive_rules.COLUMNS))


@contextmanager
def readable_osm(path: Path, *, purpose: str) -> Iterator[Path]:
    """Give `path`, or a copy in which nodes stand before ways, as libosmium needs them.

    overpass-turbo writes ways first. What libosmium raises inside becomes an `InputError`.

    Raises
    ------
    InputError
        When the file is damaged or of another kind, lists changes, or holds objects that an editor
        marked as deleted.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            if _must_be_sorted(path, purpose):
                ordered = Path(folder) / "ordered.osm.pbf"
                _write_in_order(path, ordered)
                yield ordered
            else:
                yield path
    except InputError:
        raise
    except (RuntimeError, ValueError, EOFError, OSError, osmium.InvalidLocationError) as error:
        raise InputError(
            Problem(
                str(path), f"{purpose}: cannot be read as {path.suffix.lstrip('.')} ({error}).",
                "It may be damaged, cut short or of another kind; download it again.",
            )
        ) from error  # fmt: skip


def _must_be_sorted(path: Path, purpose: str) -> bool:
    """Say whether a way stands before a node; refuse changes and an editor's deleted objects."""
    name = path.name.lower()
    if name.endswith(".pbf"):
        return False
    way_seen = node_after_way = False
    with _unpacked(path) as file:
        # The overlap is for a tag that is cut by the end of a chunk.
        before = b""
        while chunk := file.read(_CHUNK):
            text = before + chunk
            if not before and _CHANGES.search(text[:500]):
                raise InputError(
                    Problem(path.name, f"{purpose}: is a list of changes (osmChange), not a map.",
                            "Export the map itself as .osm or .osm.pbf.")
                )  # fmt: skip
            # libosmium takes what JOSM marked so for what it was before.
            if _DELETED.search(text):
                raise InputError(
                    Problem(path.name, f"{purpose}: holds objects with action=\"delete\", deleted "
                            "in an editor and not uploaded.",
                            "Save the file without them: upload, or copy the rest to a new layer.")
                )  # fmt: skip
            first_way = 0 if way_seen else text.find(b"<way ")
            if first_way >= 0:
                # Nodes of the overlap may stand before the way; a tag cut by its end does not.
                since = len(before) - len("<node") if way_seen else first_way
                node_after_way = node_after_way or text.find(b"<node ", since) >= 0
                way_seen = True
            before = text[-_OVERLAP:]
    return node_after_way


def _unpacked(path: Path) -> IO[bytes]:
    if path.suffix.lower() == ".gz":
        return cast("IO[bytes]", gzip.open(path))
    return bz2.open(path) if path.suffix.lower() == ".bz2" else path.open("rb")


def _write_in_order(path: Path, target: Path) -> None:
    objects = osmium.MergeInputReader()
    objects.add_file(str(path))
    with osmium.SimpleWriter(str(target)) as writer:
        objects.apply(_Kept(writer))


class _Kept:
    """Writes what is not deleted: a PBF file does not say what is."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def node(self, node: Any) -> None:
        if node.visible:
            self._writer.add_node(node)

    def way(self, way: Any) -> None:
        if way.visible:
            self._writer.add_way(way)

    def relation(self, relation: Any) -> None:
        if relation.visible:
            self._writer.add_relation(relation)


def _read(
    path: Path, origin: Path, found: "_Found", things: Iterator[Any], findings: Findings
) -> Streets:
    with osmium.io.Reader(str(origin), osmium.osm.osm_entity_bits.NOTHING) as reader:
        header = reader.header()
    for thing in things:
        if thing.visible:
            found.take(thing)
    points = np.frombuffer(found.points, dtype=np.int64).reshape(-1, 3)
    ids, lon_lat = points[:, 0].copy(), points[:, 1:].copy()
    _locate_new_nodes(path, ids, lon_lat)
    missing = (lon_lat == _UNDEFINED).any(axis=1)
    if missing.any():
        findings.warn(
            origin, f"{int(missing.sum())} nodes of streets are not in the file; "
            "streets end where they are missing",
        )  # fmt: skip
    return streets_from_ways(
        ids,
        np.where(missing[:, None], np.nan, lon_lat / _PER_DEGREE),
        np.array(found.lengths, dtype=np.int64),
        found.ways(),
        lift_id=np.intersect1d(np.array(found.lifts, dtype=np.int64), ids),
        squares=tuple(found.squares),
        source=origin.name,
        timestamp=header.get("osmosis_replication_timestamp") or None,
    )


class _Found:
    """What a file holds of streets, gathered object by object.

    Parameters
    ----------
    tags
        The tags to keep of a way; ``highway`` first, ``name`` second.
    columns
        What is decided about it.
    decide_on
        Decides by the tags; None for a way that is no street at all.
    within
        Where to take ways and squares; None: everywhere.
    """

    def __init__(
        self, tags: tuple[str, ...], columns: tuple[str, ...],
        decide_on: Callable[[dict[str, str]], Verdict | None], within: Bounds | None = None,
    ) -> None:  # fmt: skip
        self._within = None if within is None else tuple(edge * _PER_DEGREE for edge in within)
        self._met = 0
        self._places = array("q")
        self._tags, self._columns, self._decide_on = tags, columns, decide_on
        self._looked_up = tuple(dict.fromkeys((*_OFTEN, *tags)))
        self.points = array("q")
        """Node, x and y of each reference, one after another."""
        self.lengths = array("q")
        self.lifts: list[int] = []
        self.squares: list[shapely.Polygon] = []
        self._way_ids = array("q")
        self._way_sets = array("q")
        # Ways repeat one another's tags: each set is read, judged and kept once.
        self._sets: dict[Row, int | None] = {}
        self._set_of_class: dict[str, int | None] = {}
        self._verdicts: dict[Row, Verdict | None] = {}
        self._rows: list[Verdict] = []

    def take(self, thing: Any) -> None:
        """Take a node, way or area that is one of a street."""
        if thing.is_way():
            self._take_way(thing)
        elif thing.is_area():
            self.squares += [
                square if self._meets(*_spread(square)) else shapely.Polygon()
                for square in _squares(thing)
            ]
        elif thing.is_node() and _is_lift(thing.tags):
            self.lifts.append(thing.id)

    def _take_way(self, way: Any) -> None:
        known = self._set_of(way.tags)
        if known is None:
            return
        self._met += 1
        if self._within is not None:
            # Where an editor's new nodes lie is not known yet.
            spots = [(node.x, node.y) for node in way.nodes if node.x != _UNDEFINED]
            new = any(node.ref < 0 for node in way.nodes)
            if not new and (not spots or not self._meets(*zip(*spots, strict=True))):
                return
        before, add = len(self.points), self.points.append
        for node in way.nodes:
            at = node.location
            add(node.ref)
            add(at.x)
            add(at.y)
        self.lengths.append((len(self.points) - before) // 3)
        self._places.append(self._met - 1)
        self._way_ids.append(way.id)
        self._way_sets.append(known)

    def _meets(self, x: Sequence[float], y: Sequence[float]) -> bool:
        if self._within is None:
            return True
        west, south, east, north = self._within
        return min(x) <= east and max(x) >= west and min(y) <= north and max(y) >= south

    def _set_of(self, tags: Any) -> int | None:
        """Return which set of tags a way has; None for a way that is no street at all."""
        highway = tags.get("highway")
        # Nothing but its class is the commonest set of all.
        if highway is not None and len(tags) == 1:
            if highway not in self._set_of_class:
                self._set_of_class[highway] = self._known(self._row(tags))
            return self._set_of_class[highway]
        return self._known(self._row(tags))

    def _row(self, tags: Any) -> Row:
        """Return the values of the tags to keep, looked up until all that the way has are found."""
        get, left = tags.get, len(tags)
        found: dict[str, str] = {}
        for key in self._looked_up:
            if (value := get(key)) is not None:
                found[key] = value
                left -= 1
                if left == 0:
                    break
        return tuple(map(found.get, self._tags))

    def _known(self, row: Row) -> int | None:
        if row not in self._sets:
            # The name decides nothing, and would make every tag set a new one.
            key = (row[0], *row[2:])
            if key not in self._verdicts:
                self._verdicts[key] = self._decide_on(
                    {k: v for k, v in zip(self._tags, row, strict=True) if v is not None}
                )
            verdict = self._verdicts[key]
            self._sets[row] = None if verdict is None else len(self._rows)
            if verdict is not None:
                self._rows.append((*row, *verdict))
        return self._sets[row]

    def ways(self) -> pd.DataFrame:
        """Return the ways as in `Streets.ways`."""
        columns = [*self._tags, *self._columns]
        sets = np.empty((len(columns), len(self._rows)), dtype=object)
        sets[:] = list(zip(*self._rows, strict=True)) if self._rows else 0
        ways = pd.DataFrame(
            sets[:, np.array(self._way_sets, dtype=np.int64)].T,
            columns=columns,
            index=pd.Index(np.array(self._way_ids, dtype=np.int64), name="osm_id"),
            dtype=object,
        )
        if self._within is not None:
            ways[PLACE_IN_FILE] = np.array(self._places, dtype=np.int64)
        return ways


def _things(path: Path, rides: tuple[str, ...], *, squares: bool) -> Iterator[Any]:
    """Yield nodes, ways and, where they are asked for, areas with a tag of streets."""
    keys = ("highway", "route", "aerialway") if rides else ("highway",)
    if squares:
        classes = osmium.filter.TagFilter(*(("highway", kind) for kind in SQUARE_CLASSES))
        reader = osmium.FileProcessor(str(path)).with_areas(classes)
    else:
        reader = osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY).with_locations()
    yield from reader.with_filter(osmium.filter.KeyFilter(*keys))


def _decision(
    tags: dict[str, str], rules: NetworkRules, rides: tuple[str, ...]
) -> tuple[str, str] | None:
    """Return the rule and who may walk; None for a way that is no street at all."""
    rule = decide(tags, rules=rules)
    return (rule.name, rule.who) if is_street(rule, tags, rides=rides, rules=rules) else None


def _is_lift(tags: Any) -> bool:
    return tags.get("highway") == "elevator" and tags.get("access") not in LIFT_CLOSED


def _locate_new_nodes(path: Path, refs: NDArray[np.int64], lon_lat: NDArray[np.int64]) -> None:
    """Fill in nodes with negative ids (made in an editor, not uploaded yet): libosmium does not."""
    new = np.flatnonzero(refs < 0)
    if len(new) == 0:
        return
    wanted = set(refs[new].tolist())
    nodes: Iterator[Any] = iter(osmium.FileProcessor(str(path), osmium.osm.NODE))
    found = {node.id: (node.location.x, node.location.y) for node in nodes if node.id in wanted}
    for position in new.tolist():
        lon_lat[position] = found.get(int(refs[position]), (_UNDEFINED, _UNDEFINED))


def _squares(area: Any) -> list[shapely.Polygon]:
    """Return the parts of a closed way or multipolygon that can be walked across."""
    tags = dict(area.tags)
    # A closed footway is a loop unless it says that it is an area.
    if not is_square(tags if area.from_way() else {**tags, "area": "yes"}):
        return []
    return [
        shapely.Polygon(_degrees(outer), [_degrees(inner) for inner in area.inner_rings(outer)])
        for outer in area.outer_rings()
        if len(outer) >= 4
    ]


def _spread(square: shapely.Polygon) -> tuple[tuple[float, float], tuple[float, float]]:
    west, south, east, north = (edge * _PER_DEGREE for edge in square.bounds)
    return (west, east), (south, north)


def _degrees(ring: Any) -> NDArray[np.float64]:
    return np.array([(node.x, node.y) for node in ring]) / _PER_DEGREE
