"""Care facilities from OpenStreetMap: which tags count, from a file and from a server."""

import json
import re

import geopandas as gpd
import numpy as np
import osmnx as ox
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from coverage.errors import DownloadError, Findings, InputError
from coverage.inputs.everything import read_inputs
from coverage.inputs.facilities_osm import (
    TAGS,
    Found,
    facilities_of,
    facilities_of_features,
    facilities_of_file,
    is_elder_care,
    no_facilities,
    with_mapped,
)
from coverage.inputs.osm import download_features
from coverage.study import study_from_toml
from test_osm_download import WAIT, Server

SQUARE = shapely.box(106.49, 29.49, 106.52, 29.52)
SOCIAL = {"amenity": "social_facility"}
SENIOR = {"social_facility:for": "senior"}

# A street of 1.1 km from south to north; a station, a centre drawn as a building, a home of two
# parts, an orphanage, and a station beyond the edge.
OSM = """<?xml version='1.0' encoding='UTF-8'?>
<osm version="0.6">
  <node id="1" lat="29.500" lon="106.505"/>
  <node id="2" lat="29.510" lon="106.505"/>
  <node id="11" lat="29.503" lon="106.506">
    <tag k="amenity" v="social_facility"/><tag k="social_facility" v="day_care"/>
    <tag k="social_facility:for" v="senior;disabled"/><tag k="name" v="甲社区养老服务站"/>
    <tag k="capacity" v="12"/><tag k="addr:street" v="某路"/><tag k="addr:housenumber" v="3号"/>
  </node>
  <node id="12" lat="29.504" lon="106.506">
    <tag k="amenity" v="social_facility"/><tag k="social_facility" v="group_home"/>
    <tag k="social_facility:for" v="orphan"/><tag k="name" v="福利院"/>
  </node>
  <node id="13" lat="29.6" lon="106.6"><tag k="amenity" v="nursing_home"/></node>
  <node id="21" lat="29.5060" lon="106.5040"/><node id="22" lat="29.5060" lon="106.5044"/>
  <node id="23" lat="29.5064" lon="106.5044"/><node id="24" lat="29.5064" lon="106.5040"/>
  <node id="31" lat="29.5080" lon="106.5040"/><node id="32" lat="29.5080" lon="106.5044"/>
  <node id="33" lat="29.5084" lon="106.5044"/>
  <node id="41" lat="29.5090" lon="106.5040"/><node id="42" lat="29.5090" lon="106.5042"/>
  <node id="43" lat="29.5092" lon="106.5042"/>
  <way id="100"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way>
  <way id="200">
    <nd ref="21"/><nd ref="22"/><nd ref="23"/><nd ref="24"/><nd ref="21"/>
    <tag k="building" v="yes"/><tag k="amenity" v="social_facility"/>
    <tag k="social_facility" v="assisted_living"/>
  </way>
  <way id="300"><nd ref="31"/><nd ref="32"/><nd ref="33"/><nd ref="31"/></way>
  <way id="301"><nd ref="41"/><nd ref="42"/><nd ref="43"/><nd ref="41"/></way>
  <relation id="400">
    <member type="way" ref="300" role="outer"/><member type="way" ref="301" role="outer"/>
    <tag k="type" v="multipolygon"/><tag k="amenity" v="nursing_home"/>
    <tag k="name" v="夕阳红"/>
  </relation>
</osm>
"""


@pytest.fixture
def osm_file(tmp_path):
    path = tmp_path / "town.osm"
    path.write_text(OSM, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("tags", "taken"),
    [
        (SOCIAL | SENIOR, True),
        (SOCIAL | {"social_facility:for": "disabled; senior"}, True),
        (SOCIAL, False),
        (SOCIAL | {"social_facility": "outreach"} | SENIOR, True),
        (SOCIAL | {"social_facility": "outreach"}, False),
        (SOCIAL | {"social_facility": "nursing_home"}, True),
        (SOCIAL | {"social_facility": "nursing_home", "social_facility:for": "child"}, False),
        (SOCIAL | {"social_facility": "group_home"}, True),
        (SOCIAL | {"social_facility": "group_home", "name": "儿童福利院"}, False),
        (SOCIAL | {"social_facility": "shelter"}, False),
        ({"social_facility": "day_care"}, True),
        ({"amenity": "nursing_home"}, True),
        ({"amenity": "nursing_home", "disused": "yes"}, False),
        ({"disused:amenity": "nursing_home"}, False),
        ({"amenity": "clinic", "healthcare": "clinic"}, False),
        ({"amenity": "hospital", "social_facility:for": "senior"}, False),
        ({}, False),
    ],
)
def test_which_tags_count(tags, taken):
    assert is_elder_care(tags) is taken


