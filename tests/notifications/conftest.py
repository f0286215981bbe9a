"""Messages against the sandbox's SMS provider on a real socket."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from core import faults, outbox
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from core.money import Money
from notifications.channels.aliyun_sms.client import AliyunSms
from notifications.channels.aliyun_sms.factory import from_settings
from notifications.queueing import Fact, Recipient, tell
from notifications.setup import SETUP, Setup
from notifications.states import Priority, Waits
from notifications.texts import money_param
from notifications.webhooks.events import SUBSCRIPTIONS
from services.accounts.queries import AccountId
from tests.factories.accounts import make_unit
from tests.support.hooks import HookOffice, Program, office_with_programs
from tests.support.sandbox import SandboxProcess

RECEIPT_SECRET = "a-secret-of-the-test"


@pytest.fixture(scope="session")
def sms_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """The run's provider of text messages."""
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox")).start()
    yield process
    process.stop()


@pytest.fixture
def provider(sms_provider: SandboxProcess) -> Iterator[SandboxProcess]:
    """The provider, honest again afterwards."""
    yield sms_provider
    sms_provider.clear_faults()
    sms_provider.send_receipts_to(None)


@pytest.fixture
def sms_settings(settings: Settings, sms_provider: SandboxProcess) -> Settings:
    """Settings that name the sandbox's account."""
    given = sms_provider.credentials["aliyun_sms"]
    return Settings.model_validate(
        {
            **settings.model_dump(),
            "aliyun_sms_base_url": sms_provider.base_url,
            "aliyun_sms_access_key_id": given["access_key_id"],
            "aliyun_sms_access_key_secret": given["access_key_secret"],
            "aliyun_sms_sign_name": given["sign_name"],
            "aliyun_sms_templates": json.dumps(given["template_codes"]),
            "aliyun_sms_receipt_secret": RECEIPT_SECRET,
        }
    )


Channels = Callable[..., AliyunSms]


@pytest.fixture
def channels(sms_settings: Settings) -> Iterator[Channels]:
    """Makes channels that differ in some settings."""
    with contextlib.ExitStack() as open_ones:

        def made(**changes: object) -> AliyunSms:
            channel = from_settings(sms_settings.model_copy(update=changes))
            assert channel is not None
            open_ones.callback(channel.close)
            return channel

        yield made


@pytest.fixture
def setup(sms_settings: Settings, vault: Vault, channels: Channels) -> Setup:
    """The deployment's messages; nothing waits for grace."""
    made = Setup(sms_settings, vault, channels(), Waits(grace_s=-1))
    SETUP.fill(made)
    return made


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    faults.arm(None)


@pytest.fixture
def number() -> str:
    """A telephone of this test alone."""
    return f"+86139{uuid4().int % 10**8:08d}"


Queue = Callable[..., UUID]


@pytest.fixture
def queue(database: Database, setup: Setup, number: str) -> Queue:
    """Queue a receipt for the test's telephone; answers the message's id."""

    def made(
        *,
        phone: str = number,
        owner: str | None = None,
        intent: str | None = None,
        ttl: timedelta = timedelta(days=1),
        account_ids: Sequence[AccountId] = (),
    ) -> UUID:
        fact = Fact(
            intent=intent or f"payment_receipt:{uuid4()}",
            template="payment_receipt",
            params={
                "account": "****0017",
                "amount": money_param(Money(12840, "CNY")),
                "payment_no": "P1",
                "paid_at": "now",
            },
            link="/payments/P1/receipt",
            ttl=ttl,
            account_ids=account_ids,
            priority=Priority.PROMPT,
        )
        recipient = Recipient(owner or f"customer:{uuid4().int % 10**9}", "zh-CN", phone)
        with database.write() as session:
            tell(session, setup=setup, fact=fact, audience=[recipient])
            found: UUID = session.sql(
                "select id from message where intent = :intent and owner = :owner and channel = 'sms'",
                intent=fact.intent,
                owner=recipient.owner,
            ).scalar_one()
        return found

    return made


@pytest.fixture
def unit_id(database: Database) -> int:
    """The top of the supplier's tree."""
    with database.write() as session:
        return make_unit(session)


@pytest.fixture
def office(database: Database, vault: Vault, unit_id: int) -> Iterator[HookOffice]:
    """Who looks after webhooks, with the handlers of facts at work."""
    del unit_id  # the office is employed there
    for event_class, handler in SUBSCRIPTIONS:
        outbox.subscribe(event_class, handler)
    with office_with_programs(database, vault) as made:
        yield made


@pytest.fixture
def program(office: HookOffice, unit_id: int) -> Program:
    """A program that listens to everything, everywhere."""
    return office.program(unit_id=unit_id)
