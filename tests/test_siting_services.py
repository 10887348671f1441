"""Siting by service: as by tier, with those who offer it as given."""

import pandas as pd
import pytest
from click.testing import CliRunner

import coverage
from coverage.cli import main
from coverage.errors import InputError
from coverage.groups import ALL_GROUPS
from coverage.inputs.candidates import read_candidates
from coverage.outputs.payload import content_of
from coverage.outputs.report_page import report_html
from coverage.outputs.tables import tables
from coverage.proposals import propose, street_places
from coverage.study import study_from_toml
from coverage.study_parts import TIERS, SitingPart
from test_services import TOML, with_services

SERVICE_OF = {"street": "护理", "community": "dining"}
"""Every street centre nurses, every community station dines; nobody else says anything."""


def offered(row):
    return SERVICE_OF.get(row["tier"], "")


@pytest.fixture(scope="module")
def by_tier(tmp_path_factory):
    return coverage.run(with_services(tmp_path_factory.mktemp("sited"), offered))


# ---- what is asked ----


@pytest.mark.parametrize("word", ["dining", "助餐", "老年食堂", "Dining Hall"])
def test_a_study_names_the_service_to_site(word):
    study = study_from_toml(TOML + f'[siting]\nservice = "{word}"\n')
    assert study.siting.service == "dining"
    assert study_from_toml(TOML + '[siting]\nservice = "dining"\n') == study
    # What a run writes down of its study can be run again.
    assert study_from_toml(study.to_toml()).siting == study.siting


