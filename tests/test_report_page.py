"""The report: its figures are the engine's, its words come twice, its names run nothing."""

import ast
import base64
import dataclasses
import re
import shutil
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, box

import coverage
from coverage.by_service import WHOLE
from coverage.outputs import report_charts, report_maps
from coverage.outputs.report_page import report_html
from coverage.outputs.report_svg import apart
from coverage.outputs.report_words import by_language, count, datum, words
from coverage.outputs.warning_words import assumption, warning_zh
from coverage.study_parts import TIERS, TierPart, TiersPart

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=https://evil.example/x.png onerror=alert(1)>",
    "</style><style>*{display:none}",
    "quotes \" ' ` ${alert(1)} \\",
    "{total} {0} {__class__} %s",
    "--> <!-- ]]> </text></svg>",
    "مركز الرعاية 12",
    "😀👵🏽",
    "梯坎" * 150,
    "a\u2028b\x00c\ud800d",
    "",
    None,
]
SOURCE = Path(coverage.__file__).parent


class Page(HTMLParser):
    """What a browser makes of a page: tags, attributes, scripts, and the text of each language."""

    _VOID = ("meta", "br", "path", "line", "rect", "circle", "polyline")

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.scripts, self.styles = [], [], [], []
        self.all_text, self.pairs = "", []
        self.shown = {"zh": "", "en": ""}
        self._open = []
        self.feed(text)
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        self.tags.append(tag)
        self.attributes.append((tag, about))
        if tag in ("span", "tspan") and "lang" in about:
            self.pairs.append((len(self._open), tag, about["lang"]))
        if tag == "script":
            self.scripts.append("")
        if tag == "style":
            self.styles.append("")
        if tag not in self._VOID:
            self._open.append((tag, about.get("lang") if tag != "html" else None))

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        inside = [tag for tag, _ in self._open]
        if "script" in inside:
            self.scripts[-1] += data
        elif "style" in inside:
            self.styles[-1] += data
        else:
            self.all_text += data
            languages = [language for _, language in self._open if language]
            for language in ("zh", "en"):
                if all(own == language for own in languages):
                    self.shown[language] += data


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return coverage.load_study("sample", raw=tmp_path_factory.mktemp("raw"))


@pytest.fixture(scope="module")
def result(study):
    return coverage.run(study)


@pytest.fixture(scope="module")
def page(result):
    return Page(report_html(result))


@pytest.fixture(scope="module")
def without_people(study):
    return coverage.run(study.model_copy(update={"population": None}))


def renamed(result, names):
    """Return the result with names of others in all places that hold names."""

    def spread(values):
        # As objects: Arrow's strings would not take half a letter.
        some = [names[i % len(names)] for i in range(len(values))]
        return pd.Series(some, index=values.index, dtype=object)

    def named(frame, *columns):
        return frame.assign(**{column: spread(frame) for column in columns})

    several = pd.concat([result.facilities.iloc[[0]]] * len(names))
    facilities = named(pd.concat([result.facilities, several]), "name", "address")
    facilities.index = [f"F{i}" for i in range(len(facilities))]
    areas = pd.concat([result.areas.iloc[[0]]] * len(names))
    areas.index = pd.Index(names, dtype=object)
    gaps = pd.concat([result.gaps.iloc[:1]] * len(names) + [result.gaps])
    gaps = named(gaps, "nearest_name", "area", "streets").assign(nearest_facility="F1")
    texts = [str(name) for name in names]
    fairness = {
        tier: {**found, "lift_area": texts[0], "lift_elderly": 7.0}
        for tier, found in result.summary["people"]["fairness"].items()
    }
    summary = {
        **result.summary, "warnings": texts,
        "snapping": {key: [f"F{i}" for i in range(len(facilities))]
                     for key in result.summary["snapping"]},
        "network": {**result.summary["network"], "source": texts[0]},
        "people": {**result.summary["people"], "assumed": texts[0],
                   "fairness": fairness},
    }  # fmt: skip
    proposed = dataclasses.replace(
        result.next, proposals=named(result.next.proposals, "name", "area"),
        links=named(result.next.links, "name", "area"),
        shortcuts=named(result.next.shortcuts, "name", "area"),
        zones=named(result.next.zones, "candidate_name").set_axis(
            pd.Index(spread(result.next.zones), dtype=object)
        ),
    )  # fmt: skip
    visits = dataclasses.replace(
        result.visits, areas=named(result.visits.areas, "area"),
        facilities=named(result.visits.facilities, "name"),
        homes=named(result.visits.homes, "area"),
    )  # fmt: skip
    table = result.services.table
    whole, rest = table[table["area"] == WHOLE], table[table["area"] != WHOLE]
    part = rest[rest["area"] == rest["area"].iloc[0]]
    parts = pd.concat([part] * len(texts), ignore_index=True).assign(
        area=pd.Series([text for text in texts for _ in range(len(part))], dtype=object)
    )
    services = dataclasses.replace(
        result.services, table=pd.concat([whole.astype({"area": object}), parts]),
        gaps=named(result.services.gaps, "nearest_name", "area", "streets"),
    )  # fmt: skip
    return dataclasses.replace(
        result, summary=summary, areas=areas, gaps=gaps, next=proposed, visits=visits,
        services=services,
        streets=named(result.streets, "name"),
        facilities=facilities.assign(elderly_only=1000.0 + np.arange(len(facilities))[::-1]),
        study=result.study.model_copy(update={"title": names[0], "notices": tuple(texts)}),
        inputs=dataclasses.replace(result.inputs, files={f"{i} {t}": "0" * 64
                                                         for i, t in enumerate(texts)}),
    )  # fmt: skip


