"""The sample town keeps what it promises to the tests, notebooks and users that rely on it."""

import csv
import json
import tomllib
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium
import pytest
import rasterio
import shapely
from pyproj import Transformer
from scipy.ndimage import map_coordinates
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from shapely import LineString, Point, Polygon, STRtree

from coverage.groups import ALL_GROUPS
from coverage.inputs.sample import write_sample
from coverage.service_kinds import SERVICES

UTM = Transformer.from_crs("EPSG:4326", "EPSG:32648", always_xy=True)
OTHER_SEEDS = (1, 7)
FILES = {
    "README.md",
    "boundary.geojson",
    "elevation.tif",
    "facilities.csv",
    "idle_premises.csv",
    "renewal_zones.geojson",
    "streets.osm.pbf",
    "study.toml",
    "subdistricts.geojson",
}


@dataclass(frozen=True)
class Way:
    nodes: list[int]
    tags: dict[str, str]


@dataclass(frozen=True)
class Extract:
    """A PBF as read back; `places` in metres."""

    places: dict[int, tuple[float, float]]
    node_tags: dict[int, dict[str, str]]
    ways: list[Way]
    ids: list[tuple[str, int]]

    @property
    def streets(self):
        return [way for way in self.ways if "highway" in way.tags]

    def having(self, **tags):
        wanted = tags.items()
        return [s for s in self.streets if all(s.tags.get(k) == v for k, v in wanted)]

    def line(self, way):
        return LineString([self.places[n] for n in way.nodes])


def read_extract(folder):
    places, node_tags, ways, ids = {}, {}, [], []
    for item in osmium.FileProcessor(folder / "streets.osm.pbf"):
        ids.append((item.type_str(), item.id))
        if item.is_node():
            places[item.id] = UTM.transform(item.lon, item.lat)
            node_tags[item.id] = dict(item.tags)
        elif item.is_way():
            ways.append(Way([n.ref for n in item.nodes], dict(item.tags)))
    return Extract(places, node_tags, ways, ids)


def read_features(folder, name):
    text = (folder / name).read_text(encoding="utf-8")
    return [
        (f["properties"], Polygon(np.column_stack(UTM.transform(*np.array(ring).T))))
        for f in json.loads(text)["features"]
        for ring in f["geometry"]["coordinates"]
    ]


def read_rows(folder, name):
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def place_of(row):
    return Point(UTM.transform(float(row["lon"]), float(row["lat"])))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    study = write_sample(tmp_path_factory.mktemp("town") / "made" / "if-missing")
    assert study.name == "study.toml"
    return study.parent


@pytest.fixture(scope="module")
def extract(folder):
    return read_extract(folder)


@pytest.fixture(scope="module")
def boundary(folder):
    [(properties, polygon)] = read_features(folder, "boundary.geojson")
    assert properties == {"name": "示例山城"}
    return polygon


@pytest.fixture(scope="module")
def subdistricts(folder):
    return read_features(folder, "subdistricts.geojson")


def test_the_same_seed_gives_the_same_bytes_whatever_stood_there_before(folder, tmp_path):
    write_sample(tmp_path, seed=5)
    write_sample(tmp_path)
    assert {f.name for f in folder.iterdir()} == FILES
    for name in FILES:
        assert (folder / name).read_bytes() == (tmp_path / name).read_bytes(), name


@pytest.mark.parametrize("seed", OTHER_SEEDS)
def test_another_seed_gives_another_town_that_keeps_the_promises(folder, tmp_path, seed):
    write_sample(tmp_path, seed=seed)
    for name in FILES - {"README.md", "study.toml"}:
        assert (folder / name).read_bytes() != (tmp_path / name).read_bytes(), name
    town = read_extract(tmp_path)
    assert_street_counts(town)
    assert_one_town_and_one_quay(town)


def test_objects_stand_in_the_order_of_their_ids(extract):
    order = {"n": 0, "w": 1, "r": 2}
    assert extract.ids == sorted(extract.ids, key=lambda item: (order[item[0]], item[1]))
    assert len(set(extract.ids)) == len(extract.ids)
    assert extract.ids[0] == ("n", 9_000_000_001)


