"""The map: one HTML page that opens from a folder, in an office without internet."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import folium
from branca.element import Figure, MacroElement
from folium.plugins import MarkerCluster
from folium.template import Template

from ..findings import Findings
from . import map_frame
from .colours import TIER_COLOURS
from .leaflet import OSM_TILES, STUDY, Markup, Script, finished, head, page_script
from .payload import payload_of
from .payload_words import name, notices


def map_html(result: Findings) -> str:
    """Draw a result as an interactive map.

    The page carries everything: it asks no server for anything unless its reader switches an
    online basemap on, and its own security policy forbids it to. Words from the data are shown as
    text and run nothing. The same result gives the same page.

    Parameters
    ----------
    result
        What an analysis found.

    Returns
    -------
    page
        A whole HTML document.

    Raises
    ------
    OutputError
        When Leaflet or its marker clusters are not installed.
    """
    study = result.study
    key = study.ground.tianditu_key if study.ground else ""
    return page_of(
        name(study.title) or name(study.name),
        payload_of(result, tianditu=key),
        notices=notices(study.notices),
    )


@dataclass(frozen=True, slots=True)
class Kind:
    """What makes one kind of page another.

    Attributes
    ----------
    script
        What it runs.
    bar
        The controls above the map, HTML.
    layers
        The names of what its reader may switch on and off, the results and the ground.
    over
        What lies over the map besides the common tools, HTML.
    """

    script: Script
    bar: str
    layers: tuple[tuple[str, ...], tuple[str, ...]]
    over: str = ""


STUDY_MAP = Kind(STUDY, map_frame.CHOICES, (map_frame.RESULTS, map_frame.GROUND))


def page_of(
    title: str, packed: bytes, *, notices: Iterable[str] = (), kind: Kind = STUDY_MAP
) -> str:
    """Return the page around a packed payload.

    Parameters
    ----------
    title
        Of the study.
    packed
        What `coverage.outputs.payload.payload_of` returns.
    notices
        What must be shown beside every figure; in the page itself, so that it is there at once
        and whatever else happens.
    kind
        Of page.

    Returns
    -------
    page
        A whole HTML document.

    Raises
    ------
    OutputError
        When Leaflet or its marker clusters are not installed.
    """
    chart = _empty_map()
    tiles = _tiles().add_to(chart)
    cluster = _cluster().add_to(chart)
    _Call("start", {"osm": tiles, "cluster": cluster}).add_to(chart)
    page: Any = chart.get_root()
    _furnish(page, title, packed, notices, kind)
    return finished(page)


def _empty_map() -> folium.Map:
    chart = folium.Map(
        location=[30, 105],
        zoom_start=5,
        tiles=None,
        zoom_control=False,
        attributionControl=False,
        maxZoom=19,
        minZoom=7,
        zoomSnap=0.25,
        zoomDelta=1,
        wheelPxPerZoomLevel=100,
        # Tiles are painted between frames as it is.
        fadeAnimation=False,
    )
    chart.default_js, chart.default_css = [], []
    _Call("prepare").add_to(chart)
    return chart


def _tiles() -> folium.TileLayer:
    # Its attribution is our own line, in the reader's language.
    return folium.TileLayer(
        tiles=OSM_TILES, attr=" ", max_zoom=19, overlay=False, control=False, show=False
    )


def _cluster() -> MarkerCluster:
    # folium's constructors carry no types.
    cluster = MarkerCluster(  # type: ignore[no-untyped-call]
        control=False,
        icon_create_function="careCircle.clusterFace",
        maxClusterRadius=26,
        showCoverageOnHover=False,
        spiderLegPolylineOptions={"weight": 1.5, "color": "#3b3731", "opacity": 0.6},
        # A picture or print taken on the way would show the markers where nothing is.
        animate=False,
        animateAddingMarkers=False,
    )
    cluster.default_js, cluster.default_css = [], []
    return cluster


def _furnish(page: Figure, title: str, packed: bytes, notices: Iterable[str], kind: Kind) -> None:
    """Add the page's own parts, which must not pass through a template."""
    page.header.add_child(Markup(head(title)))
    page.header.add_child(Markup(f"<style>{map_frame.tier_style(TIER_COLOURS)}</style>"))
    page.html.add_child(Markup(map_frame.header(title, notices, kind.bar)))
    page.html.add_child(Markup(map_frame.furniture(kind.layers, kind.over)))
    page.html.add_child(
        Markup(
            '<script type="text/plain" id="care-circle-packed">'
            f"{base64.b64encode(packed).decode()}</script>"
        )
    )
    page.script.add_child(Markup(page_script(kind.script)))


class _Call(MacroElement):
    """Calls a function of our own script with the element it stands in and an argument."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "careCircle.{{ this.function }}("
        "{{ this._parent.get_name() }}, {{ this.argument|tojavascript }});"
        "{% endmacro %}"
    )

    def __init__(self, function: str, argument: Any = None) -> None:
        # branca's constructor carries no types.
        super().__init__()  # type: ignore[no-untyped-call]
        self.function = function
        self.argument = argument