# ---- figures ----


def test_the_headline_and_the_cards_are_the_summary_s(result, page):
    people = result.summary["people"]
    missing = people["elderly"] - people["elderly_community"]
    causes = people["uncovered_by_cause"]["community"]
    assert (
        f"{people['elderly']:,.0f} 名老年人中，{people['elderly_community']:,.0f} 名（64%）"
        f"步行前往社区养老服务站及返家均不超过 15 分钟；其余 {missing:,.0f} 名中，"
        f"{causes['detour']:,.0f} 名（53%）的首要障碍是绕行。"
    ) in page.shown["zh"]
    assert (
        "Of 12,000 elderly people, 7,726 (64\u00a0%) can walk to a community station and home "
        "again, each within 15 minutes; of the 4,274 who cannot, 2,255 (53\u00a0%) are kept away "
        "by a detour."
    ) in page.shown["en"]
    for tier in TIERS:
        facilities, gaps = result.summary["facilities"][tier], result.summary["gaps"][tier]
        assert f"设施 {facilities} 处 · 缺口 {gaps['count']} 处" in page.shown["zh"]
        assert f"{facilities} facilities · {gaps['count']} gaps" in page.shown["en"]


def test_the_circle_adds_up_to_everybody(result, page):
    by_number = [0.0] * 4
    for key, value in result.summary["people"].items():
        if key.startswith("only_"):
            by_number[sum(tier in key.split("_") for tier in TIERS)] += value
    assert sum(by_number) == result.summary["people"]["elderly"]
    shown = re.search(
        r"三级均可达([\d,]+)2.2%两级可达([\d,]+)23%一级可达([\d,]+)50%均不可达([\d,]+)25%",
        page.shown["zh"],
    )
    assert [int(n.replace(",", "")) for n in shown.groups()] == by_number[::-1]


def test_the_table_has_every_area_the_worst_first(result):
    text = report_html(result)
    table = text[text.index('<table class="areas"') : text.index("</tfoot>")]
    rows = [
        re.sub(r'<span lang="en">.*?</span>|<.*?>', "|", row)
        for row in re.findall(r"<tr>(.*?)</tr>", table)
    ]
    cells = [[part for part in row.split("|") if part] for row in rows[2:]]
    assert [row[0] for row in cells[:-1]] == list(
        result.areas.sort_values("share_elderly_community").index
    )
    for name, elderly, *rest in cells[:-1]:
        row = result.areas.loc[name]
        assert elderly == f"{row['elderly']:,.0f}"
        assert rest[0::3] == [f"{row[f'elderly_{tier}']:,.0f}" for tier in TIERS]
    for column in (1, 2, 5, 8):
        numbers = [int(row[column].replace(",", "")) for row in cells]
        assert sum(numbers[:-1]) == numbers[-1]


