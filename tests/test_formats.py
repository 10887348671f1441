"""Other formats on request, and the workbook: whole, readable, harmless."""

import csv
import dataclasses
import io
import json
import re
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from click.testing import CliRunner
from geopandas.testing import assert_geodataframe_equal

import coverage
from coverage import pipeline
from coverage.cli import main
from coverage.errors import UsageError
from coverage.outputs import layers, store
from coverage.outputs.layers import (
    layers_of,
    require_formats,
    write_frames,
    write_geopackage,
    write_layers,
)
from coverage.outputs.tables import about, tables, to_csv, to_workbook

HOSTILE = [
    '=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1+1", "http://x",
    "</script>", "🏥", "مركز", "长" * 300, "", "'=1", "a\x07b", "x" * 40_000, "_x000D_",
]  # fmt: skip


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return coverage.run(coverage.load_study("sample", raw=tmp_path_factory.mktemp("raw")))


@pytest.fixture(scope="module")
def folder(result, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    write_layers(result, folder, require_formats(["geojson", "geoparquet"]))
    return folder


def test_there_is_a_file_of_every_layer_in_every_format(result, folder):
    assert {path.name for path in folder.iterdir()} == {
        f"{name}.{ending}" for name in layers_of(result) for ending in ("parquet", "geojson")
    }


def test_geoparquet_holds_the_layers_in_the_crs_of_the_study(result, folder):
    for name, frame in layers_of(result).items():
        read = gpd.read_parquet(folder / f"{name}.parquet")
        assert read.crs.to_epsg() == 32648
        assert_geodataframe_equal(
            read.set_crs(frame.crs, allow_override=True), frame, check_dtype=False,
            check_index_type=False,
        )  # fmt: skip


def test_geojson_is_of_rfc_7946(result, folder):
    for name, frame in layers_of(result).items():
        text = (folder / f"{name}.geojson").read_text(encoding="utf-8")
        content = json.loads(text, parse_constant=lambda word: pytest.fail(word))
        assert content["type"] == "FeatureCollection"
        assert "crs" not in content
        assert len(content["features"]) == len(frame)
        first = content["features"][0]["properties"]
        assert list(first) == list(frame.columns.drop("geometry"))
        read = gpd.read_file(folder / f"{name}.geojson")
        west, south, east, north = read.total_bounds
        assert 107 < west < east < 108
        assert 30 < south < north < 31
        there = gpd.GeoSeries(read.geometry).to_crs(frame.crs)
        some = ~frame.geometry.is_empty
        assert shapely.hausdorff_distance(there[some], frame.geometry[some]).max() < 0.1
        for shape in read.geometry[some]:
            for polygon in shapely.get_parts(shape):
                if polygon.geom_type == "Polygon":
                    assert polygon.exterior.is_ccw
                    assert not any(ring.is_ccw for ring in polygon.interiors)


def test_unknown_minutes_are_null_and_not_a_number(result, folder):
    far = layers_of(result)["streets"]["minutes_community"].isna().to_numpy()
    assert far.any()
    content = json.loads((folder / "streets.geojson").read_text(encoding="utf-8"))
    values = [one["properties"]["minutes_community"] for one in content["features"]]
    assert [value is None for value in values] == far.tolist()


def test_formats_are_kept_in_the_manifest_and_removed_when_not_asked_for(result, tmp_path):
    coverage.save(result, tmp_path, also=("geojson", "geojson"))
    outputs = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["outputs"]
    made = {f"{name}.geojson" for name in layers_of(result)}
    assert made <= set(outputs)
    assert made <= {path.name for path in tmp_path.iterdir()}
    (tmp_path / "mine.geojson").write_text("{}", encoding="utf-8")
    before = {name: (tmp_path / name).read_bytes() for name in made}
    coverage.save(result, tmp_path, also=["geojson"])
    assert {name: (tmp_path / name).read_bytes() for name in made} == before
    coverage.save(result, tmp_path)
    assert {path.name for path in tmp_path.glob("*.geojson")} == {"mine.geojson"}


def test_an_unknown_format_is_refused_before_anything_is_written(result, tmp_path):
    with pytest.raises(UsageError, match="'shp' is not a format. Known formats are geoparquet"):
        store.save(result, tmp_path / "out", also=("shp",))
    assert not (tmp_path / "out").exists()


def test_geoparquet_without_its_package_says_what_to_install_before_the_run(monkeypatch, tmp_path):
    monkeypatch.setattr(layers, "find_spec", lambda _: None)
    monkeypatch.setattr(pipeline, "run", lambda *_, **__: pytest.fail("the run has begun"))
    words = ["run", "sample", "--out", str(tmp_path / "out"), "--also", "geoparquet"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert 'pip install "care-circle[geoparquet]"' in done.output
    assert require_formats(["geojson"]) == ("geojson",)


def written(result, path: Path, **mixed: list[object]) -> bytes:
    """Return the bytes of a GeoPackage, of the homes alone where they get a column of the user's."""
    if mixed:
        clock = {"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"}
        pyogrio.set_gdal_config_options(clock)
        write_frames({"demand": layers_of(result)["demand"].assign(**mixed)}, path, ["注意"])
        pyogrio.set_gdal_config_options(dict.fromkeys(clock))
    else:
        write_geopackage(result, path)
    return path.read_bytes()


def test_a_geopackage_is_the_same_fed_by_columns_or_by_rows(result, monkeypatch, tmp_path):
    count, fed = len(layers_of(result)["demand"]), []
    columns: list[dict[str, list[object]]] = [
        {}, {"own": [None, "水", "", *"x" * (count - 3)]}, {"own": [1, "水", None, *"x" * (count - 3)]},
    ]  # fmt: skip
    write = pyogrio.write_dataframe

    def noted(frame, path, *, layer, use_arrow=False, **words):
        fed.append((layer, use_arrow))
        write(frame, path, layer=layer, use_arrow=use_arrow, **words)

    monkeypatch.setattr(pyogrio, "write_dataframe", noted)
    with_arrow = [written(result, tmp_path / f"{n}.gpkg", **c) for n, c in enumerate(columns)]
    assert [use for name, use in fed if name == "demand"] == [True, True, False]
    assert ("streets", True) in fed
    fed.clear()
    monkeypatch.setattr(layers, "find_spec", lambda _: None)
    without = [written(result, tmp_path / f"{n}_.gpkg", **c) for n, c in enumerate(columns)]
    assert not any(use for _, use in fed)
    assert with_arrow == without


def test_the_command_writes_what_it_is_asked_for(result, monkeypatch, tmp_path):
    monkeypatch.setattr(pipeline, "run", lambda *_, **__: result)
    words = [
        "run",
        "sample",
        "-q",
        "--out",
        str(tmp_path),
        "--also",
        "geojson",
        "--also",
        "geoparquet",
    ]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "streets.geojson").exists()
    assert (tmp_path / "streets.parquet").exists()
    wrong = CliRunner().invoke(main, ["run", "sample", "--also", "shapefile"])
    assert wrong.exit_code == 2


# ---- workbook and CSV ----


def opened(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


@pytest.fixture(scope="module")
def book(result) -> openpyxl.Workbook:
    return opened(to_workbook(tables(result), about(result)))


def test_the_workbook_says_first_what_must_be_known(result, book):
    assert book.sheetnames == [
        "说明 about", "片区 areas", "缺口 gaps", "设施 facilities", "更新片区 zones",
        "建议选址 proposals", "关键路段 weak links", "加装捷径 shortcuts", "上门服务 visits",
        "上门服务片区 visits areas", "服务 services", "服务缺口 service gaps",
    ]  # fmt: skip
    said = [(row[0].value, row[1].value) for row in book["说明 about"].iter_rows()]
    assert said[0] == ("研究 Study", result.study.title)
    assert ("注意 Notice", result.study.notices[0]) in said
    assert ("数据来源 Source", "© OpenStreetMap contributors, ODbL 1.0") in said
    assert any("7,726 of 12,000 elderly people" in text for _, text in said)
    assumed = {**result.summary, "people": {**result.summary["people"], "assumed": "share 24%"}}
    assert ("假设 Assumed", "share 24%") in about(dataclasses.replace(result, summary=assumed))
    streets_only = dataclasses.replace(result, summary={**result.summary, "people": None})
    assert any("km of street" in text for _, text in about(streets_only))


def test_sheets_have_a_frozen_head_in_both_languages_filters_and_fitting_columns(result, book):
    for name, table in tables(result).items():
        sheet = next(
            book[title] for title in book.sheetnames if title.endswith(f" {name.replace('_', ' ')}")
        )
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref.startswith("A1:")
        assert sheet.max_row == len(table) + 1
        heads = [cell.value for cell in sheet[1]]
        assert [head.split("\n")[-1] for head in heads] == list(table.columns)
        assert re.search("[\u4e00-\u9fff]", heads[0])
        widths = [dimension.width for dimension in sheet.column_dimensions.values()]
        assert all(8 < width < 50 for width in widths)


def test_numbers_are_shown_as_their_columns_ask(result, book):
    sheet = book["片区 areas"]
    shown = {sheet.cell(1, c).value.split("\n")[-1]: sheet.cell(2, c).number_format
             for c in range(1, sheet.max_column + 1)}  # fmt: skip
    assert shown["share_community"] == "0.0%"
    assert shown["covered_km_any"] == "0.00"
    assert shown["elderly_community"] == "#,##0"
    assert shown["minutes_median_community"] == "0.0"
    assert shown["gini_minutes_community"] == "0.000"
    value = sheet.cell(2, list(shown).index("street_km") + 1).value
    assert value == pytest.approx(result.areas["street_km"].iloc[0])


def test_hostile_names_are_text_in_the_workbook():
    table = pd.DataFrame({"name": HOSTILE, "=1+1": HOSTILE})
    content = to_workbook(
        {"gaps": table}, [("研究 Study", HOSTILE[0]), ("注意 Notice", HOSTILE[12])]
    )
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
        for name in sheets:
            text = parts.read(name).decode()
            assert "<f>" not in text
            assert "hyperlink" not in text
    sheet = opened(content)["缺口 gaps"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}
    read = [sheet.cell(row, 1).value for row in range(2, len(HOSTILE) + 2)]
    for name, found in zip(HOSTILE, read, strict=True):
        if name.isprintable() and len(name) < 1000:
            assert (found or "") == name
    assert len(read[16]) == 32_000


def test_hostile_names_are_text_in_the_csv():
    text = to_csv(pd.DataFrame({"name": HOSTILE})).decode("utf-8-sig")
    cells = [row[0] if row else "" for row in csv.reader(io.StringIO(text, newline=""))][1:]
    assert len(cells) == len(HOSTILE)
    assert not any(cell.startswith(tuple("=+-@＝\t\r\n")) for cell in cells)
    assert [cell for cell in cells if cell.startswith("'")] == [
        *(f"'{name}" for name in HOSTILE[:8]), "'=1",
    ]  # fmt: skip


def test_half_characters_do_not_stop_the_tables():
    table = pd.DataFrame({"name": pd.Series(["a\ud800b"], dtype=object)})
    assert "a?b" in to_csv(table).decode("utf-8-sig")
    assert opened(to_workbook({"gaps": table}))["缺口 gaps"]["A2"].value == "a?b"


def test_an_empty_table_makes_a_sheet():
    sheet = opened(to_workbook({"gaps": pd.DataFrame({"gap": []})}))["缺口 gaps"]
    assert sheet["A1"].value == "缺口编号\ngap"
