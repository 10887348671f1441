"""The map: alone in the world, the same each time, and deaf to what names would have it do."""

import dataclasses
import json
import math
import re
from html.parser import HTMLParser
from importlib import metadata
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, Point, box

import coverage
from coverage.errors import OutputError
from coverage.outputs import leaflet, maps
from coverage.outputs.colours import band_colour
from coverage.outputs.map_words import kilometres, percent, plain
from coverage.outputs.maps import map_html
from coverage.result import Result
from coverage.study import TIERS, Study, TierPart, TiersPart

CRS = "EPSG:32648"
X, Y = 650_000.0, 3_270_000.0

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=https://evil.example/x.png onerror=alert(1)>",
    "quotes \" ' ` ${alert(1)} \\",
    "{{ cycler.__init__.__globals__ }} {% raw %} {# x #}",
    "--> <!--",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "مركز الرعاية 12",
    "😀👵🏽",
    "梯坎" * 150,
    "a\u2028b\x00c\ud800d",
    "",
    None,
]


class Page(HTMLParser):
    """What a browser makes of a page: its tags, its attributes, its text and its scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.scripts, self.text = [], [], [], ""
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        self._in = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, _):
        self._in = ""

    def handle_data(self, data):
        if self._in == "script":
            self.scripts[-1] += data
        elif self._in != "style":
            self.text += data

    @property
    def data(self):
        """What the page's own script works on."""
        kinds = [about.get("type") for tag, about in self.attributes if tag == "script"]
        return json.loads(self.scripts[kinds.index("application/json")])

    def tip(self, title):
        return next(dict(rows) for name, rows in self.data["tips"] if name == title and rows)


def lines(*xy):
    return LineString([(X + x, Y + y) for x, y in xy])


@pytest.fixture
def result():
    r"""Three streets from west to east in a square kilometre; its station stands at C.

    y=1000 +---------------------+
           |  a: no way to C     |
           |                     |
           |  b: 20 min          |
           C==c: 4 min===========|
    y=0    +---------------------+
    """
    square = box(X, Y, X + 1000, Y + 1000)
    street_m = lines((0, 100), (1000, 100)).length
    facilities = gpd.GeoDataFrame(
        {
            "name": ["示例站", "Afar"], "tier": ["community", "street"], "capacity": [15, np.nan],
            "address": ["", None], "snapped": [True, False], "snap_m": [12.4, np.nan],
            "street_km_5min": [0.4, 0.0], "street_km_10min": [0.8, 0.0],
            "street_km_15min": [1.0, 0.0],
        },
        index=pd.Index(["C1", "S1"], name="id"),
        geometry=[Point(X, Y + 100), Point(X + 500, Y + 500)],
        crs=CRS,
    )  # fmt: skip
    streets = gpd.GeoDataFrame(
        {
            "osm_id": [1, 2, 3], "name": ["a", "b", None],
            "highway": ["steps", "primary_link", "x"], "length_m": [street_m] * 3,
            **{f"minutes_{tier}": [np.nan, 20.0, 4.04] for tier in TIERS},
            **{f"covered_{tier}": [0.0, 0.999, 1.0] for tier in TIERS},
        },
        geometry=[lines((0, y), (1000, y)) for y in (800, 400, 100)],
        crs=CRS,
    )  # fmt: skip
    around = shapely.buffer(streets.geometry.iloc[2], 25)
    isochrones = gpd.GeoDataFrame(
        {"scope": "tier", "facility": "", "tier": "community", "minutes": [5.0, 10.0, 15.0]},
        geometry=[around, around.buffer(5), around.buffer(10)],
        crs=CRS,
    )
    shares = {f"covered_km_{key}": [1.0, 0.0] for key in (*TIERS, "any", "all")}
    shares |= {f"share_{key}": [0.5, np.nan] for key in (*TIERS, "any", "all")}
    areas = gpd.GeoDataFrame(
        {"street_km": [2.0, 0.0], **shares},
        index=pd.Index(["南街道", "outside"], name="area"),
        geometry=[square, shapely.Polygon()],
        crs=CRS,
    )
    gaps = gpd.GeoDataFrame(
        {
            "tier": "community", "street_m": [1000.0, 900.0], "area": "南街道",
            "nearest_facility": ["C1", ""], "nearest_name": ["示例站", ""],
            "minutes": [20.0, np.nan],
        },
        index=pd.Index(["community-01", "community-02"], name="gap"),
        geometry=[shapely.multipolygons([line.buffer(25)]) for line in streets.geometry[:2]],
        crs=CRS,
    )  # fmt: skip
    study = Study(
        name="square", title="方格 Square", notices=("Synthetic 示例",), boundary="x.geojson",
        facilities={"file": "f.csv"},
    )  # fmt: skip
    summary = {
        "street_km": 398.93,
        "coverage": {
            "community": {"covered_km": 265.07, "share": 0.6645},
            "street": {"covered_km": 0.0, "share": 0.0},
            "district": {"covered_km": None, "share": None},
        },
        "facilities": {"community": 1, "street": 1, "district": 0},
        "gaps": {tier: {"count": 2} for tier in TIERS},
        "people": None,
        "warnings": [],
    }
    return Result(
        study=study, inputs=SimpleNamespace(boundary=square, crs=CRS),
        network=SimpleNamespace(crs=CRS), facilities=facilities, streets=streets,
        isochrones=isochrones, areas=areas, gaps=gaps, people=None, summary=summary, seconds={},
    )  # fmt: skip


