"""What lies beneath the streets of the map: read where it is given, and told where it is bad."""

import json
import shutil

import geopandas as gpd
import pytest
import shapely

from coverage import check
from coverage.catalogue import init_study, load_study
from coverage.errors import InputError
from coverage.inputs.buildings import read_buildings
from coverage.inputs.ground import (
    STATION,
    framed,
    ground_of_file,
    no_ground,
    read_ground,
    read_water,
    together,
)
from coverage.study import study_from_toml

UTM = "EPSG:32648"


def element(kind, number, inner="", **tags):
    inside = inner + "".join(f'<tag k="{k.replace("__", ":")}" v="{v}"/>' for k, v in tags.items())
    return f'<{kind[0]} id="{number}" version="1"{kind[1]}>{inside}</{kind[0]}>'


def node(number, x, y, **tags):
    return element(("node", f' lon="{106.5 + x / 1000}" lat="{29.5 + y / 1000}"'), number, **tags)


def way(number, refs, **tags):
    return element(("way", ""), number, "".join(f'<nd ref="{r}"/>' for r in refs), **tags)


def square(first, x, y, size):
    corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size)]
    return "".join(node(first + n, *corner) for n, corner in enumerate(corners))


def osm(tmp_path, body, name="ground.osm"):
    path = tmp_path / name
    path.write_text(f'<?xml version="1.0"?><osm version="0.6">{body}</osm>', encoding="utf-8")
    return path


@pytest.fixture
def river(tmp_path):
    """A river with an island, its middle, a creek, a culvert, a pond, and names, in 0.001 degrees.

         0        10        20
    20   +----------+
         |  +--+    |         the river 0..20 with an island 5..8, its middle at y=10
         |  +--+    |
     0   +----------+         a pond at 30..32; a creek from 25 to 40
    """
    nodes = square(1, 0, 0, 20) + square(11, 5, 5, 3) + square(21, 30, 0, 2)
    nodes += node(31, 1, 10) + node(32, 19, 10) + node(33, 25, 5) + node(34, 40, 5)
    nodes += node(41, 2, 2, place="suburb", name="江北") + node(
        42, 3, 3, railway="station", name="站"
    )
    nodes += node(43, 3, 4, railway="station", name="站") + node(44, 1, 1, place="suburb")
    nodes += node(45, 1, 2, place="square", name="广场") + node(46, 4, 4, railway="stop", name="停")
    ways = way(1, [1, 2, 3, 4, 1]) + way(2, [11, 12, 13, 14, 11])
    ways += way(3, [21, 22, 23, 24, 21], landuse="reservoir", name__zh="塘")
    ways += way(4, [31, 32], waterway="river", name="大江") + way(5, [33, 34], waterway="stream")
    ways += way(6, [33, 34], waterway="stream", tunnel="culvert")
    # The middle of its three nodes is not in the file.
    ways += way(7, [33, 999, 34], waterway="canal", name="渠")
    ways += way(8, [21, 22, 23, 24, 21], landuse="forest", name="林") + way(
        9, [33, 34], highway="path"
    )
    members = '<member type="way" ref="1" role="outer"/><member type="way" ref="2" role="inner"/>'
    relation = element(
        ("relation", ""), 1, members, type="multipolygon", natural="water", name="大江"
    )
    return osm(tmp_path, nodes + ways + relation)


def test_water_and_names_come_out_of_a_street_file(river):
    ground = ground_of_file(river)
    water = ground.water.sort_values("name")
    assert water["name"].tolist() == ["塘", "大江"]
    assert shapely.area(water.geometry.to_numpy()) * 1e6 == pytest.approx([4, 400 - 9])
    assert sorted(ground.waterways["name"]) == ["", "大江", "渠"]
    assert ground.places[["name", "kind"]].to_numpy().tolist() == [
        ["江北", "suburb"],
        ["站", STATION],
    ]


