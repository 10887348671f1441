"""Where the report's figures come from, and what is needed to get them again."""

from html import escape
from pathlib import Path

from ..findings import Findings
from ..inputs.elevation_tiles import ATTRIBUTION as HEIGHT_NOTICES
from ..pace import STAIRS
from .map_words import plain
from .report_notes import bullets
from .report_tables import head, row_head, table
from .report_words import Markup, Words, datum, words
from .versions import versions


def sources(findings: Findings) -> Markup:
    """Return where data, standards and paces come from."""
    return bullets(item for item in _sources(findings) if item is not None)


def _sources(findings: Findings) -> list[Words | None]:
    study, network = findings.study, findings.summary["network"]
    licence = Markup(
        '<a href="https://www.openstreetmap.org/copyright" rel="noreferrer">'
        "© OpenStreetMap contributors</a>"
    )
    time = plain(network["osm_timestamp"])[:10]
    when = words("，数据日期 {d}", ", as of {d}", d=time) if time else Words("", "")
    climbs = "elevation" in findings.summary["quality"]
    counted = bool((findings.network.features.kind == STAIRS).any())
    return [
        words("街道与建筑：{licence}，ODbL 1.0（{source}{when}）。",
              "Streets and buildings: {licence}, ODbL 1.0 ({source}{when}).",
              licence=licence, source=datum(network["source"]), when=when),
        _file("高程", "Heights", study.elevation.file)
        if study.elevation is not None and climbs else None,
        words("若该栅格取自哥白尼 GLO-30：{notice}",
              "Where that raster is Copernicus GLO-30: {notice}",
              notice=HEIGHT_NOTICES["glo30"])
        if climbs else None,
        _file("设施", "Facilities", study.facilities.file),
        Words("设施另取自 OpenStreetMap 的养老类标签。",
              "Facilities also from OpenStreetMap's tags.")
        if study.facilities.from_osm else None,
        _file("人口", "People", study.population.file)
        if study.population is not None and findings.people is not None else None,
        _file("片区", "Areas", study.areas.file)
        if study.areas is not None and findings.areas is not None else None,
        _file("水系", "Water", study.ground.water)
        if study.ground is not None and len(findings.inputs.ground.water) else None,
        Words("“十五分钟”为重庆市对三级养老服务圈的承诺。全市区县级 52 处、街道级 220 处、社区级 "
              "2,871 处，老年人口约占 24%（市民政部门，城市更新新闻发布会，2024 年）。此为全市数，"
              "并非研究区数。",
              "The 15 minutes are Chongqing's promise for its three tiers of care. City-wide "
              "there are 52 district, 220 street and 2,871 community facilities, and some 24 % of "
              "the people are elderly (city civil affairs, press conference on urban renewal, "
              "2024); these are not figures of the study area."),
        Words("国家标准《城市居住区规划设计标准》GB 50180-2018：五分钟生活圈步行距离 300 米，"
              "十分钟 500 米，十五分钟 800–1000 米。",
              "National standard GB 50180-2018: life circles of 5 minutes (300 m on foot), 10 "
              "minutes (500 m) and 15 minutes (800–1,000 m)."),
        Words("坡度与速度：Tobler（1993）。", "Speed on slopes: Tobler (1993).")
        if study.walking.slope == "tobler" else None,
        Words("七十岁以上者每级台阶用时：Oh-Park 等（2011）；长梯坎减速：Kretz 等（2008）。",
              "Seconds a step of people over 70: Oh-Park et al. (2011); long flights: Kretz et "
              "al. (2008).")
        if counted and study.walking.stairs == "counted" else None,
        Words("驾车设计速度：《城市道路工程设计规范》CJJ 37-2012 表 3.2.1，转引自《中国大百科全书》"
              "第三版。",
              "Design speeds of driving: CJJ 37-2012, table 3.2.1, as quoted by the Encyclopedia "
              "of China, third edition.")
        if findings.visits is not None and findings.inputs.drive is not None else None,
    ]  # fmt: skip


def _file(zh: str, en: str, file: Path | None) -> Words | None:
    if file is None:
        return None
    return words("{what}：研究方提供的 {name}。", "{what}: {name}, given by the study.",
                 what=Words(zh, en), name=datum(file.name))  # fmt: skip


# ---- how to repeat it ----


def reproduction(findings: Findings) -> Markup:
    """Return what is needed to get the same figures again: study, inputs, versions."""
    said = Words(
        "相同的输入和版本得到相同的结果。输入文件以 SHA-256 摘要核对；完整设定与摘要另见 "
        "manifest.json。",
        "The same inputs and versions give the same figures. Inputs are told apart by their "
        "SHA-256; study and digests also stand in manifest.json.",
    )
    files = [
        f"<tr>{row_head(Words(*[datum(path)] * 2))}<td class='left "
        f"mono'>{escape(digest[:16])}…</td></tr>"
        for path, digest in sorted(findings.inputs.files.items())
    ]
    used = "，".join(f"{escape(name)} {escape(number)}" for name, number in versions().items())
    heads = [head(Words("输入", "Input"), kind="left"), head(Words("摘要", "SHA-256"), kind="left")]
    inputs = table(
        "inputs",
        Words("输入文件", "Inputs"),
        [Markup(f"<tr>{''.join(heads)}</tr>")],
        files,
        kind="small",
    )
    return Markup(
        f"<p>{said.html}</p>{inputs if files else ''}"
        f"<p>{Words('软件版本：', 'Versions: ').html}{used.replace('，', ' · ')}</p>"
        f"<details><summary>{Words('研究设定全文', 'The study as resolved').html}</summary>"
        f'<pre dir="ltr">{escape(_toml(findings))}</pre></details>'
    )


def _toml(findings: Findings) -> str:
    text = findings.study.to_toml()
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
