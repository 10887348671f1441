"""The services that a facility may offer: their names, and what else people call them."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

ServiceName = Literal["day_care", "dining", "university", "nursing", "rehab", "emergency"]

SERVICES: tuple[ServiceName, ...] = get_args(ServiceName)
SERVICE_NAMES_ZH: Mapping[str, str] = {
    "day_care": "日间照料",
    "dining": "助餐",
    "university": "老年大学",
    "nursing": "护理",
    "rehab": "康复",
    "emergency": "应急",
}
SERVICE_NAMES_EN: Mapping[str, str] = {
    "day_care": "day care",
    "dining": "dining",
    "university": "university of the third age",
    "nursing": "nursing",
    "rehab": "rehabilitation",
    "emergency": "emergency help",
}

_SYNONYMS: Mapping[ServiceName, tuple[str, ...]] = {
    "day_care": ("日间照护", "日照", "日托", "托老", "短托", "日间托养", "daycare", "day center",
                 "day centre", "elderly day care", "adult day care"),
    "dining": ("助餐服务", "老年助餐", "就餐", "用餐", "餐饮", "老年食堂", "社区食堂", "食堂",
               "送餐", "长者食堂", "canteen", "meals", "meal", "dining hall", "catering"),
    "university": ("老年教育", "老年学堂", "老年学校", "学堂", "文化教育", "senior university",
                   "university for the elderly", "u3a", "education", "learning"),
    "nursing": ("护理服务", "照护", "长期护理", "长期照护", "全托", "医养", "养护", "住养",
                "nursing care", "care", "residential care", "long-term care"),
    "rehab": ("康复服务", "康复护理", "康复训练", "康养", "rehabilitation", "physiotherapy"),
    "emergency": ("应急服务", "应急救援", "应急救助", "紧急救援", "紧急呼叫", "急救", "呼叫",
                  "emergency call", "emergency help", "emergency response", "sos"),
}  # fmt: skip

_BETWEEN = re.compile(r"[;；、,，/／|｜\n]")
_UNTIDY = re.compile(r"[\s_-]+")


def _key(text: str) -> str:
    """Return a text as it is compared: half-width, case and signs between words left out."""
    return _UNTIDY.sub("", unicodedata.normalize("NFKC", text).casefold())


_SAID: Mapping[str, ServiceName] = {
    _key(word): name
    for name in SERVICES
    for word in (name, SERVICE_NAMES_ZH[name], SERVICE_NAMES_EN[name], *_SYNONYMS[name])
}

ACCEPTED = ", ".join(f"{name} {SERVICE_NAMES_ZH[name]}" for name in SERVICES)
"""The names for a message."""


def said_service(text: str) -> ServiceName | None:
    """Return the service that a word names, in Chinese or English; None for no service.

    Examples
    --------
    >>> said_service("Day-Care"), said_service("老年食堂"), said_service("haircut")
    ('day_care', 'dining', None)
    """
    return _SAID.get(_key(text))


def read_services(text: str) -> tuple[tuple[ServiceName, ...], list[str]]:
    """Return the services that a cell names, each once in the order of `SERVICES`, and the rest.

    Parameters
    ----------
    text
        Several stand there with one of ``; ； 、 , / |`` or a new line between; a list as JSON
        writes it (``["dining", "rehab"]``) is read too. Empty for unknown.

    Returns
    -------
    services, unknown
        What is known, and the words that name no service.
    """
    bare = text.strip().removeprefix("[").removesuffix("]")
    parts = [part.strip().strip("\"'").strip() for part in _BETWEEN.split(bare)]
    said = {part: said_service(part) for part in parts if part}
    named = set(said.values())
    return (
        tuple(name for name in SERVICES if name in named),
        [part for part, service in said.items() if service is None],
    )


def joined_services(services: Iterable[ServiceName]) -> str:
    """Return services as a table's cell holds them: ``day_care;dining``, empty for none."""
    offered = set(services)
    return ";".join(name for name in SERVICES if name in offered)
