"""Telephone numbers, codes, limits and the refresh decision: pure functions."""

import enum
import hashlib
import hmac
import ipaddress
import re
import unicodedata
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Final
from uuid import UUID

import pyotp

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


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Limit:
    """How many codes within any hour and within any 24 hours."""

    per_hour: int
    per_day: int


PHONE_LIMIT: Final = Limit(5, 10)
DEVICE_LIMIT: Final = Limit(10, 20)
ADDRESS_LIMIT: Final = Limit(60, 300)
"""Generous, because a mobile carrier puts thousands of customers behind one address."""


FRESH_SIGN_IN: Final = timedelta(minutes=15)
"""As long as an access token: how long after signing in one may add a way of signing in."""

WECHAT_DEVICE_LIMIT: Final = Limit(20, 60)
WECHAT_ADDRESS_LIMIT: Final = Limit(300, 900)
"""Of sign-ins by WeChat. Wider than for codes: nothing is sent and nothing can be guessed."""


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


def plain_address(address: str) -> str | None:
    """An address as `inet` reads one, None for what is none; an IPv4 address that came as IPv6 is itself."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def network(text: str) -> Network | None:
    """An address or a network in CIDR form; None for what is none, and for one of everybody."""
    try:
        found = ipaddress.ip_network(text.strip())
    except ValueError:
        return None
    return found if found.prefixlen else None


def retry_after_s(hits: Sequence[datetime], limit: Limit, *, now: datetime) -> int:
    """Seconds until one more code is within the limit."""
    newest_first = sorted(hits, reverse=True)
    free = [
        newest_first[most - 1] + window - now
        for most, window in ((limit.per_hour, HOUR), (limit.per_day, DAY))
        if len(newest_first) >= most
    ]
    return max(1, *(int(wait.total_seconds()) + 1 for wait in free)) if free else 1


def wait_s(hits: Sequence[datetime], limit: Limit, *, now: datetime) -> int | None:
    """Seconds until one more is within the limit, None when it is now."""
    recent = [hit for hit in hits if hit > now - DAY]
    last_hour = sum(hit > now - HOUR for hit in recent)
    if len(recent) < limit.per_day and last_hour < limit.per_hour:
        return None
    return retry_after_s(recent, limit, now=now)


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


STAFF_IDLE: Final = timedelta(minutes=30)
STAFF_LIFE: Final = timedelta(hours=12)
"""NIST SP 800-63B-4, AAL2: proof anew after half an hour without use, and after twelve hours in any case."""

STAFF_TOUCH_EVERY: Final = timedelta(minutes=1)
STEP_UP_LIFE: Final = timedelta(minutes=5)
INVITATION_LIFE: Final = timedelta(hours=72)
TICKET_LIFE: Final = timedelta(minutes=5)
OFFER_LIFE: Final = timedelta(minutes=10)
"""Of a new authenticator until its first code is typed."""
STAFF_ADDRESS_LIMIT: Final = Limit(60, 300)
"""Refused sign-ins of one network: an office has one address."""

PASSWORD_LEAST: Final = 8
PASSWORD_MOST: Final = 256
"""Characters; the same document wants eight beside a second factor, and at least 64 to be taken."""

TOTP_PERIOD_S: Final = 30
TOTP_DRIFT: Final = 1
"""Steps that a telephone's clock may be off (RFC 6238, 5.2)."""

FREE_FAILURES: Final = 5
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=1)
RECOVERY_CODES: Final = 10
RECOVERY_LENGTH: Final = 10
_STAFF_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}")
_RECOVERY_CODE: Final = re.compile(rf"[0-9A-HJKMNP-TV-Z]{{{RECOVERY_LENGTH}}}")
_MISREAD: Final = str.maketrans("OIL", "011")
_SECRET_BYTES: Final = 20

_RUNS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb",
)
_WORDS: Final = frozenset(files(__package__).joinpath("common_words.txt").read_text(encoding="ascii").split())
"""What people choose first, less its decorations."""

_LOOKALIKES: Final = str.maketrans("013457@$!", "oleastasi")
_DATE: Final = re.compile(r"(?:19|20)[0-9]{6}|[0-9]{4}(?:19|20)[0-9]{2}")
_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
_DECORATION: Final = 5
_FEW: Final = 5


