"""The colours of every picture; sequential and readable for colour-blind people."""

# Three steps of viridis for 5, 10 and 15 minutes; a longer promise runs on towards yellow.
_STOPS = ((5.0, (49, 70, 140)), (10.0, (28, 140, 140)), (15.0, (122, 196, 74)), (60.0, (250, 226, 60)))

GAP = "#d55e00"
"""Not covered: vermillion, far from every band also for a red-green blind eye."""
BEYOND = "#b0501a"
"""Streets beyond the last band: kin to the gap in which they lie, and darker."""
UNREACHABLE = "#4d463f"
"""Streets beyond the horizon, or from which no way leads to a facility."""
TIER_COLOURS = {"community": "#1b1b3a", "street": "#7a1f5c", "district": "#8a2432"}
"""Markers of facilities, by tier."""


def band_colour(minutes: float) -> str:
    """Return the colour of the band that ends at so many minutes, as ``#rrggbb``."""
    at, colours = zip(*_STOPS, strict=True)
    minutes = min(max(minutes, at[0]), at[-1])
    after = next(i for i, stop in enumerate(at) if minutes <= stop)
    before = max(after - 1, 0)
    span = at[after] - at[before]
    share = (minutes - at[before]) / span if span else 0.0
    mixed = (
        round(low + (high - low) * share)
        for low, high in zip(colours[before], colours[after], strict=True)
    )
    return "#" + "".join(f"{channel:02x}" for channel in mixed)