@pytest.mark.parametrize(
    ("tags", "tier", "guessed"),
    [
        ({"amenity": "nursing_home", "name": "石油路街道养老服务中心"}, "street", False),
        ({"amenity": "nursing_home", "name": "失能老人日间照料中心"}, "community", True),
        ({"amenity": "nursing_home", "name": "夕阳红"}, "district", True),
        ({"amenity": "nursing_home"}, "district", True),
        ({"social_facility": "day_care"}, "community", True),
        ({"social_facility": "group_home"}, "street", True),
        ({"social_facility": "assisted_living"}, "street", True),
        (SOCIAL | SENIOR, "community", True),
    ],
)
def test_the_tier_comes_from_the_name_else_from_the_tag(tags, tier, guessed):
    (found,) = facilities_of(
        [Found("node/1", tags, shapely.Point(106.5, 29.5))], SQUARE
    ).itertuples()
    assert (found.tier, found.tier_guessed) == (tier, guessed)
    assert found.name == tags.get("name", "node/1")


def test_a_place_is_inside_its_shape():
    """The centroid of a U lies outside of it."""
    bend = shapely.box(106.5, 29.5, 106.51, 29.51) - shapely.box(106.502, 29.502, 106.508, 29.52)
    found = facilities_of([Found("way/1", {"amenity": "nursing_home"}, bend)], SQUARE)
    assert bend.contains(found.geometry.iloc[0])


def test_from_a_file(osm_file):
    found = facilities_of_file(osm_file, SQUARE)
    assert found.index.tolist() == ["node/11", "relation/400", "way/200"]
    assert found["tier"].tolist() == ["community", "district", "street"]
    assert found["tier_guessed"].tolist() == [False, True, True]
    assert found["name"].tolist() == ["甲社区养老服务站", "夕阳红", "way/200"]
    assert found["capacity"].iloc[0] == 12
    assert np.isnan(found["capacity"].iloc[1])
    assert found["address"].tolist() == ["某路3号", "", ""]
    assert found.geometry.iloc[0].coords[0] == (106.506, 29.503)
    assert found.geometry.iloc[2].coords[0] == pytest.approx((106.5042, 29.5062), abs=1e-9)


def test_a_file_that_is_cut_short(osm_file):
    osm_file.write_text(OSM[:900], encoding="utf-8")
    with pytest.raises(InputError, match="facilities: cannot be read as osm"):
        facilities_of_file(osm_file, SQUARE)


# From a server


def overpass_body() -> bytes:
    elements = [
        {"type": "node", "id": 11, "lat": 29.503, "lon": 106.506,
         "tags": SOCIAL | SENIOR | {"name": "甲社区养老服务站"}},
        {"type": "node", "id": 12, "lat": 29.504, "lon": 106.506,
         "tags": SOCIAL | {"social_facility:for": "orphan"}},
        *({"type": "node", "id": n, "lat": 29.506 + (n > 22) * 4e-4, "lon": 106.504 + (n in (22, 23)) * 4e-4}
          for n in (21, 22, 23, 24)),
        {"type": "way", "id": 200, "nodes": [21, 22, 23, 24, 21],
         "tags": {"social_facility": "assisted_living", "building": "yes"}},
    ]  # fmt: skip
    return json.dumps({"version": 0.6, "elements": elements}).encode()


@pytest.fixture
def server(monkeypatch):
    running = Server()
    monkeypatch.setattr(ox.settings, "overpass_url", running.url)
    yield running
    running.close()


def test_from_a_server(server, tmp_path):
    server.answers = [(429, b"busy"), (200, overpass_body())]
    features = download_features(SQUARE, TAGS, cache=tmp_path, retry_waits_s=WAIT)
    found = facilities_of_features(features, SQUARE)
    assert found.index.tolist() == ["node/11", "way/200"]
    assert found["tier"].tolist() == ["community", "street"]
    assert found["tier_guessed"].tolist() == [False, True]
    assert found.geometry.iloc[1].coords[0] == pytest.approx((106.5042, 29.5062), abs=1e-9)
    asked = len(server.asked)
    server.answers = [(500, b"")]
    again = download_features(SQUARE, TAGS, cache=tmp_path, retry_waits_s=WAIT)
    assert len(again) == len(features)
    assert len(server.asked) == asked


def test_a_server_that_knows_none(server, tmp_path):
    server.answers = [(200, b'{"elements": []}')]
    features = download_features(SQUARE, TAGS, cache=tmp_path, retry_waits_s=WAIT)
    assert len(facilities_of_features(features, SQUARE)) == 0


def test_a_server_that_does_not_answer(server, tmp_path):
    server.answers = [(504, b"gateway")]
    with pytest.raises(DownloadError, match="Overpass is too busy"):
        download_features(SQUARE, TAGS, cache=tmp_path, retry_waits_s=WAIT)


# Beside a list


def facilities(*rows):
    """Make facilities in metres from (id, tier, x, tier_guessed)."""
    frame = gpd.GeoDataFrame(
        {"name": [f"name of {row[0]}" for row in rows], "tier": [row[1] for row in rows],
         "tier_guessed": [row[3] for row in rows], "capacity": np.nan, "address": ""},
        index=[row[0] for row in rows],
        geometry=gpd.points_from_xy([row[2] for row in rows], [0.0] * len(rows)),
        crs="EPSG:32648",
    )  # fmt: skip
    return frame.rename_axis("id")


