"""The map in the frame that a notebook shows it in: alive, silent, and shut off from the notebook."""

import pytest

from coverage.outputs.page import Page

pytestmark = pytest.mark.browser

NOTEBOOK = (
    "<!doctype html><meta charset=utf-8><title>notebook</title><script>var secret = 1</script>"
)


@pytest.fixture
def frame(browser, tmp_path, grid_html):
    """The frame, in a page that notes whatever it says, asks for or stumbles over."""
    path = tmp_path / "notebook.html"
    shown = Page('"><script>alert(1)</script>', grid_html, 600)._repr_html_()
    path.write_text(NOTEBOOK + shown, encoding="utf-8")
    context = browser.new_context(viewport={"width": 1100, "height": 700}, locale="en-GB")
    page = context.new_page()
    heard = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    page.on("request", lambda request: heard.append(request.url))
    page.goto(path.as_uri())
    inner = page.frames[1]
    inner.wait_for_selector("html[data-state=ready]", state="attached", timeout=60_000)
    yield inner
    context.close()
    assert {url for url in heard if not url.startswith(("blob:", "data:"))} == {path.as_uri()}


def test_the_slider_and_the_language_work_in_the_frame(frame):
    headline = frame.locator("#cc-headline")
    for minutes, covered in ((5, "50"), (6, "90")):
        frame.locator("#cc-minutes").fill(str(minutes))
        frame.wait_for_selector(f"#cc-headline[data-covered='{covered}']")
    frame.locator("#cc-lang").click()
    assert "elderly people" in headline.inner_text()


def test_the_frame_sees_nothing_of_the_notebook(frame):
    assert frame.evaluate("window.origin") == "null"
    assert (
        frame.evaluate("(() => { try { return parent.secret } catch { return 'shut' } })()")
        == "shut"
    )


def test_the_frame_fills_the_width_at_the_height_asked_for(frame):
    box = frame.frame_element().bounding_box()
    assert box["height"] == pytest.approx(600, abs=2)
    assert box["width"] > 1050
