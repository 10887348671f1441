"""Inequality over people, against hand-solved cases, PySAL `inequality`, and all pairs of people.

PySAL numbers: `inequality` 1.1.2 in an environment of its own, ``Gini(y).g``; MEXICO is its own
documented example (libpysal's mexico.csv, column pcgdp1940), whose answer its tests give as
0.35372371173452849. PySAL knows no weights: the weighted reference is ``Gini(np.repeat(y, w)).g``.
"""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from coverage.equity import (
    gini,
    gini_by_group,
    lift_to_median,
    lorenz,
    people_unknown,
    weighted_quantile,
    worst_decile,
)
from coverage.errors import CareCircleError

MEXICO = np.array([
    10384, 22361, 9573, 3758, 2934, 8578, 8537, 6909, 17816, 12132, 4359, 2181, 4414, 5309, 3408,
    3327, 6936, 4836, 9073, 1892, 3569, 11016, 21965, 4372, 4840, 6399, 2459, 7508, 3605, 5203,
    7990, 3734,
], dtype=float)  # fmt: skip
SIXTEEN = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3.5])
SIXTEEN_PEOPLE = np.array([2, 1, 3, 1, 2, 1, 1, 4, 1, 2, 1, 1, 3, 1, 1, 2], dtype=float)

VALUE = st.one_of(st.integers(0, 6).map(float), st.floats(1e-3, 1e3))
PEOPLE = st.one_of(st.integers(0, 30).map(float), st.floats(1e-3, 1e3))


@st.composite
def crowds(draw, value=VALUE):
    rows = draw(st.lists(st.tuples(value, PEOPLE), min_size=1, max_size=12))
    values, people = (np.array(column) for column in zip(*rows, strict=True))
    assume(np.sum(people * np.isfinite(values)) > 0)
    return values, people


CROWDS_WITH_UNKNOWN = crowds(st.one_of(VALUE, st.just(np.nan)))


# --- Gini ---


def test_gini_equals_pysal_on_its_documented_example():
    assert_allclose(gini(MEXICO, np.ones(32)), 0.35372371173452849, rtol=1e-13)


def test_gini_equals_pysal_on_equal_and_on_repeated_people():
    assert_allclose(gini(SIXTEEN, np.ones(16)), 0.30240683229813664, rtol=1e-13)
    assert_allclose(gini(SIXTEEN, SIXTEEN_PEOPLE), 0.26778577138289367, rtol=1e-13)


def test_gini_by_hand():
    # 3 people with 1 and 1 with 5: mean 2; of 16 pairs 6 differ, by 4: 24/16 / (2 x 2) = 3/8.
    assert_allclose(gini(np.array([5.0, 1.0]), np.array([1.0, 3.0])), 0.375, rtol=1e-14)


@given(VALUE, st.lists(PEOPLE, min_size=1, max_size=12))
def test_gini_is_nought_when_all_have_the_same(value, people):
    assume(sum(people) > 0)
    assert gini(np.full(len(people), value), np.array(people)) == 0.0


