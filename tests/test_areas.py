"""Polygon files, rasters and candidates: what is read and what is refused."""

import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from coverage.errors import Findings, InputError
from coverage.inputs.areas import read_areas, read_boundary
from coverage.inputs.candidates import read_candidates
from coverage.inputs.elevation import open_elevation
from coverage.service_kinds import SERVICES
from coverage.study_parts import TIERS

SQUARE = shapely.box(106.5, 29.5, 106.6, 29.6)
NEXT = shapely.box(106.6, 29.5, 106.7, 29.6)


@pytest.fixture
def geojson(tmp_path):
    def write(*features, name="areas.geojson"):
        path = tmp_path / name
        content = {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": properties,
                 "geometry": None if shape is None else shapely.geometry.mapping(shape)}
                for shape, properties in features
            ],
        }  # fmt: skip
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        return path

    return write


def refused(call, *args, **kwargs) -> str:
    with pytest.raises(InputError) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def test_areas_are_indexed_by_name(geojson):
    findings = Findings()
    areas = read_areas(geojson((SQUARE, {"街道": "甲"}), (NEXT, {"街道": "乙"})), "街道", findings)
    assert areas.index.tolist() == ["甲", "乙"]
    assert findings.warnings == []


def test_an_invalid_polygon_is_mended_and_told(geojson):
    bow_tie = shapely.Polygon([(106.5, 29.5), (106.6, 29.6), (106.6, 29.5), (106.5, 29.6)])
    findings = Findings()
    boundary = read_boundary(geojson((bow_tie, {})), findings)
    assert boundary.is_valid
    assert boundary.area == pytest.approx(0.005)
    assert "feature 1 was mended (Self-intersection" in findings.warnings[0]


def test_overlaps_are_told(geojson):
    wider = shapely.box(106.55, 29.5, 106.7, 29.6)
    findings = Findings()
    read_areas(geojson((SQUARE, {"n": "甲"}), (wider, {"n": "乙"})), "n", findings)
    assert findings.warnings == [
        "areas.geojson: '甲' and '乙' overlap; what lies in both is counted in the first"
    ]


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ([(SQUARE, {"m": 1})], "the column 'n' is missing; found: m"),
        ([(SQUARE, {"n": "甲"}), (NEXT, {"n": "甲"})], "the name '甲' stands there 2 times"),
        ([(SQUARE, {"n": "甲"}), (NEXT, {"n": " "})], "feature 2: its 'n' is empty"),
        ([(SQUARE, {"n": "甲"}), (shapely.Point(1, 1), {"n": "乙"})], "feature 2: areas: is a Point, not a polygon"),
        ([(SQUARE, {"n": "甲"}), (None, {"n": "乙"})], "feature 2: areas: has no geometry"),
        ([(shapely.box(644000, 3270000, 645000, 3271000), {"n": "甲"})], "its coordinates are not degrees"),
    ],
)  # fmt: skip
def test_bad_areas_are_refused(geojson, features, expected):
    assert expected in refused(read_areas, geojson(*features), "n", Findings())


def test_files_that_are_no_map_files(tmp_path):
    broken = tmp_path / "a.geojson"
    broken.write_text("{ this is not json", encoding="utf-8")
    assert "not a map file" in refused(read_boundary, broken, Findings())
    assert "does not exist" in refused(read_boundary, tmp_path / "no.geojson", Findings())
    nowhere = tmp_path / "a.gpkg"
    with pytest.warns(UserWarning, match="crs"):
        gpd.GeoDataFrame(geometry=[SQUARE]).to_file(nowhere)
    assert "does not say its coordinate system" in refused(read_boundary, nowhere, Findings())


def raster(path, values, *, crs="EPSG:4326", west=106.4, bands=1):
    values = np.asarray(values, dtype="int16")
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=bands,
        dtype="int16", crs=crs, transform=Affine(0.1, 0, west, 0, -0.1, 29.8), nodata=-32768,
    ) as out:  # fmt: skip
        for band in range(1, bands + 1):
            out.write(values, band)
    return path


