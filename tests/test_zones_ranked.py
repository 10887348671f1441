"""Zones by what a yuan wins in them."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from coverage.errors import UsageError
from coverage.zones_ranked import rank_zones
from test_load_bearing import access, make_network, standing


def street():
    """Homes of 4, 6 and 5 at 0, 10 and 40 min along one street; a facility at its very end.

    Zone A holds the start with two proposals there, B the middle with one of unknown cost, C none.
    """
    network = make_network({1: (0, 0), 2: (4000, 0)}, [(1, 2, 4000)])
    who = access(network, standing((0, 1.0)), standing((0, 0.0), (0, 0.15), (0, 0.6)), [4, 6, 5],
                 {"community": np.array([0])})  # fmt: skip
    homes = gpd.GeoDataFrame(geometry=shapely.points([[0, 0], [600, 0], [2400, 0]]),
                             crs=network.crs)  # fmt: skip
    zones = gpd.GeoDataFrame(
        index=["C", "B", "A"],
        geometry=[shapely.box(3000, -9, 4000, 9), shapely.box(2000, -9, 2900, 9),
                  shapely.box(-9, -9, 1000, 9)], crs=network.crs,
    )  # fmt: skip
    proposals = gpd.GeoDataFrame(
        {"tier": "community", "cost_cny": [1e6, 1e6, np.nan]},
        geometry=shapely.points([[100, 0], [200, 0], [2300, 0]]), crs=network.crs,
    )  # fmt: skip
    return who, homes, zones, proposals


def test_people_are_not_counted_twice_and_unknown_costs_come_after():
    table = rank_zones(*street(), snap_limit_m=50)
    assert table.index.tolist() == ["A", "B", "C"]
    assert table["rank"].tolist() == [1, 2, 3]
    assert table["elderly"].tolist() == [10, 5, 0]
    assert table["elderly_gained"].tolist() == [10, 5, 0]
    assert table["proposals"].tolist() == [2, 1, 0]
    assert table["elderly_per_million_cny"].iloc[0] == 5
    assert table["elderly_per_million_cny"].iloc[1:].isna().all()
    assert table["share_community"].tolist()[:2] == [0, 0]


def test_what_cannot_be_ranked_is_told():
    who, homes, zones, proposals = street()
    with pytest.raises(UsageError, match="cost_cny"):
        rank_zones(who, homes, zones, proposals.drop(columns="cost_cny"), snap_limit_m=50)
    with pytest.raises(UsageError, match="palace"):
        rank_zones(who, homes, zones, proposals.assign(tier="palace"), snap_limit_m=50)