def test_the_header_says_when_and_where(folder, extract):
    with osmium.io.Reader(str(folder / "streets.osm.pbf")) as reader:
        header = reader.header()
    assert header.get("osmosis_replication_timestamp") == "2026-01-01T00:00:00Z"
    assert header.box().contains(osmium.osm.Location(107.80, 30.20))


def test_street_counts(extract):
    assert_street_counts(extract)


def assert_street_counts(town):
    used = {n for s in town.streets for n in s.nodes}
    assert 2_000 <= len(used) <= 4_000
    stairs = [s for s in town.having(highway="steps") if "conveying" not in s.tags]
    assert len(stairs) >= 100
    counted = sum("step_count" in s.tags for s in stairs)
    assert 0.15 <= counted / len(stairs) <= 0.25
    for key in ("incline", "handrail", "ramp", "wheelchair"):
        assert any(key in s.tags for s in stairs), key
    assert len(town.having(highway="elevator")) == 1
    lift_nodes = [n for n in used if town.node_tags[n].get("highway") == "elevator"]
    assert len(lift_nodes) == 1
    levels = {s.tags.get("level") for s in town.streets if lift_nodes[0] in s.nodes}
    assert levels == {"0", "9"}
    [escalator] = [s for s in town.streets if "conveying" in s.tags]
    assert (escalator.tags["conveying"], escalator.tags["incline"]) == ("forward", "up")
    [tunnel] = town.having(tunnel="yes", layer="-1")
    assert (tunnel.tags["highway"], tunnel.tags["foot"]) == ("primary", "no")
    road_bridges = [s for s in town.having(bridge="yes", layer="1") if "name" in s.tags]
    assert len(road_bridges) == 2
    [square] = town.having(highway="pedestrian", area="yes")
    assert square.nodes[0] == square.nodes[-1]
    assert any(set(square.nodes) & set(s.nodes) for s in town.having(highway="primary"))
    classes = Counter(s.tags["highway"] for s in town.streets)
    for highway in ("trunk", "trunk_link", "motorway", "living_street", "service", "footway"):
        assert classes[highway] >= 1, highway
    assert {s.tags.get("foot") for s in town.having(highway="trunk")} == {"no", None}
    assert {s.tags.get("foot") for s in town.having(highway="trunk_link")} == {"no", None}
    for key, value in (("footway", "sidewalk"), ("footway", "crossing"), ("access", "private")):
        assert town.having(**{key: value}), value
    assert town.having(highway="residential", oneway="yes")
    buildings = [w for w in town.ways if "building" in w.tags]
    assert 250 <= len(buildings) <= 500
    assert all(w.nodes[0] == w.nodes[-1] for w in buildings)
    assert any(town.node_tags[n].get("entrance") for w in buildings for n in w.nodes)
    waters = [w for w in town.ways if {"natural", "waterway"} & set(w.tags)]
    assert len(waters) == 2


def test_one_town_and_one_quay(extract):
    assert_one_town_and_one_quay(extract)


def assert_one_town_and_one_quay(town):
    used = sorted({n for s in town.streets for n in s.nodes})
    number = {node: position for position, node in enumerate(used)}
    ends = np.array([[number[a], number[b]] for s in town.streets for a, b in pairwise(s.nodes)])
    graph = coo_matrix((np.ones(len(ends)), ends.T), shape=(len(used), len(used)))
    count, labels = connected_components(graph, directed=False)
    assert count == 2
    quay = np.flatnonzero(labels == np.argmin(np.bincount(labels)))
    assert len(quay) == 8
    names = {s.tags["name"] for s in town.streets if used[quay[0]] in s.nodes}
    assert names == {"示例老码头"}


def test_streets_that_cross_on_the_ground_share_a_node(extract):
    ground = [
        pair
        for s in extract.streets
        if "layer" not in s.tags and s.tags["highway"] != "elevator"
        for pair in pairwise(s.nodes)
    ]
    lines = shapely.linestrings([[extract.places[a], extract.places[b]] for a, b in ground])
    one, other = STRtree(lines).query(lines, predicate="crosses")
    assert [
        (a, b) for a, b in zip(one, other, strict=True) if not {*ground[a]} & {*ground[b]}
    ] == []


