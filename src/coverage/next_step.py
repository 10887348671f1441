"""The last step of an analysis: what should be done next, where its study asks for it."""

from typing import Any

import shapely

from .findings import Findings
from .load_bearing import losses
from .passing import passing
from .proposals import Proposals, propose
from .shortcuts import shortcuts
from .weak_points import access_of
from .where_next import WhereNext
from .zones_ranked import rank_zones


def where_next(findings: Findings, *, excluded: shapely.Geometry | None) -> WhereNext:
    """Return where to open next, and what the lines of the network decide.

    Parameters
    ----------
    findings
        The analysis of a study with people and a ``[siting]`` table.
    excluded
        Where nothing may open, in the network's coordinate system.

    Raises
    ------
    UsageError, InputError
        As `coverage.proposals.propose`.
    """
    study, people = findings.study, findings.people
    found = propose(findings, excluded=excluded)
    access = access_of(findings)
    links = places = zones = None
    if study.siting is not None and study.siting.lines:
        ask = passing(access)
        # The outputs call every line by a name: one without has that of the street nearest to it.
        links, places = losses(ask), shortcuts(ask)
        links = links.assign(name=links["name"].where(links["name"] != "", links["near"]))
        links = links[["name", "kind", "length_m", "elderly_lost", "geometry"]]
        places = places.assign(name=places["near"])
        places = places[["name", "kind", "length_m", "elderly_gained", "geometry"]]
    if findings.inputs.zones is not None and people is not None:
        zones = rank_zones(
            access, people.homes, findings.inputs.zones, found.table,
            snap_limit_m=study.facilities.snap_limit_m,
        )  # fmt: skip
    return WhereNext(found.table, _figures(found), links, places, zones)


def _figures(found: Proposals) -> dict[str, Any]:
    choice = found.choice
    return {
        "tier": found.asked.tier,
        "objective": found.asked.objective,
        "status": choice.status,
        "gap": float(choice.gap),
        "elderly_covered_before": found.covered_before,
        "elderly_covered_after": found.covered_after,
        "elderly_covered_greedy": found.covered_greedy,
        "elderly_uncoverable": found.uncoverable,
        "candidates_not_usable": [str(name) for name in found.not_usable.index],
    }
