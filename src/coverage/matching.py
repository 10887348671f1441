"""The same homes and facilities in two runs: by id, and by where they are."""

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import KDTree

NEAR_M = 5.0
"""Homes without a common id are the same within so many metres, if none is nearer (assumed)."""

Pairs = NDArray[np.int64]
"""(N, 2): positions in the one and in the other, each at most once."""


def same_homes(before: pd.DataFrame, after: pd.DataFrame) -> Pairs:
    """Return the homes that are in both runs.

    By ``osm_id`` and ``place``, then by ``osm_id`` alone, then what is left by position: at the
    same place, else the nearest of each other within `NEAR_M`.

    Parameters
    ----------
    before, after
        With ``osm_id`` (empty for none), ``place``, and points in one coordinate system of metres.
    """
    ids = [frame["osm_id"].fillna("").astype(str).to_numpy(object) for frame in (before, after)]
    places = [frame["place"].fillna("").astype(str).to_numpy(object) for frame in (before, after)]
    xy = [shapely.get_coordinates(frame["geometry"].to_numpy()) for frame in (before, after)]
    keys = [
        [
            np.where(name == "", "", name + "\n" + place)
            for name, place in zip(ids, places, strict=True)
        ],
        ids,
        [np.array([f"{x:.2f} {y:.2f}" for x, y in at.tolist()], dtype=object) for at in xy],
    ]  # fmt: skip
    # Last by place, whatever the ids: a building that was drawn anew houses the same people.
    free = [np.ones(len(frame), dtype=bool) for frame in (before, after)]
    found = []
    for key in keys:
        pairs = _by_key(key[0], key[1], free[0], free[1])
        free[0][pairs[:, 0]], free[1][pairs[:, 1]] = False, False
        found.append(pairs)
    found.append(_by_place(xy[0], xy[1], *map(np.flatnonzero, free)))
    return _sorted(np.concatenate(found))


def same_facilities(before: pd.DataFrame, after: pd.DataFrame) -> Pairs:
    """Return the facilities that are in both runs: of one tier and within `NEAR_M`.

    Those with one ``id`` first, then what is left, the nearest of each other.

    Parameters
    ----------
    before, after
        With ``id``, ``tier``, and points in one coordinate system of metres.
    """
    found = []
    xy = [shapely.get_coordinates(frame["geometry"].to_numpy()) for frame in (before, after)]
    tiers = [frame["tier"].astype(str).to_numpy(object) for frame in (before, after)]
    keys = [
        frame["id"].astype(str).to_numpy(object) + "\n" + tier
        for frame, tier in zip((before, after), tiers, strict=True)
    ]
    free = [np.ones(len(frame), dtype=bool) for frame in (before, after)]
    pairs = _by_key(keys[0], keys[1], free[0], free[1])
    near = np.hypot(*(xy[0][pairs[:, 0]] - xy[1][pairs[:, 1]]).T) <= NEAR_M
    found.append(pairs[near])
    free[0][pairs[near, 0]], free[1][pairs[near, 1]] = False, False
    for tier in np.unique(np.concatenate(tiers)):
        left, right = (np.flatnonzero(free[n] & (tiers[n] == tier)) for n in (0, 1))
        found.append(_by_place(xy[0], xy[1], left, right))
    return _sorted(np.concatenate(found))


def _by_key(
    before: NDArray[np.object_], after: NDArray[np.object_],
    free_before: NDArray[np.bool_], free_after: NDArray[np.bool_],
) -> Pairs:  # fmt: skip
    """Return pairs of the same key that is not empty; the n-th of a key goes with the n-th."""
    sides = []
    for key, free in ((before, free_before), (after, free_after)):
        side = pd.DataFrame({"key": key, "at": np.arange(len(key))})[free & (key != "")]
        sides.append(side.assign(nth=side.groupby("key").cumcount()))
    both = sides[0].merge(sides[1], on=["key", "nth"], suffixes=("", "_after"))
    return np.column_stack([both[name].to_numpy(np.int64) for name in ("at", "at_after")])


def _by_place(
    before: NDArray[np.float64], after: NDArray[np.float64], left: Pairs, right: Pairs
) -> Pairs:
    """Return pairs within `NEAR_M`, each the nearest that the other has left."""
    found = [np.zeros((0, 2), dtype=np.int64)]
    if len(left) and len(right):
        near = KDTree(before[left]).sparse_distance_matrix(
            KDTree(after[right]), NEAR_M, output_type="coo_matrix"
        )
        pairs = np.column_stack([left[near.row], right[near.col]])
        metres = near.data
        while len(pairs):
            # Of equals the first: there is always a pair that choose each other.
            chosen = _first(pairs[:, 0], metres, pairs[:, 1]) & _first(
                pairs[:, 1], metres, pairs[:, 0]
            )
            found.append(pairs[chosen])
            rest = ~np.isin(pairs[:, 0], pairs[chosen, 0]) & ~np.isin(pairs[:, 1], pairs[chosen, 1])
            pairs, metres = pairs[rest], metres[rest]
    return np.concatenate(found)


def _first(
    of: NDArray[np.int64], metres: NDArray[np.float64], then: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which pairs are the nearest of each of one side."""
    order = np.lexsort((then, metres, of))
    first = np.zeros(len(of), dtype=bool)
    first[order[np.unique(of[order], return_index=True)[1]]] = True
    return first


def _sorted(pairs: Pairs) -> Pairs:
    return pairs[np.argsort(pairs[:, 0], kind="stable")]
