"""Walkers side by side: what each can reach, and what slope and stairs take from them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .assessment import coverage_of, pieces_inside, with_any_and_all
from .errors import UsageError
from .inputs.everything import Inputs, read_inputs
from .network import WalkingNetwork, timed
from .notebook import steps_in_notebook
from .pipeline import Progress
from .preparation import walking_network
from .reach import reach_of_each
from .snapping import snap_facilities
from .study import Study
from .study_parts import TIERS
from .walkers import PACKAGED_WALKERS, Walker


def compare_walkers(
    study: Study, names: Sequence[str], *, progress: Progress | None = None
) -> pd.DataFrame:
    """Analyse a study for several walkers.

    Parameters
    ----------
    study
        The study; its streets are read once, with the margin of the fastest of the walkers.
    names
        Packaged walkers or the study's own.
    progress
        As in `coverage.run`.

    Returns
    -------
    table
        Index: walker, in the order given. ``street_km``; for each tier, ``any`` and ``all``:
        ``covered_km_<key>``, ``share_<key>`` (of ``street_km``), and ``lost_km_<key>``: what the
        same walker would cover besides in a city without slopes, stairs and limits of grade.

    Raises
    ------
    UsageError
        Naming every walker that is not known.
    """
    known = {**PACKAGED_WALKERS, **study.walkers}
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise UsageError(
            f"Not a walker: {', '.join(unknown) or 'none is given'}.", f"Known: {', '.join(known)}."
        )
    walkers = [known[name] for name in names]
    fastest = max(walkers, key=lambda walker: walker.fastest_speed_mps)
    widest = study.model_copy(update={"walker": fastest.name})
    show = progress or steps_in_notebook()
    with show("streets and heights 街道与高程"):
        inputs = read_inputs(widest)
        network, _ = walking_network(widest, inputs)
    rows = []
    for walker in walkers:
        with show(walker.name):
            figures = _figures(study, inputs, network, walker)
            flat = _figures(study, inputs, network, walker.on_the_flat)
        for key in (*TIERS, "any", "all"):
            figures[f"lost_km_{key}"] = flat[f"covered_km_{key}"] - figures[f"covered_km_{key}"]
        rows.append(figures)
    return pd.DataFrame(rows, index=pd.Index(list(names), name="walker"))


def _figures(
    study: Study, inputs: Inputs, network: WalkingNetwork, walker: Walker
) -> dict[str, float]:
    network = timed(network, walker)
    snapped = snap_facilities(study, network, inputs.facilities)
    everyone = np.arange(len(inputs.facilities))
    reach = reach_of_each(
        network, snapped, everyone, direction=study.direction, cutoffs_min=study.cutoffs_min
    )
    of_tier = inputs.facilities["tier"].to_numpy()
    covered = with_any_and_all(
        {
            name: reach.within(tier.threshold_min, np.flatnonzero(of_tier == name))
            for name, tier in study.tiers
        }
    )
    return coverage_of(network, pieces_inside(network, inputs.boundary), covered)
