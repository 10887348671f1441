"""Groups of facilities that are asked after by name: those of a tier, those with a service."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .service_kinds import SERVICES
from .study import Study
from .study_parts import TIERS, SitingPart

if TYPE_CHECKING:
    import geopandas as gpd

ALL_GROUPS: tuple[str, ...] = (*TIERS, *SERVICES)
"""Every tier and every service."""

Groups = dict[str, NDArray[np.int64]]
"""Positions of facilities by the group's name: a tier's or a service's."""


def tier_groups(facilities: "gpd.GeoDataFrame") -> Groups:
    """Return the positions of each tier's facilities (column ``tier``)."""
    return {tier: np.flatnonzero((facilities["tier"] == tier).to_numpy()) for tier in TIERS}


def service_groups(facilities: "gpd.GeoDataFrame") -> Groups:
    """Return the positions of the facilities that offer each service, where any does.

    Parameters
    ----------
    facilities
        With the column ``services``, names with ``;`` between, empty for unknown; without the
        column no facility offers any.
    """
    offered = [set(said.split(";")) for said in said_services(facilities)]
    groups = {
        name: np.flatnonzero(np.array([name in own for own in offered], dtype=bool))
        for name in SERVICES
    }
    return {name: members for name, members in groups.items() if len(members)}


def said_services(facilities: pd.DataFrame) -> pd.Series:
    """Return what each facility says of its services, an empty text for nothing."""
    if "services" not in facilities:
        return pd.Series("", index=facilities.index, dtype=object)
    return facilities["services"].fillna("").astype(object)


def groups_of(facilities: "gpd.GeoDataFrame", study: Study) -> Groups:
    """Return the positions of every group's facilities: the tiers, then the services.

    A service counts when a facility offers it or the study names it; one that the study names and
    nobody offers has no members, as a tier without facilities has none.
    """
    named = [name for name, _ in study.services or ()]
    nobody: Groups = {name: np.zeros(0, dtype=np.int64) for name in named}
    services = {**nobody, **service_groups(facilities)}
    return {
        **tier_groups(facilities),
        **{name: services[name] for name in SERVICES if name in services},
    }


def sited_groups(asked: SitingPart) -> tuple[str, ...]:
    """Return the tiers, or the service, whose facilities siting is asked to open."""
    if asked.service is not None:
        return (asked.service,)
    return TIERS if asked.tier == "circle" else (asked.tier,)


def thresholds_of(study: Study) -> dict[str, float]:
    """Return the promised minutes of every tier and every service."""
    tiers: dict[str, float] = {name: tier.threshold_min for name, tier in study.tiers}
    return {**tiers, **study.service_threshold_min}
