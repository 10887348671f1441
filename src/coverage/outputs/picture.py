"""``map.png``: the study on one still picture, for a slide or a page."""

import io
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib import rc_context, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from ..findings import Findings
from ..study_parts import TIERS, TierName
from .colours import BEYOND, UNREACHABLE, band_colour
from .lettering import Lettering
from .map_words import percent
from .picture_frame import (
    AREA,
    BOUNDARY,
    BUILDING,
    GAP_INSIDE,
    GAP_RIM,
    LAND,
    OUTSIDE,
    WATER,
    draw_frame,
    lettering_for,
    mark_style,
)
from .picture_sheet import HEIGHT, INK, WIDTH, Box, Sheet, Style, halo
from .picture_words import bands_of, shown_tier

_MAJOR = ("motorway", "trunk", "primary", "secondary", "tertiary")
_STYLE = ("agg", "axes", "figure", "font", "lines", "patch", "path", "savefig", "scatter", "text")
"""Groups of matplotlib's settings that a picture depends on."""
_MARGIN = 0.03
_MOST_LABELS, _MOST_WATERS = 40, 5
_SMALLEST_NAMED = 0.002
"""Share of the map that water must take to be named."""
_LINES_AT_ONCE = 1_000
"""Lines of a path: Agg takes ever longer for longer paths, and Python for more of them."""
_LABEL_PX, _LABEL_WIDTH_PX = 27, 330


def map_png(findings: Findings) -> bytes:
    """Return the study as a picture of 2400 by 1700 pixels.

    It shows, to the nearest facility of the first tier that has any: the streets by minutes, the
    gaps and the share covered in each area; the facilities of all tiers; water and buildings as far
    as they are known; the headline, the notices and the sources. Text that no font can write is
    left out; see `coverage.outputs.lettering`.

    Returns
    -------
    png
        The same bytes for the same findings.
    """
    plain = {key: value for key, value in rcParamsDefault.items() if key.split(".")[0] in _STYLE}
    buffer = io.BytesIO()
    # A notebook may have set another style for its own figures.
    with rc_context(plain):
        # matplotlib signs pictures with its version, which is none of what was found.
        map_figure(findings).savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def map_figure(findings: Findings) -> Figure:
    """Return the picture before it is turned into bytes; one point is one pixel."""
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72, facecolor="white")
    sheet = Sheet(figure, lettering_for(findings))
    tier = shown_tier(findings)
    place, for_scale = draw_frame(sheet, findings, tier)
    axes, metres_per_px = _map_axes(figure, findings, place)
    sheet.scale(for_scale, metres_per_px)
    _draw_ground(axes, findings)
    _draw_water_names(axes, findings, sheet.lettering)
    _draw_streets(axes, findings, tier, metres_per_px)
    _draw_gaps(axes, findings, tier, metres_per_px)
    _draw_outlines(axes, findings)
    _draw_facilities(axes, findings, metres_per_px)
    _draw_labels(axes, findings, tier, sheet.lettering, metres_per_px)
    return figure


def _map_axes(figure: Figure, findings: Findings, place: Box) -> tuple[Axes, float]:
    """Return axes in metres that fill a place, and how many metres a pixel is."""
    west, south, east, north = findings.inputs.boundary.bounds
    wide, high = (max(side, 1.0) * (1 + 2 * _MARGIN) for side in (east - west, north - south))
    metres_per_px = max(wide / place.width, high / place.height)
    axes = figure.add_axes(
        (place.left / WIDTH, 1 - place.bottom / HEIGHT, place.width / WIDTH, place.height / HEIGHT),
        facecolor=OUTSIDE, xticks=(), yticks=(),
    )  # fmt: skip
    x, y = (west + east) / 2, (south + north) / 2
    axes.set_xlim(x - place.width * metres_per_px / 2, x + place.width * metres_per_px / 2)
    axes.set_ylim(y - place.height * metres_per_px / 2, y + place.height * metres_per_px / 2)
    for spine in axes.spines.values():
        spine.set_color("#9a958c")
    return axes, metres_per_px


