"""coverage.gpkg opens styled in QGIS: its table of styles, and the document in each row."""

import dataclasses
import re
import sqlite3
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pytest

import coverage
from coverage.causes import CAUSES
from coverage.outputs.colours import BEYOND, TIER_COLOURS, UNREACHABLE, band_colour
from coverage.outputs.column_words import column_words
from coverage.outputs.layers import layers_of, write_geopackage
from coverage.outputs.qgis_symbols import rgba

LAYERS = [
    "facilities", "proposals", "shortcuts", "weak_links", "candidates", "visits", "gaps",
    "service_gaps", "areas", "zones", "demand", "streets", "isochrones",
]  # fmt: skip
HOSTILE = ["'; DROP TABLE streets; --", '"]]><x a="', "</qgis>", "🏥", "مركز", "长" * 300, ""]


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return coverage.run(coverage.load_study("sample", raw=tmp_path_factory.mktemp("raw")))


def written(result, folder: Path) -> Path:
    write_geopackage(result, folder / "coverage.gpkg")
    return folder / "coverage.gpkg"


@pytest.fixture(scope="module")
def path(result, tmp_path_factory) -> Path:
    return written(result, tmp_path_factory.mktemp("out"))


def styles(path: Path) -> pd.DataFrame:
    with sqlite3.connect(path) as book:
        table = pd.read_sql_query("SELECT * FROM layer_styles", book)
    book.close()
    return table


def document(path: Path, layer: str, number: int = 0) -> ElementTree.Element:
    table = styles(path)
    return ElementTree.fromstring(table[table["f_table_name"] == layer]["styleQML"].iloc[number])


def columns_of(path: Path, layer: str) -> set[str]:
    with sqlite3.connect(path) as book:
        names = {row[1] for row in book.execute(f'PRAGMA table_info("{layer}")')}
    book.close()
    return names


def expressions(root: ElementTree.Element) -> list[str]:
    """Return every expression of a style."""
    found = [root.find("renderer-v2").get("attr", "")]
    found += [rule.get("filter", "") for rule in root.iter("rule")]
    found += [text.get("fieldName") for text in root.iter("text-style")]
    found += [option.get("value") for option in root.iter("Option")
              if option.get("name") == "expression"]  # fmt: skip
    return found + [clause.text for clause in root.iter("orderByClause")]


