"""How many steps, and where the number comes from."""

import pytest
from numpy.testing import assert_allclose

from conftest import make_streets, walked
from coverage.stairs import DEFAULT, DEM, NONE, TAGGED


def stair(length, rise, **tags):
    streets = make_streets({1: (0, 0), 2: (length, 0)}, [(7, [1, 2], {"highway": "steps", **tags})])
    network = walked(streets, {} if rise is None else {1: 100.0, 2: 100.0 + rise})
    return network.features.steps[0], network.steps_source[0]


@pytest.mark.parametrize(
    ("length", "rise", "tags", "steps", "source"),
    [
        (60, 20, {"step_count": "123"}, 123, TAGGED),
        (60, 20, {}, 20 / 0.15, DEM),
        (60, -20, {}, 20 / 0.15, DEM),
        # Shorter than a cell of the raster: it cannot know the rise.
        (24, 8, {}, 80, DEFAULT),
        (60, None, {}, 200, DEFAULT),
        # A flat stairway of 60 m, or one of 80 % grade, is the raster's error.
        (60, 1, {}, 200, DEFAULT),
        (60, 48, {}, 200, DEFAULT),
        # Absurd tags are no tags.
        (24, 8, {"step_count": "many"}, 80, DEFAULT),
        (24, 8, {"step_count": "-5"}, 80, DEFAULT),
        (24, 8, {"step_count": "99999"}, 80, DEFAULT),
    ],
)
def test_steps_and_their_source(length, rise, tags, steps, source):
    found, whence = stair(length, rise, **tags)
    assert_allclose(found, steps, rtol=1e-6)
    assert whence == source


def test_a_way_shares_its_steps_over_its_segments():
    streets = make_streets(
        {1: (0, 0), 2: (10, 0), 3: (40, 0)},
        [(7, [1, 2, 3], {"highway": "steps", "step_count": "80"})],
    )
    assert_allclose(walked(streets).features.steps, [20, 60], rtol=1e-6)


def test_a_flight_goes_on_through_ways_and_ends_at_a_street():
    r"""Two stairways end to end are one flight of 100; the third starts at a street.

    1 ==60== 2 ==40== 3 ==30== 4
                      |
                      5
    """
    streets = make_streets(
        {1: (0, 0), 2: (18, 0), 3: (30, 0), 4: (39, 0), 5: (30, 50)},
        [(7, [1, 2], {"highway": "steps", "step_count": "60"}),
         (8, [2, 3], {"highway": "steps", "step_count": "40"}),
         (9, [3, 4], {"highway": "steps", "step_count": "30"}),
         (10, [3, 5], {"highway": "residential"})],
    )  # fmt: skip
    network = walked(streets)
    assert_allclose(network.features.flight_steps, [100, 100, 30, 0])
    assert network.steps_source.tolist() == [TAGGED, TAGGED, TAGGED, NONE]
