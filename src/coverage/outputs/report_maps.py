"""Little maps of the report: streets by minutes, the gap, the facility that is nearest.

Shapes are whole tenths of a unit, simplified to what the size of the picture can show.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from ..findings import Findings
from ..groups import service_groups
from ..service_kinds import ServiceName
from ..study_parts import BANDS_MIN, TierName
from .colours import BEYOND, GAP, PLAIN, PROPOSAL, TIER_COLOURS, UNREACHABLE, band_colour
from .map_words import plain
from .report_svg import number, picture
from .report_words import Markup, Words, promised

_CARD = (320.0, 214.0)
_WHOLE_WIDTH, _WHOLE_HEIGHT = 940.0, 620.0
_SMALLEST_M = 450.0
"""A card shows at least so much ground from west to east, metres."""
_MOST_POINTS = 6_000
"""Of streets, and as many of buildings, on a card; the whole study has four times as many."""
_LEAST_HOUSE = 3.0
"""A building is drawn from this size on, square units."""
_STEPS_M = (50, 100, 200, 250, 500, 1_000, 2_000, 2_500, 5_000, 10_000, 20_000)
_UNITS = 10
"""Whole coordinates are tenths of a unit."""
_MOST_NAMED = 40
_GAPS = f'fill="{GAP}" fill-opacity=".16" stroke="{GAP}" stroke-width="18"'


@dataclass(frozen=True)
class Ground:
    """What lies under every little map of one tier, in the network's coordinate system.

    Of a service, if one is named, the facilities that offer it and its gaps are shown instead;
    minutes along streets are known by tier alone, and its streets bear none.
    """

    findings: Findings
    tier: TierName
    service: ServiceName | None = None

    @cached_property
    def buildings(self) -> NDArray[np.object_]:
        """The buildings, as polygons."""
        frame = self.findings.inputs.buildings
        if frame.empty:
            return np.zeros(0, dtype=object)
        shapes = frame.geometry.to_crs(self.findings.network.crs).to_numpy()
        return np.asarray(shapes[~shapely.is_empty(shapes)], dtype=object)

    @cached_property
    def sizes(self) -> NDArray[np.float64]:
        """The area of each building, square metres."""
        return np.asarray(shapely.area(self.buildings))

    @cached_property
    def water(self) -> NDArray[np.object_]:
        """The water, as polygons."""
        frame = self.findings.inputs.ground.water
        return np.asarray(frame.geometry.to_numpy(), dtype=object)

    @cached_property
    def streets(self) -> NDArray[np.object_]:
        """The streets, as lines."""
        return np.asarray(self.findings.streets.geometry.to_numpy(), dtype=object)

    @cached_property
    def colours(self) -> NDArray[np.object_]:
        """The colour of each street."""
        if self.service is not None:
            return np.full(len(self.streets), PLAIN, dtype=object)
        walked = self.findings.streets[f"minutes_{self.tier}"].to_numpy(float)
        ends, colours = street_classes(self.findings, self.tier)
        place = np.where(np.isnan(walked), len(ends) + 1, np.searchsorted(ends, walked))
        return np.array(colours, dtype=object)[place]

    @cached_property
    def classes(self) -> list[str]:
        """The colours of streets, those of the shortest walks first."""
        return [PLAIN] if self.service else street_classes(self.findings, self.tier)[1]

    @cached_property
    def shown(self) -> NDArray[np.bool_]:
        """Which of the facilities are shown."""
        facilities = self.findings.facilities
        if self.service is None:
            return np.asarray(facilities["tier"] == self.tier, dtype=bool)
        shown = np.zeros(len(facilities), dtype=bool)
        shown[service_groups(facilities).get(self.service, [])] = True
        return shown

    @cached_property
    def gaps(self) -> list[shapely.Geometry]:
        """The gaps of the service; none are shown of a tier, whose streets tell as much."""
        services = self.findings.services
        if self.service is None or services is None:
            return []
        return list(services.gaps.geometry[services.gaps["service"] == self.service])


def street_classes(findings: Findings, tier: TierName) -> tuple[list[float], list[str]]:
    """Return the ends of the classes within the promise, and their colours; then beyond, no way."""
    limit = promised(findings.study)[tier]
    ends = sorted({limit, *(float(end) for end in BANDS_MIN if end < limit)})
    return ends, [*map(band_colour, ends), BEYOND, UNREACHABLE]


@dataclass(frozen=True, slots=True)
class _View:
    """A window on the ground: metres to units, north up."""

    west: float
    north: float
    scale: float
    width: float
    height: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        return (
            self.west, self.north - self.height / self.scale,
            self.west + self.width / self.scale, self.north,
        )  # fmt: skip

    def units(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return (xy - (self.west, self.north)) * (self.scale, -self.scale)


def _window(bounds: Sequence[float], width: float, height: float, margin: float) -> _View:
    west, south, east, north = bounds
    span = max((east - west) / width, (north - south) / height) * (1 + 2 * margin)
    span = max(span, _SMALLEST_M / width)
    middle = ((west + east) / 2, (south + north) / 2)
    return _View(
        west=middle[0] - span * width / 2, north=middle[1] + span * height / 2, scale=1 / span,
        width=width, height=height,
    )  # fmt: skip


def gap_map(ground: Ground, name: str, shape: shapely.Geometry, nearest: str) -> Markup:
    """Return the map of one gap: the streets around by minutes, the gap, the nearest facility.

    Parameters
    ----------
    ground
        What lies under it.
    name
        Of its card in the page.
    shape
        The gap.
    nearest
        The id of the facility that is nearest, empty for none.
    """
    width, height = _CARD
    facilities = ground.findings.facilities
    bounds = np.array(shapely.bounds(shape))
    place = facilities.geometry.get(nearest)
    if place is not None:
        span = max(bounds[2] - bounds[0], (bounds[3] - bounds[1]) * width / height, _SMALLEST_M)
        whole = np.array(shapely.bounds(shapely.union(shapely.box(*bounds), place)))
        # A facility that is far off is pointed at, so that the gap stays large enough to be read.
        if max(whole[2] - whole[0], (whole[3] - whole[1]) * width / height) <= 2.0 * span:
            bounds = whole
    view = _window(tuple(bounds), width, height, 0.12)
    parts = [
        *_background(ground, view, wide=2.0, most=_MOST_POINTS),
        _shape(view, [shape], f'fill="{GAP}" fill-opacity=".13" stroke="{GAP}" '
                              'stroke-width="22" stroke-dasharray="60 34"'),
        *_facilities(ground, view, facilities, nearest),
        *_frame(view),
    ]  # fmt: skip
    return _map(name, view, parts, "gap-map")


def overview_map(ground: Ground, shapes: Sequence[shapely.Geometry]) -> Markup:
    """Return the map of the whole study area with its streets by minutes and its numbered gaps."""
    view = whole_view(ground)
    marks = [_badge(view, shape, place) for place, shape in enumerate(shapes, start=1)]
    return whole_map(ground, view, "overview", _shape(view, shapes, _GAPS), marks)


def proposals_map(ground: Ground, proposals: gpd.GeoDataFrame) -> Markup:
    """Return the map of the whole study area with its streets by minutes and its proposals.

    Of a service its gaps are shown in place of the minutes.
    """
    view = whole_view(ground)
    xy = shapely.get_coordinates(proposals.geometry.to_numpy())
    spots = view.units(xy).tolist()
    # The first to open lies on top.
    marks = [_diamond(x, y, turn) for turn, (x, y) in zip(proposals.index, spots, strict=True)]
    below = _shape(view, ground.gaps, _GAPS)
    return whole_map(ground, view, "next", below, marks[::-1])


def whole_view(ground: Ground) -> _View:
    """Return the window on the whole study area."""
    west, south, east, north = shapely.bounds(ground.findings.inputs.boundary)
    ratio = (north - south) / max(east - west, 1.0)
    width = min(_WHOLE_WIDTH, _WHOLE_HEIGHT / max(ratio, 1e-6))
    return _window((west, south, east, north), _WHOLE_WIDTH, max(width * ratio, 240.0), 0.02)


def whole_map(ground: Ground, view: _View, name: str, below: str, marks: Sequence[str]) -> Markup:
    """Return the map of the whole study area with what lies below its facilities and above."""
    findings = ground.findings
    areas = [] if findings.areas is None else [
        shape for shape in findings.areas.geometry if not shape.is_empty
    ]  # fmt: skip
    outline = 'fill="none" stroke="#33302c" stroke-width="18"'
    parts = [
        *_background(ground, view, wide=1.5, most=4 * _MOST_POINTS),
        _shape(view, areas, 'fill="none" stroke="#8b857b" stroke-width="9"'),
        _shape(view, [findings.inputs.boundary], outline),
        below,
        *_area_names(findings.areas, view),
        *_facilities(ground, view, findings.facilities, None),
        *marks,
        *_frame(view),
    ]
    return _map(name, view, parts, "overview-map")


def _map(name: str, view: _View, parts: Iterable[str], kind: str) -> Markup:
    ground = f'<rect width="{number(view.width)}" height="{number(view.height)}" fill="#fbf9f4"/>'
    return picture(name, view.height, [ground, *parts], width=view.width, kind=kind)


def _background(ground: Ground, view: _View, *, wide: float, most: int) -> list[str]:
    # What is too small as a whole need not be cut first.
    seen = np.flatnonzero(ground.sizes * view.scale**2 >= _LEAST_HOUSE)
    houses = _inside(view, ground.buildings[seen], seen)[0]
    houses = houses[shapely.area(houses) * view.scale**2 >= _LEAST_HOUSE]
    order = np.argsort(-shapely.area(houses), kind="stable")
    water = _inside(view, ground.water, np.arange(len(ground.water)))[0]
    drawn = [
        _shape(view, _affordable(view, water, 0.8, most), 'fill="#d3e2ec"'),
        _shape(view, _affordable(view, houses[order], 0.8, most), 'fill="#e7e2d8"'),
    ]
    lines, which = _inside(view, ground.streets, np.arange(len(ground.streets)))
    # Long streets carry a map; the short go first where there are too many.
    order = np.argsort(-shapely.length(lines), kind="stable")
    lines, which = lines[order], which[order]
    lines = np.array(_affordable(view, lines, 0.5, most), dtype=object)
    which = which[: len(lines)]
    stairs = (ground.findings.streets["highway"] == "steps").to_numpy(bool)[which]
    for colour in reversed(ground.classes):
        for flight in (False, True):
            chosen = lines[(ground.colours[which] == colour) & (stairs == flight)]
            style = f'fill="none" stroke="{colour}" stroke-width="{wide * 10:g}"'
            dashed = ' stroke-dasharray="12 9"' if flight else ""
            drawn.append(_shape(view, chosen, f"{style}{dashed}"))
    return drawn


def _inside(
    view: _View, shapes: NDArray[np.object_], places: NDArray[np.int64]
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return what of the shapes lies in the window, and their places."""
    window = shapely.box(*view.box)
    near = np.flatnonzero(shapely.intersects(shapes, window))
    cut, bounds = shapes[near], shapely.bounds(shapes[near])
    west, south, east, north = view.box
    over = (bounds[:, :2] <= (west, south)).any(axis=1) | (bounds[:, 2:] >= (east, north)).any(
        axis=1
    )
    cut[over] = shapely.clip_by_rect(cut[over], west, south, east, north)
    real = ~shapely.is_empty(cut)
    return cut[real], places[near[real]]


