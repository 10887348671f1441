"""Datums: conversion there and back, and telling them apart by the streets."""

import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from coverage.catalogue import load_study
from coverage.errors import Findings, InputError
from coverage.inputs.datum import CHINA, from_wgs84, to_wgs84
from coverage.inputs.datum_fit import COMPARED, DatumFit, check_datum, fit_datum
from coverage.inputs.everything import read_inputs
from coverage.inputs.facilities import read_facilities
from coverage.inputs.osm_file import read_streets
from coverage.streets import streets_from_ways

CRS = "EPSG:32648"
SHIFTED = ["gcj02", "bd09"]
MONUMENT = np.array([[106.57336, 29.56010]])

# Farther from the border of the box than any shift.
LON = st.floats(CHINA[0] + 0.05, CHINA[2] - 0.05)
LAT = st.floats(CHINA[1] + 0.05, CHINA[3] - 0.05)


def metres(one, other):
    east, north = (np.asarray(one) - other).T
    return np.hypot(east * 111_320 * np.cos(np.radians(29.5)), north * 110_860)


@pytest.mark.parametrize("datum", SHIFTED)
@given(lon=LON, lat=LAT)
def test_there_and_back(datum, lon, lat):
    point = np.array([[lon, lat]])
    assert np.abs(to_wgs84(from_wgs84(point, datum), datum) - point).max() < 1e-10
    assert np.abs(from_wgs84(to_wgs84(point, datum), datum) - point).max() < 1e-10


@given(lon=LON, lat=LAT)
def test_the_shift_is_some_hundreds_of_metres(lon, lat):
    point = np.array([[lon, lat]])
    for datum in SHIFTED:
        assert 0 < np.abs(from_wgs84(point, datum) - point).max() < 0.05


@given(points=st.lists(st.tuples(LON, LAT), min_size=2, max_size=5))
def test_points_do_not_know_of_each_other(points):
    together = to_wgs84(np.array(points), "bd09")
    alone = np.concatenate([to_wgs84(np.array([point]), "bd09") for point in points])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-10)


def test_a_small_step_stays_a_small_step():
    """Neighbours stay neighbours: the shift changes by less than 2 % of the way."""
    rng = np.random.default_rng(5)
    points = np.column_stack([rng.uniform(105, 110, 1000), rng.uniform(28, 32, 1000)])
    step = np.array([1e-4, -1e-4])
    for datum in SHIFTED:
        moved = from_wgs84(points + step, datum) - from_wgs84(points, datum)
        assert np.abs(moved - step).max() < 0.02 * 2e-4


def test_the_liberation_monument():
    assert from_wgs84(MONUMENT, "gcj02") == pytest.approx(np.array([[106.5771, 29.5572]]), abs=1e-4)
    back = to_wgs84(np.array([[106.5771, 29.5572]]), "gcj02")
    assert metres(back, MONUMENT).max() < 10


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
@pytest.mark.parametrize(
    "place",
    [(139.75, 35.68), (2.35, 48.86), (103.8, 0.5), (-106.57, 29.56)],
    ids=["Tokyo", "Paris", "south of the box", "America"],
)
def test_outside_china_nothing_is_shifted(datum, place):
    point = np.array([place])
    assert (from_wgs84(point, datum) == point).all()
    assert (to_wgs84(point, datum) == point).all()


@pytest.mark.parametrize("datum", ["wgs84", "cgcs2000"])
def test_wgs84_and_cgcs2000_are_taken_as_they_are(datum):
    assert (to_wgs84(MONUMENT, datum) == MONUMENT).all()
    assert (from_wgs84(MONUMENT, datum) == MONUMENT).all()


def test_unknown_positions_stay_unknown_and_no_points_are_no_points():
    points = np.array([[np.nan, np.nan], MONUMENT[0]])
    for datum in SHIFTED:
        converted = to_wgs84(points, datum)
        assert np.isnan(converted[0]).all()
        assert np.isfinite(converted[1]).all()
        assert to_wgs84(np.zeros((0, 2)), datum).shape == (0, 2)


def test_the_input_is_not_changed():
    points = MONUMENT.copy()
    to_wgs84(points, "bd09")
    to_wgs84(points, "wgs84")[:] = 0
    assert (points == MONUMENT).all()


@pytest.mark.realdata
@pytest.mark.parametrize("datum", SHIFTED)
def test_the_converted_files_meet_the_original_within_a_metre(yuzhong, datum):
    truth = read_facilities(yuzhong / "facilities-standin.csv").to_crs(CRS)
    read = read_facilities(yuzhong / f"facilities-standin-{datum}.csv", datum=datum).to_crs(CRS)
    assert read.index.tolist() == truth.index.tolist()
    # 0.07 m, the rounding to six decimals; 1 m is asked for.
    assert read.distance(truth).max() < 0.1


# A town of blocks with an empty half, and what can be told in it.


