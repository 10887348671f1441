"""Light enough for an office's laptop without a graphics card: sizes and seconds, measured.

Other work on the machine only ever makes a page slower, so the best of some tries counts.
"""

import pytest

pytestmark = pytest.mark.browser

TRIES = 5
READY_MS, PAN_MS, SLIDER_MS = 4_000, 300, 500

STEPS = """async ([tries, zoom, what]) => {
  const { page, easel, change } = careCircle, { map } = page;
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  if (zoom) map.setView(map.getCenter(), zoom, { animate: false });
  await easel.settled();
  const took = [];
  for (let k = 0; k < tries; k += 1) {
    await frame();
    await new Promise((done) => setTimeout(done, 120));
    const began = performance.now(), { x, y } = map.getSize();
    // Each time to where no tile is yet.
    if (what === "pan") map.panBy([x / 2, k % 2 ? 0 : y / 2], { animate: false });
    else change({ minutes: 6 + 3 * k });
    await easel.settled();
    await frame();
    took.push(performance.now() - began);
  }
  return took;
}"""


@pytest.fixture(scope="module")
def big(browser, big_path):
    from .maps import Map

    page = Map(browser.new_context(viewport={"width": 1440, "height": 900}), big_path, {})
    page.go()
    page.page.wait_for_timeout(1000)
    yield page
    problems = page.problems
    page.context.close()
    assert problems == []


def test_the_nine_districts_fit_into_twelve_megabytes(big_path):
    assert big_path.stat().st_size < 12_000_000


def test_the_nine_districts_can_be_used_within_four_seconds(open_map, big_path):
    ready = []
    for _ in range(TRIES):
        page = open_map(big_path)
        ready.append(page.js("() => careCircle.page.readyMs"))
        page.context.close()
        if ready[-1] < READY_MS:
            break
    assert min(ready) < READY_MS


@pytest.mark.parametrize("zoom", [None, 12, 13.5, 15, 16, 17])
def test_a_pan_by_half_a_window_is_painted_at_once(big, zoom):
    took = big.js(STEPS, [TRIES, zoom, "pan"])
    assert min(took) < PAN_MS, took
    big.page.locator("#cc-fit").click()


@pytest.mark.parametrize("zoom", [None, 13.5, 16])
def test_the_slider_is_painted_at_once(big, zoom):
    took = big.js(STEPS, [TRIES, zoom, "slider"])
    assert min(took) < SLIDER_MS, took
    big.page.locator("#cc-fit").click()


def test_a_walk_across_the_city_is_found_at_once(big):
    """One exact search each way over 150,000 links."""
    took = big.js(
        """async () => {
          const took = [];
          for (const home of [100, 9000, 20000, 31000]) {
            const began = performance.now();
            careCircle.select({ kind: "home", i: home });
            while (!careCircle.state.found) await new Promise((done) => setTimeout(done, 5));
            took.push(performance.now() - began);
          }
          careCircle.select(null);
          return took;
        }"""
    )
    assert min(took) < 1_000, took


def test_a_facility_s_circle_is_found_at_once(big):
    took = big.js(
        """async () => {
          const began = performance.now();
          careCircle.select({ kind: "facility", i: 500 });
          while (!careCircle.state.found) await new Promise((done) => setTimeout(done, 5));
          careCircle.select(null);
          return performance.now() - began;
        }"""
    )
    assert took < 3_000
