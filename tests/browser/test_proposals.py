"""Proposals on the map: numbered diamonds of their own layer, their card, and the search."""

import pytest

from map_grid import town

from .conftest import html_of

pytestmark = pytest.mark.browser


def proposed():
    """Return the town with two proposals: 120 people, then 80 more; the second's cost unknown."""
    meta, sections = town()
    common = {"tier": meta["tiers"][0]["id"], "each": None, "floor": None, "area": ""}
    x, y = (int(s.array[0]) for s in sections if s.name in ("facility.x", "facility.y"))
    first = {"n": 1, "x": x, "y": y, "name": "老厂房", "gained": 120.0, "running": 120.0,
             "total": 1120.0, "share": 0.56, "cost": 600_000.0, "source": "listed"}  # fmt: skip
    second = {"n": 2, "x": x + 400, "y": y, "name": "", "gained": 80.0, "running": 200.0,
              "total": 1200.0, "share": 0.6, "cost": None, "source": "street"}  # fmt: skip
    return html_of({**meta, "proposals": [first | common, second | common]}, sections)


def test_they_are_numbered_in_order_and_a_layer_of_their_own(open_map):
    page = open_map(proposed())
    assert page.page.locator(".cc-proposal b").all_inner_texts() == ["1", "2"]
    page.page.locator("#cc-layers summary").click()
    page.page.locator("#cc-layers input[name=proposals]").uncheck()
    assert page.page.locator(".cc-proposal").count() == 0
    assert page.page.locator(".cc-pin").count() > 0


def test_the_card_tells_the_gain_the_running_total_and_an_unknown_cost(open_map):
    page = open_map(proposed())
    page.page.locator(".cc-proposal").nth(1).dispatch_event("click")
    card = page.card()
    assert card[""] == "建议选址 2"
    assert (card["此处新增覆盖老年人"], card["至此累计新增"]) == ("80 人", "200 人")
    assert card["费用"] == "未知"
    page.page.locator("#cc-lang").click()
    card = page.card()
    assert (card[""], card["Elderly people gained here"], card["Cost"]) == (
        "Proposal 2", "80", "unknown",
    )  # fmt: skip


def served():
    """Return the town whose only facility dines, with one proposal for rehab within 10 minutes."""
    meta, sections = town()
    rehab, dining = (
        {"id": name, "zh": zh, "en": en}
        for name, zh, en in (("rehab", "康复", "rehabilitation"), ("dining", "助餐", "dining"))
    )
    x, y = (int(s.array[0]) for s in sections if s.name in ("facility.x", "facility.y"))
    one = {"n": 1, "x": x + 400, "y": y, "name": "老厂房", "tier": "", "service": rehab,
           "minutes": 10, "gained": 9.0, "running": 9.0, "total": 9.0, "share": 0.1, "cost": None,
           "each": None, "floor": None, "source": "listed", "area": ""}  # fmt: skip
    facilities = [{**about, "services": [dining, rehab]} for about in meta["facilities"]]
    return html_of({**meta, "facilities": facilities, "proposals": [one]}, sections)


def test_a_proposal_for_a_service_names_it_and_its_own_minutes(open_map):
    page = open_map(served())
    assert "建议选址：康复（尚未开设）" in page.page.locator("#cc-legend").inner_text()
    page.page.locator(".cc-proposal").first.dispatch_event("click")
    card = page.card()
    assert card["服务"] == "康复"
    assert "层级" not in card
    shown = page.page.locator("#cc-card")
    assert "10 分钟 · " in shown.inner_text()
    page.page.locator("#cc-lang").click()
    assert page.card()["Service"] == "rehabilitation"
    assert "10 minutes · " in shown.inner_text()
    assert "Proposal for rehabilitation" in page.page.locator("#cc-legend").inner_text()


def test_a_facility_says_what_it_offers(open_map):
    page = open_map(served())
    page.page.locator(".cc-pin").first.dispatch_event("click")
    assert page.card()["提供服务"] == "助餐、康复"
    page.page.locator("#cc-lang").click()
    assert page.card()["Offers"] == "dining, rehabilitation"


def test_the_search_finds_them_and_the_address_names_them(open_map):
    page = open_map(proposed())
    page.page.locator("#cc-search").fill("老厂房")
    page.page.keyboard.press("Enter")
    assert page.card()[""] == "老厂房"
    page.page.wait_for_function("() => location.hash.includes('at=p%3A1')")


def test_a_study_without_cannot_switch_them(open_map):
    meta, sections = town()
    page = open_map(html_of(meta, sections))
    page.page.locator("#cc-layers summary").click()
    assert page.page.locator("#cc-layers input[name=proposals]").is_disabled()
