"""The page on paper, on a phone, in a notebook's frame."""

import html
import re
import zlib

import pytest

from map_grid import lat_lng, town

from .conftest import html_of

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
A3_POINTS = (1190.55, 841.89)


def pages_of(pdf):
    """Return the sizes of the pages of a PDF, in points."""
    body = pdf + b"".join(
        _inflated(part) for part in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    )
    count = len(re.findall(rb"/Type\s*/Page[^s]", body))
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", body)
    return count, {(float(wide), float(high)) for wide, high in boxes}


def _inflated(part):
    try:
        return zlib.decompress(part)
    except zlib.error:
        return b""


def inside(box, frame):
    return (
        box["x"] >= frame["x"] - 0.5 and box["y"] >= frame["y"] - 0.5
        and box["x"] + box["width"] <= frame["x"] + frame["width"] + 0.5
        and box["y"] + box["height"] <= frame["y"] + frame["height"] + 0.5
    )  # fmt: skip


@pytest.mark.parametrize("address", ["", "#lang=en&at=h:0", "#at=f:F000&min=30"])
@pytest.mark.parametrize("long", [False, True])
def test_the_print_view_is_one_a3_page(open_map, address, long):
    notices = ["合成 synthetic", *(["Long " + "words " * 300] if long else [])]
    page = open_map(html_of(*town(notices=notices, warnings=["x"] * 9)), address)
    count, sizes = pages_of(page.page.pdf(prefer_css_page_size=True, print_background=True))
    assert count == 1
    ((wide, high),) = sizes
    assert wide == pytest.approx(A3_POINTS[0], abs=2)
    assert high == pytest.approx(A3_POINTS[1], abs=2)


def test_the_print_view_holds_what_a_reader_needs(open_map):
    page = open_map(html_of(*town(notices=["合成 synthetic"])))
    before = page.js(
        "() => [careCircle.page.map.getZoom(), document.getElementById('cc-legend').open]"
    )
    page.js("() => { window.dispatchEvent(new Event('beforeprint')); }")
    paper = {"x": 0, "y": 0, "width": 1508, "height": 1040}
    for selector in (
        ".cc-head h1",
        "#cc-headline",
        "#cc-terms",
        ".cc-notices",
        "#cc-legend",
        "#cc-credits",
        ".leaflet-control-scale",
        ".folium-map",
    ):
        found = page.page.locator(selector)
        assert found.is_visible(), selector
        assert inside(found.bounding_box(), paper), selector
    for selector in ("#cc-bar", ".cc-mapbar", "#cc-layers"):
        assert page.page.locator(selector).is_hidden(), selector
    picture = page.js(
        """() => {
          const tile = document.querySelector(".cc-printed"), box = tile.parentElement.getBoundingClientRect();
          const data = tile.getContext("2d").getImageData(0, 0, tile.width, tile.height).data;
          let blue = 0;
          for (let i = 0; i < data.length; i += 4) if (data[i] === 49 && data[i + 1] === 70 && data[i + 2] === 140) blue += 1;
          return [tile.width / tile.getBoundingClientRect().width, blue];
        }"""
    )
    assert picture[0] == 2
    assert picture[1] > 1000
    page.js("() => { window.dispatchEvent(new Event('afterprint')); }")
    assert page.page.locator(".cc-printed").count() == 0
    assert page.page.locator("#cc-bar").is_visible()
    assert (
        page.js("() => [careCircle.page.map.getZoom(), document.getElementById('cc-legend').open]")
        == before
    )


