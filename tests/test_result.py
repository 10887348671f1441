"""The result's face: what Jupyter shows of it, what it writes, and that names stay names."""

import dataclasses
import re
import subprocess
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import coverage
from coverage import cards, notebook
from coverage.errors import OutputError, UsageError
from coverage.outputs.page import Page
from coverage.study_parts import TIERS

HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "quotes \" ' ` &amp; &#x3c;",
    "</iframe></td></table>",
    "مركز الرعاية 12",
    "\u202eطرف",
    "😀👵🏽",
    "梯坎" * 150,
    "a\u2028b\x00c\ud800d",
    "",
]


class Markup(HTMLParser):
    """What a browser makes of markup: its tags with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return coverage.load_study("sample", raw=tmp_path_factory.mktemp("raw"))


@pytest.fixture(scope="module")
def result(study):
    return coverage.run(study)


@pytest.fixture(scope="module")
def without_people(study):
    return coverage.run(study.model_copy(update={"population": None}))


def with_rows(study, tmp_path_factory, chosen):
    """Return the study with the rows of its facilities for which `chosen(row, rows above)`."""
    listed = study.path(study.facilities.file).read_text(encoding="utf-8-sig").splitlines()
    rows = [row for k, row in enumerate(listed) if k == 0 or chosen(row, listed[:k])]
    file = tmp_path_factory.mktemp("rows") / "facilities.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    part = study.facilities.model_copy(update={"file": file})
    return study.model_copy(update={"facilities": part})


@pytest.fixture(scope="module")
def without_a_tier(study, tmp_path_factory):
    return coverage.run(with_rows(study, tmp_path_factory, lambda row, _: ",street," not in row))


@pytest.fixture(scope="module")
def without_gaps(study, tmp_path_factory):
    """One facility of each tier, and a runner with an hour: everyone is covered."""
    first = with_rows(
        study, tmp_path_factory, lambda row, above: row[0] not in {line[0] for line in above[1:]}
    )
    runner = {"level_speed_mps": 3, "slope": "none", "stairs": "level"}
    changed = first.model_dump() | {
        "walker": "runner", "walkers": {"runner": runner}, "compare": (),
        "tiers": {tier: {"threshold_min": 60} for tier in TIERS},
    }  # fmt: skip
    found = coverage.run(coverage.Study(**changed, base=study.base))
    assert len(found.gaps) == 0
    return found


# ---- the card ----


def test_the_card_tells_the_headline_figures(result):
    text = Markup(result._repr_html_()).text
    people = result.summary["people"]
    for tier in TIERS:
        assert f"{people[f'elderly_{tier}']:,.0f} / {people['elderly']:,.0f}" in text
        assert f"{result.summary['coverage'][tier]['covered_km']:,.1f} km" in text
    rows = re.findall(r"<tr>(.*?)</tr>", result._repr_html_())
    community = [Markup(cell).text for cell in re.findall(r"<td.*?</td>", rows[1])]
    summary = result.summary
    assert community[0] == "社区养老服务站 community station"
    assert community[1:3] == [str(summary["facilities"]["community"]), "15"]
    assert community[-1] == str(summary["gaps"]["community"]["count"])


def test_notices_stand_above_the_figures(result):
    text = Markup(result._repr_html_()).text
    (notice,) = result.study.notices
    assert text.index(notice) < text.index("社区养老服务站")


def test_the_card_says_what_is_assumed_and_what_is_doubtful(result):
    people = {**result.summary["people"], "assumed": "elderly share 24%"}
    summary = {**result.summary, "people": people, "warnings": ["one", "<b>two"]}
    text = Markup(dataclasses.replace(result, summary=summary)._repr_html_()).text
    assert "elderly share 24%" in text
    assert "2 条数据提示" in text
    assert "<b>two" in text
    assert "数据提示" not in result._repr_html_()


def test_a_card_without_people_tells_of_streets_alone(without_people):
    text = Markup(without_people._repr_html_()).text
    assert "老年人" not in text
    assert f"{without_people.summary['coverage']['any']['covered_km']:,.1f} km" in text
    assert "km of street" in repr(without_people)


def test_a_card_without_a_tier_shows_none_of_it(without_a_tier):
    rows = re.findall(r"<tr>(.*?)</tr>", without_a_tier._repr_html_())
    street = [Markup(cell).text for cell in re.findall(r"<td.*?</td>", rows[2])]
    assert street[:2] == ["街道养老服务中心 street centre", "0"]
    assert street[4] == "0 / 12,000"
    assert "there is no street facility" in Markup(without_a_tier._repr_html_()).text


def test_a_card_without_gaps_says_so(without_gaps):
    rows = re.findall(r"<tr>(.*?)</tr>", without_gaps._repr_html_())
    assert [Markup(row).text[-1] for row in rows[1:4]] == ["0", "0", "0"]


def test_unknown_figures_are_shown_as_unknown(result):
    none = {"covered_km": None, "share": None}
    summary = {
        **result.summary, "people": None, "street_km": None,
        "coverage": dict.fromkeys(result.summary["coverage"], none),
    }  # fmt: skip
    text = Markup(dataclasses.replace(result, summary=summary)._repr_html_()).text
    assert "— km (—)" in text
    assert "nan" not in text.lower()


def test_one_line_is_enough_for_a_repr(result):
    line = repr(result)
    assert line == (
        "<Result 'sample', senior: of 12,000 elderly people "
        "community 64 %, street 25 %, district 14 %>"
    )


def hostile(result, names):
    """Return the result with names in all places that hold names."""

    def spread(frame):
        # A table holds no half of a letter.
        whole = [name.encode("utf-8", "replace").decode() for name in names]
        return [whole[k % len(whole)] for k in range(len(frame))]

    return dataclasses.replace(
        result,
        study=result.study.model_copy(update={"title": names[0], "notices": tuple(names)}),
        facilities=result.facilities.assign(name=spread(result.facilities)),
        areas=result.areas.set_axis(pd.Index(spread(result.areas), name="area")),
        gaps=result.gaps.assign(area=spread(result.gaps), nearest_name=spread(result.gaps)),
        summary={**result.summary, "warnings": list(names), "notices": list(names)},
    )


def test_hostile_names_are_text_in_the_cards(result):
    found, other = hostile(result, HOSTILE), hostile(result, ["x"] * len(HOSTILE))
    for card, harmless in (
        (found._repr_html_(), other._repr_html_()),
        (found.study._repr_html_(), other.study._repr_html_()),
    ):
        card.encode("utf-8")
        page = Markup(card)
        assert page.tags == Markup(harmless).tags
        for name in (*HOSTILE[:2], *HOSTILE[3:8]):
            assert name in page.text, name


def test_hostile_names_do_not_leave_the_frame_of_the_map(result):
    page = hostile(result, HOSTILE).map()
    about = frame_of(page)
    assert about["srcdoc"] == page.html
    assert HOSTILE[0] in (about["title"] or "")


def test_a_long_title_is_cut_and_a_notice_is_not(result):
    long = "梯坎" * 150
    study = result.study.model_copy(update={"title": long, "notices": (long,)})
    text = Markup(dataclasses.replace(result, study=study)._repr_html_()).text
    assert text.startswith(long[:159] + "…")
    assert text.count(long) == 1


@given(st.text(max_size=80))
def test_any_text_stays_text_in_a_card(text):
    page = Markup(cards.datum(text))
    assert page.tags == [("bdi", ())]
    kept = re.sub(r"[\x00-\x1f\x7f\u2028\u2029]+", " ", text).strip()
    assert page.text == kept.encode("utf-8", "replace").decode("utf-8")


# ---- pages ----


def frame_of(page: Page) -> dict[str, str | None]:
    ((tag, about),) = Markup(page._repr_html_()).tags
    assert tag == "iframe"
    return dict(about)


def test_the_map_stands_in_a_frame_of_its_own_origin(result):
    page = result.map(height_px=420)
    about = frame_of(page)
    assert about["srcdoc"] == page.html
    assert "height:420px" in (about["style"] or "")
    assert "allow-same-origin" not in (about["sandbox"] or "")
    assert "allow-scripts" in (about["sandbox"] or "")
    assert repr(page) == "Page(title='地图 Map: 示例山城 (synthetic sample)', height_px=420)"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_page_is_one_frame_whatever_it_holds(name):
    about = frame_of(Page(name, f"<!doctype html><title>{name}</title>&amp;", 300))
    assert about["srcdoc"] == f"<!doctype html><title>{name}</title>&amp;"
    (about["title"] or "").encode("utf-8")


def test_a_page_is_written_whole_or_not_at_all(tmp_path):
    path = Page("t", "<p>一</p>\n").save(tmp_path / "new" / "page.html")
    assert path.read_bytes() == "<p>一</p>\n".encode()
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]
    assert Page("t", "two").save(str(path)).read_text() == "two"
    with pytest.raises(OutputError):
        Page("t", "three").save(path / "below.html")
    assert path.read_text() == "two"
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]


def test_the_map_and_the_report_as_files(result, tmp_path):
    page = result.map()
    assert page.save(tmp_path / "map.html").read_bytes().decode() == page.html
    assert result.report().html.lower().startswith("<!doctype html>")


@pytest.mark.parametrize("case", ["without_people", "without_a_tier", "without_gaps"])
def test_odd_studies_give_a_map_and_a_report(case, request):
    result = request.getfixturevalue(case)
    assert frame_of(result.map())["srcdoc"]
    assert frame_of(result.report())["srcdoc"]


def test_a_result_is_saved_to_a_folder_given_as_text(result, tmp_path):
    assert result.save(str(tmp_path / "out")) == tmp_path / "out" / "map.html"
    assert (tmp_path / "out" / "summary.json").is_file()


# ---- walks ----


def test_a_walk_by_longitude_and_latitude_takes_the_minutes_of_the_home(result):
    """The walk between a home and its nearest station takes the minutes that the home has."""
    homes = result.people.homes
    home = homes[homes["entrances"].isna() & homes["covered_community"]].iloc[0]
    at = homes.geometry.to_crs("EPSG:4326")[home.name].centroid
    to = result.facilities.geometry.to_crs("EPSG:4326")[home["nearest_community"]]
    there = result.route((at.x, at.y), (to.x, to.y))
    back = result.route((to.x, to.y), (at.x, at.y))
    assert max(there.minutes, back.minutes) == pytest.approx(home["minutes_community"], rel=1e-6)
    profile = result.profile(there)
    assert profile["along_m"].iloc[-1] == pytest.approx(there.length_m)
    climb = np.diff(profile["height_m"])
    assert climb[climb > 0].sum() == pytest.approx(there.climb_m, abs=1e-6)


@pytest.mark.parametrize("place", [(29.5, 106.5), (np.nan, 30.2), (1.0,)])
def test_what_is_no_place_is_refused(result, place):
    with pytest.raises(UsageError, match="longitude, latitude"):
        result.route(place, place)


# ---- the study ----


def test_the_study_tells_its_keys_in_jupyter(study):
    text = Markup(study._repr_html_()).text
    for told in ("示例山城", "facilities.csv", "senior", "threshold_min", "步行者 walker"):
        assert told in text, told


# ---- steps in a notebook ----


class Display:
    """Stands in for IPython's: keeps what was shown."""

    def __init__(self):
        self.shown = []

    def display(self, thing, *, display_id):
        assert display_id is True
        self.shown.append(repr(thing))
        return self

    def update(self, thing):
        self.shown.append(repr(thing))
        self.markup = thing._repr_html_()


