"""What if: a study after some changes, by repairing only what they touch.

Changes are a set, not a sequence: ways are closed first, links are added then, and facilities stand
on the streets that come of it.
"""

import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .assessment import OUTSIDE_AREAS
from .cards import card, datum, line, notices, table
from .changes import Blocked, Change, Closed, Linked, LonLat, Opened, said
from .circle import area_of, doors_of, minutes_columns
from .errors import UsageError
from .findings import Findings
from .groups import service_groups, thresholds_of, tier_groups
from .new_links import LinkKind
from .people import People
from .placing import Placed, placed
from .repair import After, repair
from .service_kinds import SERVICES
from .standing import Before, standing
from .streets_after import street_change_m
from .study_parts import TIERS, TierName
from .whatif_services import service_columns, services_after

_CHANGES = pd.CategoricalDtype(["", "gained", "lost"])


@dataclass(frozen=True, slots=True, repr=False)
class WhatIf:
    """A study after some changes; every method returns another one with one change more.

    Attributes
    ----------
    findings
        What was found without the changes.
    changes
        The changes.
    homes
        `coverage.people.People.homes` after the changes: ``elderly``, ``population``, for each tier
        ``minutes_<tier>``, ``to_…``, ``back_…``, ``nearest_…``, ``covered_…`` and ``change_<tier>``
        (also ``change_any`` and ``change_all``): ``gained``, ``lost`` or empty. For each service
        that some facility offers, before or after, the same without ``to_…`` and ``back_…``.
    figures
        Index: tier, ``any``, ``all``, service. Elderly people covered ``before`` and ``after``, and
        those who ``gained`` and ``lost`` it.
    searched
        Facilities and homes that were searched for anew.
    """

    findings: Findings
    changes: tuple[Change, ...]
    homes: gpd.GeoDataFrame
    figures: pd.DataFrame
    searched: int

    def with_facility(
        self, lon_lat: LonLat, tier: TierName = "community", *, services: Sequence[str] = ()
    ) -> "WhatIf":
        """Open a facility; see `coverage.changes.Opened`."""
        return what_if(self.findings, [*self.changes, opening(lon_lat, tier, services)])

    def without(self, facility_id: str) -> "WhatIf":
        """Close a facility."""
        return what_if(self.findings, [*self.changes, Closed(facility_id)])

    def with_link(
        self, start: LonLat, end: LonLat, kind: LinkKind = "lift", *, length_m: float | None = None
    ) -> "WhatIf":
        """Build a lift, escalator, bridge or footway; see `coverage.changes.Linked`."""
        return what_if(self.findings, [*self.changes, Linked(start, end, kind, length_m)])

    def without_way(self, osm_id: int) -> "WhatIf":
        """Close a way."""
        return what_if(self.findings, [*self.changes, Blocked(osm_id)])

    @property
    def changed(self) -> gpd.GeoDataFrame:
        """The homes that gained or lost a tier, any or all, or a service."""
        some = np.zeros(len(self.homes), dtype=bool)
        for key in self.figures.index:
            some |= (self.homes[f"change_{key}"] != "").to_numpy()
        return self.homes[some]

    def street_km(self) -> pd.DataFrame:
        """Return kilometres of street of the study area within each tier's minutes.

        They are worked out whenever they are asked for, which takes longer than the people do.

        Returns
        -------
        street_km
            Index: tier, ``any``, ``all``. Kilometres ``before`` and ``after`` the changes, and
            those ``gained`` and ``lost``. A new link is street like any other.
        """
        study, people, streets = self.findings.study, self.findings.people, self.findings.streets
        if people is None:
            raise AssertionError("there is no what-if without people")
        before = _before(self.findings, people)
        done = placed(before, self.findings.facilities.index.astype(str), self.changes)
        tiers = tier_groups(self.findings.facilities)
        change_m = street_change_m(
            before, done, _members(tiers, done, len(before.snapped.edge)), tiers,
            {name: tier.threshold_min for name, tier in study.tiers}, self.findings.inputs.boundary,
        )  # fmt: skip
        length_m = streets["length_m"].to_numpy(float)
        rows = {}
        for key, (gained_m, lost_m) in change_m.items():
            covered_m = float((streets[f"covered_{key}"].to_numpy(float) * length_m).sum())
            metres = covered_m, covered_m + gained_m - lost_m, gained_m, lost_m
            rows[key] = [value / 1000 for value in metres]
        names = ["before", "after", "gained", "lost"]
        found = pd.DataFrame.from_dict(rows, orient="index", columns=names)
        return found.rename_axis("tier")

    @property
    def by_area(self) -> pd.DataFrame | None:
        """Elderly people by area (index): ``<key>_before``, ``_after``, ``_gained``, ``_lost``.

        None where the study names no areas. Homes in no area come last, where there are any.
        """
        areas = self.findings.inputs.areas
        if areas is None:
            return None
        of = area_of(self.homes, areas)
        names = [*areas.index, *([OUTSIDE_AREAS] if (of == len(areas)).any() or (of < 0).any()
                                 else [])]  # fmt: skip
        at = np.where((of < 0) | (of >= len(areas)), len(areas), of)
        columns = {}
        for key, masks in _masks(self.homes, self.figures.index).items():
            for name, mask in masks.items():
                weight = np.where(mask, self.homes["elderly"].to_numpy(float), 0.0)
                columns[f"{key}_{name}"] = np.bincount(at, weight, len(areas) + 1)[: len(names)]
        return pd.DataFrame(columns, index=pd.Index(names, name="area"))

    def __repr__(self) -> str:
        gained = ", ".join(f"{key} {row.gained:+,.0f} {-row.lost:+,.0f}"
                           for key, row in self.figures.iterrows())  # fmt: skip
        return f"<WhatIf {len(self.changes)} changes: {gained}>"

    def _repr_html_(self) -> str:
        """Return the figures as Jupyter shows them."""
        heads = [("层级", "Tier"), ("之前", "Before"), ("之后", "After"), ("增加", "Gained"),
                 ("失去", "Lost")]  # fmt: skip
        rows = [[str(key), *(f"{value:,.0f}" for value in row)]
                for key, row in self.figures.iterrows()]  # fmt: skip
        words = [line(datum(said(change)), small=True) for change in self.changes]
        return card(
            "如果……会怎样 What if: 覆盖的老年人 elderly people covered",
            notices(self.findings.study.notices), *words, table(heads, rows),
        )  # fmt: skip


