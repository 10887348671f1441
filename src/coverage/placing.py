"""Changes of a study put onto its network; what cannot be done is told, all of it at once."""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .changes import Blocked, Change, Closed, Linked, LonLat, Opened, said
from .edits import Join
from .errors import UsageError
from .network import project
from .new_links import LINK_KINDS
from .service_kinds import ACCEPTED, read_services
from .snapping import Snapped
from .standing import Before, Ground, ground_after, snap_near
from .study_parts import TIERS

_PLAIN_KM = 500
"""So far a study's coordinate system tells distances."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Changes put onto the network.

    Attributes
    ----------
    closed
        The facilities that close, positions.
    ground
        The network after the change.
    opened, stand
        The facilities that open, and where they stand on it.
    """

    closed: NDArray[np.int64]
    ground: Ground
    opened: list[Opened]
    stand: Snapped


def placed(before: Before, ids: pd.Index, changes: Sequence[Change]) -> Placed:
    """Return changes put onto the network.

    Parameters
    ----------
    before
        The study without them.
    ids
        The facilities' ids.
    changes
        All changes.

    Raises
    ------
    UsageError
        Telling every change that cannot be made, and why.
    """
    problems = [
        (f"{change}: asked for {times} times.", "Once will do.")
        for change, times in Counter(map(said, changes)).items()
        if times > 1
    ]
    closed = _closed(ids, changes, problems)
    ground = _ground(before, changes, problems)
    opened = [change for change in changes if isinstance(change, Opened)]
    stand = _opened(before, ground, opened, problems)
    if problems:
        _refuse(problems)
    return Placed(closed, ground, opened, stand)


def _refuse(problems: Sequence[tuple[str, str]]) -> None:
    if len(problems) == 1:
        raise UsageError(*problems[0])
    lines = "\n".join(f"  - {what} {do}" for what, do in problems)
    raise UsageError(f"{len(problems)} problems in the changes:\n{lines}")


def _closed(
    ids: pd.Index, changes: Sequence[Change], problems: list[tuple[str, str]]
) -> NDArray[np.int64]:
    asked = [change.id for change in changes if isinstance(change, Closed)]
    for name in dict.fromkeys(asked):
        if name not in ids:
            like = {one.casefold(): one for one in ids}
            close = [like[one] for one in difflib.get_close_matches(name.casefold(), like, n=3)]
            problems.append((
                f"There is no facility '{name}'.",
                f"Is it {' or '.join(close)}?" if close else "See facilities.csv for the ids.",
            ))  # fmt: skip
    return np.flatnonzero(ids.isin(asked))


def _ground(before: Before, changes: Sequence[Change], problems: list[tuple[str, str]]) -> Ground:
    network = before.network
    ways = network.ways.index
    asked = [change.osm_id for change in changes if isinstance(change, Blocked)]
    problems += [
        (f"No way {osm_id} is walked in this study.",
         "streets in coverage.gpkg has the ids of the ways (osm_id).")
        for osm_id in dict.fromkeys(asked) if osm_id not in ways
    ]  # fmt: skip
    blocked = np.flatnonzero(ways.isin(asked)[network.way]) if asked else np.zeros(0, np.int64)
    ground = ground_after(before, blocked, [])
    links = [change for change in changes if isinstance(change, Linked)]
    if not links:
        return ground
    joins = []
    for link in links:
        name = said(link)
        if link.kind not in LINK_KINDS:
            problems.append((f"{name}: it is none of {', '.join(LINK_KINDS)}.", "Choose one."))
            continue
        xy = _xy(before, name, [link.start, link.end], problems)
        if xy is None:
            continue
        ends = snap_near(ground.patched, xy, onto=ground.usable, limit_m=before.home_limit_m)
        if not ends.found.all():
            near = f"within {before.home_limit_m:g} m of"
            for which, found, at in zip(("start", "end"), ends.found, xy, strict=True):
                if not found:
                    problems.append((f"{name}: there is no street {near} its {which}.",
                                     _whereabouts(before, at)))  # fmt: skip
            continue
        at = _at(ground, ends)
        far = float(np.hypot(*(at[1] - at[0])))
        if far == 0:
            problems.append((f"{name}: both ends are one place of a street.", "Move one of them."))
        elif link.length_m is not None and not 0 < link.length_m < np.inf:
            problems.append((f"{name}: that is no length.", "Give metres, or leave it out."))
        elif link.length_m is not None and link.length_m < far:
            problems.append((f"{name}: {link.length_m:g} m is less than the {far:.1f} m between.",
                             "Make it longer, or leave it out."))  # fmt: skip
        else:
            a, b = ends.edge.tolist()
            p, q = ends.fraction.tolist()
            joins.append(Join((a, b), (p, q), link.kind, link.length_m))
    return ground_after(before, blocked, joins)


