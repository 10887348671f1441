"""How QGIS shows the layers of ``coverage.gpkg``: the rows of its table ``layer_styles``."""

from collections.abc import Callable, Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import geopandas as gpd
import pandas as pd

from ..causes import CAUSES
from ..findings import Findings
from ..people import CIRCLE
from ..service_kinds import SERVICE_NAMES_ZH
from ..study_parts import TIER_NAMES_ZH, TIERS, TierName
from .colours import BEYOND, GAP, PROPOSAL, TIER_COLOURS, UNREACHABLE, VISIT_COLOURS, band_colour
from .column_words import column_words
from .map_words import TIER_NAMES_EN, VISIT_WORDS
from .picture_words import bands_of, promise_of, shown_tier
from .qgis_symbols import (
    Rule,
    Symbol,
    categorised_renderer,
    fill,
    graduated_renderer,
    labels,
    line,
    marker,
    rule_renderer,
    single_renderer,
)

GEOMETRY = "geom"
"""The column of the geometry in every layer."""
_POINTS, _LINES, _POLYGONS = "0", "1", "2"
_KINDS: Mapping[str, str] = {
    "facilities": _POINTS, "candidates": _POINTS, "demand": _POINTS, "streets": _LINES,
    "proposals": _POINTS, "visits": _POINTS, "shortcuts": _LINES, "weak_links": _LINES,
}  # fmt: skip
_SHAPES: Mapping[str, tuple[str, float]] = {
    "community": ("circle", 2.8),
    "street": ("square", 3.6),
    "district": ("diamond", 4.6),
}
_CAUSE_COLOURS: Mapping[str, str] = {
    "not snapped": "#999999",
    "disconnected": "#000000",
    "no facility": "#cc79a7",
    "barrier": "#e69f00",
    "climb": "#d55e00",
    "detour": "#0072b2",
}
"""Of gaps; the palette of Okabe and Ito, told apart by colour-blind people."""
_BEYOND_ALL = 9999.0
"""Stands for no minutes at all in the expressions, as a graduated renderer needs a number."""

Style = tuple[str, Element, Element | None]
"""Name, renderer and labels of a style; the first of a layer is its default."""


def layer_styles(
    findings: Findings, layers: Mapping[str, gpd.GeoDataFrame], time: str
) -> pd.DataFrame:
    """Return the styles of layers as the table ``layer_styles`` that QGIS reads.

    Parameters
    ----------
    findings
        What the analysis found.
    layers
        The layers as written, with the columns that they have in the file.
    time
        ISO 8601, of the row's last change.

    Returns
    -------
    styles
        In the columns of QGIS's own table; the first style of each layer is its default.
    """
    rows = []
    for name, frame in layers.items():
        for number, (title, renderer, label) in enumerate(_MAKERS[name](findings, frame)):
            rows.append(
                {
                    "f_table_catalog": "",
                    "f_table_schema": "",
                    "f_table_name": name,
                    "f_geometry_column": GEOMETRY,
                    "styleName": title,
                    "styleQML": _document(name, frame, renderer, label),
                    "styleSLD": "",
                    "useAsDefault": number == 0,
                    "description": "care-circle",
                    "owner": "",
                    "ui": None,
                    "update_time": pd.Timestamp(time),
                }
            )
    return pd.DataFrame(rows)


def _document(name: str, frame: gpd.GeoDataFrame, renderer: Element, label: Element | None) -> str:
    root = Element("qgis", version="3.22.0", labelsEnabled="0" if label is None else "1",
                   styleCategories="Symbology|Labeling|Fields|Forms|Rendering")  # fmt: skip
    root.append(renderer)
    if label is not None:
        root.append(label)
    fields, aliases = SubElement(root, "fieldConfiguration"), SubElement(root, "aliases")
    for number, column in enumerate(frame.columns.drop(frame.geometry.name)):
        words = column_words(str(column), shares=name == "streets")
        if words is not None:
            SubElement(fields, "field", name=str(column), configurationFlags="None")
            alias = f"{words[0]} {words[1]}"
            # The first field of the file is its own number of the row.
            SubElement(aliases, "alias", field=str(column), index=str(number + 1), name=alias)
    SubElement(root, "layerGeometryType").text = _KINDS.get(name, _POLYGONS)
    indent(root)
    text = tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{text}\n"


