"""Zones by what a yuan wins in them."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.errors import UsageError
from coverage.links import find_links
from coverage.passing import Access
from coverage.zones_ranked import rank_zones
from test_load_bearing import access, cities, make_network, standing


def street():
    """Homes of 4, 6 and 5 at 0, 10 and 40 min along one street; a facility at its very end.

    Zone A holds the start with two candidates, of which the cheaper wins the same 10; B the middle
    with one of unknown cost that wins the 5; in C nothing can open; D wins nobody.
    """
    network = make_network({1: (0, 0), 2: (4000, 0)}, [(1, 2, 4000)])
    who = access(network, standing((0, 1.0)), standing((0, 0.0), (0, 0.15), (0, 0.6)), [4, 6, 5],
                 {"community": np.array([0]), "street": np.array([], dtype=int)})  # fmt: skip
    zones = gpd.GeoDataFrame(
        index=["C", "B", "D", "A"],
        geometry=[shapely.box(3000, -9, 3300, 9), shapely.box(2000, -9, 2900, 9),
                  shapely.box(3900, -9, 4000, 9), shapely.box(-9, -9, 1000, 9)], crs=network.crs,
    )  # fmt: skip
    candidates = gpd.GeoDataFrame(
        {"name": ["一", "二", "三", "四", "五"], "cost_cny": [3e6, 2e6, np.nan, 5e5, 1.0],
         "fits": [("community",), ("community",), ("community",), ("community",), ("street",)]},
        geometry=shapely.points([[100, 0], [200, 0], [2300, 0], [3950, 0], [100, 0]]),
        index=["P1", "P2", "P3", "P4", "P5"], crs=network.crs,
    )  # fmt: skip
    return who, zones, candidates


def test_each_zone_by_the_one_that_wins_most_in_it():
    table = rank_zones(*street(), groups=["community"], snap_limit_m=50)
    assert table.index.tolist() == ["A", "B", "C", "D"]
    assert table["rank"].tolist() == [1, 2, 3, 4]
    assert table["candidates"].tolist() == [2, 1, 0, 1]
    assert table["candidate"].tolist() == ["P2", "P3", "", ""]
    assert table["candidate_name"].tolist() == ["二", "三", "", ""]
    assert table["tier"].tolist() == ["community", "community", "", ""]
    assert table["elderly_gained"].tolist() == [10, 5, 0, 0]
    assert table["elderly_per_million_cny"].iloc[0] == 5
    assert table["elderly_per_million_cny"].iloc[1:].isna().all()


def test_of_several_tiers_the_one_that_wins_most_for_the_least():
    table = rank_zones(*street(), groups=["community", "street"], snap_limit_m=50)
    # The fifth wins the same 10 a street centre, and costs one yuan.
    assert table.loc["A", ["candidate", "tier"]].tolist() == ["P5", "street"]
    assert table.loc["A", "elderly_per_million_cny"] == 1e7


@settings(deadline=None, max_examples=30)
@given(cities(), st.integers(0, 2**32))
def test_no_zone_has_a_better_one(who: Access, seed):
    dice = np.random.default_rng(seed)
    points = who.network.xy[dice.integers(0, len(who.network.xy), 8)]
    crs, half = who.network.crs, who.network.xy[:, 0].mean() + 1
    candidates = gpd.GeoDataFrame(
        {"name": "", "cost_cny": 1e6, "fits": [("community", "street")] * 8},
        geometry=shapely.points(points), crs=crs,
    )  # fmt: skip
    zones = gpd.GeoDataFrame(
        index=["west", "east"], crs=crs,
        geometry=[shapely.box(-1e6, -1e6, half, 1e6), shapely.box(half, -1e6, 1e6, 1e6)],
    )  # fmt: skip
    table = rank_zones(who, zones, candidates, groups=["street"], snap_limit_m=1e4)
    for name, inside in (("west", points[:, 0] <= half), ("east", points[:, 0] > half)):
        won = [alone(who, point) for point in points[inside]]
        assert table.loc[name, "elderly_gained"] == max(won, default=0.0)


def alone(who, point):
    """Whom a street centre at a point newly covers, by links of its own."""
    from coverage.snapping import snap, usable_edges

    network = who.network
    place = snap(network, point[None], onto=usable_edges(network), limit_m=1e4)
    found = find_links(network, place, who.homes, direction=who.direction, horizon_min=60)
    near = set(found.place[found.minutes <= who.thresholds_min["street"] + 1e-8].tolist())
    before = set(who.links.place[who.covering("street")].tolist())
    return sum(who.elderly[home] for home in near - before)


def test_what_cannot_be_ranked_is_told():
    who, zones, candidates = street()
    with pytest.raises(UsageError, match="cost_cny"):
        rank_zones(who, zones, candidates.drop(columns="cost_cny"), groups=["community"],
                   snap_limit_m=50)  # fmt: skip
    with pytest.raises(UsageError, match="palace"):
        rank_zones(who, zones, candidates, groups=["palace"], snap_limit_m=50)
