"""Proposals: what they promise is what a full run with them finds."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner

import coverage
from coverage.cli import main
from coverage.errors import InputError
from coverage.inputs.candidates import read_candidates
from coverage.inputs.candidates_osm import candidates_of_file, is_premises
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
        "candidate", "name", "tier", "service", "elderly_gained", "elderly_total", "share_total",
        "cost_cny", "cny_per_person", "floor_area_m2", "source", "area", "geometry",
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


def test_a_result_proposes_as_its_study_asks_and_otherwise(sample):
    own = sample.propose()
    pd.testing.assert_frame_equal(own.table, sample.next.proposals)
    few = sample.propose(p=2)
    assert list(few.table["candidate"]) == list(own.table["candidate"][:2])
    assert sample.propose(objective="full").asked.p is None
    with pytest.raises(InputError) as told:
        sample.propose(teir="street", p="many")
    assert {p.what.split(":")[0] for p in told.value.problems} == {
        "the key 'siting.teir' is not known.", "siting.p",
    }  # fmt: skip


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


def test_lists_of_every_kind_come_to_the_same_candidates(sample, tmp_path):
    table = pd.DataFrame(
        {"编号": ["a", "b"], "名称": ["甲", "乙"], "经度": [106.5, 106.51], "纬度": [29.5, 29.51],
         "造价": [100.0, 200.0]}
    )  # fmt: skip
    table.to_csv(tmp_path / "list.csv", index=False)
    table.to_excel(tmp_path / "list.xlsx", index=False)
    gpd.GeoDataFrame(
        table, geometry=gpd.points_from_xy(table["经度"], table["纬度"]), crs="EPSG:4326"
    ).to_file(tmp_path / "list.geojson")
    read = [read_candidates(tmp_path / f"list.{kind}") for kind in ("csv", "xlsx", "geojson")]
    for one in read:
        assert list(one.index) == ["a", "b"]
        assert list(one["cost_cny"]) == [100, 200]
        assert one.geometry.x.tolist() == pytest.approx([106.5, 106.51])
        assert one["floor_area_m2"].isna().all()


@pytest.mark.parametrize(
    ("tags", "known"),
    [
        ({"shop": "vacant"}, True),
        ({"disused:shop": "supermarket"}, True),
        ({"building": "kindergarten"}, True),
        ({"disused": "yes", "amenity": "school"}, True),
        ({"disused": "yes", "railway": "rail"}, False),
        ({"shop": "bakery"}, False),
    ],
)
def test_what_counts_as_premises(tags, known):
    assert is_premises(tags) is known


def test_premises_are_read_from_the_street_file(tmp_path):
    path = tmp_path / "small.osm"
    path.write_text(
        '<osm version="0.6"><node id="1" version="1" lon="106.5" lat="29.5">'
        '<tag k="disused:shop" v="yes"/><tag k="name" v="旧店"/></node>'
        '<node id="2" version="1" lon="106.5" lat="29.5"><tag k="shop" v="bakery"/></node></osm>',
        encoding="utf-8",
    )
    found = candidates_of_file(path, shapely.box(106, 29, 107, 30))
    assert list(found.index) == ["node/1"]
    assert found["name"].tolist() == ["旧店"]
    assert len(candidates_of_file(path, shapely.box(0, 0, 1, 1))) == 0


def test_the_command_writes_the_proposals(tmp_path):
    done = CliRunner().invoke(
        main, ["site", "sample", "--tier", "community", "--p", "2", "--out", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "proposals.csv")
    assert 1 <= len(table) <= 2
    assert (table["elderly_gained"] > 0).all()
    assert {"lon", "lat", "candidate", "proposal"} <= set(table.columns)
    refused = CliRunner().invoke(main, ["site", "sample", "--p", "0", "--out", str(tmp_path)])
    assert refused.exit_code == 2
    assert "Traceback" not in refused.output
