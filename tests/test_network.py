"""The walking network: building it, and to networkx and back."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from numpy.testing import assert_allclose

from conftest import CRS, make_network
from coverage.errors import InputError
from coverage.graphs import network_from_networkx, network_to_networkx
from coverage.inputs.walk_rules import TAGS
from coverage.network import build_network
from coverage.streets import EVERYONE, NOBODY, streets_from_ways
from coverage.walkers import PACKAGED_WALKERS

ADULT = PACKAGED_WALKERS["adult"]


def streets(refs, lon_lat, lengths, highways):
    ways = pd.DataFrame(
        None, columns=[*TAGS, "rule", "who"], dtype=object,
        index=pd.Index(range(len(highways)), name="osm_id"),
    ).where(lambda frame: frame.notna(), None)  # fmt: skip
    ways["highway"], ways["rule"], ways["who"] = highways, "path", EVERYONE
    return streets_from_ways(
        np.array(refs), np.array(lon_lat, dtype=float), np.array(lengths), ways
    )


def test_ways_become_segments_that_share_nodes():
    """Way 0 is 7-3-5, way 1 is 5-9."""
    spots = {7: (106.50, 29.50), 3: (106.51, 29.50), 5: (106.51, 29.51), 9: (106.52, 29.51)}
    found = streets([7, 3, 5, 5, 9], [spots[n] for n in (7, 3, 5, 5, 9)], [3, 2], ["steps", "path"])
    assert found.node_id.tolist() == [3, 5, 7, 9]
    assert found.node_id[found.tail].tolist() == [7, 3, 5]
    assert found.node_id[found.head].tolist() == [3, 5, 9]
    assert found.way.tolist() == [0, 0, 1]


def test_a_way_ends_where_its_node_is_missing():
    gone = (np.nan, np.nan)
    found = streets(
        [1, 2, 3, 4], [(106.5, 29.5), gone, (106.51, 29.5), (106.52, 29.5)], [4], ["path"]
    )
    assert [(1 + t, 1 + h) for t, h in zip(found.tail, found.head, strict=True)] == [(2, 3)]
    assert found.node_id.tolist() == [1, 3, 4]


def test_lengths_are_metres_and_seconds_the_walkers():
    """0.01 degrees of latitude are 1108.44 m at 29.5 N (meridian arc of WGS-84)."""
    found = streets([1, 2], [(105.0, 29.50), (105.0, 29.51)], [2], ["path"])
    network = build_network(found, crs=CRS, walker=ADULT)
    # 105 E is the zone's middle, where the scale of UTM is 0.9996.
    assert_allclose(network.length_m, [1108.44 * 0.9996], rtol=1e-5)
    assert_allclose(network.seconds_along, network.length_m / 1.3)
    assert network.symmetric


def test_no_streets_is_an_error_that_says_why():
    found = streets([1, 2], [(105.0, 29.50), (105.0, 29.51)], [2], ["motorway"])
    found.ways["who"], found.ways["rule"] = NOBODY, "motorway"
    with pytest.raises(InputError, match="no street that may be walked .*1 by 'motorway'"):
        found.require_walkable()


def test_components_are_numbered_by_street_length():
    network = make_network(
        {0: (0, 0), 1: (10, 0), 2: (0, 99), 3: (50, 99), 4: (99, 99)}, [(0, 1), (2, 3), (3, 4)]
    )
    assert network.components().tolist() == [1, 0, 0]


def test_street_pieces_end_at_junctions_and_where_the_way_changes():
    r"""Way A is 0-1-2-3, way B starts at 2.

    0 --- 1 --- 2 --- 3
                |
                4
    """
    network = make_network(
        {0: (0, 0), 1: (10, 0), 2: (20, 0), 3: (30, 0), 4: (20, 9)},
        [(0, 1), (1, 2), (2, 3), (2, 4)],
    )
    network.way[:] = [0, 0, 0, 1]
    label = network.street_pieces()
    assert label[0] == label[1]
    assert len(set(label.tolist())) == 3


def test_to_networkx_and_back():
    inf = float("inf")
    network = make_network(
        {10: (0, 0), 20: (300, 0), 30: (300, 400)},
        [(10, 20, 100, 200), (20, 30, 50, inf), (10, 20, 70), (30, 30, 5)],
        names=["甲路", "乙路", "丙路", "丁路"],
    )
    graph = network_to_networkx(network)
    assert graph.number_of_edges() == 7
    back = network_from_networkx(graph, walker=network.walker)
    assert back.node_id.tolist() == [10, 20, 30]
    assert_allclose(back.xy, network.xy)

    def rows(net):
        names = net.ways["name"].to_numpy()[net.way]
        return sorted(
            zip(names, net.tail, net.head, net.length_m, net.seconds_along, net.seconds_against,
                strict=True)
        )  # fmt: skip

    assert rows(back) == rows(network)


def test_a_curved_edge_becomes_straight_ones_with_shares():
    """An L of 300 m and 400 m that takes 140 s becomes 60 s and 80 s."""
    graph = nx.MultiDiGraph(crs=CRS)
    graph.add_node("a", x=0.0, y=0.0)
    graph.add_node("b", x=300.0, y=400.0)
    bend = shapely.LineString([(0, 0), (300, 0), (300, 400)])
    graph.add_edge("a", "b", geometry=bend, length=700.0, seconds=140.0, osmid=5)
    graph.add_edge("b", "a", geometry=bend.reverse(), length=700.0, seconds=280.0, osmid=5)
    network = network_from_networkx(graph, walker=ADULT)
    assert_allclose(network.length_m, [300, 400])
    assert_allclose(network.seconds_along, [60, 80])
    assert_allclose(network.seconds_against, [120, 160])
    assert_allclose(network.xy[network.head[0]], [300, 0])
    assert network.head[0] == network.tail[1]


@pytest.mark.parametrize("crs", [None, "EPSG:4326"])
def test_a_graph_in_degrees_is_refused(crs):
    graph = nx.MultiDiGraph(crs=crs)
    graph.add_edge(1, 2)
    with pytest.raises(InputError, match="not metres"):
        network_from_networkx(graph, walker=ADULT)


def test_a_graph_without_edges_is_refused():
    with pytest.raises(InputError, match="no edges"):
        network_from_networkx(nx.MultiDiGraph(crs=CRS), walker=ADULT)


def test_frames_carry_ids_geometry_and_crs():
    network = make_network({7: (0, 0), 8: (30, 40)}, [(7, 8)], names=["甲路"])
    nodes, edges = network.to_frames()
    assert nodes.index.tolist() == [7, 8]
    assert edges[["u", "v", "osm_id", "name", "length_m"]].to_numpy().tolist() == [
        [7, 8, 1, "甲路", 50.0]
    ]
    assert edges.geometry.iloc[0].equals(shapely.LineString([(0, 0), (30, 40)]))
    assert str(nodes.crs) == str(edges.crs) == CRS