def test_only_bridges_and_the_tunnel_pass_the_rivers(extract):
    rivers = [w for w in extract.ways if {"natural", "waterway"} & set(w.tags)]
    water = shapely.union_all([Polygon(extract.line(river).coords) for river in rivers])
    over = [s for s in extract.streets if extract.line(s).intersects(water)]
    assert {s.tags.get("bridge") for s in over} == {"yes"}
    assert {s.tags["name"] for s in over} == {"示例北江大桥", "示例南江大桥"}


def test_every_name_says_that_it_is_a_sample(extract, folder):
    for tags in [*extract.node_tags.values(), *(w.tags for w in extract.ways)]:
        assert tags.get("name", "示例").startswith("示例")
        assert tags.get("name:en", "Sample").startswith("Sample")
    for name in ("facilities.csv", "idle_premises.csv"):
        assert all(row["name"].startswith("示例") for row in read_rows(folder, name))


def test_streets_reach_far_beyond_the_study_area(extract, boundary):
    xs, ys = np.array([extract.places[n] for s in extract.streets for n in s.nodes]).T
    west, south, east, north = boundary.bounds
    beyond = [west - xs.min(), xs.max() - east, south - ys.min(), ys.max() - north]
    assert sum(reach >= 1_000 for reach in beyond) >= 2
    assert 2_500 <= east - west <= 3_000


def test_subdistricts_tile_the_boundary(subdistricts, boundary):
    polygons = [polygon for _, polygon in subdistricts]
    assert 5 <= len(polygons) <= 7
    assert all(polygon.is_valid for polygon in polygons)
    together = shapely.union_all(polygons)
    assert together.symmetric_difference(boundary).area < 1
    assert sum(p.area for p in polygons) - together.area < 1
    assert not boundary.interiors


def test_people(subdistricts):
    counts = [properties for properties, _ in subdistricts]
    assert sum(c["population"] for c in counts) == 45_000
    assert sum(c["elderly"] for c in counts) == 12_000
    assert all(0 < c["elderly"] < c["population"] for c in counts)
    assert all(isinstance(c[key], int) for c in counts for key in ("population", "elderly"))


def test_facilities(folder, boundary, subdistricts):
    rows = read_rows(folder, "facilities.csv")
    header = ["id", "name", "tier", "lon", "lat", "capacity", "address", "services"]
    assert list(rows[0]) == header
    offered = Counter(service for r in rows for service in r["services"].split(";"))
    assert set(offered) == set(SERVICES)
    # No service is offered by exactly a tier, so that no two figures are alike by construction.
    assert all(count < len(rows) for count in offered.values())
    inside = Counter(r["tier"] for r in rows if boundary.contains(place_of(r)))
    assert 14 <= inside["community"] <= 18
    assert (inside["street"], inside["district"]) == (4, 2)
    outside = [r for r in rows if not boundary.contains(place_of(r))]
    assert [r["tier"] for r in outside] == ["community", "community"]
    assert all(boundary.distance(place_of(r)) < 800 for r in outside)
    for tier in ("community", "street", "district"):
        ids = [r["id"] for r in rows if r["tier"] == tier]
        assert ids == [f"{tier[0].upper()}{n + 1:03d}" for n in range(len(ids))]
    stations = [place_of(r) for r in rows if r["tier"] == "community"]
    without = [s["name"] for s, area in subdistricts if not any(map(area.contains, stations))]
    assert without == ["示例·江北岸东街道"]


@pytest.mark.parametrize("name", ["facilities.csv", "idle_premises.csv"])
def test_sites_stand_beside_a_street(name, folder, extract):
    unwalkable = {"motorway", "motorway_link"}
    walkable = [
        extract.line(s)
        for s in extract.streets
        if s.tags["highway"] not in unwalkable
        and s.tags.get("foot") != "no"
        and s.tags.get("access") != "private"
    ]
    streets = shapely.union_all(walkable)
    gaps = [streets.distance(place_of(row)) for row in read_rows(folder, name)]
    assert min(gaps) >= 3
    assert max(gaps) <= 30


