"""Stretches joined to streets: as GEOS merges lines, in a fraction of the time."""

import itertools

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from coverage.covered_parts import joined_lines

PLACE = st.tuples(st.integers(0, 3), st.integers(0, 3))
STREET = st.lists(st.tuples(PLACE, PLACE), min_size=1, max_size=5) | st.lists(
    PLACE, min_size=2, max_size=6
).map(lambda places: list(itertools.pairwise(places)))


def test_one_street_goes_on_another_has_a_gap_a_third_is_one_stretch():
    ends = np.array([
        [[0, 0], [1, 0]], [[9, 9], [8, 9]], [[1, 0], [2, 1]], [[0, 5], [1, 5]], [[3, 5], [4, 5]],
    ], dtype=float)  # fmt: skip
    lines = joined_lines(ends, np.array([0, 2, 0, 1, 1]), 3)
    assert lines[0].wkt == "LINESTRING (0 0, 1 0, 2 1)"
    assert lines[1].wkt == "MULTILINESTRING ((0 5, 1 5), (3 5, 4 5))"
    assert lines[2].wkt == "LINESTRING (9 9, 8 9)"


@given(st.lists(STREET, max_size=4), st.randoms())
def test_lines_are_those_that_geos_merges(streets, chance):
    rows = [(number, stretch) for number, street in enumerate(streets) for stretch in street]
    chance.shuffle(rows)
    ends = np.array([stretch for _, stretch in rows], dtype=float).reshape(-1, 2, 2)
    of = np.array([number for number, _ in rows], dtype=np.int64)
    found = joined_lines(ends, of, len(streets))
    for number, line in enumerate(found):
        own = shapely.multilinestrings(shapely.linestrings(ends[of == number]))
        assert shapely.to_wkb(line) == shapely.to_wkb(shapely.line_merge(own))
