"""Homes to be visited on the map: a layer that is off at first, its legend, and the home's card."""

import numpy as np
import pytest

from coverage.outputs.packing import Section
from map_grid import ELDERLY, lat_lng, town

from .conftest import html_of

pytestmark = pytest.mark.browser
RED, GREEN = "#d55e00", "#7ac44a"


def visited(causes=()):
    """Return the town: h0 reached by car in 4.5 min, h1 beyond, the rest not to be visited."""
    meta, sections = town()
    ways = [
        {"id": "foot", "zh": "步行可到", "en": "reached on foot", "colour": "#1c8c8c"},
        {"id": "car", "zh": "仅驾车可到", "en": "reached by car alone", "colour": GREEN},
        {"id": "beyond", "zh": "都到不了", "en": "beyond every way to go", "colour": RED},
        {"id": "not snapped", "zh": "附近没有街道", "en": "no street near", "colour": "#4d463f"},
    ]
    about = {"minutes": 8, "by": ["foot", "car"], "ways": ways}
    assert len(ELDERLY) == 4
    added = [
        Section("home.visit", np.array([2, 3, 0, 0], dtype="u1")),
        Section("home.visit.foot", np.array([65535] * 4, dtype="u2")),
        Section("home.visit.car", np.array([45, 65535, 65535, 65535], dtype="u2")),
    ]
    return html_of({**meta, "visits": about}, [*sections, *added, *causes])


def test_the_layer_is_off_until_it_is_asked_for(open_map):
    page = open_map(visited())
    page.page.evaluate("careCircle.page.map.setZoom(16, {animate: false})")
    page.settle()
    homes = page.page.evaluate(
        "[0, 1].map((i) => [careCircle.page.shapes.homes.cx[i], careCircle.page.shapes.homes.cy[i]])"
    )
    assert len(homes) == 2
    box = page.page.locator("#cc-layers input[name=visits]")
    page.page.locator("#cc-layers summary").click()
    assert not box.is_checked()
    assert "需上门" not in page.page.locator("#cc-legend").inner_text()
    before = page.colour(lat_lng(150, 0), "data")
    box.check()
    page.settle()
    assert page.colour(lat_lng(150, 0), "data") == [0xD5, 0x5E, 0x00, 255] != before
    legend = page.page.locator("#cc-legend").inner_text()
    assert "需上门：仅驾车可到" in legend
    assert "需上门：都到不了" in legend
    assert "附近没有街道" not in legend
    assert "步行可到" not in legend


def test_the_card_of_a_home_says_how_staff_get_there(open_map):
    page = open_map(visited())
    page.page.evaluate("careCircle.select({kind: 'home', i: 0})")
    card = page.card()
    assert (card["上门服务"], card["步行上门"], card["驾车上门"]) == (
        "仅驾车可到", "超过 8 分钟", "4.5 分钟",
    )  # fmt: skip
    page.page.evaluate("careCircle.select({kind: 'home', i: 1})")
    assert page.card()["上门服务"] == "都到不了"
    page.page.locator("#cc-lang").click()
    assert page.card()["Staff by car"] == "over 8 minutes"
    page.page.evaluate("careCircle.select({kind: 'home', i: 2})")
    assert "Home visit" not in page.card()


def test_a_study_without_cannot_switch_them(open_map):
    page = open_map(html_of(*town()))
    page.page.locator("#cc-layers summary").click()
    assert page.page.locator("#cc-layers input[name=visits]").is_disabled()
    page.page.evaluate("careCircle.select({kind: 'home', i: 0})")
    assert "上门服务" not in page.card()


def test_the_card_of_a_home_says_why_it_is_not_covered(open_map):
    """Causes come by tier: of the first tier the second cause for h0, of the next the third."""
    causes = [
        Section(f"home.cause.{tier}", np.array([cause, 255, 255, 255], dtype="u1"))
        for tier, cause in enumerate((1, 2, 0))
    ]
    page = open_map(visited(causes))
    said = page.page.evaluate("careCircle.page.meta.causes.map(({zh}) => zh)")
    page.page.evaluate("careCircle.select({kind: 'home', i: 0})")
    assert page.card()["原因"] == said[1]
    page.page.evaluate("careCircle.select({kind: 'home', i: 1})")
    assert "原因" not in page.card()
