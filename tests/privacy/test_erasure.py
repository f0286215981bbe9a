"""A person who is erased is nowhere: no table, no sealed cell, no log, not in Redis; and the books still balance."""

import re
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core import audit, clock, faults
from core.audit import Actor
from core.crypto.vault import Vault, mask_phone
from core.db import WriteSession
from core.faults import InjectedFault
from notifications import wechat
from notifications.queueing import Fact, Recipient, tell
from notifications.setup import SETUP
from notifications.states import Priority
from sandbox import credentials
from services.accounts import operations as accounts
from services.accounts.operations import LinkOutcome, MeterNumber
from services.billing import queries as billing
from services.identity import flows, operations, queries
from services.identity.models import OpenedBy
from services.identity.operations import Challenge, CodeRefused
from services.identity.ports import ConsentPurpose, Edge, Purpose, WechatPush
from services.ledger import queries as ledger
from services.payments.ports import PROVIDERS, Method, Payer
from tests.factories import payments as paying
from tests.factories.accounts import ACTOR, grant
from tests.factories.staff import note, note_in_clear, notes_about
from tests.support.everything import holding, redis_text, tables
from tests.support.hooks import relay
from tests.support.town import HOLDER, Home, Person, Town
from tests.support.wechat_notices import notice, paid, signed
from web import health

OPENID: Final = "oERASE6uMuAJO_M2pxb1Q9zNjWeS6o"


WECHAT: Final = """
insert into wechat_identity (id, appid, user_id, openid_sealed, openid_blind, linked_at, used_at)
values (:id, 'wx1', :user, :sealed, :blind, now(), now())
"""
FOLLOWER: Final = """
insert into wechat_follower (id, appid, openid_blind, openid_sealed, follows, changed_at)
values (:id, 'wx1', :blind, :sealed, true, now())
"""


def noted(session: WriteSession, vault: Vault, home: Home, phone: str) -> None:
    """Staff write of a call, with its number in two ways; so did they with an earlier release."""
    said = (
        f"Rang about bill 3700000001 from {phone[3:6]} {phone[6:10]}-{phone[10:]}, or {phone}. Rings again on Friday."
    )
    note(session, vault, home.account.id, said)
    note_in_clear(session, home.account.id, said)


@dataclass(frozen=True)
class Planted:
    """Somebody who left traces everywhere, and what would betray them."""

    person: Person
    home: Home
    neighbour: Person
    needles: dict[str, str]


def _put_together(session: WriteSession, user_id: UUID, name: str, actor: Actor) -> None:
    """A group of all accounts of a person's."""
    made = accounts.create_group(session, user_id=user_id, name=name, actor=actor, now=clock.now())
    accounts.add_to_group(session, user_id=user_id, group_id=made, account_nos=None, actor=actor, now=clock.now())


def tell_paid(town: Town, payment_no: str, *, openid: str, number: str | None = None, state: str = "SUCCESS") -> int:
    """The provider tells that a payment is paid, and by whom; answers the status."""
    platform = credentials.load(Path(town.sandbox.home))
    told = paid(
        platform,
        paying.latest(town.runtime.db, payment_no).out_trade_no,
        payer={"openid": openid},
        success_time=clock.now().isoformat(timespec="seconds"),
        trade_state=state,
    )
    call = signed(platform, notice(platform, told, number=number or uuid.uuid4().hex))
    return town.client.post(call.path, content=call.body, headers=call.headers).status_code


def in_clear(town: Town) -> dict[str, str]:
    """Every table as whoever holds the keys reads it: sealed cells, chats, and what providers sealed for us, opened."""
    found = tables(town.settings.migration_database_url.get_secret_value(), town.runtime.vault)  # type: ignore[union-attr] # the town's
    provider = PROVIDERS.get()["wechat_pay"]
    with town.runtime.db.read() as session:
        told = session.sql("select body from inbox where source = 'wechat_pay' and body <> ''").scalars().all()
        chats = session.sql("select external_id, body from inbox where source = 'wechat'").all()
    found["inbox"] += "".join(provider.open_stored(bytes(body)).decode() for body in told)
    box = AESGCM(town.runtime.vault.subkey("wechat.inbox"))
    for chat in chats:
        found["inbox"] += box.decrypt(bytes(chat.body)[:12], bytes(chat.body)[12:], chat.external_id.encode()).decode()
    return found