def _affordable(
    view: _View, shapes: NDArray[np.object_], tolerance: float, most: int
) -> NDArray[np.object_]:
    """Return the shapes as coarse as the picture allows, the first where it holds no more."""
    # Each has two points at least.
    coarse = shapely.simplify(shapes[: most // 2 + 1], tolerance / view.scale)
    points = np.cumsum(shapely.get_num_coordinates(coarse))
    return np.asarray(coarse[: int(np.searchsorted(points, most, side="right"))])


def _shape(view: _View, shapes: Iterable[shapely.Geometry], style: str) -> str:
    """Return shapes as one path in whole tenths of a unit: where each starts, then its steps."""
    parts = shapely.get_parts(np.asarray(list(shapes), dtype=object))
    kind = shapely.get_type_id(parts)
    path = _path(view, parts[kind == 1], "") + _path(view, shapely.get_rings(parts[kind == 3]), "z")
    return f'<path transform="scale(.1)" d="{path}" {style}/>' if path else ""


def _path(view: _View, lines: NDArray[np.object_], end: str) -> str:
    xy, of = shapely.get_coordinates(lines, return_index=True)
    points = np.rint(view.units(xy) * _UNITS).astype(np.int64)
    drawn = []
    for line in np.split(points, np.flatnonzero(np.diff(of)) + 1):
        steps = line[1:] - line[:-1]
        steps = steps[(steps != 0).any(axis=1)]
        if len(steps):
            # What closes a ring says the last step itself.
            tail = " ".join(f"{x} {y}" for x, y in steps[: -1 if end else None].tolist())
            drawn.append(f"M{line[0][0]} {line[0][1]}l{tail.replace(' -', '-')}{end}")
    return "".join(drawn)


def _facilities(
    ground: Ground, view: _View, facilities: gpd.GeoDataFrame, nearest: str | None
) -> list[str]:
    """Return the facilities shown in the window; the nearest with its name, or an arrow to it."""
    colours = facilities["tier"].map(TIER_COLOURS).to_numpy(object)
    places = view.units(shapely.get_coordinates(facilities.geometry.to_numpy()))
    here = np.all((places >= 0) & (places <= (view.width, view.height)), axis=1)
    others = np.flatnonzero(here & ground.shown & (facilities.index != nearest))
    small = 3.4 if nearest is None else 5.0
    drawn = [
        _pin(x, y, small, colour)
        for (x, y), colour in zip(places[others].tolist(), colours[others], strict=True)
    ]
    for place in np.flatnonzero(facilities.index == nearest):
        (x, y), colour = places[place].tolist(), colours[place]
        if here[place]:
            name = plain(facilities["name"].iloc[place], longest=14)
            drawn += [_pin(x, y, 7.0, colour), *_label(view, x, y, name)]
        else:
            drawn.append(_arrow(view, x, y, colour))
    return drawn


def _pin(x: float, y: float, radius: float, colour: str) -> str:
    return (
        f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{colour}" '
        'stroke="#fff" stroke-width="1.4"/>'
    )


def _label(view: _View, x: float, y: float, name: str) -> list[str]:
    if not name:
        return []
    # On the side where there is room.
    left = x > view.width * 0.6
    anchor, at = ("end", x - 12) if left else ("start", x + 12)
    below = y < 24
    return [
        f'<text x="{number(at)}" y="{number(y + 15 if below else y - 6)}" class="place" '
        f'text-anchor="{anchor}">{escape(name)}</text>'
    ]


def _arrow(view: _View, x: float, y: float, colour: str) -> str:
    """Return a triangle at the rim that points to a place beyond it."""
    middle = np.array([view.width / 2, view.height / 2])
    way = np.array([x, y]) - middle
    reach = min((half - 12) / max(abs(step), 1e-9) for half, step in zip(middle, way, strict=True))
    tip = middle + way * reach
    angle = np.degrees(np.arctan2(way[1], way[0]))
    return (
        f'<path d="M9 0L-8-8V8z" fill="{colour}" stroke="#fff" stroke-width="1.4" '
        f'transform="translate({number(tip[0])} {number(tip[1])})rotate({angle:.0f})"/>'
    )


def _badge(view: _View, shape: shapely.Geometry, rank: int) -> str:
    parts = shapely.get_parts(shape)
    largest = parts[int(np.argmax(shapely.area(parts)))]
    spot = shapely.get_coordinates(shapely.point_on_surface(largest))
    x, y = view.units(spot)[0]
    return (
        f'<circle cx="{number(x)}" cy="{number(y)}" r="10" fill="#fff" stroke="{GAP}" '
        f'stroke-width="2"/><text x="{number(x)}" y="{number(y + 4.4)}" class="rank">{rank}</text>'
    )


def _diamond(x: float, y: float, turn: int) -> str:
    return (
        f'<path d="M0-14L14 0 0 14-14 0z" transform="translate({number(x)} {number(y)})" '
        f'fill="{PROPOSAL}" stroke="#fff" stroke-width="2"/>'
        f'<text x="{number(x)}" y="{number(y + 4.4)}" class="rank turn">{turn}</text>'
    )


def _area_names(areas: gpd.GeoDataFrame | None, view: _View) -> list[str]:
    if areas is None or len(areas) > _MOST_NAMED:
        return []
    shown = areas[~areas.geometry.is_empty]
    spots = view.units(shapely.get_coordinates(shown.geometry.representative_point().to_numpy()))
    return [
        f'<text x="{number(x)}" y="{number(y)}" class="area" text-anchor="middle">'
        f"{escape(plain(name, longest=12))}</text>"
        for name, (x, y) in zip(shown.index, spots.tolist(), strict=True)
    ]


def _frame(view: _View) -> list[str]:
    """Return the scale bar and the arrow to the north."""
    metres = max((m for m in _STEPS_M if m * view.scale <= view.width * 0.24), default=_STEPS_M[0])
    long, x, y = metres * view.scale, 10.0, view.height - 10
    said = (
        Words(f"{metres / 1000:g} 公里", f"{metres / 1000:g} km")
        if metres >= 1000
        else Words(f"{metres} 米", f"{metres} m")
    )
    north = f"translate({number(view.width - 16)} 16)"
    return [
        f'<rect x=".5" y=".5" width="{number(view.width - 1)}" height="{number(view.height - 1)}" '
        'fill="none" stroke="#d9d4ca"/>',
        f'<path class="scale" d="M{number(x)} {number(y - 4)}v4h{number(long)}v-4"/>',
        f'<text x="{number(x)}" y="{number(y - 8)}" class="place">{said.svg}</text>',
        f'<g transform="{north}"><path d="M0-10L5 5 0 2-5 5z" fill="#33302c" stroke="#fff"/>'
        f'<text y="17" class="place" text-anchor="middle">{Words("北", "N").svg}</text></g>',
    ]
