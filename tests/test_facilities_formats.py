"""Facility lists as workbooks and map files, tiers read from words, and the inventory."""

import io
import json
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from coverage.errors import Findings, InputError
from coverage.inputs.facilities import COLUMNS, read_facilities
from coverage.inputs.facility_tiers import is_unambiguous, said_tier, tier_by_rules
from coverage.inputs.inventory import take_inventory
from coverage.study_parts import InventoryPart

HEADER = ["编号", "名称", "类型", "经度", "纬度", "床位", "地址"]
GOOD = ["C1", "红岩村", "社区养老服务站", 106.488935, 29.552701, 15, "某路1号"]
OPEN_RING = {"type": "Polygon", "coordinates": [[[106, 29], [106.1, 29], [106.1, 29.1]]]}
CSV = "id,name,tier,lon,lat\n"


@pytest.fixture
def book(tmp_path):
    """Write rows into the first sheet of a workbook; `change` may do more to it."""

    def book(*rows, change=lambda book: None, name="list.xlsx"):
        workbook = openpyxl.Workbook()
        for row in rows:
            workbook.active.append(row)
        change(workbook)
        workbook.save(tmp_path / name)
        return tmp_path / name

    return book


@pytest.fixture
def csv_file(tmp_path):
    def csv_file(text):
        (tmp_path / "list.csv").write_text(text, encoding="utf-8")
        return tmp_path / "list.csv"

    return csv_file


@pytest.fixture
def features(tmp_path):
    """Write features as GeoJSON from (geometry, properties) pairs."""

    def features(*pairs, name="list.geojson"):
        collection = {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": properties,
                 "geometry": shape if shape is None or isinstance(shape, dict)
                 else shapely.geometry.mapping(shape)}
                for shape, properties in pairs
            ],
        }  # fmt: skip
        path = tmp_path / name
        path.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")
        return path

    return features


def said(path, **options) -> str:
    with pytest.raises(InputError) as caught:
        read_facilities(path, **options)
    return str(caught.value)


def warned(path, **options) -> list[str]:
    findings = Findings()
    read_facilities(path, findings=findings, **options)
    return findings.warnings


# Workbooks


def test_a_workbook_with_chinese_headers(book):
    found = read_facilities(book(HEADER, GOOD, [2, "甲", "street", 106, 29.5]))
    assert found.index.tolist() == ["C1", "2"]
    assert found["tier"].tolist() == ["community", "street"]
    assert found.geometry.iloc[0].coords[0] == (106.488935, 29.552701)
    assert found["capacity"].iloc[0] == 15
    assert np.isnan(found["capacity"].iloc[1])
    assert found["address"].tolist() == ["某路1号", ""]
    assert not found["tier_guessed"].any()


def test_a_title_above_the_header_and_empty_rows(book):
    path = book(
        ["渝中区养老服务设施名册（2024）"], [], HEADER, GOOD, [], ["S1", "甲", "clinic", "x", 29]
    )
    assert "list.xlsx, row 6, column tier: 'clinic' is not a tier" in said(path)
    assert "list.xlsx, row 6, column lon: 'x' is not a number" in said(path)


def test_a_missing_column_is_told_at_the_header(book):
    path = book(["名册"], ["编号", "名称", "经度"], ["C1", "甲", 106.5])
    assert "list.xlsx, row 2: the column 'lat' (or 纬度, latitude) is missing" in said(path)


def test_numbers_as_text_and_full_width(book):
    row = ["C1", "甲", "street", "１０６．５", " 29.5 ", "12"]
    found = read_facilities(book(HEADER, row))
    assert found.geometry.iloc[0].coords[0] == (106.5, 29.5)
    assert found["capacity"].iloc[0] == 12


def test_merged_cells_count_once(book):
    def merge(workbook):
        workbook.active.merge_cells("C2:C3")

    second = ["C2", "乙", "社区养老服务站", 106.5, 29.5]
    assert "list.xlsx, row 3, column tier: is empty" in said(
        book(HEADER, GOOD, second, change=merge)
    )


