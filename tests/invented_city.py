"""Findings about a city that is not there, as large as the nine districts of Chongqing."""

from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from coverage.chains import link_chains
from coverage.choices import DIRECTIONS, Choices
from coverage.features import level_streets
from coverage.findings import Findings
from coverage.inputs.everything import Inputs
from coverage.inputs.ground import Ground
from coverage.network import WalkingNetwork
from coverage.snapping import Snapped
from coverage.streets import Streets
from coverage.study import Study
from coverage.study_parts import TIERS

CRS = "EPSG:32648"
CORNER = np.array([630_000.0, 3_240_000.0])
WALKERS = ("senior", "adult", "senior-80", "cane", "wheelchair")
MINUTES = tuple(map(float, range(3, 31)))

Floats = NDArray[np.float64]


def invented_city(
    links: int = 150_000, homes: int = 40_000, facilities: int = 1_000, *, inner: int = 3,
    areas: int = 80, gaps: int = 600, side_m: float = 60_000.0,
) -> Findings:  # fmt: skip
    """Return findings whose minutes are those of a walk as the crow flies, with a detour.

    Every link has so many `inner` vertices; what lies near is alike, as in a real city.
    """
    dice = np.random.default_rng(8)
    network = _network(links, inner, side_m, dice)
    chains = link_chains(network)
    first = chains.edge[chains.first[:-1]]
    link_xy = network.midpoints()[first]
    sites = CORNER + dice.uniform(0, side_m, (facilities, 2))
    tier = dice.choice([0] * 12 + [1] * 3 + [2], facilities)
    home_on = np.sort(dice.integers(0, len(first), homes))
    home_xy = link_xy[home_on] + dice.normal(0, 25, (homes, 2))
    study = Study(
        name="invented", title="虚构的城市 An invented city", areas={"file": "areas.geojson"},
        facilities={"file": "facilities.csv"}, compare=WALKERS,
    )  # fmt: skip
    boundary = shapely.box(*CORNER, *(CORNER + side_m))
    parts = _squares(areas, side_m)
    shape = (1 + len(parts), len(WALKERS), 3, 3, len(MINUTES))
    km = np.cumsum(dice.gamma(2, 2, shape), axis=-1)
    population = dice.integers(5, 900, homes).astype(float)
    frame = gpd.GeoDataFrame(
        {
            "population": population, "elderly": population * 0.24, "source": "building",
            "place": "", "osm_id": [f"way/{n}" for n in range(homes)],
            **{f"cause_{name}": dice.choice(["", "", "climb", "detour"], homes) for name in TIERS},
        },
        geometry=shapely.points(home_xy), crs=CRS,
    )  # fmt: skip
    choices = Choices(
        walkers=study.offered,
        directions=DIRECTIONS,
        minutes=MINUTES,
        chains=chains,
        chain_seconds=_chain_seconds(network, study, dice),
        street_min=_minutes(link_xy, sites, tier, study, dice).astype(np.float32),
        home_min=_minutes(home_xy, sites, tier, study, dice),
        home_places=_snapped(first[home_on], dice),
        facility_places=_snapped(first[dice.integers(0, len(first), facilities)], dice),
        street_km=km,
        elderly=np.round(km * 40) * 0.24,
        area_names=tuple(parts.index),
    )
    people: Any = SimpleNamespace(
        homes=frame, demand=SimpleNamespace(assumed="an elderly share of 24 %"),
        figures={"elderly": population.sum() * 0.24, "population": population.sum()},
        areas=pd.DataFrame({"elderly": 1000.0}, index=parts.index),
    )  # fmt: skip
    return Findings(
        study=study,
        inputs=_inputs(boundary, parts, home_xy, side_m, dice),
        network=network,
        facilities=_facilities(sites, tier),
        streets=gpd.GeoDataFrame(),
        isochrones=gpd.GeoDataFrame(),
        areas=parts.assign(street_km=100.0),
        gaps=_gaps(gaps, side_m, dice),
        people=people,
        summary={"street_km": float(network.length_m.sum()) / 1000, "warnings": []},
        seconds={},
        choices=choices,
    )