def _facilities(_: Findings, __: gpd.GeoDataFrame) -> list[Style]:
    categories: list[tuple[str, str, Symbol]] = [
        (tier, f"{TIER_NAMES_ZH[tier]} {TIER_NAMES_EN[tier]}", marker(*_mark(tier)))
        for tier in TIERS
    ]
    off = marker("circle", "#ffffff", 3.2, rim=GAP)
    categories.append(("off", "未接入路网 not connected to a street", off))
    renderer = categorised_renderer('if("snapped", "tier", \'off\')', categories)
    return [("层级 tier", renderer, labels('"name"', points=8, closer_than=15_000))]


def _mark(tier: TierName) -> tuple[str, str, float]:
    shape, size_mm = _SHAPES[tier]
    return shape, TIER_COLOURS[tier], size_mm


def _candidates(_: Findings, __: gpd.GeoDataFrame) -> list[Style]:
    star = marker("star", "#f0c000", 4.4, rim="#5c3a00")
    return [
        ("备选点 candidates", single_renderer(star), labels('"name"', points=8, closer_than=15_000))
    ]


def _proposals(_: Findings, __: gpd.GeoDataFrame) -> list[Style]:
    diamond = marker("diamond", PROPOSAL, 6.4, rim="#ffffff")
    said = "concat(\"proposal\", ' · +', round(\"elderly_gained\"), ' 人')"
    return [("建议选址 proposals", single_renderer(diamond), labels(said, points=9))]


def _shortcuts(_: Findings, __: gpd.GeoDataFrame) -> list[Style]:
    said = "concat(\"kind\", ' +', round(\"elderly_gained\"), ' 人')"
    text = labels(said, points=8, closer_than=40_000)
    return [("加装捷径 shortcuts", single_renderer(line(PROPOSAL, 0.9, style="dash")), text)]


def _weak_links(_: Findings, __: gpd.GeoDataFrame) -> list[Style]:
    said = "concat('−', round(\"elderly_lost\"), ' 人')"
    text = labels(said, points=8, closer_than=40_000)
    return [("关键路段 weak links", single_renderer(line(GAP, 1.4)), text)]


def _visits(_: Findings, __: gpd.GeoDataFrame) -> list[Style]:
    size = 'max(1.2, min(5, 0.4 * sqrt("to_visit")))'
    categories: list[tuple[str, str, Symbol]] = [
        (how, " ".join(VISIT_WORDS[how]), marker("circle", colour, 2.4, size=size))
        for how, colour in VISIT_COLOURS.items()
    ]
    text = labels("round(\"to_visit\") || ' 人'", points=8, closer_than=10_000)
    return [("上门服务 home visits", categorised_renderer('"reach"', categories), text)]


def _streets(findings: Findings, _: gpd.GeoDataFrame) -> list[Style]:
    return [
        (
            f"{TIER_NAMES_ZH[tier]} {tier}",
            _by_minutes(findings, tier, lambda colour: line(colour, 0.66)),
            None,
        )
        for tier in _tiers(findings)
    ]


def _demand(findings: Findings, _: gpd.GeoDataFrame) -> list[Style]:
    size = 'max(0.8, min(4, 0.3 * sqrt("elderly")))'
    return [
        (
            f"{TIER_NAMES_ZH[tier]} {tier}",
            _by_minutes(
                findings, tier, lambda colour: marker("circle", colour, 2, rim="#ffffff", size=size)
            ),
            None,
        )
        for tier in _tiers(findings)
    ]


def _by_minutes(findings: Findings, tier: TierName, symbol: Callable[[str], Symbol]) -> Element:
    ends, horizon = bands_of(findings.study, tier), findings.study.horizon_min
    ranges = [
        (start, end, f"{start:g}–{end:g} 分钟 min", symbol(band_colour(end)))
        for start, end in zip([0.0, *ends], ends, strict=False)
    ]
    if ends[-1] < horizon:
        label = f"{ends[-1]:g}–{horizon:g} 分钟 min"
        ranges.append((ends[-1], horizon, label, symbol(BEYOND)))
    far = (horizon, _BEYOND_ALL, "更远或走不到 farther, or no way", symbol(UNREACHABLE))
    return graduated_renderer(f'coalesce("minutes_{tier}", {_BEYOND_ALL:g})', [*ranges, far])


