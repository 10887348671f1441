"""The map: one HTML page that opens from a folder, in an office without internet."""

from typing import Any

import folium
from branca.element import Figure, MacroElement
from folium.plugins import MarkerCluster
from folium.template import Template
from folium.utilities import JsCode

from ..findings import Findings
from ..study import TIER_NAMES_ZH, TIERS, TierName
from . import map_frame, map_layers
from .colours import GAP, band_colour
from .leaflet import TILE_SERVER, Markup, finished, head, own_asset, script_json
from .map_layers import Feature, Tips
from .map_words import TIER_GLYPHS, TIER_NAMES_EN

_FIRST: TierName = "community"
_TIP = JsCode("careCircle.tip")
# Decided by the browser; folium's own types do not know that they may be.
_NARROW: Any = JsCode("!careCircle.isWide()")
_CANVAS: Any = JsCode("L.canvas({padding: 0.2, tolerance: 4})")


def map_html(result: Findings) -> str:
    """Draw a result as an interactive map.

    The page carries everything: it asks no server for anything unless its reader switches the
    OpenStreetMap layer on, and its own security policy forbids it to. Words from the data are
    shown as text and run nothing. The same result gives the same page.

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
    tips = Tips()
    chart = _empty_map(result)
    tiles = _tiles().add_to(chart)
    ground = _polygons(map_layers.boundary(result), None, fill_color="#fbf9f4", fill_opacity=1)
    ground.add_to(chart)
    layers = _areas(chart, result, tips)
    tiers = {tier: _tier(chart, result, tier, tips) for tier in TIERS}
    outline = _polygons(map_layers.boundary(result), None, color="#33302c", weight=2.5, fill=False)
    outline.add_to(chart)
    folium.LayerControl(collapsed=_NARROW).add_to(chart)
    by_kind = [[tier[kind] for tier in tiers.values() if kind in tier] for kind in _KINDS]
    roles = {
        "tiers": {tier: list(parts.values()) for tier, parts in tiers.items()},
        "bottomUp": [ground, *layers, *(layer for kind in by_kind for layer in kind), outline],
        "streets": [tier["streets"] for tier in tiers.values()],
        "gaps": [tier["gaps"] for tier in tiers.values() if "gaps" in tier],
        "ground": ground,
        "tiles": tiles,
    }
    _Call("start", roles).add_to(chart)
    page: Any = chart.get_root()
    _furnish(page, result, tips)
    return finished(page)


_KINDS = ("circles", "gaps", "streets")
"""What a tier draws, from the ground to the top; its markers stand above in any case."""


def _empty_map(result: Findings) -> folium.Map:
    (south, west), (north, east) = map_layers.bounds(result)
    chart = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=12,
        tiles=None,
        prefer_canvas=True,
        maxZoom=19,
        minZoom=8,
        zoomSnap=0.1,
        zoomDelta=0.5,
        # Streets are thin and hands are not always steady.
        renderer=_CANVAS,
    )
    chart.default_js, chart.default_css = [], []
    _Call("prepare").add_to(chart)
    return chart


def _tiles() -> folium.TileLayer:
    return folium.TileLayer(
        tiles=f"{TILE_SERVER}/{{z}}/{{x}}/{{y}}.png",
        attr="© OpenStreetMap contributors (ODbL)",
        name="OpenStreetMap 底图（需联网 needs internet）",
        max_zoom=19,
        overlay=True,
        show=False,
        opacity=0.6,
    )


def _areas(chart: folium.Map, result: Findings, tips: Tips) -> list[folium.GeoJson]:
    found = map_layers.areas(result, tips)
    if not found:
        return []
    style: dict[str, Any] = {"color": "#8b857b", "weight": 1.2, "fill_opacity": 0}
    areas = _polygons(found, "片区 Areas", on_each_feature=_TIP, **style)
    names = _points(map_layers.labels(result, tips), "片区名称 Area names", "careCircle.label")
    areas.add_to(chart)
    names.add_to(chart)
    return [areas]


def _tier(
    chart: folium.Map, result: Findings, tier: TierName, tips: Tips
) -> dict[str, folium.map.Layer]:
    """Add a tier's layers to the map; return those that hold something, and its streets."""
    shown = tier == _FIRST
    heading = f"<b>{TIER_NAMES_ZH[tier]} {TIER_NAMES_EN[tier]}</b>"
    layers: dict[str, folium.map.Layer] = {
        "streets": _street_group(_named("街道用时 Streets by minutes", tier, heading), tier, shown)
    }
    if circles := _circle_group(result, tier, shown):
        layers["circles"] = circles
    if gaps := map_layers.gaps(result, tier, tips):
        style: dict[str, Any] = {
            "color": GAP,
            "weight": 1.6,
            "dash_array": "5 4",
            "fill_opacity": 0.16,
        }
        layers["gaps"] = _polygons(
            gaps, _named("缺口 Gaps", tier), shown, control=True, on_each_feature=_TIP, **style
        )
    if points := map_layers.facilities(result, tier, tips):
        layers["facilities"] = _markers(points, _named("设施 Facilities", tier), tier, shown)
    for layer in layers.values():
        layer.add_to(chart)
    return layers