def say_in_chat(town: Town, appid: str, openid: str, said: str) -> None:
    """Somebody writes to the supplier in WeChat."""
    push = WechatPush(appid, "text", f"{appid}:{uuid.uuid4().int}", openid, clock.now(), {"Content": said})
    with town.runtime.db.write() as session:
        wechat.receive(session, setup=SETUP.get(), push=push)


def _pay(town: Town, person: Person, home: Home, *, address: str, openid: str) -> None:
    """A payment inside WeChat of which the provider tells."""
    want = replace(
        paying.wanted(paying.Household(person.user_id, home.account, home.bills), amount_minor=100),
        method=Method.WECHAT_JSAPI,
        payer=Payer(address, appid=town.settings.wechat_pay_appid, openid=openid),
    )
    payment_no = paying.start(town.runtime.db, town.runtime.vault, want).payment.payment_no
    assert tell_paid(town, payment_no, openid=openid) == 204


def tell_others(town: Town, person: Person, home: Home) -> Person:
    """A neighbour is told of a person three times: they link an account, are let into another, and invite back."""
    theirs, other = town.build(town.unit_id), town.build(town.unit_id)
    neighbour = town.settle(theirs, has_payments=False)
    with town.runtime.db.write() as session:
        grant(session, user_id=neighbour.user_id, account_id=other.account.id)
        linked = accounts.link_account(
            session,
            vault=town.runtime.vault,
            user_id=person.user_id,
            account_no=other.account_no,
            name_character=HOLDER[0],
            evidence=MeterNumber(other.meter_no),
            actor=ACTOR,
            now=clock.now(),
        )
        assert linked.outcome is LinkOutcome.LINKED
    for owner, guest, account_no in ((neighbour, person, theirs.account_no), (person, neighbour, home.account_no)):
        at = f"/api/v1/accounts/{account_no}/invitations"
        headers = {**owner.bearer, "idempotency-key": uuid.uuid4().hex}
        answer = town.client.post(at, json={"phone": guest.phone, "role": "viewer"}, headers=headers)
        assert answer.status_code == 201, answer.text
        relay(town.runtime.db)
        accept = f"/api/v1/invitations/{answer.json()['invitation_id']}/accept"
        headers = {**guest.bearer, "idempotency-key": uuid.uuid4().hex}
        assert town.client.post(accept, headers=headers).status_code == 201
    relay(town.runtime.db)
    return neighbour


def told_of_people(town: Town, reader: Person) -> set[str]:
    """What a reader's inbox says of links and invitations, up to the account's number."""
    items = town.client.get("/api/v1/inbox", headers=reader.bearer).json()["items"]
    found = (re.search("(.*)(绑定了|邀请您|现可)", each["text"]) for each in items)
    return {re.sub("于 .*", "", each[1]).strip() for each in found if each}


def ask_and_tell(town: Town, person: Person, home: Home, *, email: str) -> None:
    """A quote for somebody else, and details of the person's own account."""
    quote = {"account_no": town.neighbour.account_no, "name_hint": HOLDER[0]}
    bearer = {**person.bearer, "idempotency-key": uuid.uuid4().hex}
    assert town.client.post("/api/v1/payment-quotes", json=quote, headers=bearer).status_code == 201
    tell_details(town, person, home, {"email": email, "contact_by": "email", "household_size": 4})


def tell_details(town: Town, person: Person, home: Home, details: dict[str, object]) -> None:
    """Details of the person's own account, as they are just now."""
    path = f"/api/v1/accounts/{home.account.account_no}/details"
    seen = town.client.get(path, headers=person.bearer).json()["version"]
    assert town.client.put(path, json={**details, "version": seen}, headers=person.bearer).status_code == 200


