"""What the columns of tables and layers are called for people, in Chinese and in English."""

import re
from collections.abc import Mapping

from ..service_kinds import SERVICE_NAMES_EN, SERVICE_NAMES_ZH, SERVICES
from ..study_parts import TIERS

_SHORT_ZH: Mapping[str, str] = {
    "community": "社区",
    "street": "街道",
    "district": "区县",
    "any": "任一层级",
    "all": "全部三级",
    **SERVICE_NAMES_ZH,
}
_LONG_EN: Mapping[str, str] = {"any": "any tier", "all": "all tiers", **SERVICE_NAMES_EN}
_OF_A_SERVICE: Mapping[str, tuple[str, str]] = {
    "covered_km": ("覆盖街道（km）", "street covered, km"),
    "elderly_unreachable": ("过远或走不到的老年人口", "elderly people too far or with no way"),
    "minutes_now": ("两端现状步行分钟", "minutes between its ends today"),
    "minutes_then": ("新建后步行分钟", "minutes with the new link"),
    "minutes_median": ("步行分钟中位数", "median minutes"),
    "share": ("街道覆盖率", "share of street covered"),
    "share_elderly": ("老年人口覆盖率", "share of elderly covered"),
}
"""Of a table that has a service in each row."""
_WORDS: Mapping[str, tuple[str, str]] = {
    "access": ("人均床位可及性（{tier}）", "places per elderly person in reach, {tier}"),
    "address": ("地址", "address"),
    "alike": ("同样影响的路段数（含本段）", "links that cost the same people, itself counted"),
    "any_street_m": ("距最近街道（m）", "to the nearest street of any kind, m"),
    "area": ("片区", "area"),
    "area_m2": ("面积（m²）", "area, m²"),
    "beyond": ("到不了的老年人口", "elderly people beyond"),
    "beyond_every_way": ("哪种方式都到不了的老年人口", "elderly people beyond every way to go"),
    "by": ("出行方式（foot 步行，car 驾车）", "way to go"),
    "back": ("返程分钟（{tier}）", "minutes home, {tier}"),
    "capacity": ("床位数", "places"),
    "cause": ("未覆盖原因", "cause"),
    "cause_of": ("未覆盖原因（{tier}）", "cause, {tier}"),
    "cause_share": ("该原因占比", "share of the cause"),
    "cause_zh": ("未覆盖原因（中文）", "cause in Chinese"),
    "candidate": ("备选点编号", "candidate"),
    "candidate_name": ("备选点名称", "name of the candidate"),
    "candidates": ("片区内备选点数", "candidates in it"),
    "cny_per_person": ("每人费用（元）", "cost a person gained, CNY"),
    "component": ("所在路网连通分量", "component of the network, 0 the largest"),
    "cost_cny": ("费用（元）", "cost, CNY"),
    "covered": ("是否覆盖（{tier}）", "covered, {tier}"),
    "covered_share": ("覆盖比例（{tier}）", "share covered, {tier}"),
    "covered_km": ("覆盖街道（km，{tier}）", "street covered, km, {tier}"),
    "elderly": ("老年人口", "elderly people"),
    "elderly_band": ("{n} 分钟内老年人口（{tier}）", "elderly people within {n} min, {tier}"),
    "elderly_gained": (
        "新增覆盖老年人口（每人计一次）",
        "elderly people gained, each counted once",
    ),
    "elderly_gained_circle": (
        "养老服务圈由缺变全的老年人口",
        "elderly people whose circle becomes whole",
    ),
    "elderly_gained_of": ("新增覆盖老年人口（{tier}）", "elderly people gained, {tier}"),
    "elderly_gained_running": ("累计新增老年人口", "elderly people gained so far"),
    "elderly_covered": ("覆盖老年人口", "elderly people covered"),
    "elderly_in_reach": ("可达老年人口", "elderly people in reach"),
    "elderly_lost": (
        "中断后失去任一层级的老年人口（每人计一次）",
        "elderly people who lose a tier without it, each counted once",
    ),
    "elderly_lost_circle": (
        "中断后养老服务圈由全变缺的老年人口",
        "elderly people whose whole circle breaks",
    ),
    "elderly_lost_of": ("中断后失去覆盖的老年人口（{tier}）", "elderly people who lose it, {tier}"),
    "elderly_using": (
        "途经此段前往最近设施的老年人口（每人计一次）",
        "elderly people whose walk to the nearest facility of some tier uses it, each counted once",
    ),
    "elderly_per_million_cny": (
        "每百万元新增覆盖老年人口",
        "elderly people gained per million CNY",
    ),
    "elderly_nearest": ("以此处为最近的老年人口", "elderly people to whom it is the nearest"),
    "elderly_of": ("覆盖老年人口（{tier}）", "elderly people covered, {tier}"),
    "elderly_only": ("仅此处可达的老年人口", "elderly people whom only it reaches"),
    "elderly_per_place": ("每床位老年人口", "elderly people a place"),
    "elderly_shared": ("另有其他设施可达的老年人口", "elderly people whom others reach as well"),
    "elderly_total": ("开设后覆盖老年人口", "elderly people covered then"),
    "elderly_unreachable": (
        "过远或走不到的老年人口（{tier}）",
        "elderly people too far or with no way, {tier}",
    ),
    "facility": ("设施编号", "facility"),
    "fits": ("适合", "fits"),
    "floor_area_m2": ("建筑面积（m²）", "floor area, m²"),
    "from_by": ("最近派出设施（{way}）", "nearest facility that sends staff, {way}"),
    "gap": ("缺口编号", "gap"),
    "gini_access": ("床位可及性基尼系数（{tier}）", "Gini of access, {tier}"),
    "gini_minutes": ("步行时间基尼系数（{tier}）", "Gini of minutes, {tier}"),
    "highway": ("道路类型（OSM）", "OSM highway"),
    "homes": ("住处数", "homes"),
    "id": ("编号", "id"),
    "in_reach": ("可到的老年人口", "elderly people in reach"),
    "lat": ("纬度", "latitude"),
    "kind": ("类型", "kind"),
    "left_out": ("往返超过一轮的老年人口", "elderly people farther than a round"),
    "length_m": ("长度（m）", "length, m"),
    "load": ("负荷", "load"),
    "lon": ("经度", "longitude"),
    "minutes": ("步行分钟", "minutes"),
    "minutes_median": ("步行分钟中位数（{tier}）", "median minutes, {tier}"),
    "minutes_by": ("上门单程分钟（{way}）", "minutes to the home, one way, {way}"),
    "minutes_of": ("步行分钟（{tier}）", "minutes, {tier}"),
    "minutes_p90": ("步行分钟第 90 百分位（{tier}）", "90th percentile of minutes, {tier}"),
    "name": ("名称", "name"),
    "nearest": ("最近设施（{tier}）", "nearest facility, {tier}"),
    "nearest_facility": ("最近设施编号", "nearest facility"),
    "nearest_name": ("最近设施名称", "name of the nearest facility"),
    "not_snapped": ("附近没有街道的老年人口", "elderly people with no street near"),
    "only": ("仅{tiers}覆盖的老年人口", "elderly people covered by {tiers} alone"),
    "only_none": ("均未覆盖的老年人口", "elderly people covered by none"),
    "osm_id": ("OSM 编号", "OSM id"),
    "parts": ("覆盖路段（{tier}）", "where covered, shares of the length, {tier}"),
    "place": ("来源片区", "place that they were counted in"),
    "places_per_elderly": ("每名可达老年人的床位", "places per elderly person in reach"),
    "population": ("人口", "people"),
    "proposal": ("开设顺序", "order to open"),
    "rank": ("位次", "rank"),
    "reach": ("到达方式", "first way in which staff get there"),
    "reach_by": ("能否到达（{way}）", "whether staff get there, {way}"),
    "rise_m": ("高差（m）", "rise, m"),
    "rounds": ("轮次", "rounds"),
    "scope": ("范围（单个设施或层级）", "of one facility or a tier"),
    "service": ("服务", "service"),
    "service_zh": ("服务（中文）", "service in Chinese"),
    "services": ("提供的服务", "services offered"),
    "share": ("街道覆盖率（{tier}）", "share of street covered, {tier}"),
    "share_elderly": ("老年人口覆盖率（{tier}）", "share of elderly covered, {tier}"),
    "share_in_reach": ("可到占比", "share in reach"),
    "share_total": ("开设后覆盖率", "share of elderly covered then"),
    "snap_m": ("接入路网距离（m）", "straight leg to the street, m"),
    "snapped": ("是否接入路网", "connected to a street"),
    "source": ("来源", "source"),
    "street_km": ("街道长度（km）", "street, km"),
    "street_km_band": ("{n} 分钟可达街道（km）", "street within {n} min, km"),
    "street_m": ("街道长度（m）", "street, m"),
    "street_osm_id": ("所接街道 OSM 编号", "OSM id of its street"),
    "steps": ("踏步数", "steps"),
    "streets": ("主要街道", "main streets"),
    "tier": ("层级", "tier"),
    "tier_guessed": ("层级为推断", "tier is a guess"),
    "to_visit": ("需上门老年人口", "elderly people to visit"),
    "travel_min": ("每轮路上分钟", "minutes on the way a round"),
    "visited": ("已安排上门的老年人口", "elderly people visited, once each"),
    "visits_per_round": ("每轮探访人数", "visits a round"),
    "to": ("去程分钟（{tier}）", "minutes there, {tier}"),
}

