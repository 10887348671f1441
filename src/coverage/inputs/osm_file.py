"""Streets from an OpenStreetMap file, by pyosmium."""

import bz2
import gzip
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import osmium
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import Findings, InputError, Problem
from ..streets import Streets, streets_from_ways
from ..study import NetworkRules
from .tables import require_file
from .walk_rules import LIFT_CLOSED, SQUARE_CLASSES, TAGS, decide, is_square, is_street

_SUFFIXES = (".osm", ".osm.pbf", ".pbf", ".osm.gz", ".osm.bz2", ".osm.xml")
_PER_DEGREE = 1e7
"""OpenStreetMap coordinates are whole numbers of 1e-7 degrees. Dividing by 1e7 gives the double
nearest to the decimal, as other readers have it; multiplying by 1e-7 does not."""
_UNDEFINED = 2**31 - 1
"""What libosmium stores for a node that the file does not hold."""
_CHUNK = 2**22
_OVERLAP = 2**12
_CHANGES = re.compile(rb"<osmChange\b")
_DELETED = re.compile(rb"""<(?:node|way|relation)\s[^<>]{0,1000}?\baction=["']delete""")

Row = tuple[str | None, ...]


def read_streets(
    path: Path, *, rules: NetworkRules, rides: tuple[str, ...] = (), findings: Findings
) -> Streets:
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
        return _read(ordered, path, rules, rides, findings).require_walkable()


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
    path: Path, origin: Path, rules: NetworkRules, rides: tuple[str, ...], findings: Findings
) -> Streets:
    with osmium.io.Reader(str(origin), osmium.osm.osm_entity_bits.NOTHING) as reader:
        header = reader.header()
    refs: list[int] = []
    xs: list[int] = []
    ys: list[int] = []
    lengths: list[int] = []
    osm_ids: list[int] = []
    rows: list[Row] = []
    decided: dict[Row, tuple[str, str] | None] = {}
    for way in _ways(path, rides):
        if not way.visible:
            continue
        tags = way.tags
        row = tuple(tags.get(key) for key in TAGS)
        # The name decides nothing, and would make every tag set a new one.
        key = (row[0], *row[2:])
        if key not in decided:
            decided[key] = _decision(row, rules, rides)
        verdict = decided[key]
        if verdict is None:
            continue
        nodes = way.nodes
        refs.extend([node.ref for node in nodes])
        xs.extend([node.x for node in nodes])
        ys.extend([node.y for node in nodes])
        lengths.append(len(nodes))
        osm_ids.append(way.id)
        rows.append((*row, *verdict))
    ids = np.array(refs, dtype=np.int64)
    lon_lat = np.column_stack([np.array(xs, dtype=np.int64), np.array(ys, dtype=np.int64)])
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
        np.array(lengths, dtype=np.int64),
        pd.DataFrame(
            rows,
            columns=[*TAGS, "rule", "who"],
            index=pd.Index(osm_ids, name="osm_id", dtype=np.int64),
            dtype=object,
        ),
        lift_id=np.intersect1d(_lifts(path), ids),
        squares=_squares(path) if rules == "pedestrian" else (),
        source=origin.name,
        timestamp=header.get("osmosis_replication_timestamp") or None,
    )


def _ways(path: Path, rides: tuple[str, ...]) -> Iterator[Any]:
    keys = ("highway", "route", "aerialway") if rides else ("highway",)
    yield from (
        osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
        .with_locations()
        .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
        .with_filter(osmium.filter.KeyFilter(*keys))
    )


def _decision(row: Row, rules: NetworkRules, rides: tuple[str, ...]) -> tuple[str, str] | None:
    """Return the rule and who may walk; None for a way that is no street at all."""
    tags = {key: value for key, value in zip(TAGS, row, strict=True) if value is not None}
    rule = decide(tags, rules=rules)
    return (rule.name, rule.who) if is_street(rule, tags, rides=rides, rules=rules) else None


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


def _lifts(path: Path) -> NDArray[np.int64]:
    nodes: Iterator[Any] = iter(
        osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(
            osmium.filter.TagFilter(("highway", "elevator"))
        )
    )
    return np.array(
        [node.id for node in nodes if node.visible and node.tags.get("access") not in LIFT_CLOSED],
        dtype=np.int64,
    )


def _squares(path: Path) -> tuple[shapely.Polygon, ...]:
    """Return the walkable areas, closed ways and multipolygons alike."""
    wanted = osmium.filter.TagFilter(*(("highway", kind) for kind in SQUARE_CLASSES))
    only_areas = osmium.filter.EntityFilter(osmium.osm.AREA)
    areas: Iterator[Any] = iter(
        osmium.FileProcessor(str(path)).with_areas(wanted).with_filter(only_areas)
    )
    found = []
    for area in areas:
        tags = dict(area.tags)
        # A closed footway is a loop unless it says that it is an area.
        if not area.visible or not is_square(tags if area.from_way() else {**tags, "area": "yes"}):
            continue
        for outer in area.outer_rings():
            holes = [_degrees(inner) for inner in area.inner_rings(outer)]
            if len(outer) >= 4:
                found.append(shapely.Polygon(_degrees(outer), holes))
    return tuple(found)


def _degrees(ring: Any) -> NDArray[np.float64]:
    return np.array([(node.x, node.y) for node in ring]) / _PER_DEGREE