def test_a_formula_that_was_never_calculated(book):
    row = ["C1", "甲", "street", "=100+6.5", 29.5]
    message = said(book(HEADER, row))
    assert "row 2, column D: holds the formula =100+6.5 without a saved value" in message
    assert "save it" in message


def test_a_formula_with_a_saved_value(book):
    path = book(HEADER, ["C1", "甲", "street", "=100+6.5", 29.5])
    _edit(path, "xl/worksheets/sheet1.xml", "<f>100+6.5</f><v />", "<f>100+6.5</f><v>106.5</v>")
    assert read_facilities(path).geometry.iloc[0].x == 106.5


def test_a_cell_with_an_error(book):
    assert "row 2, column B: holds the error #N/A" in said(
        book(HEADER, ["C1", "#N/A", "street", 1, 2])
    )


def test_a_wrong_size_loses_no_rows(book):
    path = book(HEADER, GOOD, ["C2", "乙", "street", 106.5, 29.5])
    _edit(path, "xl/worksheets/sheet1.xml", '<dimension ref="A1:G3" />', '<dimension ref="A1" />')
    assert len(read_facilities(path)) == 2


def test_the_sheet_is_chosen(book):
    def add(workbook):
        workbook.active.title = "说明"
        workbook.active.sheet_state = "hidden"
        for name, facility in (("名单", "甲"), ("旧名单", "乙")):
            sheet = workbook.create_sheet(name)
            sheet.append(HEADER)
            sheet.append(["C1", facility, "street", 106.5, 29.5])

    path = book(["看第二页"], change=add)
    assert read_facilities(path)["name"].tolist() == ["甲"]
    assert read_facilities(path, sheet="旧名单")["name"].tolist() == ["乙"]
    assert "has no sheet '新'; its sheets: 说明, 名单, 旧名单" in said(path, sheet="新")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"id,name\nC1,x\n", "is not an Excel workbook that can be read"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "without a password"),
        (b"PK\x03\x04 and then nothing", "is not an Excel workbook that can be read"),
    ],
    ids=["empty", "CSV", "with a password", "cut short"],
)
def test_no_workbook(tmp_path, content, expected):
    (tmp_path / "list.xlsx").write_bytes(content)
    assert expected in said(tmp_path / "list.xlsx")


