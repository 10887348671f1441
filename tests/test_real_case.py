"""Yuzhong as it is: figures that an independent calculation gave, and what must hold on any network."""

import shutil
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx as ox
import pytest
import shapely

import coverage
from coverage.comparison import compare_walkers
from coverage.graphs import network_to_networkx
from coverage.nearest import minutes_to_nearest
from coverage.network import project, timed
from coverage.pace import LIFT, STAIRS, STREET
from coverage.routes import route
from coverage.snapping import snap, usable_edges
from test_osm_download import Server

pytestmark = pytest.mark.realdata

# Plain networkx at a flat 0.9 m/s on OSMnx's unsimplified walk network, edges cut at 900 s: the
# figures that stand in the description of the data, kilometres.
KNOWN_KM = {"community": 265.07, "street": 154.31, "district": 4.46, "any": 281.96}
KNOWN_STREET_KM = 398.93


@pytest.fixture(scope="module")
def real(yuzhong, tmp_path_factory):
    cache = shutil.copytree(yuzhong / "osmnx-cache", tmp_path_factory.mktemp("osm") / "cache")

    def run(**changes):
        study = coverage.load_study(
            "yuzhong",
            network__osm_cache=Path(cache),
            facilities__file=yuzhong / "facilities-standin.csv",
            areas__file=yuzhong / "subdistricts.geojson",
            **{"walker": "flat-900", "network__rules": "osmnx-walk", **changes},
        )
        return coverage.run(study)

    return run


@pytest.fixture(scope="module")
def recorded(real):
    return real()


@pytest.fixture(scope="module")
def own_rules(real, yuzhong):
    return real(network__rules="pedestrian", network__file=yuzhong / "yuzhong-260426.osm.pbf")


def test_the_known_street_kilometres(recorded):
    assert recorded.summary["street_km"] == pytest.approx(KNOWN_STREET_KM, rel=0.005)
    for tier, known in KNOWN_KM.items():
        assert recorded.summary["coverage"][tier]["covered_km"] == pytest.approx(known, rel=0.005)


def test_the_same_filter_on_the_file_gives_the_same_network(recorded, real, yuzhong):
    file = real(network__file=yuzhong / "yuzhong-260426.osm.pbf")
    segments = [
        {(n.ways.index[w], *sorted((n.node_id[t], n.node_id[h])))
         for w, t, h in zip(n.way, n.tail, n.head, strict=True)}
        for n in (file.network, recorded.network)
    ]  # fmt: skip
    assert segments[0] == segments[1]
    for key, figures in recorded.summary["coverage"].items():
        assert file.summary["coverage"][key] == pytest.approx(figures, abs=1e-6)


def test_own_rules_take_people_off_expressways(own_rules):
    highway = own_rules.network.ways["highway"]
    bare = own_rules.network.ways["sidewalk"].isna() & own_rules.network.ways["foot"].isna()
    assert not (highway.isin(["trunk", "trunk_link", "motorway", "motorway_link"]) & bare).any()
    left_out = own_rules.summary["quality"]["ways_left_out"]
    assert left_out["expressway"]["ways"] > 100
    assert left_out["road tunnel"]["km"] > 10
    assert (highway == "steps").sum() > 300


def test_the_network_reaches_beyond_the_study_area(own_rules):
    assert own_rules.summary["network"]["margin_m"] == 2790
    assert own_rules.summary["network"]["street_km"] > 1.4 * own_rules.summary["street_km"]


def test_every_facility_is_on_a_street_or_listed(own_rules):
    facilities = own_rules.facilities
    assert len(facilities) == 74
    off = set(facilities.index[~facilities["snapped"]])
    assert off == set(own_rules.summary["snapping"]["not_snapped"])
    assert (facilities.loc[facilities["snapped"], "street_km_15min"] > 0).all()


def test_reach_is_nested_and_areas_add_up(own_rules):
    facilities = own_rules.facilities
    assert (facilities["street_km_5min"] <= facilities["street_km_10min"]).all()
    assert (facilities["street_km_10min"] <= facilities["street_km_15min"]).all()
    total = own_rules.areas["street_km"].sum()
    assert total == pytest.approx(own_rules.summary["street_km"], abs=1e-5)


@pytest.mark.parametrize("direction", ["to", "back"])
def test_on_the_flat_the_direction_does_not_matter(own_rules, real, yuzhong, direction):
    one_way = real(
        network__rules="pedestrian",
        network__file=yuzhong / "yuzhong-260426.osm.pbf",
        direction=direction,
    )
    assert one_way.summary["coverage"] == own_rules.summary["coverage"]


# ---- slopes, stairs, lifts ----


@pytest.fixture(scope="module")
def hilly(real, yuzhong):
    """The study with the SRTM raster, for the default walker."""
    return real(
        network__rules="pedestrian",
        network__file=yuzhong / "yuzhong-260426.osm.pbf",
        elevation={"file": str(yuzhong / "dem-srtm30-utm48n.tif")},
        walker="senior",
    )


