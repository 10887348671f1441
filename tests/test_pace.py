"""Seconds on an edge, in closed form."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from conftest import make_streets, walked
from coverage.lifts import split_lifts
from coverage.nearest import nearest_seconds
from coverage.network import timed
from coverage.pace import slope_factor
from coverage.snapping import Snapped
from coverage.walkers import PACKAGED_WALKERS, Walker

SPEED = 0.9
INF = float("inf")


def one_way(length=100.0, rise=0.0, walker="senior", **tags):
    """Seconds up and down a way of one segment that rises by so many metres."""
    streets = make_streets(
        {1: (0, 0), 2: (length, 0)}, [(7, [1, 2], {"highway": "footway", **tags})]
    )
    network = walked(streets, {1: 100.0, 2: 100.0 + rise}, walker)
    assert_allclose(network.length_m, [length], rtol=1e-6)
    return float(network.seconds_along[0]), float(network.seconds_against[0])


@pytest.mark.parametrize(
    ("grade", "factor"),
    [(0.05, 0.839), (0.10, 0.705), (0.20, 0.497), (-0.05, 1.191), (-0.10, 1.0), (-0.20, 0.705)],
)
def test_toblers_function_scaled(grade, factor):
    assert_allclose(slope_factor(np.array([grade])), [factor], atol=5e-4)
    assert slope_factor(np.array([0.0]))[0] == 1.0


def test_ten_percent_up_and_down():
    up, down = one_way(100, 10)
    assert up == pytest.approx(100 / SPEED / math.exp(-0.35))
    assert up == pytest.approx(100 / SPEED / 0.705, rel=1e-3)
    assert down == pytest.approx(100 / SPEED)


def test_pace_is_integrated():
    """50 m level and 50 m at +20 %: not the mean grade's time, not the mean speed's."""
    streets = make_streets(
        {1: (0, 0), 2: (50, 0), 3: (100, 0)}, [(7, [1, 2, 3], {"highway": "path"})]
    )
    seconds = walked(streets, {1: 0.0, 2: 0.0, 3: 10.0}).seconds_along.sum()
    steep = math.exp(-0.7)
    assert seconds == pytest.approx(50 / SPEED + 50 / SPEED / steep)
    assert seconds > 1.05 * 100 / SPEED / 0.705
    assert seconds > 1.1 * 100 / (SPEED * (1 + steep) / 2)


def test_sixty_steps():
    """60 steps of 0.93 s; going up the flight tires: 1 + (60 - 20) / 180."""
    up, down = one_way(18, 9, highway="steps", step_count="60")
    assert up == pytest.approx(60 * 0.93 * (1 + 40 / 180))
    assert down == pytest.approx(60 * 0.93)


def test_incline_says_which_end_is_up():
    down, up = one_way(18, 9, highway="steps", step_count="60", incline="down")
    assert up > down


def test_where_nobody_knows_which_end_is_up_both_ways_take_the_mean():
    streets = make_streets({1: (0, 0), 2: (18, 0)}, [(7, [1, 2], {"highway": "steps"})])
    network = walked(streets)
    assert_allclose(network.seconds_along, 60 * 0.93 * (1 + (1 + 40 / 180)) / 2, rtol=1e-6)
    assert network.symmetric


def test_stairs_are_never_quicker_than_a_street_of_their_length():
    up, down = one_way(90, 1, highway="steps", step_count="3")
    assert up == down == pytest.approx(100)


def test_an_escalator_runs_its_way():
    along, against = one_way(30, 10, highway="steps", conveying="forward", incline="up")
    assert along == pytest.approx(30 / math.cos(math.radians(30)) / 0.5)
    assert against == INF
    assert one_way(30, 10, highway="steps", conveying="backward")[0] == INF
    for both in ("yes", "reversible"):
        assert one_way(30, 10, highway="steps", conveying=both) == (along, along)
    assert one_way(30, 10, walker="wheelchair", highway="steps", conveying="yes") == (INF, INF)


def test_a_lift_node_costs_waiting_and_riding():
    r"""A street below and a footbridge above meet at the lift 2: 30 + 10 s and 12 m at 1 m/s.

    1 ---- 2 ==lift== 2' ---- 3
    """
    streets = split_lifts(
        make_streets(
            {1: (0, 0), 2: (90, 0), 3: (180, 0)},
            [(7, [1, 2], {"highway": "footway"}),
             (8, [2, 3], {"highway": "footway", "bridge": "yes", "layer": "1"})],
            lifts=[2],
        )
    )  # fmt: skip
    assert len(streets.node_id) == 4
    network = walked(streets, {1: 100, 2: 100, 3: 112, 4: 112}, "wheelchair")
    lift = np.flatnonzero(network.ways["highway"].to_numpy()[network.way] == "elevator")
    assert network.seconds_along[lift].tolist() == [52.0]
    assert network.ways.index[network.way[lift]].tolist() == [-2]
    start = Snapped(np.array([0]), np.array([0.0]), np.array([0.0]), np.array([0.0]), np.array([0]))
    seconds, _ = nearest_seconds(network, start, np.array([0]), direction="back", limit_s=1e4)
    assert_allclose(seconds[network.node_id == 3], 90 / 0.64 * 2 + 52, rtol=1e-5)


def test_a_lift_within_one_way_joins_its_halves():
    streets = make_streets(
        {1: (0, 0), 2: (90, 0), 3: (180, 0)}, [(7, [1, 2, 3], {"highway": "footway"})], lifts=[2]
    )
    network = walked(split_lifts(streets))
    lift = network.ways["highway"].to_numpy()[network.way] == "elevator"
    # Heights are not known: the usual rise of 10 m.
    assert network.seconds_along[lift].tolist() == [50.0]


def test_a_lift_at_a_dead_end_changes_nothing():
    streets = make_streets(
        {1: (0, 0), 2: (90, 0)}, [(7, [1, 2], {"highway": "footway"})], lifts=[2]
    )
    assert split_lifts(streets) is streets


def test_a_lift_mapped_as_a_way():
    assert one_way(6, 20, highway="elevator") == (60, 60)


def test_a_lift_drawn_in_two_segments_is_one_lift():
    streets = make_streets(
        {1: (0, 0), 2: (3, 0), 3: (6, 0)}, [(7, [1, 2, 3], {"highway": "elevator"})]
    )
    assert walked(streets, {1: 100, 2: 110, 3: 120}).seconds_along.sum() == pytest.approx(60)


def test_a_lift_drawn_as_way_and_as_nodes_is_one_lift():
    streets = split_lifts(
        make_streets(
            {0: (-50, 0), 1: (0, 0), 2: (6, 0), 3: (56, 0)},
            [(6, [0, 1], {"highway": "footway"}), (7, [1, 2], {"highway": "elevator"}),
             (8, [2, 3], {"highway": "footway"})],
            lifts=[1, 2],
        )
    )  # fmt: skip
    network = walked(streets, {0: 100, 1: 100, 2: 120, 3: 120})
    assert network.seconds_along.sum() == pytest.approx(60 + 100 / 0.9, rel=1e-4)


def test_a_moving_walkway_is_walked_on():
    along, against = one_way(100, 0, highway="footway", conveying="forward")
    assert along == pytest.approx(100 / SPEED, rel=1e-6)
    assert against == INF


def test_an_escalator_with_oneway_is_no_pair():
    assert one_way(30, 10, highway="steps", conveying="yes", oneway="yes")[1] == INF


def test_steeper_than_stairs_is_climbed_like_stairs():
    """3 m up within 2 m of a footway: 20 risers, not Tobler's 423 s."""
    up, down = one_way(2, 3, highway="footway")
    assert up == down == pytest.approx(20 * 0.93, rel=1e-6)


