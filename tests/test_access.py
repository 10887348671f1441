"""Places and people, against a hand-drawn street, PySAL `access`, and loops.

The street, minutes between homes and facilities (F2's places are unknown, d3 has nobody near)::

    d0 (10) --5-- F0 (4 places) --14-- d1 (20) --4-- F1 (6) --15-- d2 (40) --1-- F2 (?)
     |                                                                     d3 (8)
     16-- F3 (9 places)

PySAL numbers: `access` 1.1.10.post3 in an environment of its own, called as
``fca.two_stage_fca(demand, supply, costs, max_cost=T, demand_index=True, weight_fn=f)`` with f None,
``weights.step_fn({T/3: 1, 2*T/3: 0.68, T: 0.22})`` or Dai's function written out as a lambda. PySAL
answers NaN where nothing is in reach; here access is 0.
"""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from coverage.access import Decay, facility_value, floating_catchment, load
from coverage.errors import CareCircleError

ELDERLY = np.array([10.0, 20.0, 40.0, 8.0])
CAPACITY = np.array([4.0, 6.0, np.nan, 9.0])
DEMAND = np.array([0, 1, 1, 2, 2, 0])
FACILITY = np.array([0, 0, 1, 1, 2, 3])
MINUTES = np.array([5.0, 14.0, 4.0, 15.0, 1.0, 16.0])
STREET = (DEMAND, FACILITY, MINUTES)
DECAYS: tuple[Decay, ...] = ("none", "steps", "gaussian")

# Ten homes, four facilities; some minutes on the ends of the bands, the last home out of reach.
TEN_ELDERLY = np.array([55, 246, 215, 118, 251, 69, 277, 250, 296, 189], dtype=float)
TEN_CAPACITY = np.array([13, 43, 16, 52], dtype=float)
TEN_MINUTES = np.array([
    [12.5, 5.4, 15.4, 21.8], [15.1, 15.0, 3.5, 17.9], [8.6, 18.6, 22.9, 19.5],
    [15.0, 8.6, 5.0, 13.6], [9.9, 5.9, 5.9, 2.3], [16.8, 10.3, 2.1, 11.1],
    [13.6, 10.1, 9.3, 6.6], [10.0, 20.5, 3.4, 12.5], [9.3, 5.0, 6.7, 11.6],
    [16.0, 18.5, 22.0, 15.1],
])  # fmt: skip
TEN_PYSAL = {
    "none": [
        0.041666319108471524, 0.043391510350073645, 0.008891928864569083, 0.09352055261670458,
        0.09352055261670458, 0.08462862375213549, 0.09352055261670458, 0.060746162372802136,
        0.09352055261670458, 0,
    ],
    "steps": [
        0.044553601310892046, 0.0261076869668355, 0.011230245439300778, 0.07646935680396144,
        0.14747849968882865, 0.045154671749227035, 0.08449549345866993, 0.04314600093237017,
        0.09920488637839706, 0,
    ],
    "gaussian": [
        0.05409209160907662, 0.012278307124721893, 0.013322787484370439, 0.05812255926986912,
        0.14434390885737183, 0.07040572460914396, 0.09831893235634327, 0.042929744330609886,
        0.09873822175420333, 0,
    ],
}  # fmt: skip

# Scenario 3 of PySAL's hospital example (access/tests/test_hospital_example.py): two suburbs, a
# city, 20 minutes in and out, 40 across, 1 at home; 100, 50, 10 people; 15, 20, 100 doctors.
HOSPITAL_MINUTES = np.array([[1.0, 40, 20], [40, 1, 20], [20, 20, 1]])
HOSPITAL_PYSAL = [
    (61, "none", [0.84375, 0.84375, 0.84375]),
    (30, "none", [0.7613636363636364, 0.9583333333333333, 1.0946969696969697]),
    (60, "steps", [0.8354166666666667, 0.8520833333333333, 0.8854166666666667]),
    (30, "steps", [0.7475922953451044, 0.9592555331991952, 1.227799380552981]),
]


def links_of(minutes):
    demand, facility = np.indices(minutes.shape)
    return demand.ravel(), facility.ravel(), minutes.ravel()


