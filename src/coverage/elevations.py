"""Node elevations, estimated on the network: a raster sees roofs, the network knows streets.

One robust sparse least-squares problem. Its terms, each a residual over its standard deviation:

- *ground*: a node of a way on the ground lies near the raster's height there (`GROUND_SD_M`), less
  firmly the further it is off (Huber's weight), because the raster is a surface of roofs and trees;
- *grade*: along every edge the grade is near zero, within what its class can have (`GRADE_SD`);
  the edges' weights grow where a grade passes `GRADE_LIMIT` of them. Bridges and tunnels have no
  ground term and so hang between their ends; lifts are free;
- *clearance*: where two ways cross on different layers, the upper is at least `CLEARANCE_M` above
  the lower. A raster sees neither deck nor underpass, and this says which end of a stair is up;
- *tags*: ``incline`` and ``step_count`` as soft data.
"""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from scipy.sparse.csgraph import connected_components

from .bounds import meeting
from .squares import SQUARE
from .stairs import RISER_M, TREAD_M
from .streets import Streets
from .tags import in_tunnel, inclines, is_set, layers, step_counts
from .thin_systems import ThinSystem

GROUND_SD_M = 4.0
"""Standard deviation of a street node from the smoothed surface, metres. SRTM's own vertical error
is about 5 m at one sigma in relief (Rodriguez et al. 2006, PE&RS 72:249)."""
HUBER_M = 6.0
"""Residuals beyond this many metres count linearly: roofs, trees, embankments."""
CLEARANCE_M = 5.0
"""Height of one way over another that it crosses, metres; JTG B01-2014 asks 5.0 m over arterial
roads."""
CLEARANCE_SD_M = 0.5
CORRELATION_M = 60.0
"""Length over which a street keeps its grade, metres: a residual of the grade term stands for so
much street."""
GRADE_SD = {
    "motorway": 0.03, "motorway_link": 0.04, "trunk": 0.03, "trunk_link": 0.04,
    "primary": 0.03, "primary_link": 0.04, "secondary": 0.035, "secondary_link": 0.05,
    "tertiary": 0.04, "tertiary_link": 0.05, "residential": 0.06, "living_street": 0.06,
    "unclassified": 0.06, "pedestrian": 0.05, "corridor": 0.03, "service": 0.07,
    "footway": 0.08, "track": 0.10, "path": 0.12, "steps": 0.45,
}  # fmt: skip
"""Standard deviation of the grade by class. CJJ 37-2012 allows urban roads 5-8 % at most, mountain
cities 1 point more; a stair of 150 mm risers on 300 mm treads climbs 50 %."""
GRADE_LIMIT = 2.5
"""Grades beyond so many standard deviations are pulled back ever more firmly."""

_OTHER_GRADE_SD = 0.08
_FREE_M = 1e4
_ROUNDS = 6
_SHORTEST_M = 0.5
"""Shorter edges take the grade weight of this length."""


@dataclass(frozen=True, slots=True)
class Elevations:
    """Estimated heights.

    Attributes
    ----------
    z
        Shape (N,), metres; NaN where the raster has no value.
    residual_m
        Shape (N,), estimate less raster on the ground; NaN elsewhere.
    crossings
        How many crossings on different layers there are.
    clear_crossings
        How many of them have their clearance, less half a metre.
    at_limit
        Shape (E,), which edges pass their class's limit.
    """

    z: NDArray[np.float64]
    residual_m: NDArray[np.float64]
    crossings: int
    clear_crossings: int
    at_limit: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Terms:
    """Rows of the problem: matrix, wanted values and standard deviations."""

    matrix: csr_array
    wanted: NDArray[np.float64]
    sd: NDArray[np.float64]


