"""Proposals in the files of a run: layer, table, summary, report, map; absent, nothing changes."""

import dataclasses
import json
import math

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

import coverage
from coverage.outputs.layers import write_geopackage
from coverage.outputs.payload import content_of, payload_of
from coverage.outputs.report_page import report_html
from coverage.outputs.tables import tables
from coverage.where_next import WhereNext, next_summary


def invented_next(result: coverage.Result) -> WhereNext:
    """Return two proposals beside the largest gaps: 120 people, then 80 more, the second's cost
    unknown; a link and a shortcut."""
    gaps = result.gaps[result.gaps["tier"] == "community"].head(2)
    proposals = gpd.GeoDataFrame(
        {
            "candidate": ["C1", "street-7"], "name": ["老厂房 <b>", ""], "tier": "community",
            "service": "", "elderly_gained": [120.0, 80.0], "elderly_total": [1120.0, 1200.0],
            "share_total": [0.56, 0.6], "cost_cny": [600_000.0, math.nan],
            "cny_per_person": [5000.0, math.nan], "floor_area_m2": [350.0, math.nan],
            "source": ["listed", "street"], "area": ["甲", ""],
        },
        geometry=gaps.geometry.representative_point().to_numpy(), crs=result.network.crs,
    )  # fmt: skip
    proposals.index = proposals.index.set_names("proposal") + 1
    here, there = proposals.geometry
    rank = pd.Index([1], name="rank")
    lines = {"name": ["百步梯"], "kind": ["stairs"], "length_m": [70.0], "area": ["甲"]}
    line = [shapely.LineString([here, there])]
    links = gpd.GeoDataFrame(
        {**lines, "steps": [100.0], "elderly_using": [90.0], "elderly_lost": [44.0], "elderly_lost_circle": [4.0]},
        index=rank, geometry=line, crs=proposals.crs,
    )  # fmt: skip
    shortcuts = gpd.GeoDataFrame(
        {**lines, "name": "", "kind": ["lift"], "rise_m": [21.0], "minutes_now": [math.nan],
         "minutes_then": [1.5], "elderly_gained": [33.0], "elderly_gained_circle": [3.0]},
        index=rank, geometry=line, crs=proposals.crs,
    )  # fmt: skip
    zones = pd.DataFrame(
        {"rank": [1, 2], "candidates": [3, 0], "candidate": ["C1", ""],
         "candidate_name": ["老厂房 <b>", ""], "tier": ["community", ""],
         "service": "",
         "elderly_gained": [120.0, 0.0], "cost_cny": [600_000.0, math.nan],
         "elderly_per_million_cny": [200.0, math.nan]},
        index=result.inputs.zones.index[[2, 0]],
    )  # fmt: skip
    return WhereNext(proposals, {"gap": 0.0, "capacity": False}, links, shortcuts, zones)


@pytest.fixture(scope="module")
def plain_result(tmp_path_factory: pytest.TempPathFactory) -> coverage.Result:
    raw = tmp_path_factory.mktemp("raw")
    return dataclasses.replace(coverage.run(coverage.load_study("sample", raw=raw)), next=None)


@pytest.fixture(scope="module")
def with_next(plain_result: coverage.Result) -> coverage.Result:
    return dataclasses.replace(plain_result, next=invented_next(plain_result))


def test_gains_and_costs_add_up_in_order_and_an_unknown_cost_stays_unknown(with_next):
    assert with_next.next.running_gain.tolist() == [120.0, 200.0]
    costs = with_next.next.running_cost_cny.tolist()
    assert costs[0] == 600_000.0
    assert math.isnan(costs[1])


def test_the_summary_has_null_for_unknown(with_next):
    first, second = next_summary(with_next.next)["proposals"]
    assert (first["proposal"], first["elderly_gained_running"], first["cost_cny"]) == (
        1, 120.0, 600_000.0,
    )  # fmt: skip
    assert (second["elderly_gained_running"], second["cost_cny_running"]) == (200.0, None)


