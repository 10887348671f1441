"""People as planners have them: polygons, rasters, tables; good and bad."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine

from coverage.errors import Findings, InputError
from coverage.inputs.population import CITYWIDE_ELDERLY_SHARE, read_population
from coverage.study_parts import PopulationPart

SQUARE = shapely.box(106.5, 29.5, 106.6, 29.6)


@pytest.fixture
def geojson(tmp_path):
    def write(*rows):
        path = tmp_path / "people.geojson"
        features = [
            {"type": "Feature", "properties": row, "geometry": shapely.geometry.mapping(SQUARE)}
            for row in rows
        ]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}),
                        encoding="utf-8")  # fmt: skip
        return path

    return write


def read(path, boundary=SQUARE, findings=None, **keys):
    part = PopulationPart(file=path, **keys)
    return read_population(path, part, boundary, findings or Findings())


def refused(path, **keys) -> str:
    with pytest.raises(InputError) as caught:
        read(path, **keys)
    return str(caught.value)


def test_counted_elderly_are_no_assumption(geojson):
    found = read(geojson({"name": "甲", "population": 100, "elderly": 24}))
    assert found.areas[["name", "population", "elderly"]].to_numpy().tolist() == [["甲", 100, 24]]
    assert found.assumed == ""
    assert found.totals == (100, 24)


@pytest.mark.parametrize(
    ("row", "keys", "elderly", "assumed"),
    [
        ({"population": 100}, {}, 100 * CITYWIDE_ELDERLY_SHARE, "24% (assumed"),
        ({"population": 100}, {"elderly_share": 0.3}, 30, "30% (assumed"),
        ({"population": 100, "s": 0.31}, {"share_column": "s"}, 31, "column 's' (assumed"),
        (
            {"people": 100, "old": 9},
            {"population_column": "people", "elderly_column": "old"},
            9,
            "",
        ),
    ],
)
def test_where_the_elderly_come_from(geojson, row, keys, elderly, assumed):
    found = read(geojson(row), **keys)
    assert found.areas["elderly"].iloc[0] == pytest.approx(elderly)
    assert assumed in found.assumed


@pytest.mark.parametrize(
    ("row", "keys", "expected"),
    [
        ({"people": 100}, {}, "the column 'population' is missing; found: people"),
        ({"population": "many"}, {}, "feature 1, population: 'many' is not a number of people"),
        ({"population": -1}, {}, "feature 1, population: '-1' is not"),
        ({"population": 10, "elderly": 11}, {}, "feature 1: has more elderly people than people"),
        (
            {"population": 10, "s": 30},
            {"share_column": "s"},
            "30 is not a share. Write 30 % as 0.30",
        ),
    ],
)
def test_bad_polygons_are_refused(geojson, row, keys, expected):
    assert expected in refused(geojson(row), **keys)


def test_a_share_of_30_is_refused_in_the_study():
    with pytest.raises(ValueError, match="less than or equal to 1"):
        PopulationPart(file="x", elderly_share=30)


# ---- tables ----


def test_a_table_of_compounds_with_households(tmp_path):
    path = tmp_path / "compounds.csv"
    path.write_text(
        "小区,经度,纬度,户数\n甲小区,106.55,29.55,100\n乙,106.56,29.55,40\n", encoding="gbk"
    )
    found = read(path, households_column="户数", people_per_household=2.5, elderly_share=0.2)
    assert found.points["population"].tolist() == [250, 100]
    assert found.points["elderly"].tolist() == [50, 20]
    assert found.points["name"].tolist() == ["甲小区", "乙"]
    assert found.assumed == "2.5 people a household; elderly share 20% (assumed 假设)"


def test_a_table_of_areas_takes_their_polygons(tmp_path):
    path = tmp_path / "areas.csv"
    path.write_text("街道,population,elderly\n甲街道,100,30\n", encoding="utf-8")
    areas = gpd.GeoDataFrame(index=pd.Index(["甲街道"], name="area"), geometry=[SQUARE], crs=4326)
    part = PopulationPart(file=path)
    found = read_population(path, part, SQUARE, Findings(), areas=areas)
    assert found.points is None
    assert found.areas[["name", "population", "elderly"]].to_numpy().tolist() == [
        ["甲街道", 100, 30]
    ]
    assert found.areas.geometry.iloc[0].equals(SQUARE)
    path.write_text("街道,population,elderly\n乙街道,100,30\n", encoding="utf-8")
    with pytest.raises(
        InputError, match="row 2, column name: '乙街道' is not an area of the study"
    ):
        read_population(path, part, SQUARE, Findings(), areas=areas)
    with pytest.raises(InputError, match=r"the study has no \[areas\]"):
        read_population(path, part, SQUARE, Findings())


def test_a_bad_table_names_rows(tmp_path):
    path = tmp_path / "compounds.csv"
    path.write_text("lon,lat,population\n106.5,29.5,x\n106.5,29.5,-3\n", encoding="utf-8")
    message = refused(path)
    assert "row 2, column population: 'x' is not a number" in message
    assert "row 3, population: '-3.0' is not a number of people" in message


# ---- rasters ----


def raster(tmp_path, *bands, crs="EPSG:4326", west=106.5, nodata=-99.0):
    path = tmp_path / "people.tif"
    stack = np.array(bands, dtype="float32")
    with rasterio.open(
        path, "w", driver="GTiff", width=stack.shape[2], height=stack.shape[1], count=len(stack),
        dtype="float32", crs=crs, transform=Affine(0.01, 0, west, 0, -0.01, 29.6), nodata=nodata,
    ) as out:  # fmt: skip
        out.write(stack)
    return path


CELLS = [[10.0, 0.0], [-99.0, 30.0]]


def test_a_raster_of_totals_and_a_share(tmp_path):
    found = read(raster(tmp_path, CELLS), elderly_share=0.5)
    assert found.points["population"].tolist() == [10, 30]
    assert found.points["elderly"].tolist() == [5, 15]
    assert found.points.geometry.iloc[0].coords[0] == pytest.approx((106.505, 29.595))
    assert found.points.geometry.iloc[1].coords[0] == pytest.approx((106.515, 29.585))
    assert "assumed" in found.assumed


def test_a_raster_of_cohorts(tmp_path):
    path = raster(tmp_path, CELLS, [[1.0, 0.0], [-99.0, 2.0]], [[3.0, 0.0], [-99.0, 4.0]])
    found = read(path, population_bands=(1, 2, 3), elderly_bands=(2, 3))
    assert found.points["population"].tolist() == [14, 36]
    assert found.points["elderly"].tolist() == [4, 6]
    assert found.assumed == ""


def test_only_cells_of_the_study_area_are_read(tmp_path):
    found = read(raster(tmp_path, CELLS), boundary=shapely.box(106.511, 29.581, 106.519, 29.589))
    assert found.points["population"].tolist() == [30]


def test_negative_cells_are_told(tmp_path):
    findings = Findings()
    read(raster(tmp_path, [[10.0, -5.0], [0.0, 0.0]]), findings=findings)
    assert findings.warnings == ["people.tif: 1 cells have negative people; taken as nobody"]


@pytest.mark.parametrize(
    ("options", "keys", "expected"),
    [
        ({"west": 20.0}, {}, "nobody lives in the study area in this raster"),
        ({"crs": None}, {}, "does not say its coordinate system"),
        ({}, {"elderly_bands": (4,)}, "has 1 bands, not a band 4"),
    ],
)
@pytest.mark.filterwarnings("ignore:The given matrix is equal to Affine.identity")
def test_bad_rasters_are_refused(tmp_path, options, keys, expected):
    assert expected in refused(raster(tmp_path, CELLS, **options), **keys)


def test_a_raster_that_is_none(tmp_path):
    path = tmp_path / "people.tif"
    path.write_text("hello", encoding="utf-8")
    assert "not a raster" in refused(path)
