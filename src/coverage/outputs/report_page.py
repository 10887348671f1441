"""The report: the study on one page, to be read, sent and printed, that asks no server."""

import base64
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from importlib import resources

from ..findings import Findings
from .map_words import plain
from .report_charts import (
    causes,
    coverage_curve,
    minutes_pyramid,
    tiers_with_facilities,
    walkers_compared,
)
from .report_fairness import fairness_section
from .report_gaps import gaps_section
from .report_next import next_section
from .report_notes import limits, methods, quality
from .report_overall import overall
from .report_services import services_section
from .report_sources import reproduction, sources
from .report_svg import Figure
from .report_tables import causes_table, facilities_table
from .report_visits import visits_section
from .report_words import (
    DIRECTION,
    LONGEST,
    Words,
    by_language,
    datum,
    minutes_words,
    walker_head,
    words,
)
from .warning_words import assumption

_LONGEST_IN_MARGIN = 60


def report_html(findings: Findings) -> str:
    """Write the report of a study as one HTML page.

    The page carries everything and its own policy forbids it to ask for more. Every word of ours
    stands there in Chinese and in English, and the reader's choice is shown and printed. Words from
    the data are shown as text and run nothing. The same findings give the same page.

    Parameters
    ----------
    findings
        What an analysis found.

    Returns
    -------
    page
        A whole HTML document.
    """
    script = _asset("report.js")
    digest = base64.b64encode(sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )
    told, small = _sections(findings), _small_print(findings)
    parts = [
        _opening(findings),
        overall(findings),
        *(
            _section(place, title, content, small=place > len(told))
            for place, (title, content) in enumerate([*told, *small], start=1)
        ),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(_title(findings))}</title>\n"
        f"<style>{_asset('report.css')}{_margins(findings)}</style>\n</head>\n<body>\n"
        f"<main>{''.join(parts)}</main>\n<script>{script}</script>\n</body>\n</html>\n"
    )


# ---- what stands at the top ----


def _opening(findings: Findings) -> str:
    study = findings.study
    halves = by_language(_title(findings))
    title = datum(_title(findings)) if halves is None else Words(*map(datum, halves)).html
    terms = words(
        "步行者：{walker}（{speed} 米/秒） · {direction} · 时限 {limits}{date}",
        "Walker: {walker} ({speed} m/s) · {direction} · within {limits}{date}",
        walker=walker_head(study.walking), speed=f"{study.walking.level_speed_mps:.2f}",
        direction=DIRECTION[study.direction], limits=minutes_words(study), date=_date(findings),
    )  # fmt: skip
    return (
        '<header><div class="bar"><p class="kind">'
        f"{Words('养老服务步行可达性评估', 'Walking access to elderly care').html}</p>"
        '<button type="button" id="language"><span lang="zh">English</span>'
        '<span lang="en">中文</span></button></div>'
        f'<h1 dir="auto">{title}</h1><p class="terms">{terms.html}</p>{_notices(findings)}</header>'
    )


def _title(findings: Findings) -> str:
    return plain(findings.study.title) or plain(findings.study.name)


def _date(findings: Findings) -> Words:
    day = plain(findings.summary["network"]["osm_timestamp"])[:10]
    if not day:
        return Words("", "")
    return words(" · 街道数据 {day}", " · streets of {day}", day=day)


def _notices(findings: Findings) -> str:
    """Return what must be shown beside every figure: never cut short, never folded away."""
    texts = [text for text in findings.study.notices if plain(text)]
    lines = []
    for text in texts:
        # Both halves, for they may not say quite the same; the reader's own first.
        halves = [datum(half, longest=LONGEST) for half in by_language(text) or (text,)]
        kind = ' class="pair"' if len(halves) > 1 else ""
        lines.append(f'<p dir="auto"{kind}><span>{"</span><span>".join(halves)}</span></p>')
    if said := _assumed(findings):
        lines.append(f"<p>{said.html}</p>")
    return f'<div class="notices" role="note">{"".join(lines)}</div>' if lines else ""


def _assumed(findings: Findings) -> Words | None:
    people = findings.summary["people"]
    if people is None or not people["assumed"]:
        return None
    zh, en = assumption(people["assumed"])
    return words(
        "人数含推算：{zh}。", "Head-counts are estimates: {en}.", zh=datum(zh), en=datum(en)
    )


def _margins(findings: Findings) -> str:
    """Return the style that repeats the notices in the margins of every printed page."""
    texts = [text for text in findings.study.notices if plain(text)]
    rules = []
    for own, language in enumerate(("zh", "en")):
        said = [(by_language(text) or (text, text))[own] for text in texts]
        line = plain(" · ".join(said), longest=_LONGEST_IN_MARGIN)
        rules.append(f"@page {language}{{@top-left{{content:{_css_text(line)}}}}}")
    return "".join(rules)