def test_a_zip_that_is_no_workbook(tmp_path):
    with zipfile.ZipFile(tmp_path / "list.xlsx", "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert "is not an Excel workbook that can be read" in said(tmp_path / "list.xlsx")


def test_a_workbook_that_unpacks_to_too_much(tmp_path, monkeypatch, book):
    monkeypatch.setattr("coverage.inputs.workbooks.UNPACKED_MAX", 1000)
    assert "unpacks to 0 MiB, more than" in said(book(HEADER, GOOD))


def test_a_workbook_cut_in_the_middle(book):
    path = book(HEADER, GOOD)
    path.write_bytes(path.read_bytes()[:-300])
    assert "is not an Excel workbook that can be read" in said(path)


def test_an_empty_sheet_and_a_header_alone(book):
    assert "the sheet is empty" in said(book())
    assert "has a header and no rows" in said(book(HEADER, name="other.xlsx"))


def _edit(path, member, old, new):
    """Replace text in a member of a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(packed, "w") as edited:
        for name in archive.namelist():
            content = archive.read(name).decode()
            if name == member:
                assert old in content
                content = content.replace(old, new)
            edited.writestr(name, content)
    path.write_bytes(packed.getvalue())


# Map files


def test_geojson(features):
    path = features(
        (shapely.Point(106.5, 29.5), {"编号": 7, "名称": "甲", "类型": "street", "床位": 12.5}),
        (shapely.Point(106.6, 29.6), {"编号": 8, "名称": "乙", "类型": "社区", "床位": None}),
    )
    found = read_facilities(path)
    assert found.index.tolist() == ["7", "8"]
    assert found["tier"].tolist() == ["street", "community"]
    assert found.geometry.iloc[1].coords[0] == (106.6, 29.6)
    assert found["capacity"].iloc[0] == 12.5


def test_a_geopackage_in_metres(tmp_path):
    frame = gpd.GeoDataFrame(
        {"name": ["甲"], "tier": ["street"], "lon": [0.0], "lat": [0.0]},
        geometry=gpd.points_from_xy([106.57336], [29.5601]), crs="EPSG:4326",
    )  # fmt: skip
    frame.to_crs("EPSG:32648").to_file(tmp_path / "list.gpkg")
    found = read_facilities(tmp_path / "list.gpkg")
    assert found.index.tolist() == ["feature-1"]
    assert found.geometry.iloc[0].coords[0] == pytest.approx((106.57336, 29.5601), abs=1e-8)


def test_a_geopackage_with_layers(tmp_path):
    for layer in ("甲", "乙"):
        gpd.GeoDataFrame(
            {"name": [layer], "tier": ["street"]}, geometry=[shapely.Point(106.5, 29.5)], crs=4326
        ).to_file(tmp_path / "list.gpkg", layer=layer)
    path = tmp_path / "list.gpkg"
    styles = pd.DataFrame({"styleName": ["red"]})
    pyogrio.write_dataframe(styles, path, layer="layer_styles", append=False)
    assert "has several layers: 甲, 乙." in said(path)
    assert read_facilities(path, sheet="乙")["name"].tolist() == ["乙"]
    assert "has no layer '丙'" in said(path, sheet="丙")


def test_the_bad_features_of_a_map_file_are_named(features):
    good = {"id": "a", "name": "甲", "tier": "street"}
    message = said(features(
        (shapely.Point(106.5, 29.5), good),
        (None, good | {"id": "b"}),
        (shapely.Point(29.5, 106.5), good | {"id": "c"}),
        (shapely.Point(636_000, 3_270_000), good | {"id": "d"}),
        (shapely.Point(106.5, 29.5), good | {"tier": "clinic"}),
        (OPEN_RING, good | {"id": "f"}),
    ))  # fmt: skip
    assert "list.geojson, feature 2: has no geometry" in message
    assert "feature 6: has no geometry, or a broken one" in message
    assert "feature 3, columns lon and lat: lon 29.5 and lat 106.5 look swapped" in message
    assert "feature 4, column lon: 636000 is out of range" in message
    assert "feature 5, column tier: 'clinic' is not a tier" in message
    assert "features 1, 5, column id: the id 'a' stands there 2 times" in message


def test_a_point_inside_stands_for_other_shapes(features):
    square = shapely.box(106.5, 29.5, 106.502, 29.502)
    single = shapely.MultiPoint([(106.6, 29.6)])
    path = features(
        (square, {"name": "甲", "tier": "street"}), (single, {"name": "乙", "tier": "street"})
    )
    found = read_facilities(path)
    assert square.contains(found.geometry.iloc[0])
    assert found.geometry.iloc[1].coords[0] == (106.6, 29.6)
    assert warned(path) == [
        "list.geojson: 1 features are not points; a point inside stands for each: 1"
    ]


def test_map_files_that_cannot_be_read(tmp_path, features):
    (tmp_path / "list.gpkg").write_bytes(b"not a database")
    assert "is not a map file that can be read" in said(tmp_path / "list.gpkg")
    (tmp_path / "list.json").write_text('{"type": "FeatureColl', encoding="utf-8")
    assert "is not a map file that can be read" in said(tmp_path / "list.json")
    assert "holds no features" in said(features())
    path = features((shapely.Point(1, 2), {"title": "甲"}))
    assert "the column 'name' (or 名称, 机构名称) is missing; found: title" in said(path)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_the_datum_is_converted_in_every_form(features, book, csv_file, datum):
    lon_lat = {"gcj02": (106.57705, 29.557217), "bd09": (106.583513, 29.563422)}[datum]
    files = [
        features((shapely.Point(lon_lat), {"name": "甲", "tier": "street"})),
        book(["name", "tier", "lon", "lat"], ["甲", "street", *lon_lat]),
        csv_file(f"name,tier,lon,lat\n甲,street,{lon_lat[0]},{lon_lat[1]}\n"),
    ]
    for path in files:
        place = read_facilities(path, datum=datum).geometry.iloc[0]
        assert place.coords[0] == pytest.approx((106.57336, 29.56010), abs=2e-5)


# Other files


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("list.xls", ".xls workbooks are not read. Save it in Excel or WPS as .xlsx"),
        ("list.et", ".et workbooks are not read"),
        ("list.docx", "files ending in '.docx' are not read. Accepted: .csv"),
        ("list", "files ending in '' are not read"),
    ],
)
def test_what_is_not_read_is_refused(tmp_path, name, expected):
    (tmp_path / name).write_bytes(b"x")
    assert expected in said(tmp_path / name)


def test_a_csv_file_has_no_sheets(csv_file):
    path = csv_file(CSV + "C1,甲,street,106.5,29.5\n")
    assert "has no sheets or layers" in said(path, sheet="甲")


# Headers


@pytest.mark.parametrize(("key", "name"), [(k, n) for k, names in COLUMNS.items() for n in names])
def test_every_other_name_of_a_column(csv_file, key, name):
    header = ["id", "name", "tier", "lon", "lat", "capacity", "address", "services"]
    row = ["C1", "甲", "street", "106.5", "29.5", "3", "某路", "助餐"]
    header[header.index(key)] = name.upper()
    found = read_facilities(csv_file(",".join(header) + "\n" + ",".join(row) + "\n"))
    assert found.index.tolist() == ["C1"]
    values = found.iloc[0]
    assert (values["name"], values["tier"], values["capacity"]) == ("甲", "street", 3)
    assert (values["address"], values["geometry"].x, values["geometry"].y) == ("某路", 106.5, 29.5)


def test_of_two_columns_that_mean_the_same_the_first_named_is_taken(csv_file):
    path = csv_file("序号,机构编号,名称,类型,层级,经度,纬度\n1,K7,甲,公办,street,106.5,29.5\n")
    found = read_facilities(path)
    assert found.index.tolist() == ["K7"]
    assert found["tier"].tolist() == ["street"]


def test_two_columns_of_longitude_are_refused(csv_file):
    path = csv_file("name,tier,lon,经度,lat\n甲,street,106.5,106.504,29.5\n")
    assert "row 1: the columns lon and 经度 both mean 'lon'" in said(path)


def test_x_and_y_are_not_taken(csv_file):
    message = said(csv_file("name,tier,x,y\n甲,street,106.5,29.5\n"))
    assert "the column 'lon'" in message
    assert "the column 'lat'" in message


# Tiers


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        ("community", "community"),
        (" Street ", "street"),
        ("街道级", "street"),
        ("区县失能特困集中照护中心", "district"),
        ("社区养老服务站", "community"),
        ("某某街道社区养老服务站", "community"),
        ("人和街社区养老服务中心", "community"),
        ("社区养老服务中心", "community"),
        ("大溪沟街道人和街社区养老服务中心", "community"),
        ("社区日间照料中心", "community"),
        ("失能老人日间照料中心", "community"),
        ("日间照料", "community"),
        ("Day-care centre", "community"),
        ("石油路街道养老服务中心", "street"),
        ("石油路街道 养老服务中心", "street"),
        ("上清寺街道综合养老服务中心", "street"),
        # Nothing between: the street's centre for its communities.
        ("大溪沟街道社区养老服务中心", "street"),
        ("白市驿镇养老服务中心", "street"),
        ("Subdistrict care centre", "street"),
        ("渝中区失能特困集中照护中心", "district"),
        ("渝中区养老服务中心", "district"),
        ("重庆市第一社会福利院", "district"),
        ("某镇敬老院", "district"),
        ("阳光护理院", "district"),
        ("District care centre", "district"),
        ("Community service station", "community"),
        ("non-community hospital centre", None),
        ("non-community care centre", None),
        ("street community centre", None),
        ("Hospital with a day care", None),
        ("重庆市儿童福利院", None),
        ("龙湖小区养老服务中心", None),
        ("幸福养老院", None),
        ("两路口社区卫生服务中心", None),
        ("解放碑街道办事处", None),
        ("clinic", None),
        ("", None),
    ],
)
def test_words_that_tell_a_tier(text, tier):
    assert said_tier(text) == tier


def test_ambiguous_words():
    assert is_unambiguous("石油路街道养老服务中心")
    assert not is_unambiguous("失能老人日间照料中心")
    assert not is_unambiguous("幸福养老院")
    assert is_unambiguous("Community care centre")
    assert not is_unambiguous("Peace Street community centre")
    assert tier_by_rules("street") is None
    assert tier_by_rules("Peace Community Care Centre") == "community"
    assert tier_by_rules("Peace non-community care centre") is None


def test_a_tier_is_guessed_from_the_name_only_where_none_is_said(csv_file):
    rows = "C1,七星岗街道养老服务中心,,106.5,29.5\nC2,七星岗街道养老服务中心,社区,106.5,29.5\n"
    path = csv_file(CSV + rows)
    found = read_facilities(path)
    assert found["tier"].tolist() == ["street", "community"]
    assert found["tier_guessed"].tolist() == [True, False]
    assert found["tier_guessed"].dtype == bool
    assert warned(path) == [
        "list.csv: the tier of 1 facilities is guessed from their names; "
        "write it in the column tier: C1 (street)"
    ]


def test_without_a_column_of_tiers_all_are_guesses(csv_file):
    path = csv_file("id,name,lon,lat\nC1,甲社区养老服务站,106.5,29.5\nC2,甲公司,106.5,29.5\n")
    assert "1 problems" not in said(path)
    assert "row 3, column tier: is empty, and the name '甲公司' does not tell the tier" in said(
        path
    )


def test_a_type_in_words_is_said_and_a_type_that_is_none_is_a_problem(csv_file):
    path = csv_file(CSV + "C1,甲,日间照料中心,106.5,29.5\n")
    assert read_facilities(path)["tier_guessed"].tolist() == [False]
    assert warned(path) == []
    message = said(csv_file(CSV + "C1,甲社区养老服务站,公办,106.5,29.5\n"))
    assert "'公办' is not a tier" in message


def test_many_guesses_are_listed_in_part(csv_file):
    rows = "".join(f"C{n},甲社区养老服务站,,106.5,29.5\n" for n in range(30))
    (warning,) = warned(csv_file(CSV + rows))
    assert "the tier of 30 facilities" in warning
    assert "C19 (community) …" in warning
    assert "C20" not in warning


# The inventory


def test_the_inventory_compares_what_lies_in_the_area():
    """Two stations inside and one outside, no centre, one district; two stations are known."""
    facilities = gpd.GeoDataFrame(
        {"tier": ["community", "community", "community", "district"]},
        geometry=gpd.points_from_xy([1, 2, 99, 3], [1, 2, 99, 3]), crs="EPSG:32648",
    )  # fmt: skip
    findings = Findings()
    targets = InventoryPart(community=2871, street=0, district=1)
    square = shapely.box(0, 0, 10, 10)
    found = take_inventory(facilities, targets, boundary=square, findings=findings)
    assert found == {
        "community": {"found": 2, "target": 2871},
        "street": {"found": 0, "target": 0},
        "district": {"found": 1, "target": 1},
    }
    assert findings.warnings == ["inventory: community: 2 of 2,871 facilities (0.1 %)"]
    findings = Findings()
    one = take_inventory(facilities, InventoryPart(street=3), boundary=square, findings=findings)
    assert one == {"street": {"found": 0, "target": 3}}
    assert findings.warnings == ["inventory: street: 0 of 3 facilities (0.0 %)"]
    assert take_inventory(facilities, None, boundary=square, findings=findings) == {}
