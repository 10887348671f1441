"""A study in tiles: more streets than one machine holds, with the same figures.

The study is cut into boxes, and each is read, timed, reached and assessed apart, with a halo of the
longest walk around it. What a tile owns (`coverage.tiles`) it assesses once and for all; what it
reads beyond is there to walk on. Five things reach farther than a halo, and are settled between the
rounds by something small that all tiles tell:

- *components* ("disconnected", and which scraps of network may be stood on): every tile says how
  its own edges hang together and which of its nodes others touch; the parts are joined there;
- *heights*: every tile solves farther than it owns, and all take each node's from the tile that
  owns it; see `coverage.tile_ground`;
- *people of an area* that lies in several tiles: the places where they may live are shared out
  together, by the largest remainder as in one run, and so are the usual levels of a kind of house;
- *places per person* (2SFCA): what a facility has per person is known when all tiles have counted
  whom they have in reach of it; in the last round the homes add up what they get;
- *barriers*: whether somebody can pass at all is asked four horizons far. The few for whom a tile
  finds no walk though the streets connect are asked again in a wider box.

A facility stands where the tile that owns it put it, and all others take its word: an edge and a
fraction of it. Streets that cross from tile to tile are joined from their pieces, gaps from the
homes and the pieces that nothing covers; neither needs the network. What a tile says of itself is
given by sums, and sums of sums round otherwise than sums: figures agree to some 1e-9 of themselves,
and people, who are counted and not measured, to the last.

What is not done in tiles is not written: isochrones, services, the choices of every walker, what
should be done next, and with them map, picture and report; nor gaps of street for a study that does
not say where people live.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .demand import apportioned, usual_levels
from .errors import InputError, Problem
from .inputs.without_streets import SmallInputs, read_without_streets
from .pipeline import Clock
from .service import service_together
from .study import Study
from .tile_assess import (
    Found,
    access_tile,
    assess_tile,
    look_again,
)
from .tile_ground import AGREED_M, OVERLAP_M, Plan
from .tile_join import Tiled, joined
from .tile_place import Placed, place_tile
from .tile_read import (
    STREETS_LAST,
    Stood,
    raise_tile,
    read_streets_around,
    read_tile,
    stand_tile,
    surfaces,
)
from .tiles import components_of, tiling_of
from .workers import Runs, one_after_the_other

STEPS = (
    "inputs 读取输入",
    "reading 分块读取",
    "network 步行网络",
    "facilities 设施",
    "coverage 覆盖",
    "access 可达容量",
    "joining 合并",
)
_WIDEST_OVERLAP_M = 32_000.0


def run_in_tiles(
    study: Study, *, tiles: int, folder: Path, runs: Runs = one_after_the_other,
    progress: Callable[[str], AbstractContextManager[None]],
) -> Tiled:  # fmt: skip
    """Analyse a study tile by tile.

    Parameters
    ----------
    study
        The study; its streets come from a file.
    tiles
        How many.
    folder
        Where tiles keep what they know between the rounds; all workers see it. Left for the caller
        to remove.
    runs
        Who works.
    progress
        Shown each step of `STEPS`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clock = Clock(progress)
    with clock.step(STEPS[0]):
        inputs = read_without_streets(study)
        xy = shapely.get_coordinates(inputs.facilities.geometry.to_numpy()).reshape(-1, 2)
        plan = Plan(study, inputs, tiling_of(xy, tiles, inputs.boundary.bounds), folder)
    every = range(tiles)
    with clock.step(STEPS[1]):
        read = runs(read_tile, [(plan, tile) for tile in every])
        if any(one.unknown for one in read):
            known = np.concatenate(runs(surfaces, [(plan, tile) for tile in every]))
            if np.isfinite(known).any():
                plan = replace(plan, usual_m=float(np.nanmedian(known)))
        usual = usual_levels(pd.concat([one.levels for one in read], ignore_index=True))
    with clock.step(STEPS[2]):
        stood = _agreed(plan, usual, runs)
        whole = (
            components_of([one.parts for one in stood]), components_of([one.flat for one in stood])
        )  # fmt: skip
        people = _people(inputs, stood)
    with clock.step(STEPS[3]):
        placed = _together(runs(place_tile, [(plan, tile, whole) for tile in every]), len(xy))
    with clock.step(STEPS[4]):
        shares = people[0]
        found = runs(
            assess_tile,
            [(plan, t, placed, None if shares is None else shares[t]) for t in every],
        )
        found = _sure(plan, placed, found, runs)
    service = None
    with clock.step(STEPS[5]):
        if inputs.population is not None:
            service = _service(inputs, found)
            ratio = service["places_per_elderly"].to_numpy(float)
            access = runs(access_tile, [(plan, tile, ratio) for tile in every])
            found = [
                replace(one, homes=one.homes.assign(**{f"access_{k}": v for k, v in own.items()}))
                for one, own in zip(found, access, strict=True)
                if one.homes is not None
            ]
    with clock.step(STEPS[6]):
        result = joined(plan, stood, placed, found, service, whole[0], people[1])
    return replace(result, seconds=clock.seconds)