def town(*, blocks=20, side_m=150.0):
    """Make a chessboard of quarters with streets and without, and the area around it.

    A quarter is 4 by 4 blocks (600 m); the lower left one, at (640000, 3270000), has streets.
    """
    rows, lengths, refs, xy = [], [], [], []
    node = 0
    for i in range(blocks):
        for j in range(blocks):
            if (i // 4 + j // 4) % 2:
                continue
            corner = np.array([640_000.0, 3_270_000.0]) + side_m * np.array([i, j])
            for step in np.array([(side_m, 0), (0, side_m)]):
                xy += [corner, corner + step]
                refs += [node + 1, node + 2]
                node += 2
                lengths.append(2)
                rows.append(("residential", None, "road", "everyone"))
    to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    lon_lat = np.column_stack(to_degrees.transform(*np.array(xy).T))
    ways = pd.DataFrame(rows, columns=["highway", "name", "rule", "who"], dtype=object)
    ways.index = pd.RangeIndex(1, len(ways) + 1, name="osm_id")
    streets = streets_from_ways(np.array(refs), lon_lat, np.array(lengths), ways)
    area = shapely.box(640_000, 3_270_000, 640_000 + blocks * side_m, 3_270_000 + blocks * side_m)
    return streets, area.buffer(2_000)


def homes(streets, *, number, seed=1):
    """Return points some metres beside streets, WGS-84."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(streets.tail), number, replace=False)
    middle = (streets.lon_lat[streets.tail[chosen]] + streets.lon_lat[streets.head[chosen]]) / 2
    return middle + rng.normal(0, 1e-4, middle.shape)


def told(lon_lat, *, stated, streets, area) -> Findings:
    """Return what the check says of a list whose coordinates are `lon_lat`."""
    read = to_wgs84(lon_lat, stated or "wgs84")
    facilities = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*read.T), crs="EPSG:4326")
    findings = Findings()
    check_datum(Path("places/list.csv"), facilities, stated=stated, streets=streets, area=area,
                crs=CRS, findings=findings)  # fmt: skip
    return findings


@pytest.mark.parametrize("true", COMPARED)
@pytest.mark.parametrize("read_as", COMPARED)
def test_the_datum_is_told_in_a_town(true, read_as):
    streets, area = town()
    points = from_wgs84(homes(streets, number=60), true)
    fit = fit_datum(points, read_as=read_as, streets=streets, area=area, crs=CRS)
    assert (fit.best, fit.sure) == (true, true != read_as)
    assert min(fit.street_m, key=fit.street_m.get) == true


@pytest.mark.parametrize("true", SHIFTED)
def test_an_unstated_datum_that_is_wrong_is_refused(true):
    streets, area = town()
    found = told(
        from_wgs84(homes(streets, number=60), true), stated=None, streets=streets, area=area
    )
    (problem,) = found.problems
    name = {"gcj02": "GCJ-02", "bd09": "BD-09"}[true]
    assert problem.where == "list.csv"
    assert f"the points fit the streets as {name}" in problem.what
    assert "not as WGS-84" in problem.what
    assert " m away as they are and " in problem.what
    assert f'Write datum = "{true}" under [facilities] in study.toml' in problem.do
    assert found.warnings == []


def test_a_good_list_passes_in_silence():
    streets, area = town()
    for number in (10, 60):
        found = told(homes(streets, number=number), stated=None, streets=streets, area=area)
        assert (found.problems, found.warnings) == ([], [])


@pytest.mark.parametrize("stated", ["wgs84", "cgcs2000", "gcj02"])
def test_a_stated_datum_that_is_wrong_is_a_warning(stated):
    streets, area = town()
    points = from_wgs84(homes(streets, number=60), "bd09")
    found = told(points, stated=stated, streets=streets, area=area)
    assert found.problems == []
    (warning,) = found.warnings
    assert "fit the streets far better as BD-09 (Baidu)" in warning
    assert 'whether datum = "bd09" is right' in warning


@pytest.mark.parametrize("stated", [*COMPARED, "cgcs2000"])
def test_a_stated_datum_that_is_right_passes_in_silence(stated):
    streets, area = town()
    points = from_wgs84(homes(streets, number=60), stated)
    found = told(points, stated=stated, streets=streets, area=area)
    assert (found.problems, found.warnings) == ([], [])


@pytest.mark.parametrize("true", COMPARED)
def test_few_places_are_never_refused(true):
    streets, area = town()
    points = from_wgs84(homes(streets, number=4), true)
    found = told(points, stated=None, streets=streets, area=area)
    assert found.problems == []
    (warning,) = found.warnings
    assert "4 places among the streets are too few to tell it; WGS-84 is assumed" in warning
    assert told(points, stated="wgs84", streets=streets, area=area).warnings == []


def test_many_facilities_in_one_building_are_one_place():
    streets, area = town()
    one = from_wgs84(homes(streets, number=1), "gcj02")
    fit = fit_datum(np.repeat(one, 50, 0), read_as="wgs84", streets=streets, area=area, crs=CRS)
    assert fit == DatumFit(1, "wgs84", "wgs84", False, {}, {})


def test_points_that_leave_the_streets_area_are_not_compared():
    streets, area = town()
    points = homes(streets, number=60)
    away = points + np.array([1.0, 0.0])
    fit = fit_datum(np.concatenate([points, away]), read_as="wgs84", streets=streets, area=area,
                    crs=CRS)  # fmt: skip
    alone = fit_datum(points, read_as="wgs84", streets=streets, area=area, crs=CRS)
    assert fit == alone


def test_where_streets_are_even_nothing_is_refused():
    """A list that fits as badly in every datum tells nothing: scattered points, 20 lists."""
    streets, area = town()
    rng = np.random.default_rng(3)
    to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    for _ in range(20):
        xy = np.array([640_000.0, 3_270_000.0]) + rng.uniform(600, 2_400, (40, 2))
        points = np.column_stack(to_degrees.transform(*xy.T))
        fit = fit_datum(points, read_as="wgs84", streets=streets, area=area, crs=CRS)
        assert not fit.sure


@pytest.fixture(scope="module")
def real(yuzhong):
    """The real network within 810 m of the district, as a study cuts it, and the real list."""
    streets = read_streets(
        yuzhong / "yuzhong-260426.osm.pbf", rules="pedestrian", findings=Findings()
    )
    area = gpd.read_file(yuzhong / "subdistricts.geojson").to_crs(CRS).union_all().buffer(810)
    degrees = gpd.GeoSeries([area], crs=CRS).to_crs("EPSG:4326").iloc[0]
    inside = shapely.contains_xy(degrees, *streets.lon_lat.T)
    truth = read_facilities(yuzhong / "facilities-standin.csv")
    return streets.keep(inside[streets.tail] | inside[streets.head]), area, truth


@pytest.mark.realdata
@pytest.mark.parametrize("true", COMPARED)
@pytest.mark.parametrize("read_as", COMPARED)
def test_the_real_list_is_told_in_every_datum(real, true, read_as):
    streets, area, truth = real
    points = from_wgs84(shapely.get_coordinates(truth.geometry), true)
    fit = fit_datum(points, read_as=read_as, streets=streets, area=area, crs=CRS)
    assert (fit.best, fit.sure) == (true, true != read_as)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("number", "named_right"), [(10, 0.65), (20, 0.85), (40, 0.95)], ids=["10", "20", "40"]
)
def test_parts_of_the_real_list_are_never_refused_and_mostly_named_right(real, number, named_right):
    """Of 150 random parts in each datum (2026-11), how many were named right and refused.

    WGS-84, GCJ-02, BD-09 named right: 10 places 85, 81, 84 %; 20: 94, 92, 97 %; 40: 100 % each.
    Shifted ones refused: 20 places 15 %, 40: 58 %, 60: 96 %; the others get a warning. Of 2,100
    good parts of 22, 30 and 50 places none was refused.
    """
    streets, area, truth = real
    places = shapely.get_coordinates(truth.geometry)
    rng = np.random.default_rng(11)
    for true in COMPARED:
        fits = [
            fit_datum(from_wgs84(rng.permutation(places)[:number], true), read_as="wgs84",
                      streets=streets, area=area, crs=CRS)
            for _ in range(40)
        ]  # fmt: skip
        assert np.mean([fit.best == true for fit in fits]) >= named_right
        # Whoever is sure is right.
        assert all(fit.best == true for fit in fits if fit.sure)


@pytest.fixture(scope="module")
def checked(yuzhong, tmp_path_factory):
    """Read a list as part of the Yuzhong study, on the streets of either source."""
    cache = shutil.copytree(yuzhong / "osmnx-cache", tmp_path_factory.mktemp("osm") / "cache")

    def checked(name, *, recorded, datum=None):
        source = {"network__rules": "osmnx-walk"}
        if not recorded:
            source = {"network__file": yuzhong / "yuzhong-260426.osm.pbf"}
        study = load_study(
            "yuzhong", facilities__file=yuzhong / name, facilities__datum=datum,
            network__osm_cache=Path(cache), **source,
        )  # fmt: skip
        return read_inputs(study)

    return checked


@pytest.mark.realdata
@pytest.mark.parametrize("recorded", [True, False], ids=["OSMnx", "PBF"])
def test_a_study_refuses_a_real_list_in_another_datum(checked, recorded):
    good = checked("facilities-standin.csv", recorded=recorded)
    assert len(good.facilities) == 74
    assert not [warning for warning in good.warnings if "datum" in warning]
    for datum in SHIFTED:
        name = f"facilities-standin-{datum}.csv"
        with pytest.raises(InputError, match=f'{name}: .*Write datum = "{datum}"'):
            checked(name, recorded=recorded)
        stated = checked(name, recorded=recorded, datum=datum)
        assert stated.facilities.distance(good.facilities).max() < 0.1
        assert not [warning for warning in stated.warnings if "datum" in warning]
        misread = checked(name, recorded=recorded, datum="wgs84")
        assert any(f'whether datum = "{datum}" is right' in text for text in misread.warnings)