def test_the_curves_meet_the_summary_at_the_promise(result, without_people):
    at = result.choices.minutes.index(15.0)
    shares = [result.summary["people"][f"share_elderly_{tier}"] for tier in TIERS]
    np.testing.assert_allclose(
        report_charts.own_curves(result, result.choices)[:, at], shares, atol=1e-6
    )
    shares = [without_people.summary["coverage"][tier]["share"] for tier in TIERS]
    np.testing.assert_allclose(
        report_charts.own_curves(without_people, without_people.choices)[:, at], shares, atol=1e-6
    )


def test_the_walkers_are_the_choices_at_the_promise(result, page):
    choices = result.choices
    place = choices.directions.index("worst"), choices.minutes.index(15.0)
    for w, walker in enumerate(choices.walkers):
        share = choices.elderly[0, w, place[0], 0, place[1]] / result.summary["people"]["elderly"]
        shown = re.search(rf"（{walker.level_speed_mps:.2f} 米/秒）(\d+)%", page.shown["zh"])
        assert int(shown[1]) == round(share * 100), walker.name


def test_the_pyramid_holds_everybody_on_each_side(result, page):
    text = report_html(result)
    pyramid = text[text.index('<figure id="pyramid"') :]
    numbers = re.findall(r'class="n"[^>]*>([\d,]+)</text>', pyramid[: pyramid.index("</svg>")])
    amounts = np.array([int(n.replace(",", "")) for n in numbers]).reshape(len(TIERS), -1)
    assert (amounts.sum(axis=1) == result.summary["people"]["elderly"]).all()
    within = amounts[:, :3].sum(axis=1)
    assert within.tolist() == [result.summary["people"][f"elderly_{tier}"] for tier in TIERS]


def test_a_card_says_what_is_known_of_a_gap(result, page):
    gap = result.gaps.loc["community-01"]
    zh = page.shown["zh"]
    assert f"{gap['elderly']:,.0f} 名老年人主因绕行（99.7%）：直线距离不远" in zh
    assert f"{gap['nearest_name']}，步行 {gap['minutes']:.1f} 分钟" in zh
    assert [about.get("class") for tag, about in page.attributes if tag == "article"].count(
        "card"
    ) == 8
    assert f"全区共 {result.summary['gaps']['community']['count']} 处" in zh


def test_the_facilities_relied_on_come_first(result):
    text = report_html(result)
    table = text[text.index('<table class="facilities"') :]
    first = result.facilities.sort_values("elderly_only", ascending=False, kind="stable").iloc[0]
    row = re.search(r"<tbody><tr>(.*?)</tr>", table)[1]
    assert first["name"] in row
    assert f"<td>{first['elderly_only']:,.0f}</td>" in row


def test_half_a_person_is_not_nobody():
    assert [count(value) for value in (0.49, 0.5, 2.5, 1234.4, None, float("nan"))] == [
        "0", "1", "3", "1,234", "—", "—",
    ]  # fmt: skip


# ---- words ----


def test_every_word_of_ours_comes_in_both_languages(page, result, without_people):
    for one in (page, Page(report_html(without_people))):
        assert len(one.pairs) > 300
        for first, second in zip(one.pairs[::2], one.pairs[1::2], strict=True):
            assert first[2] == "zh"
            assert second == (*first[:2], "en")


def test_neither_language_speaks_the_other(result):
    """With names that are numbers what is left is ours."""
    blank = Page(report_html(renamed(result, ["1"])))
    assert re.findall("[\u3400-\u9fff]+", blank.shown["en"]) == ["中文"]
    known = (
        r"OpenStreetMap|contributors|ODbL|OSMnx|GLO|SHA|Tobler|Oh-Park|Kretz|GB|CJJ|manifest\.json"
    )
    versions = re.compile(r"软件版本：.*?研究设定全文.*", re.DOTALL)
    legal = re.compile(r"若该栅格取自哥白尼.*?WorldDEM-30\.")
    zh = versions.sub("", legal.sub("", blank.shown["zh"]))
    names = "|".join(path.name for path in map(Path, ["facilities.csv", "population.geojson"]))
    names += r"|areas\.geojson|elevation\.tif|subdistricts\.geojson"
    left = re.findall("[A-Za-z]{2,}", re.sub(f"{known}|{names}", "", zh))
    assert left == ["English"]


