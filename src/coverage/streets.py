"""Streets as OpenStreetMap has them, before anybody walks on them."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .errors import InputError, Problem

EVERYONE, ON_FOOT, NOBODY = "everyone", "on foot", "nobody"
"""Who may walk along a way; `ON_FOOT` is not in a wheelchair."""


@dataclass(frozen=True, slots=True)
class Streets:
    """Straight street segments between consecutive nodes of ways.

    Ways that nobody may walk are among them: they tell how high the ground is, and what crosses
    over what. `walkable` says which segments somebody may walk.

    Attributes
    ----------
    node_id
        Shape (N,), OpenStreetMap ids, ascending.
    lon_lat
        Shape (N, 2), degrees, EPSG:4326.
    tail, head
        Shape (E,), positions in `node_id`; a segment runs from tail to head as its way is drawn.
    way
        Shape (E,), positions in `ways`.
    ways
        One row a way: the index is the OpenStreetMap id, the columns are tags (None where absent),
        ``rule`` (the row of the table that decided) and ``who`` (who may walk there).
    lift_id
        OpenStreetMap ids of the nodes that are lifts, ascending.
    squares
        Areas that can be walked across, EPSG:4326, without the buildings in them.
    source
        Where the streets come from, for the manifest.
    timestamp
        Time of the OpenStreetMap data, None if the source does not say.
    """

    node_id: NDArray[np.int64]
    lon_lat: NDArray[np.float64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    way: NDArray[np.int64]
    ways: pd.DataFrame
    lift_id: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    squares: tuple[shapely.Polygon, ...] = ()
    source: str = ""
    timestamp: str | None = None

    @property
    def walkable(self) -> NDArray[np.bool_]:
        """Which segments somebody may walk, shape (E,)."""
        return (self.ways["who"] != NOBODY).to_numpy()[self.way]

    def keep(self, segments: NDArray[np.bool_]) -> "Streets":
        """Return the streets with the chosen segments only, unused nodes and ways left out."""
        ends = self.tail[segments], self.head[segments]
        used, tail, head = _renumbered(len(self.node_id), *ends)
        used_ways, way = _renumbered(len(self.ways), self.way[segments])
        return replace(
            self,
            node_id=self.node_id[used],
            lon_lat=self.lon_lat[used],
            tail=tail,
            head=head,
            way=way,
            ways=self.ways if len(used_ways) == len(self.ways) else self.ways.iloc[used_ways],
            lift_id=np.intersect1d(self.lift_id, self.node_id[used]),
        )

    def require_walkable(self) -> "Streets":
        """Return these streets, or raise `InputError` when nobody may walk on any of them."""
        if not self.walkable.any():
            counts = self.ways["rule"].value_counts(sort=False).sort_index().items()
            left_out = ", ".join(f"{count} by '{rule}'" for rule, count in counts)
            raise InputError(
                Problem(
                    self.source or "streets",
                    "holds no street that may be walked"
                    + (f" (ways left out: {left_out})." if left_out else "."),
                    "Check that the file or the place is the right one.",
                )
            )
        return self


def _renumbered(count: int, *positions: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """Return which of 0..count-1 are among the positions, ascending, and the positions in it."""
    used = np.zeros(count, dtype=bool)
    for some in positions:
        used[some] = True
    number = np.cumsum(used) - 1
    return np.flatnonzero(used), *(number[some] for some in positions)


def streets_from_ways(
    refs: NDArray[np.int64],
    lon_lat: NDArray[np.float64],
    lengths: NDArray[np.int64],
    ways: pd.DataFrame,
    *,
    lift_id: NDArray[np.int64] | None = None,
    squares: tuple[shapely.Polygon, ...] = (),
    source: str = "",
    timestamp: str | None = None,
) -> Streets:
    """Join ways given as runs of node references.

    Parameters
    ----------
    refs
        Shape (R,), the node ids of all ways one after another.
    lon_lat
        Shape (R, 2), degrees; NaN where a node is not in the source.
    lengths
        Shape (W,), how many references each way has.
    ways
        W rows, as in `Streets.ways`.
    lift_id, squares, source, timestamp
        As in `Streets`.
    """
    known = ~np.isnan(lon_lat[:, 0])
    node_id, first = np.unique(refs[known], return_index=True)
    position = np.searchsorted(node_id, refs)
    way = np.repeat(np.arange(len(lengths)), lengths)
    joined = (way[:-1] == way[1:]) & known[:-1] & known[1:] & (refs[:-1] != refs[1:])
    segment = np.flatnonzero(joined)
    return Streets(
        node_id=node_id,
        lon_lat=lon_lat[known][first],
        tail=position[segment],
        head=position[segment + 1],
        way=way[segment],
        ways=ways,
        lift_id=np.zeros(0, dtype=np.int64) if lift_id is None else lift_id,
        squares=squares,
        source=source,
        timestamp=timestamp,
    )