def what_if(findings: Findings, changes: Iterable[Change]) -> WhatIf:
    """Return a study after some changes.

    Parameters
    ----------
    findings
        What `coverage.run` found.
    changes
        All changes.

    Raises
    ------
    UsageError
        Telling every change that cannot be made, and why; or that the study does not say where
        people live.
    """
    changes = tuple(changes)
    people = findings.people
    if people is None:
        raise UsageError(
            "The study does not say where people live, so nobody can gain or lose.",
            "Give it a [population] file.",
        )
    before = _before(findings, people)
    to_do = placed(before, findings.facilities.index.astype(str), changes)
    after = repair(before, to_do.ground, to_do.stand, to_do.closed)
    homes = _homes(findings, people, after, to_do.opened, to_do.closed)
    keys = [name.removeprefix("change_") for name in homes if name.startswith("change_")]
    return WhatIf(findings, changes, homes, _figures(homes, keys), after.searched)


def opening(lon_lat: LonLat, tier: TierName, services: Sequence[str]) -> Opened:
    """Return the opening of a facility that offers services; one is taken as several are."""
    return Opened(lon_lat, tier, (services,) if isinstance(services, str) else tuple(services))


_known: dict[int, Before] = {}
"""What `_before` found for the findings that are still in use, by their identity."""


def _before(findings: Findings, people: People) -> Before:
    known = _known.get(id(findings))
    if known is None:
        known = _known[id(findings)] = prepared(findings, people)
        weakref.finalize(findings, _known.pop, id(findings))
    return known


def prepared(findings: Findings, people: People) -> Before:
    """Return what changes of a study are compared with."""
    study, network = findings.study, findings.network
    groups = {**tier_groups(findings.facilities), **service_groups(findings.facilities)}
    return standing(
        network,
        doors=doors_of(people.demand.points, network.crs),
        facility_xy=shapely.get_coordinates(findings.inputs.facilities.geometry.to_numpy()),
        groups=tuple(groups.values()),
        links=people.links,
        direction=study.direction,
        horizon_min=study.horizon_min,
        home_limit_m=study.home_limit_m,
        facility_limit_m=study.facilities.snap_limit_m,
        anywhere=study.network.rules != "pedestrian",
        places=people.places,
    )