def _named(name: str, tier: TierName, heading: str = "") -> str:
    # Leaflet shows a layer's name as HTML, and folium keeps one layer of each name.
    return f'<span class="cc-name" data-tier="{tier}">{heading}{name}</span>'


def _street_group(name: str, tier: TierName, shown: bool) -> folium.FeatureGroup:
    group = folium.FeatureGroup(name=name, show=shown)
    _Call("colourStreets", tier).add_to(group)
    return group


def _circle_group(result: Findings, tier: TierName, shown: bool) -> folium.FeatureGroup | None:
    bands = map_layers.bands_of(result.study, tier)
    # The largest first, so that the nearer circles lie upon it.
    found = {end: map_layers.circles(result, tier, end) for end in reversed(bands)}
    if not any(found.values()):
        return None
    group = folium.FeatureGroup(name=_named("等时圈 Isochrones", tier), show=shown)
    for end, features in found.items():
        colour = band_colour(end)
        style: dict[str, Any] = {
            "color": colour,
            "weight": 0.6,
            "opacity": 0.5,
            "fill_opacity": 0.22,
        }
        _polygons(features, None, interactive=False, **style).add_to(group)
    return group


def _polygons(
    features: list[Feature], name: str | None, show: bool = True, **options: Any
) -> folium.GeoJson:
    options = {"interactive": name is not None, "weight": 0, "fill": True, **options}
    options.setdefault("control", name is not None)
    return folium.GeoJson(_collection(features), name=name, show=show, **options)


def _points(features: list[Feature], name: str | None, maker: str) -> folium.GeoJson:
    return folium.GeoJson(
        _collection(features), name=name, control=name is not None, pointToLayer=JsCode(maker)
    )


def _markers(features: list[Feature], name: str, tier: TierName, shown: bool) -> MarkerCluster:
    # folium's constructors carry no types.
    cluster = MarkerCluster(  # type: ignore[no-untyped-call]
        name=name,
        show=shown,
        icon_create_function=f'careCircle.cluster("{tier}")',
        maxClusterRadius=26,
        showCoverageOnHover=False,
        # A picture or print taken on the way would show the markers where nothing is.
        animate=False,
        animateAddingMarkers=False,
    )
    cluster.default_js, cluster.default_css = [], []
    _points(features, None, "careCircle.pin").add_to(cluster)
    return cluster


def _collection(features: list[Feature]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def _furnish(page: Figure, result: Findings, tips: Tips) -> None:
    """Add the page's own parts, which must not pass through a template."""
    data = {
        "bounds": map_layers.bounds(result),
        "tiers": {tier: {"glyph": TIER_GLYPHS[tier]} for tier in TIERS},
        "tips": tips.rows,
        "streets": map_layers.streets(result),
    }
    page.header.add_child(Markup(head(map_frame.escaped_title(result))))
    page.header.add_child(Markup(f"<style>{map_frame.tier_style()}</style>"))
    page.html.add_child(Markup(map_frame.header(result)))
    page.html.add_child(Markup(map_frame.legend(result)))
    page.html.add_child(
        Markup(
            f'<script type="application/json" id="care-circle-data">{script_json(data)}</script>'
        )
    )
    page.script.add_child(Markup(own_asset("map.js")))


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
