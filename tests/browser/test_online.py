"""Basemaps from the internet: asked for only when chosen, and laid where places truly are."""

import re
import struct
import zlib
from itertools import pairwise

import numpy as np
import pytest

from coverage.inputs.datum import from_wgs84
from map_grid import lat_lng, town

from .conftest import html_of

pytestmark = pytest.mark.browser


def png(colour):
    """Return a picture of one colour, 256 pixels wide."""
    rows = b"".join(b"\0" + bytes(colour) * 256 for _ in range(256))

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 256, 256, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


OSM = {r"https://tile\.openstreetmap\.org/\d+/\d+/\d+\.png": png((200, 220, 200))}
AMAP = {r"https://webrd0[1-4]\.is\.autonavi\.com/appmaptile\?.*": png((200, 220, 200))}
TIANDITU = {r"https://t[0-7]\.tianditu\.gov\.cn/(vec|cva)_w/wmts\?.*": png((200, 220, 200))}


def choose(page, base):
    page.js("() => { document.getElementById('cc-layers').open = true; }")
    page.page.locator(f"#cc-layers input[value={base}]").check()


def loaded(page, least):
    for _ in range(100):
        page.page.wait_for_timeout(50)
        if page.js("() => document.querySelectorAll('img.leaflet-tile-loaded').length") >= least:
            return
    raise AssertionError("no tiles came")


def test_nothing_is_asked_for_until_a_basemap_is_chosen(open_map, grid_html):
    page = open_map(grid_html, answers=OSM)
    page.view(lat_lng(0, 0), 15)
    assert page.asked == []
    choose(page, "osm")
    loaded(page, 4)
    assert all(url.startswith("https://tile.openstreetmap.org/15/") for url in page.asked)
    assert page.page.locator(".leaflet-cc-ground-pane canvas").count() == 0
    assert page.colour(lat_lng(230, 50))[3] < 20  # our own building is gone, too
    red, green, blue, alpha = page.colour(lat_lng(50, 0))
    assert alpha > 250
    assert red < green < blue  # our streets stay
    choose(page, "own")
    page.settle()
    assert page.page.locator("img.leaflet-tile").count() == 0
    assert page.colour(lat_lng(0, 200), "ground")[3] == 255


def test_the_policy_allows_exactly_the_servers_that_are_offered(grid_html):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', grid_html)[1]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["worker-src"] == "blob:"
    assert set(rules["img-src"].split()) == {
        "data:", "https://tile.openstreetmap.org",
        *(f"https://t{k}.tianditu.gov.cn" for k in range(8)),
        *(f"https://webrd0{k}.is.autonavi.com" for k in range(1, 5)),
    }  # fmt: skip
    assert "connect-src" not in rules


def test_gcj02_in_the_page_is_that_of_the_datum_module(grid):
    dice = np.random.default_rng(2)
    points = np.column_stack([dice.uniform(75, 135, 400), dice.uniform(18, 53, 400)])
    points = np.vstack([points, [[106.57336, 29.5601], [106.5, 29.5], [2.35, 48.85]]])
    ours = np.array(
        grid.js(
            "(points) => points.map(([lng, lat]) => { const p = careCircle.toGcj(L.latLng(lat, lng)); return [p.lng, p.lat]; })",
            points.tolist(),
        )
    )
    theirs = from_wgs84(points, "gcj02")
    metres = np.hypot(
        (ours - theirs)[:, 0] * 111_320 * np.cos(np.radians(points[:, 1])),
        (ours - theirs)[:, 1] * 110_574,
    )
    assert metres.max() < 0.001


