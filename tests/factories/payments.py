"""Payments for tests: a provider account over the sandbox, what a person wants to pay, and what the books say after."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from core import clock
from core.crypto.vault import Vault
from core.db import Database, ReadSession, view
from core.http import Client
from core.money import Money
from services.accounts.queries import AccountRef
from services.billing.operations import BillPayable
from services.billing.queries import BillView
from services.ledger import queries as ledger
from services.ledger.chart import PREPAID, RECEIVABLE, SUSPENSE, Code, OwnerKind, clearing
from services.payments import flows, operations, queries
from services.payments.flows import Started
from services.payments.models import OrderState, SuspenseReason
from services.payments.operations import Applied, Wanted
from services.payments.ports import PAYABLES, PROVIDERS, Method, Payer, ProviderResult, TradeState, source_of
from services.payments.providers.wechat_pay.adapter import Account, WeChatPay
from services.payments.queries import AttemptView
from tests.factories.accounts import grant, make_account, make_user
from tests.factories.billing import make_bill

WECHAT: Final = "wechat_pay"
DUE: Final = date(2026, 6, 25)
_clients: Final[list[Client]] = []
OPENID: Final = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


def merchant(given: dict[str, Any], *, callback_url: str = "http://127.0.0.1:9", **other: Any) -> Account:
    """A merchant account from the sandbox's credentials, in public-key mode."""
    account = Account(
        mchid=given["mchid"],
        appid=given["appid"],
        merchant_serial=given["merchant_serial"],
        private_key_pem=given["merchant_private_key"],
        apiv3_keys=[given["apiv3_key"]],
        public_keys={given["public_key_id"]: given["public_key"]},
        certificates=[],
        currency="CNY",
        callback_url=callback_url,
    )
    return replace(account, **other)


def provider(base_url: str, account: Account, *, total_s: float = 3.0) -> WeChatPay:
    """Our adapter, more impatient than in production; `close_clients` ends its connections."""
    client = Client(base_url, name=WECHAT, total_s=total_s)
    _clients.append(client)
    return WeChatPay(client, account)


@dataclass(frozen=True)
class Suspended:
    """Money that waits for a decision; unless it is posted, an order that waits for what is booked elsewhere."""

    id: int
    reason: SuspenseReason
    out_trade_no: str
    transaction_id: str
    order_id: UUID | None
    amount: Money
    is_posted: bool


def suspense(session: ReadSession) -> list[Suspended]:
    """Money without a place, the oldest first."""
    rows = session.sql(
        """select *, book_id is not null as is_posted from payment_suspense
           where state = 'open' order by created_at, id"""
    )
    return [
        view(Suspended, row, reason=SuspenseReason(row.reason), amount=Money(row.amount_minor, row.currency))
        for row in rows
    ]


def close_clients() -> None:
    """End the connections of every adapter that was made."""
    while _clients:
        _clients.pop().close()


def branch(given: dict[str, Any], **other: Any) -> Account:
    """The second merchant account of the sandbox's credentials; `units` says whose money it takes."""
    [own] = given["wechat_pay_merchants"]
    return merchant(own, **{"name": own["name"], "more_appids": frozenset(own["appids"]), **other})


def fill(made: WeChatPay, *more: WeChatPay) -> WeChatPay:
    """Join payments with bills and this provider, or several merchant accounts at it."""
    PAYABLES.fill({"bill": BillPayable()})
    PROVIDERS.fill({source_of(each.name, each.merchant): each for each in (made, *more)})
    return made


class General:
    """A payable as it is, save that the database cannot settle it by itself: bookings take the general way."""

    settles_by = None

    def __init__(self, whole: object) -> None:
        self._whole = whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)


def take_the_general_way() -> None:
    """From now on no booking is one statement."""
    PAYABLES.fill({"bill": General(BillPayable())})


@dataclass(frozen=True)
class Household:
    """A person, an account of theirs, and its bills, oldest due first."""

    user_id: UUID
    account: AccountRef
    bills: tuple[BillView, ...]