@st.composite
def towns(draw):
    """People, places (some unknown), links with ties, band ends and unknown minutes."""
    points, facilities = draw(st.integers(1, 7)), draw(st.integers(1, 5))
    people = st.one_of(st.just(0.0), st.floats(0.01, 1000))
    places = st.one_of(st.just(np.nan), st.just(0.0), st.floats(0.01, 100))
    walk = st.one_of(st.just(np.nan), st.sampled_from([0.0, 5.0, 10.0, 15.0]), st.floats(0, 25))
    pairs = [(d, f) for d in range(points) for f in range(facilities)]
    linked = draw(st.lists(st.sampled_from(pairs), unique=True))
    return (
        np.array(draw(st.lists(people, min_size=points, max_size=points))),
        np.array(draw(st.lists(places, min_size=facilities, max_size=facilities))),
        np.array([d for d, _ in linked], dtype=np.int64),
        np.array([f for _, f in linked], dtype=np.int64),
        np.array(draw(st.lists(walk, min_size=len(linked), max_size=len(linked)))),
    )


# --- floating catchments ---


def test_the_street_by_hand():
    found = floating_catchment(ELDERLY, CAPACITY, *STREET, threshold_min=15)
    # F0 is reached by d0 and d1 (30), F1 by d1 and d2 (60), F2 by d2, F3 by nobody.
    assert_allclose(found.reach_elderly, [30, 60, 40, 0])
    assert_allclose(found.ratio, [4 / 30, 6 / 60, np.nan, np.nan])
    assert_allclose(found.access, [4 / 30, 4 / 30 + 6 / 60, 6 / 60, 0])
    assert found.unknown_capacity == 1
    assert found.unreached_places == 9


def test_steps_by_hand():
    found = floating_catchment(ELDERLY, CAPACITY, *STREET, threshold_min=15, decay="steps")
    # 5 minutes is still the first third, 14 and 15 the last.
    reach = [10 + 0.22 * 20, 20 + 0.22 * 40]
    assert_allclose(found.reach_elderly, [*reach, 40, 0])
    ratio = [4 / reach[0], 6 / reach[1]]
    assert_allclose(found.access, [ratio[0], 0.22 * ratio[0] + ratio[1], 0.22 * ratio[1], 0])


def test_gaussian_falls_from_one_at_the_door_to_nothing_at_the_threshold():
    minutes = np.array([0.0, 7.5, 15.0, 15.0 + 1e-9, 20.0, np.nan])
    each = np.arange(6)
    found = floating_catchment(
        np.ones(6), np.ones(6), each, each, minutes, threshold_min=15, decay="gaussian"
    )
    half = (np.exp(-0.125) - np.exp(-0.5)) / (1 - np.exp(-0.5))
    assert_allclose(found.reach_elderly, [1, half, 0, 0, 0, 0], rtol=1e-15)
    assert found.unreached_places == 4


@pytest.mark.parametrize("decay", ["none", "steps"])
def test_a_microsecond_past_the_threshold_is_within_it(decay):
    minutes = np.array([15.0, 15 + 1e-9, 15 + 1e-6])
    each = np.arange(3)
    found = floating_catchment(
        np.ones(3), np.ones(3), each, each, minutes, threshold_min=15, decay=decay
    )
    assert (found.reach_elderly > 0).tolist() == [True, True, False]


@pytest.mark.parametrize("decay", DECAYS)
def test_equals_pysal_on_ten_homes(decay):
    found = floating_catchment(
        TEN_ELDERLY, TEN_CAPACITY, *links_of(TEN_MINUTES), threshold_min=15, decay=decay
    )
    assert_allclose(found.access, TEN_PYSAL[decay], rtol=1e-12)


@pytest.mark.parametrize(("threshold_min", "decay", "expected"), HOSPITAL_PYSAL)
def test_equals_pysal_on_its_hospital_example(threshold_min, decay, expected):
    found = floating_catchment(
        np.array([100.0, 50, 10]), np.array([15.0, 20, 100]), *links_of(HOSPITAL_MINUTES),
        threshold_min=threshold_min, decay=decay,
    )  # fmt: skip
    assert_allclose(found.access, expected, rtol=1e-12)


