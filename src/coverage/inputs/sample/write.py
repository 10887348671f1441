"""A synthetic mountain river town, written in the file formats that a planner would bring.

Nothing in it is a real place. It lets every step of the program run without a download, and its
``study.toml`` is the template that a new user edits.
"""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely import Point, Polygon

from .buildings import Building, build_along_streets
from .osm import write_extract
from .people import (
    Frontages,
    Premises,
    Site,
    Subdistrict,
    Zone,
    draw_rivers,
    draw_subdistricts,
    draw_zones,
    outline,
    place_facilities,
    place_premises,
)
from .plan import Plan
from .streets import (
    Town,
    draw_contour_roads,
    draw_link_roads,
    draw_serpentines,
    draw_spurs,
    draw_stairs,
)
from .structures import (
    draw_bridges,
    draw_lifts,
    draw_outer_roads,
    draw_promenade,
    draw_quay,
    draw_sidewalks,
    draw_square,
    draw_tunnel,
)
from .tags import tag_stairs, tag_surfaces
from .terrain import SurfaceModel, Terrain, to_degrees

_DECIMALS = 6
"""Decimals of a degree in text files: a tenth of a metre."""


def write_sample(folder: Path, *, seed: int = 2024) -> Path:
    """Write the sample town's inputs into `folder` and return the path of its study file.

    Parameters
    ----------
    folder
        Made if missing. Files of the same names in it are replaced; others are left alone.
    seed
        Which town: the same seed gives the same bytes in every file.

    Returns
    -------
    study
        Path of the ``study.toml`` in `folder`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    town = _Sample.imagined(seed)
    write_extract(folder / "streets.osm.pbf", town.plan, town.buildings, town.rivers)
    town.surface.write(folder / "elevation.tif")
    _write_boundary(folder / "boundary.geojson", outline(town.subdistricts))
    _write_subdistricts(folder / "subdistricts.geojson", town.subdistricts)
    _write_zones(folder / "renewal_zones.geojson", town.zones)
    _write_facilities(folder / "facilities.csv", town.sites)
    _write_premises(folder / "idle_premises.csv", town.premises)
    _write_text(folder / "README.md", _README)
    _write_text(folder / "study.toml", _STUDY)
    return folder / "study.toml"


@dataclass(frozen=True, slots=True)
class _Sample:
    """The whole town in local metres."""

    plan: Plan
    surface: SurfaceModel
    rivers: Sequence[Polygon]
    buildings: Sequence[Building]
    subdistricts: Sequence[Subdistrict]
    sites: Sequence[Site]
    premises: Sequence[Premises]
    zones: Sequence[Zone]

    @classmethod
    def imagined(cls, seed: int) -> "_Sample":
        # A stream of chance for each part: a change to one leaves the others as they were.
        land, streets, houses, people, noise, notes = np.random.default_rng(seed).spawn(6)
        terrain = Terrain.drawn(land)
        plan = _drawn_streets(terrain, streets)
        rivers = draw_rivers(terrain)
        subdistricts = draw_subdistricts(terrain, people)
        area = outline(subdistricts)
        buildings = build_along_streets(plan, rivers, area, houses)
        surface = SurfaceModel.surveyed(
            terrain, [(house.footprint, house.height_m) for house in buildings], noise
        )
        tag_surfaces(plan, notes)
        tag_stairs(plan, terrain, surface, notes)
        frontages = Frontages(plan, people)
        return cls(
            plan=plan,
            surface=surface,
            rivers=rivers,
            buildings=buildings,
            subdistricts=subdistricts,
            sites=place_facilities(subdistricts, frontages, rivers, people),
            premises=place_premises(area, frontages, rivers, people),
            zones=draw_zones(terrain),
        )


def _drawn_streets(terrain: Terrain, rng: np.random.Generator) -> Plan:
    town = Town(terrain, rng)
    draw_contour_roads(town)
    draw_serpentines(town)
    draw_link_roads(town)
    draw_bridges(town)
    draw_tunnel(town)
    draw_square(town)
    draw_lifts(town)
    draw_stairs(town)
    draw_spurs(town)
    draw_sidewalks(town)
    draw_promenade(town)
    draw_quay(town)
    draw_outer_roads(town)
    town.plan.join_crossings()
    town.plan.split()
    return town.plan


def _write_boundary(path: Path, area: Polygon) -> None:
    _write_geojson(path, [(area, {"name": "示例山城"})])


def _write_subdistricts(path: Path, subdistricts: Iterable[Subdistrict]) -> None:
    features = [
        (s.polygon, {"name": s.name, "population": s.population, "elderly": s.elderly})
        for s in subdistricts
    ]
    _write_geojson(path, features)


def _write_zones(path: Path, zones: Iterable[Zone]) -> None:
    features = [
        (z.polygon, {"name": z.name, "kind": z.kind, "budget_cny": z.budget_cny}) for z in zones
    ]
    _write_geojson(path, features)


def _write_facilities(path: Path, sites: Iterable[Site]) -> None:
    rows = (
        (s.identifier, s.name, s.tier, *_degrees(s.place), s.capacity, s.address,
         ";".join(s.services))
        for s in sites
    )  # fmt: skip
    header = ("id", "name", "tier", "lon", "lat", "capacity", "address", "services")
    _write_csv(path, header, rows)


def _write_premises(path: Path, premises: Iterable[Premises]) -> None:
    header = ("id", "name", "lon", "lat", "floor_area_m2", "cost_cny", "fits")
    rows = (
        (p.identifier, p.name, *_degrees(p.place), p.floor_area_m2, p.cost_cny, ";".join(p.fits))
        for p in premises
    )
    _write_csv(path, header, rows)


def _degrees(place: Point) -> tuple[str, str]:
    lon, lat = to_degrees(place.x, place.y)
    return f"{lon:.{_DECIMALS}f}", f"{lat:.{_DECIMALS}f}"


def _write_geojson(path: Path, features: Sequence[tuple[Polygon, dict[str, Any]]]) -> None:
    # One feature a line, so that a person can read the file and a diff stays short.
    lines = ",\n".join(
        json.dumps(
            {"type": "Feature", "properties": properties, "geometry": _geometry(polygon)},
            ensure_ascii=False,
        )
        for polygon, properties in features
    )
    _write_text(path, f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n')


def _geometry(polygon: Polygon) -> dict[str, Any]:
    ring = np.array(shapely.orient_polygons(polygon).exterior.coords)
    lon, lat = to_degrees(ring[:, 0], ring[:, 1])
    pairs = np.round(np.column_stack([lon, lat]), _DECIMALS).tolist()
    return {"type": "Polygon", "coordinates": [pairs]}


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    # Excel takes a file for UTF-8 only when it begins with a byte order mark.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


_STUDY = """\
# A study: one place, its inputs, the tiers and the walker. 一项研究：地点、输入数据、层级与步行者
# To make your own: copy this folder, replace its files, and change the lines below.
# File names are seen from the folder of this file. 文件路径相对于本文件所在的文件夹