def test_the_quality_report_is_plausible(hilly):
    quality = hilly.summary["quality"]
    grades = quality["elevation"]["grade_by_class"]
    assert grades["primary"]["p90"] <= 0.08
    assert grades["steps"]["p50"] > 0.15
    assert grades["steps"]["p90"] > 0.35
    # The raster leaves 17 % of the nodes out.
    assert 0.10 < quality["share_without_elevation"] < 0.30
    assert quality["stairs_km_by_source"]["tagged"] == 0
    assert quality["stairs_km_by_source"]["dem"] > 2
    assert (quality["stairs"], quality["escalators"]) == (339, 6)
    elevation = quality["elevation"]
    assert elevation["clear_crossings"] >= 0.98 * elevation["crossings"]
    agreeing = elevation["incline_tags_agreeing"]
    assert agreeing["agreeing"] >= 0.95 * agreeing["judged"]


@pytest.fixture(scope="module")
def walkers(hilly):
    """Covered shares of each walker."""
    return compare_walkers(hilly.study, ["adult", "senior", "senior-80", "cane", "wheelchair"])


def test_walkers_are_ordered(walkers):
    for key in ("community", "street", "any"):
        share = walkers[f"share_{key}"]
        assert share["adult"] >= share["senior"] >= share["senior-80"] >= share["cane"]
        assert share["wheelchair"] <= share["adult"]


def test_slope_and_stairs_take_street_from_everybody(walkers):
    assert (walkers["lost_km_community"] > 5).all()
    assert walkers["lost_km_community"].idxmax() == "wheelchair"


def test_a_run_and_the_comparison_agree(hilly, walkers):
    ours = hilly.summary["coverage"]["community"]["covered_km"]
    # The comparison reads the wider margin of the adult, so a senior may find a way around.
    assert walkers.loc["senior", "covered_km_community"] == pytest.approx(ours, rel=2e-3)


PLACES = {
    "朝天门": (106.5857904, 29.5655227),
    "枇杷山": (106.5572119, 29.5557089),
    "解放碑": (106.57336, 29.56010),
    "洪崖洞": (106.575136, 29.5646427),
}


@pytest.mark.parametrize(("low", "high"), [("朝天门", "枇杷山"), ("洪崖洞", "解放碑")])
def test_from_the_river_to_the_ridge_is_longer_than_down(hilly, low, high):
    network = hilly.network
    low_xy, high_xy = project(np.array([PLACES[low], PLACES[high]]), network.crs)
    up, down = route(network, low_xy, high_xy), route(network, high_xy, low_xy)
    assert up.minutes > 1.05 * down.minutes
    assert up.climb_m > up.descent_m
    crow_min = np.hypot(*(low_xy - high_xy)) / network.walker.fastest_speed_mps / 60
    assert down.minutes > crow_min


def test_stairs_cost_more_than_streets(hilly):
    network = hilly.network
    stairs = network.features.kind == STAIRS
    pace = (network.seconds_along + network.seconds_against) / np.maximum(network.length_m, 0.1)
    weight = network.length_m
    mean = [
        np.average(pace[k], weights=weight[k]) for k in (stairs, network.features.kind == STREET)
    ]
    assert mean[0] > 1.5 * mean[1]


@pytest.mark.parametrize("what", ["the crown escalator", "the lifts"])
def test_escalator_and_lifts_carry_traffic(hilly, what):
    """With them removed somebody's minutes get worse."""
    network = hilly.network
    if what == "the lifts":
        removed = network.features.kind == LIFT
    else:
        removed = network.ways.index.to_numpy()[network.way] == 421605016
    assert removed.any()
    features = replace(
        network.features, along=network.features.along & ~removed,
        against=network.features.against & ~removed,
    )  # fmt: skip
    without = timed(replace(network, features=features), network.walker)
    facilities = np.arange(len(hilly.facilities))
    points = shapely.get_coordinates(hilly.facilities.geometry.to_numpy())
    snapped = snap(network, points, onto=usable_edges(without), limit_m=300)
    before, after = (
        minutes_to_nearest(net, snapped, facilities, direction="worst", horizon_min=60).node
        for net in (network, without)
    )
    worse = (after > before + 0.01) | (np.isnan(after) & ~np.isnan(before))
    assert worse.sum() > 0
    assert not (after < before - 1e-9).any()


# ---- people ----

RESIDENTS = 588_717
"""People of Yuzhong, seventh national census 2020."""


@pytest.fixture(scope="module")
def peopled(real, yuzhong, tmp_path_factory):
    """The district's residents spread over its buildings; the elderly by the citywide share."""
    path = tmp_path_factory.mktemp("people") / "population.geojson"
    outline = gpd.read_file(yuzhong / "subdistricts.geojson").union_all().buffer(1e-5)
    row = gpd.GeoDataFrame(
        {"name": ["渝中区"], "population": [RESIDENTS]}, geometry=[outline], crs="EPSG:4326"
    )
    row.to_file(path, driver="GeoJSON")
    return real(
        network__rules="pedestrian",
        network__file=yuzhong / "yuzhong-260426.osm.pbf",
        elevation={"file": str(yuzhong / "dem-srtm30-utm48n.tif")},
        population={"file": str(path)},
        walker="senior",
    )


