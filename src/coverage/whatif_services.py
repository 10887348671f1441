"""What a what-if has to say of services: who offers them after it, and whom they served before."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .changes import Opened
from .findings import Findings
from .groups import service_groups
from .service_kinds import SERVICES, read_services


def services_after(
    findings: Findings, opened: Sequence[Opened], kept: NDArray[np.bool_]
) -> dict[str, NDArray[np.int64]]:
    """Return who offers each service that somebody offers before or after: positions of those."""
    known = service_groups(findings.facilities)
    offers = [read_services(";".join(change.services))[0] for change in opened]
    first, found = len(findings.facilities), {}
    for name in SERVICES:
        new = [first + at for at, own in enumerate(offers) if name in own]
        if name in known or new:
            members = np.append(known.get(name, []), new).astype(np.int64)
            found[str(name)] = members[kept[members]]
    return found


def service_columns(
    findings: Findings, count: int, services: Iterable[str]
) -> dict[str, NDArray[Any]]:
    """Return what homes had of services before the changes; nothing of one that nobody offered.

    Returns
    -------
    columns
        Shape (count,): ``minutes_<service>``, ``nearest_<service>`` (id) and
        ``covered_<service>``, as in `coverage.by_service.Services.homes`.
    """
    columns: dict[str, NDArray[Any]] = {}
    known = None if findings.services is None else findings.services.homes
    nothing: dict[str, Any] = {"minutes": np.nan, "nearest": "", "covered": False}
    kinds: dict[str, Any] = {"minutes": float, "nearest": object, "covered": bool}
    for name in services:
        for what, value in nothing.items():
            column = f"{what}_{name}"
            columns[column] = (
                known[column].to_numpy()
                if known is not None and column in known
                else np.full(count, value, dtype=kinds[what])
            )
    return columns