def _draw_ground(axes: Axes, findings: Findings) -> None:
    inputs = findings.inputs
    _fill(axes, [inputs.boundary], {"facecolor": LAND}, zorder=1)
    buildings = gpd.GeoSeries(inputs.buildings.geometry).to_crs(inputs.crs)
    _fill(axes, inputs.ground.water.geometry.to_numpy(), {"facecolor": WATER}, zorder=1.5)
    lines = shapely.get_parts(inputs.ground.waterways.geometry.to_numpy())
    _stroke(axes, lines, {"edgecolor": WATER, "linewidth": 3, "zorder": 1.5})
    _fill(axes, buildings.to_numpy(), {"facecolor": BUILDING}, zorder=2)


def _draw_streets(axes: Axes, findings: Findings, tier: TierName, metres_per_px: float) -> None:
    streets = findings.streets
    ends = bands_of(findings.study, tier)
    minutes = streets[f"minutes_{tier}"].to_numpy(dtype=float)
    band = np.where(np.isnan(minutes), len(ends) + 1, np.searchsorted(ends, minutes))
    colours = np.array([*map(band_colour, ends), BEYOND, UNREACHABLE])
    kind = streets["highway"].astype(str).str.removesuffix("_link")
    px = np.where(
        kind.isin(_MAJOR), np.clip(30 / metres_per_px, 1.4, 8), np.clip(15 / metres_per_px, 0.9, 5)
    )
    parts, of = shapely.get_parts(streets.geometry.to_numpy(), return_index=True)
    # The nearest last: where streets meet, those that are covered stay whole.
    for place in range(len(colours))[::-1]:
        for wide in np.unique(px):
            lines = parts[(band[of] == place) & (px[of] == wide)]
            _stroke(axes, lines, {"edgecolor": colours[place], "linewidth": wide, "zorder": 4})


def _draw_gaps(axes: Axes, findings: Findings, tier: TierName, metres_per_px: float) -> None:
    shapes = findings.gaps.geometry[findings.gaps["tier"] == tier].to_numpy()
    _fill(axes, shapes, GAP_INSIDE, zorder=3)
    rim = {**GAP_RIM, "linewidth": np.clip(20 / metres_per_px, 1, GAP_RIM["linewidth"])}
    _fill(axes, shapes, {"facecolor": "none", **rim}, zorder=5)


def _draw_outlines(axes: Axes, findings: Findings) -> None:
    if findings.areas is not None:
        shapes = findings.areas.geometry.to_numpy()
        _fill(axes, shapes, {"facecolor": "none", **AREA}, zorder=6)
    _fill(axes, [findings.inputs.boundary], {"facecolor": "none", **BOUNDARY}, zorder=6)


def _draw_facilities(axes: Axes, findings: Findings, metres_per_px: float) -> None:
    # In a city of many districts they would lie on top of each other.
    size = float(np.clip(10 / metres_per_px, 0.5, 1))
    facilities = findings.facilities
    snapped = facilities["snapped"].to_numpy(dtype=bool)
    for tier in TIERS:
        of_tier = (facilities["tier"] == tier).to_numpy()
        for connected in (False, True):
            which = of_tier & (snapped == connected)
            x, y = shapely.get_coordinates(facilities.geometry.to_numpy()[which]).T
            axes.scatter(x, y, zorder=8, **mark_style(tier, snapped=connected, size=size))


