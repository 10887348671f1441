"""What stands around the map of ``map.png``: the words above, the legend beside, the sources."""

from collections.abc import Mapping

from ..findings import Findings
from ..study_parts import TIER_NAMES_ZH, TIERS, TierName
from .colours import BEYOND, GAP, TIER_COLOURS, UNREACHABLE, band_colour
from .lettering import PACKAGE, Lettering, find_lettering
from .map_words import TIER_NAMES_EN
from .picture_legend import Row, draw_legend
from .picture_sheet import FAINT, HEIGHT, SMALL_PX, TEXT_PX, WIDTH, Box, Sheet, Style
from .picture_words import ATTRIBUTION, bands_of, caveats, headline, promise_of, terms

LAND, OUTSIDE, WATER, BUILDING = "#fbfaf7", "#ecebe7", "#bfd9ec", "#e0d9ce"
AREA: Style = {"edgecolor": "#55514a", "linewidth": 1.8, "linestyle": (0, (5, 3))}
BOUNDARY: Style = {"edgecolor": "#2b2925", "linewidth": 3.5}
GAP_RIM: Style = {"edgecolor": GAP, "linewidth": 3}
GAP_INSIDE: Style = {"facecolor": GAP, "alpha": 0.13}
MARKS: Mapping[str, tuple[str, float]] = {
    "community": ("o", 17.0),
    "street": ("s", 22.0),
    "district": ("D", 24.0),
}
"""The shape of each tier's mark and its width in pixels."""

_PAD, _PANEL, _FOOT, _SCALE = 44.0, 500.0, 356.0, 110.0
"""The rim; the width of a legend beside the map, the height of one under it; that of the scale."""
_TITLE_PX, _HEADLINE_PX = 58.0, 40.0
_FINE_PX, _MOST_LINES, _MOST_FINE_LINES = 22.0, 4, 12
_COLUMNS = 4
"""Of a legend under the map, with that of the ground, which not every study knows."""


def mark_style(tier: TierName, *, snapped: bool = True, size: float = 1.0) -> Style:
    """Return how a facility is drawn: filled, or hollow when no street leads to it."""
    marker, px = MARKS[tier]
    colour = TIER_COLOURS[tier]
    face, edge = (colour, "white") if snapped else ("white", colour)
    width = (size * px) ** 2
    return {"marker": marker, "s": width, "c": face, "edgecolors": edge, "linewidths": 2 * size}


def lettering_for(findings: Findings) -> Lettering:
    """Return a font for the Chinese that these findings bring, and ours."""
    study = findings.study
    names = () if findings.areas is None else map(str, findings.areas.index)
    said = "".join((study.title, *study.notices, *names, *TIER_NAMES_ZH.values()))
    return find_lettering("".join(sorted({c for c in said if "\u3400" <= c <= "\u9fff"})))


def draw_frame(sheet: Sheet, findings: Findings, tier: TierName) -> tuple[Box, Box]:
    """Draw all that stands around the map; return where the map goes, and where its scale.

    The legend stands beside a compact study area, and under a wide one.
    """
    top = _notices(sheet, findings, _head(sheet, findings, tier))
    bottom = _sources(sheet, findings)
    groups = _legend(findings, tier)
    beside = Box(_PAD, top, WIDTH - 3 * _PAD - _PANEL + 8, bottom - top)
    under = Box(_PAD, top, WIDTH - 2 * _PAD, bottom - top - _FOOT)
    west, south, east, north = findings.inputs.boundary.bounds
    if _fits(beside, east - west, north - south) >= _fits(under, east - west, north - south):
        panel = Box(WIDTH - _PAD - _PANEL, top, _PANEL, bottom - top - _SCALE)
        draw_legend(sheet, panel, [[row for group in groups for row in group]])
        return beside, Box(panel.left, panel.bottom, _PANEL, _SCALE)
    # The scale stands in a column of its own, under the rows of the ground if there are any.
    panel = Box(_PAD, under.bottom + 22, WIDTH - 2 * _PAD, _FOOT - 34)
    columns = groups if len(groups) == _COLUMNS else [*groups, []]
    draw_legend(sheet, panel, columns)
    wide = panel.width / len(columns)
    return under, Box(panel.right - wide, panel.bottom - _SCALE, wide, _SCALE)


def _fits(place: Box, wide: float, high: float) -> float:
    """Return how many pixels a metre can have in a place."""
    return min(place.width / max(wide, 1.0), place.height / max(high, 1.0))


def _head(sheet: Sheet, findings: Findings, tier: TierName) -> float:
    """Write the title, the headline and its terms; return where they end."""
    letters, width, top = sheet.lettering, WIDTH - 2 * _PAD, _PAD - 14
    study, (zh, en) = findings.study, headline(findings, tier)
    title = letters.text(study.title) or letters.text(study.name)
    sheet.write(title, _PAD, top, _TITLE_PX, width=width, heavy=True)
    top += _TITLE_PX * 1.45
    if letters.chinese:
        sheet.write(zh, _PAD, top, _HEADLINE_PX, width=width)
        top += _HEADLINE_PX * 1.4
    sheet.write(en, _PAD, top, TEXT_PX, width=width)
    top += TEXT_PX * 1.4
    said = letters.both(*terms(findings), " · ")
    sheet.write(said, _PAD, top, SMALL_PX, width=width, colour=FAINT)
    return top + SMALL_PX * 1.9


