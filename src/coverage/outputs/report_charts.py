"""The charts of the report: how far care is, why, for whom, and how evenly it is spread."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..choices import Choices
from ..findings import Findings
from ..study_parts import TIERS, TierName
from .colours import BEYOND, TIER_COLOURS, UNREACHABLE, band_colour
from .report_svg import (
    WIDTH,
    Bar,
    Figure,
    Part,
    apart,
    dot,
    key,
    line,
    picture,
    polyline,
    rect,
    stacked,
    text,
)
from .report_words import (
    CAUSE,
    TIER,
    TIER_HEAD,
    TIER_SHORT,
    Words,
    count,
    joined,
    keeper,
    km_count,
    minutes,
    promised,
    share,
    walker_head,
    walker_name,
    words,
)

CAUSE_COLOURS: Mapping[str, str] = {
    "climb": "#b0501a",
    "detour": "#e3a84f",
    "no facility": "#31468c",
    "barrier": "#7a5195",
    "disconnected": "#5f6b6b",
    "not snapped": "#b9b4aa",
}
"""Apart in lightness as well as in hue."""
_LIGHT = {"#e3a84f", "#b9b4aa", "#c9d3d6"}
DASHES: Mapping[TierName, str] = {"community": "", "street": "9 3", "district": "2 3"}
_MINUTES = Words("{n} 分钟", "{n} min")
_CLASS_ENDS = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0)


def tiers_with_facilities(findings: Findings) -> list[TierName]:
    """Return the tiers of which there is a facility."""
    return [tier for tier in TIERS if findings.summary["facilities"][tier]]


# ---- coverage by minutes ----


def own_curves(findings: Findings, choices: Choices) -> NDArray[np.float64]:
    """Return the share covered within each of the minutes, shape (T, M); NaN of nothing."""
    place = choices.directions.index(findings.study.direction)
    amount = choices.street_km if choices.elderly is None else choices.elderly
    return np.asarray(amount[0, 0, place] / (total_of(findings) or np.nan))


def coverage_curve(findings: Findings) -> Figure | None:
    """Return the share that each tier covers by minutes, with the promise marked."""
    choices, shown = findings.choices, tiers_with_facilities(findings)
    if choices is None or not shown:
        return None
    left, right, top, bottom = 42.0, WIDTH - 84, 26.0, 252.0
    axis = np.array(choices.minutes)
    curves = own_curves(findings, choices)
    if np.isnan(curves).any():
        return None
    low, high = 0.0, float(axis[-1])

    def x(at: float) -> float:
        return left + (right - left) * (at - low) / (high - low)

    def y(part: float) -> float:
        return bottom - (bottom - top) * part

    drawn = []
    for step in range(0, 101, 25):
        drawn.append(line(left, y(step / 100), right, y(step / 100), "grid"))
        drawn.append(text(left - 6, y(step / 100) + 4, share(step / 100), "q", anchor="end"))
    drawn += [
        text(x(at), bottom + 17, str(at), "q", anchor="middle")
        for at in (range(5, int(high) + 1, 5) if high <= 30 else range(10, int(high) + 1, 10))
    ]
    drawn.append(
        text((left + right) / 2, bottom + 36, Words("步行分钟", "minutes on foot"), "q",
             anchor="middle")
    )  # fmt: skip
    limits = promised(findings.study)
    promises = sorted({limits[tier] for tier in shown})
    said = Words("时限 {n} 分钟", "{n} min promised") if len(promises) == 1 else _MINUTES
    spots = apart([x(limit) for limit in promises], 52, left, right)
    for limit, spot in zip(promises, spots, strict=True):
        drawn.append(line(x(limit), top - 6, x(limit), bottom, "limit"))
        promise = words(said.zh, said.en, n=f"{limit:g}")
        drawn.append(text(spot, top - 11, promise, "q", anchor="middle"))
    ends = apart([y(curves[TIERS.index(t), -1]) for t in shown], 15, top, bottom)
    at_limit = {t: float(curves[TIERS.index(t), int(np.argmin(np.abs(axis - limits[t])))])
                for t in shown}  # fmt: skip
    labels = apart([y(at_limit[t]) - 9 for t in shown], 15, top + 4, bottom - 4)
    for tier, end, label in zip(shown, ends, labels, strict=True):
        colour, values = TIER_COLOURS[tier], curves[TIERS.index(tier)]
        drawn.append(
            polyline([x(a) for a in axis], [y(v) for v in values.tolist()], colour, DASHES[tier])
        )
        drawn.append(dot(x(limits[tier]), y(at_limit[tier]), 4, colour))
        drawn.append(
            text(x(limits[tier]) - 8, label + 2, share(at_limit[tier]), "b halo", anchor="end")
        )
        drawn.append(text(right + 6, end + 4, TIER_SHORT[tier], "b"))
    return Figure(
        "by-minutes",
        words("放宽或收紧时限，覆盖率如何变化", "What is covered, by minutes on foot"),
        _curve_says(findings, choices, curves, shown[0]),
        picture("by-minutes", bottom + 44, drawn),
    )


def _curve_says(
    findings: Findings, choices: Choices, curves: NDArray[np.float64], tier: TierName
) -> Words:
    limit, axis = promised(findings.study)[tier], choices.minutes
    later = [m for m in axis if m >= limit + 5]
    now = curves[TIERS.index(tier), axis.index(limit)]
    values = {"tier": TIER_HEAD[tier], "now": share(float(now)), "limit": f"{limit:g}"}
    if not later:
        return words("{tier}：{limit} 分钟内覆盖 {now}。",
                     "{tier}: {now} within {limit} minutes.", **values)  # fmt: skip
    then = curves[TIERS.index(tier), axis.index(later[0])]
    return words(
        "{tier}：{limit} 分钟内覆盖 {now}；若时限放宽到 {later} 分钟，为 {then}。",
        "{tier}: {now} within {limit} minutes, {then} if the promise were {later} minutes.",
        **values, later=f"{later[0]:g}", then=share(float(then)),
    )  # fmt: skip


# ---- the pyramid of minutes ----


def minutes_pyramid(findings: Findings) -> Figure | None:
    """Return people (else street) by class of minutes: community one side, the others beside."""
    limits, shown = promised(findings.study), tiers_with_facilities(findings)
    ends = sorted({*_CLASS_ENDS, *limits.values()})
    amounts = _by_class(findings, ends)
    if amounts is None or not shown:
        return None
    names = [f"{low:g}–{end:g}" for low, end in zip([0, *ends], ends, strict=False)]
    rows: list[Words | str] = [*names]
    horizon = findings.study.horizon_min
    if amounts.shape[1] > len(ends) + 1:
        rows.append(f"{ends[-1]:g}–{horizon:g}")
        rows.append(words("{n} 以上", "over {n}", n=f"{horizon:g}"))
    else:
        rows.append(words("{n} 以上", "over {n}", n=f"{ends[-1]:g}"))
    people = findings.people is not None
    reach, step, top = 82.0, 24.0, 40.0
    # The two sides are of one scale; the district tier, far longer, has its own.
    most = {tier: float(amounts[TIERS.index(tier)].max()) for tier in shown}
    sides = max((most[tier] for tier in shown if tier != TIERS[2]), default=0.0)
    longest = {tier: (most[tier] if tier == TIERS[2] else sides) or 1.0 for tier in shown}
    # Where each tier's bars begin, and which way they grow.
    begin = {"community": (128.0, -1), "street": (198.0, 1), "district": (332.0, 1)}
    drawn = [
        text(163, top - 8, Words("分钟", "minutes"), "q", anchor="middle"),
        *(text(163, top + step * i + 15, row, "q", anchor="middle") for i, row in enumerate(rows)),
    ]
    for tier in shown:
        start, way = begin[tier]
        anchor = "end" if way < 0 else ""
        drawn.append(text(start, top - 22, TIER_SHORT[tier], "b", anchor=anchor))
        for i, amount in enumerate(amounts[TIERS.index(tier)].tolist()):
            width, y = reach * amount / longest[tier], top + step * i
            if i < len(ends):
                colour = band_colour(ends[i]) if ends[i] <= limits[tier] else BEYOND
            else:
                colour = UNREACHABLE if i == len(rows) - 1 else BEYOND
            drawn.append(rect(start - width if way < 0 else start, y + 2, width, step - 5, colour))
            label = count(amount) if people else km_count(amount)
            drawn.append(text(start + way * (width + 4), y + 15, label, "n", anchor=anchor))
    return Figure(
        "pyramid",
        words(
            "老年人距离最近设施有多远", "How far the elderly people live from the nearest facility"
        )
        if people
        else words(
            "街道距离最近设施有多远（公里）",
            "How far the street lies from the nearest facility (km)",
        ),
        _pyramid_says(findings, shown),
        picture("pyramid", top + step * len(rows) + 6, drawn),
    )


def _by_class(findings: Findings, ends: Sequence[float]) -> NDArray[np.float64] | None:
    """Return amounts by tier and class of minutes, the last class without end."""
    if findings.people is not None:
        homes = findings.people.homes
        elderly = homes["elderly"].to_numpy(float)
        rows = []
        for tier in TIERS:
            walked = homes[f"minutes_{tier}"].to_numpy(float)
            # A walk of exactly so long is within; so is what rounding adds to it.
            place = np.searchsorted(np.array(ends) + 1e-6 / 60, walked)
            place[np.isnan(walked)] = len(ends) + 1
            rows.append(np.bincount(place, weights=elderly, minlength=len(ends) + 2))
        return np.array(rows)
    choices = findings.choices
    if choices is None or not set(ends) <= set(choices.minutes):
        return None
    place = choices.directions.index(findings.study.direction)
    at = [choices.minutes.index(end) for end in ends]
    within = choices.street_km[0, 0, place][:, at]
    whole = np.full((len(TIERS), 1), findings.summary["street_km"])
    return np.diff(
        np.hstack([np.zeros((len(TIERS), 1)), within, np.maximum(whole, within[:, -1:])])
    )


def _pyramid_says(findings: Findings, shown: Sequence[TierName]) -> Words:
    people, sides = findings.summary["people"], Words("", "")
    if people is not None:
        tier = shown[0]
        half, far = people[f"minutes_median_{tier}"], people[f"minutes_p90_{tier}"]
        horizon = f"{findings.study.horizon_min:g}"
        if half is not None:
            sides = words(
                "一半老年人到最近{tier}的路程在 {half} 分钟以内，",
                "Half of the elderly people live within {half} minutes of a {tier}, ",
                tier=TIER[tier], half=minutes(half),
            )  # fmt: skip
        last = (
            words("最远的一成在 {far} 分钟以上。", "the farthest tenth {far} minutes or more.",
                  far=minutes(far))
            if far is not None
            else words("最远的一成超过 {n} 分钟或走不到。",
                       "the farthest tenth over {n} minutes, or with no way.", n=horizon)
        )  # fmt: skip
        sides = joined([sides, last], "", "")
    colours = words(
        "蓝、绿为时限以内，褐为超时，深灰为最远；左右两侧比例尺相同，区县一列另计。",
        "Blue to green: within the promise; brown: beyond; dark: farthest. Left and right have "
        "one scale, the district column its own.",
    )
    return joined([sides, colours]) if people is not None else colours


# ---- why not covered ----


def causes(findings: Findings) -> Figure | None:
    """Return the elderly people not covered by each tier, by cause."""
    if findings.people is None:
        return None
    by_tier = findings.people.causes
    shown = [t for t in tiers_with_facilities(findings) if sum(by_tier[t].values()) > 0]
    used = [cause for cause in CAUSE if any(by_tier[t][cause] > 0 for t in shown)]
    if not shown:
        return None
    bars = [
        Bar(
            words("{tier}：{n} 名未覆盖", "{tier}: {n} not covered", tier=TIER_HEAD[tier],
                  n=count(sum(by_tier[tier].values()))),
            tuple(
                Part(by_tier[tier][cause], CAUSE_COLOURS[cause], count(by_tier[tier][cause]),
                     CAUSE_COLOURS[cause] not in _LIGHT)
                for cause in used
            ),
        )
        for tier in shown
    ]  # fmt: skip
    drawn, y = stacked(bars, top=0)
    legend, y = key([(CAUSE_COLOURS[c], CAUSE[c].name) for c in used], top=y + 2, columns=3)
    return Figure(
        "causes",
        words("为什么走不到：未覆盖老年人的原因", "What keeps them away"),
        joined([_main_cause(by_tier[tier], tier) for tier in shown], "<br>", "<br>"),
        picture("causes", y + 4, [*drawn, *legend]),
    )  # fmt: skip


def _main_cause(amounts: Mapping[str, float], tier: TierName) -> Words:
    most, total = max(amounts, key=lambda cause: amounts[cause]), sum(amounts.values())
    return words(
        "{tier}：未覆盖的 {total} 名老年人中，首要原因是{cause}，占 {part}。",
        "Of the {total} elderly people whom no {tier} covers, {part} are kept away by {cause}.",
        tier=TIER[tier], total=count(total), cause=keeper(most),
        part=share(amounts[most] / total),
    )  # fmt: skip


# ---- for whom ----


def walkers_compared(findings: Findings) -> Figure | None:
    """Return the share that each walker reaches in each tier's minutes."""
    choices, shown = findings.choices, tiers_with_facilities(findings)
    total = total_of(findings)
    if choices is None or not shown or not total or len(choices.walkers) < 2:
        return None
    place = choices.directions.index(findings.study.direction)
    amount = choices.street_km if choices.elderly is None else choices.elderly
    limits, column, top = promised(findings.study), WIDTH / len(TIERS), 30.0
    fastest = sorted(
        range(len(choices.walkers)),
        key=lambda w: (-float(amount[0, w, place].sum()), choices.walkers[w].name),
    )
    drawn = [text(column * TIERS.index(tier), 14, TIER_SHORT[tier], "b") for tier in shown]
    shares: dict[tuple[int, TierName], float] = {}
    for row, w in enumerate(fastest):
        walker, y = choices.walkers[w], top + 42 * row
        label = words(
            "{name}（{speed} 米/秒）", "{name} ({speed} m/s)", name=walker_head(walker),
            speed=f"{walker.level_speed_mps:.2f}",
        )  # fmt: skip
        drawn.append(text(0, y + 11, label, "b" if w == 0 else ""))
        for tier in shown:
            t, m = TIERS.index(tier), choices.minutes.index(limits[tier])
            shares[w, tier] = float(amount[0, w, place, t, m]) / total
            x, width = column * t, (column - 62) * shares[w, tier]
            drawn += [
                rect(x, y + 16, column - 62, 14, "#f0ede6"),
                rect(x, y + 16, width, 14, TIER_COLOURS[tier] if w == 0 else "#8d8a94"),
                text(x + column - 57, y + 27.5, share(shares[w, tier]), "n"),
            ]
    first = shown[0]
    best, worst = fastest[0], fastest[-1]
    return Figure(
        "walkers",
        words("不同步行能力的人，可达程度相差多少", "The same promise, by who walks"),
        words(
            "同样的时限，{best}可达 {high}，{worst}仅 {low}（{tier}）。深色为本研究采用的步行者；"
            "设施与住处相同，只有步行能力不同。",
            "In the same time {best} reaches a {tier} from {high}, {worst} from {low} of {all}. "
            "Dark: this study's own walker. Homes and facilities are the same, only the walking "
            "differs.",
            best=walker_name(choices.walkers[best]), worst=walker_name(choices.walkers[worst]),
            high=share(shares[best, first]), low=share(shares[worst, first]), tier=TIER[first],
            all="all elderly people's homes" if findings.people is not None else "the street",
        ),
        picture("walkers", top + 42 * len(fastest), drawn),
    )  # fmt: skip


def total_of(findings: Findings) -> float:
    """Return the elderly people of the study, else its kilometres of street."""
    people = findings.summary["people"]
    return float(findings.summary["street_km"] if people is None else people["elderly"])
