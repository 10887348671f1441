"""The circle in people, gaps and their causes, on towns that a reader can solve by hand."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from conftest import CRS, ORIGIN, make_network, make_streets, walked
from coverage.causes import Facilities, find_causes
from coverage.circle import area_names, circle_by_area, circle_of, home_minutes, snap_homes
from coverage.links import Links, find_links
from coverage.nearest import minutes_to_nearest
from coverage.outputs.tables import to_workbook
from coverage.people_gaps import (
    SMALLEST_GAP_ELDERLY,
    Uncovered,
    find_people_gaps,
    left_of,
    pieces_left,
    streets_left,
)
from coverage.pieces import Pieces, union, whole
from coverage.service import service_of
from coverage.snapping import snap
from coverage.study_parts import TIERS
from test_reach import random_networks, snap_all

NOTHING = Pieces(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))


def homes_at(xy, elderly=None, population=None):
    count = len(xy)
    return gpd.GeoDataFrame(
        {
            "population": np.full(count, 100.0) if population is None else population,
            "elderly": np.full(count, 25.0) if elderly is None else np.array(elderly, dtype=float),
            "source": "building", "osm_id": "", "place": "", "entrances": None,
        },
        geometry=gpd.points_from_xy(*np.array(xy, dtype=float).T), crs=CRS,
    )  # fmt: skip


# ---- links and minutes ----


def test_minutes_of_homes_along_a_street():
    r"""A facility at 0, homes at 90 m (9 m off the street) and 450 m, both on its own edge.

    F---90---h1---------450---h2--------- 1000
    """
    network = make_network({0: (0, 0), 1: (1000, 0)}, [(0, 1)])
    places = snap_all(network, [(90, 9), (450, 0)])
    links = find_links(
        network, snap_all(network, [(0, 0)]), places, direction="worst", horizon_min=60
    )
    assert links.place.tolist() == [0, 1]
    assert_allclose(links.minutes * 60, [110, 500])
    assert_allclose(links.nearest(2), links.minutes)


@settings(max_examples=60, deadline=None)
@given(random_networks(), st.sampled_from(["to", "back", "worst"]))
def test_links_agree_with_the_minutes_of_nodes_and_edges(case, direction):
    """A home at a node, without a leg, walks what the node does."""
    network, snapped = case
    everyone = np.arange(len(snapped.edge))
    nodes = minutes_to_nearest(network, snapped, everyone, direction=direction, horizon_min=60)
    # On an edge without length a place is at its tail, not in its middle.
    for edge in np.flatnonzero(network.length_m > 0):
        place = snap(network, network.midpoints()[[edge]], onto=np.array([edge]), limit_m=1)
        links = find_links(network, snapped, place, direction=direction, horizon_min=60)
        assert_allclose(links.nearest(1)[0], nodes.edge[edge], atol=1e-9)


def test_a_home_uses_its_nearest_tagged_entrance():
    network = make_network({0: (0, 0), 1: (1000, 0), 2: (0, 100), 3: (1000, 100)}, [(0, 1), (2, 3)])
    homes = homes_at([(500, 45), (500, 45)])
    doors = gpd.GeoSeries(gpd.points_from_xy([480, 520], [80, 96]), crs=CRS).to_crs(4326)
    homes.at[1, "entrances"] = shapely.MultiPoint(list(doors))
    places = snap_homes(network, homes, limit_m=300)
    assert places.edge.tolist() == [0, 1]
    assert_allclose(places.distance_m, [45, 4], atol=1e-3)
    assert_allclose(places.fraction, [0.5, 0.52], atol=1e-5)


# ---- the circle ----


def a_town():
    """Minutes of four homes to the three tiers; 10, 20, 30 and 40 elderly people."""
    homes = homes_at([(0, 0), (1, 0), (2, 0), (3, 0)], elderly=[10, 20, 30, 40])
    minutes = {
        "community": [5, 15, np.nan, 20],
        "street": [10, np.nan, np.nan, 14],
        "district": [15, 40, np.nan, 15.1],
    }
    for tier, values in minutes.items():
        homes[f"minutes_{tier}"] = values
        homes[f"covered_{tier}"] = np.array(values, dtype=float) <= 15
    return homes


def test_the_circle_counts_every_combination_once():
    figures = circle_of(a_town())
    assert figures["elderly"] == 100
    assert [figures[f"elderly_{tier}"] for tier in (*TIERS, "any", "all")] == [30, 50, 10, 70, 10]
    assert figures["share_elderly_street"] == 0.5
    exactly = {key: value for key, value in figures.items() if key.startswith("only_")}
    assert {key: value for key, value in exactly.items() if value} == {
        "only_none": 30, "only_community": 20, "only_street": 40,
        "only_community_street_district": 10,
    }  # fmt: skip
    assert len(exactly) == 8
    assert [figures[f"elderly_community_{band}min"] for band in (5, 10, 15)] == [10, 10, 30]
    assert figures["elderly_unreachable_street"] == 50
    # Half of the people walk 20 minutes or less; the 90th percentile is beyond the horizon.
    assert figures["minutes_median_community"] == 20
    assert np.isnan(figures["minutes_p90_community"])


def test_nobody_has_no_share():
    figures = circle_of(a_town()[:0])
    assert figures["elderly"] == 0
    assert np.isnan(figures["share_elderly_any"])


def test_areas_and_the_rest_add_up():
    areas = gpd.GeoDataFrame(
        index=pd.Index(["甲", "乙"], name="area"),
        geometry=[shapely.box(-1, -1, 1.5, 1), shapely.box(0.5, -1, 2.5, 1)],
        crs=CRS,
    )
    table = circle_by_area(a_town(), areas)
    assert table["elderly"].tolist() == [30, 30, 40]
    assert table["elderly_any"].tolist() == [30, 0, 40]


@given(st.lists(st.tuples(
    st.integers(0, 3), st.integers(0, 3), *[st.sampled_from([3.0, 7.5, 12.0, 29.0, np.nan])] * 3,
), min_size=1, max_size=30))  # fmt: skip
def test_areas_have_the_circle_of_their_homes_alone(rows):
    where, elderly, *minutes = map(np.array, zip(*rows, strict=True))
    homes = homes_at([(10.0 * at, 0.0) for at in where], elderly=elderly.tolist())
    for tier, values in zip(TIERS, minutes, strict=True):
        homes[f"minutes_{tier}"], homes[f"covered_{tier}"] = values, values <= 10
    areas = gpd.GeoDataFrame(
        index=pd.Index(["甲", "乙", "丙"], name="area"), crs=CRS,
        geometry=[shapely.box(10 * at - 1, -1, 10 * at + 1, 1) for at in range(3)],
    )  # fmt: skip
    table = circle_by_area(homes, areas)
    assert len(table) == 3 + (where == 3).any()
    for at, (_, row) in enumerate(table.iterrows()):
        assert_allclose(row.to_numpy(float), list(circle_of(homes[where == at]).values()))


@settings(max_examples=60, deadline=None)
@given(random_networks(), st.lists(st.integers(0, 50), min_size=3, max_size=3))
def test_head_counts_are_conserved(case, elderly):
    """For each tier: all = covered + uncovered within the horizon + unreachable, and by cause."""
    network, snapped = case
    homes = homes_at([(5, 5), (50, 40), (900, 900)], elderly=elderly)
    places = snap_homes(network, homes, limit_m=100)
    tiers = {tier: np.arange(len(snapped.edge))[k::3] for k, tier in enumerate(TIERS)}
    links = find_links(network, snapped, places, direction="worst", horizon_min=3)
    ids = pd.Index([f"F{n}" for n in range(len(snapped.edge))])
    found = home_minutes(homes, places, links, tiers, dict.fromkeys(TIERS, 1.0), ids)
    figures = circle_of(found)
    for tier in TIERS:
        late = found[(found[f"minutes_{tier}"] > 1.0 + 1e-6 / 60)]["elderly"].sum()
        total = figures[f"elderly_{tier}"] + late + figures[f"elderly_unreachable_{tier}"]
        assert total == pytest.approx(sum(elderly), abs=1e-6)
    combined = sum(value for key, value in figures.items() if key.startswith("only_"))
    assert combined == pytest.approx(sum(elderly), abs=1e-6)


def test_a_facility_without_places_has_no_people_a_place_and_is_overloaded():
    """0 places and 25 people who go there: no finite number, and the workbook still opens."""
    links = Links(np.array([0]), np.array([0]), *(np.array([5.0]) for _ in range(3)))
    tiers = {"community": np.array([0]), "street": np.array([1])}
    table, _ = service_of(
        np.array([25.0]), links, tiers, np.array([0.0, np.nan]), dict.fromkeys(tiers, 15.0),
        decay="none",
    )  # fmt: skip
    assert table["elderly_per_place"].isna().all()
    assert table["load"].tolist() == ["overloaded", ""]
    assert to_workbook({"facilities": table.assign(other=float("inf"))})


# ---- causes: one town each ----


def cause(streets, home, facility, heights=None, walker="senior"):
    """The cause of one home, given places in metres."""
    network = walked(streets, heights, walker)
    x, y = ORIGIN
    homes, stands = (
        np.array([[x + home[0], y + home[1]]]),
        np.array([[x + facility[0], y + facility[1]]]),
    )
    onto = np.arange(len(network.tail))
    places, snapped = (snap(network, xy, onto=onto, limit_m=100) for xy in (homes, stands))
    links = find_links(network, snapped, places, direction="worst", horizon_min=60)
    return find_causes(
        network, homes, places, links.nearest(1), Facilities(stands, snapped),
        threshold_min=15, horizon_min=60, direction="worst",
    )[0]  # fmt: skip


STRAIGHT = {1: (0, 0), 2: (700, 0), 3: (2000, 0)}
ROAD = [(1, [1, 2, 3], {"highway": "residential"})]


def test_covered_has_no_cause():
    assert cause(make_streets(STRAIGHT, ROAD), (600, 0), (0, 0)) == ""


def test_no_facility():
    """15 minutes at 0.9 m/s are 810 m; the nearest facility is 900 m off."""
    assert cause(make_streets(STRAIGHT, ROAD), (900, 0), (0, 0)) == "no facility"


def test_not_snapped():
    assert cause(make_streets(STRAIGHT, ROAD), (300, 150), (0, 0)) == "not snapped"


def test_disconnected():
    streets = make_streets(
        {**STRAIGHT, 8: (0, 60), 9: (700, 60)}, [*ROAD, (2, [8, 9], {"highway": "path"})]
    )
    assert cause(streets, (300, 60), (300, 0)) == "disconnected"


def test_detour():
    """200 m as the crow flies, 1400 m around by a level street."""
    streets = make_streets(
        {1: (0, 0), 2: (600, 0), 3: (600, 200), 4: (0, 200)},
        [(1, [1, 2, 3, 4], {"highway": "path"})],
    )
    assert cause(streets, (0, 200), (0, 0)) == "detour"


def test_climb():
    """700 m, well within 15 minutes on the flat; it rises 140 m."""
    heights = {1: 200.0, 2: 340.0, 3: 340.0}
    assert cause(make_streets(STRAIGHT, ROAD), (700, 0), (0, 0), heights) == "climb"


STAIR = [(1, [1, 2], {"highway": "path"}), (2, [2, 3], {"highway": "steps"}),
         (3, [3, 4], {"highway": "path"})]  # fmt: skip
HILL = {1: (0, 0), 2: (300, 0), 3: (315, 0), 4: (600, 0)}


def test_barrier():
    """An adult takes the stair; a wheelchair finds no way at all."""
    assert cause(make_streets(HILL, STAIR), (500, 0), (0, 0), walker="wheelchair") == "barrier"
    assert cause(make_streets(HILL, STAIR), (500, 0), (0, 0)) == ""


def test_barrier_comes_before_climb():
    """On the flat the wheelchair would be covered too: what bars the way is said first."""
    heights = {1: 200.0, 2: 200.0, 3: 207.0, 4: 207.0}
    assert cause(make_streets(HILL, STAIR), (500, 0), (0, 0), heights, "wheelchair") == "barrier"


def test_a_way_around_the_stair_makes_it_a_climb():
    """The wheelchair can go around, too far: not barred, and covered if there were no stair."""
    around = {**HILL, 5: (300, 700), 6: (315, 700)}
    streets = make_streets(around, [*STAIR, (4, [2, 5, 6, 3], {"highway": "path"})])
    assert cause(streets, (500, 0), (0, 0), walker="wheelchair") == "climb"


def test_no_facility_comes_before_climb():
    heights = {1: 200.0, 2: 340.0, 3: 600.0}
    assert cause(make_streets(STRAIGHT, ROAD), (900, 0), (0, 0), heights) == "no facility"


# ---- gaps ----


def test_gaps_are_ranked_by_people_and_the_tiny_ones_counted():
    r"""Three clusters along a street: 2 homes in the west, 1 in the middle, 1 tiny in the east."""
    network = make_network(
        {0: (0, 0), 1: (1000, 0), 2: (2000, 0)}, [(0, 1), (1, 2)], names=["西路", "东路"]
    )
    homes = homes_at([(100, 10), (180, 10), (1000, 10), (1900, 10)], elderly=[20, 25, 60, 3])
    places = snap_homes(network, homes, limit_m=100)
    facilities = gpd.GeoDataFrame(
        {"name": ["甲站"]}, index=pd.Index(["C1"], name="id"), geometry=gpd.points_from_xy([5], [5]),
        crs=CRS,
    )  # fmt: skip
    areas = gpd.GeoDataFrame(
        index=pd.Index(["西街道"], name="area"), geometry=[shapely.box(0, -50, 500, 50)], crs=CRS
    )
    uncovered = Uncovered(
        tier="community",
        minutes=np.array([20.0, 30.0, np.nan, 40.0]),
        cause=np.array(["climb", "detour", "disconnected", "climb"], dtype=object),
        nearest=np.array(["C1", "C1", "", "C1"], dtype=object),
        streets=NOTHING,
    )
    found = find_people_gaps(
        network, whole(np.arange(2)), homes, places, [uncovered],
        area=area_names(homes, areas), facilities=facilities,
    )  # fmt: skip
    gaps, unlisted, unlisted_m = found["community"]
    assert gaps.index.tolist() == ["community-01", "community-02"]
    assert gaps["elderly"].tolist() == [60, 45]
    assert gaps["cause"].tolist() == ["disconnected", "detour"]
    assert gaps["cause_zh"].tolist() == ["路网不通", "绕行"]
    assert_allclose(gaps["cause_share"], [1, 25 / 45])
    assert gaps["area"].tolist()[1] == "西街道"
    assert gaps["streets"].tolist()[1] == "西路"
    assert gaps["nearest_name"].tolist() == ["", "甲站"]
    assert np.isnan(gaps["minutes"].iloc[0])
    assert gaps["minutes"].iloc[1] == 30
    assert gaps.is_valid.all()
    assert unlisted == 3 < SMALLEST_GAP_ELDERLY
    assert gaps["street_m"].sum() + unlisted_m == pytest.approx(2000)


INTERVALS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 8), st.integers(0, 8)), max_size=12
).map(lambda rows: np.array(rows, dtype=float).reshape(-1, 3))


@given(INTERVALS, st.lists(INTERVALS, min_size=1, max_size=3))
def test_what_is_left_of_streets_is_the_same_by_number_and_by_place(all_inside, all_covered):
    """With the network pieces are known by number, from tiles by where their middles are."""
    network = make_network(
        {n: (100.0 * n, 7.0 * n * n) for n in range(5)}, [(n, n + 1) for n in range(4)]
    )
    inside, *covered = (
        union(rows[:, 0].astype(np.int64), rows[:, 1] / 8, rows[:, 2] / 8)
        for rows in (all_inside, *all_covered)
    )
    by_number = streets_left(network, inside, covered)
    by_place = left_of([pieces_left(network, inside, pieces) for pieces in covered])
    for left in (by_number, by_place):
        assert len(left.which) == len(left.metres) == len(covered)
    for k, pieces in enumerate(covered):
        expected = pieces_left(network, inside, pieces)
        for left in (by_number, by_place):
            middles = np.empty((len(left.middles), 2))
            middles[left.middles.order] = left.middles.xy
            assert_allclose(middles[left.which[k]], expected[:, :2], atol=1e-9)
            assert_allclose(left.metres[k], expected[:, 2], atol=1e-9)


def test_no_gap_at_all():
    network = make_network({0: (0, 0), 1: (1000, 0)}, [(0, 1)])
    homes = homes_at([(100, 10)])
    uncovered = Uncovered("street", np.array([5.0]), np.array([""], dtype=object),
                          np.array(["C1"], dtype=object), whole(np.arange(1)))  # fmt: skip
    found = find_people_gaps(
        network, whole(np.arange(1)), homes, snap_homes(network, homes, limit_m=100), [uncovered],
        area=area_names(homes, None), facilities=gpd.GeoDataFrame({"name": []}, geometry=[], crs=CRS),
    )  # fmt: skip
    gaps, unlisted, unlisted_m = found["street"]
    assert gaps.empty
    assert (unlisted, unlisted_m) == (0, 0)
