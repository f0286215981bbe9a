"""A town: the whole application over its own database and the sandbox, and people of every standing towards its accounts.

`house` is the account that the standings are about, `neighbour` somebody else's in the same unit, `far` one in another
unit. Whatever a person of a standing may own (payments, messages, devices) was theirs before they lost anything.
"""

import contextlib
import itertools
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

import psycopg
from fastapi import FastAPI
from fastapi.testclient import TestClient
from psycopg import sql

from app import wiring
from app.main import create_app
from core import clock, ids
from core.config import Settings
from core.crypto.tokens import LIFETIME, Identity
from core.errors import Json
from core.money import Money
from notifications.channels.aliyun_sms.client import AliyunSms
from notifications.queueing import Fact, Recipient, tell
from notifications.setup import SETUP
from notifications.states import Priority
from notifications.texts import money_param
from services.accounts import operations as accounts
from services.accounts.models import Role
from services.accounts.queries import AccountRef
from services.billing import queries
from services.billing.queries import BillView
from services.identity import operations as identity
from services.identity.ports import WECHAT
from services.identity.providers.wechat.client import WeChat
from services.payments import operations as payments
from services.payments.ports import PROVIDERS, Method, Payer, Prepay, ProviderResult, TradeState
from services.payments.providers.wechat_pay.adapter import WeChatPay
from tests.factories import identity as people
from tests.factories import payments as paying
from tests.factories.accounts import ACTOR, grant, make_account, make_unit, make_user
from tests.factories.billing import bill_record, load
from tests.support.compiled import compile_once
from tests.support.receiver import Call, Receiver, receiving
from tests.support.sandbox import SandboxProcess
from web import cookies
from web.runtime import Runtime

Standing = Literal[
    "anonymous",
    "owner",
    "payer",
    "viewer",
    "stranger",
    "revoked_grant",
    "expired_grant",
    "revoked_session",
    "wrong_kind",
]
STANDINGS: Final[tuple[Standing, ...]] = (
    "anonymous",
    "owner",
    "payer",
    "viewer",
    "stranger",
    "revoked_grant",
    "expired_grant",
    "revoked_session",
    "wrong_kind",
)
ROLES: Final = {"payer": Role.PAYER, "viewer": Role.VIEWER}
HOLDER: Final = "王小明"
INSIDE: Final = ("127.0.0.1", 50_000)
"""Where callers call from who do not say otherwise: this machine."""

RECEIPT_SECRET: Final = "a-secret-of-the-test"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Home:
    """An account with a meter and, unless told otherwise, a settled bill and an open one."""

    account: AccountRef
    meter_no: str
    bills: tuple[BillView, ...]

    @property
    def account_no(self) -> str:
        """The number that customers know."""
        return self.account.account_no


@dataclass(frozen=True)
class Person:
    """Somebody and what is theirs: `waiting_no` is a payment under way, `paid_no` one that is done."""

    user_id: UUID
    phone: str
    token: str = field(repr=False)
    cookie: str = field(repr=False)
    session_id: UUID
    device_id: UUID
    wechat_id: UUID
    message_id: UUID
    waiting_no: str
    paid_no: str

    @property
    def bearer(self) -> dict[str, str]:
        """How they call the API."""
        return {"authorization": f"Bearer {self.token}"}


def deployed(settings: Settings, sandbox: SandboxProcess, *, callback_url: str) -> Settings:
    """Settings that name the sandbox as provider of payments and of text messages; it calls `callback_url`.

    Its second merchant account is there, and no unit chooses it.
    """
    wechat, sms = sandbox.credentials["wechat_pay"], sandbox.credentials["aliyun_sms"]
    return Settings.model_validate(
        {
            **settings.model_dump(),
            "callback_url": callback_url,
            "wechat_apps": json.dumps(sandbox.credentials["wechat"]["apps"]),
            "wechat_base_url": sandbox.base_url,
            "wechat_open_url": sandbox.base_url,
            "wechat_pay_base_url": sandbox.base_url,
            "wechat_pay_mchid": wechat["mchid"],
            "wechat_pay_appid": wechat["appid"],
            "wechat_pay_merchant_serial": wechat["merchant_serial"],
            "wechat_pay_merchant_private_key": wechat["merchant_private_key"],
            "wechat_pay_apiv3_key": wechat["apiv3_key"],
            "wechat_pay_public_key_id": wechat["public_key_id"],
            "wechat_pay_public_key": wechat["public_key"],
            "wechat_pay_merchants": json.dumps(sandbox.credentials["wechat_pay_merchants"]),
            "aliyun_sms_base_url": sandbox.base_url,
            "aliyun_sms_access_key_id": sms["access_key_id"],
            "aliyun_sms_access_key_secret": sms["access_key_secret"],
            "aliyun_sms_sign_name": sms["sign_name"],
            "aliyun_sms_templates": json.dumps(sms["template_codes"]),
            "aliyun_sms_receipt_secret": RECEIPT_SECRET,
        }
    )


