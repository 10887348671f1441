"""What warnings and assumptions say, in Chinese.

They are written in English where they arise. Each kind has its Chinese here; one that has none is
shown as it was written.
"""

import re

from ..service_kinds import SERVICE_NAMES_ZH
from ..study_parts import TIER_NAMES_ZH

_TIERS = "|".join(TIER_NAMES_ZH)
_SERVICES = "|".join(SERVICE_NAMES_ZH)

_WARNINGS: tuple[tuple[str, str], ...] = (
    (r"streets: (.+) '(.+)' tags make no sense and are passed over",
     r"街道：\1 个 \2 标签的取值不合理，未予采用"),
    (r"elevation: (.+) of the street counts as level: the raster has no height there",
     r"高程：\1 的街道按平路计，因其处无高程数据"),
    (r"elevation: (.+) of the street counts as level: there is no raster",
     r"高程：\1 的街道按平路计，因未提供高程数据"),
    (r"elevation: half of the streets lie (.+) m off the raster: is it in metres\?",
     r"高程：半数街道与高程数据相差 \1 米以上，请核对其单位是否为米"),
    (r"facilities: there is no (.+) facility, so nothing of it is covered",
     r"设施：没有\1，该层级全部未覆盖"),
    (r"facilities: (.+) say nothing of their places, and supply none in 2SFCA",
     r"设施：\1 处未填床位数，计算床位可及性时按无床位计"),
    (r"streets: there is no street in the study area", r"街道：研究区内没有街道"),
    (r"facilities: (.+) have no street within (.+) m and reach nothing: (.+)",
     r"设施：\1 处在 \2 米内没有可步行街道，不计入任何覆盖：\3"),
    (r"(.+): feature (.+) was mended \((.+)\)", r"\1：第 \2 个图形有误，已自动修复（\3）"),
    (r"(.+): '(.+)' and '(.+)' overlap; what lies in both is counted in the first",
     r"\1：“\2”与“\3”重叠，重叠部分计入前者"),
    (r"(.+): (.+) cells have negative people; taken as nobody",
     r"\1：\2 个格网人口为负数，按无人计"),
    (r"(.+): the points are stated to be (.+) but fit the streets far better as (.+): on average "
     r".+; check whether (.+) is right",
     r"\1：坐标标注为 \2，但按 \3 换算后与街道吻合得多，请核对是否应为 \4"),
    (r"(.+): the datum is not stated and (.+) places among the streets are too few to tell it; "
     r"(.+) is assumed\. Write datum under \[facilities\]",
     r"\1：未注明坐标系，街道附近仅 \2 处，不足以判断，暂按 \3 处理；"
     r"请在 [facilities] 中写明 datum"),
    (r"(.+): the datum is not stated; (.+) is assumed, but the points may be (.+): on average .+, "
     r"too little to be sure\. Write datum under \[facilities\]",
     r"\1：未注明坐标系，暂按 \2 处理，但也可能是 \3；请在 [facilities] 中写明 datum"),
    (r"(.+): (.+) nodes of streets are not in the file; streets end where they are missing",
     r"\1：文件缺少 \2 个街道节点，街道在缺失处中断"),
    (r"boundary: the study area is (.+)° wide; lengths far from its middle are off by more than "
     r"0\.1 %",
     r"研究区：宽达 \1°，远离中央处的长度误差超过 0.1%"),
    (r"(.+): (.+) facilities lie beyond the network's margin and are left out: (.+)",
     r"\1：\2 处设施在路网范围以外，未计入：\3"),
    (r"(.+): the tier of (.+) facilities is guessed from their names; write it in the column "
     r"tier: (.+)",
     r"\1：\2 处设施的层级系按名称推断，请在 tier 列中写明：\3"),
    (r"inventory: (.+): (.+) of (.+) facilities(.*)",
     r"设施数量：\1，清单 \2 处，应有 \3 处\4"),
    (r"OpenStreetMap: (.+) facilities lie within (.+) m of a listed one of their tier and are "
     r"taken for the same: (.+)",
     r"OpenStreetMap：\1 处与清单中同级设施相距不足 \2 米，视为同一处：\3"),
    (r"OpenStreetMap: the tier of (.+) facilities is guessed from their names and tags: (.+)",
     r"OpenStreetMap：\1 处设施的层级系按名称和标签推断：\2"),
    (r"(.+): (.+) features are not points; a point inside stands for each: (.+)",
     r"\1：\2 个要素不是点，各以其内部一点代替：\3"),
    (r"(.+): does not say its datum, and a run in tiles does not compare it with the streets: "
     r"`(.+)` does\.",
     r"\1：未注明坐标系，分块运行不与街道比对；请用 \2 核对"),
    (r"visits: The study does not say where old people live, .+",
     r"上门服务：研究未说明老年人住在何处，无法计算；请填写 [population]"),
    (r"visits: No facility of the tiers (.+) is in the study area or near it, .+",
     r"上门服务：研究区及附近没有\1，无人可派；请在 [visits] tiers 中写明现有层级"),
    (r"facilities: (.+) of (.+) say nothing of their services, and count as offering none",
     r"设施：\2 处中有 \1 处未填服务内容，按不提供任何服务计"),
    (rf"services: no facility offers ({_SERVICES})", r"服务：没有设施提供“\1”"),
    (rf"siting: no facility offers ({_SERVICES}) yet, so nobody is covered before the first one "
     r"opens", r"选址：目前没有设施提供“\1”，开设第一处之前无人覆盖"),
    (rf"siting: candidates: none of them can be used \(.+\)\. Name ({_SERVICES}) in their column "
     r"fits, or leave it empty\.",
     r"选址：没有一处备选点可用来提供“\1”；请核对其位置，并在 fits 列中写明该服务，或留空"),
)  # fmt: skip
_ASSUMPTIONS: tuple[tuple[str, str, str], ...] = (
    (r"elderly share by column '(.+)' \(assumed 假设\)",
     r"老年人口按“\1”列的比例推算（假设）",
     r"elderly people by the share in the column '\1' (assumed)"),
    (r"elderly share (.+) \(assumed 假设\)",
     r"老年人口按总人口的 \1 推算（假设）",
     r"elderly people taken as \1 of all people (assumed)"),
    (r"(.+) people a household", r"每户按 \1 人推算（假设）", r"\1 people a household (assumed)"),
)  # fmt: skip


def warning_zh(warning: str) -> str:
    """Return a warning in Chinese; as it was written when it is of no known kind."""
    for pattern, chinese in _WARNINGS:
        if found := re.fullmatch(pattern, warning, re.DOTALL):
            return re.sub(
                rf"({_TIERS})(?:(, )(?={_TIERS})|(?=，该层级|，清单|，无人可派))"
                rf"|(?<=提供“)({_SERVICES})(?=”)",
                _name_zh,
                found.expand(chinese),
            )
    return warning


def _name_zh(found: re.Match[str]) -> str:
    """Return the Chinese name of the tier or service that was found."""
    tier, more, service = found.groups()
    return SERVICE_NAMES_ZH[service] if service else TIER_NAMES_ZH[tier] + ("、" if more else "")


def assumption(text: str) -> tuple[str, str]:
    """Return what is assumed, in Chinese and in English."""
    zh, en = [], []
    for part in text.split("; "):
        for pattern, chinese, english in _ASSUMPTIONS:
            if found := re.fullmatch(pattern, part, re.DOTALL):
                zh.append(found.expand(chinese))
                en.append(found.expand(english))
                break
        else:
            zh.append(part)
            en.append(part)
    return "；".join(zh), re.sub(r"(?<=\d)%", "\u00a0%", "; ".join(en))