def test_every_resident_is_counted_once(peopled):
    people, demand = peopled.summary["people"], peopled.people.demand
    assert people["population"] + demand.outside[0] + demand.unplaced[0] == RESIDENTS
    assert "24%" in people["assumed"]
    assert "assumed" in people["assumed"]
    assert peopled.areas["elderly"].sum() == pytest.approx(people["elderly"], abs=1e-6)
    for tier in ("community", "street", "district"):
        by_cause = people["uncovered_by_cause"][tier]
        assert people[f"elderly_{tier}"] + sum(by_cause.values()) == pytest.approx(
            people["elderly"], abs=1e-6
        )
        gaps = peopled.summary["gaps"][tier]
        assert gaps["elderly"] + gaps["unlisted_elderly"] == pytest.approx(
            sum(by_cause.values()), abs=1e-5
        )
    assert people["uncovered_by_cause"]["community"]["climb"] > 0


def test_minutes_of_200_buildings_agree_with_plain_networkx(peopled):
    """Facilities and homes become nodes that split their edges; then networkx walks there and back."""
    network = peopled.network
    homes = peopled.people.homes
    sample = homes[homes["snapped"]].sample(200, random_state=1)
    of_tier = peopled.facilities[peopled.facilities["tier"] == "street"]
    onto = usable_edges(network)
    speed = network.walker.level_speed_mps
    doors = sample.geometry.where(sample["entrances"].isna(), None)
    sample = sample[doors.notna()]
    graph = network_to_networkx(network)

    def attach(name, xy):
        place = snap(network, np.array([xy]), onto=onto, limit_m=300)
        edge, at = int(place.edge[0]), float(place.fraction[0])
        tail, head = (int(network.node_id[ends[edge]]) for ends in (network.tail, network.head))
        leg = float(place.distance_m[0]) / speed
        along, against = float(network.seconds_along[edge]), float(network.seconds_against[edge])
        graph.add_edge(tail, name, seconds=leg + at * along)
        graph.add_edge(name, head, seconds=leg + (1 - at) * along)
        graph.add_edge(head, name, seconds=leg + (1 - at) * against)
        graph.add_edge(name, tail, seconds=leg + at * against)
        return edge

    places = {
        f"F{k}": attach(f"F{k}", p) for k, p in of_tier.geometry.map(lambda g: (g.x, g.y)).items()
    }
    stands = {f"H{k}": attach(f"H{k}", (g.x, g.y)) for k, g in sample.geometry.items()}
    best = dict.fromkeys(stands, float("inf"))
    backwards = graph.reverse(copy=False)
    for facility, edge in places.items():
        back = nx.single_source_dijkstra_path_length(graph, facility, cutoff=3600, weight="seconds")
        to = nx.single_source_dijkstra_path_length(
            backwards, facility, cutoff=3600, weight="seconds"
        )
        for home, own in stands.items():
            # Two places on one edge walk along it, which the split edges do not know.
            if own != edge and home in to and home in back:
                best[home] = min(best[home], max(to[home], back[home]))
    compared = 0
    for home in stands:
        minutes = homes["minutes_street"][int(home[1:])]
        if best[home] < 3600 and stands[home] not in set(places.values()):
            assert abs(minutes * 60 - best[home]) < 1
            compared += 1
    assert compared > 150


def test_own_rules_on_streets_that_osmnx_downloads(yuzhong, tmp_path, monkeypatch):
    """The wider question differs from the recorded one: a local server replays the recorded bodies.

    They hold OSMnx's walk ways 500 m around the district, so our table can only take away from them.
    """
    bodies = [file.read_bytes() for file in sorted((yuzhong / "osmnx-cache").glob("*.json"))]
    streets = next(body for body in bodies if b"osm3s" in body)
    place = next(body for body in bodies if b"osm3s" not in body)
    server = Server()
    try:
        server.answers = [(200, place), (200, streets)]
        monkeypatch.setattr(ox.settings, "overpass_url", server.url)
        monkeypatch.setattr(ox.settings, "nominatim_url", server.url + "/")
        monkeypatch.setattr("osmnx._nominatim.time.sleep", lambda _: None)
        study = coverage.load_study(
            "yuzhong",
            network__osm_cache=tmp_path / "cache",
            facilities__file=yuzhong / "facilities-standin.csv",
        )
        result = coverage.run(study)
    finally:
        server.close()
    assert len(server.asked) == 3
    assert result.summary["network"]["margin_m"] == 2790
    assert result.summary["network"]["street_km"] > 1.3 * result.summary["street_km"]
    assert result.summary["quality"]["ways_left_out"]["expressway"]["ways"] > 50
    assert result.summary["quality"]["lifts"] > 3
    assert 0.5 < result.summary["coverage"]["community"]["share"] < 0.9