def household(
    database: Database, vault: Vault, *, bills: tuple[int, ...] = (10_000,), user_id: UUID | None = None, **other: Any
) -> Household:
    """Bills of these amounts, each due a month after the one before."""
    with database.write() as session:
        user = user_id or make_user(session, vault)
        account = make_account(session, vault, **other)
        grant(session, user_id=user, account_id=account.id)
        made = tuple(
            make_bill(
                session,
                account,
                amount_minor=amount,
                due_date=DUE + timedelta(days=30 * place),
                bill_no=f"B{account.account_no}{place:02d}",
                period_first=f"2026-{place + 1:02d}-01",
                period_end=f"2026-{place + 1:02d}-28",
            )
            for place, amount in enumerate(bills)
        )
    return Household(user, account, made)


def wanted(home: Household, amount_minor: int = 10_000, **other: Any) -> Wanted:
    """What the household wants to pay, by QR code unless told otherwise."""
    made = Wanted(
        user_id=home.user_id,
        account_no=home.account.account_no,
        quote_id=None,
        amount_minor=amount_minor,
        bill_nos=None,
        method=Method.WECHAT_NATIVE,
        payer=Payer("203.0.113.7"),
        description="Wattline",
        partial_allowed=True,
        most_major=10_000_000,
    )
    return replace(made, **other)


def payment_no() -> str:
    """A new number."""
    return f"T{uuid4().hex[:19].upper()}"


def start(
    database: Database, vault: Vault, want: Wanted, *, no: str | None = None, now: datetime | None = None
) -> Started:
    """Start a payment."""
    return flows.start_payment(
        database, vault=vault, wanted=want, payment_no=no or payment_no(), now=now or clock.now()
    )


def order(database: Database, vault: Vault, want: Wanted, *, now: datetime | None = None) -> str:
    """An order that was never brought to its provider; answers its payment number."""
    no = payment_no()
    with database.write() as session:
        operations.open_order(session, vault=vault, wanted=want, payment_no=no, now=now or clock.now())
    return no


def latest(database: Database, no: str) -> AttemptView:
    """The latest attempt of a payment."""
    with database.read() as session:
        found = queries.latest_attempt(session, payment_no=no)
    assert found is not None
    return found


def paid(attempt: AttemptView, **other: Any) -> ProviderResult:
    """The provider's word that an attempt is paid."""
    result = ProviderResult(
        WECHAT,
        attempt.out_trade_no,
        TradeState.PAID,
        transaction_id=f"42{uuid4().int % 10**26:026d}",
        amount=attempt.amount,
        paid_at=datetime(2026, 6, 20, 3, tzinfo=UTC),
        merchant=attempt.merchant,
    )
    return replace(result, **other)


def apply(database: Database, result: ProviderResult, *, now: datetime | None = None) -> Applied:
    """Apply a result in its own transaction."""
    with database.write() as session:
        return operations.apply_provider_result(session, result=result, now=now or clock.now())


@dataclass(frozen=True)
class Books:
    """What an auditor looks at, in minor units."""

    receivable: int
    prepaid: int
    clearing: int
    suspense: int
    open_bills: tuple[int, ...]
    receipts: int
    suspended: int


def books(database: Database, home: Household) -> Books:
    """The household's balances and bills, the supplier's suspense, and the facts that were told."""
    with database.read() as session:
        own = ledger.book_of(session, owner_kind=OwnerKind.ACCOUNT, owner_id=home.account.id)
        house = ledger.book_of(session, owner_kind=OwnerKind.SUPPLIER, owner_id=1)
        assert own is not None

        def both(code: Code) -> int:
            return sum(
                ledger.balance(session, book_id=book, code=code, asset=home.account.currency).minor
                for book in (own, house)
                if book is not None
            )

        open_bills = session.sql(
            "select open_minor from bill where account_id = :id order by due_date, id", id=home.account.id
        ).scalars()
        rows = session.sql("select kind, count(*) as facts from outbox group by kind")
        told = {row.kind: row.facts for row in rows}
        made = Books(
            receivable=both(RECEIVABLE),
            prepaid=both(PREPAID),
            clearing=both(clearing(WECHAT)),
            suspense=both(SUSPENSE),
            open_bills=tuple(open_bills),
            receipts=told.get(1, 0),
            suspended=told.get(6, 0),
        )
        assert made.receivable == sum(made.open_bills), "open bills differ from the receivable"
        assert ledger.check_invariants(session) == []
    return made


def yuan(minor: int) -> Money:
    """An amount in fen."""
    return Money(minor, "CNY")


def order_state(session: ReadSession, no: str) -> OrderState:
    """The state of an order, whoever asks."""
    return OrderState(session.sql("select state from payment_order where payment_no = :no", no=no).scalar_one())
