"""A run says where next: what it proposes is what the parts say, and what a full run confirms."""

import pandas as pd
import pytest

import coverage
from coverage.load_bearing import losses
from coverage.passing import passing
from coverage.proposals import propose
from coverage.study_parts import SitingPart
from coverage.weak_points import access_of


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    raw = tmp_path_factory.mktemp("raw")
    return coverage.run(coverage.load_study("sample", raw=raw))


def test_the_proposals_of_a_run_are_those_of_siting(result):
    alone = propose(result)
    pd.testing.assert_frame_equal(
        pd.DataFrame(result.next.proposals.drop(columns="geometry")),
        pd.DataFrame(alone.table.drop(columns="geometry")),
    )
    figures = result.next.figures
    assert figures["elderly_covered_before"] == result.summary["people"]["elderly_community"]
    gained = figures["elderly_covered_after"] - figures["elderly_covered_before"]
    assert gained == pytest.approx(result.next.proposals["elderly_gained"].sum())
    assert figures["elderly_covered_greedy"] <= figures["elderly_covered_after"]
    assert len(result.summary["next"]["proposals"]) == len(result.next.proposals) == 5


def test_what_if_they_open_covers_whom_they_promise(result):
    opened = result
    places = result.next.proposals.geometry.to_crs("EPSG:4326")
    for place in places:
        opened = opened.with_facility((place.x, place.y), tier="community")
    after = opened.homes["elderly"][opened.homes["covered_community"]].sum()
    # Through degrees, a place moves by less than a millimetre.
    assert after == result.next.figures["elderly_covered_after"]


def test_links_and_zones_come_with_them(result):
    best = losses(passing(access_of(result)))
    assert result.next.links["elderly_lost"].tolist() == best["elderly_lost"].tolist()
    assert (result.next.shortcuts["elderly_gained"] > 0).all()
    assert sorted(result.next.zones.index) == sorted(result.inputs.zones.index)


def test_a_study_that_does_not_ask_gets_none(tmp_path):
    study = coverage.load_study("sample", raw=tmp_path)
    silent = coverage.run(study.model_copy(update={"siting": None}))
    assert (silent.next, silent.summary["next"]) == (None, None)


def test_lines_can_be_left_out(tmp_path):
    study = coverage.load_study("sample", raw=tmp_path)
    short = coverage.run(study.model_copy(update={"siting": SitingPart(p=1, lines=False)}))
    assert len(short.next.proposals) == 1
    assert (short.next.links, short.next.shortcuts) == (None, None)


def test_what_cannot_be_proposed_is_a_warning_and_the_rest_stands(tmp_path):
    study = coverage.load_study("sample", raw=tmp_path)
    found = coverage.run(study.model_copy(update={"siting": SitingPart(p=1_000)}))
    assert found.next is None
    assert any(text.startswith("siting: ") for text in found.summary["warnings"])
    assert found.summary["people"]["elderly"] == 12_000


def test_room_is_counted_where_the_study_says_so(tmp_path):
    study = coverage.load_study("sample", raw=tmp_path)
    asked = SitingPart(p=2, lines=False, capacity=True)
    tight = coverage.run(study.model_copy(update={"siting": asked, "zones": None}))
    figures = tight.next.figures
    assert figures["capacity"]
    # With a place for one person each, fewer are covered than are in reach.
    assert figures["elderly_covered_before"] < tight.summary["people"]["elderly_community"]
    places = tight.facilities["capacity"][tight.facilities["tier"] == "community"].sum()
    assert figures["elderly_covered_before"] <= places
    gained = figures["elderly_covered_after"] - figures["elderly_covered_before"]
    assert gained == pytest.approx(tight.next.proposals["elderly_gained"].sum())
    assert "finds no place is not covered" in tight.report().html
    # The sample's premises do not say how many places they have, and so have room for all.
    assert figures["elderly_covered_after"] > places