def _css_text(text: str) -> str:
    """Return a text as a string of a style sheet, in which nothing can end it."""
    return '"' + "".join(f"\\{ord(letter):06x}" for letter in text) + '"'


# ---- the sections ----


def _sections(findings: Findings) -> list[tuple[Words, str]]:
    people = findings.people is not None
    return [
        (
            Words("步行时间", "How far on foot"),
            _figures([coverage_curve(findings), minutes_pyramid(findings)], _NO_CURVES),
        ),
        (
            Words("未覆盖的原因", "Why people are not covered"),
            _why(findings),
        ),
        (
            Words("不同步行能力", "Walkers compared"),
            _figures([walkers_compared(findings)], _NO_WALKERS, "charts solo"),
        ),
        (
            Words("公平与负荷", "Fairness and load"),
            fairness_section(findings) if people else _missing(_NO_FAIRNESS),
        ),
        (Words("重点缺口", "The largest gaps"), gaps_section(findings)),
        *_services(findings),
        *_next(findings),
        *_visits(findings),
        (
            Words("关键设施", "The facilities most relied on"),
            facilities_table(findings) or _missing(_NOBODY_RELIES if people else _NO_RELIANCE),
        ),
    ]


def _small_print(findings: Findings) -> list[tuple[Words, str]]:
    """Return what stands behind the figures, printed smaller."""
    return [
        (Words("方法", "Methods"), methods(findings)),
        (Words("数据质量", "Quality of the data"), quality(findings)),
        (Words("局限", "Limits"), limits()),
        (Words("来源与依据", "Sources"), sources(findings)),
        (Words("复现", "How to repeat it"), reproduction(findings)),
    ]


def _services(findings: Findings) -> list[tuple[Words, str]]:
    """Return the section about services, of a study in which somebody offers or names one."""
    content = services_section(findings)
    return [(Words("各项服务", "Service by service"), content)] if content else []


def _next(findings: Findings) -> list[tuple[Words, str]]:
    """Return the section about proposals, of a study that asks for them."""
    if findings.next is None:
        return []
    title = Words("下一处设在哪里", "Where next")
    return [(title, next_section(findings, findings.next))]


def _visits(findings: Findings) -> list[tuple[Words, str]]:
    """Return the section about care that comes home, of a study that asks for it."""
    if findings.visits is None:
        return []
    title = Words("上门服务", "Care that comes home")
    return [(title, visits_section(findings, findings.visits))]


_NO_PEOPLE = "研究没有人口数据"
_NO_CURVES = Words(
    "本次分析没有逐分钟的结果，故无此图。",
    "This run has no figures by minute, so there is no chart.",
)
_NO_WALKERS = Words(
    "本次分析没有比较其他步行者，故无此图。",
    "This run compared no other walkers, so there is no chart.",
)
_NO_CAUSES = Words(
    f"{_NO_PEOPLE}，无法统计未覆盖老年人的原因。",
    "The study does not say where people live, so causes cannot be counted in people.",
)
_ALL_COVERED = Words("没有未覆盖的老年人。", "Every elderly person is covered.")
_NO_FACILITIES = Words(
    "没有设施，原因无从判断。", "There are no facilities, and so no causes to tell."
)
_NO_FAIRNESS = Words(
    f"{_NO_PEOPLE}，无法衡量不同居民之间的差别。",
    "The study does not say where people live, so people cannot be compared.",
)
_NO_RELIANCE = Words(
    f"{_NO_PEOPLE}，无法判断哪些设施最不可替代。",
    "The study does not say where people live, so nobody can be said to rely on a facility.",
)
_NOBODY_RELIES = Words(
    "没有老年人只能依靠某一处设施。", "Nobody has only one facility of a tier within reach."
)


def _section(place: int, title: Words, content: str, *, small: bool) -> str:
    number, kind = f'<span class="no">{place}</span>', ' class="small"' if small else ""
    return f'<section id="section-{place}"{kind}><h2>{number}{title.html}</h2>{content}</section>'


def _missing(said: Words) -> str:
    return f'<p class="missing">{said.html}</p>'


def _figures(found: Iterable[Figure | None], otherwise: Words, kind: str = "charts") -> str:
    drawn = [figure.html for figure in found if figure is not None]
    return f'<div class="{kind}">{"".join(drawn)}</div>' if drawn else _missing(otherwise)


def _why(findings: Findings) -> str:
    if findings.people is None:
        return _missing(_NO_CAUSES)
    figure = causes(findings)
    if figure is None:
        return _missing(_ALL_COVERED if tiers_with_facilities(findings) else _NO_FACILITIES)
    return f'<div class="charts solo">{figure.html}</div>{causes_table(findings)}'


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath("assets", name).read_text(encoding="utf-8")
