"""The slider and the choices: headline, tiers, legend and layers follow at once."""

import numpy as np
import pytest

from coverage.outputs.map_words import percent
from map_grid import lat_lng, town

from .conftest import html_of

pytestmark = pytest.mark.browser

# Elderly people of 100 within minutes of a community station, worked out in `map_grid.town`.
COVERED = [
    ({"minutes": 3}, 50), ({"minutes": 5}, 50), ({"minutes": 6}, 90), ({"minutes": 30}, 90),
    ({"minutes": 5, "direction": 2}, 90), ({"minutes": 4, "direction": 1}, 50),
    ({"minutes": 3, "walker": 1}, 0), ({"minutes": 6, "walker": 1}, 50),
    ({"minutes": 10, "walker": 1}, 50), ({"minutes": 11, "walker": 1}, 90),
    ({"minutes": 4, "tier": "street"}, 20), ({"minutes": 5, "tier": "street"}, 90),
]  # fmt: skip


@pytest.mark.parametrize(("choice", "covered"), COVERED)
def test_the_headline_follows_every_choice(grid, choice, covered):
    grid.choose(**choice)
    line = grid.page.locator("#cc-headline")
    assert float(line.get_attribute("data-covered")) == covered
    assert float(line.get_attribute("data-total")) == 100
    assert float(line.get_attribute("data-share")) == covered / 100
    tier = {"street": "街道养老服务中心"}.get(choice.get("tier"), "社区养老服务站")
    share = percent(covered / 100).replace("\u00a0", " ")
    assert grid.text("#cc-headline b") == (
        f"100 名老年人中，{covered} 名（{share}）{choice['minutes']} 分钟步行可达{tier}。"
    )
    grid.page.locator("#cc-lang").click()
    tier = {"street": "street centre"}.get(choice.get("tier"), "community station")
    assert grid.text("#cc-headline b") == (
        f"{covered} of 100 elderly people, {share}, reach a {tier} in {choice['minutes']} minutes."
    )


def test_what_is_assumed_stands_beside_the_headline(open_map):
    meta, sections = town(
        assumed={"zh": "老年人口按总人口的 24% 推算（假设）", "en": "24 % assumed"}
    )
    page = open_map(html_of(meta, sections))
    assert "24% 推算（假设）" in page.text("#cc-headline span")
    page.page.locator("#cc-lang").click()
    assert page.text("#cc-headline span") == "24 % assumed"
    meta, sections = town(assumed="elderly share 24% (assumed 假设)")
    assert "elderly share 24% (assumed 假设)" in open_map(html_of(meta, sections)).text(
        "#cc-headline span"
    )


def test_the_tier_buttons_show_their_shares_and_the_missing_tier_is_off(grid):
    def shares():
        return [
            text.replace("\u00a0", " ")
            for text in grid.page.locator("#cc-tiers strong").all_inner_texts()
        ]

    assert shares() == ["90 %", "90 %", "—"]
    grid.choose(minutes=4)
    assert shares() == ["50 %", "20 %", "—"]
    assert grid.page.locator("#cc-tiers [data-tier=district]").is_disabled()
    assert "无设施" in grid.text("#cc-tiers [data-tier=district]")
    pressed = grid.page.locator("#cc-tiers [aria-pressed=true]")
    assert pressed.get_attribute("data-tier") == "community"
    grid.choose(tier="street")
    assert pressed.get_attribute("data-tier") == "street"


def test_percentages_and_counts_are_rounded_as_everywhere_else(grid):
    dice = np.random.default_rng(3)
    shares = [
        0.6645,
        0.012,
        0.0001,
        0.99996,
        0.9951,
        1.0,
        0.0,
        0.125,
        0.375,
        0.005,
        0.0425,
        0.9925,
        *dice.uniform(0, 1, 300),
        *(k / 1000 for k in range(1001)),
    ]
    assert grid.js("(shares) => shares.map(careCircle.percent)", shares) == [
        percent(share) for share in shares
    ]
    numbers = [
        0.5,
        1.5,
        2.5,
        1234.5,
        1235.5,
        999.5,
        141292.4999,
        0.0,
        1e7,
        *dice.uniform(0, 1e6, 300),
    ]
    assert grid.js("(numbers) => numbers.map(careCircle.count)", numbers) == [
        f"{number:,.0f}" for number in numbers
    ]


def test_the_slider_stops_only_at_minutes_that_were_computed(open_map):
    """With promises of 7.5 and 45 minutes, the keyboard steps 30 to 45 and drags find the nearest."""
    minutes = [3, 5, 7.5, 10, 15, 30, 45]
    meta, sections = town(minutes=minutes)
    count = len(minutes)
    curves = {"curve.km": 3, "curve.elderly": 3}
    kept = []
    for section in sections:
        if section.name in curves:
            array = np.arange(curves[section.name] * 2 * 3 * 3 * count, dtype=float)
            section = type(section)(section.name, array)
        kept.append(section)
    page = open_map(html_of(meta, kept))
    slider, shown = page.page.locator("#cc-minutes"), page.page.locator("#cc-minutes-now")
    slider.focus()
    assert slider.get_attribute("aria-valuetext") == "15 分钟"
    seen = []
    for key in ["ArrowRight"] * 3 + ["ArrowLeft"] * 7:
        page.page.keyboard.press(key)
        seen.append(shown.inner_text())
    assert seen == [f"{m} 分钟" for m in ("30", "45", "45", "30", "15", "10", "7.5", "5", "3", "3")]
    slider.evaluate("(slider) => { slider.value = 38; slider.dispatchEvent(new Event('input')); }")
    assert shown.inner_text() == "45 分钟"
    assert float(page.page.locator("#cc-headline").get_attribute("data-covered")) == 6


