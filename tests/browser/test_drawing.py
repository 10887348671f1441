"""The page opens from a folder, asks nobody, and draws what the payload says."""

import re

import numpy as np
import pytest

from coverage.outputs.packing import Section, pack, unpack
from map_grid import lat_lng, town, without

from .conftest import html_of

pytestmark = pytest.mark.browser

BAND_5, BEYOND, UNREACHABLE = [49, 70, 140, 255], [176, 80, 26, 255], [77, 70, 63, 255]
PAPER = [251, 249, 244]


def packed_in(path):
    return re.search(r'id="care-circle-packed">([^<]*)<', path.read_text(encoding="utf-8"))[1]


def test_the_page_decodes_every_kind_of_section(open_map):
    dice = np.random.default_rng(1)
    whole = {
        f"try.{name}": dice.integers(
            np.iinfo(name).min, np.iinfo(name).max, 300, name, endpoint=True
        )
        for name in ("u1", "i1", "u2", "i2", "u4", "i4")
    }
    sections = [
        Section(name, values, delta=k % 2 == 0) for k, (name, values) in enumerate(whole.items())
    ]
    sections += [
        Section("try.f4", dice.normal(size=50).astype("f4")),
        Section("try.f8", dice.normal(size=50)),
        Section("try.half", np.array([5, 4, 65535, 0], "u2")),
        Section("try.based", np.array([8, 5, 65535, 9], "u2"), base="try.half", factor=1.5),
        Section("try.negative", np.array([-5, -4, 7], "i4")),
        Section(
            "try.below", np.array([-9, 2**31 - 1, -(2**31)], "i4"), base="try.negative", factor=0.5
        ),
    ]
    meta, rest = town()
    page = open_map(html_of(meta, [*sections, *rest]))
    decoded = page.js(
        """async (packed) => {
          const { sections } = await careCircle.workerSide().unpack(packed);
          return Object.entries(sections).map(([name, values]) => [name, values.constructor.name, [...values]]);
        }""",
        packed_in(page.path),
    )
    truth = unpack(pack(meta, [*sections, *rest]))[1]
    kinds = {"u": "Uint", "i": "Int", "f": "Float"}
    assert [name for name, _, _ in decoded] == list(truth)
    for name, kind, values in decoded:
        array = truth[name]
        assert kind == f"{kinds[array.dtype.kind]}{8 * array.dtype.itemsize}Array"
        assert values == array.tolist(), name


def test_an_old_browser_inflates_by_hand(open_map, grid_html):
    """Without DecompressionStream the page's own inflater gives the same bytes."""
    page = open_map(grid_html)
    same = page.js(
        """async (packed) => {
          const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
          const byHand = careCircle.workerSide().inflateByHand(bytes);
          const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
          const theirs = new Uint8Array(await new Response(stream).arrayBuffer());
          return theirs.length > 1000 && theirs.length === byHand.length && theirs.every((byte, i) => byte === byHand[i]);
        }""",
        packed_in(page.path),
    )
    assert same is True


@pytest.mark.parametrize("refuse", ["throws", "fails later"])
def test_a_browser_without_workers_answers_itself(open_map, grid_html, refuse):
    refused = {
        "throws": "window.Worker = class { constructor() { throw new Error('refused'); } };",
        "fails later": "window.Worker = class { constructor() { setTimeout(() => this.onerror(new Event('error', {cancelable: true})), 20); } postMessage() {} };",
    }[refuse]
    page = open_map(grid_html.replace("const careCircle =", f"{refused}\nconst careCircle =", 1))
    page.js("() => careCircle.select({ kind: 'home', i: 0 })")
    assert page.card()["社区养老服务站"] == "5.2 分钟"


def test_streets_have_the_colour_of_their_minutes(grid):
    """The top street is within 5 minutes; at 3 minutes, A-B lies beyond."""
    street = lat_lng(50, 0)
    assert grid.colour(street) == BAND_5
    assert grid.text("#cc-headline b").startswith("100 名老年人中，90 名")
    grid.choose(minutes=3)
    # A-B: 150 s to Y at E from its middle; C-D 70 s to X.
    assert grid.colour(lat_lng(250, 0)) == BAND_5
    grid.choose(walker="1")
    # The wheelchair takes 300 s from the middle of A-B.
    assert grid.colour(street) == BEYOND


def test_streets_without_a_way_are_dark(grid):
    """The wheelchair cannot take the stairs G-C at all."""
    grid.view(lat_lng(150, 50), 17)
    grid.choose(walker="1")
    seen = [grid.colour(lat_lng(200, y)) for y in np.arange(10, 90, 0.5)]
    dark = [colour for colour in seen if np.abs(np.array(colour[:3]) - UNREACHABLE[:3]).max() < 40]
    assert 10 < len(dark) < len(seen)  # in dashes


