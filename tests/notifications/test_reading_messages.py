"""Whoever tells a reading hears what staff decided about it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from app import wiring
from core import clock, outbox
from core.audit import Actor
from core.config import Settings
from core.db import WriteSession
from notifications import inbox
from services.accounts import operations as accounts
from services.accounts.queries import AccountRef
from services.metering import operations
from services.metering.operations import Decision
from tests.factories.accounts import ACTOR, grant, make_account, make_user
from tests.factories.own_readings import tell
from tests.factories.readings import ZONE
from web.runtime import Runtime

Act = Callable[..., None]


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    made = wiring.build(settings)
    yield made
    made.db.close()


@pytest.fixture
def account(runtime: Runtime) -> AccountRef:
    with runtime.db.write() as session:
        return make_account(session, runtime.vault, meter_no="M-7")


@pytest.fixture
def teller(runtime: Runtime, account: AccountRef) -> UUID:
    with runtime.db.write() as session:
        found = make_user(session, runtime.vault)
        grant(session, user_id=found, account_id=account.id)
    return found


def decide(session: WriteSession, account: AccountRef, act: Act) -> None:
    held = session.sql("select id from reading_quarantine where state = 'open'").scalar_one()
    decision = Decision(Actor("staff:1"), "seen on the meter", clock.now(), ZONE, 120)
    act(session, account_id=account.id, quarantine_id=held, decision=decision)


def told(runtime: Runtime, teller: UUID, locale: str) -> list[tuple[str, str, str | None]]:
    while outbox.relay_once(runtime.db):
        pass
    with runtime.db.read() as session:
        found = inbox.page(session, user_id=teller, locale=locale, before=inbox.FIRST_PAGE, limit=9)
    return [(each.title, each.text, each.link) for each in found]


@pytest.mark.parametrize(
    ("act", "english", "chinese"),
    [(operations.accept, "it counts", "已核实并采纳"), (operations.discard, "read the meter once more", "请逐位核对")],
)
def test_whoever_told_a_reading_hears_what_became_of_it_and_what_to_do_now(
    runtime: Runtime, account: AccountRef, teller: UUID, act: Act, english: str, chinese: str
) -> None:
    tell(runtime, account.id, user_id=teller, value="7312.50")
    assert told(runtime, teller, "en") == []
    with runtime.db.write() as session:
        decide(session, account, act)
    for locale, said in (("en", english), ("zh-CN", chinese)):
        [(title, text, link)] = told(runtime, teller, locale)
        assert f"****{account.account_no[-4:]}" in title
        assert said in text
        assert "7312.5" in text
        assert link == "/meter-readings"
    assert ("95598" in text) == (act is operations.discard)


def test_whoever_has_the_account_no_more_hears_nothing_of_it(
    runtime: Runtime, account: AccountRef, teller: UUID
) -> None:
    tell(runtime, account.id, user_id=teller, now=clock.now() - timedelta(minutes=1))
    with runtime.db.write() as session:
        decide(session, account, operations.discard)
        accounts.give_up_access(session, user_id=teller, account_id=account.id, actor=ACTOR, now=clock.now())
    assert told(runtime, teller, "en") == []
