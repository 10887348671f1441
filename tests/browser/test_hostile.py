"""Whatever the data's names hold, they appear as text and run nothing."""

import itertools

import pytest

from map_grid import lat_lng, town

from .conftest import html_of

pytestmark = pytest.mark.browser

HOSTILE = [
    "</script><script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 2'>",
    "quotes \" ' ` ${window.hacked = 3} \\",
    "{{ cycler.__init__.__globals__ }} {% raw %} {# x #}",
    "--> <!-- ]]>",
    "مركز الرعاية 12",
    "\u202eevil\u202c",
    "😀👵🏽",
    "梯坎" * 150,
    "a\u2028b",
    "javascript:window.hacked=4",
    "",
]


@pytest.mark.parametrize(("name", "lang"), list(zip(HOSTILE, itertools.cycle(["zh", "en"]))))
def test_a_hostile_name_is_text_everywhere(open_map, name, lang):
    meta, sections = town(
        title=name or "x", notices=[name], warnings=[name], assumed=name, attribution=[name],
        areas=[name, name + "2"], streetNames=["", name, name, name], homeNames=[name, name],
    )  # fmt: skip
    meta["facilities"] = [
        {**about, "name": name, "address": name, "id": f"{name}{i}"}
        for i, about in enumerate(meta["facilities"])
    ]
    meta["gaps"] = [
        {
            **meta["gaps"][0],
            "id": f"{name}-01",
            "area": name,
            "streets": name,
            "nearest": f"{name}1",
        }
    ]
    meta["places"] = [{**meta["places"][0], "name": name}]
    meta["walkers"] = [
        {**walker, "id": f"{name}{k}", "zh": name, "en": name}
        for k, walker in enumerate(meta["walkers"])
    ]
    meta["causes"] = [{"id": name, "zh": name, "en": name}]
    page = open_map(html_of(meta, sections), f"#lang={lang}")
    page.view(lat_lng(150, 50), 18)
    things = [
        {"kind": "facility", "i": 0}, {"kind": "home", "i": 1}, {"kind": "street", "i": 0, "at": 0.5},
        {"kind": "gap", "i": 0}, {"kind": "area", "i": 0}, {"kind": "name", "i": 1},
    ]  # fmt: skip
    for thing in things:
        page.js("(thing) => { careCircle.select(null); careCircle.select(thing); }", thing)
        page.card()
        if name and thing["kind"] != "gap":
            assert page.js("() => document.querySelector('#cc-card h2').textContent") == name
    page.page.locator("#cc-search").fill(name[:20] or "x")
    page.page.wait_for_timeout(100)
    page.page.locator(".cc-pin").first.hover()
    page.page.wait_for_timeout(150)
    page.js("() => careCircle.select({ kind: 'facility', i: 1 })")
    page.card()
    page.page.wait_for_timeout(250)
    address = page.js("() => window.location.hash")
    page.go(address)
    assert page.js("() => careCircle.state.selected") == {"kind": "facility", "i": 1}
    assert page.js("() => window.hacked") is None
    assert page.js("() => document.querySelectorAll('img').length") == 0
    assert page.js("() => document.documentElement.scrollWidth <= innerWidth")
    if name:
        assert name in page.js("() => document.querySelector('.cc-notices').textContent")
        assert page.js("() => document.querySelector('h1').textContent") == name


def test_a_name_does_not_turn_the_numbers_beside_it_around(open_map):
    """Each name of the data is isolated from the text around it."""
    meta, sections = town()
    meta["facilities"][1]["name"] = "مركز 12"
    page = open_map(html_of(meta, sections))
    page.js("() => careCircle.select({ kind: 'home', i: 0 })")
    page.card()
    style = page.js(
        """() => {
          const cell = [...document.querySelectorAll("#cc-card dd")].find((dd) => dd.textContent.includes("12") && dd.dir === "auto");
          return [cell.dir, getComputedStyle(cell).unicodeBidi];
        }"""
    )
    assert style == ["auto", "isolate"]


def test_a_payload_of_another_version_or_a_broken_one_is_named(open_map, grid_html):
    page = open_map(html_of(*town(version=99)), ready=False)
    page.page.wait_for_selector("html[data-state=failed]", state="attached")
    assert "version 99" in page.text("#cc-loading")
    assert "请使用近年版本的浏览器" in page.text("#cc-loading")
    start = grid_html.index("care-circle-packed") + 40
    broken = open_map(grid_html[:start] + "AAAA" + grid_html[start + 4 :], ready=False)
    broken.page.wait_for_selector("html[data-state=failed]", state="attached")
    for one in (page, broken):
        assert len(one.problems) == 1
        assert one.problems.pop().startswith("error: ")
