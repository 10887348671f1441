"""The page of a difference: what it shows at which place, and the divider by mouse and keys."""

import io
import re

import pytest
from PIL import Image

from coverage.outputs.difference_map import difference_html
from two_runs import STREETS, difference, lat_lng

from .test_language import CJK, LATIN, NAMES, SEEN

pytestmark = pytest.mark.browser

COLOURS = {
    "neither": (184, 175, 163), "both": (104, 112, 120), "vanished": (230, 159, 0),
    "new": (86, 180, 233), "lost": (213, 94, 0), "gained": (0, 100, 178),
}  # fmt: skip
COVERED, UNCOVERED = (28, 140, 140), (190, 90, 34)
X = 100
DATA = ["方格 Square", "alt", "neu", "合成 synthetic", "西片", "东片", *STREETS, "F", "G", "H"]


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    return difference_html(difference(tmp_path_factory.mktemp("runs")))


@pytest.fixture
def page(open_map, html):
    opened = open_map(html)
    opened.view(lat_lng(200, 150), 16)
    return opened


def near(colour, wanted):
    return all(abs(one - other) <= 12 for one, other in zip(colour, wanted, strict=False))


def seen(page, x, y):
    """Return the colours that a reader sees within two pixels of a place."""
    picture = Image.open(io.BytesIO(page.page.screenshot())).convert("RGB")
    px, py = page.point(lat_lng(x, y))
    around = [(int(px) + dx, int(py) + dy) for dx in (-3, 0, 3) for dy in (-1, 0, 1)]
    return [picture.getpixel(place) for place in around]


def shows(page, x, y, wanted):
    return any(near(colour, wanted) for colour in seen(page, x, y))


def test_every_street_has_the_colour_of_its_change(page):
    for name, y in STREETS.items():
        assert shows(page, X, y, COLOURS[name]), name


def test_the_legend_tells_how_much(page):
    rows = page.js(
        "() => [...document.querySelectorAll('#cc-legend li')]"
        ".map((row) => [row.children[1].textContent, row.children[2].textContent])"
    )
    told = dict(rows)
    assert told["新增覆盖的街道"] == told["前后均覆盖的街道"] == "0.40 公里"
    assert told["新增覆盖的老年人"] == "30 人"
    assert told["失去覆盖的老年人"] == "40 人"
    assert told["新开的设施"] == told["关闭的设施"] == "1"
    assert len(rows) == 6 + 4 + 3


def test_another_tier_has_its_own_figures(page):
    page.page.locator("#cc-tiers [data-tier=street]").click()
    page.settle()
    assert shows(page, X, STREETS["gained"], COLOURS["neither"])
    assert page.page.locator(".cc-pin").count() == 0
    assert page.text("#cc-tiers [data-tier=community] strong") == "+40"


def test_the_divider_parts_before_from_after(page):
    page.page.locator("[data-view=swipe]").click()
    page.settle()
    left, right = 100, 300
    for name, before, after in (
        ("gained", UNCOVERED, COVERED), ("lost", COVERED, UNCOVERED), ("both", COVERED, COVERED),
    ):  # fmt: skip
        assert shows(page, left, STREETS[name], before), name
        assert shows(page, right, STREETS[name], after), name
    # What is not there on a side is not shown on it.
    assert not shows(page, left, STREETS["new"], COVERED)
    assert not shows(page, right, STREETS["vanished"], COVERED)


def test_it_is_dragged(page):
    page.page.locator("[data-view=swipe]").click()
    page.settle()
    box = page.page.locator("#cc-divider").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.page.mouse.move(*middle)
    page.page.mouse.down()
    page.page.mouse.move(*page.point(lat_lng(350, 0))[:1], middle[1], steps=5)
    page.page.mouse.up()
    page.settle()
    assert shows(page, 300, STREETS["gained"], UNCOVERED)
    # The map itself has not moved.
    assert page.js("() => careCircle.page.map.getZoom()") == 16
    # 150 m east of the middle are 72 of 1,440 pixels.
    assert page.page.locator("#cc-divider").get_attribute("aria-valuenow") == "55"


def test_it_is_moved_with_the_keys(page):
    page.page.locator("[data-view=swipe]").click()
    divider = page.page.locator("#cc-divider")
    divider.focus()

    def now():
        return int(divider.get_attribute("aria-valuenow"))

    assert now() == 50
    for key, value in (("ArrowRight", 52), ("PageDown", 42), ("End", 100), ("Home", 0)):
        page.page.keyboard.press(key)
        assert now() == value, key
    page.settle()
    assert shows(page, 100, STREETS["gained"], COVERED)
    assert divider.get_attribute("role") == "slider"