def test_elevation_where_the_study_is(tmp_path):
    found = open_elevation(raster(tmp_path / "e.tif", np.full((4, 4), 200)), SQUARE)
    assert found.crs == "EPSG:4326"
    assert shapely.intersects(found.extent, SQUARE)


@pytest.mark.parametrize(
    ("options", "values", "expected"),
    [
        ({"west": 20.0}, np.full((4, 4), 200), "lies elsewhere"),
        ({"bands": 3}, np.full((4, 4), 200), "has 3 bands"),
        ({}, np.full((4, 4), -32768), "every cell is empty"),
    ],
)
def test_bad_elevation_is_refused(tmp_path, options, values, expected):
    path = raster(tmp_path / "e.tif", values, **options)
    assert expected in refused(open_elevation, path, SQUARE)


def test_elevation_that_is_no_raster_or_nowhere(tmp_path):
    (tmp_path / "e.tif").write_text("hello", encoding="utf-8")
    assert "not a raster" in refused(open_elevation, tmp_path / "e.tif", SQUARE)
    path = raster(tmp_path / "f.tif", np.full((4, 4), 200), crs=None)
    assert "does not say its coordinate system" in refused(open_elevation, path, SQUARE)


def test_candidates(tmp_path):
    path = tmp_path / "idle.csv"
    path.write_text(
        "id,name,lon,lat,floor_area_m2,cost_cny,fits\nP1,店,106.5,29.5,120,,street; community\n"
        "P2,铺,106.5,29.5,,,\n",
        encoding="utf-8",
    )
    found = read_candidates(path)
    # In the order of the tiers, however listed; what says nothing fits every tier and service.
    assert found["fits"].tolist() == [("community", "street"), (*TIERS, *SERVICES)]
    assert found["floor_area_m2"].iloc[0] == 120
    path.write_text("id,name,lon,lat,fits\nP1,店,106.5,29.5,shop\nP1,铺,1,2,\n", encoding="utf-8")
    message = refused(read_candidates, path)
    assert "row 2, column fits: 'shop' is neither a tier nor a service" in message
    assert "row 3, column id: 'P1' is not unique" in message


def test_bad_candidates_are_refused(tmp_path):
    path = tmp_path / "idle.csv"
    path.write_text(
        "id,name,lon,lat,floor_area_m2,cost_cny\n,店,106.5,29.5,-1,-2\n,铺,106.5,29.5,0,\n",
        encoding="utf-8",
    )
    message = refused(read_candidates, path)
    assert "row 2, column id: is empty" in message
    assert "row 3, column id: is empty" in message
    assert "row 2, column floor_area_m2: is negative" in message
    assert "row 2, column cost_cny: is negative" in message
    assert "4 problems" in message


@pytest.mark.parametrize(
    "ring", [[(1, 1), (2, 2), (3, 3), (1, 1)], [(1, 1), (1, 1), (1, 1), (1, 1)]]
)
def test_a_polygon_without_area_is_refused(geojson, ring):
    findings = Findings()
    path = geojson((SQUARE, {}), (shapely.Polygon(ring), {}))
    assert "feature 2: boundary: has no area" in refused(read_boundary, path, findings)
    assert findings.warnings == []


def test_a_ring_that_is_not_closed_is_refused(tmp_path):
    path = tmp_path / "a.geojson"
    ring = [[106.5, 29.5], [106.6, 29.5], [106.6, 29.6], [106.5, 29.6]]
    feature = {"type": "Feature", "properties": {},
               "geometry": {"type": "Polygon", "coordinates": [ring]}}  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert "feature 1: boundary: has no geometry, or a broken one" in refused(
        read_boundary, path, Findings()
    )


def test_of_several_layers_none_is_taken_silently(tmp_path):
    path = tmp_path / "a.gpkg"
    for layer in ("old", "new"):
        gpd.GeoDataFrame(geometry=[SQUARE], crs=4326).to_file(path, layer=layer)
    message = refused(read_boundary, path, Findings())
    assert "boundary: has several layers: old, new. Save the right one as a file" in message