name = "sample"                       # short, no spaces; names the folder of results 研究简称
title = "示例山城 (synthetic sample)" # heading of the map and the report 标题

# Outline of the study area 研究范围. Instead of a file you may give a name that OpenStreetMap
# knows: place = "Yuzhong District, Chongqing, China"
boundary = "boundary.geojson"

# Sentences printed on every result 声明
notices = ["Synthetic sample: nothing here is a real place. 合成示例数据，不代表任何真实地点。"]

# Which walk counts 方向: to (to the facility 前往) | back (home 返回) | worst (the longer 较长)
direction = "worst"

# Who walks 步行者画像: adult | senior | senior-80 | cane | wheelchair | flat-900
walker = "senior"

# How far to look for the nearest facility, minutes 最远搜索分钟
horizon_min = 60

[network]
# Streets as .osm or .osm.pbf 路网文件; without this line OSMnx downloads them
file = "streets.osm.pbf"
rules = "pedestrian"                  # pedestrian | osmnx-walk: what may be walked 通行规则
# Metres of network beyond the study area 路网外扩距离; "auto" is as far as the walker gets
margin_m = "auto"
# Where OSMnx keeps what it downloads 下载缓存
osm_cache = "osm-cache"
# Rides to allow 乘坐: "ferry", "cable car"
rides = []

[facilities]
# Care facilities 养老设施: id, name, tier, lon, lat, capacity, address, services (with ; between)
file = "facilities.csv"
# Datum of lon and lat 坐标系: wgs84 | cgcs2000 | gcj02 (Amap 高德) | bd09 (Baidu 百度)
datum = "wgs84"
# Take facilities from OpenStreetMap's tags as well 是否采用 OSM 中的养老设施
from_osm = false
# Longest straight leg to a street, metres 吸附距离
snap_limit_m = 300
# sheet = "Sheet1"                    # of a workbook or GeoPackage 工作表

# How many there should be, to compare with 应有数量
# [inventory]
# community = 16

[tiers.community]
threshold_min = 15                    # minutes to a community station 社区养老服务站

[tiers.street]
threshold_min = 15                    # minutes to a street centre 街道养老服务中心

[tiers.district]
threshold_min = 15                    # minutes to a district centre 区县失能特困集中照护中心

