"""The pace of a link that is not built yet: a lift, a pair of escalators, a bridge, a footway."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .features import level_streets
from .pace import ESCALATOR, LIFT, STREET, EdgeFeatures, edge_seconds
from .walkers import Walker

LinkKind = Literal["lift", "escalator", "bridge", "footway"]
LINK_PACES: dict[LinkKind, int] = {
    "lift": LIFT, "escalator": ESCALATOR, "bridge": STREET, "footway": STREET,
}  # fmt: skip
"""By which rule of `coverage.pace` each kind is timed; an escalator is two belts, one each way."""
LINK_KINDS: tuple[LinkKind, ...] = tuple(LINK_PACES)

NEW_BRIDGE = "bridge (new)"
"""What stands for ``highway`` of a bridge that is not built yet. Nobody's door opens onto it, so it
takes no home from its street and makes no walk longer. This project's choice, as for `shortcuts`.
"""


def link_features(
    pace: NDArray[np.int64], length_m: NDArray[np.float64], rise_m: NDArray[np.float64]
) -> EdgeFeatures:
    """Return the features of L new links, walked both ways.

    Parameters
    ----------
    pace
        Shape (L,), of `LINK_PACES`.
    length_m, rise_m
        Shape (L,), metres in plan, and from one end to the other; NaN where unknown.
    """
    return replace(
        level_streets(length_m),
        kind=pace.astype(np.int8),
        rise_m=rise_m,
        climbs=np.sign(np.nan_to_num(rise_m)).astype(np.int8),
        inclined=pace == ESCALATOR,
    )


def link_seconds(
    links: EdgeFeatures, walker: Walker
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the seconds of new links from one end to the other, and back, shape (L,) each.

    As `coverage.pace.edge_seconds`; but a lift stands at one place, and the way in plan between
    the streets that it joins is walked, at the walker's level speed. This project's choice.
    """
    there, back = edge_seconds(links, walker)
    if walker.stairs == "level":
        # For this walker a lift is a level street already.
        return there, back
    gallery = np.where(links.kind == LIFT, links.length_m / walker.level_speed_mps, 0.0)
    return there + gallery, back + gallery