_WAYS: Mapping[str, tuple[str, str]] = {"foot": ("步行", "on foot"), "car": ("驾车", "by car")}
_TIER = "|".join(TIERS)
_KEY = f"(?P<tier>{_TIER}|any|all|{'|'.join(SERVICES)})"
_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"only_none", "only_none"),
    (rf"only_(?P<tiers>(?:{_TIER})(?:_(?:{_TIER}))*)", "only"),
    (r"street_km_(?P<n>[\d.]+)min", "street_km_band"),
    (rf"elderly_{_KEY}_(?P<n>[\d.]+)min", "elderly_band"),
    (rf"elderly_{_KEY}", "elderly_of"),
    (rf"elderly_gained_{_KEY}", "elderly_gained_of"),
    (rf"elderly_lost_{_KEY}", "elderly_lost_of"),
    (rf"cause_{_KEY}", "cause_of"),
    (r"minutes_(?P<way>foot|car)", "minutes_by"),
    (r"from_(?P<way>foot|car)", "from_by"),
    (r"reach_(?P<way>foot|car)", "reach_by"),
    (rf"minutes_{_KEY}", "minutes_of"),
    (rf"(?P<what>\w+?)_{_KEY}", ""),
)


def column_words(column: str, *, shares: bool = False) -> tuple[str, str] | None:
    """Return what a column is called in Chinese and in English; None for one that is not ours.

    Parameters
    ----------
    column
        Its name.
    shares
        Whether ``covered_<tier>`` holds shares, as of streets, and not yes or no, as of homes.
    """
    if column in _WORDS and "{" not in _WORDS[column][0]:
        return _WORDS[column]
    if column in _OF_A_SERVICE:
        return _OF_A_SERVICE[column]
    for pattern, key in _PATTERNS:
        if (found := re.fullmatch(pattern, column)) is None:
            continue
        what = key or found["what"]
        if what == "covered" and shares:
            what = "covered_share"
        if what in _WORDS:
            return _filled(_WORDS[what], found.groupdict())
    return None


def _filled(words: tuple[str, str], parts: Mapping[str, str]) -> tuple[str, str]:
    values_zh, values_en = dict(parts), dict(parts)
    if "tier" in parts:
        values_zh["tier"] = _SHORT_ZH[parts["tier"]]
        values_en["tier"] = _LONG_EN.get(parts["tier"], parts["tier"])
    if "way" in parts:
        values_zh["way"], values_en["way"] = _WAYS[parts["way"]]
    if "tiers" in parts:
        tiers = parts["tiers"].split("_")
        values_zh["tiers"] = "、".join(_SHORT_ZH[tier] for tier in tiers)
        values_en["tiers"] = " and ".join(tiers)
    return words[0].format_map(values_zh), words[1].format_map(values_en)