def test_the_print_button_prints(grid):
    grid.js("() => { window.print = () => { window.printed = true; }; }")
    grid.page.locator("#cc-print").click()
    assert grid.js("() => window.printed")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    "extra",
    [
        {},
        {
            "notices": [
                "合成示例数据，不代表任何真实地点。Synthetic sample: nothing here is a real place."
            ],
            "warnings": ["a", "b"],
            "assumed": {
                "zh": "老年人口按总人口的 24% 推算（假设）",
                "en": "elderly people taken as 24% of all (assumed)",
            },
            "title": "重庆市渝中区 Yuzhong District, Chongqing",
        },
    ],
)
def test_a_phone_shows_mostly_the_map(open_map, lang, extra):
    page = open_map(html_of(*town(**extra)), f"#lang={lang}", viewport=PHONE, has_touch=True)
    chart = page.page.locator(".folium-map").bounding_box()
    assert chart["height"] >= 0.55 * PHONE["height"]
    assert page.js(
        "() => document.documentElement.scrollWidth <= innerWidth && document.body.scrollHeight <= innerHeight"
    )
    assert_nothing_overlaps(page)
    page.page.locator("#cc-more").click()
    assert page.page.locator("#cc-minutes").is_visible()
    assert_touchable(page)
    assert inside(page.page.locator("#cc-bar").bounding_box(), {"x": 0, "y": 0, **PHONE})
    page.page.locator("#cc-more").click()
    page.js("() => careCircle.select({ kind: 'home', i: 0 })")
    page.card()
    card = page.page.locator("#cc-card").bounding_box()
    assert inside(card, chart)
    assert card["height"] < 0.5 * PHONE["height"]
    credit = page.page.locator("#cc-credits").bounding_box()
    assert credit["y"] >= card["y"] + card["height"]


def assert_nothing_overlaps(page):
    over = [".cc-mapbar", "#cc-layers", "#cc-legend", "#cc-foot"]
    boxes = {one: page.page.locator(one).bounding_box() for one in over}
    for k, one in enumerate(over):
        for other in over[k + 1 :]:
            a, b = boxes[one], boxes[other]
            apart = (
                a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
                or a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"]
            )  # fmt: skip
            assert apart, (one, other)


def assert_touchable(page):
    small = page.js(
        """() => [...document.querySelectorAll("button, select, summary, input")].filter((el) => el.checkVisibility())
          .map((el) => [el.id || el.className, (el.closest("label") ?? el).getBoundingClientRect()])
          .filter(([, box]) => box.width < 32 || box.height < 30).map(([name, box]) => `${name} ${box.width}x${box.height}`)"""
    )
    assert [one for one in small if not one.startswith(("cc-minutes", "cc-warnings", " "))] == []


@pytest.mark.parametrize("size", [(1440, 900), (1024, 768), (768, 1024), (390, 844), (360, 640)])
def test_nothing_lies_over_another_on_any_screen(open_map, grid_html, size):
    page = open_map(grid_html, viewport={"width": size[0], "height": size[1]})
    assert_nothing_overlaps(page)
    assert page.js("() => document.documentElement.scrollWidth <= innerWidth")


def test_targets_are_large_enough_for_a_finger(grid):
    grid.page.locator("#cc-layers summary").click()
    assert_touchable(grid)


def test_a_window_that_changes_keeps_the_study_in_sight(grid):
    for wide, high in ((700, 900), (1600, 700)):
        grid.page.set_viewport_size({"width": wide, "height": high})
        grid.page.wait_for_timeout(300)
        chart = grid.page.locator(".folium-map").bounding_box()
        for corner in ((-150, -150), (450, 250)):
            x, y = grid.point(lat_lng(*corner))
            assert chart["x"] <= x <= chart["x"] + chart["width"]
            assert chart["y"] <= y <= chart["y"] + chart["height"]


def test_the_map_works_in_a_notebook_s_frame(open_map, grid_html):
    """An own origin has no memory and no address: nothing breaks."""
    frame = f'<iframe srcdoc="{html.escape(grid_html)}" sandbox="allow-scripts" style="width:1000px;height:640px"></iframe>'
    page = open_map(f"<!DOCTYPE html><html data-state=ready><body>{frame}", ready=True)
    inner = page.page.frames[1]
    inner.wait_for_selector("html[data-state=ready]", state="attached", timeout=30_000)
    inner.evaluate("() => careCircle.select({ kind: 'home', i: 0 })")
    inner.locator("#cc-card dl").wait_for()
    page.page.wait_for_timeout(300)
    assert "5.2 分钟" in inner.locator("#cc-card").inner_text()
    inner.evaluate("() => { document.getElementById('cc-layers').open = true; }")
    inner.locator("#cc-layers input[value=tianditu]").check()
    inner.locator("#cc-key-text").fill("k")
    inner.locator("#cc-key button[value=no]").click()