@pytest.mark.parametrize(
    ("siting", "said"),
    [
        ('service = "dinning"', "siting.service: no such service; known are day_care 日间照料"),
        ('tier = "dining"', 'siting.tier: that is a service, no tier; write service = "dining"'),
        ('tier = "street"\nservice = "dining"', "give 'tier' or 'service', not both"),
        ("service = 3", "siting.service"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_write(siting, said):
    with pytest.raises(InputError) as caught:
        study_from_toml(TOML + f"[siting]\n{siting}\n")
    assert said in str(caught.value)


def test_premises_fit_tiers_and_services(tmp_path):
    path = tmp_path / "premises.csv"
    rows = [("a", "street；助餐、rehab"), ("b", "日间照料"), ("c", ""), ("d", "community;district")]
    table = pd.DataFrame(rows, columns=["id", "适合服务"])
    table.assign(name="x", lon=106.5, lat=29.5).to_csv(path, index=False)
    assert read_candidates(path)["fits"].to_dict() == {
        "a": ("street", "dining", "rehab"), "b": ("day_care",), "c": ALL_GROUPS,
        "d": ("community", "district"),
    }  # fmt: skip


def test_what_premises_cannot_fit_is_named_with_what_they_can(tmp_path):
    path = tmp_path / "premises.csv"
    path.write_text("id,name,lon,lat,fits\na,x,106.5,29.5,dinning;street;理发\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_candidates(path)
    assert "row 2, column fits: 'dinning', '理发' is neither a tier nor a service" in str(
        caught.value
    )
    assert "community, street, district, day_care 日间照料" in str(caught.value)


# ---- what is found ----


@pytest.mark.parametrize(
    "more",
    [
        {"p": 3}, {"objective": "full"}, {"objective": "median", "p": 2},
        {"objective": "center", "p": 2}, {"p": 3, "spacing_m": 400},
    ],
    ids=lambda more: "-".join(map(str, more.values())),
)  # fmt: skip
@pytest.mark.parametrize(("service", "tier"), [("nursing", "street"), ("dining", "community")])
def test_a_service_of_a_whole_tier_is_sited_as_the_tier(by_tier, service, tier, more):
    places = street_places(by_tier, 200).assign(source="street")
    one = propose(by_tier, asked=SitingPart(service=service, **more), candidates=places)
    other = propose(by_tier, asked=SitingPart(tier=tier, **more), candidates=places)
    assert one.given == other.given == by_tier.summary["facilities"][tier]
    assert set(one.table["service"]) == {service}
    assert set(one.table["tier"]) == set(other.table["service"]) == {""}
    named = ["tier", "service"]
    pd.testing.assert_frame_equal(one.table.drop(columns=named), other.table.drop(columns=named))
    assert (one.covered_before, one.covered_after, one.covered_greedy, one.uncoverable) == (
        other.covered_before, other.covered_after, other.covered_greedy, other.uncoverable,
    )  # fmt: skip
    assert one.choice.value == other.choice.value
    assert one.covered_before == by_tier.people.figures[f"elderly_{tier}"]


def test_who_asks_a_result_for_a_service_means_it_instead_of_the_studys_tier(by_tier):
    found = by_tier.propose(service="助餐", p=1)
    assert (found.asked.service, set(found.table["service"])) == ("dining", {"dining"})
    assert by_tier.propose(tier="street", p=1).asked.service is None
    with pytest.raises(InputError, match="give 'tier' or 'service', not both"):
        by_tier.propose(tier="street", service="dining")
    with pytest.raises(InputError, match=r"siting\.service: no such service; known are day_care"):
        by_tier.propose(service="haircut")


@pytest.mark.parametrize("service", ["dining", "nursing", "rehab"])
def test_what_proposals_foretell_the_what_if_of_them_finds(by_tier, service):
    places = street_places(by_tier, 200).assign(source="street")
    found = propose(by_tier, asked=SitingPart(service=service, p=3), candidates=places)
    spots = found.table.to_crs("EPSG:4326").geometry
    opened = by_tier
    for turn, (place, total) in enumerate(zip(spots, found.table["elderly_total"], strict=True)):
        # Whatever its tier.
        opened = opened.with_facility((place.x, place.y), TIERS[turn], services=service)
        assert opened.figures.loc[service, "after"] == pytest.approx(total)
    assert opened.figures.loc[service, "before"] == pytest.approx(found.covered_before)


def test_only_premises_that_fit_the_service_are_taken(by_tier):
    places = street_places(by_tier, 200).assign(source="street")
    places["fits"] = [("dining",), *[("community", "rehab")] * (len(places) - 1)]
    found = propose(by_tier, asked=SitingPart(service="dining", p=1), candidates=places)
    assert found.table["candidate"].tolist() == [places.index[0]]
    assert set(found.not_usable["why"]) == {"does not fit dining"}
    with pytest.raises(InputError, match="Name nursing in their column fits, or leave it empty"):
        propose(by_tier, asked=SitingPart(service="nursing", p=1), candidates=places)


def test_a_service_that_nobody_offers_starts_from_nobody(tmp_path):
    study = with_services(tmp_path, offered)
    result = coverage.run(
        study.model_copy(
            update={"siting": SitingPart(service="rehab", p=2, lines=False), "candidates": None}
        )
    )
    figures = result.next.figures
    assert figures["elderly_covered_before"] == figures["facilities_given"] == 0
    assert figures["service"] == "rehab"
    assert result.next.proposals["elderly_gained"].sum() == figures["elderly_covered_after"] > 0
    said = "siting: no facility offers rehab yet, so nobody is covered before the first one opens"
    assert said in result.summary["warnings"]
    page = report_html(result)
    assert "选址：目前没有设施提供“康复”，开设第一处之前无人覆盖" in page
    assert "目前没有设施提供该服务" in page
    assert "Rehabilitation" in page
    zones = result.next.zones
    assert (zones["tier"] == "").all()
    assert set(zones.loc[zones["elderly_gained"] > 0, "service"]) == {"rehab"}
    assert set(tables(result)["proposals"]["service"]) == {"rehab"}
    about, _ = content_of(result)
    assert {p["service"]["zh"] for p in about["proposals"]} == {"康复"}
    assert {p["minutes"] for p in about["proposals"]} == {15}
    said = {facility["id"]: facility.get("services") for facility in about["facilities"]}
    nurses = {"id": "nursing", "zh": "护理", "en": "nursing"}
    dines = {"id": "dining", "zh": "助餐", "en": "dining"}
    assert said == {
        name: {"community": [dines], "street": [nurses]}.get(tier)
        for name, tier in result.facilities["tier"].items()
    }
    assert [p["service"] for p in result.summary["next"]["proposals"]] == ["rehab", "rehab"]


# ---- the command ----


def site(tmp_path, *more):
    return CliRunner().invoke(main, ["site", "sample", "--out", str(tmp_path), *more])


def test_the_command_sites_a_service(tmp_path):
    done = site(tmp_path, "--service", "助餐", "--p", "2", "--from-streets")
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "proposals.csv")
    assert set(table["service"]) == {"dining"}
    assert table["tier"].isna().all()
    assert "dining 助餐" in done.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--service", "haircut"], "'haircut' is no service. Known are day_care"),
        (["--tier", "dining"], "'dining' is a service: use --service dining"),
        (["--tier", "助餐"], "use --service dining"),
        (["--tier", "town"], "'town' is not one of 'community'"),
        (["--tier", "street", "--service", "dining"], "exclude each other"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path, options, said):
    refused = site(tmp_path, *options)
    assert refused.exit_code == 2
    assert said in refused.output
