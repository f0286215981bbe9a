"""The reader's language: what the address asks for, a cookie, the browser's wishes, the supplier's default."""

import re
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import Depends, Request

from web.problems.common import LocaleNotOffered
from web.runtime import Runtime, RuntimeDep

COOKIE: Final = "lang"
MAX_HEADER: Final = 200
_WEIGHT: Final = re.compile(r"[01](\.[0-9]{0,3})?")
"""RFC 9110, 12.4.2, less the rule that nothing comes after 1."""


def negotiate(wishes: str, offered: Sequence[str]) -> str:
    """The offered language that an Accept-Language header (RFC 9110, 12.5.4) likes best; else the first offered."""
    weighted: list[tuple[float, int, str]] = []
    for place, part in enumerate(wishes[:MAX_HEADER].split(",")):
        tag, _, parameter = part.strip().partition(";")
        weighted.append((-_weight(parameter), place, tag.strip().lower()))
    for weight, _, tag in sorted(weighted):
        for locale in offered:
            if (
                weight < 0
                and tag
                and (locale.lower().startswith(tag) or tag.startswith(locale.lower().partition("-")[0] + "-"))
            ):
                return locale
    return offered[0]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    return float(value) if _WEIGHT.fullmatch(value) else 0.0


def of_request(request: Request, offered: Sequence[str]) -> str:
    """The language of one request, for handlers that run outside dependencies."""
    for wish in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wish is not None and wish in offered:
            return wish
    return negotiate(request.headers.get("accept-language", ""), offered)


def offered(wanted: str, runtime: Runtime) -> str:
    """A language that somebody chooses; raises LocaleNotOffered."""
    locales = runtime.settings.locales
    if wanted not in locales:
        raise LocaleNotOffered(locales=", ".join(locales))
    return wanted


async def _locale(request: Request, runtime: RuntimeDep) -> str:
    return of_request(request, runtime.settings.locales)


Locale = Annotated[str, Depends(_locale)]