class Town:
    """One deployment in this process: founded on an empty database, or over a copy of the database of one that was."""

    def __init__(
        self, settings: Settings, sandbox: SandboxProcess, receiver: Receiver, *, copy_of: "Town | None" = None
    ) -> None:
        self.settings = settings
        self.sandbox = sandbox
        self._receiver = receiver
        self._watcher: _Watcher | None = None
        self.runtime: Runtime = wiring.build(settings)
        self.app: FastAPI = create_app(self.runtime)
        compile_once(self.app.state.renderer)
        self.client = TestClient(self.app, base_url=settings.public_url, follow_redirects=False, client=INSIDE)
        self.missing_no = "9999999999"
        self.unit_id: int
        self.house: Home
        self.neighbour: Home
        self.far: Home
        self.people: dict[str, Person]
        if copy_of is None:
            self._found()
            return
        self.unit_id = copy_of.unit_id
        self.house, self.neighbour, self.far = copy_of.house, copy_of.neighbour, copy_of.far
        self.people = {name: self._with_new_token(person) for name, person in copy_of.people.items()}

    def _found(self) -> None:
        with self.runtime.db.write() as session:
            make_unit(session, code="37")
            self.unit_id = make_unit(session, code="3701", parent="37", kind="city", name="某市供电")
            elsewhere = make_unit(session, code="3702", parent="37", kind="city", name="另一市供电")
        self.house = self.build(self.unit_id)
        self.neighbour = self.build(self.unit_id)
        self.far = self.build(elsewhere)
        self.people = {
            "neighbour": self.settle(self.neighbour),
            "far": self.settle(self.far),
            **{standing: self.with_standing(standing, self.house) for standing in STANDINGS if standing != "anonymous"},
        }

    def _with_new_token(self, person: Person) -> Person:
        token = self.token_of(person, "user")["authorization"].removeprefix("Bearer ")
        return replace(person, token=token)

    @property
    def appid(self) -> str:
        """The official account, whose people may pay inside WeChat."""
        return self.sandbox.official_account["appid"]

    def build(self, unit_id: int, *, has_bills: bool = True, **other: Any) -> Home:
        """A new account with a meter, a settled bill and one of 128.60."""
        meter_no = f"M{next(_numbers):07d}"
        with self.runtime.db.write() as session:
            account = make_account(
                session, self.runtime.vault, name=HOLDER, phone=None, unit_id=unit_id, meter_no=meter_no, **other
            )
            if not has_bills:
                return Home(account, meter_no, ())
            numbers = (f"B{account.account_no}01", f"B{account.account_no}02")
            march = {"period_first": "2026-03-01", "period_end": "2026-04-01", "state": "settled"}
            load(
                session,
                bill_record(account.account_no, numbers[0], amount_minor=9_900, **march),
                bill_record(account.account_no, numbers[1]),
            )
            found = [queries.bill_by_no(session, account_id=account.id, bill_no=no) for no in numbers]
        return Home(account, meter_no, tuple(bill for bill in found if bill is not None))

    def settle(
        self, home: Home, *, role: Role = Role.OWNER, by_quote: bool = False, has_payments: bool = True
    ) -> Person:
        """A new person with a grant of the home (or none, who pays for it by quote), with everything one may own."""
        now = clock.now()
        phone = f"+86137{next(_numbers):08d}"
        with self.runtime.db.write() as session:
            user_id = make_user(session, self.runtime.vault, phone=phone)
            if not by_quote:
                grant(session, user_id=user_id, account_id=home.account.id)
            app = people.app_session(session, user_id=user_id, now=now)
            browser = people.browser_session(session, user_id=user_id, now=now)
            device = people.app_session(session, user_id=user_id, name="Tablet", now=now)
            wechat_id = people.join_wechat(session, self.runtime.vault, user_id=user_id, appid=self.appid, now=now)
        made = Person(
            user_id=user_id,
            phone=phone,
            token=people.access_token(self.runtime.token_keys, app),
            cookie=browser.secret,
            session_id=app.session_id,
            device_id=device.session_id,
            wechat_id=wechat_id,
            message_id=self.write_to(user_id),
            waiting_no=self.start_payment(user_id, home, by_quote=by_quote) if has_payments else "",
            paid_no=self.pay(self.start_payment(user_id, home, by_quote=by_quote)) if has_payments else "",
        )
        if role is not Role.OWNER:
            self.regrant(made, home, role)
        return made

    def with_standing(self, standing: Standing, home: Home, *, has_payments: bool = True) -> Person:
        """A new person who stands so towards a home."""
        person = self.settle(
            home,
            role=ROLES.get(standing, Role.OWNER),
            by_quote=standing == "stranger",
            has_payments=has_payments,
        )
        match standing:
            case "revoked_grant":
                self.revoke(person, home)
            case "expired_grant":
                self.expire(person)
            case "revoked_session":
                self.sign_out(person)
            case _:
                pass
        return person

    def regrant(self, person: Person, home: Home, role: Role) -> None:
        """Give a person another role."""
        with self.runtime.db.write() as session:
            grant(session, user_id=person.user_id, account_id=home.account.id, role=role)

    def revoke(self, person: Person, home: Home) -> None:
        """Take a person's grant."""
        with self.runtime.db.write() as session:
            accounts.revoke_access(
                session, user_id=person.user_id, account_id=home.account.id, actor=ACTOR, now=clock.now()
            )

    def expire(self, person: Person) -> None:
        """Let a person's grants have ended yesterday."""
        with self.runtime.db.write() as session:
            session.sql(
                "update access_grant set valid_to = :end where user_id = :user",
                end=clock.now() - timedelta(days=1),
                user=person.user_id,
            )

    def sign_out(self, person: Person) -> None:
        """End all of a person's sessions."""
        with self.runtime.db.write() as session:
            living = session.sql("select id from session_family where user_id = :user", user=person.user_id)
            for row in living.all():
                identity.close_session(
                    session, user_id=person.user_id, session_id=row.id, address="::1", now=clock.now()
                )

    def write_to(self, user_id: UUID) -> UUID:
        """A new message in a person's inbox."""
        intent = f"test:{uuid.uuid4()}"
        params: dict[str, Json] = {
            "account": "****0017",
            "amount": money_param(Money(12_840, "CNY")),
            "payment_no": "P7K2M9QX4D",
            "paid_at": "2026-06-15",
        }
        link, ttl = "/payments/P7K2M9QX4D/receipt", timedelta(days=1)
        fact = Fact(intent, "payment_receipt", params, link, ttl, Priority.PROMPT)
        recipient = Recipient(f"user:{user_id}", "zh-CN", None)
        with self.runtime.db.write() as session:
            tell(session, setup=SETUP.get(), fact=fact, audience=[recipient])
            found: UUID = session.sql("select id from message where intent = :intent", intent=intent).scalar_one()
        return found

    def start_payment(self, user_id: UUID, home: Home, *, by_quote: bool = False) -> str:
        """A payment that waits for its payer."""
        household = paying.Household(user_id, home.account, home.bills)
        want = paying.wanted(household, amount_minor=100)
        if by_quote:
            want = paying.wanted(household, amount_minor=100, account_no=None, quote_id=self.quote(user_id, home))
        started = paying.start(self.runtime.db, self.runtime.vault, want)
        return started.payment.payment_no

    def quote(self, user_id: UUID, home: Home) -> UUID:
        """A living quote for somebody else's account."""
        with self.runtime.db.write() as session:
            result = payments.quote_for_others(
                session,
                vault=self.runtime.vault,
                user_id=user_id,
                address=people.ADDRESS,
                account_no=home.account_no,
                name_hint=HOLDER[0],
                now=clock.now(),
            )
        assert result.quote is not None
        return result.quote.id

    def pay(self, payment_no: str) -> str:
        """The provider says that it is paid."""
        paying.apply(self.runtime.db, paying.paid(paying.latest(self.runtime.db, payment_no)))
        return payment_no

    def callback_of(self, out_trade_no: str) -> Call:
        """What the provider calls when this order is paid there, signed and not yet delivered."""
        seen = len(self._receiver.calls)
        self.sandbox.pay(out_trade_no)
        return self._receiver.next_after(seen)

    def unknown_order(self, source: str = "wechat_pay") -> str:
        """An order at the provider of which our books know nothing."""
        out_trade_no = uuid.uuid4().hex
        provider = PROVIDERS.get()[source]
        expires_at = clock.now() + timedelta(minutes=30)
        request = provider.compose(
            Prepay(
                Method.WECHAT_NATIVE, out_trade_no, Money(100, "CNY"), "elsewhere", expires_at, Payer(people.ADDRESS)
            )
        )
        provider.prepare(Method.WECHAT_NATIVE, request)
        return out_trade_no

    def form_token(self, person: Person | None) -> str:
        """What a form of this person's browser carries."""
        return cookies.form_token(self.runtime.vault, "nobody" if person is None else person.cookie)

    def browser(self, person: Person) -> dict[str, str]:
        """How they call the portal."""
        return {"cookie": f"{cookies.session_name(self.settings)}={person.cookie}"}

    def token_of(self, person: Person, kind: Literal["user", "staff", "service"]) -> dict[str, str]:
        """A token of another kind with the person's own subject and session."""
        now = clock.now()
        made = Identity(str(person.user_id), person.session_id, kind, frozenset(), int((now + LIFETIME).timestamp()))
        return {"authorization": f"Bearer {self.runtime.token_keys.issue(made, token_id=ids.uuid7(), now=now)}"}

    def fingerprint(self) -> Mapping[str, str]:
        """A digest of every table: what changed shows which."""
        if self._watcher is None:
            self._watcher = _Watcher(self.settings.database_url.get_secret_value())
        return self._watcher.digests()

    def leave(self) -> None:
        """Close what this object has opened."""
        if self._watcher is not None:
            self._watcher.close()
        self.runtime.db.close()
        _close_providers()


