"""One page that needs nothing else: Leaflet and its marker clusters carried inside.

folium links its libraries from servers that an office without internet never reaches. Here they
come from installed packages, and a page that would still ask a server for code is refused.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from branca.element import Element

from ..errors import OutputError

OSM_TILES = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"

ONLINE_SERVERS = (
    "https://tile.openstreetmap.org",
    *(f"https://t{number}.tianditu.gov.cn" for number in range(8)),
    *(f"https://webrd0{number}.is.autonavi.com" for number in range(1, 5)),
)
"""The servers that the map may ask, once a planner switches one of their layers on."""

STYLES = ("map.css", "pins.css", "proposals.css", "swipe.css", "screens.css")


@dataclass(frozen=True, slots=True)
class Script:
    """What a kind of page runs, file by file in this order.

    Attributes
    ----------
    worker
        What goes to its worker, alone.
    page
        What the page itself runs.
    public
        What folium's elements and the tests of a page call.
    """

    worker: tuple[str, ...]
    page: tuple[str, ...]
    public: tuple[str, ...]


_PUBLIC = (
    "prepare", "start", "page", "state", "change", "select", "easel", "workerSide", "percent",
    "count",
)  # fmt: skip
STUDY = Script(
    worker=(
        "worker_unpack.js", "worker_inflate.js", "worker_shapes.js", "worker_names.js",
        "worker_graph.js", "worker_answers.js", "worker_listen.js",
    ),
    page=(
        "words.js", "state.js", "figures.js", "geometry.js", "classes.js", "raster.js", "paint.js",
        "paint_minutes.js", "tiles.js", "labels.js", "markers.js", "pins.js", "pick.js", "card.js",
        "cards.js", "proposals.js", "visits.js", "find.js", "panel.js", "legend.js", "online.js",
        "measure.js", "address.js", "address_choice.js", "print.js", "frame.js", "start.js",
    ),
    public=(*_PUBLIC, "clusterFace", "goTo", "toGcj"),
)  # fmt: skip
"""The map of a study."""

DIFFERENCE = Script(
    worker=(
        "worker_unpack.js", "worker_inflate.js", "worker_shapes.js", "difference_worker.js",
        "worker_listen.js",
    ),
    page=(
        "words.js", "state.js", "figures.js", "geometry.js", "raster.js", "paint.js",
        "difference_paint.js", "tiles.js", "labels.js", "markers.js", "difference_pins.js",
        "difference_pick.js", "card.js", "difference_cards.js", "panel.js",
        "difference_legend.js", "swipe.js", "online.js", "measure.js", "address.js",
        "difference_address.js", "print.js", "frame.js", "difference_start.js",
    ),
    public=_PUBLIC,
)  # fmt: skip
"""The map of what differs between two runs."""

SCRIPTS = tuple(dict.fromkeys((*STUDY.worker, *STUDY.page, *DIFFERENCE.worker, *DIFFERENCE.page)))

_LEAFLET = "XStatic-Leaflet"
_CLUSTERS = "XStatic-Leaflet-MarkerCluster"
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    f"worker-src blob:; img-src data: {' '.join(ONLINE_SERVERS)}"
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
        Not escaped.

    Raises
    ------
    OutputError
        When a library is not installed, or not whole.
    """
    styles = [
        _with_images_inside(_library_file(_LEAFLET, "leaflet.css").decode()),
        _library_file(_CLUSTERS, "MarkerCluster.css").decode(),
        *map(own_asset, STYLES),
    ]
    scripts = [
        _library_file(_LEAFLET, "leaflet.js").decode(),
        _library_file(_CLUSTERS, "leaflet.markercluster.js").decode(),
    ]
    return "\n".join(
        [
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>{escape(title)}</title>",
            f"<!--\n{own_asset('licences.txt')}-->",
            *(f"<style>{style}</style>" for style in styles),
            *(f"<script>{_without_source_map(script)}</script>" for script in scripts),
        ]
    )


def page_script(script: Script) -> str:
    """Return the page's own script: the name ``careCircle`` and nothing else."""
    worker = "\n".join(map(own_asset, script.worker))
    scripts = "\n".join(map(own_asset, script.page))
    inside = "return { answer, listen, unpack, inflateByHand };"
    return (
        'const careCircle = (() => {\n"use strict";\n'
        f"function workerSide() {{\n{worker}\n{inside}\n}}\n"
        f"{scripts}\nreturn {{ {', '.join(script.public)} }};\n}})();\n"
    )


def own_asset(name: str) -> str:
    """Return the text of one of our own files beside this module."""
    return resources.files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


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
    # A reader may enlarge the page.
    page = re.sub(
        r"(initial-scale=1)\.0, maximum-scale=1\.0, user-scalable=no", r"\1", page, count=1
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