def test_each_language_is_hidden_from_the_other(page):
    style = page.styles[0]
    assert 'html[lang|="zh"] [lang="en"], html[lang="en"] [lang="zh"] { display: none; }' in style
    assert ("html", {"lang": "zh-CN"}) in page.attributes


@pytest.mark.parametrize(
    ("text", "halves"),
    [
        ("重庆市渝中区 Yuzhong District", ("重庆市渝中区", "Yuzhong District")),
        ("示例山城 (synthetic sample)", ("示例山城", "synthetic sample")),
        ("Not real. 并非真实。", ("并非真实。", "Not real.")),
        ("渝中区", None),
        ("Yuzhong", None),
        ("渝中 A 区 plan 方案", None),
        ("", None),
    ],
)
def test_a_text_that_says_it_twice_is_told_apart(text, halves):
    assert by_language(text) == halves


def test_notices_stand_at_the_top_and_in_every_margin(result, page):
    assert ("div", {"class": "notices", "role": "note"}) in page.attributes
    said = dict(
        re.findall(r'@page (zh|en)\{@top-left\{content:"((?:\\[0-9a-f]{6})*)"', page.styles[0])
    )
    letters = {
        language: "".join(chr(int(code, 16)) for code in text.split("\\")[1:])
        for language, text in said.items()
    }
    assert letters["zh"] == "合成示例数据，不代表任何真实地点。"
    assert letters["en"] == "Synthetic sample: nothing here is a real place."


def test_an_assumption_is_said_beside_the_figures(result):
    people = {**result.summary["people"], "assumed": "elderly share 24% (assumed 假设)"}
    summary = {**result.summary, "people": people}
    page = Page(report_html(dataclasses.replace(result, summary=summary)))
    assert "老年人口按总人口的 24% 推算（假设）" in page.shown["zh"]
    assert "elderly people taken as 24\u00a0% of all people (assumed)" in page.shown["en"]
    assert assumption("something else") == ("something else", "something else")


def written_warnings():
    """Return every warning in the source, with numbers in the places of its values."""

    def text(node):
        if isinstance(node, ast.Constant):
            return str(node.value)
        if isinstance(node, ast.JoinedStr):
            return "".join(text(part) for part in node.values)
        if isinstance(node, ast.FormattedValue):
            return _VALUES.get(ast.unparse(node.value), "7")
        if isinstance(node, ast.BinOp):
            return text(node.left) + text(node.right)
        return "7"

    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            of = ast.unparse(node.func)
            if of.endswith("indings.warn") and len(node.args) == 2:
                where = node.args[0]
                where = text(where) if isinstance(where, ast.Constant) else "file.csv"
                found.append(f"{where}: {text(node.args[1])}")
            elif of == "warnings.append" and path.name == "summary.py":
                found.append(text(node.args[0]))
    return found


_VALUES = {
    "_compared(fit)": "on average of 7 places", "_compared(**count)": "7 of 8 facilities",
    "tier": "street", "why": "the raster has no height there",
}  # fmt: skip


def test_every_warning_of_the_program_has_its_chinese():
    warnings = written_warnings()
    assert len(warnings) > 18
    for warning in warnings:
        assert re.search("[\u3400-\u9fff]{3}", warning_zh(warning)), warning
    assert warning_zh("facilities: there is no street facility, so nothing of it is covered") == (
        "设施：没有街道养老服务中心，该层级全部未覆盖"
    )
    assert warning_zh("of a kind that is new") == "of a kind that is new"


# ---- safety ----


def test_the_page_asks_no_server_for_anything(page, result):
    assert "link" not in page.tags
    assert "iframe" not in page.tags
    links = {about["href"] for _, about in page.attributes if "href" in about}
    assert links == {"https://www.openstreetmap.org/copyright"}
    assert not [about for _, about in page.attributes if {"src", "srcset", "data"} & set(about)]
    assert not re.search(r"url\(|@import|image-set", "".join(page.styles) + report_html(result))
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", report_html(result)))
    assert addresses == links