@given(st.integers(1, 200))
def test_gini_when_one_of_n_has_all(n):
    values = np.zeros(n)
    values[n // 2] = 7.0
    assert_allclose(gini(values, np.ones(n)), (n - 1) / n, atol=1e-12)


def test_gini_of_nobody():
    assert np.isnan(gini(np.zeros(0), np.zeros(0)))
    assert np.isnan(gini(np.array([1.0, 2.0]), np.zeros(2)))
    assert np.isnan(gini(np.array([np.nan]), np.ones(1)))


@given(crowds())
def test_gini_equals_all_pairs_of_people(crowd):
    values, people = crowd
    total, amount = people.sum(), np.sum(values * people)
    pairs = np.sum(np.abs(values[:, None] - values) * people[:, None] * people)
    assert_allclose(gini(values, people), pairs / (2 * total * amount) if amount else 0, atol=1e-12)


@given(crowds(), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_gini_ignores_the_scale_of_values_and_of_people(crowd, scale, people_scale):
    values, people = crowd
    assert_allclose(gini(values * scale, people * people_scale), gini(values, people), atol=1e-12)


@given(crowds(st.one_of(VALUE, st.just(np.nan))), st.integers(-1, 3), st.randoms())
def test_every_group_has_the_gini_of_its_own_people(crowd, least, random):
    values, people = crowd
    of = np.array([random.randint(least, 3) for _ in values])
    alone = [gini(values[of == group], people[of == group]) for group in range(4)]
    assert_allclose(gini_by_group(values, people, of, 4), alone, atol=1e-12)


@given(crowds(), st.integers(1, 4))
def test_gini_ignores_replication(crowd, times):
    values, people = crowd
    repeated = gini(np.tile(values, times), np.tile(people, times))
    assert_allclose(repeated, gini(values, people), atol=1e-12)


@given(crowds(), st.randoms())
def test_gini_ignores_order(crowd, random):
    values, people = crowd
    order = random.sample(range(len(values)), len(values))
    assert_allclose(gini(values[order], people[order]), gini(values, people), atol=1e-12)


@given(CROWDS_WITH_UNKNOWN)
def test_the_unknown_are_left_out_and_counted(crowd):
    values, people = crowd
    known = ~np.isnan(values)
    assert gini(values, people) == gini(values[known], people[known])
    assert_allclose(people_unknown(values, people), people.sum() - people[known].sum(), atol=1e-9)


# --- Lorenz ---


def test_lorenz_by_hand():
    people, value = lorenz(np.array([5.0, 1.0, 9.0]), np.array([1.0, 3.0, 0.0]))
    assert people.tolist() == [0, 0.75, 1]
    assert_allclose(value, [0, 3 / 8, 1])


@given(CROWDS_WITH_UNKNOWN)
def test_lorenz_is_convex_below_the_diagonal_and_bounds_the_gini(crowd):
    people, value = lorenz(*crowd)
    assert (people[0], value[0], people[-1], value[-1]) == (0, 0, 1, 1)
    assert np.all(np.diff(people) >= 0)
    assert np.all(value <= people + 1e-12)
    slope = np.diff(value) / np.diff(people)
    assert np.all(np.diff(slope) >= -1e-9 * slope.max())
    area = np.sum(np.diff(people) * (value[1:] + value[:-1])) / 2
    assert_allclose(1 - 2 * area, gini(*crowd), atol=1e-12)


@given(crowds(), st.integers(1, 3), st.floats(1e-3, 1e3))
def test_lorenz_ignores_replication_and_scale(crowd, times, scale):
    values, people = crowd
    copies = lorenz(np.tile(values, times), np.tile(people, times) * scale)
    assert_allclose(copies, lorenz(values, people), atol=1e-12)


def test_lorenz_of_nothing_is_the_diagonal_and_of_nobody_unknown():
    assert_array_equal(lorenz(np.zeros(3), np.ones(3)), [[0, 1], [0, 1]])
    assert_array_equal(lorenz(np.zeros(0), np.zeros(0)), [[np.nan], [np.nan]])


# --- quantiles ---


def test_quantiles_by_hand():
    minutes, people = np.array([30.0, 10.0, 20.0, np.nan]), np.array([1.0, 5.0, 2.0, 8.0])
    quantiles = [weighted_quantile(minutes, people, q) for q in (0, 0.5, 0.625, 0.63, 0.875, 1)]
    assert quantiles == [10, 10, 10, 20, 20, 30]
    # With the 8 people beyond the horizon, half of the 16 are at 30 or less.
    with_all = [weighted_quantile(minutes, people, q, unknown="highest") for q in (0.5, 0.51, 1)]
    assert_array_equal(with_all, [30, np.nan, np.nan])


def test_quantiles_of_ten_tenths_are_not_upset_by_rounding():
    values, people = np.arange(1.0, 11.0), np.full(10, 0.1)
    assert [weighted_quantile(values, people, q / 10) for q in range(1, 11)] == values.tolist()


def test_quantile_of_differences_and_of_nobody():
    assert weighted_quantile(np.array([-3.0, 2.0]), np.ones(2), 0.5) == -3
    assert np.isnan(weighted_quantile(np.zeros(0), np.zeros(0), 0.5))
    assert np.isnan(weighted_quantile(np.ones(1), np.zeros(1), 0.5, unknown="highest"))


@given(st.lists(st.tuples(VALUE, st.integers(0, 9)), min_size=1, max_size=9), st.integers(0, 8))
def test_quantile_equals_counting_people(rows, eighths):
    values, people = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    queue = np.sort(np.repeat(values, people.astype(int)))
    assume(len(queue) > 0)
    at = max(-(-eighths * len(queue) // 8), 1) - 1
    assert weighted_quantile(values, people, eighths / 8) == queue[at]


# --- the worst tenth ---


def test_the_worst_tenth_takes_those_beyond_the_horizon_first():
    # 100 people: 4 beyond the horizon, 2 at 40 minutes, 8 at 30 (of whom 4 belong), 86 at 5.
    minutes = np.array([5.0, 30.0, np.nan, 40.0, 30.0, 99.0])
    people = np.array([86.0, 6.0, 4.0, 2.0, 2.0, 0.0])
    worst = worst_decile(minutes, people)
    assert worst.share.tolist() == [0, 0.5, 1, 1, 0.5, 1]
    assert (worst.people, worst.from_minutes) == (10, 30)


def test_the_worst_tenth_may_all_be_beyond_the_horizon():
    worst = worst_decile(np.array([3.0, np.nan, np.nan]), np.array([60.0, 30.0, 10.0]))
    assert worst.share.tolist() == [0, 0.25, 0.25]
    assert np.isnan(worst.from_minutes)


def test_a_tenth_that_ends_between_two_values_takes_none_of_the_better():
    worst = worst_decile(np.array([1.0, 2.0]), np.array([0.9, 0.1]))
    assert_allclose(worst.share, [0, 1], rtol=1e-12)
    assert (worst.share[0], worst.from_minutes) == (0, 2)


def test_the_worst_tenth_of_nobody():
    worst = worst_decile(np.array([4.0]), np.zeros(1))
    assert (worst.share.tolist(), worst.people) == ([0], 0)
    assert np.isnan(worst.from_minutes)
    assert worst_decile(np.zeros(0), np.zeros(0)).people == 0


@given(CROWDS_WITH_UNKNOWN, st.floats(0, 1), st.randoms())
def test_the_worst_part_is_exactly_so_many_and_nobody_outside_is_worse(crowd, fraction, random):
    minutes, people = crowd
    worst = worst_decile(minutes, people, fraction=fraction)
    assert_allclose(np.sum(worst.share * people), worst.people, rtol=1e-9, atol=1e-9)
    assert np.all((worst.share >= 0) & (worst.share <= 1))
    key = np.where(np.isnan(minutes), np.inf, minutes)
    inside, outside = key[worst.share > 0], key[worst.share < 1 - 1e-9]
    if len(inside) and len(outside):
        assert inside.min() >= outside.max()
    order = random.sample(range(len(minutes)), len(minutes))
    shuffled = worst_decile(minutes[order], people[order], fraction=fraction)
    assert_allclose(shuffled.share, worst.share[order], atol=1e-9)


# --- lift to the median ---


def test_the_lift_by_hand():
    """Three inhabited areas with shares 0.9, 0.6, 0.2; area 3 is empty; one point is in none.

    The median is 0.6, so only area 2 rises: by 0.4 of its 50 people.
    """
    minutes = np.array([15.0, 15.1, 3.0, np.nan, 14.0, 20.0, 1.0])
    elderly = np.array([90.0, 10.0, 60.0, 40.0, 10.0, 40.0, 500.0])
    area = np.array([0, 0, 1, 1, 2, 2, -1])
    lift = lift_to_median(minutes, elderly, area, threshold_min=15, count=4)
    assert lift.elderly.tolist() == [100, 100, 50, 0]
    assert lift.covered.tolist() == [90, 60, 10, 0]
    assert_allclose(lift.share, [0.9, 0.6, 0.2, np.nan])
    assert lift.median_share == 0.6
    assert_allclose(lift.gain, [0, 0, 20, 0])
    assert lift.best == 2


def test_a_large_area_a_little_behind_may_gain_more_than_a_small_one_far_behind():
    minutes = np.array([1.0, 99.0, 1.0, 99.0, 99.0, 1.0, 1.0])
    elderly = np.array([800.0, 200.0, 10.0, 0.0, 20.0, 50.0, 60.0])
    area = np.array([0, 0, 3, 3, 1, 2, 4])
    lift = lift_to_median(minutes, elderly, area, threshold_min=15, count=5)
    assert lift.median_share == 1.0
    assert_allclose(lift.gain, [200, 20, 0, 0, 0])
    assert lift.best == 0


def test_no_area_lifts_when_all_are_alike_or_empty():
    everywhere = lift_to_median(
        np.array([3.0, 4.0]), np.ones(2), np.array([0, 1]), threshold_min=15, count=2
    )
    assert (everywhere.gain.tolist(), everywhere.best) == ([0, 0], -1)
    nowhere = lift_to_median(
        np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64), threshold_min=15, count=2
    )
    assert np.isnan(nowhere.median_share)
    assert (nowhere.gain.tolist(), nowhere.best) == ([0, 0], -1)


@given(crowds(st.one_of(st.floats(0, 30), st.just(np.nan))), st.data())
def test_a_lifted_area_stands_at_the_median(crowd, data):
    minutes, elderly = crowd
    areas = st.lists(st.integers(-1, 3), min_size=len(minutes), max_size=len(minutes))
    area = np.array(data.draw(areas))
    lift = lift_to_median(minutes, elderly, area, threshold_min=15, count=4)
    assert_allclose(lift.elderly.sum(), elderly[area >= 0].sum(), atol=1e-9)
    assert np.all(lift.covered + lift.gain <= lift.elderly * (1 + 1e-12))
    rises = lift.gain > 0
    lifted = (lift.covered + lift.gain)[rises] / lift.elderly[rises]
    assert_allclose(lifted, np.full(rises.sum(), lift.median_share), rtol=1e-9)
    assert lift.best == (int(np.argmax(lift.gain)) if rises.any() else -1)


# --- what is refused ---


@pytest.mark.parametrize(
    ("values", "weights", "words"),
    [
        ([1.0, -2.0], [1.0, 1.0], "1 values are negative"),
        ([1.0, np.inf], [1.0, 1.0], "Values must be finite"),
        ([1.0, 2.0], [1.0, -1.0], "Weights must be finite and 0 or more"),
        ([1.0, 2.0], [1.0, np.nan], "Weights must be finite"),
        ([1.0, 2.0], [1.0], r"\(2,\) values and \(1,\) weights"),
    ],
)
def test_what_does_not_fit_is_refused(values, weights, words):
    for measure in (gini, lorenz, worst_decile):
        with pytest.raises(ValueError, match=words):
            measure(np.array(values), np.array(weights))
    with pytest.raises(CareCircleError, match=words):
        lift_to_median(
            np.array(values), np.array(weights), np.zeros(2, dtype=int), threshold_min=15, count=1
        )


def test_options_are_checked():
    ones = np.ones(2)
    with pytest.raises(CareCircleError, match="q is 1.5"):
        weighted_quantile(ones, ones, 1.5)
    with pytest.raises(CareCircleError, match="fraction is -1"):
        worst_decile(ones, ones, fraction=-1)
    for area in ([0, 2], [-2, 0], [0]):
        with pytest.raises(CareCircleError, match="Give positions 0 to 1, or -1"):
            lift_to_median(ones, ones, np.array(area), threshold_min=15, count=2)