@given(towns(), st.sampled_from(DECAYS))
def test_places_are_conserved(town, decay):
    elderly, capacity = town[:2]
    found = floating_catchment(*town, threshold_min=15, decay=decay)
    handed_out = np.sum(found.access * elderly)
    assert_allclose(handed_out, np.nansum(capacity[found.reach_elderly > 0]), rtol=1e-9)
    assert_allclose(handed_out + found.unreached_places, np.nansum(capacity), rtol=1e-9)
    assert found.unknown_capacity == np.isnan(capacity).sum()


@given(towns(), st.sampled_from(DECAYS), st.randoms())
def test_the_order_of_links_decides_nothing(town, decay, random):
    elderly, capacity, *links = town
    order = np.array(random.sample(range(len(links[0])), len(links[0])), dtype=np.int64)
    shuffled = [part[order] for part in links]
    one = floating_catchment(elderly, capacity, *links, threshold_min=15, decay=decay)
    other = floating_catchment(elderly, capacity, *shuffled, threshold_min=15, decay=decay)
    assert_allclose(other.access, one.access, rtol=1e-12)
    assert_array_equal(load(elderly, capacity, *shuffled).elderly > 0,
                       load(elderly, capacity, *links).elderly > 0)  # fmt: skip


@given(towns())
def test_a_longer_threshold_never_shrinks_reach(town):
    short, long = (floating_catchment(*town, threshold_min=t).reach_elderly for t in (10, 15))
    assert np.all(long >= short * (1 - 1e-12))


def test_no_links_and_nobody():
    nothing = np.zeros(0, dtype=np.int64)
    found = floating_catchment(
        ELDERLY, CAPACITY, nothing, nothing, np.zeros(0), threshold_min=15, decay="gaussian"
    )
    assert found.access.tolist() == [0, 0, 0, 0]
    assert np.isnan(found.ratio).all()
    assert found.unreached_places == 19
    empty = floating_catchment(
        np.zeros(0), np.zeros(0), nothing, nothing, np.zeros(0), threshold_min=15
    )
    assert (len(empty.access), len(empty.ratio)) == (0, 0)


# --- load ---


def test_load_of_the_street():
    found = load(ELDERLY, CAPACITY, *STREET, overloaded_above=3.0, idle_below=1.0)
    # d0 to F0, d1 to F1, d2 to F2; nobody to F3, and d3 nowhere.
    assert found.elderly.tolist() == [10, 20, 40, 0]
    assert_allclose(found.per_place, [2.5, 20 / 6, np.nan, 0])
    assert found.overloaded.tolist() == [False, True, False, False]
    assert found.idle.tolist() == [False, False, False, True]
    assert (found.unknown_capacity, found.without_facility) == (1, 8)


def test_load_by_default_is_measured_by_the_plan():
    # 35 and 40 places for 1,000 people are as planned; 34 and 41 are not.
    each = np.arange(4)
    found = load(np.full(4, 1000.0), np.array([34.0, 35, 40, 41]), each, each, np.ones(4))
    assert found.overloaded.tolist() == [True, False, False, False]
    assert found.idle.tolist() == [False, False, False, True]


def test_no_places_are_overloaded_when_people_come():
    found = load(np.array([5.0]), np.zeros(2), np.array([0]), np.array([0]), np.ones(1))
    assert_array_equal(found.per_place, [np.inf, np.nan])
    assert found.overloaded.tolist() == [True, False]
    assert found.idle.tolist() == [False, False]


def test_ties_go_to_the_lower_position():
    links = (np.array([0, 0, 0]), np.array([2, 1, 0]), np.array([3.0, 3.0 + 1e-10, 3.1]))
    assert load(np.array([7.0]), np.ones(3), *links).elderly.tolist() == [0, 7, 0]


@given(towns())
def test_load_conserves_people(town):
    found = load(*town)
    assert_allclose(found.elderly.sum() + found.without_facility, town[0].sum(), rtol=1e-12)
    assert not np.any(found.overloaded & found.idle)


# --- the value of facilities ---


