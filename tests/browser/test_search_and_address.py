"""Search by name, the keyboard, and addresses that bring a view back."""

import pytest

from map_grid import lat_lng

pytestmark = pytest.mark.browser


def found(page):
    return [text.split("\n") for text in page.page.locator("#cc-found li").all_inner_texts()]


def test_search_finds_streets_facilities_areas_and_homes(grid):
    box = grid.page.locator("#cc-search")
    box.fill("路")
    assert sorted(line[0] for line in found(grid)) == ["中山路", "滨江路"]
    box.fill("站")
    assert {line[0] for line in found(grid)} >= {"东站", "西站", "无街站"}
    box.fill("片")
    assert [line[-1] for line in found(grid)] == ["片区", "片区"]
    box.fill("松柏")
    assert found(grid) == [["松柏里小区", "住宅"]]
    box.fill("ＸＹＺ")
    assert found(grid) == [["没有找到"]]


def test_search_by_keyboard_flies_there_and_selects(grid):
    grid.view(lat_lng(5000, 5000), 14)
    grid.page.locator("#cc-search").focus()
    grid.page.keyboard.type("东站")
    grid.page.keyboard.press("ArrowDown")
    grid.page.keyboard.press("ArrowUp")
    grid.page.keyboard.press("Enter")
    assert grid.card()[""] == "东站"
    assert grid.page.locator("#cc-found").is_hidden()
    x, y = grid.point(lat_lng(320, 0))
    assert 300 < x < 1140
    assert 150 < y < 900


def test_a_street_that_was_found_is_lit_as_a_whole(grid):
    grid.page.locator("#cc-search").fill("滨江")
    grid.page.keyboard.press("Enter")
    card = grid.card()
    assert card[""] == "滨江路"
    assert card["长度"] == "400 米"
    lit = "() => { let count = 0; careCircle.page.map.eachLayer((layer) => { if (layer instanceof L.Polyline) count += 1; }); return count; }"
    assert grid.js(lit) == 4  # A-E, E-F, F-G and G-H


def test_a_facility_of_another_tier_changes_the_tier(grid):
    grid.page.locator("#cc-search").fill("街道中心")
    grid.page.keyboard.press("Enter")
    assert grid.card()[""] == "街道中心"
    assert grid.page.locator("#cc-tiers [aria-pressed=true]").get_attribute("data-tier") == "street"


def test_escape_closes_the_list_before_the_card(grid):
    grid.js("() => careCircle.select({ kind: 'home', i: 0 })")
    grid.page.locator("#cc-search").fill("站")
    grid.page.keyboard.press("Escape")
    assert grid.page.locator("#cc-found").is_hidden()
    assert grid.page.locator("#cc-card").is_visible()
    grid.page.keyboard.press("Escape")
    assert grid.page.locator("#cc-card").is_hidden()


def address(page):
    """Return the address once it says what is chosen; it is written a moment later."""
    said = """() => {
      const { lang, minutes, selected } = careCircle.state, { hash } = window.location;
      return hash.includes(`lang=${lang}`) && hash.includes(`min=${minutes}`) && hash.includes("&at=") === Boolean(selected);
    }"""
    for _ in range(50):
        page.page.wait_for_timeout(150)
        if page.js(said):
            return page.js("() => window.location.hash")
    raise AssertionError("the address was not written")


STATE = """() => {
  const { state, page } = careCircle, { lat, lng } = page.map.getCenter();
  return [state.tier, state.walker, state.direction, state.minutes, state.lang, JSON.stringify(state.selected),
          page.map.getZoom().toFixed(3), lat.toFixed(4), lng.toFixed(4)];
}"""


@pytest.mark.parametrize(
    "thing",
    [
        {"kind": "facility", "i": 1}, {"kind": "home", "i": 2}, {"kind": "street", "i": 4, "at": 0.25},
        {"kind": "gap", "i": 0}, {"kind": "area", "i": 1}, {"kind": "name", "i": 3}, None,
    ],
)  # fmt: skip
def test_an_address_brings_everything_back(grid, thing):
    grid.view(lat_lng(120, 40), 16.25)
    # Facilities and gaps are of their own tier.
    tier = "community" if thing and thing["kind"] in ("facility", "gap") else "street"
    grid.choose(minutes=12, walker="1", direction="2", tier=tier)
    grid.page.locator("#cc-lang").click()
    grid.js("(thing) => careCircle.select(thing)", thing)
    there, state = address(grid), grid.js(STATE)
    for part in (
        "map=16.25/",
        f"tier={tier}",
        "min=12",
        "walker=wheelchair",
        "dir=back",
        "lang=en",
    ):
        assert part in there
    grid.go(there)
    assert grid.js(STATE) == state
    assert address(grid) == there
    if thing:
        assert grid.page.locator("#cc-card").is_visible()