def _draw_labels(
    axes: Axes, findings: Findings, tier: TierName, lettering: Lettering, metres_per_px: float
) -> None:
    """Write the areas' names and shares, the largest areas first, none over another.

    A label keeps clear of facilities where there is room above or below the middle of its area.
    """
    if findings.areas is None:
        return
    areas = findings.areas[~findings.areas.geometry.is_empty]
    areas = areas.iloc[np.argsort(-areas.area.to_numpy(), kind="stable")[:_MOST_LABELS]]
    column = f"share_elderly_{tier}" if f"share_elderly_{tier}" in areas else f"share_{tier}"
    marks = shapely.STRtree(findings.facilities.geometry.to_numpy())
    taken: list[shapely.Polygon] = []
    for name, shape, share in zip(areas.index, areas.geometry, areas[column], strict=True):
        title = lettering.cut(lettering.text(name), _LABEL_PX, _LABEL_WIDTH_PX)
        lines = [line for line in (title, percent(share)) if line]
        wide = max(lettering.width(line, _LABEL_PX) for line in lines) * metres_per_px
        high = len(lines) * _LABEL_PX * 1.25 * metres_per_px
        middle = shape.representative_point()
        rooms = [
            shapely.box(middle.x - wide / 2, y - high / 2, middle.x + wide / 2, y + high / 2)
            for y in (middle.y + step * high / 2 for step in (0, 1, -1, 2, -2))
        ]
        free = [room for room in rooms if not any(room.intersects(other) for other in taken)]
        if not free:
            continue
        room = min(free, key=lambda room: len(marks.query(room)))
        taken.append(room)
        written = axes.text(
            room.centroid.x, room.centroid.y, "\n".join(lines), color=INK, zorder=9,
            fontproperties=lettering.properties(_LABEL_PX), parse_math=False, ha="center",
            va="center", clip_on=True, linespacing=1.15,
        )  # fmt: skip
        halo(written)


def _draw_water_names(axes: Axes, findings: Findings, lettering: Lettering) -> None:
    """Write the names of the largest waters in sight."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    water = findings.inputs.ground.water
    named = water[water["name"] != ""]
    names = named["name"].to_numpy()
    seen = shapely.intersection(named.geometry.to_numpy(), shapely.box(west, south, east, north))
    areas = pd.Series(shapely.area(seen)).groupby(names).sum()
    worth = areas[areas > _SMALLEST_NAMED * (east - west) * (north - south)]
    for name in worth.sort_values(ascending=False, kind="stable").index[:_MOST_WATERS]:
        parts = shapely.get_parts(seen[names == name])
        place = parts[np.argmax(shapely.area(parts))].representative_point()
        axes.text(
            place.x, place.y, lettering.cut(lettering.text(name), _LABEL_PX, _LABEL_WIDTH_PX),
            fontproperties=lettering.properties(_LABEL_PX), parse_math=False, ha="center",
            va="center", color="#3f7397", zorder=2.5, clip_on=True,
        )  # fmt: skip


def _fill(
    axes: Axes, shapes: Sequence[shapely.Geometry] | NDArray[np.object_], style: Style, *,
    zorder: float,
) -> None:  # fmt: skip
    """Draw polygons, all of them as one path."""
    path = _outline(np.asarray(shapes, dtype=object))
    if path is not None:
        whole = {"edgecolor": "none", "joinstyle": "round", "zorder": zorder, **style}
        axes.add_artist(PathPatch(path, **whole))


def _outline(shapes: NDArray[np.object_]) -> Path | None:
    """Return polygons as one path; None when there is nothing to draw."""
    parts = shapely.get_parts(shapes)
    parts = parts[(shapely.get_type_id(parts) == shapely.GeometryType.POLYGON)]
    # Rims turn one way and holes the other, so that what overlaps stays filled.
    rings = shapely.get_rings(shapely.normalize(parts[~shapely.is_empty(parts)]))
    if len(rings) == 0:
        return None
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    codes = np.full(len(coordinates), Path.LINETO, dtype=Path.code_type)
    starts = np.flatnonzero(np.diff(ring, prepend=-1))
    codes[starts] = Path.MOVETO
    codes[np.append(starts[1:], len(codes)) - 1] = Path.CLOSEPOLY
    return Path(coordinates, codes)


def _stroke(axes: Axes, lines: NDArray[np.object_], style: Style) -> None:
    """Draw lines, many of them as one path."""
    round_ends: Style = {"facecolor": "none", "capstyle": "round", "joinstyle": "round", **style}
    for start in range(0, len(lines), _LINES_AT_ONCE):
        some = lines[start : start + _LINES_AT_ONCE]
        coordinates, line = shapely.get_coordinates(some, return_index=True)
        codes = np.where(np.diff(line, prepend=-1) > 0, Path.MOVETO, Path.LINETO)
        axes.add_artist(PathPatch(Path(coordinates, codes.astype(Path.code_type)), **round_ends))