def _network(links: int, inner: int, side_m: float, dice: np.random.Generator) -> WalkingNetwork:
    """Return a bent grid of which every sixth street is missing; each link is a way."""
    across = int(np.sqrt(links / 1.68)) + 1
    grid = np.arange(across)
    step = side_m / (across - 1)
    xy = CORNER + step * np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    xy += dice.normal(0, step / 5, xy.shape)
    place = np.arange(across**2).reshape(across, across)
    pairs = np.concatenate(
        [np.column_stack([place[:, :-1].ravel(), place[:, 1:].ravel()]),
         np.column_stack([place[:-1].ravel(), place[1:].ravel()])]
    )  # fmt: skip
    pairs = pairs[np.sort(dice.permutation(len(pairs))[:links])]
    share = np.arange(1, inner + 1) / (inner + 1)
    bends = xy[pairs[:, 0], None] * (1 - share[:, None]) + xy[pairs[:, 1], None] * share[:, None]
    bends += dice.normal(0, step / 15, bends.shape)
    between = len(xy) + np.arange(len(pairs) * inner).reshape(-1, inner)
    nodes = np.column_stack([pairs[:, 0], between, pairs[:, 1]])
    xy = np.concatenate([xy, bends.reshape(-1, 2)])
    tail, head = nodes[:, :-1].ravel(), nodes[:, 1:].ravel()
    length = np.hypot(*(xy[head] - xy[tail]).T)
    tags = np.array(["residential", "service", "footway", "steps", "tertiary", "primary"])
    way = np.repeat(np.arange(len(pairs)), inner + 1)
    ways = pd.DataFrame(
        {
            "highway": tags[dice.choice(6, len(pairs), p=[0.3, 0.2, 0.3, 0.06, 0.1, 0.04])],
            # A street is longer than a link, and most paths have no name.
            "name": np.where(dice.random(len(pairs)) < 0.5, None,
                             np.char.add("街道", (np.arange(len(pairs)) // 12).astype(str))),
        },
        dtype=object, index=pd.Index(np.arange(len(pairs)), name="osm_id"),
    )  # fmt: skip
    features = level_streets(length)
    features.rise_m[:] = dice.normal(0, 0.04, len(length)) * length
    return WalkingNetwork(
        crs=CRS, node_id=np.arange(len(xy)), xy=xy, z=np.zeros(len(xy)), tail=tail, head=head,
        features=features, steps_source=np.full(len(length), "", dtype=object),
        seconds_along=length / 0.9, seconds_against=length / 0.9, way=way, ways=ways,
        walker=Study(name="x", boundary="b", facilities={"file": "f"}).walking,
    )  # fmt: skip


def _chain_seconds(network: WalkingNetwork, study: Study, dice: np.random.Generator) -> Floats:
    """Return seconds along links, shape (W, 2, C): slopes cost much the same to all walkers."""
    chains = link_chains(network)
    metres = chains.total(network.length_m)
    grade = dice.normal(0, 0.04, len(chains))
    slopes = np.stack([np.exp(3.5 * np.abs(grade + 0.05)), np.exp(3.5 * np.abs(0.05 - grade))])
    times = np.stack(
        [
            metres / walker.level_speed_mps * slopes * dice.normal(1, 0.004, slopes.shape)
            for walker in study.offered
        ]
    )
    times[-1, :, dice.random(len(chains)) < 0.2] = np.inf
    return np.asarray(times)


def _minutes(
    xy: Floats, sites: Floats, tier: NDArray[np.int64], study: Study, dice: np.random.Generator
) -> Floats:
    """Return minutes, shape (W, D, T, N): like those nearby, and like those of other walkers."""
    found = []
    for number in range(len(TIERS)):
        metres = cKDTree(sites[tier == number]).query(xy)[0]
        detour = 1.45 + 0.25 * np.sin(xy / 700).prod(axis=1) + 0.1 * np.sin(xy / 190).prod(axis=1)
        metres = metres * detour + dice.normal(0, 25, len(xy))
        tilt = 0.06 * np.sin(xy / 900 + 1).prod(axis=1) + dice.normal(0, 0.004, len(xy))
        rows = []
        for walker in study.offered:
            own = metres * dice.normal(1, 0.03, len(xy)) / walker.level_speed_mps / 60
            to, back = own * (1 + tilt), own * (1 - tilt)
            worst = np.maximum(to, back) + np.maximum(dice.normal(0, 0.1, len(xy)), 0)
            rows.append(np.maximum(np.stack([worst, to, back]), 0))
        found.append(np.stack(rows))
    minutes = np.stack(found, axis=2)
    return np.where(minutes <= MINUTES[-1], minutes, np.nan)


def _snapped(edge: NDArray[np.int64], dice: np.random.Generator) -> Snapped:
    return Snapped(
        edge=edge, fraction=dice.random(len(edge)), distance_m=dice.gamma(2, 8, len(edge)),
        leg_s=np.zeros(len(edge)), component=np.zeros(len(edge), dtype=np.int64),
    )  # fmt: skip


def _squares(count: int, side_m: float) -> gpd.GeoDataFrame:
    across = int(np.ceil(np.sqrt(count)))
    size = side_m / across
    x, y = np.array(np.divmod(np.arange(count), across)) * size
    return gpd.GeoDataFrame(
        index=pd.Index([f"第{n}街道" for n in range(count)], name="area"),
        geometry=shapely.segmentize(
            shapely.box(CORNER[0] + x, CORNER[1] + y, CORNER[0] + x + size, CORNER[1] + y + size),
            400,
        ),
        crs=CRS,
    )


def _houses(xy: Floats, dice: np.random.Generator) -> NDArray[np.object_]:
    """Return houses of six corners, turned any way."""
    ring = np.array([[-1, -1], [1, -1], [1, 0.2], [0.3, 0.2], [0.3, 1], [-1, 1]])
    turn, size = dice.uniform(0, np.pi, len(xy)), dice.uniform(5, 18, (len(xy), 1, 2))
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = np.einsum("ijn,nkj->nki", turned, ring * size)
    return np.asarray(shapely.polygons(xy[:, None] + corners))


def _inputs(
    boundary: shapely.Geometry, areas: gpd.GeoDataFrame, home_xy: Floats, side_m: float,
    dice: np.random.Generator,
) -> Inputs:  # fmt: skip
    others = CORNER + dice.uniform(0, side_m, (len(home_xy) // 3, 2))
    houses = gpd.GeoDataFrame(
        {
            "osm_id": [f"way/{n}" for n in range(len(home_xy) + len(others))],
            "name": "", "kind": "yes",
        },
        geometry=_houses(np.concatenate([home_xy, others]), dice), crs=CRS,
    )  # fmt: skip
    x = np.linspace(0, side_m, 3_000)
    river = shapely.LineString(CORNER + np.column_stack([x, side_m / 2 + 4_000 * np.sin(x / 5e3)]))
    nothing = gpd.GeoDataFrame({"name": []}, geometry=[], crs=CRS)
    water = gpd.GeoDataFrame({"name": ["大江"]}, geometry=[river.buffer(300)], crs=CRS)
    streets = Streets(
        node_id=np.zeros(0, np.int64), lon_lat=np.zeros((0, 2)), tail=np.zeros(0, np.int64),
        head=np.zeros(0, np.int64), way=np.zeros(0, np.int64),
        ways=pd.DataFrame({"highway": [], "name": [], "rule": [], "who": []}, dtype=object),
    )  # fmt: skip
    return Inputs(
        crs=CRS, boundary=boundary, streets=streets, facilities=gpd.GeoDataFrame(), inventory={},
        areas=areas, zones=None, surface_m=None, population=None,
        buildings=houses.to_crs("EPSG:4326"),
        ground=Ground(water, nothing, nothing.assign(kind=[])), candidates=None, files={},
        warnings=(),
    )  # fmt: skip


def _facilities(sites: Floats, tier: NDArray[np.int64]) -> gpd.GeoDataFrame:
    count = len(sites)
    return gpd.GeoDataFrame(
        {
            "name": [f"第{n}养老服务站" for n in range(count)],
            "tier": np.array(TIERS, dtype=object)[tier], "capacity": 30.0,
            "address": [f"示例路{n}号" for n in range(count)], "snapped": True, "snap_m": 10.0,
            **{f"street_km_{m}min": m * 1.5 for m in (5, 10, 15)},
            "elderly_in_reach": 2_000.0, "elderly_only": 100.0,
        },
        index=pd.Index([f"F{n:04d}" for n in range(count)], name="id"),
        geometry=shapely.points(sites), crs=CRS,
    )  # fmt: skip


def _gaps(count: int, side_m: float, dice: np.random.Generator) -> gpd.GeoDataFrame:
    xy = CORNER + dice.uniform(0, side_m, (count, 2))
    return gpd.GeoDataFrame(
        {
            "tier": dice.choice([*TIERS, "circle"], count), "elderly": 200.0, "street_m": 1_500.0,
            "cause": "climb", "cause_zh": "坡道台阶", "cause_share": 0.8, "area": "第1街道",
            "nearest_facility": "F0001", "minutes": 21.5, "streets": "示例路、示例巷",
        },
        index=pd.Index([f"community-{n:02d}" for n in range(1, count + 1)], name="gap"),
        geometry=shapely.buffer(shapely.points(xy), dice.uniform(80, 600, count), quad_segs=6),
        crs=CRS,
    )  # fmt: skip