@pytest.fixture
def kernel(monkeypatch):
    display = Display()
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display.display))
    return display


def test_a_notebook_shows_the_steps_as_they_go(kernel):
    step = notebook.steps_in_notebook()
    with step("one 一"):
        pass
    with step("<b>two"):
        pass
    assert kernel.shown[0] == "⏳ one 一 …"
    assert re.fullmatch(r"one 一 \d+\.\d s · <b>two \d+\.\d s · ✓ \d+\.\d s", kernel.shown[-1])
    assert "&lt;b&gt;two" in kernel.markup


def test_a_step_that_fails_is_named(kernel):
    step = notebook.steps_in_notebook()
    with pytest.raises(KeyError), step("one 一"):
        raise KeyError
    assert kernel.shown[-1] == "✗ one 一"


def test_runs_and_comparisons_show_their_steps_in_a_notebook(kernel, study):
    coverage.compare_walkers(study, ["senior"])
    assert re.search(r"senior \d+\.\d s · ✓", kernel.shown[-1])


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_a_terminal_shows_no_steps(monkeypatch, capsys, shell):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    with notebook.steps_in_notebook()("one"):
        pass
    assert capsys.readouterr() == ("", "")


def test_the_engine_runs_without_jupyter(tmp_path):
    code = (
        "import sys; sys.modules['IPython'] = None; import coverage, pathlib; "
        f"study = coverage.load_study(raw=pathlib.Path({str(tmp_path)!r})); "
        "print(repr(coverage.run(study))[:16]); "
        "print([name for name in ('ipykernel', 'nbformat') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.stdout.split("\n")[:2], done.stderr) == (["<Result 'sample'", "[]"], "")