class PasswordProblem(enum.StrEnum):
    """Why a password is not taken."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    NAME = "name"


def staff_name(text: str) -> str | None:
    """The one form of a name that staff sign in with, however it was typed, or None when it can be none."""
    typed = unicodedata.normalize("NFKC", text[:MAX_DEVICE_NAME]).strip().casefold()
    return typed if _STAFF_NAME.fullmatch(typed) else None


def normal_password(text: str) -> str:
    """The form in which passwords are compared: keyboards compose the same characters differently."""
    return unicodedata.normalize("NFKC", text)


def password_problem(password: str, *, names: Sequence[str]) -> PasswordProblem | None:
    """Why a password is not good enough beside a second factor; None when it is. Which characters it has is nobody's.

    `names` are those of its owner and of the supplier: a password may hold one, and then needs eight characters more.
    """
    if len(password) < PASSWORD_LEAST:
        return PasswordProblem.TOO_SHORT
    if len(password) > PASSWORD_MOST:
        return PasswordProblem.TOO_LONG
    folded = normal_password(password).casefold()
    for name in names:
        known = "".join(normal_password(name).casefold().split())
        if len(known) > 1 and known in folded and len(folded) - len(known) < PASSWORD_LEAST:
            return PasswordProblem.NAME
    return PasswordProblem.COMMON if _is_common(folded) else None


def _is_common(folded: str) -> bool:
    if len(set(folded)) < _FEW or folded in (folded + folded)[1:-1]:
        return True
    if any(folded in run * 2 or folded[::-1] in run * 2 for run in _RUNS):
        return True
    if _DATE.fullmatch(folded) or _MOBILE.fullmatch(folded):
        return True
    return any(
        word in form and len(form) - len(word) < _DECORATION
        for form in (folded, folded.translate(_LOOKALIKES))
        for word in _WORDS
    )


def wait_after(failures: int) -> timedelta | None:
    """How long no code is taken after so many wrong ones in a row: none at first, then twice as long each time."""
    if failures < FREE_FAILURES:
        return None
    return min(FIRST_WAIT * (1 << min(failures - FREE_FAILURES, 10)), LONGEST_WAIT)


def totp_secret(key: bytes, token: str) -> str:
    """The secret of a second factor that an invitation offers: always the same, so that showing it writes nothing."""
    return b32encode(hmac.digest(key, token.encode("utf-8", "surrogatepass"), hashlib.sha256)[:_SECRET_BYTES]).decode()


def matching_step(secret: str, code: str, *, now: datetime) -> int | None:
    """The time step whose code this is, now or a step around; None when it is none of theirs (RFC 6238)."""
    typed = canonical_code(code)
    current = int(now.timestamp()) // TOTP_PERIOD_S
    steps = pyotp.TOTP(secret, interval=TOTP_PERIOD_S)
    found = None
    for step in range(current - TOTP_DRIFT, current + TOTP_DRIFT + 1):
        if hmac.compare_digest(steps.generate_otp(step), typed or ""):
            found = step
    return found


def canonical_recovery_code(text: str) -> str | None:
    """A recovery code however typed, or None."""
    typed = unicodedata.normalize("NFKC", text[:_MAX_TYPED]).translate(_SEPARATORS).upper().translate(_MISREAD)
    return typed if _RECOVERY_CODE.fullmatch(typed) else None


def shown_recovery_code(code: str) -> str:
    """A recovery code as people write it down."""
    return f"{code[:5]}-{code[5:]}"


def recovery_code_hash(key: bytes, *, staff_id: UUID, code: str) -> bytes:
    """How recovery codes lie in the database: 50 bits need a keyed hash."""
    return hmac.digest(key, f"{staff_id}\0{code}".encode(), hashlib.sha256)


def password_tag(password_hash: str) -> str:
    """What ties a half-done sign-in to the password that it was begun with."""
    return hashlib.sha256(password_hash.encode()).hexdigest()


def put_off(first: timedelta, *, failures: int) -> timedelta:
    """How long something waits that failed, after `failures` times before: twice as long each time, a day at most."""
    return min(first * (1 << min(failures, 12)), timedelta(days=1))
