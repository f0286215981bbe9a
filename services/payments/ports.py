"""What payments needs from others: things that can be paid, and providers that bring the money."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Protocol
from uuid import UUID

from core.db import ReadSession, WriteSession
from core.money import Money
from core.registry import Slot
from services.accounts.queries import AccountId


@dataclass(frozen=True, slots=True)
class Due:
    """One payable with something open. `no` is its human number (a bill's `bill_no`)."""

    payable_id: int
    no: str
    due_date: date
    open: Money


class Payable(Protocol):
    """One kind of thing that is paid for. Every call but `quote_together` is for payables of one account."""

    @property
    def settles_by(self) -> str | None:
        """The function of the database that is `settle`, if there is one: then a booking is one statement.

        It takes account, payable, payment, amount, currency and now, and answers what it took.
        """
        ...

    def quote(
        self, session: ReadSession, *, account_id: AccountId, nos: Sequence[str] | None, now: datetime
    ) -> list[Due]:
        """What is open, the oldest due date first, then the lower id; with `nos`, only those numbers.

        A number that is unknown or has nothing open is left out: the caller compares. Locks nothing.
        """
        ...

    def quote_together(
        self, session: ReadSession, *, account_ids: Sequence[AccountId], most: int
    ) -> list[tuple[AccountId, Due]]:
        """What is open of all these accounts, by account, then as `quote` has it; `most` + 1 of them at most."""
        ...

    def settle(
        self,
        session: WriteSession,
        *,
        account_id: AccountId,
        payable_id: int,
        payment_id: UUID,
        amount: Money,
        now: datetime,
    ) -> Money:
        """Take up to `amount` off what is open and answer how much was taken: zero when nothing is open any more.

        The caller holds the account's book, posts D clearing, C receivable for what was taken in the same transaction
        and C prepaid for the rest, and calls with ascending `payable_id`. `payment_id` names the paid attempt, as the
        ledger's `source_id` does. Called in a savepoint: what it raises undoes only this part, which waits in suspense.
        """
        ...

    def reverse(
        self, session: WriteSession, *, account_id: AccountId, payment_id: UUID, now: datetime
    ) -> list[tuple[str, Money]]:
        """Open again what `settle` took for this payment and answer how much of which number; the second time nothing.

        It may be less than was taken: what became prepaid balance meanwhile is not owed again.
        """
        ...


PAYABLES: Slot[Mapping[str, Payable]] = Slot("payments.payables")
"""Kind -> payable; in this order when one payment is spread over several kinds."""


class Method(enum.StrEnum):
    """How a payer meets the provider."""

    WECHAT_NATIVE = "wechat_native"
    WECHAT_H5 = "wechat_h5"
    WECHAT_JSAPI = "wechat_jsapi"
    WECHAT_APP = "wechat_app"


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays: network address, and where the method needs it who they are to an application at WeChat.

    `openid` is asked for by the fresh `code` of that application, or known of a person who signs in by it. Never
    logged, sealed at rest.
    """

    address: str
    openid: str | None = field(default=None, repr=False)
    appid: str | None = None
    code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Prepay:
    """What a provider is asked for one attempt."""

    method: Method
    out_trade_no: str
    amount: Money
    description: str
    expires_at: datetime
    payer: Payer


DEFAULT_MERCHANT: Final = "default"
"""The merchant account of whoever has one alone, and of the units that no other takes."""


def source_of(provider: str, merchant: str) -> str:
    """A merchant account and its provider in one text: `wechat_pay`, `wechat_pay/east`.

    It names the account's adapter, its callbacks in the inbox, and what is known of its keys and health.
    """
    return provider if merchant == DEFAULT_MERCHANT else f"{provider}/{merchant}"


class TradeState(enum.StrEnum):
    """What a provider says of one attempt."""

    PAID = "paid"
    WAITING = "waiting"
    CLOSED = "closed"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class ProviderResult:
    """A provider's word on one attempt, proved to be its own and about this merchant account of ours.

    `transaction_id`, `amount` and `paid_at` are there when `state` is PAID. `amount` is the price before coupons.
    """

    provider: str
    out_trade_no: str
    state: TradeState
    transaction_id: str | None = None
    amount: Money | None = None
    paid_at: datetime | None = None
    merchant: str = DEFAULT_MERCHANT

    @property
    def source(self) -> str:
        """Who said it."""
        return source_of(self.provider, self.merchant)


class RefundStatus(enum.StrEnum):
    """What a provider says of one refund. ABNORMAL: taken, and the payer's side does not take it."""

    PROCESSING = "processing"
    DONE = "done"
    CLOSED = "closed"
    ABNORMAL = "abnormal"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class RefundWish:
    """What a provider is asked to give back of a transaction whose whole amount was `total`."""

    out_refund_no: str
    transaction_id: str
    amount: Money
    total: Money


@dataclass(frozen=True, slots=True)
class RefundResult:
    """A provider's word on one refund, proved to be its own.

    All but number and status is None when the provider knows no such refund (MISSING).
    """

    provider: str
    out_refund_no: str
    status: RefundStatus
    refund_id: str | None = None
    transaction_id: str | None = None
    amount: Money | None = None
    merchant: str = DEFAULT_MERCHANT

    @property
    def source(self) -> str:
        """Who said it."""
        return source_of(self.provider, self.merchant)


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified callback: about a payment, about a refund, or about neither, when it is nothing to us."""

    id: str
    result: ProviderResult | None
    refund: RefundResult | None = None


class CloseOutcome(enum.StrEnum):
    """What became of the wish to close an attempt."""

    CLOSED = "closed"
    PAID = "paid"
    MISSING = "missing"


class OutcomeInDoubt(Exception):
    """The provider may or may not have done it: ask, or repeat with the same number and the same bytes."""


class Throttled(Exception):
    """The provider cannot be reached or wants fewer calls; nothing has happened there."""

    def __init__(self, provider: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(provider)
        self.retry_after_s = retry_after_s


class Refused(Exception):
    """The provider understood and refuses; `reason` is its normalised code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RefusedForNow(Refused):
    """The same will be taken later, under the same number: nothing has happened there."""


class AlreadyPaid(Exception):
    """The provider refuses because this number is paid: query it."""


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """A certificate by which a provider proves its word."""

    serial: str
    pem: str
    valid_from: datetime
    valid_to: datetime


class PaymentProvider(Protocol):
    """One provider and merchant account. Safe to share between threads; only pure methods run in transactions."""

    @property
    def name(self) -> str:
        """Also the name of its clearing code: `wechat_pay`."""
        ...

    @property
    def merchant(self) -> str:
        """How we call the merchant account; of several at one provider one may be the default."""
        ...

    @property
    def units(self) -> frozenset[str]:
        """Codes of units whose money it takes, with all units below them that another account does not take."""
        ...

    @property
    def methods(self) -> frozenset[Method]:
        """What it offers."""
        ...

    @property
    def currencies(self) -> frozenset[str]:
        """ISO 4217 codes it takes."""
        ...

    def compose(self, prepay: Prepay) -> bytes:
        """The request for `prepare`, byte for byte. Pure. Raises MethodNotOffered when something is lacking."""
        ...

    def prepare(self, method: Method, request: bytes) -> dict[str, str]:
        """Ask for the payment; answers what `present` needs. The same bytes again make no second order.

        Raises OutcomeInDoubt, Throttled, Refused, AlreadyPaid.
        """
        ...

    def present(self, method: Method, answer: Mapping[str, str], *, now: datetime) -> dict[str, str]:
        """What the payer's device needs to pay: a QR's content, an address, or signed parameters. Pure."""
        ...

    def query(self, out_trade_no: str) -> ProviderResult:
        """The provider's state of one attempt. Raises OutcomeInDoubt and Throttled."""
        ...

    def close(self, out_trade_no: str) -> CloseOutcome:
        """Make sure that this attempt cannot be paid any more. Raises OutcomeInDoubt and Throttled."""
        ...

    def compose_refund(self, wish: RefundWish) -> bytes:
        """The request for `refund`, byte for byte. Pure."""
        ...

    def refund(self, request: bytes) -> RefundResult:
        """Ask for money to go back. The same number again gives nothing back a second time.

        Raises OutcomeInDoubt, Throttled, RefusedForNow, Refused.
        """
        ...

    def query_refund(self, out_refund_no: str) -> RefundResult:
        """The provider's state of one refund. Raises OutcomeInDoubt and Throttled."""
        ...

    @property
    def renews_keys(self) -> bool:
        """The provider hands out the keys that prove its word: `fetch_keys` has to run by the clock."""
        ...

    def fetch_keys(self) -> list[ProviderKey]:
        """The provider's present keys, proved by a secret that we share. Raises OutcomeInDoubt and Throttled."""
        ...

    def trust(self, keys: Sequence[ProviderKey]) -> None:
        """Believe these keys too, each from its first to its last moment."""
        ...

    def read_stored(self, body: bytes) -> Notice:
        """Open a callback that `read_notice` verified before it was stored. Pure. Raises CallbackRefused."""
        ...

    def open_stored(self, body: bytes) -> bytes:
        """What the provider wrote in such a callback, in clear. Pure. Raises CallbackRefused."""
        ...

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        """Verify and open a callback; header names in lower case. Pure: calls nobody. Raises CallbackRefused."""
        ...


PROVIDERS: Slot[Mapping[str, PaymentProvider]] = Slot("payments.providers")
"""Source (`source_of`) -> provider and merchant account; empty where the supplier takes no payments."""
