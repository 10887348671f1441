"""Boxes that may meet others: none is missed, and far ones are left out."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from coverage.bounds import meeting

WHOLE = st.integers(-30, 30)
BOXES = st.lists(st.tuples(WHOLE, WHOLE, st.integers(0, 9), st.integers(0, 9)), max_size=8)


def corners(boxes):
    table = np.array(boxes, dtype=float).reshape(-1, 4)
    return table[:, :2], table[:, :2] + table[:, 2:]


@given(BOXES, BOXES, st.sampled_from([0.1, 1.0, 4321.7]))
def test_every_box_that_meets_another_is_found(boxes, others, scale):
    (low, high), (low_of, high_of) = (
        tuple(corner * scale + 3e6 for corner in corners(some)) for some in (boxes, others)
    )
    apart = (low[:, None] > high_of) | (high[:, None] < low_of)
    meets = np.flatnonzero(np.any(~apart.any(axis=2), axis=1))
    found = meeting(low, high, low_of, high_of)
    assert np.all(np.diff(found) > 0)
    assert set(meets) <= set(found)


def test_what_lies_far_from_all_others_is_left_out():
    low, high = corners([(0, 0, 1, 1), (50, 50, 1, 1), (100, 100, 1, 1), (-9, 0, 1, 1)])
    others = corners([(0, 0, 2, 2), (99, 99, 2, 2)])
    assert meeting(low, high, *others).tolist() == [0, 2]


def test_without_others_nothing_is_near():
    none = np.zeros((0, 2))
    assert meeting(np.zeros((3, 2)), np.ones((3, 2)), none, none).tolist() == []


def test_around_a_point_without_a_limit_everything_is_near():
    low, high = corners([(0, 0, 1, 1), (50, 50, 1, 1)])
    point = np.array([[7.0, 7.0]])
    assert meeting(low, high, point - np.inf, point + np.inf).tolist() == [0, 1]