def _agreed(plan: Plan, usual: dict[str, float], runs: Runs) -> list[Stood]:
    """Make every tile's network, with streets from so far away that all agree on the heights."""
    every = list(range(len(plan.tiling)))
    off, overlap_m = every, OVERLAP_M
    while off:
        runs(raise_tile, [(plan, tile) for tile in off])
        stood = runs(stand_tile, [(plan, tile, usual) for tile in every])
        off = [tile for tile, one in enumerate(stood) if one.off_m > AGREED_M]
        overlap_m *= 2
        if off and overlap_m > _WIDEST_OVERLAP_M:
            raise InputError(
                Problem(
                    "elevation",
                    "tiles do not agree on the heights of their streets, however far they look.",
                    "Run the study in one piece, or in fewer tiles (--tiles).",
                )
            )
        runs(read_streets_around, [(plan, tile, overlap_m) for tile in off])
    return stood


def _people(
    inputs: SmallInputs, stood: Sequence[Stood]
) -> tuple[list[tuple[NDArray[np.float64], NDArray[np.float64]]] | None, tuple[float, float]]:
    """Share the people of every area among its places; return also who has no place."""
    people = inputs.population
    if people is None or people.areas is None:
        return None, (0.0, 0.0)
    areas = people.areas
    sizes = [len(one.places) for one in stood]
    places = pd.concat([one.places for one in stood], ignore_index=True)
    area, weight = places["area"].to_numpy(np.int64), places["weight"].to_numpy(float)
    order = places["order"].to_numpy(np.int64)
    is_street = order >= STREETS_LAST
    # Streets count only where no home does, in whatever tile it stands.
    area = np.where(is_street & np.isin(area, area[~is_street]), -1, area)
    sort = np.argsort(order, kind="stable")
    shared = apportioned(
        area[sort], weight[sort], areas["population"].to_numpy(float),
        areas["elderly"].to_numpy(float),
    )  # fmt: skip
    population, elderly = np.zeros(len(order)), np.zeros(len(order))
    population[sort], elderly[sort] = shared
    ends = np.cumsum(sizes)[:-1]
    empty = np.setdiff1d(np.arange(len(areas)), area[area >= 0])
    unplaced = areas.iloc[empty][["population", "elderly"]].sum()
    return (
        list(zip(np.split(population, ends), np.split(elderly, ends), strict=True)),
        (float(unplaced["population"]), float(unplaced["elderly"])),
    )


def _together(placed: Sequence[Placed], count: int) -> Placed:
    """Return all facilities in the study's order."""
    facility = np.concatenate([one.facility for one in placed])
    order = np.argsort(facility)
    if len(facility) != count:
        raise AssertionError("every facility is of exactly one tile")
    return Placed(
        *(
            np.concatenate([getattr(one, name) for one in placed])[order]
            for name in Placed.__slots__
        )
    )


def _sure(plan: Plan, placed: Placed, found: list[Found], runs: Runs) -> list[Found]:
    """Settle whom no walk was found for within a tile."""
    asked = [tile for tile, one in enumerate(found) if len(one.doubts)]
    answers = runs(look_again, [(plan, tile, placed, found[tile].doubts) for tile in asked])
    for tile, passes in zip(asked, answers, strict=True):
        one = found[tile]
        if one.homes is None:
            raise AssertionError("homes are in doubt, so there are some")
        homes = one.homes.copy()
        for row in one.doubts[passes].itertuples():
            homes.loc[row.home, f"cause_{row.tier}"] = row.otherwise
        found[tile] = replace(one, homes=homes)
    return found


def _service(inputs: SmallInputs, found: Sequence[Found]) -> pd.DataFrame:
    parts = pd.concat([one.service for one in found if one.service is not None])
    every = parts.groupby(level=0).sum().reindex(range(len(inputs.facilities)), fill_value=0.0)
    return service_together(every, inputs.facilities["capacity"].to_numpy(float))
