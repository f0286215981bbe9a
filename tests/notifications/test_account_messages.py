"""Whoever has an account learns of everybody who links it."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from app import wiring
from core import clock, outbox
from core.config import Settings
from core.db import Database
from notifications import inbox
from notifications.delivery import send_due
from notifications.inbox import MessageView
from notifications.setup import SETUP
from services.accounts import operations
from services.accounts.models import Role, Scope
from services.accounts.operations import LinkOutcome, MeterNumber, Terms
from services.accounts.queries import AccountRef
from tests.factories.accounts import ACTOR, grant, make_account, make_user
from tests.support.sandbox import SandboxProcess
from web.runtime import Runtime


@pytest.fixture
def runtime(sms_settings: Settings) -> Iterator[Runtime]:
    made = wiring.build(sms_settings)
    yield made
    made.db.close()
    sms = SETUP.get().sms
    assert sms is not None
    sms.close()  # type: ignore[attr-defined] # only a test ends a channel before its process ends


@pytest.fixture
def account(runtime: Runtime, number: str) -> AccountRef:
    with runtime.db.write() as session:
        return make_account(session, runtime.vault, name="王明", phone=number, meter_no="M-7")


def person(runtime: Runtime, phone: str | None = None) -> UUID:
    with runtime.db.write() as session:
        return make_user(session, runtime.vault, phone=phone)


def link(runtime: Runtime, user_id: UUID, account: AccountRef, *, meter_no: str = "M-7") -> LinkOutcome:
    with runtime.db.write() as session:
        return operations.link_account(
            session,
            vault=runtime.vault,
            user_id=user_id,
            account_no=account.account_no,
            name_character="王",
            evidence=MeterNumber(meter_no),
            actor=ACTOR,
            now=clock.now(),
        ).outcome


def told(database: Database) -> list[tuple[str, str]]:
    while outbox.relay_once(database):
        pass
    with database.read() as session:
        rows = session.sql("select split_part(owner, ':', 1) as who, owner, channel from message order by 1, 2, 3")
        return [(row.owner if row.who == "user" else row.who, row.channel) for row in rows]


def test_owners_by_inbox_and_the_holder_by_text_message_hear_of_a_new_link_and_nobody_else(
    runtime: Runtime, account: AccountRef, provider: SandboxProcess, number: str
) -> None:
    owner, viewer, stranger = person(runtime), person(runtime), person(runtime, "+8613912345678")
    with runtime.db.write() as session:
        grant(session, user_id=owner, account_id=account.id)
        grant(session, user_id=viewer, account_id=account.id, role=Role.VIEWER)
    assert link(runtime, stranger, account) is LinkOutcome.LINKED
    assert told(runtime.db) == [("customer", "sms"), (f"user:{owner}", "inbox")]
    send_due(runtime.db, setup=SETUP.get())
    (sent,) = provider.messages(number)
    assert sent["template"] == "account_linked"
    assert "手机号+86139****5678的用户于" in sent["text"]
    assert f"绑定了户号****{account.account_no[-4:]}" in sent["text"]
    with runtime.db.read() as session:
        english, chinese = (
            inbox.page(session, user_id=owner, locale=locale, before=inbox.FIRST_PAGE, limit=9)[0]
            for locale in ("en", "zh-CN")
        )
    assert "The person with the telephone +86139****5678 added account ****" in english.text
    assert "95598" in english.text
    assert chinese.title == f"户号 ****{account.account_no[-4:]} 被他人绑定"


def test_a_holder_who_links_their_own_account_is_not_told_of_it(
    runtime: Runtime, account: AccountRef, number: str
) -> None:
    assert link(runtime, person(runtime, number), account) is LinkOutcome.LINKED
    assert told(runtime.db) == []


def test_each_link_is_told_once_and_a_repeated_or_refused_one_never(runtime: Runtime, account: AccountRef) -> None:
    stranger = person(runtime)
    assert link(runtime, stranger, account, meter_no="M-8") is LinkOutcome.REFUSED
    assert told(runtime.db) == []
    for _ in range(2):
        assert link(runtime, stranger, account) is LinkOutcome.LINKED
    assert told(runtime.db) == [("customer", "sms")]
    with runtime.db.write() as session:
        operations.give_up_access(session, user_id=stranger, account_id=account.id, actor=ACTOR, now=clock.now())
    assert link(runtime, stranger, account) is LinkOutcome.LINKED
    assert told(runtime.db) == [("customer", "sms")] * 2


def invited(runtime: Runtime, owner: UUID, account: AccountRef, phone: str) -> UUID:
    with runtime.db.write() as session:
        return operations.invite(
            session,
            vault=runtime.vault,
            owner_id=owner,
            account=account,
            phone=phone,
            region="+86",
            terms=Terms(Role.VIEWER, Scope.FULL, None),
            actor=ACTOR,
            now=clock.now(),
        ).id


def page(runtime: Runtime, user_id: UUID, locale: str = "en") -> list[MessageView]:
    with runtime.db.read() as session:
        return inbox.page(session, user_id=user_id, locale=locale, before=inbox.FIRST_PAGE, limit=9)


def test_the_invited_are_told_by_text_message_whether_or_not_they_are_known_and_the_known_in_their_inbox_too(
    runtime: Runtime, account: AccountRef, provider: SandboxProcess
) -> None:
    owner = person(runtime, "+8613912340001")
    known, unknown = "+8613912340002", "+8613912340003"
    friend = person(runtime, known)
    with runtime.db.write() as session:
        session.sql("update app_user set locale = 'en' where id = :id", id=friend)
        grant(session, user_id=owner, account_id=account.id)
    invitation = invited(runtime, owner, account, unknown)
    invited(runtime, owner, account, known)
    assert told(runtime.db) == [
        ("invitation", "sms"),
        (f"user:{friend}", "inbox"),
        (f"user:{friend}", "sms"),
    ]
    with runtime.db.read() as session:
        assert session.sql("select count(*) from message where owner = :o", o=f"invitation:{invitation}").scalar_one()
    send_due(runtime.db, setup=SETUP.get())
    end = account.account_no[-4:]
    [chinese] = provider.messages(unknown)
    [english] = provider.messages(known)
    assert f"手机号+86139****0001的用户邀请您使用户号****{end}" in chinese["text"]
    assert f"+86139****0001 lets you use account ****{end}" in english["text"]
    [message] = page(runtime, friend)
    assert (message.title, message.link) == (f"You are invited to use account ****{end}", "/invitations")


def test_an_invitation_that_is_over_before_it_is_told_is_not_told(runtime: Runtime, account: AccountRef) -> None:
    owner = person(runtime)
    with runtime.db.write() as session:
        grant(session, user_id=owner, account_id=account.id)
    made = invited(runtime, owner, account, "+8613912340004")
    with runtime.db.write() as session:
        operations.withdraw(session, account_id=account.id, invitation_id=made, actor=ACTOR, now=clock.now())
    assert told(runtime.db) == []


def test_who_invited_hears_of_the_acceptance_and_who_loses_access_hears_of_that(
    runtime: Runtime, account: AccountRef
) -> None:
    owner, phone = person(runtime), "+8613912340005"
    friend = person(runtime, phone)
    with runtime.db.write() as session:
        grant(session, user_id=owner, account_id=account.id)
    made = invited(runtime, owner, account, phone)
    with runtime.db.write() as session:
        operations.accept(session, user_id=friend, invitation_id=made, actor=ACTOR, now=clock.now())
        operations.give_up_access(session, user_id=owner, account_id=account.id, actor=ACTOR, now=clock.now())
    told(runtime.db)
    end = account.account_no[-4:]
    assert [each.title for each in page(runtime, owner)] == [f"Your invitation to account ****{end} was accepted"]
    assert [each.title for each in page(runtime, friend)] == [f"You cannot use account ****{end} any more"]
    assert page(runtime, friend, "zh-CN")[0].title == f"您已不能使用户号 ****{end}"
