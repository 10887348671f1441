"""Proposals: what they promise is what a full run with them finds."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import coverage
from coverage.errors import InputError
from coverage.proposals import candidates_of, propose, street_places
from coverage.study_parts import SitingPart


@pytest.fixture(scope="module")
def sample():
    return coverage.run("sample")


def with_opened(found, sample, folder):
    """Return a full run of the sample with the proposals among its facilities."""
    table = found.table.to_crs("EPSG:4326")
    new = pd.DataFrame({
        "id": table["candidate"], "name": table["name"], "tier": table["tier"],
        "lon": table.geometry.x, "lat": table.geometry.y,
    })  # fmt: skip
    old = sample.inputs.facilities.to_crs("EPSG:4326")
    listed = pd.DataFrame({
        "id": old.index, "name": old["name"], "tier": old["tier"],
        "lon": old.geometry.x, "lat": old.geometry.y,
    })  # fmt: skip
    path = folder / "facilities.csv"
    pd.concat([listed, new]).to_csv(path, index=False)
    return coverage.run(coverage.load_study("sample", facilities__file=path))


@pytest.mark.parametrize("tier", ["community", "circle"])
def test_people_gained_are_those_that_a_full_run_finds(sample, tmp_path, tier):
    places = street_places(sample, 150).assign(source="street")
    found = propose(sample, asked=SitingPart(tier=tier, p=2), candidates=places)
    assert list(found.table.columns) == [
        "candidate", "name", "tier", "elderly_gained", "elderly_total", "share_total", "cost_cny",
        "cny_per_person", "floor_area_m2", "source", "area", "geometry",
    ]  # fmt: skip
    key = "elderly_all" if tier == "circle" else f"elderly_{tier}"
    after = with_opened(found, sample, tmp_path)
    assert found.covered_before == pytest.approx(sample.people.figures[key])
    assert found.covered_after == pytest.approx(after.people.figures[key])
    assert found.table["elderly_gained"].sum() == pytest.approx(
        after.people.figures[key] - sample.people.figures[key]
    )
    assert found.covered_after >= found.covered_greedy - 1e-9
    assert found.covered_after > found.covered_before


def test_what_cannot_be_used_is_named(sample):
    places = candidates_of(sample)
    assert (places["source"] == "listed").all()
    far = places.iloc[[0]].set_axis(["in the river"], axis=0)
    far = far.set_geometry([shapely.Point(0, 0)], crs=places.crs)
    both = gpd.GeoDataFrame(pd.concat([places, far]), crs=places.crs)
    away = places.geometry.iloc[1].buffer(1)
    found = propose(sample, asked=SitingPart(p=1), candidates=both, excluded=away)
    assert found.not_usable.loc["in the river", "why"].startswith("no street that can be used")
    assert found.not_usable.loc[places.index[1], "why"] == "stands in an excluded area"
    with pytest.raises(InputError, match="in the river: no street"):
        propose(sample, asked=SitingPart(p=1), candidates=far)


def test_places_along_the_streets_are_the_same_every_time(sample):
    one, two = street_places(sample, 200), street_places(sample, 200)
    assert one.geometry.geom_equals(two.geometry).all()
    assert one.within(sample.inputs.boundary.buffer(0.1)).all()
    assert np.unique(np.floor(shapely.get_coordinates(one.geometry) / 200), axis=0).shape[0] == len(
        one
    )
