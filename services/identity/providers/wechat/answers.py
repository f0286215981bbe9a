"""What the platform's answers mean: its error codes as data, with a test per code.

The platform always answers 200 and says `errcode`. A code that is not listed is ours to mend: it is logged as an error,
and whoever waits is told to come again.
"""

import json
from typing import Any, Final

import structlog

from core.http import Answer
from services.identity.ports import WechatAway, WechatCodeRefused, WechatDistrusts

log = structlog.get_logger(__name__)

STALE_TOKEN: Final = frozenset({40001, 40014, 42001})
"""The access token is not good any more: another may be."""

CODE_REFUSED: Final = frozenset({40029, 40163, 41008, 42003})
"""Unknown, used, missing, too old."""

DISTRUSTED: Final = frozenset({40226})
BUSY: Final = frozenset({-1, 45009, 45011})
_OK: Final = 200


def read(answer: Answer) -> dict[str, Any]:
    """The object of an answer; raises WechatAway for anything else."""
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise WechatAway from error
    if answer.status != _OK or not isinstance(told, dict):
        raise WechatAway
    return told


def errcode(told: dict[str, Any]) -> int:
    """The answer's error code; 0 when there is none."""
    code = told.get("errcode", 0)
    return code if isinstance(code, int) else -1


def check(told: dict[str, Any], *, operation: str) -> None:
    """Raise what the error code means, if there is one."""
    code = errcode(told)
    if code in CODE_REFUSED:
        raise WechatCodeRefused
    if code in DISTRUSTED:
        raise WechatDistrusts
    if code in BUSY:
        log.warning("wechat_busy", operation=operation, errcode=code)
        raise WechatAway
    if code != 0:
        log.error("wechat_refused_us", operation=operation, errcode=code)
        raise WechatAway


def text(told: dict[str, Any], name: str) -> str:
    """A text that must be there; raises WechatAway."""
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise WechatAway
    return value
