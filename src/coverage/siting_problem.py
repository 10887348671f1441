"""The siting problem: who lives where, where a facility could open, and what joins the two."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from .errors import InputError, Problem, UsageError

Objective = Literal["coverage", "full", "median", "center"]

_SAME_PLACE_M = 0.01
_PAIRS_MAX = 500_000


@dataclass(frozen=True, slots=True)
class SitingProblem:
    """Demand points, sites that stand or could open, and the walks between them.

    Attributes
    ----------
    weight
        Shape (D,), people of each demand point.
    place, site, minutes
        Shape (K,), the walks: demand point, site, and minutes (or any length). What has no walk
        is out of reach.
    existing
        Shape (S,), which sites stand already; the others are candidates.
    name
        Shape (S,), what to call them; the order of the names settles ties.
    kind
        Shape (S,), what each is, from 0; a person has the circle with one of every kind.
    cost
        Shape (S,), what opening costs; NaN where it is not known.
    capacity
        Shape (S,), people whom a site has room for; infinite where it has room for all.
    xy
        Shape (S, 2), metres; NaN where it does not matter.
    """

    weight: NDArray[np.float64]
    place: NDArray[np.int64]
    site: NDArray[np.int64]
    minutes: NDArray[np.float64]
    existing: NDArray[np.bool_]
    name: NDArray[np.object_]
    kind: NDArray[np.int64]
    cost: NDArray[np.float64]
    capacity: NDArray[np.float64]
    xy: NDArray[np.float64]

    @property
    def candidates(self) -> NDArray[np.int64]:
        """The sites that could open, ascending."""
        return np.flatnonzero(~self.existing)

    @property
    def kinds(self) -> int:
        """How many kinds of site there are."""
        return int(self.kind.max()) + 1

    @property
    def roomy(self) -> NDArray[np.bool_]:
        """Which sites stand and have room for all, shape (S,)."""
        return np.asarray(self.existing & np.isinf(self.capacity))

    @property
    def limited(self) -> bool:
        """Whether some site has room for so many people only."""
        return bool(np.isfinite(self.capacity).any())

    def only(self, usable: NDArray[np.bool_]) -> "SitingProblem":
        """Return the problem without the walks to some sites, which so help nobody."""
        kept = usable[self.site]
        return SitingProblem(
            self.weight, self.place[kept], self.site[kept], self.minutes[kept], self.existing,
            self.name, self.kind, self.cost, self.capacity, self.xy,
        )  # fmt: skip

    def of_places(self, wanted: NDArray[np.bool_]) -> "SitingProblem":
        """Return the problem of some of the demand points, renumbered."""
        kept, number = wanted[self.place], np.cumsum(wanted) - 1
        return SitingProblem(
            self.weight[wanted], number[self.place[kept]], self.site[kept], self.minutes[kept],
            self.existing, self.name, self.kind, self.cost, self.capacity, self.xy,
        )  # fmt: skip

    def nearest_existing(self) -> NDArray[np.float64]:
        """Return the least minutes to a standing site of each kind with room for all.

        Its shape is (D, kinds).
        """
        now = np.full((len(self.weight), self.kinds), np.inf)
        standing = self.roomy[self.site]
        np.minimum.at(
            now, (self.place[standing], self.kind[self.site[standing]]), self.minutes[standing]
        )
        return now


def siting_problem(
    weight: NDArray[np.float64], place: NDArray[np.int64], site: NDArray[np.int64],
    minutes: NDArray[np.float64], *, existing: NDArray[np.bool_],
    name: NDArray[np.object_] | None = None, kind: NDArray[np.int64] | None = None,
    cost: NDArray[np.float64] | None = None, capacity: NDArray[np.float64] | None = None,
    xy: NDArray[np.float64] | None = None,
) -> SitingProblem:  # fmt: skip
    """Return a problem, with what is not given left open; see `SitingProblem`.

    Raises
    ------
    InputError
        When there is no candidate, a cost, a capacity or a number of people is negative, or two
        candidates of a kind stand at one place.
    """
    count = len(existing)
    problem = SitingProblem(
        weight=np.asarray(weight, dtype=float), place=place, site=site,
        minutes=np.asarray(minutes, dtype=float), existing=existing,
        name=np.array([f"site {s + 1}" for s in range(count)], dtype=object)
        if name is None else name,
        kind=np.zeros(count, dtype=np.int64) if kind is None else kind,
        cost=np.full(count, np.nan) if cost is None else cost,
        capacity=np.full(count, np.inf) if capacity is None else capacity,
        xy=np.full((count, 2), np.nan) if xy is None else xy,
    )  # fmt: skip
    problems = []
    candidates = problem.candidates
    if len(candidates) == 0:
        problems.append(
            Problem("candidates", "there are none.", "Give a list of premises, or choose from_osm "
                    "or from_streets.")
        )  # fmt: skip
    for words, values in (("cost", problem.cost), ("capacity", problem.capacity)):
        problems += [
            Problem(f"candidate {problem.name[s]}", f"its {words} is negative ({values[s]:g}).",
                    "Write zero or more, or leave it empty where it is not known.")
            for s in candidates if values[s] < 0
        ]  # fmt: skip
    if not (problem.weight >= 0).all():
        problems.append(Problem("people", "some number of people is negative or not known."))
    near = close_pairs(problem, _SAME_PLACE_M)
    problems += [
        Problem(f"candidates {problem.name[a]} and {problem.name[b]}", "stand at one place.",
                "Make them one, or correct the position of one of them.")
        for a, b in near[problem.kind[near[:, 0]] == problem.kind[near[:, 1]]]
    ]  # fmt: skip
    if problems:
        raise InputError(*problems)
    return problem


def close_pairs(problem: SitingProblem, within_m: float) -> NDArray[np.int64]:
    """Return the pairs of candidates that stand within so many metres, shape (N, 2), sorted."""
    placed = problem.candidates[np.isfinite(problem.xy[problem.candidates]).all(axis=1)]
    if len(placed) < 2 or within_m <= 0:
        return np.zeros((0, 2), dtype=np.int64)
    pairs = placed[cKDTree(problem.xy[placed]).query_pairs(within_m, output_type="ndarray")]
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])


@dataclass(frozen=True, slots=True)
class Limits:
    """What a choice of sites has to keep to.

    Attributes
    ----------
    count, budget
        How many sites at most, and what they may cost together; infinite for no limit.
    apart
        Shape (N, 2), pairs of candidates of which only one may open.
    gap
        Relative gap at which the search may stop; 0 proves the optimum.
    seconds
        Where the search stops with what it has.
    """

    count: float = np.inf
    budget: float = np.inf
    apart: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    gap: float = 0.0
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Needs:
    """What demand points still need, after reduction: one row for each point and missing kind.

    Attributes
    ----------
    weight
        Shape (G,), people of each group of points that the same candidates would cover.
    group
        Shape (R,), the group of each row.
    matrix
        Shape (R, S), which candidates fill which need.
    already
        People who have all they need.
    uncoverable
        Demand points that no candidate can help, ascending.
    """

    weight: NDArray[np.float64]
    group: NDArray[np.int64]
    matrix: csr_array
    already: float
    uncoverable: NDArray[np.int64]

    @property
    def open_needs(self) -> NDArray[np.int64]:
        """How many needs each group has, shape (G,)."""
        return np.bincount(self.group, minlength=len(self.weight))


def needs_within(problem: SitingProblem, within: NDArray[np.float64]) -> Needs:
    """Reduce a problem of coverage to what is still open.

    Points that standing sites cover are dropped, and points that the same candidates would cover
    are added up. A standing site with room for so many only is one of those that could fill a need.

    Parameters
    ----------
    problem
        The problem.
    within
        Shape (kinds,), the longest walk that covers.
    """
    missing = np.asarray(problem.nearest_existing() > within)
    near = np.asarray(problem.minutes <= within[problem.kind[problem.site]])
    near &= ~problem.roomy[problem.site]
    near &= missing[problem.place, problem.kind[problem.site]]
    place, site = problem.place[near], problem.site[near]
    offered = np.zeros_like(missing)
    offered[place, problem.kind[site]] = True
    hopeless = (missing & ~offered).any(axis=1)
    in_need = np.asarray(missing.any(axis=1) & ~hopeless)
    kept = in_need[place]
    place, site = place[kept], site[kept]
    # Equal sets of candidates have equal sums of random 64-bit keys, and as good as only they.
    keys = np.random.default_rng(1).integers(1, 2**63, size=(len(problem.existing), 2))
    sums = np.zeros((len(problem.weight), 2), dtype=np.int64)
    with np.errstate(over="ignore"):
        np.add.at(sums, place, keys[site])
    points = np.flatnonzero(in_need)
    _, first, group = np.unique(sums[points], axis=0, return_index=True, return_inverse=True)
    group = group.reshape(-1)
    # Added up from the smallest, so that the order of the rows is not in the last digit.
    order = np.lexsort((problem.weight[points], group))
    weight = np.bincount(group[order], weights=problem.weight[points[order]], minlength=len(first))
    group_of = np.full(len(problem.weight), -1)
    group_of[points[first]] = np.arange(len(first))
    shown = group_of[place] >= 0
    cell = group_of[place[shown]] * problem.kinds + problem.kind[site[shown]]
    rows, row = np.unique(cell, return_inverse=True)
    matrix = csr_array(
        (np.ones(len(row)), (row, site[shown])), shape=(len(rows), len(problem.existing))
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return Needs(
        weight=weight.astype(float),
        group=rows // problem.kinds,
        matrix=matrix,
        already=float(np.sort(problem.weight[~missing.any(axis=1)]).sum()),
        uncoverable=np.flatnonzero(hopeless),
    )


def not_dominated(problem: SitingProblem, needs: Needs) -> NDArray[np.bool_]:
    """Return the candidates worth considering, shape (S,).

    One that fills no need, or whose needs another of its kind fills too at no higher cost, is not;
    of equals the first is. Only where nothing but number and cost limits the choice.
    """
    filled = needs.matrix.sum(axis=0)
    both = (needs.matrix.T @ needs.matrix).tocoo()
    a, b = both.coords[0], both.coords[1]
    cost = np.nan_to_num(problem.cost, nan=0.0)
    within = (both.data == filled[a]) & (a != b) & (problem.kind[a] == problem.kind[b])
    within &= (cost[b] <= cost[a]) & (~np.isnan(problem.cost[b]) | np.isnan(problem.cost[a]))
    equal = (filled[a] == filled[b]) & (cost[a] == cost[b])
    equal &= np.isnan(problem.cost[a]) == np.isnan(problem.cost[b])
    beaten = np.zeros(len(filled), dtype=bool)
    beaten[a[within & (~equal | (b < a))]] = True
    return np.asarray((filled > 0) & ~beaten)


def not_implied(matrix: csr_array) -> NDArray[np.bool_]:
    """Return the rows that imply all others when every row must be filled, shape (R,).

    Whoever fills a row also fills those that the same columns and more could fill; of equal rows
    the first stays.

    Parameters
    ----------
    matrix
        Shape (R, S), which columns fill which row; no row is empty.
    """
    packed = np.packbits(matrix.astype(bool).toarray(), axis=1)
    bits = np.zeros((packed.shape[0], -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    bits[:, : packed.shape[1]] = packed
    bits = bits.view(np.uint64)
    entries, by_column = matrix.tocoo(), matrix.tocsc()
    row, column = entries.coords
    size = np.bincount(row, minlength=matrix.shape[0])
    degree = np.diff(by_column.indptr)
    # A row holds another only if it holds the rarest column of it.
    order = np.lexsort((column, degree[column], row))
    rarest = column[order[np.searchsorted(row[order], np.arange(matrix.shape[0]))]]
    implied = np.zeros(matrix.shape[0], dtype=bool)
    chunk = np.cumsum(degree[rarest]) // _PAIRS_MAX
    for part in np.split(np.arange(matrix.shape[0]), np.flatnonzero(np.diff(chunk)) + 1):
        count = degree[rarest[part]]
        small = np.repeat(part, count)
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        large = by_column.indices[by_column.indptr[rarest[small]] + within]
        holds = (size[large] > size[small]) | ((size[large] == size[small]) & (small < large))
        small, large = small[holds], large[holds]
        holds = ((bits[small] & ~bits[large]) == 0).all(axis=1)
        implied[large[holds]] = True
    return ~implied


def check_limits(problem: SitingProblem, objective: Objective, p: int | None,
                 budget: float | None) -> None:  # fmt: skip
    """Refuse a number or a budget with which nothing can be chosen.

    Raises
    ------
    UsageError
        Saying all that is wrong, and what to do.
    """
    count = len(np.unique(problem.name[problem.candidates]))
    wrong: list[tuple[str, str]] = []
    if objective == "full" and (p is not None or budget is not None):
        wrong.append(
            ("Full coverage finds the fewest sites itself.", "Leave out p and the budget.")
        )
    if objective != "full" and p is None and budget is None:
        wrong.append(("How many may open is not said.", "Give p, or a budget."))
    if p is not None and p < 1:
        wrong.append((f"p is {p}: nothing would open.", "Give 1 or more."))
    if p is not None and p > count:
        wrong.append((
            f"p is {p}, and only {count} candidate{'s' if count > 1 else ''} can be used.",
            f"Give {count} or less, or more candidates.",
        ))  # fmt: skip
    if budget is not None and not budget > 0:
        wrong.append((f"The budget is {budget:g}: nothing could open.", "Give more than 0."))
    elif budget is not None:
        known = problem.cost[problem.candidates]
        known = known[~np.isnan(known)]
        if len(known) == 0:
            wrong.append((
                "No candidate says what it costs, so a budget cannot be kept.",
                "Add the costs to the candidates (cost_cny), or give p instead.",
            ))  # fmt: skip
        elif known.min() > budget:
            wrong.append((
                f"The cheapest candidate costs {known.min():,.0f}, and the budget is "
                f"{budget:,.0f}.", "Raise the budget.",
            ))  # fmt: skip
    if len(wrong) == 1:
        raise UsageError(*wrong[0])
    if wrong:
        lines = [f"  - {what} {do}" for what, do in wrong]
        raise UsageError("\n".join(["Nothing can be chosen like this:", *lines]))