def renamed(result, names):
    """Return the result with hostile names in all places that hold names."""

    def spread(frame, **columns):
        return frame.assign(
            **{c: [names[i % len(names)] for i in range(len(frame))] for c in columns}
        )

    facilities = pd.concat([result.facilities.iloc[[0]]] * len(names))
    facilities.index = [str(name) for name in names]
    areas = pd.concat([result.areas.iloc[[0]]] * len(names))
    areas.index = names
    gaps = pd.concat([result.gaps.iloc[[0]]] * len(names))
    gaps.index = [f"community-{rank:02d}" for rank in range(1, len(names) + 1)]
    streets = pd.concat([result.streets.iloc[[0]]] * len(names), ignore_index=True)
    return dataclasses.replace(
        result,
        study=result.study.model_copy(
            update={"title": names[0], "notices": tuple(str(name) for name in names)}
        ),
        facilities=spread(facilities, name=1, address=1),
        streets=spread(streets, name=1, highway=1),
        areas=areas,
        gaps=spread(gaps, nearest_name=1, area=1),
    )


def test_the_page_asks_no_server_for_anything(result):
    page = Page(map_html(result))
    assert "link" not in page.tags
    assert not [about for _, about in page.attributes if "src" in about]
    text = map_html(result)
    styles = "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
    assert not re.search(r"url\((?!data:|#)|@import", styles)
    # What else looks like an address: the tile layer, off; a link to follow; names and comments.
    addresses = set(re.findall(r"https?://[^\s\"'<>)/]+", text))
    assert addresses == {
        "https://tile.openstreetmap.org", "https://www.openstreetmap.org",
        "https://leafletjs.com", "http://www.w3.org", "https://bugzilla.mozilla.org",
    }  # fmt: skip
    assert "sourceMappingURL" not in text


def test_the_tile_layer_is_off(result):
    text = map_html(result)
    layer = re.search(r"var (tile_layer_\d+)", text)[1]
    assert f"{layer}.addTo" not in text
    assert "img-src data: https://tile.openstreetmap.org" in text


def test_libraries_come_with_their_licences(result):
    text = map_html(result)
    assert "Leaflet 1.9" in text
    assert "markerClusterGroup" in text
    assert "BSD 2-Clause" in text
    assert "Copyright 2012 David Leaver" in text
    assert not re.search(r"\$\(|jQuery|bootstrap", text)


