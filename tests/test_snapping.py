"""Points onto edges."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from conftest import make_network
from coverage.pace import ESCALATOR
from coverage.snapping import snap, usable_edges


def everywhere(network):
    return np.arange(len(network.tail))


def test_the_nearest_place_is_on_the_edge_not_at_its_nodes():
    r"""The point is 30 m above the long street, 40 m from the far node of the short one.

    0 ------------ P ------------ 1        (0, 0) - (1000, 0)
    """
    network = make_network({0: (0, 0), 1: (1000, 0), 2: (250, 70)}, [(0, 1), (0, 2)])
    snapped = snap(network, np.array([[250.0, 30.0]]), onto=everywhere(network), limit_m=100)
    assert snapped.edge.tolist() == [0]
    assert_allclose(snapped.fraction, [0.25])
    assert_allclose(snapped.distance_m, [30])
    assert_allclose(snapped.leg_s, [30 / 0.9])


def test_beyond_the_limit_is_listed_as_not_snapped():
    network = make_network({0: (0, 0), 1: (1000, 0)}, [(0, 1)])
    snapped = snap(
        network, np.array([[500.0, 101.0], [500.0, 99.0]]), onto=everywhere(network), limit_m=100
    )
    assert snapped.found.tolist() == [False, True]
    assert snapped.edge.tolist() == [-1, 0]
    assert np.isnan(snapped.distance_m).tolist() == [True, False]
    assert snapped.component.tolist() == [-1, 0]


def test_an_island_of_three_nodes_is_passed_over_for_the_street_behind_it():
    r"""The island (3 nodes, 40 m) is nearer; the street 60 m away is where people walk."""
    network = make_network(
        {0: (0, 0), 1: (1000, 0), 2: (500, 50), 3: (520, 50), 4: (540, 50)},
        [(0, 1), (2, 3), (3, 4)],
    )
    usable = usable_edges(network)
    assert usable.tolist() == [0]
    snapped = snap(network, np.array([[510.0, 60.0]]), onto=usable, limit_m=100)
    assert snapped.edge.tolist() == [0]
    assert_allclose(snapped.distance_m, [60])


@pytest.mark.parametrize(
    ("column", "value", "usable"),
    [("tunnel", "yes", [1]), ("tunnel", "building_passage", [0, 1]), ("highway", "motorway", [1])],
)
def test_tunnels_and_motorways_take_no_points(column, value, usable):
    network = make_network({0: (0, 0), 1: (1000, 0), 2: (2000, 0)}, [(0, 1), (1, 2)])
    network.ways["tunnel"] = None
    network.ways.loc[1, column] = value
    assert usable_edges(network).tolist() == usable


def test_edges_that_nobody_can_go_take_no_points():
    closed = float("inf")
    network = make_network(
        {0: (0, 0), 1: (1000, 0), 2: (2000, 0)}, [(0, 1, closed, closed), (1, 2)]
    )
    assert usable_edges(network).tolist() == [1]


def test_escalators_take_no_points():
    network = make_network({0: (0, 0), 1: (1000, 0), 2: (2000, 0)}, [(0, 1), (1, 2)])
    network.features.kind[0] = ESCALATOR
    assert usable_edges(network).tolist() == [1]


def test_equally_near_edges_give_the_first():
    network = make_network({0: (0, 0), 1: (100, 0), 2: (200, 0)}, [(1, 2), (0, 1)])
    snapped = snap(network, np.array([[100.0, 5.0]]), onto=everywhere(network), limit_m=50)
    assert snapped.edge.tolist() == [0]


def test_an_edge_without_length_takes_a_point():
    network = make_network({0: (0, 0), 1: (0, 0)}, [(0, 1)])
    snapped = snap(network, np.array([[3.0, 4.0]]), onto=everywhere(network), limit_m=50)
    assert snapped.fraction.tolist() == [0.0]
    assert snapped.distance_m.tolist() == [5.0]
