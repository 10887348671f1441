"""The walk between two places."""

import pytest

from conftest import ORIGIN, make_network, make_streets, walked
from coverage.errors import UsageError
from coverage.routes import route


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