def test_a_changed_address_changes_the_map(grid):
    grid.js("() => { window.location.hash = '#tier=street&min=4&lang=en'; }")
    grid.page.wait_for_timeout(100)
    assert grid.text("#cc-headline b").startswith(
        "20 of 100 elderly people, 20 %, reach a street centre"
    )


@pytest.mark.parametrize(
    "nonsense",
    ["#map=x/y/z&tier=none&min=999&walker=&dir=up&lang=fr&at=f:nobody", "#at=h:99999", "#at=s:1@7", "#at=zz", "#map=99/1/1", "#%E0%A4%A"],
)  # fmt: skip
def test_a_wrong_address_is_passed_over(open_map, grid_html, nonsense):
    page = open_map(grid_html, nonsense)
    assert page.text("#cc-headline b").startswith("100 名老年人中，90 名（90 %）15 分钟")
    assert page.page.locator("#cc-card").is_hidden()


def test_the_link_is_copied_or_shown(open_map, grid_html):
    page = open_map(grid_html, permissions=["clipboard-read", "clipboard-write"])
    page.page.locator("#cc-link").click()
    page.page.locator("#cc-toast.cc-on").wait_for()
    assert page.text("#cc-toast") == "链接已复制"
    copied = page.js("() => navigator.clipboard.readText()")
    assert copied.startswith("file://")
    assert "#map=" in copied
    page.js("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    page.page.locator("#cc-link").click()
    assert page.page.locator("#cc-link-box").is_visible()
    assert page.page.locator("#cc-link-text").input_value() == copied


NAME_OF = """(el) => el.id || (el.name && el.name + el.value) || el.dataset.tier || el.getAttribute("aria-label")
  || el.className || el.tagName"""


def test_the_keyboard_reaches_everything(grid):
    """Tab by tab through the page: every control, then the map and its markers."""
    grid.js("() => { document.getElementById('cc-layers').open = true; }")
    reached = []
    for _ in range(60):
        grid.page.keyboard.press("Tab")
        reached.append(grid.js(f"() => ({NAME_OF})(document.activeElement)"))
    wanted = grid.js(
        f"""() => [...document.querySelectorAll("button, input, select, summary, a, [tabindex='0']")]
          .filter((el) => !el.disabled && el.checkVisibility() && !(el.type === "radio" && !el.checked)).map({NAME_OF})"""
    )
    assert len(wanted) > 25
    assert set(wanted) <= set(reached)
    # Controls come before the map, and the map before its markers.
    assert reached.index("cc-minutes") < reached.index("cc-in") < reached.index("东站")


def test_what_has_the_focus_can_be_seen(grid):
    grid.page.locator("#cc-minutes").focus()
    grid.page.keyboard.press("ArrowRight")
    for _ in range(20):
        grid.page.keyboard.press("Tab")
        width = grid.js(
            "() => { const el = document.activeElement; const ring = (node) => parseFloat(getComputedStyle(node).outlineWidth) || 0;"
            " return Math.max(ring(el), ...[...el.querySelectorAll('.cc-badge')].map(ring)); }"
        )
        assert width >= 2


def test_enter_asks_about_the_place_under_the_cross(grid):
    grid.view(lat_lng(50, 0), 18)
    grid.page.locator(".folium-map").focus()
    grid.page.keyboard.press("ArrowUp")
    grid.page.wait_for_timeout(600)
    grid.page.keyboard.press("ArrowDown")
    grid.page.wait_for_timeout(600)
    assert grid.page.locator(".cc-cross").is_visible()
    grid.page.keyboard.press("Enter")
    assert grid.card()[""] == "中山路"


def test_markers_answer_to_enter(grid):
    pin = grid.page.locator(".cc-pin[aria-label=西站]")
    pin.focus()
    grid.page.keyboard.press("Enter")
    assert grid.card()[""] == "西站"
    assert grid.page.locator(".cc-chosen").get_attribute("aria-label") == "西站"


def test_the_window_can_be_filled(grid):
    grid.page.locator("#cc-full").click()
    grid.page.wait_for_timeout(300)
    assert grid.js("() => Boolean(document.fullscreenElement)")
    grid.page.locator("#cc-full").click()
    grid.page.wait_for_timeout(300)
    assert not grid.js("() => Boolean(document.fullscreenElement)")
