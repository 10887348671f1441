"""Yuzhong as it is: figures that an independent calculation gave, and what must hold on any network."""

import shutil
from pathlib import Path

import pytest

import coverage

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
    assert own_rules.summary["network"]["margin_m"] == 810
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
    # Neighbouring subdistricts overlap by slivers, in which a street counts for both.
    assert total == pytest.approx(own_rules.summary["street_km"], rel=0.005)


@pytest.mark.parametrize("direction", ["to", "back"])
def test_on_the_flat_the_direction_does_not_matter(own_rules, real, yuzhong, direction):
    one_way = real(
        network__rules="pedestrian",
        network__file=yuzhong / "yuzhong-260426.osm.pbf",
        direction=direction,
    )
    assert one_way.summary["coverage"] == own_rules.summary["coverage"]


def test_a_faster_walker_covers_more(own_rules, real, yuzhong):
    file = yuzhong / "yuzhong-260426.osm.pbf"
    adult = real(network__rules="pedestrian", network__file=file, walker="adult")
    cane = real(network__rules="pedestrian", network__file=file, walker="cane")
    shares = [r.summary["coverage"]["community"]["share"] for r in (adult, own_rules, cane)]
    assert shares[0] > shares[1] > shares[2]