def _notices(sheet: Sheet, findings: Findings, top: float) -> float:
    """Write what must be said on a ground of its own; return where it ends."""
    letters = sheet.lettering
    texts = [letters.text(said, longest=5_000) for said in caveats(findings)]
    said = " · ".join(filter(None, texts))
    inner = WIDTH - 2 * _PAD - 60
    size, lines = TEXT_PX, letters.lines(said, TEXT_PX, inner, _MOST_LINES)
    if not lines:
        return top
    if len(lines) == _MOST_LINES:
        # A notice may say why a figure must not be used: small is better than cut.
        size, lines = _FINE_PX, letters.lines(said, _FINE_PX, inner, _MOST_FINE_LINES)
    band = Box(_PAD, top, WIDTH - 2 * _PAD, len(lines) * size * 1.4 + 18)
    sheet.rectangle(band, {"facecolor": "#ffe9b8"})
    sheet.rectangle(Box(band.left, top, 10, band.height), {"facecolor": "#d99000"})
    for number, line in enumerate(lines):
        sheet.write(line, _PAD + 30, top + 5 + number * size * 1.4, size, colour="#5c3a00")
    return band.bottom + 22


def _sources(sheet: Sheet, findings: Findings) -> float:
    """Write where the data is from; return where the line begins."""
    streets, top = findings.inputs.streets, HEIGHT - _PAD - 8
    stamp = f" ({streets.timestamp[:10]})" if streets.timestamp else ""
    said = f"{ATTRIBUTION}{stamp} · {findings.inputs.crs} · care-circle"
    sheet.write(said, _PAD, top, SMALL_PX, colour=FAINT)
    if not sheet.lettering.chinese:
        missing = f"No Chinese font was found: pip install {PACKAGE}"
        left = WIDTH - _PAD - sheet.lettering.width(missing, SMALL_PX)
        sheet.write(missing, left, top, SMALL_PX, colour="#a02020")
    return top - 12


def _legend(findings: Findings, tier: TierName) -> list[list[Row]]:
    """Return the rows of the legend in groups, each with a heading; those without rows left out."""
    groups = [
        _minutes_rows(findings, tier),
        _facility_rows(findings),
        _extent_rows(findings, tier),
        _ground_rows(findings),
    ]
    return [group for group in groups if len(group) > 1]


def _minutes_rows(findings: Findings, tier: TierName) -> list[Row]:
    study, ends = findings.study, bands_of(findings.study, tier)
    rows = [Row("步行时间（分钟）", f"Minutes to the nearest {TIER_NAMES_EN[tier]}")]
    for start, end in zip([0.0, *ends], ends, strict=False):
        rows.append(Row(f"{start:g}–{end:g}", line=_stroke(band_colour(end))))
    if ends[-1] < study.horizon_min:
        rows.append(Row(f"{ends[-1]:g}–{study.horizon_min:g}", line=_stroke(BEYOND)))
    return [*rows, Row("更远或走不到", "Farther, or no way", line=_stroke(UNREACHABLE))]


def _facility_rows(findings: Findings) -> list[Row]:
    rows = [Row("养老服务设施（处）", "Care facilities")]
    for tier in TIERS:
        if count := findings.summary["facilities"][tier]:
            zh, en = TIER_NAMES_ZH[tier], TIER_NAMES_EN[tier].capitalize()
            rows.append(Row(f"{zh} {count}", f"{en}: {count}", mark=mark_style(tier)))
    if not findings.facilities["snapped"].all():
        style = mark_style("community", snapped=False)
        rows.append(Row("未接入路网", "Not connected to a street", mark=style))
    return rows


def _extent_rows(findings: Findings, tier: TierName) -> list[Row]:
    minutes = f"{promise_of(findings.study, tier):g}"
    rows = [Row("范围与缺口", "Extents and gaps")]
    if (findings.gaps["tier"] == tier).any():
        style = {**GAP_RIM, "facecolor": f"{GAP}22"}
        rows.append(Row("覆盖缺口", f"Gap: not within {minutes} min", box=style))
    rows.append(Row("研究范围", "Study area", box={**BOUNDARY, "facecolor": LAND}))
    if findings.areas is not None:
        share = "老年人覆盖率" if findings.people is not None else "街道覆盖率"
        style = {**AREA, "facecolor": LAND}
        rows.append(Row(f"片区（{share}）", "Area (share covered)", box=style))
    return rows


def _ground_rows(findings: Findings) -> list[Row]:
    inputs, rows = findings.inputs, [Row("底图", "Ground")]
    if not inputs.ground.water.empty:
        rows.append(Row("水域", "Water", box={"facecolor": WATER}, brief=True))
    if not inputs.buildings.empty:
        rows.append(Row("建筑", "Buildings", box={"facecolor": BUILDING}, brief=True))
    return rows


def _stroke(colour: str) -> Style:
    return {"color": colour, "linewidth": 9, "solid_capstyle": "butt"}