def plant(town: Town) -> Planted:
    """A person with an account, payments, quotes, messages, wrong guesses, invitations, consents, devices and acts."""
    home = town.build(town.unit_id)
    person = town.settle(home, has_payments=False)
    mark = uuid.uuid4().hex
    address, device_name = f"2001:db8::{mark[:4]}:{mark[4:8]}", f"Phone of {mark}"
    actor, vault, db = Actor(f"user:{person.user_id}", address), town.runtime.vault, town.runtime.db
    by, now, openid = OpenedBy.CODE, clock.now(), f"{OPENID}{uuid.uuid4().hex[:6]}"
    _pay(town, person, home, address=address, openid=openid)
    town.quote(person.user_id, town.neighbour)
    blind = queries.openid_blind(vault, "wx1", openid)
    say_in_chat(town, "wx1", openid, f"My number is of {mark}")
    with db.write() as session:
        operations.give_consent(
            session,
            user_id=person.user_id,
            purpose=ConsentPurpose.ANALYSIS,
            text_version=1,
            edge=Edge.API,
            actor=actor,
            now=now,
        )
        accounts.link_account(
            session,
            vault=vault,
            user_id=person.user_id,
            account_no=town.far.account_no,
            name_character="错",
            evidence=MeterNumber("M9"),
            actor=actor,
            now=clock.now(),
        )
        _put_together(session, person.user_id, f"Group of {mark}", actor)
        fact = Fact(
            f"test:{uuid.uuid4()}", "payment_receipt", {"account": "x"}, None, timedelta(days=1), Priority.PROMPT
        )
        recipient = Recipient(f"user:{person.user_id}", "zh-CN", person.phone)
        tell(session, setup=SETUP.get(), fact=fact, audience=[recipient])
        operations.open_app_session(
            session, user_id=person.user_id, opened_by=by, device_name=device_name, address=address, now=now
        )
        session.sql(
            WECHAT,
            id=uuid.uuid4(),
            user=person.user_id,
            sealed=vault.seal(table="wechat_identity", column="openid", owner=f"user:{person.user_id}", text=openid),
            blind=blind,
        )
        follower = vault.seal(table="wechat_follower", column="openid", owner="wechat:wx1", text=openid)
        session.sql(FOLLOWER, id=uuid.uuid4(), sealed=follower, blind=blind)
        audit.record(session, actor=actor, act="test.act", subject=f"account:{home.account.id}")
        noted(session, vault, home, person.phone)
    ask_and_tell(town, person, home, email=f"reader@{mark}.example.org")
    neighbour = tell_others(town, person, home)
    needles = {
        "phone": person.phone.removeprefix("+86"),
        "masked phone": mask_phone(person.phone),
        "openid": openid,
        "address": address,
        "device": device_name,
        "chat": f"My number is of {mark}",
        "number in a note": f"{person.phone[3:6]} {person.phone[6:10]}-{person.phone[10:]}",
        "group": f"Group of {mark}",
        "mail address": f"reader@{mark}.example.org",
        "masked mail address": f"***@{mark}.example.org",
        "hash of the phone": queries.phone_blind_of(vault, person.phone).hex(),
        "hash of the openid": blind.hex(),
        "hash of the address": vault.blind("phone", person.phone).hex(),
    }
    return Planted(person, home, neighbour, needles)


def confirm(town: Town, person: Person) -> None:
    """Ask for erasure with a fresh code."""
    device = person.user_id.hex
    with town.runtime.db.write() as session:
        challenge = operations.grant_code(
            session,
            vault=town.runtime.vault,
            phone=person.phone,
            device=device,
            address="::1",
            purpose=Purpose.ERASE,
            day=clock.now().date(),
            daily_budget=10**6,
            now=clock.now(),
        )
    assert isinstance(challenge, Challenge)
    body = {"device_id": device, "code": challenge.code}
    answer = town.client.put("/api/v1/me/erasure", json=body, headers=person.bearer)
    assert (answer.status_code, answer.json()["state"]) == (202, "asked")


def erase(town: Town) -> int:
    return flows.erase_due(town.runtime.db, vault=town.runtime.vault, now=clock.now() + timedelta(days=7, minutes=1))


def test_an_erased_person_is_nowhere_and_the_books_balance(town: Town) -> None:
    with structlog.testing.capture_logs() as logs:
        planted = plant(town)
        before = in_clear(town)
        assert {name for _, name in holding(before, planted.needles)} == planted.needles.keys(), "not planted"
        assert ("message", "masked phone") in holding(before, planted.needles)
        said = told_of_people(town, planted.neighbour)
        confirm(town, planted.person)
        erase(town)
    assert holding(in_clear(town), planted.needles) == []
    assert said == {f"手机号 {mask_phone(planted.person.phone)} 的用户"}
    assert told_of_people(town, planted.neighbour) == {"一位用户（其个人数据已删除）"}
    with town.runtime.db.read() as session:
        left = notes_about(session, town.runtime.vault, planted.home.account.id)
    assert left == ["Rang about bill 3700000001 from ***, or ***. Rings again on Friday."] * 2
    told = redis_text(town.settings.redis_url.get_secret_value()) + repr(logs)
    assert [name for name, needle in planted.needles.items() if needle in told] == []
    with town.runtime.db.read() as session:
        assert ledger.check_invariants(session) == [] == billing.check_invariants(session)
        gone = session.sql("select count(*) from app_user where id = :id", id=planted.person.user_id).scalar_one()
        kept = session.sql(
            "select count(*) from payment_order where payer_user_id = :id and state = 'paid'", id=planted.person.user_id
        ).scalar_one()
        told = session.sql(
            "select count(*) from account_profile where account_id = :id", id=planted.home.account.id
        ).scalar_one()
    assert (gone, kept, told) == (0, 1, 0)
    for headers in (planted.person.bearer, town.browser(planted.person)):
        assert town.client.get("/api/v1/me", headers=headers).status_code == 401