def test_the_same_place_counts_once():
    listed = facilities(("C1", "community", 0, False), ("S1", "street", 500, False))
    mapped = facilities(
        ("node/1", "community", 90, True), ("node/2", "street", 90, True),
        ("node/3", "community", 110, False),
    )  # fmt: skip
    findings = Findings()
    found = with_mapped(listed, mapped, findings=findings)
    assert found.index.tolist() == ["C1", "S1", "node/2", "node/3"]
    assert found.index.name == "id"
    assert found["tier_guessed"].dtype == bool
    again, guessed = findings.warnings
    assert "1 facilities lie within 100 m of a listed one of their tier" in again
    assert "node/1 name of node/1 (community)" in again
    assert "the tier of 1 facilities is guessed from their names and tags: node/2" in guessed


def test_one_source_alone_and_none_at_all():
    none = no_facilities().to_crs("EPSG:32648")
    some = facilities(("C1", "community", 0, False))
    assert with_mapped(none, some, findings=Findings()).index.tolist() == ["C1"]
    assert with_mapped(some, none, findings=Findings()).index.tolist() == ["C1"]
    with pytest.raises(InputError, match="has none in the study area") as caught:
        with_mapped(none, none, findings=Findings())
    assert 'file = "…"' in str(caught.value)


# In a study

STUDY = """
name = "town"
boundary = "boundary.geojson"
[network]
margin_m = 100
[facilities]
from_osm = true
"""


@pytest.fixture
def study(osm_file):
    def study(text=STUDY, *, streets=True):
        folder = osm_file.parent
        gpd.GeoSeries([shapely.box(106.50, 29.499, 106.51, 29.511)], crs=4326).to_file(
            folder / "boundary.geojson"
        )
        text = text.replace("margin_m", 'file = "town.osm"\nmargin_m') if streets else text
        return study_from_toml(text, base=folder)

    return study


def test_a_study_with_the_facilities_of_its_street_file(study):
    inputs = read_inputs(study(STUDY + "[inventory]\ncommunity = 1\nstreet = 4\n"))
    assert inputs.facilities.index.tolist() == ["node/11", "relation/400", "way/200"]
    assert inputs.facilities.crs == inputs.crs
    assert inputs.inventory == {
        "community": {"found": 1, "target": 1}, "street": {"found": 1, "target": 4}
    }  # fmt: skip
    assert [w for w in inputs.warnings if w.startswith("inventory")] == [
        "inventory: street: 1 of 4 facilities (25.0 %)"
    ]
    # The tier that was only guessed is told; the datum of a map is known.
    assert any("the tier of 2 facilities is guessed" in w for w in inputs.warnings)
    assert not any("datum" in w for w in inputs.warnings)


def test_a_study_with_a_list_and_the_map(study, tmp_path):
    (tmp_path / "list.csv").write_text(
        "id,name,tier,lon,lat\nC1,甲,community,106.5061,29.5031\nC2,乙,community,106.505,29.508\n",
        encoding="utf-8",
    )
    text = STUDY + 'file = "list.csv"\ndatum = "wgs84"\n'
    inputs = read_inputs(study(text))
    assert inputs.facilities.index.tolist() == ["C1", "C2", "relation/400", "way/200"]


def test_a_study_that_asks_the_server_for_both(study, server):
    streets = {
        "elements": [
            {"type": "node", "id": 1, "lat": 29.500, "lon": 106.505},
            {"type": "node", "id": 2, "lat": 29.510, "lon": 106.505},
            {"type": "way", "id": 100, "nodes": [1, 2], "tags": {"highway": "residential"}},
        ]
    }
    server.answers = [(200, json.dumps(streets).encode()), (200, overpass_body())]
    inputs = read_inputs(study(streets=False))
    assert inputs.facilities.index.tolist() == ["node/11", "way/200"]


def test_a_study_without_any_source_of_facilities():
    with pytest.raises(InputError, match="the key 'facilities.file' is missing"):
        study_from_toml('name = "x"\nboundary = "b"\n[facilities]\n')
    with pytest.raises(InputError, match="the key 'facilities.file' is missing"):
        study_from_toml('name = "x"\nboundary = "b"\n[facilities]\nfrom_osm = false\n')


def test_a_file_with_its_ways_first(osm_file):
    """As overpass-turbo writes it: the places are known only after the ways that use them."""
    text = osm_file.read_text(encoding="utf-8")
    nodes = re.findall(r"<node\b[^>]*/>|<node\b.*?</node>", text, re.DOTALL)
    rest = text
    for node in nodes:
        rest = rest.replace(node, "", 1)
    usual = facilities_of_file(osm_file, SQUARE)
    osm_file.write_text(rest.replace("</osm>", "".join(nodes) + "</osm>"), encoding="utf-8")
    found = facilities_of_file(osm_file, SQUARE)
    assert len(found) == len(usual) > 1
    assert_geodataframe_equal(found, usual)
