"""The map's page as a file: alone in the world, the same each time, deaf to what names would have it do.

What it does once a browser opens it is in `tests/browser`.
"""

import base64
import dataclasses
import math
import re
from html.parser import HTMLParser
from importlib import metadata, resources

import pandas as pd
import pytest

import coverage
from coverage.errors import OutputError
from coverage.outputs import leaflet, maps
from coverage.outputs.colours import band_colour
from coverage.outputs.map_words import kilometres, percent, plain
from coverage.outputs.maps import map_html, page_of
from coverage.outputs.packing import pack, unpack
from map_grid import town
from map_payload import big_city

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
    "a\u2028b",
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
    def content(self):
        """What the page's own script works on: the meta and the arrays."""
        kinds = [about.get("type") for tag, about in self.attributes if tag == "script"]
        return unpack(base64.b64decode(self.scripts[kinds.index("text/plain")]))


def page_text(title="方格 Square", notices=(), **changes):
    return page_of(title, pack(*town(title=title, **changes)), notices=notices)


@pytest.fixture(scope="module")
def text():
    return page_text(notices=["Synthetic 示例"])


@pytest.fixture(scope="module")
def result():
    return coverage.run("sample")


def test_the_page_asks_no_server_for_anything(text):
    page = Page(text)
    assert "link" not in page.tags
    assert not [about for _, about in page.attributes if "src" in about]
    styles = "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
    assert not re.search(r"url\((?!data:|#)|@import", styles)
    # What else looks like an address: servers of basemaps, all off; a link to follow; names and comments.
    addresses = set(re.findall(r"https?://[^\s\"'<>)/`]+", text))
    assert addresses == {
        *leaflet.ONLINE_SERVERS, "https://t{s}.tianditu.gov.cn", "https://webrd0{s}.is.autonavi.com",
        "https://www.openstreetmap.org", "https://leafletjs.com", "http://www.w3.org",
        "https://bugzilla.mozilla.org",
    }  # fmt: skip
    assert "sourceMappingURL" not in text


def test_the_tile_layer_is_off(text):
    layer = re.search(r"var (tile_layer_\d+)", text)[1]
    assert f"{layer}.addTo" not in text


def test_the_policy_forbids_all_that_is_not_offered(text):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy == (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; worker-src blob:; "
        f"img-src data: {' '.join(leaflet.ONLINE_SERVERS)}"
    )
    # Before anything that it is to govern.
    assert text.index("Content-Security-Policy") < text.index("<script>/*")


def test_libraries_come_with_their_licences(text):
    assert "Leaflet 1.9" in text
    assert "markerClusterGroup" in text
    assert "BSD 2-Clause" in text
    assert "Copyright 2012 David Leaver" in text
    assert not re.search(r"\$\(|jQuery|bootstrap", text)


def test_a_missing_library_is_named_with_its_remedy(monkeypatch):
    def missing(_):
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(leaflet.metadata, "files", missing)
    with pytest.raises(OutputError, match=r"XStatic-Leaflet is not installed\. Reinstall"):
        page_text()


def test_a_library_without_its_file_is_named(monkeypatch):
    monkeypatch.setattr(leaflet.metadata, "files", lambda _: None)
    with pytest.raises(OutputError, match=r"leaflet\.css .*not installed"):
        page_text()


def test_a_link_that_folium_leaves_is_refused(monkeypatch):
    monkeypatch.setattr(maps, "page_script", lambda _: "</script><script src=https://cdn/x.js>")
    with pytest.raises(OutputError, match=re.escape("https://cdn/x.js")):
        page_text()


def test_two_calls_give_the_same_text(result):
    text = map_html(result)
    assert map_html(result) == text
    assert not re.search(r"_[0-9a-f]{32}", text)


