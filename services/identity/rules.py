"""Telephone numbers, codes, limits and the refresh decision: pure functions."""

import enum
import hashlib
import hmac
import ipaddress
import re
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from core.texts import is_line

CODE_DIGITS: Final = 6
CODE_LIFETIME: Final = timedelta(minutes=5)
MAX_TRIES: Final = 5
GRACE: Final = timedelta(seconds=10)
"""A client whose answer was lost may repeat a refresh for this long and gets the same successor."""

TOUCH_EVERY: Final = timedelta(minutes=10)
"""How coarse "last used" is: a page view writes only when the last write is older."""

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
MAX_DEVICE_NAME: Final = 80

# Two-digit calling codes of ITU-T E.164; those that begin with 1 or 7 have one digit, all others three.
_TWO_DIGIT_CODES: Final = re.compile(r"2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")
# Numbers that get messages, where the country's plan says so in one line. In the others a national number does not
# begin with the trunk zero.
_NATIONAL: Final = {"86": re.compile(r"1[3-9][0-9]{9}"), "1": re.compile(r"[2-9][0-9]{9}")}
_NATIONAL_ELSEWHERE: Final = re.compile(r"[1-9][0-9]{4,13}")
_DIGITS: Final = re.compile(r"[0-9]+")
_SEPARATORS: Final = str.maketrans("", "", " -.()/\u2010\u2011\u2012\u2013\u2014\u2212")
_MAX_DIGITS: Final = 15
_MAX_TYPED: Final = 40

_BROWSERS: Final = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Limit:
    """How many codes within any hour and within any 24 hours."""

    per_hour: int
    per_day: int


PHONE_LIMIT: Final = Limit(5, 10)
DEVICE_LIMIT: Final = Limit(10, 20)
ADDRESS_LIMIT: Final = Limit(60, 300)
"""Generous, because a mobile carrier puts thousands of customers behind one address."""


class Verdict(enum.Enum):
    """What a presented refresh token is worth."""

    CURRENT = enum.auto()
    JUST_ROTATED = enum.auto()
    REUSED = enum.auto()


def canonical_phone(text: str, *, region: str) -> str | None:
    """The one E.164 form of a telephone number however it was typed, or None.

    Full-width digits, spaces, hyphens, dots, brackets, `00` for `+` and a national trunk zero are understood; a number
    without a country code gets `region` (`+86`). Control and format characters are refused, so is a number that its
    country's plan does not have.
    """
    if len(text) > _MAX_TYPED or not is_line(text):
        return None
    typed = unicodedata.normalize("NFKC", text).strip()
    if typed.startswith("+"):
        typed = typed.replace("(0)", "")
    typed = typed.translate(_SEPARATORS)
    if typed.startswith("00"):
        typed = "+" + typed[2:]
    if not _DIGITS.fullmatch(typed.removeprefix("+")):
        return None
    if not typed.startswith("+"):
        return _national(region[1:], typed)
    code = _calling_code(typed[1:])
    return _international(code, typed[1 + len(code) :])


def _national(code: str, digits: str) -> str | None:
    found = _international(code, digits.removeprefix("0"))
    if found is None and code in _NATIONAL and digits.startswith(code):
        # `8613800138000`: the plan tells that these are the country's digits and not the number's own.
        found = _international(code, digits.removeprefix(code))
    return found


def _international(code: str, national: str) -> str | None:
    is_possible = (
        _NATIONAL.get(code, _NATIONAL_ELSEWHERE).fullmatch(national) and len(code) + len(national) <= _MAX_DIGITS
    )
    return f"+{code}{national}" if is_possible else None


def _calling_code(digits: str) -> str:
    if digits[:1] in {"1", "7"}:
        return digits[:1]
    return digits[: 2 if _TWO_DIGIT_CODES.match(digits) else 3]


def canonical_code(text: str) -> str | None:
    """The six digits of a code however typed, or None."""
    typed = unicodedata.normalize("NFKC", text[:_MAX_TYPED]).translate(_SEPARATORS)
    return typed if len(typed) == CODE_DIGITS and _DIGITS.fullmatch(typed) else None


def code_hash(key: bytes, *, challenge_id: UUID, phone: str, purpose: str, device: str, code: str) -> bytes:
    """The keyed hash that ties a code to its challenge, phone, purpose and device."""
    bound_to = "\0".join((str(challenge_id), phone, purpose, device, code))
    return hmac.digest(key, bound_to.encode(), hashlib.sha256)


def address_group(address: str) -> str:
    """Whose limit an address counts against: an IPv4 address itself, the /64 of an IPv6 address (one household's)."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped is not None else str(ipaddress.IPv6Network((found, 64), strict=False))
    return str(found)


def retry_after_s(hits: Sequence[datetime], limit: Limit, *, now: datetime) -> int:
    """Seconds until one more code is within the limit."""
    newest_first = sorted(hits, reverse=True)
    free = [
        newest_first[most - 1] + window - now
        for most, window in ((limit.per_hour, HOUR), (limit.per_day, DAY))
        if len(newest_first) >= most
    ]
    return max(1, *(int(wait.total_seconds()) + 1 for wait in free)) if free else 1


def judge(*, presented: int, current: int, rotated_at: datetime, now: datetime) -> Verdict:
    """Tell whether a refresh token of generation `presented` is current, just rotated, or an old one come back."""
    if presented == current:
        return Verdict.CURRENT
    if presented == current - 1 and now - rotated_at <= GRACE:
        return Verdict.JUST_ROTATED
    return Verdict.REUSED


def successor(key: bytes, token: str) -> str:
    """The refresh token that follows `token`: always the same, and nobody without our key can compute it."""
    return urlsafe_b64encode(hmac.digest(key, token.encode(), hashlib.sha256)).decode().rstrip("=")


def secret_hash(secret: str) -> bytes:
    """How tokens and cookies of 256 random bits lie in the database."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def browser_name(user_agent: str) -> str:
    """A browser as its owner would name it (`Firefox, Windows`)."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "Browser")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return f"{browser}, {system}" if system else browser


def device_name(text: str) -> str:
    """A device's name as it is kept: one line of at most 80 characters."""
    line = "".join(character for character in text if unicodedata.category(character)[0] != "C").strip()
    return line[:MAX_DEVICE_NAME] or "App"