def test_only_our_own_script_may_run(page):
    (script,) = page.scripts
    digest = base64.b64encode(sha256(script.encode()).digest()).decode()
    (policy,) = [
        about["content"] for tag, about in page.attributes if "http-equiv" in about
    ]  # fmt: skip
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_hostile_names_are_text_and_run_nothing(result):
    text = report_html(renamed(result, HOSTILE))
    text.encode("utf-8")
    harmless = ["x" if name else name for name in HOSTILE]
    page, other = Page(text), Page(report_html(renamed(result, harmless)))
    assert page.tags == other.tags
    assert page.scripts == other.scripts
    assert not [about for _, about in page.attributes if any(k.startswith("on") for k in about)]
    # The margins of the printed page repeat the notices, as codes.
    assert [re.sub(r"\\[0-9a-f]{6}", "", style) for style in page.styles] == [
        re.sub(r"\\[0-9a-f]{6}", "", style) for style in other.styles
    ]
    for name in HOSTILE[:8]:
        # A notice, an area, a gap's street, a facility, an input, a warning in each language.
        assert page.all_text.count(name) > 6, name
    assert "梯坎" * 150 in page.all_text  # a notice is never cut
    assert "（无名）" in page.shown["zh"]


@given(st.text(max_size=400))
def test_a_datum_is_text(text):
    marked = words("<b>{name}</b>", "{name}", name=datum(text)).zh
    inside = re.fullmatch(r"<b><bdi>(.*)</bdi></b>", marked, re.DOTALL)[1]
    assert not re.search("[<>\"']", inside)


def test_two_calls_give_the_same_bytes(result):
    assert report_html(result) == report_html(result)


def test_the_page_is_light(result):
    assert len(report_html(result).encode()) < 400_000


@pytest.mark.realdata
def test_yuzhong_s_report_is_light_and_says_what_is_known(yuzhong, tmp_path):
    study = coverage.load_study(
        "yuzhong",
        raw=tmp_path,
        network__file=yuzhong / "yuzhong-260426.osm.pbf",
        facilities__file=yuzhong / "facilities-standin.csv",
        areas__file=yuzhong / "subdistricts.geojson",
        elevation={"file": str(yuzhong / "dem-srtm30-utm48n.tif")},
        network__osm_cache=shutil.copytree(yuzhong / "osmnx-cache", tmp_path / "cache"),
    )
    result = coverage.run(study)
    text = report_html(result)
    page = Page(text)
    assert len(text.encode()) < 1_000_000
    km = f"{result.summary['coverage']['community']['covered_km']:,.1f} 公里"
    assert km in page.shown["zh"]
    for name in ("解放碑街道", "化龙桥街道"):
        assert name in page.all_text


def test_maps_of_a_large_city_are_light(ground):
    """150,000 streets: the long ones carry the map, the shortest are left out."""
    dice = np.random.default_rng(8)
    findings, side_m = ground[0].findings, 60_000
    start = np.array([630_000.0, 3_240_000.0]) + dice.uniform(0, side_m, (150_000, 1, 2))
    bends = np.cumsum(dice.normal(0, 60, (150_000, 4, 2)), axis=1)
    findings.streets = gpd.GeoDataFrame(
        {"minutes_community": dice.uniform(0, 70, 150_000), "highway": "residential"},
        geometry=shapely.linestrings(start + bends), crs="EPSG:32648",
    )  # fmt: skip
    findings.inputs.boundary = box(630_000, 3_240_000, 690_000, 3_300_000)
    findings.areas = None
    city = report_maps.Ground(findings, "community")
    shapes = [Point(*xy).buffer(side_m / 12) for xy in start[:8, 0]]
    pictures = [report_maps.overview_map(city, shapes)]
    pictures += [report_maps.gap_map(city, "gap-1", shape, "") for shape in shapes]
    assert sum(len(picture) for picture in pictures) < 1_000_000


# ---- maps ----


