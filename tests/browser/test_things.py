"""What a click finds out: the worker's walks against those worked out by hand."""

import numpy as np
import pytest

from coverage.outputs.packing import Section
from map_grid import FACILITY_PLACES, lat_lng, town

from .conftest import html_of

pytestmark = pytest.mark.browser

FROM_HOME = "() => { careCircle.select(null); careCircle.select({ kind: 'home', i: 0 }); }"


def lines(page):
    """Return the drawn lines of the way, as metres east and south of A."""
    west_north, east_south = lat_lng(0, 0), lat_lng(100, 100)
    found = page.js(
        """() => {
          const lines = [];
          careCircle.page.map.eachLayer((layer) => {
            if (layer instanceof L.Polyline && layer.options.color === "#a8005c") {
              lines.push([layer.options.dashArray ?? "", layer.getLatLngs().map(({ lat, lng }) => [lat, lng])]);
            }
          });
          return lines;
        }"""
    )

    def metres(lat, lng):
        return (
            round((lng - west_north[1]) / (east_south[1] - west_north[1]) * 100),
            round((lat - west_north[0]) / (east_south[0] - west_north[0]) * 100),
        )

    return [(dash, [metres(*point) for point in points]) for dash, points in lines_sorted(found)]


def lines_sorted(found):
    return sorted(found, key=lambda line: line[0] != "")


@pytest.mark.parametrize(
    ("direction", "minutes", "nearest", "both", "shown"),
    [("0", "5.2", "西站", "5.2 / 5.2", "前往设施"), ("1", "5.2", "西站", None, "前往设施"),
     ("2", "4.8", "东站", None, "从设施回家")],
)  # fmt: skip
def test_a_home_says_its_minutes_and_the_way(grid, direction, minutes, nearest, both, shown):
    """h0: 310 s to Y and back; 350 s to X, 290 s back from it."""
    grid.choose(direction=direction)
    grid.js(FROM_HOME)
    card = grid.card()
    assert card["老年人"] == "40 人"
    assert card["片区"] == "东片"
    assert card["社区养老服务站"] == f"{minutes} 分钟"
    assert card["街道养老服务中心"] == "4.3 分钟"  # 10 + 100 + 100 + 50 s
    assert card["区县失能特困集中照护中心"] == "无设施"
    assert card["最近的社区养老服务站"] == nearest
    assert card.get("去程 / 返程") == (f"{both} 分钟" if both else None)
    assert card["图中路线"] == shown
    if nearest == "东站":
        # 20 m from X, D-C, down the stairs, G-H, 10 m.
        assert card["路线长度"] == "330 米"
        assert card["上升 / 下降"] == "0 / 9 米"
        assert card["台阶"] == "60 级"
    else:
        assert card["路线长度"] == "310 米"
        assert card["台阶"] == "0 级"


def test_the_way_is_drawn_in_the_order_of_walking(grid):
    grid.choose(direction="2")
    grid.js(FROM_HOME)
    grid.card()
    way, first, last = lines(grid)
    assert way[1] == [(300, 0), (200, 0), (200, 0), (200, 100), (200, 100), (300, 100)]
    assert first[1] == [(320, 0), (300, 0)]
    assert last[1] == [(300, 100), (310, 100)]
    grid.choose(direction="1")
    grid.card()
    way, first, last = lines(grid)
    assert way[1][0] == (300, 100)
    assert way[1][-1] == (0, 100)


def test_for_the_longer_of_both_ways_the_slower_one_is_drawn(open_map):
    """With X alone, h0 takes 350 s there and 290 s back."""
    meta, sections = town()
    for section in sections:
        if section.name == "facility.tier":
            section.array[1] = 2
    page = open_map(html_of(meta, sections))
    page.js(FROM_HOME)
    card = page.card()
    assert card["社区养老服务站"] == "5.8 分钟"
    assert card["去程 / 返程"] == "5.8 / 4.8 分钟"
    assert card["图中路线"] == "前往设施"
    assert card["上升 / 下降"] == "9 / 0 米"
    assert card["台阶"] == "60 级"


def test_a_wheelchair_goes_around_the_stairs(grid):
    """h0 to Y 10 m and 300 m at half the speed, straight leg included."""
    grid.choose(walker="1")
    grid.js(FROM_HOME)
    card = grid.card()
    assert card["社区养老服务站"] == "10.3 分钟"
    assert card["台阶"] == "0 级"


