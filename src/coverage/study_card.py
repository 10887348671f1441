"""A study as Jupyter shows it: its keys as the TOML has them, with their Chinese names."""

from collections.abc import Iterator, Mapping
from typing import Any

from .cards import card, datum, facts, notices

_ZH: Mapping[str, str] = {
    "name": "简称",
    "place": "地点",
    "boundary": "研究范围",
    "direction": "方向",
    "walker": "步行者",
    "compare": "对比步行者",
    "horizon_min": "最远搜索分钟",
    "network": "路网",
    "facilities": "设施",
    "tiers": "层级时限",
    "areas": "统计片区",
    "elevation": "高程",
    "population": "人口",
    "zones": "城市更新片区",
    "candidates": "备选房屋",
    "siting": "选址",
    "visits": "上门服务",
    "ground": "底图",
    "inventory": "应有数量",
    "walkers": "自定义步行者",
}
_ABOVE = {"title", "notices"}


def study_card(values: Mapping[str, Any]) -> str:
    """Return the card of a study, given what its TOML says, defaults included."""
    rows = [
        (f"{_ZH.get(key, '')} <code>{datum(key)}</code>", _value(value))
        for key, value in values.items()
        if key not in _ABOVE and value not in (None, "", (), [], {})
    ]
    title = datum(values.get("title") or values["name"])
    return card(title, notices(values.get("notices", ())), facts(rows))


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return " · ".join(f"{datum(key)} <b>{datum(end)}</b>" for key, end in _ends(value))
    return datum(_text(value))


def _ends(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted keys of a table and its tables, and their values as text."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _ends(value, f"{above}{key}.")
        # What is not asked for goes without saying.
        elif value is not False and (text := _text(value)) != "":
            yield f"{above}{key}", text


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
