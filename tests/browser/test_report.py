"""The report in a real browser: silent, alone, and in one language at a time."""

import re

import pytest

import coverage

pytestmark = pytest.mark.browser

HAN = re.compile("[\u3400-\u9fff]")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    result = coverage.run(coverage.load_study("sample", raw=folder / "raw"))
    return result.report().save(folder / "report.html")


@pytest.fixture
def opened(browser, path):
    """A page that notes whatever it says, asks for or stumbles over."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    heard = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: heard.append(request.url))
    page.goto(path.as_uri())
    yield page
    context.close()
    assert set(heard) == {path.as_uri()}


def test_the_button_switches_every_word(opened):
    assert opened.inner_text(".kind") == "养老服务步行可达性评估"
    assert "elderly" not in opened.inner_text("main")
    opened.click("#language")
    assert opened.inner_text(".kind") == "Walking access to elderly care"
    assert "老年人" not in opened.inner_text("main")
    # In pictures too: what is not shown takes no room.
    labels = opened.eval_on_selector_all(
        "#by-minutes text", "all => all.map(one => one.getComputedTextLength())"
    )
    words = opened.eval_on_selector_all(
        '#by-minutes [lang="zh"]', "all => all.map(one => one.getBoundingClientRect().width)"
    )
    assert min(labels) > 0
    assert set(words) == {0}
    figures = ("#by-minutes", "#pyramid", "#causes", "#walkers", "#lorenz", "#loads", ".rings")
    for picture in figures:
        shown = opened.eval_on_selector_all(
            f"{picture} text > [lang=en], {picture} text:not(:has([lang]))",
            "all => all.map(one => one.textContent).join(' ')",
        )
        assert shown
        assert not HAN.search(shown), picture


def test_a_link_keeps_the_language(opened, path):
    opened.click("#language")
    assert opened.evaluate("location.hash") == "#en"
    opened.reload()
    assert opened.evaluate("document.documentElement.lang") == "en"
    opened.evaluate("location.hash = '#zh'")
    opened.wait_for_function("() => document.documentElement.lang === 'zh-CN'")


def test_the_keyboard_reaches_the_switch_first(opened):
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.documentElement.lang") == "en"


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_nothing_is_wider_than_the_window(opened, width):
    opened.set_viewport_size({"width": width, "height": 844})
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    for language in ("zh", "en"):
        opened.evaluate(f"location.hash = '#{language}'")
        over = opened.evaluate(
            """[...document.querySelectorAll("svg text")].filter((one) => {
              const [own, all] = [one, one.ownerSVGElement].map((e) => e.getBoundingClientRect());
              return own.width && !one.closest(".overview-map, .gap-map") &&
                (own.left < all.left - 1 || own.right > all.right + 1);
            }).map((one) => one.textContent)"""
        )
        assert over == []


def test_on_paper_the_figures_stand_on_the_first_page(opened, path, tmp_path):
    opened.emulate_media(media="print")
    opened.set_viewport_size({"width": 680, "height": 1009})  # A4 without its margins
    page_px = (297 - 15 - 14) / 25.4 * 96
    foot = opened.eval_on_selector("table.areas tfoot", "one => one.getBoundingClientRect().bottom")
    assert foot < page_px
    tall = opened.eval_on_selector_all(
        "figure, .card", "all => all.map(one => one.getBoundingClientRect().height)"
    )
    assert max(tall) < page_px
    assert not opened.is_visible("#language")
    assert opened.is_visible(".notices")
