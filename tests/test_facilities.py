"""Facility files as planners have them, good and bad."""

import numpy as np
import pytest

from coverage.errors import InputError
from coverage.inputs.facilities import read_facilities

HEADER = "id,name,tier,lon,lat,capacity,address\n"
GOOD = "C1,红岩村,community,106.5,29.5,15,某路1号\n"


@pytest.fixture
def write(tmp_path):
    def write(content, name="facilities.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def said(path) -> str:
    with pytest.raises(InputError) as caught:
        read_facilities(path)
    return str(caught.value)


def test_a_plain_file(write):
    found = read_facilities(write(HEADER + GOOD + "S1,甲中心,street,106.6,29.6,,\n"))
    assert found.index.tolist() == ["C1", "S1"]
    assert found["tier"].tolist() == ["community", "street"]
    assert found.geometry.iloc[1].coords[0] == (106.6, 29.6)
    assert found["capacity"].iloc[0] == 15
    assert np.isnan(found["capacity"].iloc[1])
    assert str(found.crs) == "EPSG:4326"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_encodings(write, encoding):
    found = read_facilities(write(HEADER + GOOD, encoding=encoding))
    assert found["name"].tolist() == ["红岩村"]


def test_chinese_headers_tiers_and_full_width_digits(write):
    text = (
        "编号；".replace("；", ";")
        + "名称;类型;经度;纬度\nＣ１;某站;社区养老服务站;１０６．５;２９．５\n"
    )
    found = read_facilities(write(text))
    assert found.index.tolist() == ["C1"]
    assert found["tier"].tolist() == ["community"]
    assert found.geometry.iloc[0].coords[0] == (106.5, 29.5)


def test_without_ids_the_rows_are_numbered(write):
    found = read_facilities(
        write("name,tier,lon,lat\n甲,street,106.5,29.5\n\n乙,street,106.5,29.5\n")
    )
    assert found.index.tolist() == ["row-2", "row-4"]


def test_quotes_and_commas(write):
    found = read_facilities(write(HEADER + 'C1,"甲, 乙 ""丙""",community,106.5,29.5,,\n'))
    assert found["name"].tolist() == ['甲, 乙 "丙"']


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("C1,甲,community,,29.5,,", "facilities.csv, row 2, column lon: is empty"),
        ("C1,甲,community,x,29.5,,", "row 2, column lon: 'x' is not a number"),
        ("C1,甲,community,29.5,106.5,,", "row 2, columns lon and lat: lon 29.5 and lat 106.5 look swapped"),
        ("C1,甲,community,1065,29.5,,", "row 2, column lon: 1065 is out of range"),
        ("C1,甲,community,inf,29.5,,", "row 2, column lon: 'inf' is not a number"),
        ("C1,甲,community,0,0,,", "row 2, columns lon and lat: are 0, 0"),
        ("C1,甲,clinic,106.5,29.5,,", "row 2, column tier: 'clinic' is not a tier. Accepted: community, street, district"),
        ("C1,甲,,106.5,29.5,,", "row 2, column tier: is empty"),
        (",甲,community,106.5,29.5,,", "row 2, column id: is empty"),
        ("C1,甲,community,106.5,29.5,many,", "row 2, column capacity: 'many' is not a number"),
        ("C1,甲,community,106.5,29.5,-3,", "row 2, column capacity: is negative"),
        ("C1,甲,community,106.5,29.5,,a,b", "row 2: has 8 values under 7 columns"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named(write, row, expected):
    assert expected in said(write(HEADER + row + "\n"))


def test_every_bad_cell_is_told_at_once(write):
    message = said(write(HEADER + GOOD + "C1,甲,clinic,x,29.5,,\nC3,乙,street,29.5,106.5,,\n"))
    assert "4 problems" in message
    assert "rows 2, 3, column id: the id 'C1' stands there 2 times" in message


def test_missing_columns_are_named_with_what_was_found(write):
    message = said(write("id,title,tier,longitud,lat\nC1,甲,street,106,29\n"))
    assert (
        "the column 'name' (or 名称, 机构名称) is missing; found: id, title, tier, longitud, lat"
        in message
    )
    assert "the column 'lon'" in message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04rest of a workbook", "is an Excel workbook"),
        (b"\x00\x01\x02\x03", "is not a text file"),
        (b"<!DOCTYPE html><html>", "is a web page or XML"),
        (HEADER.encode(), "has a header and no rows"),
        (b"name,name,tier\na,b,c\n", "the column name stands there twice"),
    ],
)
def test_a_file_that_is_not_what_its_name_says(write, content, expected):
    assert expected in said(write(content))


def test_a_missing_file(tmp_path):
    assert "nowhere.csv: facilities: does not exist" in said(tmp_path / "nowhere.csv")
    assert "is a folder" in said(tmp_path)