def test_a_missing_library_is_named_with_its_remedy(result, monkeypatch):
    def missing(_):
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(leaflet.metadata, "files", missing)
    with pytest.raises(OutputError, match=r"XStatic-Leaflet is not installed\. Reinstall"):
        map_html(result)


def test_a_library_without_its_file_is_named(result, monkeypatch):
    monkeypatch.setattr(leaflet.metadata, "files", lambda _: None)
    with pytest.raises(OutputError, match=r"leaflet\.css .*not installed"):
        map_html(result)


def test_a_link_that_folium_leaves_is_refused(result, monkeypatch):
    monkeypatch.setattr(maps, "own_asset", lambda _: "</script><script src=https://cdn/x.js>")
    with pytest.raises(OutputError, match=re.escape("https://cdn/x.js")):
        map_html(result)


def test_two_calls_give_the_same_text(result):
    text = map_html(result)
    assert map_html(result) == text
    assert not re.search(r"_[0-9a-f]{32}", text)


def test_an_id_in_the_data_that_looks_like_folium_s_stays(result):
    md5 = "x_0123456789abcdef0123456789abcdef"
    facilities = result.facilities.rename(index={"C1": md5})
    page = Page(map_html(dataclasses.replace(result, facilities=facilities)))
    assert page.tip("示例站")["编号 ID"] == md5


def test_hostile_names_are_text_and_run_nothing(result):
    text = map_html(renamed(result, HOSTILE))
    text.encode("utf-8")
    harmless = ["x" if name != "" else "" for name in HOSTILE]
    page, other = Page(text), Page(map_html(renamed(result, harmless)))
    # The same tags and the same running script: names made none and are in none.
    assert page.tags == other.tags
    assert page.scripts[-1] == other.scripts[-1]
    titles = [title for title, _ in page.data["tips"]]
    for name in HOSTILE[:8]:
        assert titles.count(name) == 3, name  # a facility, an area and its label
        assert name in page.data["streets"]["names"]
        assert name in page.text


def test_long_and_missing_names_are_shown_as_such(result):
    page = Page(map_html(renamed(result, HOSTILE)))
    titles = [title for title, _ in page.data["tips"]]
    assert "（无名）unnamed" in titles
    assert max(map(len, titles)) <= 160
    # A notice is not cut: it may say why a figure must not be used.
    assert "梯坎" * 150 in page.text


def test_streets_know_their_band_and_minutes(result):
    streets = Page(map_html(result)).data["streets"]
    times = streets["tiers"]["community"]
    colours = [times["colours"][band] for band in times["band"]]
    assert colours[2] == band_colour(5)
    assert colours[0] != colours[1]
    assert times["band"] == [4, 3, 0]
    assert times["tenths"] == [None, 200, 40]
    # Rounded down: a street with a gap in it is not covered whole.
    assert times["percent"] == [0, 99, 100]
    assert [streets["kinds"][kind] for kind in streets["kind"]] == [
        "梯坎 steps",
        "主干路 primary_link",
        "x",
    ]
    assert "60" in times["unknown"]


def test_streets_lie_where_they_are(result):
    data = Page(map_html(result)).data
    (first,) = data["streets"]["lines"][2]
    points = np.cumsum(np.reshape(first, (-1, 2)), axis=0) / data["streets"]["scale"]
    ends = result.streets.geometry.to_crs("EPSG:4326").iloc[2]
    np.testing.assert_allclose(points, shapely.get_coordinates(ends), atol=6e-6)
    (south, west), (north, east) = data["bounds"]
    assert west < points[1][0] <= east
    assert south < points[0][1] < north


def test_a_street_on_the_threshold_is_within_it(result):
    streets = result.streets.assign(minutes_community=[15.0, np.nextafter(15, 16), 5.0])
    times = Page(map_html(dataclasses.replace(result, streets=streets))).data["streets"]["tiers"]
    assert times["community"]["band"] == [2, 3, 0]


