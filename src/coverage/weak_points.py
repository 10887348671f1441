"""What the questions about lines ask of an analysis."""

import numpy as np

from .circle import snap_homes
from .errors import UsageError
from .findings import Findings
from .passing import Access
from .snapping import snap_facilities
from .study import Study
from .study_parts import TIERS


def require_population(study: Study) -> None:
    """Refuse a study that does not say where people live.

    Raises
    ------
    UsageError
        When it does not.
    """
    if study.population is None:
        raise UsageError(
            f"The study '{study.name}' does not say where people live, and so not whose walks a "
            "street carries. Add [population] to it, or give --population FILE."
        )


def access_of(findings: Findings) -> Access:
    """Return who walks where in an analysis.

    Raises
    ------
    UsageError
        When the study does not say where people live.
    """
    study, network, people = findings.study, findings.network, findings.people
    if people is None or study.population is None:
        require_population(study.model_copy(update={"population": None}))
        raise AssertionError("a study without people is refused")
    homes = people.homes
    tier = findings.facilities["tier"]
    return Access(
        network=network,
        facilities=snap_facilities(study, network, findings.facilities),
        homes=snap_homes(network, homes, limit_m=study.population.snap_limit_m),
        elderly=homes["elderly"].to_numpy(float),
        links=people.links,
        tiers={name: np.flatnonzero((tier == name).to_numpy()) for name in TIERS},
        thresholds_min={name: part.threshold_min for name, part in study.tiers},
        direction=study.direction,
        horizon_min=study.horizon_min,
    )
