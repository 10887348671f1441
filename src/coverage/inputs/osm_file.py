"""Streets from an OpenStreetMap file, by pyosmium."""

from pathlib import Path

import numpy as np
import osmium
import pandas as pd
from numpy.typing import NDArray

from ..errors import Findings, InputError, Problem
from ..streets import Streets, streets_from_ways
from ..study import NetworkRules
from .tables import require_file
from .walk_rules import TAGS, decide, osmnx_walk

_SUFFIXES = (".osm", ".osm.pbf", ".pbf", ".osm.gz", ".osm.bz2", ".osm.xml")
_PER_DEGREE = 1e7
"""OpenStreetMap coordinates are whole numbers of 1e-7 degrees. Dividing by 1e7 gives the double
nearest to the decimal, as other readers have it; multiplying by 1e-7 does not."""
_UNDEFINED = 2**31 - 1
"""What libosmium stores for a node that the file does not hold."""


def read_streets(path: Path, *, rules: NetworkRules, findings: Findings) -> Streets:
    """Read the streets that may be walked from an ``.osm`` or ``.osm.pbf`` file.

    Parameters
    ----------
    path
        The file; nodes stand before ways, as in every extract.
    rules
        Which table decides; see `coverage.study.NetworkPart`.
    findings
        Takes a warning when ways lack nodes.

    Raises
    ------
    InputError
        When the file is missing, is not what its name says, ends early or holds no such street.
    """
    require_file(path, "streets")
    if not path.name.lower().endswith(_SUFFIXES):
        raise InputError(
            Problem(
                str(path), "streets: is not an OpenStreetMap file by its name.",
                f"Accepted: {', '.join(_SUFFIXES)}.",
            )
        )  # fmt: skip
    try:
        return _read(path, rules, findings)
    except (RuntimeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            Problem(
                str(path), f"streets: cannot be read as {path.suffix.lstrip('.')} ({error}).",
                "It may be damaged, cut short or of another kind; download it again.",
            )
        ) from error  # fmt: skip


def _read(path: Path, rules: NetworkRules, findings: Findings) -> Streets:
    with osmium.io.Reader(str(path), osmium.osm.osm_entity_bits.NOTHING) as reader:
        header = reader.header()
    refs: list[int] = []
    xs: list[int] = []
    ys: list[int] = []
    lengths: list[int] = []
    osm_ids: list[int] = []
    rows: list[tuple[str | None, ...]] = []
    left_out: dict[str, int] = {}
    decided: dict[tuple[str | None, ...], str | None] = {}
    ways = (
        osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
        .with_locations()
        .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
        .with_filter(osmium.filter.KeyFilter("highway"))
    )
    for way in ways:
        tags = way.tags
        row = tuple(tags.get(key) for key in TAGS)
        # The name decides nothing, and would make every tag set a new one.
        key = (row[0], *row[2:])
        if key not in decided:
            decided[key] = _refusal(row, rules)
        refused = decided[key]
        if refused is not None:
            left_out[refused] = left_out.get(refused, 0) + 1
            continue
        nodes = way.nodes
        refs.extend([node.ref for node in nodes])
        xs.extend([node.x for node in nodes])
        ys.extend([node.y for node in nodes])
        lengths.append(len(nodes))
        osm_ids.append(way.id)
        rows.append(row)
    lon_lat = np.column_stack([np.array(xs, dtype=np.int64), np.array(ys, dtype=np.int64)])
    _locate_new_nodes(path, np.array(refs, dtype=np.int64), lon_lat)
    missing = (lon_lat == _UNDEFINED).any(axis=1)
    if missing.any():
        findings.warn(
            path, f"{int(missing.sum())} nodes of streets are not in the file; "
            "streets end where they are missing",
        )  # fmt: skip
    degrees = np.where(missing[:, None], np.nan, lon_lat / _PER_DEGREE)
    return streets_from_ways(
        np.array(refs, dtype=np.int64),
        degrees,
        np.array(lengths, dtype=np.int64),
        pd.DataFrame(rows, columns=list(TAGS), index=pd.Index(osm_ids, name="osm_id"), dtype=object),
        left_out=dict(sorted(left_out.items())),
        source=path.name,
        timestamp=header.get("osmosis_replication_timestamp") or None,
    )


def _locate_new_nodes(path: Path, refs: NDArray[np.int64], lon_lat: NDArray[np.int64]) -> None:
    """Fill in nodes with negative ids (made in an editor, not uploaded yet): libosmium does not."""
    new = np.flatnonzero(refs < 0)
    if len(new) == 0:
        return
    wanted = set(refs[new].tolist())
    found = {
        node.id: (node.location.x, node.location.y)
        for node in osmium.FileProcessor(str(path), osmium.osm.NODE)
        if node.id in wanted
    }
    for position in new.tolist():
        lon_lat[position] = found.get(int(refs[position]), (_UNDEFINED, _UNDEFINED))


def _refusal(row: tuple[str | None, ...], rules: NetworkRules) -> str | None:
    tags = {key: value for key, value in zip(TAGS, row, strict=True) if value is not None}
    if rules == "osmnx-walk":
        return None if osmnx_walk(tags) else "osmnx-walk"
    rule = decide(tags)
    return None if rule.walkable else rule.name
