"""What a sender needs of a provider of text messages, in the provider's stead."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from notifications.states import Finding


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call taught us.

    `code` is the provider's own word, `provider_ref` its number for the message, `request_ref` its number for the call.
    """

    finding: Finding
    code: str | None = None
    provider_ref: str | None = None
    request_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A message in the terms of providers that know its words already: template name, language, values.

    `units` are the codes of the unit that it speaks for and of all above that, the nearest first: whose name stands in
    front of the text. Empty: the supplier's.
    """

    template: str
    locale: str
    params: dict[str, str]
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a receipt says about one attempt. `number` is the telephone as the provider writes it: compared, never kept.

    `external_id` is the same for every repetition of the same report, and another one for another report.
    """

    external_id: str
    reference: str
    provider_ref: str
    is_delivered: bool
    code: str | None
    number: str


class SmsChannel(Protocol):
    """A provider of text messages. `send` and `find` never raise for what the network or the provider does."""

    @property
    def name(self) -> str:
        """Also the last but one part of the address to which it pushes receipts."""
        ...

    def send(self, *, phone: str, text: Text, reference: str, now: datetime) -> Outcome:
        """Hand over one message to `phone` (E.164).

        `reference` comes back in receipts, and finds the message when the answer is lost.
        """
        ...

    def find(self, *, phone: str, reference: str, sent_at: datetime, now: datetime) -> Outcome:
        """Ask what became of an earlier `send`.

        ACCEPTED, DELIVERED, FAILED and NOT_FOUND are the provider's word about the message; UNKNOWN says that it could
        not be asked.
        """
        ...

    def read_receipts(self, body: bytes) -> list[Report]:
        """The reports in a push, unproved. Raises ValueError when it is none."""
        ...

    def receipt_answer(self) -> bytes:
        """What the provider wants to hear so that it does not push the same again."""
        ...

    def wire_number(self, phone: str) -> str:
        """An E.164 number as the provider writes it."""
        ...