def test_premises_and_zones(folder, boundary):
    rows = read_rows(folder, "idle_premises.csv")
    assert 20 <= len(rows) <= 30
    header = ["id", "name", "lon", "lat", "floor_area_m2", "cost_cny", "fits"]
    assert list(rows[0]) == header
    assert {t for r in rows for t in r["fits"].split(";")} == set(ALL_GROUPS)
    assert all(boundary.contains(place_of(r)) for r in rows)
    zones = read_features(folder, "renewal_zones.geojson")
    assert 3 <= len(zones) <= 4
    for properties, polygon in zones:
        assert set(properties) == {"name", "kind", "budget_cny"}
        assert boundary.contains(polygon)


@pytest.mark.parametrize("name", ["facilities.csv", "idle_premises.csv"])
def test_csv_files_open_in_excel(name, folder):
    assert (folder / name).read_bytes().startswith(b"\xef\xbb\xbfid,")


def test_elevation_covers_the_network(folder, extract):
    with rasterio.open(folder / "elevation.tif") as raster:
        assert raster.crs.to_epsg() == 32648
        assert raster.nodata == -32768
        assert raster.res == (30.0, 30.0)
        heights, bounds = raster.read(1), raster.bounds
    assert (heights != -32768).all()
    xs, ys = np.array([extract.places[n] for s in extract.streets for n in s.nodes]).T
    assert (bounds.left < xs.min()) & (xs.max() < bounds.right)
    assert (bounds.bottom < ys.min()) & (ys.max() < bounds.top)
    assert heights.min() == 165
    assert (heights == 165).mean() > 0.08, "the rivers are level"
    assert heights.max() >= 365, "the ridge is 200 m above them"


def test_tagged_stairs_agree_with_the_elevation(folder, extract):
    with rasterio.open(folder / "elevation.tif") as raster:
        heights, bounds = raster.read(1).astype(float), raster.bounds
    counted = [s for s in extract.streets if "step_count" in s.tags]
    ends = np.array([[extract.places[n] for n in (s.nodes[0], s.nodes[-1])] for s in counted])
    columns, rows = (ends[..., 0] - bounds.left) / 30 - 0.5, (bounds.top - ends[..., 1]) / 30 - 0.5
    low, high = map_coordinates(heights, [rows, columns], order=1).T
    rise = high - low
    tagged_rise = 0.16 * np.array([int(s.tags["step_count"]) for s in counted])
    np.testing.assert_allclose(tagged_rise, np.abs(rise), rtol=0.2)
    for stair, climb in zip(counted, rise, strict=True):
        assert stair.tags.get("incline") in (None, "up" if climb > 0 else "down")


def test_the_study_file_has_the_documented_keys(folder):
    study = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))
    notice = "Synthetic sample: nothing here is a real place. 合成示例数据，不代表任何真实地点。"
    assert study == {
        "name": "sample",
        "title": "示例山城 (synthetic sample)",
        "boundary": "boundary.geojson",
        "notices": [notice],
        "direction": "worst",
        "horizon_min": 60,
        "walker": "senior",
        "network": {
            "file": "streets.osm.pbf",
            "rules": "pedestrian",
            "margin_m": "auto",
            "osm_cache": "osm-cache",
            "rides": [],
        },
        "facilities": {
            "file": "facilities.csv",
            "datum": "wgs84",
            "from_osm": False,
            "snap_limit_m": 300,
        },
        "tiers": {tier: {"threshold_min": 15} for tier in ("community", "street", "district")},
        "areas": {"file": "subdistricts.geojson", "name_column": "name"},
        "elevation": {"file": "elevation.tif"},
        "population": {
            "file": "subdistricts.geojson",
            "population_column": "population",
            "elderly_column": "elderly",
            "decay": "none",
        },
        "zones": {"file": "renewal_zones.geojson", "name_column": "name"},
        "candidates": {"file": "idle_premises.csv"},
        "siting": {"tier": "community", "p": 5, "objective": "coverage"},
        "visits": {
            "minutes": 8,
            "by": ["foot", "car"],
            "tiers": ["community", "street"],
            "round_hours": 4,
            "visit_min": 30,
            "who": "uncovered",
        },
    }
    parts = [part for part in study.values() if isinstance(part, dict) and "file" in part]
    assert {part["file"] for part in parts} <= FILES