def test_what_a_provider_tells_after_the_erasure_is_applied_and_emptied(town: Town) -> None:
    planted = plant(town)
    db = town.runtime.db
    with db.read() as session:
        payment_no = session.sql(
            "select payment_no from payment_order where payer_user_id = :id", id=planted.person.user_id
        ).scalar_one()
    confirm(town, planted.person)
    erase(town)
    number = uuid.uuid4().hex
    again = [tell_paid(town, payment_no, openid=planted.needles["openid"], number=number) for _ in range(2)]
    assert again == [204, 204]
    assert holding(in_clear(town), planted.needles) == []
    with db.read() as session:
        row = session.sql("select outcome, applied_at from inbox where external_id = :no", no=number).one()
        assert ledger.check_invariants(session) == []
    assert (row.outcome is not None, row.applied_at is not None) == (True, True), "what came of it stays"


def test_nobody_else_loses_anything_but_what_the_person_gave(town: Town) -> None:
    planted = plant(town)
    neighbour = town.people["neighbour"]
    confirm(town, planted.person)
    erase(town)
    assert town.client.get(f"/api/v1/accounts/{town.neighbour.account_no}", headers=neighbour.bearer).status_code == 200
    assert town.client.get("/api/v1/me", headers=neighbour.bearer).json()["phone_masked"].endswith(neighbour.phone[-4:])


def test_a_wish_may_be_taken_back_and_nothing_happens_before_its_week_is_over(town: Town) -> None:
    planted = plant(town)
    bearer = planted.person.bearer
    confirm(town, planted.person)
    asked = town.client.get("/api/v1/me/erasure", headers=bearer).json()
    confirm(town, planted.person)
    assert town.client.get("/api/v1/me/erasure", headers=bearer).json() == asked, "asked again, the first time stands"
    flows.erase_due(town.runtime.db, vault=town.runtime.vault, now=clock.now() + timedelta(days=6))
    assert town.client.get("/api/v1/me", headers=bearer).status_code == 200
    assert town.client.delete("/api/v1/me/erasure", headers=bearer).status_code == 204
    assert town.client.get("/api/v1/me/erasure", headers=bearer).json()["state"] == "none"
    erase(town)
    assert town.client.get("/api/v1/me", headers=bearer).status_code == 200


def test_a_code_for_signing_in_erases_nobody(town: Town) -> None:
    planted = plant(town)
    with town.runtime.db.write() as session:
        challenge = operations.grant_code(
            session,
            vault=town.runtime.vault,
            phone=planted.person.phone,
            device="d" * 16,
            address="::1",
            purpose=Purpose.SIGN_IN,
            day=clock.now().date(),
            daily_budget=10**6,
            now=clock.now(),
        )
        assert isinstance(challenge, Challenge)
        refused = operations.ask_erasure(
            session,
            vault=town.runtime.vault,
            user_id=planted.person.user_id,
            device="d" * 16,
            code=challenge.code,
            actor=ACTOR,
            now=clock.now(),
        )
    assert isinstance(refused, CodeRefused)


def test_the_code_goes_to_the_persons_own_telephone(town: Town) -> None:
    person = town.settle(town.build(town.unit_id), has_payments=False)
    body = {"device_id": "e" * 16}
    assert town.client.post("/api/v1/me/erasure/code", json=body, headers=person.bearer).status_code == 202
    national = person.phone.removeprefix("+86")
    [told] = [each for each in town.sandbox.messages() if national in repr(each)]
    [code] = set(re.findall(r"(?<!\d)\d{6}(?!\d)", told["text"]))
    answer = town.client.put("/api/v1/me/erasure", json={**body, "code": code}, headers=person.bearer)
    assert (answer.status_code, answer.json()["state"]) == (202, "asked")