def test_the_middle_of_a_river_is_no_line_of_its_own(river):
    frame = shapely.box(106.49, 29.49, 106.55, 29.55)
    ground = framed(ground_of_file(river), frame, UTM)
    assert sorted(ground.waterways["name"]) == ["", "渠"]
    assert ground.water.crs == ground.waterways.crs == ground.places.crs == UTM
    # 2 by 2 thousandths of a degree, 194 m by 222 m.
    assert ground.water.set_index("name").area["塘"] == pytest.approx(193.9 * 221.7, rel=0.01)


def test_what_lies_beyond_the_frame_is_cut_off(river):
    ground = framed(ground_of_file(river), shapely.box(106.49, 29.49, 106.51, 29.5025), UTM)
    assert ground.water["name"].tolist() == ["大江"]
    assert ground.water.to_crs("EPSG:4326").total_bounds == pytest.approx(
        [106.5, 29.5, 106.51, 29.5025]
    )
    assert len(ground.waterways) == 0
    assert ground.places["name"].tolist() == ["江北"]


def test_a_wide_screen_sees_some_way_beyond_the_network(river):
    area = shapely.box(106.52, 29.5, 106.528, 29.505)
    ground = read_ground(river, no_ground(), area, UTM)
    # A fifth of 0.008 degrees to each side: the river's east bank and the west of the creek.
    assert ground.water.to_crs("EPSG:4326").total_bounds[[0, 2]] == pytest.approx(
        [106.5184, 106.52]
    )
    assert ground.waterways.to_crs("EPSG:4326").total_bounds[2] == pytest.approx(106.5296)


def test_no_ground_is_empty_in_any_system():
    ground = framed(together(no_ground(), no_ground()), shapely.box(0, 0, 1, 1), "EPSG:32631")
    assert [len(part) for part in (ground.water, ground.waterways, ground.places)] == [0, 0, 0]
    assert ground.places.columns.tolist() == ["name", "kind", "geometry"]


def test_water_given_beside_the_streets_joins_theirs(river, tmp_path):
    lake = gpd.GeoDataFrame(
        {"Name": ["湖", None]},
        geometry=[
            shapely.multipolygons([shapely.box(106.51, 29.53, 106.52, 29.54),
                                   shapely.box(106.53, 29.53, 106.54, 29.54)]),
            shapely.LineString([(106.5, 29.53), (106.5, 29.54)]),
        ],
        crs="EPSG:4326",
    ).to_crs(UTM)  # fmt: skip
    lake.to_file(tmp_path / "water.gpkg")
    given = read_water(tmp_path / "water.gpkg")
    assert given.water["name"].tolist() == ["湖", "湖"]
    assert given.waterways["name"].tolist() == [""]
    both = read_ground(river, given, shapely.box(106.5, 29.5, 106.55, 29.55), UTM)
    assert sorted(both.water["name"]) == ["塘", "大江", "湖", "湖"]


def test_a_bow_tie_of_water_is_mended(tmp_path):
    bow = {
        "type": "Polygon",
        "coordinates": [[[106, 29], [107, 30], [107, 29], [106, 30], [106, 29]]],
    }
    flat = {"type": "Polygon", "coordinates": [[[106, 29], [107, 30], [106, 29], [106, 29]]]}
    path = geojson(tmp_path, bow, flat)
    ground = read_water(path)
    assert shapely.area(ground.water.geometry.to_numpy()).sum() == pytest.approx(0.5)
    assert ground.water.is_valid.all()


def geojson(folder, *geometries):
    path = folder / "water.geojson"
    features = [{"type": "Feature", "properties": {}, "geometry": g} for g in geometries]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


POINT = {"type": "Point", "coordinates": [106.5, 29.5]}
LINE = {"type": "LineString", "coordinates": [[106.5, 29.5], [106.6, 29.5]]}
METRES = {"type": "LineString", "coordinates": [[350000, 3270000], [350100, 3270000]]}


def test_every_wrong_shape_of_a_water_file_is_named(tmp_path):
    path = geojson(tmp_path, POINT, LINE, None, METRES)
    with pytest.raises(InputError) as caught:
        read_water(path)
    told = [str(problem) for problem in caught.value.problems]
    assert len(told) == 3
    assert (
        "feature 1: water: is a Point, not a polygon or line. Keep polygons or lines only."
        in told[0]
    )
    assert "feature 3: water: has no geometry" in told[1]
    assert "feature 4: water: its coordinates are not degrees" in told[2]


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "does not exist"), (b"", "is empty"), (b"\x00\x01 no map", "not a map file"),
     (b'{"type": "FeatureCollection", "features": []}', "holds no polygons or lines")],
)  # fmt: skip
def test_a_water_file_that_is_none_is_told(tmp_path, content, words):
    path = tmp_path / "water.geojson"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_water(path)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("template") / "town"
    init_study(folder)
    return folder


