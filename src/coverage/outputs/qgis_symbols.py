"""Symbols, labels and renderers as QGIS writes them into a style (QML), as XML elements.

Written for QGIS 3.22 and later, and tried there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

Properties = Mapping[str, str]

_MM = "MM"
_KINDS = {"marker": "SimpleMarker", "line": "SimpleLine", "fill": "SimpleFill"}


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol of one layer.

    Attributes
    ----------
    kind
        ``marker``, ``line`` or ``fill``.
    properties
        As QGIS names them.
    size
        An expression for the size of a marker in millimetres; empty for the one in `properties`.
    """

    kind: str
    properties: Properties
    size: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which features are drawn how.

    Attributes
    ----------
    label
        What the legend says.
    where
        An expression that chooses the features, of those of the rule above; empty for all of them.
    symbol
        How they are drawn; None where the rules below decide.
    below
        Rules that divide what this one chooses.
    shown
        Whether it is switched on.
    """

    label: str
    where: str = ""
    symbol: Symbol | None = None
    below: tuple["Rule", ...] = ()
    shown: bool = True


def marker(
    shape: str, colour: str, size_mm: float, *, rim: str = "#ffffff", size: str = ""
) -> Symbol:
    """Return a mark: ``circle``, ``square``, ``diamond`` or ``star``."""
    return Symbol(
        "marker",
        {
            "name": shape, "color": rgba(colour), "outline_color": rgba(rim),
            "outline_style": "solid", "outline_width": "0.3", "outline_width_unit": _MM,
            "size": f"{size_mm:g}", "size_unit": _MM,
        },
        size,
    )  # fmt: skip


def line(colour: str, width_mm: float, *, style: str = "solid") -> Symbol:
    """Return a line: ``solid``, ``dash`` or ``dot``."""
    return Symbol(
        "line",
        {
            "line_color": rgba(colour), "line_width": f"{width_mm:g}", "line_width_unit": _MM,
            "line_style": style, "capstyle": "round", "joinstyle": "round",
        },
    )  # fmt: skip


def fill(
    colour: str | None, rim: str | None, *, opacity: float = 1.0, width_mm: float = 0.4,
    style: str = "solid",
) -> Symbol:  # fmt: skip
    """Return a fill and its rim; None leaves either out."""
    return Symbol(
        "fill",
        {
            "color": rgba(colour or "#ffffff", opacity), "style": "solid" if colour else "no",
            "outline_color": rgba(rim or "#000000"), "outline_style": style if rim else "no",
            "outline_width": f"{width_mm:g}", "outline_width_unit": _MM, "joinstyle": "round",
        },
    )  # fmt: skip


def rgba(colour: str, opacity: float = 1.0) -> str:
    """Return ``#rrggbb`` as QGIS writes colours."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def rule_renderer(rules: Sequence[Rule], *, largest_first: str = "") -> Element:
    """Return a renderer that draws by rules; `largest_first` is the field to order features by."""
    root = Element("renderer-v2", type="RuleRenderer", symbollevels="0", forceraster="0",
                   enableorderby="1" if largest_first else "0")  # fmt: skip
    tree = SubElement(root, "rules", key="{root}")
    symbols: list[Symbol] = []
    _add_rules(tree, rules, symbols, "rule")
    _add_symbols(root, symbols)
    if largest_first:
        order = SubElement(SubElement(root, "orderby"), "orderByClause", asc="0", nullsFirst="0")
        order.text = f'"{largest_first}"'
    return root


def categorised_renderer(attribute: str, categories: Sequence[tuple[str, str, Symbol]]) -> Element:
    """Return a renderer by value: (value of the attribute or expression, label, symbol)."""
    root = Element("renderer-v2", type="categorizedSymbol", attr=attribute, symbollevels="0",
                   forceraster="0", enableorderby="0")  # fmt: skip
    rows = SubElement(root, "categories")
    for number, (value, label, _) in enumerate(categories):
        SubElement(rows, "category", value=value, type="string", symbol=str(number), label=label,
                   render="true")  # fmt: skip
    _add_symbols(root, [symbol for _, _, symbol in categories])
    return root


