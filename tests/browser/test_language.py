"""Every word of ours is there in both languages, and only in the one that is chosen."""

import json
import re
from importlib import resources

import pytest

from map_grid import lat_lng, town

from .conftest import html_of

pytestmark = pytest.mark.browser

CJK = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")
LATIN = re.compile(r"[A-Za-z]{2,}")
# Names of others, and of keys on the keyboard.
NAMES = re.compile(r"OpenStreetMap|ODbL|Esc|Chromium")

DATA = [
    "方格 Square",
    "东片",
    "西片",
    "东站",
    "西站",
    "无街站",
    "街道中心",
    "中山路",
    "滨江路",
    "十八梯",
    "松柏里小区",
    "南山",
    "合成 synthetic",
    "F000",
    "F001",
    "community-01",
]

# Everything a reader or a screen reader meets: text, and attributes that are read out or shown.
SEEN = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ELEMENT);
  for (let node = walker.currentNode; node; node = walker.nextNode()) {
    if (/^(SCRIPT|STYLE|TITLE|NOSCRIPT)$/.test(node.tagName)) continue;
    const own = [...node.childNodes].filter((child) => child.nodeType === 3).map((child) => child.textContent.trim());
    for (const text of own) if (text) found.push(text);
    for (const name of ["title", "aria-label", "placeholder", "aria-valuetext", "alt"]) {
      if (node.getAttribute(name)) found.push(node.getAttribute(name));
    }
  }
  return found;
}"""


def words():
    text = (
        resources.files("coverage.outputs")
        .joinpath("assets", "words.js")
        .read_text(encoding="utf-8")
    )
    return json.loads(text[text.index("{") : text.rindex("}") + 1])


def ours(page):
    seen = page.js(SEEN)
    for name in DATA:
        seen = [text.replace(name, "") for text in seen]
    # The switch itself is written in the other language.
    return [text for text in seen if text not in ("English", "中文")]


def everything_open(page):
    """Yield after each step that brings words to the screen."""
    page.page.locator("#cc-layers summary").click()
    for dialog in ("cc-key", "cc-link-box"):
        page.js("(id) => document.getElementById(id).show()", dialog)
    yield
    for dialog in ("cc-key", "cc-link-box"):
        page.js("(id) => document.getElementById(id).close()", dialog)
    things = [
        {"kind": "facility", "i": 0}, {"kind": "facility", "i": 2}, {"kind": "home", "i": 0},
        {"kind": "home", "i": 3}, {"kind": "street", "i": 6, "at": 0.5}, {"kind": "gap", "i": 0},
        {"kind": "area", "i": 0}, {"kind": "name", "i": 1},
    ]  # fmt: skip
    for thing in things:
        page.js("(thing) => { careCircle.select(null); careCircle.select(thing); }", thing)
        page.card()
        yield
    page.js("() => careCircle.change({ direction: 2, minutes: 7 })")
    page.js("() => careCircle.select({ kind: 'home', i: 0 })")
    page.card()
    yield
    page.page.locator("#cc-measure").click()
    yield
    page.click(lat_lng(0, 50))
    page.click(lat_lng(100, 50))
    yield
    page.page.keyboard.press("Enter")
    yield
    page.page.locator("#cc-search").fill("街")
    yield
    page.page.locator("#cc-search").fill("nothing of this name")
    yield
    page.page.locator("#cc-search").fill("")
    page.view(lat_lng(150, 50), 11)
    yield


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_word_is_in_the_language_that_is_chosen(open_map, lang):
    meta, sections = town(
        notices=["合成 synthetic"], assumed={"zh": "假设", "en": "assumed"},
        warnings=[{"zh": "数据不全", "en": "data incomplete"}],
    )  # fmt: skip
    page = open_map(html_of(meta, sections), f"#lang={lang}")
    foreign = CJK if lang == "en" else LATIN
    for _ in everything_open(page):
        found = [text for text in ours(page) if foreign.search(NAMES.sub("", text))]
        assert found == []
    assert page.js("() => document.documentElement.lang") == {"zh": "zh-CN", "en": "en"}[lang]


def test_switching_there_and_back_changes_every_word(grid):
    chinese = grid.js(SEEN)
    grid.page.locator("#cc-lang").click()
    english = grid.js(SEEN)
    assert len(english) > 50
    grid.page.locator("#cc-lang").click()
    assert grid.js(SEEN) == chinese


def test_chinese_is_the_first_language_whatever_the_browser_speaks(grid):
    assert grid.js("() => navigator.language") == "en-GB"
    assert grid.text("#cc-print") == "打印"


def test_no_word_lacks_a_language():
    for key, phrases in words().items():
        chinese, english = phrases
        assert chinese.strip(), key
        assert english.strip(), key
        # The switch is written in the language that it leads to.
        assert key == "language.other" or not CJK.search(english), key
        assert set(re.findall(r"\{\w+\}", chinese)) == set(re.findall(r"\{\w+\}", english)), key


def test_every_word_is_used_and_every_used_word_is_there():
    """Keys in the scripts and the markup are those of the dictionary, no more and no fewer."""
    known = set(words())
    assets = resources.files("coverage.outputs").joinpath("assets")
    scripts = "".join(
        file.read_text(encoding="utf-8")
        for file in assets.iterdir()
        if file.name.endswith(".js") and file.name not in ("words.js", "report.js")
    )
    markup = (
        resources.files("coverage.outputs").joinpath("map_frame.py").read_text(encoding="utf-8")
    )
    exact = set(re.findall(r'say\(\s*"([\w.]+)"', scripts)) | set(
        re.findall(r'data-w[a-z-]*="([\w.]+)"', markup)
    )
    begun = set(re.findall(r"say\(\s*`([\w.]+)\$", scripts)) | {"layer.", "base."}
    chosen = set(re.findall(r'\? "([a-z.]+\.[a-z]+)" : "', scripts)) | set(
        re.findall(r'\? "[a-z.]+" : "([a-z.]+\.[a-z]+)"', scripts)
    )
    tools = set(re.findall(r'_tool\("[\w-]+", "([\w.]+)"', markup))
    assert exact | (chosen & known) | tools <= known
    used = (
        exact | chosen | tools | {key for key in known if key.startswith(tuple(begun))} | {"failed"}
    )
    used |= {key for key in known if key.startswith(("headline.", "legend."))}
    assert known - used == set()