def test_value_of_the_street():
    value = facility_value(ELDERLY, *STREET, threshold_min=15, count=4)
    assert value.elderly_in_reach.tolist() == [30, 60, 40, 0]
    assert value.elderly_only.tolist() == [10, 0, 0, 0]
    assert value.elderly_shared.tolist() == [20, 60, 40, 0]
    assert value.elderly_nearest.tolist() == [10, 20, 40, 0]
    table = pd.DataFrame(asdict(value))
    assert list(table) == ["elderly_in_reach", "elderly_only", "elderly_shared", "elderly_nearest"]
    assert table.index.tolist() == [0, 1, 2, 3]


@given(towns(), st.sampled_from([5.0, 15.0, 60.0]))
def test_value_equals_a_loop(town, threshold_min):
    elderly, capacity, demand, facility, minutes = town
    value = facility_value(
        elderly, demand, facility, minutes, threshold_min=threshold_min, count=len(capacity)
    )
    expected = np.zeros((4, len(capacity)))
    for point, people in enumerate(elderly):
        walks = [
            (m, f) for d, f, m in zip(demand, facility, minutes, strict=True)
            if d == point and m <= threshold_min
        ]  # fmt: skip
        for _, f in walks:
            expected[0, f] += people
            expected[1 if len(walks) == 1 else 2, f] += people
        if walks:
            least = min(walks)[0]
            expected[3, min(f for m, f in walks if m <= least + 1e-6 / 60)] += people
    assert_allclose(list(asdict(value).values()), expected, rtol=1e-12)


@given(towns())
def test_only_is_what_closing_would_lose(town):
    elderly, capacity, demand, facility, minutes = town
    count = len(capacity)
    whole = facility_value(elderly, demand, facility, minutes, threshold_min=15, count=count)
    kept = facility != 0
    less = facility_value(
        elderly, demand[kept], facility[kept], minutes[kept], threshold_min=15, count=count
    )
    lost = whole.elderly_nearest.sum() - less.elderly_nearest.sum()
    assert_allclose(lost, whole.elderly_only[0], atol=1e-9)


# --- what is refused ---


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"elderly": np.array([10.0, -1, 40, 8])}, "elderly must be finite and 0 or more"),
        ({"elderly": np.array([10.0, np.nan, 40, 8])}, "elderly must be finite"),
        ({"capacity": np.array([4.0, -6, np.nan, 9])}, "capacity must be finite and 0 or more"),
        ({"demand": DEMAND + 2}, "Positions in demand must be 0 to 3"),
        ({"facility": FACILITY - 1}, "Positions in facility must be 0 to 3"),
        ({"minutes": -MINUTES}, "minutes must be 0 or more"),
        ({"minutes": MINUTES[:-1]}, "6 demand, 6 facility and 5 minutes"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    given_ = {
        "elderly": ELDERLY, "capacity": CAPACITY, "demand": DEMAND, "facility": FACILITY,
        "minutes": MINUTES,
    } | change  # fmt: skip
    with pytest.raises(CareCircleError, match=words):
        floating_catchment(**given_, threshold_min=15)
    with pytest.raises(ValueError, match=words):
        load(**given_)
    if "capacity" not in change:
        del given_["capacity"]
        with pytest.raises(ValueError, match=words):
            facility_value(**given_, threshold_min=15, count=4)


def test_all_that_does_not_fit_is_told_at_once():
    with pytest.raises(CareCircleError, match=r"demand must.*facility must.*elderly must"):
        facility_value(-ELDERLY, DEMAND + 9, FACILITY, MINUTES, threshold_min=15, count=1)


def test_options_are_checked():
    with pytest.raises(ValueError, match="Unknown decay 'linear'. Accepted: none, steps, gaussian"):
        floating_catchment(ELDERLY, CAPACITY, *STREET, threshold_min=15, decay="linear")
    with pytest.raises(ValueError, match="threshold_min is 0"):
        floating_catchment(ELDERLY, CAPACITY, *STREET, threshold_min=0)
    with pytest.raises(ValueError, match="idle_below is 9"):
        load(ELDERLY, CAPACITY, *STREET, overloaded_above=3, idle_below=9)