def _isochrones(findings: Findings, _: gpd.GeoDataFrame) -> list[Style]:
    shown = shown_tier(findings)
    minutes_rules = tuple(
        Rule(
            f"{minutes:g} 分钟 min",
            f'"minutes" = {minutes:g}',
            fill(band_colour(minutes), band_colour(minutes), opacity=0.28, width_mm=0.26),
        )
        for minutes in findings.study.cutoffs_min
    )

    rules = [
        Rule(
            f"{TIER_NAMES_ZH[tier]} {scope}",
            f"\"scope\" = '{which}' AND \"tier\" = '{tier}'",
            below=minutes_rules,
            shown=which == "tier" and tier == shown,
        )
        for which, scope in (("tier", "全部 all of them"), ("facility", "单个设施 each"))
        for tier in TIERS
    ]
    return [("等时圈 isochrones", rule_renderer(rules, largest_first="minutes"), None)]


def _gaps(findings: Findings, frame: gpd.GeoDataFrame) -> list[Style]:
    shown, people = shown_tier(findings), "cause" in frame.columns
    names: dict[str, str] = {**TIER_NAMES_ZH, CIRCLE: "三级养老服务圈"}
    return _gap_style("缺口 gaps", "tier", names, shown, people=people)


def _service_gaps(_: Findings, frame: gpd.GeoDataFrame) -> list[Style]:
    offered = set(frame["service"])
    names: dict[str, str] = {s: zh for s, zh in SERVICE_NAMES_ZH.items() if s in offered}
    people = "cause" in frame.columns
    return _gap_style(
        "服务缺口 service gaps", "service", names, next(iter(names), ""), people=people
    )


def _gap_style(
    title: str, column: str, names: Mapping[str, str], shown: str, *, people: bool
) -> list[Style]:
    """Return gaps by the tier or service in a column, one of them shown; by cause with people."""
    causes = tuple(
        Rule(
            f"{CAUSES[cause]} {cause}",
            f"\"cause\" = '{cause}'",
            fill(colour, colour, opacity=0.3, width_mm=0.6),
        )
        for cause, colour in _CAUSE_COLOURS.items()
    )
    rules = [
        Rule(
            f"{zh} {name}",
            f"\"{column}\" = '{name}'",
            None if people else fill(GAP, GAP, opacity=0.25, width_mm=0.6),
            causes if people else (),
            shown=name == shown,
        )
        for name, zh in names.items()
    ]
    said = (
        'round("elderly") || \' 人\\n\' || "cause_zh"' if people else "round(\"street_m\") || ' m'"
    )
    text = labels(said, points=8, closer_than=40_000, over_point=True)
    return [(title, rule_renderer(rules), text)]


def _areas(findings: Findings, frame: gpd.GeoDataFrame) -> list[Style]:
    tier, own = shown_tier(findings), str(frame.columns[0])
    share = next((c for c in (f"share_elderly_{tier}", f"share_{tier}") if c in frame), None)
    said = f'"{own}"'
    if share is not None:
        said = f"concat(\"{own}\", '\\n', round(100 * \"{share}\"), '%')"
    text = labels(said, points=9, over_point=True)
    title = f"{promise_of(findings.study, tier):g} 分钟覆盖率 share covered"
    return [(title, single_renderer(fill(None, "#55514a", width_mm=0.5, style="dash")), text)]


def _zones(_: Findings, frame: gpd.GeoDataFrame) -> list[Style]:
    rim = fill("#7b3294", "#7b3294", opacity=0.08, width_mm=0.7, style="dot")
    text = labels(f'"{frame.columns[0]}"', points=9, over_point=True)
    return [("更新片区 zones", single_renderer(rim), text)]


def _tiers(findings: Findings) -> Sequence[TierName]:
    """Return the tiers, the one that is shown first."""
    shown = shown_tier(findings)
    return [shown, *(tier for tier in TIERS if tier != shown)]


_MAKERS: Mapping[str, Callable[[Findings, gpd.GeoDataFrame], list[Style]]] = {
    "facilities": _facilities,
    "candidates": _candidates,
    "proposals": _proposals,
    "visits": _visits,
    "shortcuts": _shortcuts,
    "weak_links": _weak_links,
    "gaps": _gaps,
    "service_gaps": _service_gaps,
    "areas": _areas,
    "zones": _zones,
    "demand": _demand,
    "streets": _streets,
    "isochrones": _isochrones,
}