def test_a_threshold_beyond_the_bands_is_a_band(result):
    tiers = TiersPart(district=TierPart(threshold_min=30))
    study = result.study.model_copy(update={"tiers": tiers})
    page = Page(map_html(dataclasses.replace(result, study=study)))
    assert page.data["streets"]["tiers"]["district"]["band"] == [5, 3, 0]
    assert page.data["streets"]["tiers"]["community"]["band"] == [4, 3, 0]
    assert "区县失能特困集中照护中心 30" in page.text
    assert "≤ 30 分钟" in page.text


def test_the_legend_follows_the_shown_tier_where_thresholds_differ(result):
    tiers = TiersPart(community=TierPart(threshold_min=60))
    study = result.study.model_copy(update={"tiers": tiers})
    page = Page(map_html(dataclasses.replace(result, study=study)))
    lists = [about["data-tiers"] for tag, about in page.attributes if "data-tiers" in about]
    assert lists == ["community", "street district"]
    assert "60–60" not in page.text
    assert "15–60 分钟" in page.text
    for minutes in (15, 60):
        assert page.text.count(f"not within {minutes} min") == 1


def test_one_legend_where_thresholds_are_alike(result):
    page = Page(map_html(result))
    assert [about["data-tiers"] for _, about in page.attributes if "data-tiers" in about] == [
        "community street district"
    ]


def test_markers_stand_still(result):
    text = map_html(result)
    assert '"animate": false' in text
    assert '"animateAddingMarkers": false' in text


def test_warnings_are_on_the_map_as_text(result):
    assert "cc-warnings" not in str(Page(map_html(result)).attributes)
    warnings = ["facilities: 1 have no street", HOSTILE[0]]
    result = dataclasses.replace(result, summary={**result.summary, "warnings": warnings})
    page = Page(map_html(result))
    assert ("details", {"class": "cc-warnings"}) in page.attributes
    assert "2 条数据提示" in page.text
    assert warnings[0] in page.text
    assert HOSTILE[0] in page.text


def test_tips_say_what_a_planner_asks(result):
    page = Page(map_html(result))
    assert page.tip("示例站") == {
        "层级 Tier": "社区养老服务站 community station",
        "编号 ID": "C1",
        "容量 Places": "15",
        "5 分钟可达街道 in 5 min": "0.40 km of street",
        "10 分钟可达街道 in 10 min": "0.80 km of street",
        "15 分钟可达街道 in 15 min": "1.0 km of street",
        "至街道直线距离 To the street": "12 m",
    }
    assert "300 m" in page.tip("Afar")["⚠ 未接入路网 Not connected"]
    gap = page.tip("缺口 Gap community-01")
    assert gap["位次 Rank"] == "1 / 2"
    assert gap["最近设施 Nearest"] == "示例站 · C1"
    assert gap["步行时间 Walk"] == "20.0 分钟 min"
    far = page.tip("缺口 Gap community-02")
    assert "beyond 60 minutes" in far["步行时间 Walk"]
    assert "最近设施 Nearest" not in far
    assert page.tip("南街道")["任一层级 any tier"] == "1.0 km · 50\u00a0%"


def test_a_facility_off_the_network_is_marked(result):
    marks = re.findall(r'"snapped": (true|false), "tier": "(\w+)"', map_html(result))
    assert marks == [("true", "community"), ("false", "street")]


def test_circles_are_drawn_from_the_largest(result):
    text = map_html(result)
    fills = [text.index(f'"color": "{band_colour(end)}"') for end in (15, 10, 5)]
    assert fills == sorted(fills)


def test_the_headline_names_covered_total_and_share(result):
    page = Page(map_html(result))
    assert (
        "265.1 of 398.9 km of street, 66\u00a0%, lie within 15 min of a community station"
        in page.text
    )
    assert "398.9 公里街道中，265.1 公里（66\u00a0%）15 分钟步行可达社区养老服务站" in page.text
    assert "— of 398.9 km of street, —, lie within 15 min of a district centre" in page.text
    for words in ("方格 Square", "Synthetic 示例", "senior（0.9 m/s）", "往返取长", "图例 Legend"):
        assert words in page.text
    assert "contributors</a> (ODbL)" in page.scripts[-1]


