"""Signing in by WeChat, against the sandbox: who is joined to whom, and that nothing is half-done."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from core.config import Settings
from core.crypto.tokens import TokenKeys
from core.crypto.vault import Vault
from core.db import Database
from services.identity import flows, operations, queries
from services.identity.errors import (
    InvalidPhone,
    SignInLimited,
    WechatAppUnknown,
    WechatBusy,
    WechatCodeWrong,
    WechatPhoneNeeded,
    WechatRefused,
)
from services.identity.flows import DeviceAsking, Tokens
from services.identity.ports import WECHAT, WechatPerson
from services.identity.providers.wechat.client import WeChat
from tests.factories import identity
from tests.factories.identity import ADDRESS, NOON
from tests.support.sandbox import SandboxProcess
from tests.support.wechat import applications, platform

Person = dict[str, Any]
SignIn = Callable[..., Tokens]


@pytest.fixture
def sandbox(town_sandbox: SandboxProcess) -> SandboxProcess:
    town_sandbox.clear_faults()
    return town_sandbox


@pytest.fixture
def wechat(sandbox: SandboxProcess, redis_url: str) -> Iterator[WeChat]:
    with platform(sandbox, redis_url) as made:
        WECHAT.fill(made)
        yield made


@pytest.fixture
def phone() -> str:
    return f"+86139{uuid4().int % 10**8:08d}"


@pytest.fixture
def sign_in(database: Database, vault: Vault, token_pem: str, sandbox: SandboxProcess, wechat: WeChat) -> SignIn:
    """Signs a person in to the mini-program, with fresh codes unless told otherwise."""
    del wechat
    keys = TokenKeys(token_pem, issuer="http://testserver", audience="http://testserver")

    def made(person: Person, *, with_phone: bool = False, **changes: Any) -> Tokens:
        appid = changes.pop("appid", sandbox.mini_program["appid"])
        kind = "js" if appid == sandbox.mini_program["appid"] else "oauth"
        device = DeviceAsking(changes.pop("device", str(uuid4())), "Phone", changes.pop("address", ADDRESS), "zh-CN")
        code = changes.pop("code", None) or sandbox.wechat_code(kind, appid, person, scope="snsapi_userinfo")
        phone_code = changes.pop("phone_code", None)
        if with_phone:
            phone_code = sandbox.wechat_code("phone", appid, person)
        return flows.sign_in_by_wechat(
            database,
            vault=vault,
            keys=keys,
            region="+86",
            appid=appid,
            code=code,
            phone_code=phone_code,
            device=device,
            now=NOON,
        )

    return made


def count(database: Database, table: str) -> int:
    with database.read() as session:
        found: int = session.connection().execute(sa.text(f"select count(*) from {table}")).scalar_one()
    return found


def nothing_is_written(database: Database) -> bool:
    tables = ("app_user", "wechat_identity", "wechat_union", "session_family")
    return {count(database, table) for table in tables} == {0}


def identities(database: Database, user_id: UUID) -> list[str]:
    with database.read() as session:
        return [view.appid for view in queries.wechat_identities(session, user_id=user_id)]


def test_the_first_sign_in_needs_a_telephone_and_writes_nothing_without(
    database: Database, sandbox: SandboxProcess, sign_in: SignIn, phone: str
) -> None:
    person = sandbox.wechat_person(phone)
    with pytest.raises(WechatPhoneNeeded):
        sign_in(person)
    assert nothing_is_written(database)
    tokens = sign_in(person, with_phone=True)
    assert identities(database, tokens.user_id) == [sandbox.mini_program["appid"]]


def test_whoever_is_joined_signs_in_by_the_code_alone(
    database: Database, vault: Vault, sandbox: SandboxProcess, sign_in: SignIn, phone: str
) -> None:
    person = sandbox.wechat_person(phone)
    first = sign_in(person, with_phone=True)
    asked = len(sandbox.wechat_calls("getuserphonenumber"))
    again = [sign_in(person), sign_in(person, with_phone=True)]
    assert {tokens.user_id for tokens in again} == {first.user_id}
    assert len(sandbox.wechat_calls("getuserphonenumber")) == asked
    with database.read() as session:
        assert queries.phone_of(session, vault=vault, user_id=first.user_id) == phone
    assert (count(database, "app_user"), count(database, "session_family")) == (1, 3)


def test_a_proved_telephone_joins_the_person_who_has_it(
    database: Database, vault: Vault, sandbox: SandboxProcess, sign_in: SignIn, phone: str
) -> None:
    with database.write() as session:
        known = identity.user(session, vault=vault, phone=phone, now=NOON)
    assert sign_in(sandbox.wechat_person(phone), with_phone=True).user_id == known
    assert count(database, "app_user") == 1


def test_a_unionid_joins_what_one_person_is_to_several_applications(
    database: Database, sandbox: SandboxProcess, sign_in: SignIn, phone: str
) -> None:
    person, account = sandbox.wechat_person(phone), sandbox.official_account["appid"]
    first = sign_in(person, with_phone=True)
    assert sign_in(person, appid=account).user_id == first.user_id
    assert set(identities(database, first.user_id)) == {account, sandbox.mini_program["appid"]}


def test_a_number_of_another_country_is_its_own(
    database: Database, vault: Vault, sandbox: SandboxProcess, sign_in: SignIn
) -> None:
    person = sandbox.wechat_person("7911123456", country="44")
    tokens = sign_in(person, with_phone=True)
    with database.read() as session:
        assert queries.phone_of(session, vault=vault, user_id=tokens.user_id) == "+447911123456"
    with pytest.raises(InvalidPhone):
        sign_in(sandbox.wechat_person("1234"), with_phone=True)


def test_an_official_account_alone_proves_no_telephone(sandbox: SandboxProcess, sign_in: SignIn, phone: str) -> None:
    person = sandbox.wechat_person(phone)
    with pytest.raises(WechatPhoneNeeded):
        sign_in(person, appid=sandbox.official_account["appid"], with_phone=True)


def test_a_code_is_good_once_for_its_application_and_time(
    database: Database, sandbox: SandboxProcess, sign_in: SignIn, phone: str
) -> None:
    person, app, other = sandbox.wechat_person(phone), sandbox.mini_program, sandbox.official_account
    used = sandbox.wechat_code("js", app["appid"], person)
    with pytest.raises(WechatPhoneNeeded):
        sign_in(person, code=used)
    late = sandbox.wechat_code("js", app["appid"], person)
    sandbox.wechat("codes/expire", code=late)
    spent = sandbox.wechat_code("phone", app["appid"], person)
    sandbox.wechat("codes/expire", code=spent)
    for wrong in (
        {"code": used},
        {"code": late},
        {"code": "made-up"},
        {"code": sandbox.wechat_code("oauth", other["appid"], person)},
        {"phone_code": spent},
        {"phone_code": "made-up"},
    ):
        with pytest.raises(WechatCodeWrong):
            sign_in(person, **wrong)
    with pytest.raises(WechatAppUnknown):
        sign_in(person, appid="wx0000000000000000", code="made-up")
    assert nothing_is_written(database)


@pytest.mark.parametrize(
    "kind", ["error_before", "error_after", "drop_before", "drop_after", "rate_limited", "errcode"]
)
@pytest.mark.parametrize("operation", ["jscode2session", "stable_token", "getuserphonenumber"])
def test_a_platform_that_is_away_leaves_nothing_half_done(
    database: Database, sandbox: SandboxProcess, sign_in: SignIn, wechat: WeChat, phone: str, operation: str, kind: str
) -> None:
    wechat._tokens.drop(sandbox.mini_program["appid"], wechat._tokens.get(sandbox.mini_program["appid"]))
    person = sandbox.wechat_person(phone)
    sandbox.fault(f"wechat.{operation}", kind, count=1)
    with pytest.raises(WechatBusy):
        sign_in(person, with_phone=True)
    assert nothing_is_written(database)
    assert sign_in(person, with_phone=True).refresh_token


def test_a_platform_that_hangs_is_not_waited_for(
    database: Database, sandbox: SandboxProcess, sign_in: SignIn, phone: str
) -> None:
    sandbox.fault("wechat.jscode2session", "hang_before", value=30, count=1)
    with pytest.raises(WechatBusy):
        sign_in(sandbox.wechat_person(phone), with_phone=True)
    assert nothing_is_written(database)


def test_whom_the_platform_distrusts_signs_in_elsewhere(sandbox: SandboxProcess, sign_in: SignIn, phone: str) -> None:
    person = sandbox.wechat_person(phone)
    sandbox.wechat(f"people/{person['id']}/block")
    with pytest.raises(WechatRefused):
        sign_in(person, with_phone=True)


def test_a_device_that_asks_too_often_is_refused_before_the_platform_is_asked(
    sandbox: SandboxProcess, sign_in: SignIn, phone: str
) -> None:
    person = sandbox.wechat_person(phone)
    for _ in range(20):
        with pytest.raises(WechatPhoneNeeded):
            sign_in(person, device="the-same-device-again")
    asked = len(sandbox.wechat_calls("jscode2session"))
    with pytest.raises(SignInLimited) as limited:
        sign_in(person, device="the-same-device-again")
    assert limited.value.facts["retry_after_s"]
    assert len(sandbox.wechat_calls("jscode2session")) == asked
    assert sign_in(person, with_phone=True).refresh_token


def test_a_network_that_asks_too_often_is_refused(database: Database, vault: Vault) -> None:
    with database.write() as session:
        admitted = [
            operations.admit_wechat(session, vault=vault, device=f"device-{number}", address="203.0.113.200", now=NOON)
            for number in range(301)
        ]
    assert admitted[:300] == [None] * 300
    assert admitted[300] is not None


def test_a_new_person_who_signs_in_twice_at_once_is_one_person(
    database: Database, sandbox: SandboxProcess, sign_in: SignIn, phone: str
) -> None:
    person = sandbox.wechat_person(phone)
    with ThreadPoolExecutor(6) as pool:
        tokens = list(pool.map(lambda _: sign_in(person, with_phone=True), range(6)))
    assert len({each.user_id for each in tokens}) == 1
    assert (count(database, "app_user"), count(database, "wechat_identity"), count(database, "wechat_union")) == (
        1,
        1,
        1,
    )


def test_openid_and_unionid_lie_sealed_and_the_session_key_nowhere(
    database: Database, vault: Vault, sandbox: SandboxProcess, sign_in: SignIn, phone: str
) -> None:
    person, appid = sandbox.wechat_person(phone), sandbox.mini_program["appid"]
    tokens = sign_in(person, with_phone=True)
    with database.read() as session:
        rows = session.sql(
            """select (select string_agg(i::text, '') from wechat_identity i)
                   || (select string_agg(u::text, '') from wechat_union u)
                   || (select string_agg(a::text, '') from audit a) as text"""
        ).scalar_one()
        openid = queries.openid_of(session, vault=vault, user_id=tokens.user_id, appid=appid)
    assert openid == person["openids"][appid]
    for name in (person["openids"][appid], person["unionid"]):
        assert name not in rows
        assert name.encode().hex() not in rows
    with database.read() as session:
        columns = session.sql("select column_name from information_schema.columns where column_name ~ 'session_key'")
        assert columns.all() == []


def unlink(database: Database, user_id: UUID, identity_id: UUID) -> bool:
    with database.write() as session:
        return operations.unlink_wechat(session, user_id=user_id, identity_id=identity_id, address=ADDRESS)


def first_identity(database: Database, user_id: UUID) -> UUID:
    with database.read() as session:
        return queries.wechat_identities(session, user_id=user_id)[0].id


def test_who_parts_from_a_wechat_parts_from_it_in_every_application(
    database: Database, sandbox: SandboxProcess, sign_in: SignIn, phone: str
) -> None:
    person = sandbox.wechat_person(phone)
    tokens = sign_in(person, with_phone=True)
    sign_in(person, appid=sandbox.official_account["appid"])
    assert unlink(database, tokens.user_id, first_identity(database, tokens.user_id))
    assert (count(database, "wechat_identity"), count(database, "wechat_union")) == (0, 0)
    for appid in (sandbox.mini_program["appid"], sandbox.official_account["appid"]):
        with pytest.raises(WechatPhoneNeeded):
            sign_in(person, appid=appid)
    assert sign_in(person, with_phone=True).user_id == tokens.user_id
    with database.read() as session:
        acts = session.sql("select act, count(*) as times from audit where act ~ 'wechat' group by act").all()
    assert {row.act: row.times for row in acts} == {"identity.wechat_linked": 3, "identity.wechat_unlinked": 2}


def test_nobody_parts_somebody_else_from_their_wechat(
    database: Database, sandbox: SandboxProcess, sign_in: SignIn, phone: str
) -> None:
    mine = sign_in(sandbox.wechat_person(phone), with_phone=True)
    other = sign_in(sandbox.wechat_person("13012345678"), with_phone=True)
    assert not unlink(database, mine.user_id, first_identity(database, other.user_id))
    assert not unlink(database, mine.user_id, uuid4())
    assert len(identities(database, other.user_id)) == 1


def test_a_wechat_that_is_somebody_elses_is_not_taken_over(
    database: Database, vault: Vault, sandbox: SandboxProcess, sign_in: SignIn, phone: str
) -> None:
    person, appid = sandbox.wechat_person(phone), sandbox.mini_program["appid"]
    owner = sign_in(person, with_phone=True)
    met = WechatPerson(appid, person["openids"][appid], person["unionid"])
    with database.write() as session:
        thief = identity.user(session, vault=vault, phone="+8613700137000", now=NOON)
        joined = operations.join_wechat(session, vault=vault, person=met, user_id=thief, address=ADDRESS, now=NOON)
    assert (joined, identities(database, thief)) == (False, [])
    assert sign_in(person).user_id == owner.user_id


def test_settings_without_applications_know_none(settings: Settings) -> None:
    assert applications(settings) == ()


def test_whoever_left_is_forgotten_after_thirty_days_and_who_follows_is_not(database: Database, vault: Vault) -> None:
    with database.write() as session:
        for openid, follows, days in (("o-left", False, 31), ("o-just-left", False, 29), ("o-here", True, 400)):
            at = NOON - timedelta(days=days)
            operations.note_follower(session, vault=vault, appid="wx01", openid=openid, follows=follows, at=at)
    with database.write() as session:
        assert operations.purge_spent(session, now=NOON).followers == 1
    with database.read() as session:
        left = session.sql("select follows from wechat_follower order by changed_at").scalars().all()
    assert left == [True, False]