def test_the_legend_says_what_the_colours_mean_now(grid):
    def ends():
        return grid.page.locator("#cc-legend .cc-scale b").all_inner_texts()

    assert ends() == ["5", "10", "15"]
    assert "15–30 分钟" in grid.text("#cc-legend")
    grid.choose(minutes=12)
    assert ends() == ["5", "10", "12"]
    assert "12–30 分钟" in grid.text("#cc-legend")
    grid.choose(minutes=30)
    assert ends() == ["5", "10", "15", "20", "25", "30"]
    assert "30 分钟以上或走不到" in grid.text("#cc-legend")
    assert "30–30" not in grid.text("#cc-legend")
    grid.choose(minutes=3)
    assert ends() == ["3"]


@pytest.mark.parametrize(
    ("layer", "place", "picture"),
    [
        ("streets", (50, 0), "data"), ("halo", (50, 20), "data"), ("homes", (310, 104), "data"),
        ("gaps", (330, 140), "data"), ("areas", (150, -100), "data"), ("buildings", (230, 50), "data"),
        ("water", (0, 200), "ground"), ("ways", (0, -80), "ground"),
    ],
)  # fmt: skip
def test_every_layer_can_be_switched_off_and_on(grid, layer, place, picture):
    grid.page.locator("#cc-layers summary").click()
    box = grid.page.locator(f"#cc-layers input[name={layer}]")
    there = grid.colour(lat_lng(*place), picture)
    assert there[3] > 0
    box.click()
    grid.settle()
    assert grid.colour(lat_lng(*place), picture) != there
    box.click()
    grid.settle()
    assert grid.colour(lat_lng(*place), picture) == there


def test_facilities_and_names_can_be_switched_off(grid):
    grid.page.locator("#cc-layers summary").click()
    assert grid.page.locator(".cc-pin").count() == 3
    names = "() => document.querySelector('.cc-names').toDataURL()"
    before = grid.js(names)
    grid.page.locator("#cc-layers input[name=facilities]").click()
    assert grid.page.locator(".cc-pin").count() == 0
    grid.page.locator("#cc-layers input[name=facilities]").click()
    assert grid.page.locator(".cc-pin").count() == 3
    grid.settle()
    assert grid.js(names) == before
    grid.page.locator("#cc-layers input[name=names]").click()
    grid.settle()
    assert grid.js(names) != before


def test_streets_without_their_colours_are_still_a_map(grid):
    grid.page.locator("#cc-layers summary").click()
    assert grid.colour(lat_lng(50, 0), "ground")[3] == 0
    grid.page.locator("#cc-layers input[name=streets]").click()
    grid.settle()
    assert grid.colour(lat_lng(50, 0), "ground") == [222, 217, 208, 255]


def test_layers_that_the_study_does_not_have_cannot_be_switched(open_map):
    meta, sections = town(gaps=[])
    kept = [section for section in sections if not section.name.startswith(("gap.", "water"))]
    page = open_map(html_of(meta, kept))
    page.page.locator("#cc-layers summary").click()
    off = [
        box.get_attribute("name") for box in page.page.locator("#cc-layers input:disabled").all()
    ]
    assert off == ["gaps", "proposals", "visits", "water"]


def test_markers_are_of_the_chosen_tier_only(grid):
    def names():
        return sorted(pin.get_attribute("aria-label") for pin in grid.page.locator(".cc-pin").all())

    assert names() == sorted(["东站", "西站", "无街站"])
    assert grid.page.locator(".cc-off.cc-pin").get_attribute("aria-label") == "无街站"
    grid.choose(tier="street")
    assert names() == ["街道中心"]


def test_many_facilities_are_gathered_and_open_at_a_click(grid):
    grid.view(lat_lng(150, 50), 12)
    face = grid.page.locator(".cc-many")
    assert face.locator("i").inner_text() == "3"
    assert face.locator(".cc-unseen").text_content() == "3 处设施，点击放大"
    face.click()
    grid.settle()
    assert grid.page.locator(".cc-many").count() == 0
    assert grid.page.locator(".cc-pin").count() == 3


def test_facilities_at_one_place_are_spread_out_at_a_click(open_map):
    meta, sections = town()
    for section in sections:
        if section.name in ("facility.x", "facility.y"):
            section.array[1] = section.array[0]
    page = open_map(html_of(meta, sections))
    page.view(lat_lng(320, 0), 19)
    assert page.page.locator(".cc-many").count() == 1
    page.page.locator(".cc-many").click()
    page.page.wait_for_timeout(300)
    assert {"东站", "西站"} <= {
        pin.get_attribute("aria-label") for pin in page.page.locator(".cc-pin").all()
    }