def _homes(
    findings: Findings, people: People, after: After, opened: Sequence[Opened],
    closed: NDArray[np.int64],
) -> gpd.GeoDataFrame:  # fmt: skip
    """Return the homes with what changed, and whether it gained or lost them a tier or service."""
    ids = findings.facilities.index.astype(str).to_numpy(object)
    names = np.concatenate([ids, _new_ids(ids, len(opened))])
    tier_of = np.concatenate(
        [findings.facilities["tier"].to_numpy(object), [change.tier for change in opened]]
    )
    kept = np.ones(len(names), dtype=bool)
    kept[closed] = False
    groups: dict[str, NDArray[np.int64]] = {
        tier: np.flatnonzero((tier_of == tier) & kept) for tier in TIERS
    }
    services = services_after(findings, opened, kept)
    some = minutes_columns(
        after.places, after.links, groups | services, thresholds_of(findings.study), names
    )
    old = people.homes
    before = {str(name): old[name].to_numpy() for name in old if name in some}
    before |= service_columns(findings, len(old), services)
    new: dict[str, Any] = {str(name): old[name] for name in people.demand.points.columns}
    for name, values in before.items():
        new[name] = values.copy()
        new[name][after.homes] = some[name]
    was, now = (_reached(homes, services) for homes in (before, new))
    for key in now:
        gained, lost = now[key] & ~was[key], was[key] & ~now[key]
        new[f"change_{key}"] = pd.Categorical.from_codes(gained + 2 * lost, dtype=_CHANGES)
    return gpd.GeoDataFrame(new, index=old.index, geometry="geometry", crs=old.crs)


def _members(
    tiers: Mapping[str, NDArray[np.int64]], done: Placed, count: int
) -> dict[str, NDArray[np.int64]]:
    """Return each tier's facilities after the changes; new ones follow the `count` of before."""
    opened = np.array([change.tier for change in done.opened], dtype=object)
    stay = {tier: np.setdiff1d(own, done.closed) for tier, own in tiers.items()}
    return {
        tier: np.concatenate([own, count + np.flatnonzero(opened == tier)])
        for tier, own in stay.items()
    }


def _new_ids(ids: NDArray[np.object_], count: int) -> NDArray[np.object_]:
    """Return ids for new facilities: new-1, new-2 …, those that are free."""
    free = (f"new-{k}" for k in range(1, len(ids) + count + 1) if f"new-{k}" not in set(ids))
    return np.array([name for name, _ in zip(free, range(count), strict=False)], dtype=object)


def _reached(
    homes: Mapping[str, Any] | pd.DataFrame, services: Iterable[str]
) -> dict[str, NDArray[np.bool_]]:
    """Return which homes each tier, any, all and each service cover."""
    covered: dict[str, NDArray[np.bool_]] = {
        tier: np.asarray(homes[f"covered_{tier}"], dtype=bool) for tier in TIERS
    }
    stack = np.stack(list(covered.values()))
    covered["any"] = np.asarray(stack.any(axis=0))
    covered["all"] = np.asarray(stack.all(axis=0))
    for name in services:
        covered[name] = np.asarray(homes[f"covered_{name}"], dtype=bool)
    return covered


def _masks(homes: pd.DataFrame, keys: Iterable[str]) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Return for each key which homes were and are covered, and which gained and lost it."""
    found = {}
    services = [key for key in keys if key in SERVICES]
    for key, now in _reached(homes, services).items():
        change = homes[f"change_{key}"]
        gained, lost = (change == "gained").to_numpy(), (change == "lost").to_numpy()
        found[key] = {"before": now & ~gained | lost, "after": now, "gained": gained, "lost": lost}
    return found


def _figures(homes: pd.DataFrame, keys: Iterable[str]) -> pd.DataFrame:
    elderly = homes["elderly"].to_numpy(float)
    rows = {
        key: {name: float(elderly[mask].sum()) for name, mask in masks.items()}
        for key, masks in _masks(homes, keys).items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("tier")
