"""The headline figures of a run, in one line and as the card that Jupyter shows."""

from ..cards import card, datum, folded, line, notices, table
from ..findings import Findings
from ..study_parts import TIER_NAMES_ZH, TIERS
from .map_words import DIRECTIONS, TIER_NAMES_EN, UNKNOWN, percent

_ALL = (("any", "任一层级", "any tier"), ("all", "三级均可达", "all three tiers"))


def headline_text(result: Findings) -> str:
    """Return the headline figures in one line of plain text."""
    summary = result.summary
    people = summary["people"]
    if people is None:
        of = f"{summary['street_km']:,.1f} km of street"
        shares = {tier: summary["coverage"][tier]["share"] for tier in TIERS}
    else:
        of = f"{people['elderly']:,.0f} elderly people"
        shares = {tier: people[f"share_elderly_{tier}"] for tier in TIERS}
    told = ", ".join(f"{tier} {percent(share)}" for tier, share in shares.items())
    return f"{summary['study']!r}, {summary['walker']}: of {of} {told}".replace("\u00a0", " ")


def headline_card(result: Findings) -> str:
    """Return the headline figures as markup: notices, then a row for each tier."""
    study, summary = result.study, result.summary
    terms = [
        f"步行者 walker {datum(f'{study.walker} ({study.walking.level_speed_mps:g} m/s)')}",
        DIRECTIONS[study.direction],
        f"街道 street {_number(summary['street_km'], 1)} km",
    ]
    people = summary["people"]
    heads = [("层级", "Tier"), ("设施", "Facilities"), ("时限", "Minutes"),
             ("街道覆盖", "Street covered")]  # fmt: skip
    assumed = ""
    if people is not None:
        heads += [("老年人覆盖", "Elderly people covered"), ("占比", "Share")]
        if people["assumed"]:
            assumed = line(f"含假设 assumed: {datum(people['assumed'])}", small=True)
    heads.append(("缺口", "Gaps"))
    rows = [_row(result, tier, TIER_NAMES_ZH[tier], TIER_NAMES_EN[tier]) for tier in TIERS]
    rows += [_row(result, *names) for names in _ALL]
    warnings = summary["warnings"]
    return card(
        datum(study.title or study.name),
        notices(study.notices),
        line(" · ".join(terms)),
        table(heads, rows),
        assumed,
        folded(f"{len(warnings)} 条数据提示 notes on the data", warnings),
        line("map() 地图 · report() 报告 · gaps 缺口 · areas 片区 · save(folder) 存盘", small=True),
    )


def _row(result: Findings, key: str, zh: str, en: str) -> list[str]:
    summary = result.summary
    found, people = summary["coverage"][key], summary["people"]
    facilities, minutes, gaps = "", "", ""
    if key in summary["facilities"]:
        facilities = f"{summary['facilities'][key]:,}"
        minutes = f"{summary['threshold_min'][key]:g}"
        gaps = f"{summary['gaps'][key]['count']:,}"
    elif key == "all" and "circle" in summary["gaps"]:
        gaps = f"{summary['gaps']['circle']['count']:,}"
    row = [f"{zh} {en}", facilities, minutes,
           f"{_number(found['covered_km'], 1)} km ({percent(found['share'])})"]  # fmt: skip
    if people is not None:
        covered, total = people[f"elderly_{key}"], people["elderly"]
        row += [f"{_number(covered)} / {_number(total)}", percent(people[f"share_elderly_{key}"])]
    return [*row, gaps]


def _number(value: float | None, digits: int = 0) -> str:
    return UNKNOWN if value is None else f"{value:,.{digits}f}"
