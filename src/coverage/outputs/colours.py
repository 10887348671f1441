"""The colours of every picture; sequential and readable for colour-blind people."""

from functools import cache

import numpy as np

# Three steps of viridis for 5, 10 and 15 minutes; longer walks run on towards yellow, each five
# minutes told apart by their lightness.
_STOPS_MIN = (5, 10, 15, 30, 60)
_STOPS_RGB = ((49, 70, 140), (28, 140, 140), (122, 196, 74), (246, 228, 69), (250, 238, 140))

GAP = "#d55e00"
"""Not covered: vermillion, far from every band also for a red-green blind eye."""
BEYOND = "#b0501a"
"""Streets beyond the last band: kin to the gap in which they lie, and darker."""
UNREACHABLE = "#4d463f"
"""Streets beyond the horizon, or from which no way leads to a facility."""
PLAIN = "#a59e93"
"""Streets of a picture that says nothing of minutes."""
TIER_COLOURS = {"community": "#1b1b3a", "street": "#7a1f5c", "district": "#8a2432"}
"""Markers of facilities, by tier."""


@cache
def band_colour(minutes: float) -> str:
    """Return the colour of the band that ends at so many minutes, as ``#rrggbb``."""
    rgb = (
        round(np.interp(minutes, _STOPS_MIN, channel)) for channel in zip(*_STOPS_RGB, strict=True)
    )
    return "#" + "".join(f"{level:02x}" for level in rgb)


PROPOSAL = "#a8005c"
"""Of facilities that do not exist yet; no tier and no class of minutes has it."""

VISIT_COLOURS = {
    "foot": band_colour(10), "car": band_colour(15), "beyond": GAP, "not snapped": UNREACHABLE,
}  # fmt: skip
"""Homes to be visited, by the first way in which staff reach them, or none."""