def graduated_renderer(
    attribute: str, ranges: Sequence[tuple[float, float, str, Symbol]]
) -> Element:
    """Return a renderer by number: (from, to, label, symbol)."""
    root = Element("renderer-v2", type="graduatedSymbol", attr=attribute,
                   graduatedMethod="GraduatedColor", symbollevels="0", forceraster="0",
                   enableorderby="0")  # fmt: skip
    rows = SubElement(root, "ranges")
    for number, (start, end, label, _) in enumerate(ranges):
        SubElement(rows, "range", lower=f"{start:.6f}", upper=f"{end:.6f}", symbol=str(number),
                   label=label, render="true")  # fmt: skip
    _add_symbols(root, [symbol for *_, symbol in ranges])
    return root


def single_renderer(symbol: Symbol) -> Element:
    """Return a renderer that draws all features alike."""
    root = Element("renderer-v2", type="singleSymbol", symbollevels="0", forceraster="0",
                   enableorderby="0")  # fmt: skip
    _add_symbols(root, [symbol])
    return root


def labels(
    expression: str, *, points: float, closer_than: int = 0, over_point: bool = False
) -> Element:
    """Return labels.

    Parameters
    ----------
    expression
        What they say.
    points
        Size of their letters.
    closer_than
        They show at scales of one to so many and closer; 0 for all.
    over_point
        Whether they stand over the middle of a polygon, not beside a point.
    """
    root = Element("labeling", type="simple")
    settings = SubElement(root, "settings", calloutType="simple")
    text = SubElement(settings, "text-style", fieldName=expression, isExpression="1",
                      fontSize=f"{points:g}", fontSizeUnit="Point", namedStyle="Regular",
                      textColor=rgba("#1c1b19"), textOpacity="1", multilineHeight="1")  # fmt: skip
    SubElement(text, "text-buffer", bufferDraw="1", bufferSize="0.8", bufferSizeUnits=_MM,
               bufferColor=rgba("#ffffff"), bufferOpacity="0.9", bufferJoinStyle="128")  # fmt: skip
    SubElement(settings, "text-format", multilineAlign="1", autoWrapLength="0")
    around: dict[str, str] = {"placement": "0", "dist": "0.8", "distUnits": _MM}
    over: dict[str, str] = {
        "placement": "1",
        "quadOffset": "4",
        "centroidInside": "1",
        "centroidWhole": "0",
    }
    SubElement(settings, "placement", {"priority": "5", **(over if over_point else around)})
    SubElement(settings, "rendering", drawLabels="1", obstacle="1",
               scaleVisibility="1" if closer_than else "0", scaleMin=str(closer_than), scaleMax="1",
               displayAll="0")  # fmt: skip
    return root


def _add_rules(parent: Element, rules: Iterable[Rule], symbols: list[Symbol], key: str) -> None:
    for number, rule in enumerate(rules):
        own = f"{key}-{number}"
        about = {"key": f"{{{own}}}", "label": rule.label}
        if rule.where:
            about["filter"] = rule.where
        if not rule.shown:
            about["checkstate"] = "0"
        if rule.symbol is not None:
            about["symbol"] = str(len(symbols))
            symbols.append(rule.symbol)
        _add_rules(SubElement(parent, "rule", about), rule.below, symbols, own)


def _add_symbols(parent: Element, symbols: Iterable[Symbol]) -> None:
    group = SubElement(parent, "symbols")
    for number, symbol in enumerate(symbols):
        whole = SubElement(group, "symbol", type=symbol.kind, name=str(number), alpha="1",
                           clip_to_extent="1", force_rhr="0")  # fmt: skip
        about = {"class": _KINDS[symbol.kind], "enabled": "1", "pass": "0", "locked": "0"}
        layer = SubElement(whole, "layer", about)
        options = SubElement(layer, "Option", type="Map")
        for name, value in symbol.properties.items():
            SubElement(options, "Option", name=name, value=value, type="QString")
        if symbol.size:
            _add_size(layer, symbol.size)


def _add_size(layer: Element, expression: str) -> None:
    rules = SubElement(SubElement(layer, "data_defined_properties"), "Option", type="Map")
    SubElement(rules, "Option", name="name", value="", type="QString")
    by_name = SubElement(rules, "Option", name="properties", type="Map")
    size = SubElement(by_name, "Option", name="size", type="Map")
    SubElement(size, "Option", name="active", value="true", type="bool")
    SubElement(size, "Option", name="expression", value=expression, type="QString")
    SubElement(size, "Option", name="type", value="3", type="int")
    SubElement(rules, "Option", name="type", value="collection", type="QString")