@pytest.mark.parametrize("zoom", [12, 15, 17, 18])
def test_amap_s_tiles_and_streets_meet(open_map, grid_html, zoom):
    """Each tile lies where the place that GCJ-02 puts into its middle truly is, within a pixel."""
    page = open_map(grid_html, answers=AMAP)
    page.view(lat_lng(150, 50), zoom)
    choose(page, "amap")
    loaded(page, 6)
    tiles = page.js(
        """() => [...document.querySelectorAll("img.leaflet-tile")].map((tile) => {
          const box = tile.getBoundingClientRect();
          const [, x, y, z] = tile.src.match(/x=(\\d+)&y=(\\d+)&z=(\\d+)/);
          return [+x, +y, +z, box.left, box.top, box.width];
        })"""
    )
    assert {tile[2] for tile in tiles} == {zoom}
    middles = np.array([[x + 0.5, y + 0.5] for x, y, *_ in tiles]) / 2**zoom
    shown = np.column_stack(
        [middles[:, 0] * 360 - 180, np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * middles[:, 1]))))]
    )
    places = shown.copy()
    for _ in range(6):
        places -= from_wgs84(places, "gcj02") - shown
    shift = np.hypot(*((shown - places) * [96_800, 110_900]).T)
    assert shift.min() > 300  # some 500 m in Chongqing
    for (_, _, _, left, top, _), (lng, lat) in zip(tiles, places, strict=True):
        x, y = page.point([float(lat), float(lng)])
        assert abs(left + 128 - x) <= 1.01
        assert abs(top + 128 - y) <= 1.01
    # No seams: each tile reaches to its neighbour.
    for axis in (3, 4):
        for one, other in pairwise(sorted({tile[axis] for tile in tiles})):
            assert other - one <= 257


def test_amap_s_tiles_cover_the_window(open_map, grid_html):
    page = open_map(grid_html, answers=AMAP)
    page.view(lat_lng(150, 50), 16)
    choose(page, "amap")
    loaded(page, 20)
    page.js("() => careCircle.page.map.panBy([500, 300], { animate: false })")
    page.page.wait_for_timeout(600)
    bare = page.js(
        """() => {
          const box = careCircle.page.map.getContainer().getBoundingClientRect();
          const tiles = [...document.querySelectorAll("img.leaflet-tile-loaded")].map((tile) => tile.getBoundingClientRect());
          let bare = 0;
          for (let x = box.left + 2; x < box.right; x += 20) for (let y = box.top + 2; y < box.bottom; y += 20) {
            if (!tiles.some((tile) => x >= tile.left && x <= tile.right && y >= tile.top && y <= tile.bottom)) bare += 1;
          }
          return bare;
        }"""
    )
    assert bare == 0


def test_tianditu_asks_for_a_key_and_keeps_it(open_map, grid_html):
    page = open_map(grid_html, answers=TIANDITU)
    choose(page, "tianditu")
    assert page.page.locator("#cc-key").is_visible()
    assert page.asked == []
    page.page.locator("#cc-key button[value=no]").click()
    page.page.wait_for_timeout(100)
    assert page.page.locator("#cc-layers input[value=own]").is_checked()
    choose(page, "tianditu")
    page.page.locator("#cc-key-text").fill("my key&1")
    page.page.keyboard.press("Enter")
    loaded(page, 4)
    assert all("tk=my%20key%261" in url for url in page.asked)
    assert {re.search(r"/(vec|cva)_w/", url)[1] for url in page.asked} == {"vec", "cva"}
    assert "天地图" in page.text("#cc-credits")
    page.go()
    choose(page, "tianditu")
    assert page.page.locator("#cc-key").is_hidden()


def test_the_study_s_own_key_is_used(open_map):
    page = open_map(html_of(*town(tianditu="from-the-study")), answers=TIANDITU)
    choose(page, "tianditu")
    loaded(page, 4)
    assert all("tk=from-the-study" in url for url in page.asked)


def test_credits_are_always_there_and_follow_the_basemap(open_map, grid_html):
    page = open_map(grid_html, answers={**OSM, **AMAP})
    assert "OpenStreetMap 贡献者（ODbL 1.0）" in page.text("#cc-credits")
    choose(page, "amap")
    assert "高德地图" in page.text("#cc-credits")
    page.page.locator("#cc-lang").click()
    assert "Amap" in page.text("#cc-credits")
    assert "OpenStreetMap contributors (ODbL 1.0)" in page.text("#cc-credits")
