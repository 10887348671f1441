"""Symmetric systems of equations on networks, most of whose nodes lie between two others.

A node with one or two neighbours is eliminated by hand: its equation goes into theirs, and its two
neighbours become each other's. Of such nodes many are independent and go at the same time, in some
operations on whole arrays; the factors need be found of the few that remain. It is Gauss's
elimination, in another order.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, csr_array
from scipy.sparse.linalg import SuperLU, splu

_MOST_ROUNDS = 40
_WORTH_IT = 0.01
"""A round that eliminates a smaller share of what is left is the last."""


@dataclass(frozen=True, slots=True)
class _Round:
    """Nodes that go at the same time: no two of them are neighbours.

    Attributes
    ----------
    node
        Shape (K,).
    pair
        Shape (2, K), the pairs that each is in; of one neighbour the second has the value 0.
    neighbour
        Shape (2, K), the other node of each pair.
    """

    node: NDArray[np.int64]
    pair: NDArray[np.int64]
    neighbour: NDArray[np.int64]


class ThinSystem:
    """Positive definite systems of one pattern.

    Parameters
    ----------
    one, other
        Shape (P,), the two nodes of every pair that has a value off the diagonal; a pair may come
        more than once, and its values are added.
    count
        How many nodes there are.
    """

    def __init__(self, one: NDArray[np.int64], other: NDArray[np.int64], count: int) -> None:
        self._count, self._pairs = count, len(one)
        self._rounds: list[_Round] = []
        # One pair more: the one that has no value.
        self._slots = self._pairs + 1
        left = np.arange(count)
        pair = np.arange(self._pairs)
        # Neighbours along a street have consecutive numbers; these are in no order.
        chance = np.random.default_rng(0).permutation(count)
        gone = np.zeros(count, dtype=bool)
        for _ in range(_MOST_ROUNDS):
            found = self._round(one, other, pair, left, chance)
            self._rounds.append(found)
            gone[found.node] = True
            stays = ~(gone[one] | gone[other])
            between = found.neighbour[:, found.pair[1] != self._pairs]
            new = np.arange(self._slots, self._slots + between.shape[1])
            self._slots += between.shape[1]
            # Where both lead to one neighbour, the pair is that neighbour's own place.
            apart = between[0] != between[1]
            one, other = (
                np.concatenate([those[stays], some[apart]])
                for those, some in zip((one, other), between, strict=True)
            )
            pair = np.concatenate([pair[stays], new[apart]])
            left = left[~gone[left]]
            if len(found.node) <= _WORTH_IT * len(left):
                break
        self._left = left
        place = np.empty(count, dtype=np.int64)
        place[left] = np.arange(len(left))
        self._pair, self._one, self._other = pair, place[one], place[other]
        self._order: NDArray[np.int64] | None = None

    def _round(
        self, one: NDArray[np.int64], other: NDArray[np.int64], pair: NDArray[np.int64],
        left: NDArray[np.int64], chance: NDArray[np.int64],
    ) -> _Round:  # fmt: skip
        """Return which nodes go next: before all their neighbours that could go as well."""
        count = self._count
        degree = np.bincount(one, minlength=count) + np.bincount(other, minlength=count)
        able = (degree > 0) & (degree <= 2)
        both = able[one] & able[other]
        later = np.where(chance[one[both]] > chance[other[both]], one[both], other[both])
        able[later] = False
        node = left[able[left]]
        at = np.flatnonzero(able[one] | able[other])
        own = np.where(able[one[at]], one[at], other[at])
        beside = csr_array((np.ones(len(at)), (own, at)), shape=(count, len(one)))
        first = beside.indptr[node].astype(np.int64)
        pairs, neighbours = np.full((2, len(node)), self._pairs), np.empty((2, len(node)), np.int64)
        for side in (0, 1):
            has = np.flatnonzero(degree[node] > side)
            near = beside.indices[first[has] + side].astype(np.int64)
            pairs[side, has] = pair[near]
            neighbours[side, has] = one[near] + other[near] - node[has]
            if side == 0:
                neighbours[1] = neighbours[0]
        return _Round(node, pairs, neighbours)

    def solve(
        self, diagonal: NDArray[np.float64], values: NDArray[np.float64], right: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the solution, shape (N,).

        Parameters
        ----------
        diagonal, right
            Shape (N,).
        values
            Shape (P,), of the pairs, off the diagonal.
        """
        diagonal, right = diagonal.copy(), right.copy()
        value = np.zeros(self._slots)
        value[: self._pairs] = values
        shares, filled = [], self._pairs + 1
        for some in self._rounds:
            own = value[some.pair]
            share = own / diagonal[some.node]
            np.subtract.at(diagonal, some.neighbour, share * own)
            np.subtract.at(right, some.neighbour, share * right[some.node])
            two = some.pair[1] != self._pairs
            between = -(share[0] * own[1])[two]
            value[filled : filled + len(between)] = between
            filled += len(between)
            same = some.neighbour[0, two] == some.neighbour[1, two]
            np.add.at(diagonal, some.neighbour[0, two][same], 2 * between[same])
            shares.append(share)
        found = np.empty(self._count)
        found[self._left] = self._rest(diagonal[self._left], value[self._pair], right[self._left])
        for some, share in zip(reversed(self._rounds), reversed(shares), strict=True):
            at = found[some.neighbour]
            found[some.node] = (
                right[some.node] / diagonal[some.node] - share[0] * at[0] - share[1] * at[1]
            )
        return found

    def _rest(
        self, diagonal: NDArray[np.float64], values: NDArray[np.float64], right: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the solution for the nodes that remain.

        Finding the order of unknowns that keeps the factors thin takes longer than the factors do,
        and one order serves all systems of a pattern.
        """
        count = len(diagonal)
        if count == 0:
            return np.zeros(0)
        place = np.arange(count)
        if self._order is not None:
            place[self._order] = np.arange(count)
        one, other = place[self._one], place[self._other]
        matrix = coo_array(
            (np.concatenate([values, values, diagonal]),
             (np.concatenate([one, other, place]), np.concatenate([other, one, place]))),
            shape=(count, count),
        ).tocsc()  # fmt: skip
        if self._order is None:
            factors = _factors(matrix, "MMD_AT_PLUS_A")
            self._order = np.argsort(factors.perm_c)
            return np.asarray(factors.solve(right))
        found = np.empty(count)
        found[self._order] = _factors(matrix, "NATURAL").solve(right[self._order])
        return found


def _factors(matrix: csc_array, ordering: str) -> SuperLU:
    # Positive definite: no pivoting is needed, and the symmetric ordering keeps the factors thin.
    # A network has no dense blocks: panels of one column.
    return splu(
        matrix, permc_spec=ordering, diag_pivot_thresh=0.0, panel_size=1, relax=1,
        options={"SymmetricMode": True},
    )  # fmt: skip
