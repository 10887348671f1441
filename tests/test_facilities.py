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


@pytest.mark.parametrize(
    "rows",
    [
        'C1,甲,community,106.5,29.5,,"Road 1\n' + GOOD.replace("C1", "C2") * 2,
        'C1,甲,community,106.5,29.5,,"Road 1\nC2,乙,community,106.5,29.5,,"Road 2"\n',
        'C1,甲,community,106.5,29.5,,"Road 1\nC2,乙,community,106.5,29.5,,Road 2"\n',
    ],
)
def test_a_quote_that_is_not_closed_swallows_no_rows(write, rows):
    message = said(write(HEADER + GOOD.replace("C1", "C0") + rows))
    assert "facilities.csv, row 3: " in message
    assert 'a quote (") ' in message


def test_a_value_may_hold_a_line_break(write):
    found = read_facilities(write(HEADER + 'C1,甲,community,106.5,29.5,,"Road 1,\nfloor 2"\n'))
    assert found["address"].tolist() == ["Road 1,\nfloor 2"]


@pytest.mark.parametrize(
    ("above", "row"),
    [
        ("\n\n", 4),
        ("sep=,\n", 3),
        ('"sep=,"\n', 3),
        ("养老机构名单\n", 3),
        ("养老机构名单,,,,,,\n2024\n\n", 5),
    ],
)
def test_what_may_stand_above_the_header(write, above, row):
    assert read_facilities(write(above + HEADER + GOOD))["name"].tolist() == ["红岩村"]
    assert f"row {row}, column lon: 'x'" in said(write(above + HEADER + "C1,甲,street,x,29.5,,\n"))


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b"\n \n", b"\xef\xbb\xbf\r\n"])
def test_a_file_without_text_is_empty(write, content):
    assert "is empty" in said(write(content))


def test_a_file_in_two_encodings_is_refused(write):
    rows = [GOOD.replace("C1", f"C{number}").encode() for number in range(3)]
    gbk = "C9,观音岩,street,106.5,29.5,,\n".encode("gbk")
    message = said(write(HEADER.encode() + b"".join([*rows, gbk])))
    assert "facilities.csv, line 5: facilities: is not UTF-8 as most of the file is" in message


def test_a_message_lists_forty_problems(write):
    path = write(HEADER + "".join(f"C{n},甲,clinic,106.5,29.5,,\n" for n in range(45)))
    with pytest.raises(InputError) as caught:
        read_facilities(path)
    assert len(caught.value.problems) == 45
    assert str(caught.value).startswith("45 problems in the inputs:")
    assert str(caught.value).endswith("… and 5 more")
    assert len(str(caught.value).splitlines()) == 42


def test_an_empty_name_is_a_problem(write):
    assert "row 2, column name: is empty" in said(write(HEADER + "C1, ,street,106.5,29.5,,\n"))
