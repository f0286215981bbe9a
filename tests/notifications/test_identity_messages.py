"""Whoever is signed out by anything but their own hand on that device is told, in their inbox."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from app import wiring
from core import clock, outbox
from core.config import Settings
from notifications import inbox
from notifications.inbox import MessageView
from notifications.setup import SETUP
from services.identity import operations
from services.identity.events import SessionFamilyRevoked
from services.identity.models import OpenedBy
from services.identity.operations import OpenedSession
from tests.factories import identity
from tests.factories.identity import ADDRESS
from web.runtime import Runtime


@pytest.fixture
def runtime(sms_settings: Settings) -> Iterator[Runtime]:
    """A deployment that could send text messages too."""
    made = wiring.build(sms_settings)
    yield made
    made.db.close()
    sms = SETUP.get().sms
    assert sms is not None
    sms.close()  # type: ignore[attr-defined] # only a test ends a channel before its process ends


@pytest.fixture
def phone(runtime: Runtime) -> OpenedSession:
    """A signed-in device called Phone."""
    with runtime.db.write() as session:
        return identity.app_session(session, user_id=identity.user(session, vault=runtime.vault))


def relay(runtime: Runtime) -> None:
    while outbox.relay_once(runtime.db):
        pass


def read(runtime: Runtime, user_id: UUID, locale: str = "en") -> list[MessageView]:
    with runtime.db.read() as session:
        return inbox.page(session, user_id=user_id, locale=locale, before=inbox.FIRST_PAGE, limit=9)


def test_a_device_signed_out_for_a_reused_token_is_told_why(runtime: Runtime, phone: OpenedSession) -> None:
    def refresh(token: str) -> object:
        with runtime.db.write() as session:
            return operations.refresh(session, vault=runtime.vault, token=token, address=ADDRESS, now=clock.now())

    following = refresh(phone.secret)
    assert isinstance(following, operations.Rotated)
    refresh(following.refresh_token)
    assert isinstance(refresh(phone.secret), operations.Reused)
    relay(runtime)
    (english,), (chinese,) = read(runtime, phone.user_id), read(runtime, phone.user_id, "zh-CN")
    assert (english.title, english.link) == ("Phone was signed out for safety", "/me")
    assert "its sign-in was used a second time" in english.text
    assert "95598" in english.text
    assert chinese.title == "为保障安全，设备“Phone”已退出登录"


def test_a_device_signed_out_from_the_list_is_told_once_and_by_no_text_message(
    runtime: Runtime, phone: OpenedSession
) -> None:
    with runtime.db.write() as session:
        facts = {"user_id": phone.user_id, "session_id": phone.session_id, "address": ADDRESS, "now": clock.now()}
        assert operations.revoke_device(session, **facts)  # type: ignore[arg-type] # keywords by table
        outbox.add(
            session,
            SessionFamilyRevoked(session_id=str(phone.session_id), user_id=str(phone.user_id), why="revoked"),
        )
    relay(runtime)
    assert [message.title for message in read(runtime, phone.user_id)] == ["Phone was signed out"]
    with runtime.db.read() as session:
        assert session.sql("select array_agg(channel) from message").scalar_one() == ["inbox"]


def test_who_signs_out_on_the_spot_or_in_again_needs_no_message(runtime: Runtime, phone: OpenedSession) -> None:
    now = clock.now()
    with runtime.db.write() as session:
        browser = identity.browser_session(session, user_id=phone.user_id)
        operations.open_portal_session(
            session,
            user_id=phone.user_id,
            opened_by=OpenedBy.CODE,
            user_agent="",
            address=ADDRESS,
            now=now,
            previous_token=browser.secret,
        )
        operations.close_session(session, user_id=phone.user_id, session_id=phone.session_id, address=ADDRESS, now=now)
    relay(runtime)
    assert read(runtime, phone.user_id) == []


def test_a_device_that_is_forgotten_meanwhile_is_not_told_of(runtime: Runtime, phone: OpenedSession) -> None:
    with runtime.db.write() as session:
        gone = SessionFamilyRevoked(session_id=str(UUID(int=7)), user_id=str(phone.user_id), why="reuse")
        outbox.add(session, gone)
    relay(runtime)
    assert read(runtime, phone.user_id) == []
    with runtime.db.write() as session:
        assert session.sql("select count(*) from outbox").scalar_one() == 0
