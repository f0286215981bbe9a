"""One process's application before the sandbox, and the customer whom a story is about."""

from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from typing import Any, Final
from uuid import uuid4

import httpx
import psycopg
from fastapi.testclient import TestClient

from app import wiring
from app.main import create_app
from core.config import Settings
from notifications.channels.aliyun_sms.client import AliyunSms
from notifications.setup import SETUP
from notifications.states import Waits
from services.identity.ports import WECHAT
from services.identity.providers.wechat.client import WeChat
from services.payments.ports import PROVIDERS
from services.payments.providers.wechat_pay.adapter import WeChatPay
from tests.factories.accounts import grant, make_account, make_user
from tests.factories.billing import make_bill
from tests.factories.identity import access_token, app_session

WECHAT_PAY: Final = "wechat_pay"
BILL_MINOR: Final = 10_000
PAID_MINOR: Final = 1_234
HURRY: Final = (
    "update outbox set due_at = now() where due_at > now()",
    "update inbox set due_at = now() where applied_at is null and due_at > now()",
    "update idempotency set leased_until = now() where leased_until > now()",
    """update payment_attempt set next_check_at = now()
       where state in ('created', 'prepared', 'pending', 'unknown') and next_check_at > now()""",
    "update payment_refund set next_check_at = now() where next_check_at > now()",
    "update payment_attempt set asked_at = null where asked_at is not null",
    "update payment_provider_health set failures = 0, open_until = null",
    "update message set due_at = now() where due_at > now() and state in ('pending', 'sending', 'unknown')",
)

Case = dict[str, Any]
"""What the customer of one telling knows: plain values, so that another process can go on with it."""


class World:
    """One process's application over a test's database and the sandbox."""

    def __init__(self, settings: Settings, sandbox_url: str) -> None:
        self.settings = settings
        self.runtime = wiring.build(settings)
        SETUP.fill(replace(SETUP.get(), waits=Waits(grace_s=-1)))
        self.db, self.vault = self.runtime.db, self.runtime.vault
        self.sandbox = httpx.Client(base_url=sandbox_url, timeout=30, trust_env=False)
        self._running = ExitStack()

    @cached_property
    def http(self) -> TestClient:
        """The HTTP edge; jobs need none."""
        app = create_app(self.runtime)
        client = TestClient(app, base_url=self.settings.public_url)
        return self._running.enter_context(client)

    @cached_property
    def _owner(self) -> psycopg.Connection[Any]:
        owner = self.settings.migration_database_url
        assert owner is not None
        return self._running.enter_context(psycopg.connect(owner.get_secret_value(), autocommit=True))

    def close(self) -> None:
        """Give connections back."""
        self._running.close()
        self.db.close()
        self.sandbox.close()
        for provider in PROVIDERS.get().values():
            if isinstance(provider, WeChatPay):
                provider._client.close()
        if isinstance(sms := SETUP.get().sms, AliyunSms):
            sms.close()
        if isinstance(wechat := WECHAT.get(), WeChat):
            wechat.close()

    def pass_time(self) -> None:
        """What waits for a lease or a schedule waits no longer."""
        for statement in HURRY:
            self._owner.execute(statement.encode())

    def one(self, query: str, *values: object) -> Any:
        """The first column of the first row."""
        row = self._owner.execute(query.encode(), values).fetchone()
        return None if row is None else row[0]


def settle(world: World) -> Case:
    """A customer with an account, one bill and a signed-in device."""
    phone = f"+86137{uuid4().int % 10**8:08d}"
    with world.db.write() as session:
        user_id = make_user(session, world.vault, phone=phone)
        account = make_account(session, world.vault, phone=None, account_no=f"50{uuid4().int % 10**10:010d}")
        grant(session, user_id=user_id, account_id=account.id)
        make_bill(session, account, amount_minor=BILL_MINOR, bill_no=f"K{uuid4().int % 10**12:012d}")
        opened = app_session(session, user_id=user_id)
        session.sql("delete from outbox")  # the bill's own message is another story
    return {
        "user_id": str(user_id),
        "phone": phone,
        "account_id": account.id,
        "account_no": account.account_no,
        "token": access_token(world.runtime.token_keys, opened),
        "keys": {name: str(uuid4()) for name in ("start", "again", "another")},
    }