class _Watcher:
    """Looks at every table again and again, by one connection that knows them and one statement that is planned."""

    def __init__(self, dsn: str) -> None:
        self._connection = psycopg.connect(dsn, autocommit=True)
        names = self._connection.execute(
            """select c.relname from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
               and not c.relispartition and has_table_privilege(c.oid, 'select') order by 1"""
        ).fetchall()
        digest = sql.SQL("select {}, md5(coalesce(string_agg(t::text, '\n' order by t::text), '')) from {} t")
        self._all = sql.SQL(" union all ").join(
            digest.format(sql.Literal(name), sql.Identifier(name)) for (name,) in names
        )

    def digests(self) -> dict[str, str]:
        return dict(self._connection.execute(self._all, prepare=True).fetchall())

    def close(self) -> None:
        self._connection.close()


def twice_paid(town: Town, person: Person, home: Home, *, by_quote: bool = False) -> str:
    """A payment of a bill whose two tries were both paid, one of them by two transactions; answers its number."""
    quoted: dict[str, Any] = {"account_no": None, "quote_id": town.quote(person.user_id, home)} if by_quote else {}
    want = paying.wanted(paying.Household(person.user_id, home.account, home.bills), 12_860, **quoted)
    db, vault = town.runtime.db, town.runtime.vault
    no = paying.start(db, vault, want).payment.payment_no
    first = paying.latest(db, no)
    paying.apply(db, ProviderResult("wechat_pay", first.out_trade_no, TradeState.CLOSED))
    with db.write() as session:
        payments.add_attempt(session, vault=vault, wanted=want, payment_no=no, now=clock.now())
    second = paying.latest(db, no)
    for minute, attempt in enumerate((first, first, second)):
        paid_at = clock.now() + timedelta(minutes=minute)
        paying.apply(db, paying.paid(attempt, paid_at=paid_at))
    return no