def test_the_circle_lies_25_m_around_covered_streets(grid):
    """Tint between the streets ends 25 m away from them."""
    grid.view(lat_lng(150, 50), 18)
    assert grid.colour(lat_lng(50, 20))[3] > 20
    assert grid.colour(lat_lng(50, 20))[:3] != PAPER
    assert grid.colour(lat_lng(50, 30))[3] == 0
    grid.choose(minutes=3)
    # A-E is within 3 minutes of Y for the senior, E-F too; of the wheelchair not all.
    assert grid.colour(lat_lng(50, 120))[3] > 20


def test_the_ground_shows_water_ways_and_buildings(grid):
    assert grid.colour(lat_lng(0, 200), "ground") == [188, 211, 223, 255]
    assert grid.colour(lat_lng(150, 200), "ground")[3] == 0  # an island
    assert grid.colour(lat_lng(0, -80), "ground")[:3] == [214, 207, 196]
    assert grid.colour(lat_lng(230, 50)) == [227, 221, 210, 255]


def test_homes_have_the_colour_of_their_minutes(grid):
    """h1 is 170 s from X; h3 has no street."""
    red, _, blue, alpha = grid.colour(lat_lng(152, 12))
    assert alpha > 100
    assert blue > red
    red, _, blue, alpha = grid.colour(lat_lng(-100, -100))
    assert alpha > 100
    assert abs(red - 77) < 6
    assert abs(blue - 63) < 6


def test_what_is_outside_the_boundary_is_dim(grid):
    grid.view(lat_lng(-150, 50), 17)
    inside, outside = grid.colour(lat_lng(-140, -140)), grid.colour(lat_lng(-180, -140))
    assert inside[3] == 0
    assert outside[3] > 150


def test_gaps_are_pale_while_another_choice_is_shown(grid):
    gap = lat_lng(330, 140)
    own = grid.colour(gap)
    assert own[3] > 25
    assert own[0] > 200
    grid.choose(minutes=14)
    assert 0 < grid.colour(gap)[3] < own[3]
    assert "15 分钟 · 老年人 · 往返取长" in grid.text("#cc-legend .cc-note")
    grid.choose(minutes=15, tier="street")
    assert grid.colour(gap)[3] == 0


def test_a_redraw_leaves_no_trace_of_the_picture_before(grid):
    before = grid.pictures()
    for minutes in (3, 9, 30):
        grid.choose(minutes=minutes)
        assert grid.pictures() != before
    grid.choose(minutes=15)
    assert grid.pictures() == before


@pytest.mark.parametrize("ratio", [1, 1.5, 2])
def test_tiles_are_sharp_on_every_screen(open_map, grid_html, ratio):
    page = open_map(grid_html, device_scale_factor=ratio)
    sharp = page.js(
        """() => [...document.querySelectorAll(".leaflet-cc-data-pane canvas")].map((tile) => {
          const box = tile.getBoundingClientRect();
          return tile.width / box.width;
        })"""
    )
    assert sharp
    assert all(abs(scale - ratio) < 0.01 for scale in sharp)


@pytest.mark.parametrize(
    "missing",
    ["home.", "gap.", "area.", "water", "boundary.", "facility.", "link.", "building.", "way."],
)
def test_a_part_that_is_missing_leaves_a_map(open_map, missing):
    meta, sections = town()
    parts = [missing]
    if missing == "home.":
        parts += ["min.home", "curve.elderly"]
        meta |= {
            "hasPeople": False,
            "totals": {"km": [0.8, 0.4, 0.4], "elderly": None, "population": None},
        }
    if missing == "gap.":
        meta["gaps"] = []
    if missing == "area.":
        meta["areas"] = []
    if missing == "facility.":
        meta["facilities"] = []
    if missing == "link.":
        parts += ["node.", "time.", "min.street"]
        nowhere = [
            Section(f"{name}.link", np.full(4, 2**32 - 1, "u4")) for name in ("home", "facility")
        ]
        sections = [*without(sections, "home.link", "facility.link"), *nowhere]
    page = open_map(html_of(meta, without(sections, *parts)))
    for tier in page.page.locator("#cc-tiers button:enabled").all():
        tier.click()
    page.click(lat_lng(150, 8))
    page.click(lat_lng(300, 140))
    page.settle()
    if missing == "home.":
        assert (
            page.text("#cc-headline b")
            == "0.8 公里街道中，0.8 公里（100 %）15 分钟步行可达街道养老服务中心。"
        )