def estimate_elevations(
    streets: Streets,
    xy: NDArray[np.float64],
    surface_m: NDArray[np.float64],
    *,
    use_incline: NDArray[np.bool_] | None = None,
    usual_m: float | None = None,
) -> Elevations:
    """Estimate the height of every node.

    Parameters
    ----------
    streets
        All ways, those that nobody walks included.
    xy
        Shape (N, 2), metres.
    surface_m
        Shape (N,), the raster's (smoothed) height at the nodes, metres; NaN where it has none.
    use_incline
        Shape (W,), whose ``incline`` tags to use; all by default. Others can be held out, to judge
        the estimate by them.
    usual_m
        Where heights that the raster does not know begin, metres; the median of `surface_m` unless
        given.
    """
    count = len(streets.node_id)
    known = np.isfinite(surface_m)
    # Lines of sight across a square are no streets: a square's heights are its streets'.
    every_edge = len(streets.tail)
    real = np.flatnonzero((streets.ways["rule"] != SQUARE).to_numpy()[streets.way])
    streets = replace(
        streets, tail=streets.tail[real], head=streets.head[real], way=streets.way[real]
    )
    if usual_m is None and known.any():
        usual_m = float(np.nanmedian(surface_m))
    if usual_m is None:
        nothing = np.full(count, np.nan)
        return Elevations(nothing, nothing, 0, 0, np.zeros(every_edge, dtype=bool))
    length = np.hypot(*(xy[streets.head] - xy[streets.tail]).T)
    ground, firmness = _ground_nodes(streets, length, surface_m)
    rise = _rises(streets.tail, streets.head, count)
    grade_sd = _grade_sd(streets)
    rise_sd = grade_sd * np.sqrt(np.maximum(length, _SHORTEST_M) * CORRELATION_M)
    tags = _tag_terms(streets, length, count, use_incline)
    anchor = _anchor(streets, surface_m, ground, usual_m)
    over_under = _crossing_rows(streets, xy, count)
    z = np.where(known, surface_m, usual_m)
    at_ground = csr_array(
        (np.ones(len(ground)), (np.arange(len(ground)), ground)), shape=(len(ground), count)
    )
    problem = _Problem(vstack(
        [at_ground, rise, over_under, tags.matrix, anchor.matrix], format="csr"
    ))  # fmt: skip
    wanted = np.concatenate([
        surface_m[ground], np.zeros(len(length)), np.full(over_under.shape[0], CLEARANCE_M),
        tags.wanted, anchor.wanted,
    ])  # fmt: skip
    for round_ in range(_ROUNDS):
        off = np.abs(z[ground] - surface_m[ground])
        huber = np.sqrt(np.maximum(off / HUBER_M, 1.0))
        grade = np.abs(rise @ z) / np.maximum(length, _SHORTEST_M)
        over = np.clip(grade / (grade_sd * GRADE_LIMIT), 1.0, 4.0)
        # All clearances in the first round; after it those that are not kept.
        low = over_under @ z < CLEARANCE_M if round_ else np.ones(over_under.shape[0], dtype=bool)
        firm = np.concatenate([
            firmness / (GROUND_SD_M * huber), over / rise_sd, low / CLEARANCE_SD_M, 1 / tags.sd,
            1 / anchor.sd,
        ])  # fmt: skip
        z = problem.solve(wanted, firm**2)
    residual = np.full(count, np.nan)
    residual[ground] = z[ground] - surface_m[ground]
    gaps = over_under @ z
    at_limit = np.zeros(every_edge, dtype=bool)
    final_grade = np.abs(rise @ z) / np.maximum(length, _SHORTEST_M)
    at_limit[real] = final_grade > grade_sd * GRADE_LIMIT
    return Elevations(
        z=np.where(known, z, np.nan),
        residual_m=residual,
        crossings=len(gaps),
        clear_crossings=int((gaps >= CLEARANCE_M - 0.5).sum()),
        at_limit=at_limit,
    )


