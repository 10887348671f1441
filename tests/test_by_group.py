"""Figures of many groups at once, held to each group taken alone."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from coverage.by_group import (
    heaviest,
    heaviest_names,
    names_by_weight,
    names_of,
    weighted_medians,
)

GROUPS = 4
rows = st.lists(
    st.tuples(
        st.integers(-1, GROUPS - 1),
        st.sampled_from(["甲", "乙", "a", None]),
        st.integers(1, 9),
        st.sampled_from([1.0, 2.0, 7.5, np.nan]),
    ),
    max_size=40,
)


def columns(found):
    of, names, weight, values = zip(*found, strict=True) if found else ([], [], [], [])
    return (
        np.array(of, dtype=np.int64),
        np.array(names, dtype=object),
        np.array(weight, dtype=float),
        np.array(values, dtype=float),
    )


def sums(names, weight):
    """Names with their weight, the heaviest first, then the alphabet."""
    known = sorted({name for name in names if name is not None})
    return sorted(known, key=lambda name: (-weight[names == name].sum(), name))


def median(values, weight):
    """Each person on a list of their own, the lower one of the two in the middle."""
    people = sorted(np.repeat(values, weight.astype(int)), key=lambda v: np.inf if v != v else v)
    return people[(len(people) - 1) // 2] if people else np.nan


@settings(max_examples=200, deadline=None)
@given(rows)
def test_each_group_is_as_if_alone(found):
    of, names, weight, values = columns(found)
    members = [np.flatnonzero(of == group) for group in range(GROUPS)]
    assert_array_equal(
        heaviest_names(names_of(names), weight, of, GROUPS),
        [(sums(names[here], weight[here]) or [""])[0] for here in members],
    )
    assert_array_equal(
        names_by_weight(names_of(names), weight, of, GROUPS, most=2),
        ["、".join(sums(names[here], weight[here])[:2]) for here in members],
    )
    assert_array_equal(
        weighted_medians(values, weight, of, GROUPS),
        [median(values[here], weight[here]) for here in members],
    )


def test_the_least_code_of_equal_ones():
    code, of = np.array([5, 2, -1, 2, 9]), np.array([0, 0, 0, 1, -1])
    assert heaviest(code, np.ones(5), of, 3).tolist() == [2, 2, -1]


def test_halves_of_fractions_are_reached():
    weight = np.full(10, 0.1)
    of = np.repeat([0, 1], 5)
    assert weighted_medians(np.arange(10.0), weight, of, 2).tolist() == [2, 7]
    assert pd.isna(weighted_medians(np.arange(10.0), weight, of, 3)[2])