# Services that facilities offer 服务: 15 minutes each; one may have its own
# [services.dining]
# threshold_min = 10                  # minutes to the nearest dining hall 助餐

[areas]
file = "subdistricts.geojson"         # polygons to report by 统计片区
name_column = "name"                  # their column of names 名称字段

[elevation]
file = "elevation.tif"                # heights in metres, with a CRS 高程
# if_present = true                   # in any part: leave it out when the file is not there 可缺

[population]
file = "subdistricts.geojson"         # polygons with numbers of people 人口
population_column = "population"      # column of all residents 总人口字段
elderly_column = "elderly"            # column of old residents 老年人口字段
# Where the elderly are not counted 若无老年人口: a share of all, which is called "assumed"
# elderly_share = 0.24
# Instead of polygons 也可用: a raster (population_bands, elderly_bands) or a table of points
# (lon, lat; population_column, or households_column and people_per_household), or of areas by name
decay = "none"                        # access to places: none | steps | gaussian (2SFCA) 距离衰减

[zones]
file = "renewal_zones.geojson"        # urban renewal zones 城市更新片区
name_column = "name"                  # their column of names 名称字段

[candidates]
# Premises where a facility could open 备选房屋: id, name, lon, lat, floor_area_m2, cost_cny,
# capacity (places 床位数), fits
file = "idle_premises.csv"

[siting]
# Where the next facilities should open 下一处设在哪里; without this table nothing is proposed
tier = "community"                    # community | street | district | circle 层级
# service = "dining"                  # in place of a tier: a service to offer 或按服务选址
p = 5                                 # how many may open 数量; or budget_cny = 3_000_000 预算
objective = "coverage"                # coverage | full | median | center 目标
# capacity = true                     # count the places of facilities and candidates 计入床位数
# people_per_place = 28.6             # elderly people whom one place is for 每张床位服务老年人数

[visits]
# Care that comes home 上门服务: whom staff reach; without this table nothing is computed
minutes = 8                           # longest way to a home, one way 单程分钟
by = ["foot", "car"]                  # how staff go 出行方式: foot 步行, car 驾车
tiers = ["community", "street"]       # whose facilities send staff 派出人员的设施
round_hours = 4                       # a carer's round 一轮小时
visit_min = 30                        # with each person 每人停留分钟
who = "uncovered"                     # uncovered: who cannot walk there in time | all 对象

# Water to show beneath the streets, beside that of the street file 水系 (polygons or lines)
# [ground]
# water = "water.geojson"

# A walker of your own 自定义步行者; then walker = "trolley"
# [walkers.trolley]
# level_speed_mps = 0.8               # metres per second on the level 平地速度
# slope = "tobler"                    # tobler | none 坡度影响
# stairs = "counted"                  # counted | level | impassable 台阶
# step_up_s = 1.2                     # seconds a step 每级用时
# step_down_s = 1.1
# max_grade_up = 0.12                 # steepest street, rise over length 最大坡度
# escalators = true                   # rides escalators 可乘扶梯
"""

_README = """\
# 示例山城: a synthetic sample town

**Everything here is invented.** A program drew the streets, hills, people and facilities from a
seed; no name and no number describes a real place. 本文件夹为合成示例数据，不代表任何真实地点。

The files have the formats that a study needs. To make a study of your own, copy the folder and
replace them one by one.

| File | What it is | Replace it by |
|---|---|---|
| `study.toml` | The study; each line has a comment 研究配置 | Your edits |
| `streets.osm.pbf` | Streets, stairs, lifts, buildings 路网与建筑 | An OpenStreetMap extract (1) |
| `elevation.tif` | Heights in metres, 30 m 高程 | Any elevation raster with a CRS |
| `boundary.geojson` | The study area 研究范围 | Your boundary |
| `subdistricts.geojson` | Subdistricts and their people 街道与人口 | Your census (2) |
| `facilities.csv` | Care facilities 养老设施 | Your list (3) |
| `renewal_zones.geojson` | Urban renewal zones 城市更新片区 | Yours, or delete `[zones]` |
| `idle_premises.csv` | Where a facility could open 闲置房屋 | Yours, or delete `[candidates]` |

1. It should reach 1.5 km beyond the study area, so that paths across the border are seen.
2. Polygons with the columns `population` and `elderly`.
3. `tier` is `community`, `street` or `district`. List those just outside the area too.

Coordinates are WGS 84 longitude and latitude. The CSV files are UTF-8 with a byte order mark, so
that Excel shows the Chinese; `services` lists what a facility offers, `fits` the tiers and services
that a room is large enough for.

Flaws put in on purpose: one subdistrict has no community station, the lanes of the old quay join
no other street, part of the expressway does not say that it may not be walked, and only about one
stair in five carries its number of steps.
"""
