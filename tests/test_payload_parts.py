"""The parts of the map's block: shapes, minutes and words by themselves."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from conftest import CRS, ORIGIN
from coverage.circle import TIE_MIN
from coverage.outputs import payload_words
from coverage.outputs.payload_minutes import BEYOND, minute_codes, quantum
from coverage.outputs.payload_shapes import (
    WORLD_UNITS,
    lines_of,
    morton_order,
    outlines_of,
    polygons_of,
    world,
)
from coverage.walkers import PACKAGED_WALKERS, Walker

X, Y = ORIGIN


def metres(x, y):
    """Return places of the map, units of the world, as metres from the origin."""
    lon = np.asarray(x) / WORLD_UNITS * 360 - 180
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * np.asarray(y) / WORLD_UNITS))))
    to_metres = Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    return np.column_stack(to_metres.transform(lon, lat)) - ORIGIN


def test_names_are_one_line_of_bounded_length():
    assert payload_words.name("a\u2028b\x00c\ud800d\n") == "a\u2028b c?d"
    assert len(payload_words.name("字" * 1000)) == payload_words.LONGEST
    assert payload_words.name(None) == payload_words.name(float("nan")) == ""


def test_kinds_of_street_are_told_by_importance():
    tags = ["steps", "primary_link", "motorway", "odd<b>", "", "ferry"]
    found = payload_words.kinds(tags)
    assert [kind["tag"] for kind in found] == [
        "motorway",
        "primary_link",
        "",
        "odd<b>",
        "ferry",
        "steps",
    ]
    assert found[1] == {
        "tag": "primary_link",
        "zh": "主干路匝道",
        "en": "primary road ramp",
        "rank": 1,
    }
    assert found[3] == {"tag": "odd<b>", "zh": "其他道路", "en": "odd<b>", "rank": 4}


def test_a_walker_of_the_study_goes_by_its_own_name():
    own = Walker(name="senior", level_speed_mps=0.5)
    found = payload_words.walkers([own, PACKAGED_WALKERS["cane"]])
    assert [(w["zh"], w["en"]) for w in found] == [
        ("senior", "senior"), ("持杖老人", "older person with a cane"),
    ]  # fmt: skip
    assert {w["id"] for w in payload_words.walkers(PACKAGED_WALKERS.values())} == set(
        PACKAGED_WALKERS
    )


@given(
    st.lists(st.floats(0, 62), min_size=1, max_size=30),
    st.lists(st.integers(0, 1200), min_size=1, max_size=6, unique=True),
)
def test_codes_lie_within_a_cut_exactly_when_minutes_do(minutes, twentieths):
    """Also for cuts that are no whole number of codes, and for minutes right at a cut."""
    cuts = sorted(number / 20 for number in twentieths)
    per_minute = quantum(cuts)
    cuts = [cut for cut, after in zip(cuts, [*cuts[1:], 99], strict=True) if after - cut >= 0.26]
    values = np.array([*minutes, *cuts, *(cut + TIE_MIN / 2 for cut in cuts), np.nan])
    codes = minute_codes(values, cuts, per_minute)
    for cut in cuts:
        np.testing.assert_array_equal(codes / per_minute <= cut, values <= cut + TIE_MIN)
    beyond = ~(values <= max(cuts) + TIE_MIN)
    assert np.all((codes == BEYOND) == beyond)
    # Rounded up, by less than a code but where a cut is no whole number of them.
    within = codes[~beyond] / per_minute - values[~beyond]
    assert np.all(np.abs(within) <= 1 / per_minute + 1e-6)


def test_a_minute_has_eight_codes_unless_an_hour_is_asked_for():
    assert quantum(range(3, 31)) == 8
    assert quantum([15, 31.75]) == 8
    assert quantum([15, 60]) == 4
    assert minute_codes(np.array([0.0, 0.1, 15.0, 15.01, 60, 61]), [15, 60], 4).tolist() == [
        0, 1, 60, 61, 240, BEYOND,
    ]  # fmt: skip


def test_polygons_with_holes_and_parts_come_back():
    ring = shapely.box(0, 0, 100, 100) - shapely.box(20, 20, 40, 40)
    shapes = [
        shapely.multipolygons([ring, shapely.box(200, 0, 300, 50)]), shapely.Polygon(),
        shapely.box(500, 500, 600, 700),
    ]  # fmt: skip
    moved = np.array([shapely.transform(shape, lambda xy: xy + ORIGIN) for shape in shapes])
    s = {section.name: section.array for section in polygons_of("a", moved, CRS, 1.0, grouped=True)}
    assert s["a.polygons"].tolist() == [2, 0, 1]
    assert s["a.parts"].tolist() == [2, 1, 1]
    assert s["a.rings"].tolist() == [4, 4, 4, 4]
    back, at = [], 0
    for number, count in enumerate(s["a.rings"].tolist()):
        x = s["a.x"][number] + np.r_[0, np.cumsum(s["a.dx"][at : at + count - 1].astype(int))]
        y = s["a.y"][number] + np.r_[0, np.cumsum(s["a.dy"][at : at + count - 1].astype(int))]
        back.append(shapely.Polygon(metres(x, y)))
        at += count - 1
    assert at == len(s["a.dx"])
    for found, area in zip(back, (10_000, 400, 5_000, 20_000), strict=True):
        assert found.area == pytest.approx(area, rel=0.02)
    assert back[3].symmetric_difference(shapes[2]).area < 300 * 2 * 0.3


def test_outlines_are_those_of_the_largest_part():
    large = shapely.box(X, Y, X + 30, Y + 20)
    shapes = np.array([None, shapely.multipolygons([shapely.box(X, Y + 50, X + 5, Y + 55), large])])
    centres = world(np.array([[X, Y], [X + 15, Y + 10]]), CRS)
    s = {section.name: section.array for section in outlines_of("h", shapes, centres, CRS, 0.5)}
    assert s["h.rings"].tolist() == [0, 4]
    xy = centres[1] + np.cumsum(np.column_stack([s["h.vx"], s["h.vy"]]).astype(int), axis=0)
    assert shapely.Polygon(metres(*xy.T)).area == pytest.approx(600, rel=0.05)
    assert outlines_of("h", np.array([None, None]), centres, CRS, 0.5) == []


def test_lines_lose_what_nobody_sees_and_no_more():
    line = shapely.LineString([(X, Y), (X + 50, Y + 0.4), (X + 100, Y), (X + 100, Y + 30)])
    s = {section.name: section.array for section in lines_of("w", np.array([line]), CRS, 1.0)}
    assert s["w.inner"].tolist() == [2]
    assert lines_of("w", np.array([], dtype=object), CRS, 1.0) == []
    far = shapely.LineString([(X, Y), (X + 20_000, Y)])
    s = {section.name: section.array for section in lines_of("w", np.array([far]), CRS, 1.0)}
    assert s["w.dx"].dtype == np.int32


def test_near_places_stand_near_each_other():
    places = np.array([[0, 0], [7, 7], [1, 0], [0, 1], [1, 1], [0, 0]])
    assert morton_order(places).tolist() == [0, 5, 2, 3, 4, 1]
