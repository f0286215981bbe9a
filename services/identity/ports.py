"""What identity needs from outside, and the words that it shares with whoever asks it."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession
from core.errors import Json
from core.registry import Slot


class Purpose(enum.StrEnum):
    """What a one-time code is good for."""

    SIGN_IN = "sign_in"
    ERASE = "erase"
    EXPORT = "export"


class ConsentPurpose(enum.StrEnum):
    """Uses of a person's data that need their consent. What contract or law demand needs none."""

    MARKETING = "marketing"
    ANALYSIS = "analysis"


class ConsentDecision(enum.StrEnum):
    """What a person decided."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class Edge(enum.StrEnum):
    """Where a person decided."""

    API = "api"
    PORTAL = "portal"


CONSENT_TEXTS: Final[Mapping[ConsentPurpose, int]] = {ConsentPurpose.MARKETING: 1, ConsentPurpose.ANALYSIS: 1}
"""The version of each purpose's text that is valid now. A new version of a text asks everybody anew."""


class Sending(enum.StrEnum):
    """What the provider said of a message."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class SmsSender(Protocol):
    """Brings one-time codes to telephones."""

    def send_code(self, *, phone: str, code: str, locale: str, reference: str) -> Sending:
        """Ask the provider to send `code` to an E.164 number, within a bounded time: a person is waiting.

        ACCEPTED and REFUSED are the provider's word; UNKNOWN is everything else: no answer, a broken one, a timeout.
        Never raises for what the provider does, and never repeats a send whose answer was lost. `reference` names the
        message towards the provider.
        """
        ...


SMS_SENDER: Slot[SmsSender] = Slot("identity.sms_sender")


class WechatKind(enum.StrEnum):
    """What an application at WeChat is, as its settings say."""

    MINI_PROGRAM = "mini_program"
    OFFICIAL_ACCOUNT = "official_account"


@dataclass(frozen=True, slots=True)
class WechatPerson:
    """Who somebody is to one application; the unionid, where it is told, is the same for all of the supplier's."""

    appid: str
    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class WechatPush:
    """A message or event that is proved to be WeChat's.

    `kind` is `text`, `image`, ... or `event.subscribe`, ... in small letters. `key` is the same for every repetition.
    `fields` are the platform's, with its names: texts, objects, and lists where something is repeated. `proof` is what
    is needed to answer it as it came; only who opened it knows what that means.
    """

    appid: str
    kind: str
    key: str
    openid: str = field(repr=False)
    said_at: datetime
    fields: Mapping[str, Json] = field(repr=False)
    proof: tuple[str, str] = field(default=("", ""), repr=False)


class WechatCodeRefused(Exception):
    """The platform does not know this code, or not any more."""


class WechatDistrusts(Exception):
    """The platform does not vouch for this person, whatever code they bring."""


class WechatAway(Exception):
    """The platform did not answer, is too busy, or refuses us: ask again later."""


class WechatPlatform(Protocol):
    """WeChat as the supplier's applications meet it. Safe to share between threads."""

    @property
    def apps(self) -> Mapping[str, WechatKind]:
        """The supplier's applications."""
        ...

    @property
    def official_account(self) -> str | None:
        """The application whose pages are opened inside WeChat."""
        ...

    def exchange_code(self, *, appid: str, code: str) -> WechatPerson:
        """Who gave this code to the application. A code is good once.

        Raises WechatCodeRefused, WechatDistrusts, WechatAway.
        """
        ...

    def fetch_phone(self, *, appid: str, code: str) -> str:
        """The telephone number, with its country, that a person gave to a mini-program by this code, once.

        Raises as `exchange_code` does.
        """
        ...

    def authorize_url(self, *, appid: str, back: str, state: str) -> str:
        """Where a browser inside WeChat goes to come back to the address `back` with a code and the state. Pure."""
        ...

    def confirm_address(self, query: Mapping[str, str], *, now: datetime) -> str:
        """What to answer to a check of our address. Pure. Raises WechatPushUnproved."""
        ...

    def read_push(self, query: Mapping[str, str], body: bytes, *, now: datetime) -> WechatPush:
        """Verify, open and read a message. Pure. Raises WechatPushUnproved and WechatPushMalformed."""
        ...

    def write_reply(self, push: WechatPush, text: str, *, now: datetime) -> bytes:
        """What to answer, so that its person reads `text`. Pure."""
        ...


WECHAT: Slot[WechatPlatform] = Slot("identity.wechat")
"""A platform without applications where the supplier has none."""


class PersonalData(Protocol):
    """What one part of the house knows of a person who signs in. Each part that keeps such rows has one."""

    def export(self, session: ReadSession, *, vault: Vault, user_id: UUID) -> dict[str, list[dict[str, Json]]]:
        """The person's rows by section, fit for their eyes: nothing of others, no secret that opens something."""
        ...

    def keeps(self, session: ReadSession, *, user_id: UUID) -> bool:
        """Whether something is under way that needs the person: erasing waits for its end."""
        ...

    def erase(self, session: WriteSession, *, vault: Vault, user_id: UUID, now: datetime) -> None:
        """Delete the person's rows, or leave of them what names nobody. Repeatable."""
        ...


PERSONAL_DATA: Slot[Sequence[PersonalData]] = Slot("identity.personal_data")
"""In the order in which they are erased: identity's own last, since others point to it."""