def test_only_the_community_tier_is_shown_at_first(result):
    text = map_html(result)
    added = set(re.findall(r"(\w+_\d+)\.addTo\(map_\d+\)", text))
    roles = re.search(r"careCircle\.start\(map_\d+, (.*?)\}\);", text, re.DOTALL)[1]
    of_tier = {
        tier: set(re.findall(r"\w+_\d+", re.search(rf'"{tier}": \[(.*?)\]', roles, re.DOTALL)[1]))
        for tier in TIERS
    }
    assert len(of_tier["community"]) == 4
    assert of_tier["community"] <= added
    assert not added & (of_tier["street"] | of_tier["district"])


EMPTY = {
    "no areas": lambda _: {"areas": None},
    "no gaps": lambda r: {"gaps": r.gaps.iloc[:0]},
    "no facility": lambda r: {"facilities": r.facilities.iloc[:0]},
    "none snapped": lambda r: {"facilities": r.facilities.assign(snapped=False, snap_m=np.nan)},
    "no isochrone": lambda r: {"isochrones": r.isochrones.iloc[:0]},
    "no street": lambda r: {"streets": r.streets.iloc[:0]},
    "no notice": lambda r: {"study": r.study.model_copy(update={"notices": ()})},
    "no title": lambda r: {"study": r.study.model_copy(update={"title": ""})},
}


@pytest.mark.parametrize("missing", [*EMPTY, "all of it"])
def test_what_is_missing_leaves_a_map(result, missing):
    changes = EMPTY.values() if missing == "all of it" else [EMPTY[missing]]
    for change in changes:
        result = dataclasses.replace(result, **change(result))
    page = Page(map_html(result))
    assert page.tags.count("header") == 1
    assert ("cc-notices" in str(page.attributes)) == bool(result.study.notices)
    assert math.isfinite(page.data["bounds"][0][0])


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.6645, "66 %"), (0.012, "1.2 %"), (0.0001, "< 0.1 %"), (0.99996, "> 99.9 %"),
     (0.9951, "99.5 %"), (1.0, "100 %"), (0.0, "0 %"), (None, "—"), (math.nan, "—")],
)  # fmt: skip
def test_percentages(share, shown):
    assert percent(share).replace("\u00a0", " ") == shown


def test_words_and_lengths():
    assert kilometres(0.5) == "0.50 km"
    assert kilometres(1234.56) == "1,234.6 km"
    assert kilometres(math.nan) == "—"
    assert plain(None) == plain(math.nan) == plain(pd.NA) == ""
    assert plain(" a\nb ") == "a b"


def test_bands_have_colours_of_their_own():
    assert len({band_colour(minutes) for minutes in (5, 10, 15, 20, 30)}) == 5
    assert all(re.fullmatch("#[0-9a-f]{6}", band_colour(minutes)) for minutes in (1, 12.5, 90))


@pytest.mark.realdata
def test_yuzhong_s_map_is_small(yuzhong, tmp_path):
    (tmp_path / "study.toml").write_text(
        f"""
        name = "yuzhong"
        [network]
        file = "{(yuzhong / "yuzhong-260426.osm.pbf").as_posix()}"
        [facilities]
        file = "{(yuzhong / "facilities-standin.csv").as_posix()}"
        [areas]
        file = "{(yuzhong / "subdistricts.geojson").as_posix()}"
        name_column = "subdistrict"
        """,
        encoding="utf-8",
    )
    text = map_html(coverage.run(tmp_path / "study.toml"))
    assert len(text.encode()) < 3_000_000
    assert len(Page(text).data["streets"]["lines"]) > 3_000