def test_level_stairs_leave_slopes_and_limits_alone():
    own = Walker(name="own", level_speed_mps=0.9, stairs="level", max_grade_up=0.1)
    streets = make_streets({1: (0, 0), 2: (100, 0)}, [(7, [1, 2], {"highway": "path"})])
    network = timed(walked(streets, {1: 0.0, 2: 20.0}), own)
    assert network.seconds_along.tolist() == [INF]
    assert network.seconds_against[0] > 100 / 0.9


def test_a_wheelchair_takes_the_ramp_and_not_the_stair():
    assert one_way(30, 3, walker="wheelchair", highway="steps") == (INF, INF)
    up, down = one_way(30, 3, walker="wheelchair", highway="steps", **{"ramp:wheelchair": "yes"})
    assert up == pytest.approx(30 / 0.64 / slope_factor(np.array([0.1]))[0])
    assert down == pytest.approx(30 / 0.64)


def test_a_wheelchair_climbs_one_in_twelve_and_no_more():
    assert one_way(100, 8.3, walker="wheelchair")[0] < INF
    up, down = one_way(100, 8.4, walker="wheelchair")
    assert up == INF
    assert down < INF
    assert one_way(100, 0, walker="wheelchair", wheelchair="no") == (INF, INF)


def test_flat_900_knows_one_speed():
    for tags in (
        {},
        {"highway": "steps", "step_count": "99"},
        {"highway": "steps", "conveying": "yes"},
    ):
        assert one_way(90, 30, walker="flat-900", **tags) == pytest.approx((100, 100))


def test_unknown_heights_are_level():
    streets = make_streets({1: (0, 0), 2: (90, 0)}, [(7, [1, 2], {"highway": "path"})])
    network = walked(streets, {1: 100.0})
    assert_allclose(network.seconds_along, 100, rtol=1e-6)
    assert np.isnan(network.features.rise_m).all()


def test_a_ferry_takes_its_duration_and_a_wait():
    streets = make_streets(
        {1: (0, 0), 2: (300, 0), 3: (600, 0)},
        [(7, [1, 2, 3], {"route": "ferry", "duration": "00:12"})],
    )
    assert walked(streets).seconds_along.sum() == pytest.approx(12 * 60 + 300)


def test_foot_may_be_one_way():
    along, against = one_way(90, 0, **{"oneway:foot": "yes"})
    assert along == pytest.approx(100, rel=1e-6)
    assert against == INF


@given(st.floats(-0.6, 0.6), st.sampled_from(sorted(PACKAGED_WALKERS)))
def test_nobody_is_quicker_than_their_fastest_speed(grade, name):
    walker = PACKAGED_WALKERS[name]
    factor = float(slope_factor(np.array([grade]))[0]) if walker.slope == "tobler" else 1.0
    assert factor * walker.level_speed_mps <= walker.fastest_speed_mps * (1 + 1e-12)


def test_a_study_may_define_its_walker():
    own = Walker(name="trolley", level_speed_mps=0.8, stairs="counted", step_up_s=3, step_down_s=2)
    streets = make_streets(
        {1: (0, 0), 2: (6, 0)},
        [(7, [1, 2], {"highway": "steps", "step_count": "20", "incline": "up"})],
    )
    network = timed(walked(streets, {1: 0, 2: 3}), own)
    assert network.seconds_along.tolist() == [60.0]
    assert network.seconds_against.tolist() == [40.0]