def test_the_summary_has_the_lines_and_where_they_are(with_next):
    said = next_summary(with_next.next)
    (link,), (shortcut,) = said["weak_links"], said["shortcuts"]
    assert (link["rank"], link["name"], link["kind"], link["steps"]) == (1, "百步梯", "stairs", 100)
    assert (link["elderly_lost"], link["elderly_lost_circle"], link["elderly_using"]) == (44, 4, 90)
    assert (shortcut["minutes_now"], shortcut["minutes_then"]) == (None, 1.5)
    assert (shortcut["rise_m"], shortcut["elderly_gained"]) == (21, 33)
    for line in (link, shortcut):
        assert 100 < line["lon"] < 110
        assert 25 < line["lat"] < 35
        assert "geometry" not in line
    json.dumps(said, allow_nan=False)
    silent = dataclasses.replace(with_next.next, links=None, shortcuts=None)
    assert next_summary(silent)["weak_links"] is None
    assert next_summary(silent)["shortcuts"] is None


def test_the_table_has_people_gained_the_running_total_and_degrees(with_next):
    table = tables(with_next)["proposals"]
    assert table["proposal"].tolist() == [1, 2]
    assert table["elderly_gained_running"].tolist() == [120.0, 200.0]
    assert table["lon"].between(100, 110).all()
    assert table["lat"].between(25, 35).all()


def test_the_tables_have_the_lines_and_the_zones_by_rank(with_next, plain_result):
    found = tables(with_next)
    assert found["weak_links"]["elderly_lost_circle"].tolist() == [4.0]
    assert found["shortcuts"]["minutes_then"].tolist() == [1.5]
    for name in ("weak_links", "shortcuts"):
        assert found[name]["lon"].between(100, 110).all()
    zones, plain = found["zones"], tables(plain_result)["zones"]
    assert zones["rank"].tolist()[:2] == [1, 2]
    assert zones["elderly_per_million_cny"].tolist()[0] == 200
    assert sorted(zones.iloc[:, 0]) == sorted(plain.iloc[:, 0])
    assert zones["elderly"].sum() == plain["elderly"].sum()


def test_the_geopackage_has_the_layers_each_with_a_style(with_next, tmp_path):
    path = tmp_path / "c.gpkg"
    write_geopackage(with_next, path)
    layers = dict(pyogrio.list_layers(path).tolist())
    assert layers["proposals"] == "Point"
    assert layers["shortcuts"] == layers["weak_links"] == "MultiLineString"
    styles = pyogrio.read_dataframe(path, layer="layer_styles", read_geometry=False)
    assert {"proposals", "shortcuts", "weak_links"} <= set(styles["f_table_name"])
    assert pyogrio.read_dataframe(path, layer="proposals")["elderly_gained"].tolist() == [120, 80]
    zones = pyogrio.read_dataframe(path, layer="zones")
    assert zones["elderly_per_million_cny"].max() == 200
    assert pyogrio.read_dataframe(path, layer="weak_links")["rank"].tolist() == [1]


def test_the_report_has_the_section_and_no_name_becomes_markup(with_next, plain_result):
    page = report_html(with_next)
    assert "下一处设在哪里" in page
    assert "老厂房 &lt;b&gt;" in page
    assert "百步梯" in page
    assert page.count('class="rank turn"') == 2
    assert "Renewal zones, by the elderly people that a million CNY wins" in page
    assert "none wins anybody" in page
    assert "下一处设在哪里" not in report_html(plain_result)


def test_the_map_knows_them_and_its_block_is_unchanged_without(with_next, plain_result):
    about, sections = content_of(with_next)
    assert [(p["n"], p["gained"], p["running"], p["cost"]) for p in about["proposals"]] == [
        (1, 120.0, 120.0, 600_000.0), (2, 80.0, 200.0, None),
    ]  # fmt: skip
    without, same = content_of(plain_result)
    assert "proposals" not in without
    assert len(same) == len(sections)
    assert payload_of(plain_result) == payload_of(dataclasses.replace(with_next, next=None))