@pytest.fixture
def town_folder(template, tmp_path):
    """The sample as a study of the user's own, to be changed."""
    return shutil.copytree(template, tmp_path / "town")


def changed(folder, old, new):
    toml = folder / "study.toml"
    text = toml.read_text(encoding="utf-8")
    assert old in text
    toml.write_text(text.replace(old, new), encoding="utf-8")
    return toml


def test_the_sample_lies_between_two_rivers(template):
    inputs = check(template / "study.toml")
    assert sorted(inputs.ground.water["name"]) == ["示例北江", "示例南江"]
    assert inputs.ground.water.crs == inputs.crs
    # Water is where the study is, and the study is mostly on land.
    inside = inputs.ground.water.intersection(inputs.boundary).area.sum()
    assert 0.1 < inside / inputs.boundary.area < 0.4


def test_the_template_shows_how_to_give_water(town_folder):
    geojson(town_folder, {"type": "Polygon", "coordinates": [
        [[107.8, 30.2], [107.81, 30.2], [107.81, 30.21], [107.8, 30.2]]]})  # fmt: skip
    toml = changed(town_folder, "# [ground]\n# water = ", "[ground]\nwater = ")
    study = load_study(toml)
    inputs = check(study)
    assert len(inputs.ground.water) == 3
    assert "water.geojson" in inputs.files


def test_water_that_is_not_there_is_told_with_everything_else(town_folder):
    toml = changed(town_folder, "# [ground]\n# water = ", "[ground]\nwater = ")
    (town_folder / "facilities.csv").write_text("id,name\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        check(toml)
    told = "\n".join(map(str, caught.value.problems))
    assert "water: does not exist" in told
    assert "facilities.csv" in told


def test_water_may_be_left_out_where_the_study_says_so(town_folder):
    toml = changed(town_folder, "# [ground]\n", "[ground]\nif_present = true\n")
    toml = changed(town_folder, '# water = "water', 'water = "water')
    assert len(check(toml).ground.water) == 2


def test_the_packaged_studies_take_water_when_it_is_there():
    for name in ("yuzhong", "central-chongqing"):
        part = load_study(name).ground
        assert part is not None
        assert part.if_present
        assert str(part.water) == "water.geojson"


def test_a_study_names_what_it_does_not_know_of_the_ground():
    text = 'name = "a"\nboundary = "b"\n[facilities]\nfile = "f"\n[ground]\nwatre = "w"'
    with pytest.raises(InputError) as caught:
        study_from_toml(text)
    assert "Did you mean 'water'?" in str(caught.value)
    assert "'ground.water' is missing" in str(caught.value)


def test_buildings_are_seen_also_where_nobody_is_counted(town_folder):
    with_people = check(town_folder / "study.toml")
    toml = town_folder / "study.toml"
    text = toml.read_text(encoding="utf-8")
    start, end = text.index("[population]"), text.index("[zones]")
    toml.write_text(text[:start] + text[end:], encoding="utf-8")
    inputs = check(toml)
    assert inputs.population is None
    assert len(inputs.buildings) == len(with_people.buildings) > 400


def test_buildings_beyond_the_bounds_are_left_out(tmp_path):
    body = square(1, 0, 0, 1) + square(11, 50, 0, 1)
    body += way(1, [1, 2, 3, 4, 1], building="yes", name="楼") + way(
        2, [11, 12, 13, 14, 11], building="yes"
    )
    path = osm(tmp_path, body)
    assert read_buildings(path)["name"].tolist() == ["楼", ""]
    near = read_buildings(path, within=shapely.box(106.49, 29.49, 106.51, 29.51))
    assert near["osm_id"].tolist() == ["way/1"]