def test_a_home_without_a_street_has_no_way(grid):
    grid.js("() => careCircle.select({ kind: 'home', i: 3 })")
    card = grid.card()
    assert card["社区养老服务站"] == "走不到"
    assert "最近的社区养老服务站" not in card
    assert "未接入路网" in grid.text("#cc-card")


def test_a_street_says_the_minutes_of_the_place_that_was_clicked(grid):
    """On A-B, 25 m from A: 125 s to Y, 295 s to X."""
    grid.view(lat_lng(50, 50), 18)
    grid.click(lat_lng(25, 0))
    card = grid.card()
    assert card[""] == "中山路"
    assert card["类别"] == "居住区道路"
    assert card["长度"] == "100 米"
    assert card["社区养老服务站"] == "2.1 分钟"
    assert card["最近的社区养老服务站"] == "西站"
    assert card["路线长度"] in ("125 米", "124 米", "126 米")


def test_stairs_count_in_the_direction_in_which_they_are_walked(grid):
    """In the middle of the stairs: to X 60 + 100 + 20 s up, back 150 s; half of 60 steps."""
    grid.js("() => careCircle.select({ kind: 'street', i: 6, at: 0.5 })")
    card = grid.card()
    assert card[""] == "十八梯"
    assert card["社区养老服务站"] == "3.0 分钟"
    assert card["去程 / 返程"] == "3.0 / 2.5 分钟"
    assert card["台阶"] == "30 级"
    assert card["上升 / 下降"] == "5 / 0 米" or card["上升 / 下降"] == "4 / 0 米"


@pytest.mark.parametrize(
    ("facility", "choice", "reach", "only"),
    [(0, {"minutes": 3}, 30, 30), (1, {"minutes": 3}, 20, 20), (0, {"minutes": 6}, 90, 0),
     (1, {"minutes": 6}, 90, 0), (0, {"minutes": 5, "direction": "2"}, 90, 40),
     (1, {"minutes": 5, "direction": "2"}, 50, 0), (1, {"minutes": 11, "walker": "1"}, 90, 60)],
)  # fmt: skip
def test_a_facility_shows_whom_it_reaches_and_whom_only_it_reaches(
    grid, facility, choice, reach, only
):
    """Back within 5 minutes: X reaches h0 (290), h1, h2 (280); Y h1 (250) and h2.

    Of the wheelchair, X reaches h1 alone in 11 minutes (340 s).
    """
    grid.choose(**choice)
    grid.js("(i) => careCircle.select({ kind: 'facility', i })", facility)
    card = grid.card()
    assert card["可达老年人"] == f"{reach} 人"
    assert card["仅此处可达"] == f"{only} 人"


def test_for_the_study_s_own_choice_the_engine_s_figures_are_shown(open_map):
    meta, sections = town()
    meta["facilities"][0] |= {"elderlyInReach": 90.25, "elderlyOnly": 7.0}
    page = open_map(html_of(meta, sections))
    page.js("() => careCircle.select({ kind: 'facility', i: 0 })")
    assert page.card()["仅此处可达"] == "7 人"
    page.choose(minutes=14)
    assert page.card()["仅此处可达"] == "0 人"


def test_a_facility_s_own_circle_is_lit_and_the_rest_fades(grid):
    grid.choose(minutes=3)
    lit, other = lat_lng(250, 0), lat_lng(0, 50)
    assert grid.colour(other)[:3] == [49, 70, 140]  # by Y
    grid.js("() => careCircle.select({ kind: 'facility', i: 0 })")
    grid.card()
    grid.settle()
    assert grid.colour(lit)[:3] == [49, 70, 140]
    assert np.abs(np.array(grid.colour(other)[:3]) - [196, 190, 181]).max() < 16
    grid.page.keyboard.press("Escape")
    grid.settle()
    assert grid.colour(other)[:3] == [49, 70, 140]


def test_a_facility_without_a_street_says_so(grid):
    grid.click(lat_lng(*FACILITY_PLACES[2]))
    card = grid.card()
    assert card[""] == "无街站"
    assert "300 米内没有可步行街道" in grid.text("#cc-card")
    assert "可达老年人" not in card


