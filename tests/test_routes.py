"""The walk between two places."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ORIGIN, make_network, make_streets, walked
from coverage.errors import UsageError
from coverage.pace import ESCALATOR, LIFT, RIDE, STAIRS, STREET
from coverage.routes import KINDS, profile, route


def test_a_walk_over_a_stair():
    r"""30 m of street, a stair of 60 steps, 30 m of street; both ends stand 9 m off.

    A
    1 ---- 2 ==60== 3 ---- 4
                           B
    """
    streets = make_streets(
        {1: (0, 0), 2: (600, 0), 3: (618, 0), 4: (1218, 0)},
        [(1, [1, 2], {"highway": "path"}), (2, [2, 3], {"highway": "steps", "step_count": "60"}),
         (3, [3, 4], {"highway": "path"})],
    )  # fmt: skip
    network = walked(streets, {1: 200, 2: 200, 3: 209, 4: 209})
    x, y = ORIGIN
    up = route(network, (x + 570, y + 9), (x + 648, y - 9))
    assert up.length_m == pytest.approx(78, rel=1e-4)
    assert up.steps == pytest.approx(60, rel=1e-6)
    assert (up.climb_m, up.descent_m) == pytest.approx((9, 0))
    seconds = (30 + 30 + 9 + 9) / 0.9 + 60 * 0.93 * (1 + 40 / 180)
    assert up.minutes == pytest.approx(seconds / 60, rel=1e-4)
    down = route(network, (x + 648, y - 9), (x + 570, y + 9))
    assert down.minutes == pytest.approx(((78) / 0.9 + 60 * 0.93) / 60, rel=1e-4)
    assert down.forward.tolist() == [False, False, False]
    assert (down.climb_m, down.descent_m) == pytest.approx((0, 9))


def test_a_walk_within_one_edge():
    network = make_network({0: (0, 0), 1: (900, 0)}, [(0, 1)])
    walk = route(network, (100, 0), (190, 0))
    assert walk.minutes == pytest.approx(100 / 60)
    assert walk.edges.tolist() == [0]


def test_no_walk_and_no_street():
    network = make_network({0: (0, 0), 1: (900, 0), 2: (0, 900), 3: (900, 900)}, [(0, 1), (2, 3)])
    with pytest.raises(UsageError, match="No walk joins"):
        route(network, (0, 0), (0, 900))
    with pytest.raises(UsageError, match="no street within 300 m of the end"):
        route(network, (0, 0), (0, 5000))


def test_the_kinds_have_the_numbers_of_the_pace():
    known = {STREET: "street", STAIRS: "stairs", ESCALATOR: "escalator", LIFT: "lift", RIDE: "ride"}
    assert dict(enumerate(KINDS)) == known


def test_the_profile_of_a_walk_over_a_stair():
    r"""As above: places at 570, 600, 618 and 648 m from 1, at 200, 200, 209 and 209 m of height."""
    streets = make_streets(
        {1: (0, 0), 2: (600, 0), 3: (618, 0), 4: (1218, 0)},
        [(1, [1, 2], {"highway": "path", "name": "下街"}),
         (2, [2, 3], {"highway": "steps", "step_count": "60"}),
         (3, [3, 4], {"highway": "path"})],
    )  # fmt: skip
    network = walked(streets, {1: 200, 2: 200, 3: 209, 4: 227})
    x, y = ORIGIN
    up = route(network, (x + 570, y + 9), (x + 648, y - 18))
    assert up.legs_min == pytest.approx((10 / 60, 20 / 60), rel=1e-4)
    found = profile(network, up)
    assert found["along_m"].tolist() == pytest.approx([0, 30, 48, 78], rel=1e-4)
    # The last street rises 18 m over 600, and is left after 30.
    assert found["height_m"].tolist() == pytest.approx([200, 200, 209, 209.9], rel=1e-4)
    assert found["steps"].tolist() == pytest.approx([0, 0, 60, 60])
    stair_s = 60 * 0.93 * (1 + 40 / 180)
    slow = np.exp(-3.5 * 0.08) / np.exp(-3.5 * 0.05)
    seconds = [10, 30 / 0.9, stair_s, 30 / (0.9 * slow)]
    assert found["minutes"].tolist() == pytest.approx(np.cumsum(seconds) / 60, rel=1e-3)
    assert found["kind"].tolist() == ["", "street", "stairs", "street"]
    assert found["name"].tolist() == ["", "下街", "", ""]
    assert found["minutes"].iloc[-1] + up.legs_min[1] == pytest.approx(up.minutes)
    down = profile(network, route(network, (x + 648, y - 18), (x + 570, y + 9)))
    assert down["height_m"].tolist() == pytest.approx([209.9, 209, 200, 200], rel=1e-4)
    assert down["along_m"].tolist() == pytest.approx([0, 30, 48, 78], rel=1e-4)


def test_the_profile_within_one_edge_and_without_heights():
    network = make_network({0: (0, 0), 1: (900, 0)}, [(0, 1)])
    there = route(network, (100, 0), (190, 0))
    assert (there.begins.tolist(), there.ends.tolist()) == ([100 / 900], [190 / 900])
    back = profile(network, route(network, (190, 0), (100, 0)))
    assert back["along_m"].tolist() == pytest.approx([0, 90])
    assert back["minutes"].tolist() == pytest.approx([0, 100 / 60])
    assert back["height_m"].isna().all()


def test_a_walk_to_where_it_begins():
    network = make_network({0: (0, 0), 1: (900, 0)}, [(0, 1)])
    walk = route(network, (100, 45), (100, -45))
    assert (walk.minutes, walk.length_m) == pytest.approx((100 / 60, 0))
    assert profile(network, walk)["minutes"].tolist() == pytest.approx([50 / 60, 50 / 60])


place = st.tuples(st.integers(-50, 650), st.integers(-50, 650))


@settings(max_examples=60, deadline=None)
@given(start=place, end=place)
def test_a_profile_adds_up_to_its_walk(start, end):
    r"""A square of streets, one of them quicker in one direction, with a street across."""
    network = make_network(
        {0: (0, 0), 1: (600, 0), 2: (600, 600), 3: (0, 600)},
        [(0, 1), (1, 2, 900, 300), (2, 3), (3, 0), (0, 2)],
    )
    walk = route(network, start, end)
    found = profile(network, walk)
    assert len(found) == len(walk.edges) + 1
    assert found["along_m"].iloc[-1] == pytest.approx(walk.length_m)
    assert found["minutes"].iloc[-1] + walk.legs_min[1] == pytest.approx(walk.minutes)
    assert (found[["along_m", "minutes"]].diff().iloc[1:] >= 0).all(axis=None)


def test_a_walk_shows_its_figures_in_jupyter():
    network = make_network({0: (0, 0), 1: (900, 0)}, [(0, 1)])
    walk = route(network, (100, 0), (190, 0))
    assert "1.7 分钟 min" in walk._repr_html_()
    assert "90 米 m" in walk._repr_html_()
    assert len(repr(walk)) < 200
