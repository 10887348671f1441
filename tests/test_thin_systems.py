"""Equations on networks: solved as NumPy solves them whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from coverage.thin_systems import ThinSystem

NODE = st.integers(0, 9)
VALUE = st.integers(-8, 8).map(lambda n: n / 8)
PAIRS = st.lists(st.tuples(NODE, NODE, VALUE).filter(lambda row: row[0] != row[1]), max_size=16)
RIGHT = st.lists(st.integers(-9, 9), min_size=10, max_size=10)


def whole_matrix(one, other, values, diagonal):
    matrix = np.diag(diagonal)
    np.add.at(matrix, (np.r_[one, other], np.r_[other, one]), np.tile(values, 2))
    return matrix


def assert_solved(system, one, other, values, right):
    """With a diagonal that outweighs each row, the system is positive definite."""
    diagonal = np.full(len(right), 0.25)
    np.add.at(diagonal, np.r_[one, other], np.abs(np.tile(values, 2)))
    expected = np.linalg.solve(whole_matrix(one, other, values, diagonal), right)
    assert_allclose(system.solve(diagonal, values, right), expected, rtol=1e-9, atol=1e-9)


@given(PAIRS, RIGHT)
def test_the_solution_is_that_of_the_whole_matrix(pairs, right):
    """Pairs that come twice, nodes alone, values of 0; and other values of the same pattern."""
    one, other, values = np.array(pairs, dtype=float).reshape(-1, 3).T
    one, other, right = one.astype(np.int64), other.astype(np.int64), np.array(right, dtype=float)
    system = ThinSystem(one, other, len(right))
    assert_solved(system, one, other, values, right)
    assert_solved(system, one, other, values[::-1] / 2, right[::-1])


@pytest.mark.parametrize("ends", [[], [(0, 199)], [(0, 100), (50, 150)]])
def test_a_long_street_a_ring_and_an_eight(ends):
    one = np.concatenate([np.arange(199), np.array([end[0] for end in ends], dtype=np.int64)])
    other = np.concatenate([np.arange(1, 200), np.array([end[1] for end in ends], dtype=np.int64)])
    system = ThinSystem(one, other, 200)
    assert_solved(system, one, other, -np.linspace(0.1, 3, len(one)), np.sin(np.arange(200.0)))


def test_what_is_given_stays_as_it_is():
    diagonal, values, right = np.array([2.0, 2, 2]), np.array([-1.0, -1]), np.array([1.0, 0, 0])
    system = ThinSystem(np.array([0, 1]), np.array([1, 2]), 3)
    found = system.solve(diagonal, values, right)
    assert_allclose(found, [0.75, 0.5, 0.25])
    assert diagonal.tolist() == [2, 2, 2]
    assert right.tolist() == [1, 0, 0]
