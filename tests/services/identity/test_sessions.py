"""Signed-in devices: renewed by rotation, ended at once, and what that leaves behind."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa

from core import clock
from core.crypto.tokens import TokenKeys
from core.crypto.vault import Vault
from core.db import Database
from services.identity import flows, operations, queries
from services.identity.errors import CodeIsBurnt, CodeWrong, RefreshRefused
from services.identity.flows import Tokens
from services.identity.models import OpenedBy
from services.identity.operations import OpenedSession, Reused, Rotated, UnknownToken
from tests.factories import identity
from tests.factories.identity import ADDRESS, NOON, OTHER_PHONE, PHONE

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.fixture
def keys(token_pem: str) -> TokenKeys:
    return TokenKeys(token_pem, issuer="http://testserver", audience="http://testserver")


@pytest.fixture
def user_id(database: Database, vault: Vault) -> UUID:
    with database.write() as session:
        return identity.user(session, vault=vault, now=NOON)


@pytest.fixture
def app(database: Database, user_id: UUID) -> OpenedSession:
    with database.write() as session:
        return identity.app_session(session, user_id=user_id, now=NOON)


@pytest.fixture
def browser(database: Database, user_id: UUID) -> OpenedSession:
    with database.write() as session:
        return identity.browser_session(session, user_id=user_id, now=NOON)


def rotate(database: Database, vault: Vault, token: str, *, now: datetime = NOON) -> Rotated | Reused | UnknownToken:
    with database.write() as session:
        return operations.refresh(session, vault=vault, token=token, address=ADDRESS, now=now)


def good(database: Database, vault: Vault, token: str, *, now: datetime = NOON) -> str:
    result = rotate(database, vault, token, now=now)
    assert isinstance(result, Rotated)
    return result.refresh_token


def rows(database: Database, statement: str) -> list[Any]:
    with database.read() as session:
        return list(session.connection().execute(sa.text(statement)).scalars())


def devices(database: Database, user_id: UUID, *, now: datetime = NOON) -> list[UUID]:
    with database.read() as session:
        return [device.id for device in queries.devices(session, user_id=user_id, now=now)]


def resolve(database: Database, token: str, *, now: datetime = NOON) -> operations.PortalSession | None:
    with database.write() as session:
        return operations.resolve_portal_session(session, token=token, now=now)


def test_a_refresh_token_is_exchanged_for_another(database: Database, vault: Vault, app: OpenedSession) -> None:
    tokens = [app.secret]
    for number in range(4):
        tokens.append(good(database, vault, tokens[-1], now=NOON + number * DAY))
    assert len(set(tokens)) == 5


def test_a_repeated_refresh_within_ten_seconds_gets_the_same_successor(
    database: Database, vault: Vault, app: OpenedSession
) -> None:
    first = good(database, vault, app.secret)
    assert good(database, vault, app.secret, now=NOON + 10 * SECOND) == first
    assert isinstance(rotate(database, vault, first, now=NOON + 11 * SECOND), Rotated)


def test_a_token_reused_after_the_grace_kills_the_whole_family(
    database: Database, vault: Vault, app: OpenedSession
) -> None:
    following = good(database, vault, app.secret)
    assert rotate(database, vault, app.secret, now=NOON + 11 * SECOND) == Reused(app.session_id, app.user_id)
    assert isinstance(rotate(database, vault, following, now=NOON + 12 * SECOND), UnknownToken)
    (event,) = rows(database, "select payload from outbox where kind = 8")
    assert event == {"session_id": str(app.session_id), "user_id": str(app.user_id), "why": "reuse"}


def test_a_token_whose_successor_was_used_is_reused_even_within_the_grace(
    database: Database, vault: Vault, app: OpenedSession
) -> None:
    good(database, vault, good(database, vault, app.secret))
    assert isinstance(rotate(database, vault, app.secret, now=NOON + SECOND), Reused)


def test_the_kill_survives_the_refusal(database: Database, vault: Vault, keys: TokenKeys, app: OpenedSession) -> None:
    now = clock.now()
    with database.write() as session:
        living = identity.app_session(session, user_id=app.user_id, now=now)

    def refresh(token: str, when: datetime) -> Tokens:
        return flows.refresh(database, vault=vault, keys=keys, refresh_token=token, address=ADDRESS, now=when)

    pair = refresh(living.secret, now)
    for stolen in (living.secret, pair.refresh_token):
        with pytest.raises(RefreshRefused):
            refresh(stolen, now + 11 * SECOND)
    with database.read() as reading:
        assert not queries.session_is_alive(reading, session_id=living.session_id)
    assert rows(database, "select after ->> 'why' from audit where act = 'identity.session_ended'") == ["reuse"]


def test_twenty_parallel_refreshes_have_one_successor(database: Database, vault: Vault, app: OpenedSession) -> None:
    with ThreadPoolExecutor(16) as pool:
        results = [pool.submit(rotate, database, vault, app.secret) for _ in range(20)]
        successors = {each.result() for each in results}
    (only,) = successors
    assert isinstance(only, Rotated)
    assert rows(database, "select generation from refresh_token order by 1") == [1, 2]
    assert rows(database, "select generation from session_family") == [2]


@pytest.mark.parametrize("token", ["", "x", "é", "\ud800", "x" * 10_000])
def test_a_token_of_nobody_is_unknown(database: Database, vault: Vault, token: str) -> None:
    assert isinstance(rotate(database, vault, token), UnknownToken)


def test_a_cookie_is_no_refresh_token_and_a_refresh_token_no_cookie(
    database: Database, vault: Vault, app: OpenedSession, browser: OpenedSession
) -> None:
    assert isinstance(rotate(database, vault, browser.secret), UnknownToken)
    assert resolve(database, app.secret) is None


def test_an_app_is_signed_out_after_thirty_idle_days_and_180_days_in_all(
    database: Database, vault: Vault, app: OpenedSession
) -> None:
    token, now = app.secret, NOON
    while now < NOON + 150 * DAY:
        now += 29 * DAY
        token = good(database, vault, token, now=now)
    assert now == NOON + 174 * DAY
    assert devices(database, app.user_id, now=NOON + 180 * DAY - SECOND) == [app.session_id]
    assert isinstance(rotate(database, vault, token, now=NOON + 180 * DAY), UnknownToken)


def test_thirty_idle_days_sign_an_app_out(database: Database, vault: Vault, app: OpenedSession) -> None:
    assert isinstance(rotate(database, vault, app.secret, now=NOON + 30 * DAY), UnknownToken)


def test_tokens_and_cookies_lie_hashed(database: Database, app: OpenedSession, browser: OpenedSession) -> None:
    dumped = json.dumps(
        rows(database, "select f::text from session_family f") + rows(database, "select t::text from refresh_token t")
    )
    for secret in (app.secret, browser.secret):
        assert secret not in dumped
        assert secret.encode().hex() not in dumped
        assert secret not in repr(app) + repr(browser)


def test_a_cookie_is_256_random_bits_of_the_server(database: Database, user_id: UUID) -> None:
    with database.write() as session:
        secrets = {identity.browser_session(session, user_id=user_id).secret for _ in range(5)}
    assert {len(secret) for secret in secrets} == {43}
    assert len(secrets) == 5


def test_signing_in_again_ends_the_browser_s_earlier_session(database: Database, browser: OpenedSession) -> None:
    with database.write() as session:
        again = operations.open_portal_session(
            session,
            user_id=browser.user_id,
            opened_by=OpenedBy.CODE,
            user_agent="",
            address=ADDRESS,
            now=NOON,
            previous_token=browser.secret,
        )
    assert resolve(database, browser.secret) is None
    found = resolve(database, again.secret)
    assert found is not None
    assert (found.session_id, found.user_id) == (again.session_id, browser.user_id)
    assert rows(database, "select payload ->> 'why' from outbox") == ["replaced"]


def test_a_cookie_planted_before_signing_in_opens_nothing(database: Database, user_id: UUID) -> None:
    with database.write() as session:
        opened = operations.open_portal_session(
            session,
            user_id=user_id,
            opened_by=OpenedBy.CODE,
            user_agent="",
            address=ADDRESS,
            now=NOON,
            previous_token="planted",
        )
    assert opened.secret != "planted"
    assert resolve(database, "planted") is None


def test_a_page_view_is_noted_at_most_every_ten_minutes(database: Database, browser: OpenedSession) -> None:
    def last_used() -> datetime:
        (found,) = rows(database, "select last_used_at from session_family")
        assert isinstance(found, datetime)
        return found

    for minutes, noted in ((0, 0), (9, 0), (10, 10), (11, 10), (25, 25)):
        assert resolve(database, browser.secret, now=NOON + timedelta(minutes=minutes)) is not None
        assert last_used() == NOON + timedelta(minutes=noted)


def test_a_browser_is_signed_out_after_seven_idle_days_and_thirty_in_all(
    database: Database, browser: OpenedSession
) -> None:
    for day in (6, 12, 18, 24, 29):
        assert resolve(database, browser.secret, now=NOON + day * DAY) is not None
    assert resolve(database, browser.secret, now=NOON + 30 * DAY) is None


def test_seven_idle_days_sign_a_browser_out(database: Database, browser: OpenedSession) -> None:
    assert resolve(database, browser.secret, now=NOON + 7 * DAY) is None


def test_resolving_a_cookie_is_one_statement(database: Database, browser: OpenedSession) -> None:
    seen: list[str] = []
    with database.write() as session:
        sa.event.listen(database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
        operations.resolve_portal_session(session, token=browser.secret, now=NOON + DAY)
    assert len(seen) == 1


@pytest.mark.usefixtures("browser")
def test_devices_are_listed_the_latest_used_first(database: Database, vault: Vault, app: OpenedSession) -> None:
    good(database, vault, app.secret, now=NOON + SECOND)
    with database.read() as session:
        listed = queries.devices(session, user_id=app.user_id, now=NOON + SECOND)
    assert [(device.kind, device.name) for device in listed] == [("app", "Phone"), ("browser", "Firefox, Linux")]


def test_a_revoked_device_is_out_at_once(
    database: Database, vault: Vault, app: OpenedSession, browser: OpenedSession
) -> None:
    with database.write() as session:
        for target in (app, browser):
            assert operations.revoke_device(
                session, user_id=app.user_id, session_id=target.session_id, address=ADDRESS, now=NOON
            )
            assert not queries.session_is_alive(session, session_id=target.session_id)
    assert isinstance(rotate(database, vault, app.secret), UnknownToken)
    assert resolve(database, browser.secret) is None
    assert devices(database, app.user_id) == []


def test_all_other_devices_are_signed_out_and_this_one_and_strangers_stay(
    database: Database, vault: Vault, app: OpenedSession, browser: OpenedSession
) -> None:
    with database.write() as session:
        stranger = identity.user(session, vault=vault, phone=OTHER_PHONE, now=NOON)
        theirs = identity.app_session(session, user_id=stranger, now=NOON)
        third = identity.app_session(session, user_id=app.user_id, now=NOON)
        facts = {"user_id": app.user_id, "kept": browser.session_id, "address": ADDRESS, "now": NOON}
        ended = [operations.revoke_other_devices(session, **facts) for _ in range(2)]  # type: ignore[arg-type] # keywords by table
    assert ended == [2, 0]
    assert devices(database, app.user_id) == [browser.session_id]
    assert devices(database, stranger) == [theirs.session_id]
    told = set(rows(database, "select payload ->> 'session_id' from outbox where payload ->> 'why' = 'revoked'"))
    assert told == {str(app.session_id), str(third.session_id)}


def test_a_stranger_s_device_cannot_be_revoked(database: Database, vault: Vault, app: OpenedSession) -> None:
    with database.write() as session:
        stranger = identity.user(session, vault=vault, phone=OTHER_PHONE, now=NOON)
        assert not operations.revoke_device(
            session, user_id=stranger, session_id=app.session_id, address=ADDRESS, now=NOON
        )
        assert not operations.close_session(session, user_id=app.user_id, session_id=uuid4(), address=ADDRESS, now=NOON)
    assert devices(database, app.user_id) == [app.session_id]


def test_a_session_ends_once(database: Database, app: OpenedSession) -> None:
    with database.write() as session:
        facts = {"user_id": app.user_id, "session_id": app.session_id, "address": ADDRESS, "now": NOON}
        ended = [operations.close_session(session, **facts) for _ in range(2)]  # type: ignore[arg-type] # keywords by table
    assert ended == [True, False]
    assert rows(database, "select count(*) from outbox") == [1]


def test_a_session_of_now_is_alive_in_sql(database: Database, user_id: UUID) -> None:
    with database.write() as session:
        opened = identity.app_session(session, user_id=user_id)
        assert queries.session_is_alive(session, session_id=opened.session_id)
        assert not queries.session_is_alive(session, session_id=uuid4())


def test_a_right_code_becomes_tokens_and_a_wrong_one_a_counted_refusal(
    database: Database, vault: Vault, keys: TokenKeys
) -> None:
    phones = identity.telephones()
    now = clock.now()
    identity.request_code(database, vault, now=now)

    def sign_in(code: str) -> Tokens:
        return flows.sign_in(
            database,
            vault=vault,
            keys=keys,
            policy=identity.POLICY,
            phone=PHONE,
            code=code,
            device=identity.DEVICE,
            device_name="My phone",
            address=ADDRESS,
            locale="en",
            now=now,
        )

    with pytest.raises(CodeWrong):
        sign_in(identity.wrong(phones.codes()[0]))
    assert rows(database, "select tries from otp_challenge") == [1]
    tokens = sign_in(phones.codes()[0])
    found = keys.verify(tokens.access_token, now=now)
    assert (found.subject, found.session_id, found.kind) == (str(tokens.user_id), tokens.session_id, "user")
    assert tokens.refresh_token not in repr(tokens)
    assert tokens.access_token not in repr(tokens)


def test_a_browser_s_wrong_tries_are_counted_and_burn_the_code(database: Database, vault: Vault) -> None:
    phones = identity.telephones()
    identity.request_code(database, vault)

    def sign_in(code: str) -> OpenedSession:
        return flows.sign_in_browser(
            database,
            vault=vault,
            policy=identity.POLICY,
            phone=PHONE,
            code=code,
            device=identity.DEVICE,
            user_agent="",
            address=ADDRESS,
            locale="en",
            now=NOON,
        )

    for refusal in [CodeWrong] * 4 + [CodeIsBurnt] * 2:
        with pytest.raises(refusal):
            sign_in(identity.wrong(phones.codes()[0]))
    identity.request_code(database, vault)
    assert resolve(database, sign_in(phones.codes()[1]).secret) is not None


def test_what_is_spent_is_forgotten_after_thirty_days(
    database: Database, vault: Vault, app: OpenedSession, browser: OpenedSession
) -> None:
    good(database, vault, app.secret, now=NOON + 20 * DAY)
    with database.write() as session:
        assert operations.purge_spent(session, now=NOON + 30 * DAY).challenges == 0
        purged = operations.purge_spent(session, now=NOON + 38 * DAY)
    assert (purged.challenges, purged.limits, purged.sessions) == (1, 0, 1)
    assert devices(database, app.user_id, now=NOON + 38 * DAY) == [app.session_id]
    assert browser.session_id not in rows(database, "select id from session_family")
    with database.write() as session:
        last = operations.purge_spent(session, now=NOON + 300 * DAY)
    assert (last.sessions, last.is_all) == (1, True)
    assert rows(database, "select count(*) from refresh_token") == [0]
    assert rows(database, "select count(*) from sign_in_limit") == [0]


@pytest.mark.parametrize(
    "statement",
    [
        "update refresh_token set generation = 1",
        "delete from refresh_token",
        "delete from app_user",
        "truncate otp_challenge",
        "truncate session_family cascade",
        "alter table app_user drop column locale",
    ],
)
def test_the_application_s_role_cannot_rewrite_what_is_evidence(app_dsn: str, statement: str) -> None:
    with psycopg.connect(app_dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("ck_otp_challenge_tries", "update otp_challenge set tries = 6"),
        ("ck_otp_challenge_burnt", "update otp_challenge set tries = 5"),
        ("ck_otp_challenge_state", "update otp_challenge set state = 'lost'"),
        ("ck_session_family_revoked", "update session_family set revoked_at = now()"),
        ("ck_session_family_idle", "update session_family set idle_until = expires_at + interval '1 s'"),
        ("ck_app_user_kind", "update app_user set kind = 'robot'"),
    ],
)
def test_the_database_says_it_too(app_dsn: str, app: OpenedSession, name: str, statement: str) -> None:
    assert app.secret
    with psycopg.connect(app_dsn) as connection, pytest.raises(psycopg.errors.CheckViolation, match=name):
        connection.execute(statement)
