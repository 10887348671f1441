"""What if, by service: to the same figures as a run of the changed study."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose, assert_array_equal

import coverage
from coverage.by_service import WHOLE
from coverage.changes import Blocked, Linked, Opened, said
from coverage.circle import home_minutes, snap_homes
from coverage.cli import main
from coverage.edits import Join, edited
from coverage.errors import UsageError
from coverage.groups import service_groups, thresholds_of
from coverage.links import find_links
from coverage.network import project
from coverage.service_kinds import SERVICES
from coverage.snapping import snap, snap_facilities, usable_edges
from coverage.whatif import prepared, what_if
from test_services import with_services
from test_whatif import place_of


@pytest.fixture(scope="module")
def sample():
    return coverage.run("sample")


def run_with(result, folder, change):
    """Run the study anew with a changed facility file."""
    table = result.inputs.facilities.to_crs("EPSG:4326")
    table = pd.DataFrame(
        {
            "id": table.index, "name": table["name"], "tier": table["tier"],
            "lon": table.geometry.x, "lat": table.geometry.y,
            "services": table.get("services", ""),
        }
    )  # fmt: skip
    path = folder / "facilities.csv"
    change(table).to_csv(path, index=False)
    part = result.study.facilities.model_copy(update={"file": path, "datum": "wgs84"})
    return coverage.run(result.study.model_copy(update={"facilities": part}))


def same_as_the_run(found, before, after):
    """Compare homes, figures and areas with those of the run of the changed study."""
    elderly = found.homes["elderly"].to_numpy(float)
    offered = set(before.services.groups if before.services else ()) | set(after.services.groups)
    assert set(found.figures.index) - {"community", "street", "district", "any", "all"} == offered
    for name in offered:
        row = found.figures.loc[name]
        if name not in after.services.groups:
            assert row["after"] == 0
            assert not found.homes[f"covered_{name}"].any()
            continue
        theirs = after.services.homes
        mine = found.homes[f"minutes_{name}"].to_numpy(float)
        # The position went through a file in degrees and back.
        assert_allclose(mine, theirs[f"minutes_{name}"].to_numpy(float), rtol=0, atol=1e-6)
        for what in ("covered", "nearest"):
            assert_array_equal(found.homes[f"{what}_{name}"], theirs[f"{what}_{name}"])
        own = after.services.table[after.services.table["service"] == name].set_index("area")
        assert row["after"] == pytest.approx(own["elderly_covered"][WHOLE])
        assert_allclose(
            found.by_area[f"{name}_after"],
            own["elderly_covered"].reindex(found.by_area.index, fill_value=0.0),
            atol=1e-6,
        )
        then = before.services.homes if before.services else {}
        was = np.asarray(then.get(f"covered_{name}", np.zeros(len(elderly))), dtype=bool)
        now = theirs[f"covered_{name}"].to_numpy(bool)
        assert row["before"] == pytest.approx(elderly[was].sum())
        assert row["gained"] == pytest.approx(elderly[now & ~was].sum())
        assert row["lost"] == pytest.approx(elderly[was & ~now].sum())


def test_opening_one_that_offers_and_closing_one_equal_a_run_with_another_file(sample, tmp_path):
    lon, lat = place_of(sample, 40)
    facilities = sample.facilities
    closes = str(facilities.index[facilities["services"].str.contains("nursing")][0])

    def change(table):
        new = {"id": "new-1", "name": "new", "tier": "community", "lon": lon, "lat": lat,
               "services": "dining;rehab"}  # fmt: skip
        return pd.concat([table[table["id"] != closes], pd.DataFrame([new])])

    found = sample.with_facility((lon, lat), services=["助餐", "rehab"]).without(closes)
    same_as_the_run(found, sample, run_with(sample, tmp_path, change))
    assert found.figures.loc["dining", "gained"] > 0
    assert found.figures.loc["nursing", "lost"] > 0
    assert found.figures.loc["nursing", "gained"] == 0
    served = found.changed
    assert (served["change_dining"] == "gained").any()


def test_a_service_that_nobody_offered_begins_and_one_that_all_give_up_ends(tmp_path):
    study = with_services(tmp_path, lambda row: "nursing" if row["id"] in {"D001", "D002"} else "")
    before = coverage.run(study)
    lon, lat = place_of(before, 40)
    givers = [str(name) for name in before.facilities.index[before.facilities["services"] != ""]]

    def change(table):
        new = {"id": "new-1", "name": "new", "tier": "street", "lon": lon, "lat": lat,
               "services": "rehab"}  # fmt: skip
        return pd.concat([table[~table["id"].isin(givers)], pd.DataFrame([new])])

    found = before.with_facility((lon, lat), "street", services="康复")
    for name in givers:
        found = found.without(name)
    same_as_the_run(found, before, run_with(before, tmp_path, change))
    assert found.figures.loc["rehab", "before"] == 0
    assert found.figures.loc["rehab", "after"] == found.figures.loc["rehab", "gained"] > 0
    assert found.figures.loc["nursing", "lost"] == found.figures.loc["nursing", "before"] > 0


def test_a_study_without_services_says_nothing_of_them_until_one_opens(tmp_path):
    bare = coverage.run(with_services(tmp_path, lambda _: ""))
    here = place_of(bare, 40)
    silent = bare.with_facility(here)
    assert list(silent.figures.index) == ["community", "street", "district", "any", "all"]
    assert not [name for name in silent.homes if name.endswith(SERVICES)]
    said_so = bare.with_facility(here, services=("dining",))
    assert list(said_so.figures.index)[5:] == ["dining"]
    assert_array_equal(silent.homes["covered_community"], said_so.homes["covered_community"])


@pytest.mark.parametrize("seed", range(8))
def test_closed_ways_and_new_links_change_services_as_everything_computed_anew(sample, seed):
    chance = np.random.default_rng(seed)
    network, people, study = sample.network, sample.people, sample.study
    ways = np.unique(network.way[chance.integers(0, len(network.way), seed % 3)])
    blocked_ids = [int(network.ways.index[way]) for way in ways]
    links = []
    for home in chance.integers(0, len(people.homes), 1 + seed // 3):
        lon, lat = place_of(sample, home)
        east, north = chance.normal(0, 0.002, 2)
        links.append(Linked((lon, lat), (lon + east, lat + north), ("lift", "bridge")[seed % 2]))
    closes = str(sample.facilities.index[seed])
    found = what_if(sample, [*map(Blocked, blocked_ids), *links]).without(closes)

    limit_m = prepared(sample, people).home_limit_m
    blocked = np.flatnonzero(network.ways.index.isin(blocked_ids)[network.way])
    streets = edited(network, blocked, []).network
    joins = []
    for link in links:
        xy = project(np.array([link.start, link.end]), network.crs)
        ends = snap(streets, xy, onto=usable_edges(streets), limit_m=limit_m)
        joins.append(Join(tuple(ends.edge), tuple(ends.fraction), link.kind, link.length_m))
    after = edited(network, blocked, joins).network
    places = snap_homes(after, people.demand.points, limit_m=limit_m)
    stand = snap_facilities(study, after, sample.inputs.facilities)
    pairs = find_links(
        after, stand, places, direction=study.direction, horizon_min=study.horizon_min
    )
    groups = {
        name: members[members != seed]
        for name, members in service_groups(sample.facilities).items()
    }
    homes = home_minutes(
        people.demand.points, places, pairs, groups, thresholds_of(study), sample.facilities.index
    )
    for name in groups:
        mine, theirs = (one[f"minutes_{name}"].to_numpy(float) for one in (found.homes, homes))
        assert_allclose(mine, theirs, rtol=0, atol=1e-9)
        assert_array_equal(found.homes[f"covered_{name}"], homes[f"covered_{name}"])


# ---- what is said ----


def test_a_service_that_is_none_is_told_with_everything_else(sample):
    here = place_of(sample, 40)
    with pytest.raises(UsageError) as caught:
        what_if(sample, [Opened(here, "palace"), Opened(here, "street", ("haircut", "dining"))])
    told = str(caught.value)
    assert "none of the tiers" in told
    assert "'haircut' is no service" in told
    assert "dining 助餐" in told


def test_what_opens_says_what_it_offers(sample):
    found = sample.with_facility(place_of(sample, 40), "street", services="助餐、康复")
    assert said(found.changes[0]).endswith("offering 助餐、康复")
    assert "dining" in found._repr_html_()
    assert said(Opened((106.5, 29.5))) == "开设 open community at 106.500000,29.500000"


def test_the_command_says_what_opens_and_prints_services(sample, tmp_path):
    lon, lat = place_of(sample, 40)
    asked = ["whatif", "sample", "--add", f"{lon},{lat},community,助餐,rehab", "-q",
             "--out", str(tmp_path)]  # fmt: skip
    answer = CliRunner().invoke(main, asked)
    assert answer.exit_code == 0, answer.output
    assert "dining 助餐" in answer.output
    homes = pd.read_csv(tmp_path / "whatif.csv")
    found = sample.with_facility((lon, lat), services=("dining", "rehab"))
    for name in ("dining", "rehab"):
        gained = homes.loc[homes[f"change_{name}"] == "gained", "elderly"].sum()
        assert gained == pytest.approx(found.figures.loc[name, "gained"], abs=0.1)
    refused = CliRunner().invoke(main, ["whatif", "sample", "--add", "1,2"])
    assert "--add takes LON,LAT,TIER[,SERVICE…], not '1,2'" in refused.output