@pytest.fixture
def ground():
    """A street of 300 m to the east through a gap of 200 by 100 m; its facility 50 m beyond."""
    x, y = 650_000.0, 3_270_000.0
    streets = gpd.GeoDataFrame(
        {"minutes_community": [20.0], "highway": ["residential"]},
        geometry=[LineString([(x - 50, y + 50), (x + 250, y + 50)])], crs="EPSG:32648",
    )  # fmt: skip
    facilities = gpd.GeoDataFrame(
        {"name": ["站"], "tier": ["community"]}, index=pd.Index(["C1"], name="id"),
        geometry=[Point(x + 250, y + 50)], crs="EPSG:32648",
    )  # fmt: skip
    nothing = gpd.GeoDataFrame(geometry=[], crs="EPSG:4326")
    findings = SimpleNamespace(
        study=coverage.load_study("sample"), streets=streets, facilities=facilities,
        inputs=SimpleNamespace(buildings=nothing, ground=SimpleNamespace(water=nothing)),
        network=SimpleNamespace(crs="EPSG:32648"),
    )  # fmt: skip
    return report_maps.Ground(findings, "community"), box(x, y, x + 200, y + 100)


def test_a_little_map_is_to_scale_with_north_up(ground, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    around, gap = ground
    drawn = report_maps.gap_map(around, "gap-1", gap, "C1")
    steps = re.search(r'd="M(\d+) (\d+)l([-\d ]*)z" fill="#d55e00"', drawn)
    west, north = int(steps[1]) / 10, int(steps[2]) / 10
    numbers = [int(n) / 10 for n in re.findall(r"-?\d+", steps[3])]
    corners = np.cumsum([[west, north], *np.reshape(numbers, (-1, 2))], axis=0)
    width, height = np.ptp(corners, axis=0)
    assert width / height == pytest.approx(2.0, rel=0.01)
    bar = re.search(r'class="scale" d="M[\d.]+ [\d.]+v4h([\d.]+)v-4"', drawn)
    metres = re.search(r'<tspan lang="zh">(\d+) 米</tspan>', drawn)
    assert float(bar[1]) / int(metres[1]) == pytest.approx(width / 200, rel=0.01)
    pin = re.search(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="7"', drawn)
    # The facility: 50 m east of the gap's eastern side, half way up.
    assert float(pin[1]) == pytest.approx(corners[:, 0].max() + width / 4, abs=0.3)
    assert float(pin[2]) == pytest.approx(corners[:, 1].mean(), abs=15)
    assert "站" in drawn


def test_a_facility_far_away_is_pointed_at(ground, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    around, gap = ground
    far = around.findings.facilities.set_geometry(
        [Point(gap.centroid.x, gap.centroid.y + 5000)], crs="EPSG:32648"
    )
    around.findings.facilities = far
    drawn = report_maps.gap_map(report_maps.Ground(around.findings, "community"), "g", gap, "C1")
    x, y, angle = map(
        float, re.search(r"translate\(([\d.]+) ([\d.]+)\)rotate\((-?\d+)\)", drawn).groups()
    )
    assert (x, angle) == (160, -90)
    assert y < 15


@given(
    st.lists(st.floats(0, 200), max_size=6).filter(lambda places: len(places) * 15 < 200),
)
def test_labels_stand_apart_in_their_order(places):
    moved = apart(places, 15, 0, 200)
    order = np.argsort(places, kind="stable")
    assert (np.diff(np.array(moved)[order]) >= 15 - 1e-9).all()
    assert all(-1e-9 <= place <= 200 + 1e-9 for place in moved)


# ---- studies that lack something ----


def test_a_study_without_people_speaks_of_streets(without_people):
    page = Page(report_html(without_people))
    covered = without_people.summary["coverage"]["community"]["covered_km"]
    assert f"{covered:,.1f} 公里（70%）步行前往社区养老服务站" in page.shown["zh"]
    assert f"From {covered:,.1f} km of" in page.shown["en"]
    for why in (
        "无法统计未覆盖老年人的原因",
        "无法衡量不同居民之间的差别",
        "无法判断哪些设施最不可替代",
    ):
        assert page.shown["zh"].count(f"研究没有人口数据，{why}") == 1
    ids = {about.get("id") for _, about in page.attributes}
    assert {"by-minutes", "pyramid", "walkers", "overview", "gap-1-title"} <= ids
    assert not {"causes", "lorenz", "loads"} & ids


def test_without_choices_their_charts_are_left_out(result, without_people):
    for one, left in ((result, "pyramid"), (without_people, "overview")):
        page = Page(report_html(dataclasses.replace(one, choices=None)))
        ids = {about.get("id") for _, about in page.attributes}
        assert not {"by-minutes", "walkers"} & ids
        assert left in ids


def test_a_study_without_a_tier(study, tmp_path):
    listed = pd.read_csv(study.path(study.facilities.file))
    listed[listed["tier"] != "street"].drop(columns="capacity").to_csv(tmp_path / "few.csv")
    part = study.facilities.model_copy(update={"file": tmp_path / "few.csv"})
    found = coverage.run(study.model_copy(update={"facilities": part}))
    page = Page(report_html(found))
    assert page.shown["zh"].count("没有该层级设施，全部未覆盖。") == 1
    assert "数据提示设施：没有街道养老服务中心，该层级全部未覆盖" in page.shown["zh"]
    assert "设施未填床位数" in page.shown["zh"]
    assert "街道养老服务中心的主要缺口" not in page.shown["zh"]


def test_a_study_without_gaps(result):
    gaps = {tier: {**found, "count": 0} for tier, found in result.summary["gaps"].items()}
    summary = {**result.summary, "gaps": gaps}
    found = dataclasses.replace(result, gaps=result.gaps.iloc[:0], summary=summary)
    page = Page(report_html(found))
    assert "重点缺口没有缺口。" in page.shown["zh"]
    assert "There are no gaps." in page.shown["en"]
    assert "overview" not in {about.get("id") for _, about in page.attributes}


def test_a_study_without_areas_and_heights(study, result):
    quality = {k: v for k, v in result.summary["quality"].items() if k != "elevation"}
    found = dataclasses.replace(
        result, areas=None, summary={**result.summary, "quality": quality},
        study=study.model_copy(update={"elevation": None}),
    )  # fmt: skip
    page = Page(report_html(found))
    assert "本研究未划分片区" in page.shown["zh"]
    assert "areas" not in {about.get("class") for _, about in page.attributes}
    assert "本研究没有高程数据，全部街道按平路计。" in page.shown["zh"]
    assert "Copernicus" not in page.all_text


@pytest.mark.parametrize("direction", ["to", "back"])
def test_thresholds_and_direction_are_said_as_they_are(study, direction):
    tiers = TiersPart(community=TierPart(threshold_min=10), district=TierPart(threshold_min=45))
    found = coverage.run(study.model_copy(update={"tiers": tiers, "direction": direction}))
    page = Page(report_html(found))
    assert "社区 10 分钟、街道 15 分钟、区县 45 分钟" in page.shown["zh"]
    way = {"to": "10 分钟内可步行到达社区", "back": "10 分钟内可从社区养老服务站步行返家"}
    assert way[direction] in page.shown["zh"]
    limits = [found.choices.minutes.index(m) for m in (10.0, 15.0, 45.0)]
    shares = [found.summary["people"][f"share_elderly_{tier}"] for tier in TIERS]
    curves = report_charts.own_curves(found, found.choices)
    np.testing.assert_allclose([curves[t, m] for t, m in enumerate(limits)], shares, atol=1e-6)


def test_a_study_s_own_walker_goes_by_its_name(study):
    own = {"name": "姥姥<b>", "level_speed_mps": 0.5}
    changed = study.model_copy(
        update={"walkers": {"姥姥<b>": type(study.walking)(**own)}, "walker": "姥姥<b>"}
    )
    page = Page(report_html(coverage.run(changed)))
    assert "步行者：姥姥<b>（0.50 米/秒）" in page.shown["zh"]
    assert "姥姥<b> (0.50 m/s)" in page.shown["en"]


# ---- care that comes home ----


def test_home_visits_are_the_summary_s_and_add_up(result, page):
    said, homes = result.summary["visits"], result.visits.to_visit
    assert (
        f"不能按时步行到社区养老服务站或街道养老服务中心的老年人有 {said['elderly']:,.0f} 名"
        in page.shown["zh"]
    )
    assert f"{said['elderly_beyond_every_way']:,.0f} 名哪种方式都到不了" in page.shown["zh"]
    assert f"{said['car']['elderly_in_reach']:,.0f} (87 %) by car" in page.shown["en"].replace(
        "\u00a0", " "
    )
    rows = re.search(r'<table class="visits-areas".*?</table>', report_html(result), re.DOTALL)[0]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows.split("<tr>")[2:]]
    number = [[int(re.sub(r"\D", "", row[k])) for k in (0, 1, 3, 5)] for row in cells]
    *areas, total = number
    assert total == [round(homes["to_visit"].sum()), *(round(said[by]["elderly_in_reach"])
                     for by in ("foot", "car")), round(said["elderly_beyond_every_way"])]  # fmt: skip
    assert np.abs(np.sum(areas, axis=0) - total).max() <= len(areas) / 2
    beyond = [row[3] for row in areas]
    assert beyond == sorted(beyond, reverse=True)
    assert beyond[0] > 0


def test_everybody_within_reach_on_foot_is_a_sentence(result):
    nobody = dataclasses.replace(
        result, visits=dataclasses.replace(
            result.visits, homes=result.visits.homes.assign(to_visit=0.0)
        ),
    )  # fmt: skip
    page = Page(report_html(nobody))
    assert "无人需要上门" in page.shown["zh"]
    assert "visits" not in {about.get("id") for _, about in page.attributes}


def test_visits_on_foot_alone_without_areas(study):
    visits = study.visits.model_copy(update={"by": ("foot",), "who": "all"})
    found = coverage.run(study.model_copy(update={"visits": visits, "areas": None, "siting": None}))
    page = Page(report_html(found))
    assert "全区老年人 12,000 名。" in page.shown["zh"]
    assert "名到不了。" in page.shown["zh"]
    assert "停车" not in page.shown["zh"]
    assert "CJJ 37" not in page.all_text


def test_a_study_that_asks_for_no_visits_says_nothing_of_them(result):
    silent = dataclasses.replace(result, visits=None)
    page = Page(report_html(silent))
    assert "上门" not in page.shown["zh"].split("研究设定全文")[0]


def test_a_little_map_holds_what_is_in_its_window_cut_and_only_that():
    view = report_maps._View(west=0, north=100, scale=1, width=100, height=100)
    random = np.random.default_rng(7)
    places = random.uniform(-40, 140, (300, 1, 2)) + random.uniform(-30, 30, (300, 4, 2))
    edges = [LineString([(0, 0), (0, 100)]), LineString([(100, 50), (130, 50)]), Point(-5, 5)]
    shapes = np.array(
        [*shapely.linestrings(places), *shapely.convex_hull(shapely.multipoints(places)), *edges,
         box(0, 0, 100, 100), box(10, 10, 20, 20)],
        dtype=object,
    )  # fmt: skip
    names = random.permutation(1_000)[: len(shapes)]
    before = shapes.copy()
    cut, found = report_maps._inside(view, shapes, names)
    expected = shapely.clip_by_rect(shapes, 0, 0, 100, 100)
    real = ~shapely.is_empty(expected)
    assert 100 < real.sum() < len(shapes)
    assert found.tolist() == names[real].tolist()
    assert shapely.equals(cut, expected[real]).all()
    assert (shapes == before).all()


@pytest.mark.parametrize("most", [0, 1, 2, 7, 40, 10_000])
def test_as_much_is_drawn_as_a_map_can_hold(most):
    view = report_maps._View(west=0, north=100, scale=1, width=100, height=100)
    random = np.random.default_rng(5)
    lines = shapely.linestrings(random.uniform(0, 100, (60, 5, 2)))
    coarse = shapely.simplify(lines, 20.0)
    points = np.cumsum(shapely.get_num_coordinates(coarse))
    drawn = report_maps._affordable(view, lines, 20.0, most)
    assert drawn.tolist() == coarse[points <= most].tolist()
