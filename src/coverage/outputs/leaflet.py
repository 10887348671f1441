"""One page that needs nothing else: Leaflet and its marker clusters carried inside.

folium links its libraries from servers that an office without internet never reaches. Here they
come from installed packages, and a page that would still ask a server for code is refused.
"""

import base64
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from branca.element import Element

from ..errors import OutputError

TILE_SERVER = "https://tile.openstreetmap.org"
"""The one server that the map may ask, once a planner switches its layer on."""

_LEAFLET = "XStatic-Leaflet"
_CLUSTERS = "XStatic-Leaflet-MarkerCluster"
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    f"img-src data: {TILE_SERVER}"
)
_REINSTALL = (
    "Reinstall care-circle with what it needs: "
    "pip install --force-reinstall xstatic-leaflet xstatic-leaflet-markercluster"
)


class Markup(Element):
    """Finished HTML or JavaScript.

    A plain branca element would read it as a Jinja template, and run what it finds.
    """

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.markup = markup

    def render(self, **_: Any) -> str:
        """Return it as it is."""
        return self.markup


def head(title: str) -> str:
    """Return the head of the page: policy, title, licences, libraries and our own style.

    Parameters
    ----------
    title
        Already escaped.

    Raises
    ------
    OutputError
        When a library is not installed, or not whole.
    """
    styles = [
        _with_images_inside(_library_file(_LEAFLET, "leaflet.css").decode()),
        _library_file(_CLUSTERS, "MarkerCluster.css").decode(),
        own_asset("map.css"),
    ]
    scripts = [
        _library_file(_LEAFLET, "leaflet.js").decode(),
        _library_file(_CLUSTERS, "leaflet.markercluster.js").decode(),
    ]
    return "\n".join(
        [
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>{title}</title>",
            f"<!--\n{own_asset('licences.txt')}-->",
            *(f"<style>{style}</style>" for style in styles),
            *(f"<script>{_without_source_map(script)}</script>" for script in scripts),
        ]
    )


def own_asset(name: str) -> str:
    """Return the text of one of our own files beside this module."""
    return resources.files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def script_json(value: object) -> str:
    """Return JSON that cannot end the ``<script>`` around it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def finished(figure: Element) -> str:
    """Render a folium figure to a page that is the same each time and asks no server for code.

    Raises
    ------
    OutputError
        When a link to a script, a style sheet or a picture is left in the page.
    """
    page = _with_steady_ids(figure.render(), figure)
    links = _Links()
    links.feed(page)
    if links.found:
        raise OutputError(
            f"The map would ask the internet for {', '.join(links.found)}.",
            "This version of folium is not known to care-circle; install folium 0.20.",
        )
    return page.replace("<html>", '<html lang="zh-CN">', 1)


def _library_file(package: str, name: str) -> bytes:
    try:
        files = metadata.files(package) or []
        found = next(file for file in files if file.name == name)
        return Path(found.locate()).read_bytes()
    except (metadata.PackageNotFoundError, StopIteration, OSError) as error:
        raise OutputError(
            f"The map cannot be drawn: {name} of the package {package} is not installed.",
            _REINSTALL,
        ) from error


def _with_images_inside(style: str) -> str:
    def inside(found: re.Match[str]) -> str:
        picture = base64.b64encode(_library_file(_LEAFLET, found[1])).decode()
        return f"url(data:image/png;base64,{picture})"

    return re.sub(r"url\(images/([\w-]+\.png)\)", inside, style)


def _without_source_map(script: str) -> str:
    # A browser with its tools open would look for the map beside the page.
    return re.sub(r"\s*//# sourceMappingURL=\S+\s*$", "", script)


def _with_steady_ids(page: str, figure: Element) -> str:
    """Number folium's random ids in the order in which the page names them."""
    random = {element.get_name().rsplit("_", 1)[-1] for element in _elements(figure)}
    numbers: dict[str, str] = {}

    def numbered(found: re.Match[str]) -> str:
        if found[1] not in random:
            return found[0]
        return "_" + numbers.setdefault(found[1], str(len(numbers)))

    return re.sub(r"_([0-9a-f]{32})(?![0-9a-f])", numbered, page)


def _elements(element: Element) -> Iterator[Element]:
    yield element
    for child in element._children.values():
        yield from _elements(child)


class _Links(HTMLParser):
    """Collects what a browser would fetch when it opens a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag's address if it would be fetched."""
        named = dict(attrs)
        address = named.get("href") if tag == "link" else named.get("src")
        if address is not None and not address.startswith("data:"):
            self.found.append(address)