class _Problem:
    """Least squares of rows that stay the same and weights that do not.

    Its normal equations are made of the rows' entries and of pairs of entries, all known once.
    """

    def __init__(self, matrix: csr_array) -> None:
        # Between the ends of a way its segments' rises cancel out.
        matrix.eliminate_zeros()
        size = np.diff(matrix.indptr)
        self._count = matrix.shape[1]
        self._row = np.repeat(np.arange(matrix.shape[0]), size)
        self._column, self._value = matrix.indices.astype(np.int64), matrix.data
        # Each entry with those after it in its row.
        later = np.repeat(matrix.indptr[1:].astype(np.int64), size) - np.arange(matrix.nnz) - 1
        one = np.repeat(np.arange(matrix.nnz), later)
        within = np.arange(len(one)) - np.repeat(np.cumsum(later) - later, later)
        other = one + 1 + within
        self._pair_row = self._row[one]
        self._pair_value = self._value[one] * self._value[other]
        self._system = ThinSystem(self._column[one], self._column[other], self._count)

    def solve(
        self, wanted: NDArray[np.float64], weight: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the heights whose weighted squared residuals have the least sum."""
        weighted = weight[self._row] * self._value
        diagonal, right = (
            np.bincount(self._column, weights=weighted * by, minlength=self._count).astype(float)
            for by in (self._value, wanted[self._row])
        )
        return self._system.solve(diagonal, weight[self._pair_row] * self._pair_value, right)


def _rises(tail: NDArray[np.int64], head: NDArray[np.int64], count: int) -> csr_array:
    """Return the matrix that takes heights to the rise of each edge."""
    rows = np.arange(len(tail))
    return csr_array(
        (
            np.repeat([-1.0, 1.0], len(tail)),
            (np.concatenate([rows, rows]), np.concatenate([tail, head])),
        ),
        shape=(len(tail), count),
    )


def _grade_sd(streets: Streets) -> NDArray[np.float64]:
    of_way = streets.ways["highway"].map(GRADE_SD).fillna(_OTHER_GRADE_SD).to_numpy(dtype=float)
    free = (streets.ways["highway"] == "elevator").to_numpy() | streets.ways["rule"].isin(
        ["ferry", "cable car"]
    ).to_numpy()
    return np.where(free, _FREE_M, of_way)[streets.way]


def _on_ground(streets: Streets) -> NDArray[np.bool_]:
    level, _ = layers(streets.ways)
    aloft = is_set(streets.ways, "bridge") | in_tunnel(streets.ways) | (level != 0)
    return np.asarray(~aloft[streets.way])


def _ground_nodes(
    streets: Streets, length: NDArray[np.float64], surface_m: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the nodes of ways on the ground, and how firmly: by the street they stand for."""
    on_ground = _on_ground(streets)
    ends = np.concatenate([streets.tail[on_ground], streets.head[on_ground]])
    carried = np.bincount(ends, weights=np.tile(length[on_ground] / 2, 2),
                          minlength=len(surface_m))  # fmt: skip
    touched = np.bincount(ends, minlength=len(surface_m)) > 0
    ground = np.flatnonzero(touched & np.isfinite(surface_m))
    # 30 m of street, a cell of the raster, make one observation.
    return ground, np.sqrt(np.clip(carried[ground], 2.0, 30.0) / 30.0)


def _anchor(
    streets: Streets, surface_m: NDArray[np.float64], ground: NDArray[np.int64], usual_m: float
) -> _Terms:
    """Hold loosely what no ground node holds, so that the problem has one solution."""
    count = len(surface_m)
    links = csr_array(
        (np.ones(len(streets.tail)), (streets.tail, streets.head)), shape=(count, count)
    )
    _, component = connected_components(links, directed=False)
    held = np.zeros(component.max() + 1, dtype=bool)
    held[component[ground]] = True
    loose = np.flatnonzero(~held[component])
    wanted = np.where(np.isfinite(surface_m), surface_m, usual_m)[loose]
    matrix = csr_array(
        (np.ones(len(loose)), (np.arange(len(loose)), loose)), shape=(len(loose), count)
    )
    return _Terms(matrix, wanted, np.full(len(loose), 10.0))


def _crossing_rows(streets: Streets, xy: NDArray[np.float64], count: int) -> csr_array:
    """Return the matrix that takes heights to the clearance of every crossing on two layers."""
    level = layers(streets.ways)[0][streets.way]
    # One side of every crossing on two layers is off the commonest layer.
    values, counts = np.unique(level, return_counts=True)
    aloft = level != values[np.argmax(counts)]
    ends = xy[streets.tail], xy[streets.head]
    boxes = np.minimum(*ends), np.maximum(*ends)
    near = meeting(*boxes, boxes[0][aloft], boxes[1][aloft])
    streets = replace(
        streets, tail=streets.tail[near], head=streets.head[near], way=streets.way[near]
    )
    level, aloft = level[near], np.flatnonzero(aloft[near])
    lines = shapely.linestrings(np.stack([side[near] for side in ends], axis=1))
    found, other = shapely.STRtree(lines).query(lines[aloft], predicate="crosses")
    one = aloft[found]
    pairs = np.unique(np.stack([np.minimum(one, other), np.maximum(one, other)]), axis=1)
    one, other = np.where(level[pairs[0]] > level[pairs[1]], pairs, pairs[::-1])
    apart = level[one] > level[other]
    one, other = one[apart], other[apart]
    where = shapely.intersection(lines[one], lines[other])
    point = shapely.get_type_id(where) == 0
    one, other, where = one[point], other[point], where[point]
    high = shapely.line_locate_point(lines[one], where, normalized=True)
    low = shapely.line_locate_point(lines[other], where, normalized=True)
    rows = np.tile(np.arange(len(one)), 4)
    columns = np.concatenate(
        [streets.tail[one], streets.head[one], streets.tail[other], streets.head[other]]
    )
    values = np.concatenate([1 - high, high, low - 1, -low])
    return csr_array((values, (rows, columns)), shape=(len(one), count))


def _tag_terms(
    streets: Streets, length: NDArray[np.float64], count: int, use: NDArray[np.bool_] | None
) -> _Terms:
    """Return what ``incline`` and ``step_count`` say of the rise between the ends of a way."""
    sign, grade, _ = inclines(streets.ways)
    steps, _ = step_counts(streets.ways)
    if use is not None:
        sign = np.where(use, sign, np.nan)
    metres = np.bincount(streets.way, weights=length, minlength=len(streets.ways))
    is_stair = (streets.ways["highway"] == "steps").to_numpy()
    usual = np.where(is_stair, RISER_M / TREAD_M, 0.05) * metres
    by_steps = np.where(is_stair, steps * RISER_M, np.nan)
    by_grade = np.abs(grade) * metres
    rise = np.where(~np.isnan(by_steps), by_steps, np.where(~np.isnan(by_grade), by_grade, usual))
    sure = ~np.isnan(by_steps) | ~np.isnan(by_grade)
    way = np.flatnonzero(~np.isnan(sign) & (metres > 0))
    # The rise of a way is the sum of its segments' rises, in whatever order they come.
    segment = np.flatnonzero(np.isin(streets.way, way))
    row = np.searchsorted(way, streets.way[segment])
    matrix = csr_array(
        (
            np.repeat([-1.0, 1.0], len(segment)),
            (np.tile(row, 2), np.concatenate([streets.tail[segment], streets.head[segment]])),
        ),
        shape=(len(way), count),
    )
    sd = np.where(sure, 0.15, 0.5) * rise + 0.5
    return _Terms(matrix, (sign * rise)[way], sd[way])