def test_a_payment_under_way_puts_it_off_and_so_does_a_callback_that_waits(town: Town) -> None:
    planted = plant(town)
    payment_no = town.start_payment(planted.person.user_id, planted.home)
    confirm(town, planted.person)
    erase(town)
    assert town.client.get("/api/v1/me/erasure", headers=planted.person.bearer).json()["state"] == "asked"
    town.pay(payment_no)
    waiting = "update inbox set applied_at = null where source = 'wechat_pay'"
    for days, change in ((8, waiting), (9, waiting.replace("null", "now()"))):
        assert town.client.get("/api/v1/me", headers=planted.person.bearer).status_code == 200
        with town.runtime.db.write() as session:
            session.sql(change)
        flows.erase_due(town.runtime.db, vault=town.runtime.vault, now=clock.now() + timedelta(days=days))
    assert town.client.get("/api/v1/me", headers=planted.person.bearer).status_code == 401


@pytest.mark.parametrize("point", ["identity.erasure.before_commit", "identity.erasure.committed"])
def test_cut_short_and_run_again_it_ends_the_same(town: Town, point: str) -> None:
    planted = plant(town)
    confirm(town, planted.person)

    def die(reached: str) -> None:
        if reached == point:
            raise InjectedFault(point)

    faults.arm(die)
    try:
        with pytest.raises(InjectedFault):
            erase(town)
    finally:
        faults.arm(None)
    erase(town)
    assert erase(town) == 0
    assert holding(in_clear(town), planted.needles) == []
    with town.runtime.db.read() as session:
        done = session.sql(
            "select count(*) from audit where act = 'identity.erased' and subject = :who",
            who=f"user:{planted.person.user_id}",
        ).scalar_one()
    assert done == 1


def test_who_comes_back_is_somebody_new(town: Town) -> None:
    planted = plant(town)
    confirm(town, planted.person)
    erase(town)
    with town.runtime.db.write() as session:
        again = operations.register(
            session, vault=town.runtime.vault, phone=planted.person.phone, locale="en", now=clock.now()
        )
    assert again != planted.person.user_id


def test_what_somebody_else_told_after_the_person_stays(town: Town) -> None:
    home = town.build(town.unit_id)
    first, second = (town.settle(home, has_payments=False) for _ in range(2))
    path = f"/api/v1/accounts/{home.account.account_no}/details"
    tell_details(town, first, home, {"email": "first@example.org"})
    tell_details(town, second, home, {"household_size": 2})
    confirm(town, first)
    erase(town)
    left = town.client.get(path, headers=second.bearer).json()
    assert (left["email_masked"], left["household_size"]) == (None, 2)


def test_somebody_who_cannot_be_erased_waits_longer_each_time_and_holds_up_nobody(town: Town) -> None:
    db, vault = town.runtime.db, town.runtime.vault
    broken, other = (town.settle(town.build(town.unit_id), has_payments=False) for _ in range(2))
    for person in (broken, other):
        confirm(town, person)
        town.client.put("/api/v1/me/data-export", headers=person.bearer)
    with db.write() as session:
        sealed = session.sql("select phone_sealed from app_user where id = :id", id=broken.user_id).scalar_one()
        session.sql("update app_user set phone_sealed = '\\x0101ff' where id = :id", id=broken.user_id)
        session.sql("update erasure set due_at = due_at - interval '1 minute' where user_id = :id", id=broken.user_id)
    ids, due = [broken.user_id, other.user_id], clock.now() + timedelta(days=7)
    flows.make_exports(db, vault=vault, now=clock.now())
    waits = []
    for _ in range(2):
        flows.erase_due(db, vault=vault, now=due)
        with db.read() as session:
            rows = {
                row.user_id: row
                for row in session.sql("select * from erasure where user_id = any(:ids)", ids=ids).all()
            }
        waits.append(rows[broken.user_id].due_at - due)
        due = rows[broken.user_id].due_at
    failed = rows[broken.user_id]
    assert (failed.done_at, failed.failures, failed.error is not None) == (None, 2, True)
    assert waits[1] == 2 * waits[0]
    assert rows[other.user_id].done_at is not None
    with db.read() as session:
        copy = session.sql("select made_at, failures from data_export where user_id = :id", id=broken.user_id).one()
        queues = session.sql(health.QUEUES, most=health.COUNTED).scalar_one()["queues"]
    assert (copy.made_at, copy.failures, queues["data_exports"]["pending"]) == (None, 1, 1)
    assert queues["erasures"]["pending"] >= 1
    with db.write() as session:
        session.sql("update app_user set phone_sealed = :sealed where id = :id", sealed=sealed, id=broken.user_id)
    flows.erase_due(db, vault=vault, now=due)
    assert town.client.get("/api/v1/me", headers=broken.bearer).status_code == 401