def test_an_id_in_the_data_that_looks_like_folium_s_stays():
    md5 = "x_0123456789abcdef0123456789abcdef"
    text = page_text(title=md5, notices=[md5])
    assert Page(text).text.count(md5) == 3  # the window's title, the heading, the notice


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_and_run_nothing(name):
    text = page_text(title=name, notices=[name, "x"])
    text.encode("utf-8")
    page, other = Page(text), Page(page_text(title="x" * len(name), notices=["x" * len(name), "x"]))
    # The same tags and the same running script: names made none and are in none.
    assert page.tags == other.tags
    assert page.scripts[:-2] == other.scripts[:-2]
    assert page.scripts[-1] == other.scripts[-1]
    assert page.text.count(name) == 3


def test_hostile_names_of_a_study_come_as_they_are(result):
    hostile = [*HOSTILE, "a\u2028b\x00c\ud800d", "", None]
    names = [hostile[k % len(hostile)] for k in range(len(result.facilities))]
    # As objects: pandas' own strings take no half of a character.
    column = pd.Series(names, index=result.facilities.index, dtype=object)
    facilities = result.facilities.assign(name=column, address=column)
    study = result.study.model_copy(update={"title": HOSTILE[0], "notices": tuple(HOSTILE)})
    text = map_html(dataclasses.replace(result, facilities=facilities, study=study))
    page = Page(text)
    meta, _ = page.content
    assert [about["name"] for about in meta["facilities"]] == [
        plain(name, longest=400) for name in names
    ]
    assert meta["title"] == HOSTILE[0]
    for name in HOSTILE:
        assert name in page.text  # a notice is not cut: it may say why a figure must not be used
    assert page.tags == Page(map_html(dataclasses.replace(result, study=study))).tags


def test_notices_stand_in_the_page_itself_and_long_ones_fold():
    long = "This may not be used for anything. " * 20
    page = Page(page_text(notices=["Synthetic 示例", "", long]))
    assert "Synthetic 示例" in page.text
    assert long.strip() in page.text
    assert page.tags.count("details") == 4  # warnings, layers, legend and the long notice
    assert Page(page_text()).tags.count("details") == 3
    assert not [
        about for _, about in Page(page_text()).attributes if about.get("class") == "cc-notices"
    ]


def test_what_the_page_shows_of_a_study_is_in_its_payload(result):
    page = Page(map_html(result))
    meta, arrays = page.content
    assert meta["title"] == result.study.title
    assert meta["warnings"] or not result.summary["warnings"]
    assert len(meta["facilities"]) == len(result.facilities)
    assert len(meta["gaps"]) == len(result.gaps)
    assert len(arrays["home.x"]) == len(result.people.homes)
    for notice in result.study.notices:
        assert notice in page.text


def test_markers_stand_still(text):
    assert '"animate": false' in text
    assert '"animateAddingMarkers": false' in text


def test_a_reader_may_enlarge_the_page(text):
    assert "user-scalable" not in text
    assert "maximum-scale" not in text
    assert re.search(r'name="viewport" content="width=device-width,\s*initial-scale=1"', text)


def test_scripts_are_short_and_all_of_them_are_used():
    assets = resources.files("coverage.outputs").joinpath("assets")
    used = {*leaflet.SCRIPTS, *leaflet.STYLES}
    there = {file.name for file in assets.iterdir() if not file.name.startswith("report")}
    assert used | {"licences.txt"} == there
    for name in used:
        lines = assets.joinpath(name).read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 400, name
        assert not [line for line in lines if "innerHTML" in line or "eval(" in line], name


def test_a_city_is_under_twelve_megabytes():
    """The nine districts: 150,000 links with 600,000 vertices, 40,000 homes, 1,000 facilities."""
    meta, sections = big_city()
    arrays = {section.name: section.array for section in sections}
    assert len(arrays["link.a"]) == 150_000
    assert len(arrays["link.dx"]) + len(arrays["node.x"]) > 500_000
    assert len(arrays["home.x"]) == 40_000
    assert len(page_of(meta["title"], pack(meta, sections)).encode()) < 12_000_000


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
    assert len(Page(text).content[1]["link.a"]) > 3_000