def _at(ground: Ground, places: Snapped) -> NDArray[np.float64]:
    tail, head = (ground.patched.xy(node) for node in ground.patched.ends(places.edge))
    return np.asarray(tail + (head - tail) * places.fraction[:, None])


def _xy(
    before: Before, name: str, places: Sequence[LonLat], problems: list[tuple[str, str]]
) -> NDArray[np.float64] | None:
    lon_lat = np.array(places, dtype=float)
    # Not-a-number is no place either.
    if lon_lat.shape[1:] != (2,) or not (np.abs(lon_lat) <= [180, 90]).all():
        do = "Give longitude, latitude in degrees."
        if lon_lat.shape[1:] == (2,) and (np.abs(lon_lat[:, ::-1]) <= [180, 90]).all():
            do = "Is it latitude, longitude? Give longitude first."
        problems.append((f"{name}: that is no place.", do))
        return None
    xy = project(lon_lat, before.network.crs)
    if not np.isfinite(xy).all():
        problems.append((f"{name}: that is far outside the study area.", "Check the position."))
        return None
    return xy


def _whereabouts(before: Before, xy: NDArray[np.float64]) -> str:
    """Return what to do with a place that has no street near."""
    streets = before.network.xy
    outside = np.maximum(np.maximum(streets.min(axis=0) - xy, xy - streets.max(axis=0)), 0.0)
    far_km = float(np.hypot(*outside)) / 1000
    if far_km >= 1:
        far = f"{far_km:,.0f}" if far_km <= _PLAIN_KM else f"more than {_PLAIN_KM:,}"
        return f"It is {far} km outside the network of this study; check the position."
    return "Is it in the river? Move it."


def _opened(
    before: Before, ground: Ground, opened: Sequence[Opened], problems: list[tuple[str, str]]
) -> Snapped:
    places = []
    for change in opened:
        name = said(change)
        if change.tier not in TIERS:
            problems.append((f"{name}: it is none of the tiers.", f"Known: {', '.join(TIERS)}."))
        _, unknown = read_services(";".join(change.services))
        if unknown:
            shown = ", ".join(f"'{word}'" for word in unknown)
            problems.append((f"{name}: {shown} is no service.", f"Known: {ACCEPTED}."))
        xy = _xy(before, name, [change.lon_lat], problems)
        if xy is None:
            continue
        limit_m = before.facility_limit_m
        stand = snap_near(ground.patched, xy, onto=ground.stands, limit_m=limit_m)
        if not stand.found.all():
            problems.append((f"{name}: there is no street within {limit_m:g} m.",
                             _whereabouts(before, xy[0])))  # fmt: skip
        places.append(stand)
    kind = {one.name: np.int64 if one.name in ("edge", "component") else float
            for one in fields(Snapped)}  # fmt: skip
    return Snapped(**{
        name: np.concatenate([np.zeros(0, dtype=of), *(getattr(one, name) for one in places)])
        for name, of in kind.items()
    })  # fmt: skip
