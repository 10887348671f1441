"""A browser for all tests, pages to open in it, and no way out to the internet."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coverage.outputs.maps import page_of
from coverage.outputs.packing import Section, pack
from map_grid import town
from map_payload import big_city

from .maps import ARGUMENTS, Map


def html_of(meta: dict[str, Any], sections: list[Section]) -> str:
    return page_of(meta["title"], pack(meta, sections), notices=meta["notices"])


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium; skips without it, and fails where CI needs it."""
    path = Path(os.environ.get("CARE_CIRCLE_CHROMIUM", "/usr/bin/chromium"))
    if not path.exists():
        message = f"there is no Chromium at {path} (set CARE_CIRCLE_CHROMIUM)"
        if os.environ.get("CARE_CIRCLE_REQUIRE_BROWSER"):
            pytest.fail(message)
        # Who has no browser can still run the rest; where all must run, the line above fails.
        pytest.skip(message)
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=str(path), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def open_map(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Map]]:
    """Open a page in a window of its own; what goes wrong in it fails the test.

    Every request to a host that the test does not answer itself is an error, and so is every line
    on the console and every exception.
    """
    maps: list[Map] = []

    def opened(
        html: str | Path,
        address: str = "",
        *,
        answers: Any = None,
        ready: bool = True,
        **window: Any,
    ) -> Map:
        if isinstance(html, str):
            path = tmp_path / f"map-{len(maps)}.html"
            path.write_text(html, encoding="utf-8")
        else:
            path = html
        size = {"width": 1440, "height": 900}
        context = browser.new_context(**{"viewport": size, "locale": "en-GB", **window})
        maps.append(Map(context, path, answers or {}))
        maps[-1].go(address, ready=ready)
        return maps[-1]

    yield opened
    problems = [problem for one in maps for problem in one.problems]
    for one in maps:
        one.context.close()
    assert problems == []


@pytest.fixture(scope="session")
def grid_html() -> str:
    """The town that can be worked out by hand."""
    return html_of(*town())


@pytest.fixture
def grid(open_map: Callable[..., Map], grid_html: str) -> Map:
    return open_map(grid_html)


@pytest.fixture(scope="session")
def big_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page as large as the nine districts'."""
    path = tmp_path_factory.mktemp("big") / "map.html"
    path.write_text(html_of(*big_city()), encoding="utf-8")
    return path
