"""What a mapper would note about the sample town's stairs and surfaces."""

import numpy as np

from .plan import Plan, Street
from .terrain import SurfaceModel, Terrain

RISER_M = 0.16
_COUNTED_SHARE = 0.2
_TOLERANCE = 0.12
"""A count is noted only where the surface model's rise is this close to the true one, so that
whoever checks counts against the raster is not misled by a roof."""
_SHORTEST_COUNTED_RISE_M = 8.0

_PAVED = {"asphalt": 0.75, "concrete": 0.25}
_CLASS_SURFACES = {
    "steps": {"stone": 0.6, "concrete": 0.4},
    "footway": {"paving_stones": 0.8, "concrete": 0.2},
    "living_street": {"paving_stones": 0.5, "concrete": 0.5},
    "service": {"concrete": 1.0},
}
_UNTAGGED = {"elevator", "path", "motorway", "motorway_link"}


def tag_surfaces(plan: Plan, rng: np.random.Generator) -> None:
    """Note surface and lighting on about half of the streets."""
    for street in plan.streets:
        highway = street.tags["highway"]
        if highway in _UNTAGGED:
            continue
        surfaces = _CLASS_SURFACES.get(highway, _PAVED)
        if rng.random() < 0.5:
            chosen = str(rng.choice(list(surfaces), p=list(surfaces.values())))
            street.tags.setdefault("surface", chosen)
        if rng.random() < 0.45:
            lit = "yes" if highway != "unclassified" and rng.random() < 0.85 else "no"
            street.tags.setdefault("lit", lit)
        if highway in ("secondary", "tertiary") and rng.random() < 0.3:
            street.tags.setdefault("sidewalk", "both")


def tag_stairs(
    plan: Plan, terrain: Terrain, surface: SurfaceModel, rng: np.random.Generator
) -> None:
    """Note step counts on about a fifth of the stairs, and a few other things on some."""
    stairs = [s for s in plan.streets if s.is_steps and "conveying" not in s.tags]
    true_rises = [_rise_m(plan, stair, terrain) for stair in stairs]
    agreeing = [
        index
        for index, (stair, rise) in enumerate(zip(stairs, true_rises, strict=True))
        if abs(rise) >= _SHORTEST_COUNTED_RISE_M
        and abs(_rise_m(plan, stair, surface) - rise) <= _TOLERANCE * abs(rise)
    ]
    wanted = min(round(_COUNTED_SHARE * len(stairs)), len(agreeing))
    for index in rng.choice(agreeing, wanted, replace=False).tolist():
        stairs[index].tags["step_count"] = str(round(abs(true_rises[index]) / RISER_M))
    for stair, rise in zip(stairs, true_rises, strict=True):
        draw = rng.random()
        if draw < 0.12 and abs(rise) >= _SHORTEST_COUNTED_RISE_M:
            stair.tags["incline"] = "up" if rise > 0 else "down"
        elif draw < 0.20:
            stair.tags["handrail"] = "yes"
        elif draw < 0.24:
            stair.tags["ramp"] = "yes"
        elif draw < 0.30:
            stair.tags["wheelchair"] = "no"


def _rise_m(plan: Plan, stair: Street, ground: Terrain | SurfaceModel) -> float:
    x, y = np.array([plan.points[stair.nodes[0]], plan.points[stair.nodes[-1]]]).T
    heights = ground.elevation_m(x, y) if isinstance(ground, Terrain) else ground.at_m(x, y)
    return float(heights[1] - heights[0])