@contextlib.contextmanager
def founded(settings: Settings, sandbox: SandboxProcess) -> Iterator[Town]:
    """A town while the block runs."""
    with receiving() as receiver, standing_in(settings, sandbox, receiver) as town, town.client:
        yield town


@contextlib.contextmanager
def standing_in(
    settings: Settings, sandbox: SandboxProcess, receiver: Receiver, *, copy_of: Town | None = None
) -> Iterator[Town]:
    """A town while the block runs, whose providers call this receiver; its client is not open yet."""
    town = Town(deployed(settings, sandbox, callback_url=receiver.url), sandbox, receiver, copy_of=copy_of)
    try:
        yield town
    finally:
        town.leave()


@contextlib.contextmanager
def branched(town: Town, *units: str) -> Iterator[None]:
    """While the block runs the money of these units belongs to the town's second merchant account."""
    known, given = PROVIDERS.get(), town.sandbox.credentials
    here = {"callback_url": town._receiver.url}
    paying.fill(
        paying.provider(town.sandbox.base_url, paying.merchant(given["wechat_pay"], **here)),
        paying.provider(town.sandbox.base_url, paying.branch(given, units=frozenset(units), **here)),
    )
    try:
        yield
    finally:
        PROVIDERS.fill(known)
        paying.close_clients()


@contextlib.contextmanager
def inhabited(settings: Settings) -> Iterator[tuple[TestClient, Runtime]]:
    """The application over a database that has its people already."""
    runtime = wiring.build(settings)
    try:
        with TestClient(create_app(runtime), base_url=settings.public_url, client=INSIDE) as client:
            yield client, runtime
    finally:
        _close_providers()


def _close_providers() -> None:
    for provider in PROVIDERS.get().values():
        if isinstance(provider, WeChatPay):
            provider._client.close()
    sms = SETUP.get().sms
    if isinstance(sms, AliyunSms):
        sms.close()
    if isinstance(wechat := WECHAT.get(), WeChat):
        wechat.close()