def test_a_gap_says_whom_it_holds_and_why(grid):
    grid.view(lat_lng(300, 100), 17)
    grid.click(lat_lng(330, 140))
    card = grid.card()
    assert card[""] == "缺口 1"
    assert card["位次"] == "第 1 位（共 1 处）"
    assert card["老年人"] == "40 人"
    assert card["原因"] == "坡道台阶（占 75 %）"
    assert card["未覆盖街道"] == "120 米"
    assert card["至最近设施"] == "5.2 分钟"
    assert card["最近设施"] == "西站"
    assert "缺口按研究设定划定：15 分钟 · 老年人 · 往返取长。" in grid.text("#cc-card")
    grid.page.locator("#cc-card .cc-link").click()
    assert grid.card()[""] == "西站"


def test_the_name_of_an_area_shows_its_coverage(grid):
    """West: h1 and h2 (and nobody else), within 3 minutes both."""
    place = grid.js("() => careCircle.page.nameLayer.hits.find(({ area }) => area === 0).box")
    box = grid.page.locator(".folium-map").bounding_box()
    grid.page.mouse.click(
        box["x"] + (place[0] + place[2]) / 2, box["y"] + (place[1] + place[3]) / 2
    )
    card = grid.card()
    assert card[""] == "西片"
    assert card["社区养老服务站"] == "50 / 50 人（100 %）"
    assert card["街道总长"] == "0.4 公里"
    grid.choose(minutes=3, walker="1")
    assert grid.card()["社区养老服务站"] == "0 / 50 人（0 %）"


def test_a_click_on_nothing_closes_the_card(grid):
    grid.js(FROM_HOME)
    grid.card()
    grid.click(lat_lng(50, 60))
    assert grid.page.locator("#cc-card").is_hidden()


def test_the_card_follows_the_choice(grid):
    grid.js(FROM_HOME)
    assert grid.card()["最近的社区养老服务站"] == "西站"
    grid.choose(direction="2")
    assert grid.card()["最近的社区养老服务站"] == "东站"
    grid.choose(tier="street")
    assert grid.card()["最近的街道养老服务中心"] == "街道中心"


def test_measuring_adds_up_the_metres(grid):
    grid.page.locator("#cc-measure").click()
    for place in ((0, 50), (100, 50), (100, 110)):
        grid.click(lat_lng(*place))
    assert grid.text("#cc-ruler-text") == "已测 160 米"
    assert grid.page.locator("#cc-card").is_hidden()
    grid.page.keyboard.press("Enter")
    assert grid.text("#cc-ruler-text") == "全长 160 米"
    grid.page.keyboard.press("Escape")
    assert grid.page.locator("#cc-ruler").is_hidden()
    grid.page.locator("#cc-measure").click()
    grid.click(lat_lng(0, 50))
    grid.page.mouse.dblclick(*grid.point(lat_lng(50, 50)))
    assert grid.text("#cc-ruler-text") == "全长 50 米"


def test_where_slopes_differ_along_a_street_its_time_is_shared_out_as_given(open_map):
    """h1 in the middle of B-C, but nine tenths of the time from C to B, and a tenth from B to C."""
    meta, sections = town()
    share = np.array([65535, 65535 // 2, 65535, 0], "u2")
    shares = [Section("home.ab", share.copy()), Section("home.ba", share.copy())]
    shares[0].array[1] = round(0.9 * 65535)  # B to h1 90 s, h1 to C 10 s
    shares[1].array[1] = round(0.1 * 65535)  # C to h1 90 s, h1 to B 10 s
    page = open_map(html_of(meta, [*sections, *shares]))
    page.js("() => careCircle.select({ kind: 'home', i: 1 })")
    # There 10 + 100 + 20, back 20 + 100 + 90.
    assert page.card()["去程 / 返程"] == "2.2 / 3.5 分钟"
    assert page.card()["社区养老服务站"] == "3.5 分钟"


def test_another_tier_closes_the_card_of_a_facility_or_a_gap(grid):
    for thing in ("{ kind: 'facility', i: 0 }", "{ kind: 'gap', i: 0 }"):
        grid.js(f"() => careCircle.select({thing})")
        grid.card()
        grid.choose(tier="street")
        assert grid.page.locator("#cc-card").is_hidden()
    grid.js("() => careCircle.select({ kind: 'gap', i: 0 })")
    assert (
        grid.page.locator("#cc-tiers [aria-pressed=true]").get_attribute("data-tier") == "community"
    )