def test_it_stays_where_it_is_when_the_map_moves(page):
    page.page.locator("[data-view=swipe]").click()
    page.view(lat_lng(300, 150), 16)
    assert shows(page, 250, STREETS["gained"], UNCOVERED)
    assert shows(page, 350, STREETS["gained"], COVERED)


def test_facilities_open_and_close(page):
    assert page.page.locator(".cc-pin.cc-was-opened").count() == 1
    assert page.page.locator(".cc-pin.cc-was-closed").count() == 1
    page.page.locator("[data-view=swipe]").click()
    sides = {
        side: page.page.locator(f".leaflet-cc-pins-{side}-pane .cc-pin").count()
        for side in ("before", "after")
    }
    assert sides == {"before": 2, "after": 2}
    assert page.page.locator(".leaflet-cc-pins-before-pane .cc-pin.cc-was-opened").count() == 0


def test_cards_of_street_home_area_and_facility(page):
    page.click(lat_lng(X, STREETS["gained"]))
    card = page.card()
    assert (card[""], card["此段长度"]) == ("gained", "400 米")
    assert card["社区养老服务站"] == "未覆盖 → 覆盖"
    page.click(lat_lng(200, STREETS["vanished"] + 30))
    card = page.card()
    assert (card[""], card["老年人"]) == ("仅前有，曾覆盖", "10 → 0.0")
    page.js("() => careCircle.select({ kind: 'area', i: 0 })")
    card = page.card()
    assert (card[""], card["新增覆盖的老年人"], card["新增覆盖的街道"]) == (
        "西片",
        "30",
        "0.25 公里",
    )
    page.page.locator(".cc-pin.cc-was-opened").dispatch_event("click")
    assert page.card()[""] == "G"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_word_is_in_the_language_that_is_chosen(open_map, html, lang):
    page = open_map(html, f"#lang={lang}&view=swipe&at=area:1")
    foreign = CJK if lang == "en" else LATIN
    page.page.locator("#cc-layers summary").click()
    for step in ("", "street:2", "home:0", "facility:1"):
        if step:
            kind, i = step.split(":")
            page.js("(thing) => careCircle.select(thing)", {"kind": kind, "i": int(i)})
            page.js("() => careCircle.change({ view: 'difference' })")
        texts = page.js(SEEN)
        # Longest first: a name may be a part of another.
        data = "|".join(map(re.escape, sorted(DATA, key=len, reverse=True)))
        found = [
            text for text in texts
            if text not in ("English", "中文") and not re.search(r"place: 0 → 1", text)
            and foreign.search(NAMES.sub("", re.sub(data, "", text)))
        ]  # fmt: skip
        assert found == []


def test_the_address_says_what_is_shown(open_map, html):
    page = open_map(html, "#tier=any&view=swipe&divider=30&lang=en&at=area:1")
    assert page.card()[""] == "东片"
    assert page.page.locator("#cc-divider").get_attribute("aria-valuenow") == "30"
    page.page.keyboard.press("Escape")
    page.page.wait_for_function("() => !location.hash.includes('at=')")
    assert "tier=any&view=swipe&divider=30&lang=en" in page.js("() => location.hash")


def test_what_forbids_to_compare_and_what_adds_up_otherwise_is_said(open_map, html):
    page = open_map(html, "#lang=en")
    # 70 + 30 - 40 gained and lost, 60 - 10 in homes of one run only: 110.
    assert "70 → 110, 30 gained, 40 lost." in page.text("#cc-headline")
    assert "+50 in homes of one run only" in page.text("#cc-headline")
    assert "Not comparable: the study areas differ." in page.text(".cc-doubts")
    page.page.locator("#cc-lang").click()
    assert "研究范围不同" in page.text(".cc-doubts")


def test_it_prints_both_sides(page):
    page.page.locator("[data-view=swipe]").click()
    page.settle()
    assert len(page.page.pdf(landscape=True, format="A3")) > 20_000


def test_a_run_that_knows_no_people_shows_street(open_map, tmp_path):
    page = open_map(difference_html(difference(tmp_path, people=False)), "#lang=en")
    assert page.text("#cc-tiers [data-tier=community] strong") == "0.00 km"
    assert "Street covered by a community station: 1.20 → 1.20 km" in page.text("#cc-headline")