def test_the_table_is_the_one_that_qgis_makes(path):
    table = styles(path)
    assert list(table.columns) == [
        "id", "f_table_catalog", "f_table_schema", "f_table_name", "f_geometry_column", "styleName",
        "styleQML", "styleSLD", "useAsDefault", "description", "owner", "ui", "update_time",
    ]  # fmt: skip
    with sqlite3.connect(path) as book:
        kind = book.execute(
            "SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'"
        ).fetchone()
        geometry = dict(book.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
    book.close()
    assert kind == ("attributes",)
    # QGIS asks for the rows of a schema that is empty, not unknown.
    assert set(table["f_table_schema"]) == {""}
    assert dict(zip(table["f_table_name"], table["f_geometry_column"], strict=True)) == geometry
    assert set(table["update_time"]) == {"2026-01-01T00:00:00Z"}


def test_every_layer_has_one_default_style_and_streets_and_homes_one_a_tier(path):
    table = styles(path)
    assert table.groupby("f_table_name")["useAsDefault"].sum().to_dict() == dict.fromkeys(LAYERS, 1)
    counts = table["f_table_name"].value_counts().to_dict()
    assert counts == {**dict.fromkeys(LAYERS, 1), "streets": 3, "demand": 3}
    assert not table.duplicated(["f_table_name", "styleName"]).any()


def test_layers_have_names_for_people_one_type_and_the_right_crs(result, path):
    with sqlite3.connect(path) as book:
        contents = {
            row[0]: row[1:] for row in book.execute(
                "SELECT table_name, identifier, description, srs_id FROM gpkg_contents"
            )
        }  # fmt: skip
        kinds = dict(
            book.execute("SELECT table_name, geometry_type_name FROM gpkg_geometry_columns")
        )
        known = book.execute(
            "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys"
            " WHERE srs_id = 32648"
        ).fetchone()
    book.close()
    assert [name for name in contents if name != "layer_styles"] == LAYERS
    assert contents["streets"][0] == "街道 Streets"
    assert contents["areas"][0] == "片区 Areas"
    for name in LAYERS:
        assert contents[name][2] == 32648
        assert "Synthetic sample: nothing here is a real place." in contents[name][1]
    assert known == ("EPSG", 32648)
    points = dict.fromkeys(["facilities", "proposals", "candidates", "visits", "demand"], "POINT")
    polygons = dict.fromkeys(
        ["gaps", "service_gaps", "areas", "zones", "isochrones"], "MULTIPOLYGON"
    )
    lines = dict.fromkeys(["streets", "shortcuts", "weak_links"], "MULTILINESTRING")
    assert kinds == {**points, **polygons, **lines}


def test_geopandas_reads_every_layer(result, path):
    for name in LAYERS:
        frame = gpd.read_file(path, layer=name)
        assert str(frame.crs) == result.network.crs
        assert len(frame) == len(layers_of(result)[name])
        kinds = {"streets": "MultiLineString", "gaps": "MultiPolygon", "areas": "MultiPolygon"}
        assert set(frame.geom_type) == {kinds.get(name, frame.geom_type.iloc[0])}
    assert gpd.read_file(path, layer="facilities")["id"].tolist() == list(result.facilities.index)
    fits = gpd.read_file(path, layer="candidates")["fits"]
    assert fits.tolist() == [";".join(tiers) for tiers in result.inputs.candidates["fits"]]


@pytest.mark.parametrize("layer", LAYERS)
def test_styles_name_only_fields_and_symbols_that_exist(path, layer):
    fields = columns_of(path, layer)
    table = styles(path)
    for text in table[table["f_table_name"] == layer]["styleQML"]:
        root = ElementTree.fromstring(text)
        renderer = root.find("renderer-v2")
        named = {name for one in expressions(root) for name in re.findall(r'"(\w+)"', one)}
        assert named <= fields
        drawn = {symbol.get("name") for symbol in renderer.find("symbols")}
        asked = {e.get("symbol") for e in renderer.iter() if e.get("symbol") is not None}
        assert asked in (set(), drawn)
        kinds = {symbol.get("type") for symbol in renderer.find("symbols")}
        kind = {"0": "marker", "1": "line", "2": "fill"}[root.find("layerGeometryType").text]
        assert kinds == {kind}
        keys = [rule.get("key") for rule in renderer.iter("rule")]
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("layer", LAYERS)
def test_fields_have_chinese_aliases(path, layer):
    root = document(path, layer)
    fields = columns_of(path, layer) - {"fid", "geom"}
    aliases = {alias.get("field"): alias.get("name") for alias in root.iter("alias")}
    own = {"name", "kind", "budget_cny"} if layer == "zones" else set()
    assert fields - own <= set(aliases) <= fields
    assert all(re.search("[\u4e00-\u9fff]", name) for name in aliases.values())
    assert len(set(aliases.values())) == len(aliases)


def test_streets_are_coloured_as_on_the_map(result, path):
    renderer = document(path, "streets").find("renderer-v2")
    ranges = [(float(one.get("lower")), float(one.get("upper"))) for one in renderer.iter("range")]
    assert ranges == [(0, 5), (5, 10), (10, 15), (15, 60), (60, 9999)]
    colours = [
        option.get("value") for option in renderer.iter("Option")
        if option.get("name") == "line_color"
    ]  # fmt: skip
    expected = [*map(band_colour, (5, 10, 15)), BEYOND, UNREACHABLE]
    assert colours == [rgba(colour) for colour in expected]
    assert rgba("#0a10ff", 0.5) == "10,16,255,128"
    # Streets that no way leads from have no minutes, and so a number beyond all in the expression.
    expression = renderer.get("attr").replace('"minutes_community"', "minutes_community")
    with sqlite3.connect(path) as book:
        found = book.execute(
            f"SELECT minutes_community IS NULL, {expression} FROM streets"
        ).fetchall()
    book.close()
    assert any(unknown for unknown, _ in found)
    assert all((value == 9999) == bool(unknown) for unknown, value in found)


def test_facilities_are_told_apart_by_shape_and_colour(path):
    renderer = document(path, "facilities").find("renderer-v2")
    values = [one.get("value") for one in renderer.iter("category")]
    assert values == ["community", "street", "district", "off"]
    looks = [
        {option.get("name"): option.get("value") for option in symbol.iter("Option")}
        for symbol in renderer.find("symbols")
    ]
    assert [look["color"] for look in looks[:3]] == [rgba(c) for c in TIER_COLOURS.values()]
    assert len({look["name"] for look in looks[:3]}) == 3


def test_gaps_are_ruled_by_tier_and_cause_and_only_one_tier_is_on(path):
    rules = list(document(path, "gaps").find("renderer-v2/rules"))
    assert [rule.get("filter") for rule in rules] == [
        f"\"tier\" = '{tier}'" for tier in ("community", "street", "district", "circle")
    ]
    assert [rule.get("checkstate", "1") for rule in rules] == ["1", "0", "0", "0"]
    for rule in rules:
        assert [one.get("filter") for one in rule] == [f"\"cause\" = '{c}'" for c in CAUSES]


def test_isochrones_lie_under_each_other_and_are_translucent(path):
    renderer = document(path, "isochrones").find("renderer-v2")
    assert renderer.get("enableorderby") == "1"
    assert renderer.find("orderby/orderByClause").text == '"minutes"'
    on = [rule.get("filter") for rule in renderer.find("rules") if rule.get("checkstate") != "0"]
    assert on == ["\"scope\" = 'tier' AND \"tier\" = 'community'"]
    for option in renderer.iter("Option"):
        if option.get("name") == "color":
            assert int(option.get("value").split(",")[3]) < 128


def test_areas_are_labelled_with_their_share(result, path):
    label = document(path, "areas").find("labeling//text-style").get("fieldName")
    assert '"share_elderly_community"' in label
    streets_only = dataclasses.replace(
        result, people=None,
        areas=result.areas.drop(columns=[c for c in result.areas if "elderly" in c]),
    )  # fmt: skip
    folder = path.parent / "streets-only"
    folder.mkdir()
    label = document(written(streets_only, folder), "areas").find("labeling//text-style")
    assert '"share_community"' in label.get("fieldName")


def test_a_study_of_streets_alone_without_gaps_is_styled_as_well(result, tmp_path):
    gaps = result.gaps[["tier", "street_m", "area", "minutes", "geometry"]]
    bare = dataclasses.replace(
        result, people=None, areas=None, gaps=gaps.iloc[:0], next=None, services=None,
        visits=None,
        inputs=dataclasses.replace(result.inputs, zones=None, candidates=None),
    )  # fmt: skip
    path = written(bare, tmp_path)
    names = ["facilities", "gaps", "streets", "isochrones"]
    assert list(gpd.list_layers(path)["name"]) == [*names, "layer_styles"]
    assert set(styles(path)["f_table_name"]) == set(names)
    rules = list(document(path, "gaps").find("renderer-v2/rules"))
    assert all(rule.get("symbol") is not None and len(rule) == 0 for rule in rules)
    empty = gpd.read_file(path, layer="gaps")
    assert len(empty) == 0
    assert str(empty.crs) == result.network.crs


def test_hostile_names_are_text_in_the_layers_and_not_in_the_styles(result, tmp_path):
    areas = result.areas.set_axis(pd.Index(HOSTILE[: len(result.areas)], name="area"))
    zones = result.inputs.zones.assign(**{
        '"; DROP TABLE x; --': 1, "fid": "own", "GEOM": 2.5, "Area": HOSTILE[1], "名 称": "x",
    })  # fmt: skip
    found = dataclasses.replace(
        result, areas=areas, inputs=dataclasses.replace(result.inputs, zones=zones),
        study=result.study.model_copy(update={"notices": tuple(HOSTILE)}),
    )  # fmt: skip
    path = written(found, tmp_path)
    assert gpd.read_file(path, layer="areas")["area"].fillna("").tolist() == list(areas.index)
    read = gpd.read_file(path, layer="zones")
    assert read["fid_2"].tolist() == ["own"] * len(zones)
    assert read["GEOM_2"].tolist() == [2.5] * len(zones)
    assert read["Area_2"].tolist() == [HOSTILE[1]] * len(zones)
    assert read['"; DROP TABLE x; --'].tolist() == [1] * len(zones)
    for text in styles(path)["styleQML"]:
        ElementTree.fromstring(text)
        assert "DROP" not in text
        assert "长长" not in text


def test_the_file_is_the_same_each_time(result, path, tmp_path):
    assert written(result, tmp_path).read_bytes() == path.read_bytes()


def test_columns_are_named_in_both_languages():
    assert column_words("minutes_street") == ("步行分钟（街道）", "minutes, street")
    assert column_words("covered_any") == ("是否覆盖（任一层级）", "covered, any tier")
    assert column_words("covered_any", shares=True)[0] == "覆盖比例（任一层级）"
    assert column_words("elderly_community_10min")[0] == "10 分钟内老年人口（社区）"
    assert column_words("only_street_district") == (
        "仅街道、区县覆盖的老年人口", "elderly people covered by street and district alone",
    )  # fmt: skip
    assert column_words("minutes_of") is None
    assert column_words("budget") is None
