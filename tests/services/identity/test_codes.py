"""One-time codes: who gets one, how often, and what a try does."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core import faults
from core.crypto.vault import Vault
from core.db import Database
from services.identity import flows, queries
from services.identity.errors import CodesExhausted, InvalidPhone, SignInLimited
from services.identity.operations import CodeAccepted, CodeBurnt, CodeRefused, codes
from services.identity.ports import SMS_SENDER, Purpose, Sending
from tests.factories import identity
from tests.factories.identity import NOON, OTHER_PHONE, PHONE, Telephones

MINUTE = timedelta(minutes=1)


@pytest.fixture
def phones() -> Telephones:
    return identity.telephones()


def scalar(database: Database, statement: str) -> Any:
    with database.read() as session:
        return session.connection().execute(sa.text(statement)).scalar_one()


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)


def test_a_code_of_six_digits_signs_a_new_number_up(database: Database, vault: Vault, phones: Telephones) -> None:
    asked = identity.request_code(database, vault, phone="138 0013 8000")
    (code,) = phones.codes()
    result = identity.verify(database, vault, code)
    assert isinstance(result, CodeAccepted)
    assert (len(code), result.is_new, asked.expires_in_s) == (6, True, 300)
    with database.read() as session:
        found = queries.user(session, user_id=result.user_id)
        assert queries.phone_of(session, vault=vault, user_id=result.user_id) == PHONE
    assert found is not None
    assert found.phone_masked == asked.phone_masked == "+86138****8000"


def test_the_second_sign_in_finds_the_same_person(database: Database, vault: Vault, phones: Telephones) -> None:
    results = []
    for _ in range(2):
        identity.request_code(database, vault)
        results.append(identity.verify(database, vault, phones.codes()[-1]))
    first, second = results
    assert isinstance(first, CodeAccepted)
    assert second == CodeAccepted(first.user_id, is_new=False)


def test_a_code_works_once(database: Database, vault: Vault, phones: Telephones) -> None:
    identity.request_code(database, vault)
    (code,) = phones.codes()
    assert isinstance(identity.verify(database, vault, code), CodeAccepted)
    assert isinstance(identity.verify(database, vault, code), CodeRefused)


def test_a_code_is_good_for_five_minutes(database: Database, vault: Vault, phones: Telephones) -> None:
    identity.request_code(database, vault)
    (code,) = phones.codes()
    assert isinstance(identity.verify(database, vault, code, now=NOON + 5 * MINUTE), CodeRefused)
    just_in_time = NOON + 5 * MINUTE - timedelta(seconds=1)
    assert isinstance(identity.verify(database, vault, code, now=just_in_time), CodeAccepted)


def test_a_later_code_voids_the_earlier(database: Database, vault: Vault, phones: Telephones) -> None:
    identity.request_code(database, vault)
    identity.request_code(database, vault, device="another", now=NOON + MINUTE)
    first, second = phones.codes()
    assert isinstance(identity.verify(database, vault, first, now=NOON + MINUTE), CodeRefused)
    assert isinstance(identity.verify(database, vault, second, device="another", now=NOON + MINUTE), CodeAccepted)


def test_another_device_can_neither_use_a_code_nor_burn_it(
    database: Database, vault: Vault, phones: Telephones
) -> None:
    identity.request_code(database, vault)
    (code,) = phones.codes()
    for _ in range(10):
        assert isinstance(identity.verify(database, vault, code, device="thief"), CodeRefused)
    assert isinstance(identity.verify(database, vault, code), CodeAccepted)


def test_a_code_of_another_phone_is_refused(database: Database, vault: Vault, phones: Telephones) -> None:
    identity.request_code(database, vault)
    identity.request_code(database, vault, phone=OTHER_PHONE, now=NOON + MINUTE)
    (code,) = phones.codes()
    if code != phones.codes(OTHER_PHONE)[0]:
        assert isinstance(identity.verify(database, vault, code, phone=OTHER_PHONE, now=NOON + MINUTE), CodeRefused)


def test_the_fifth_wrong_try_burns_the_code(database: Database, vault: Vault, phones: Telephones) -> None:
    identity.request_code(database, vault)
    (code,) = phones.codes()
    results = [type(identity.verify(database, vault, identity.wrong(code))) for _ in range(4)]
    assert results == [CodeRefused] * 4
    assert isinstance(identity.verify(database, vault, identity.wrong(code)), CodeBurnt)
    assert isinstance(identity.verify(database, vault, code), CodeBurnt)


def test_text_that_is_no_code_costs_no_try(database: Database, vault: Vault, phones: Telephones) -> None:
    identity.request_code(database, vault)
    for _ in range(6):
        assert isinstance(identity.verify(database, vault, "12345"), CodeRefused)
    assert isinstance(identity.verify(database, vault, phones.codes()[0]), CodeAccepted)


def test_tries_from_two_devices_at_once_are_counted_exactly(
    database: Database, vault: Vault, phones: Telephones
) -> None:
    identity.request_code(database, vault)
    (code,) = phones.codes()
    with ThreadPoolExecutor(12) as pool:
        tries = [pool.submit(identity.verify, database, vault, identity.wrong(code)) for _ in range(12)]
        results = [type(each.result()) for each in tries]
    assert (results.count(CodeRefused), results.count(CodeBurnt)) == (4, 8)
    assert scalar(database, "select tries from otp_challenge") == 5
    assert isinstance(identity.verify(database, vault, code), CodeBurnt)


def test_a_right_code_tried_twenty_times_at_once_is_accepted_once(
    database: Database, vault: Vault, phones: Telephones
) -> None:
    identity.request_code(database, vault)
    (code,) = phones.codes()
    with ThreadPoolExecutor(16) as pool:
        results = [each.result() for each in [pool.submit(identity.verify, database, vault, code) for _ in range(20)]]
    assert sum(isinstance(result, CodeAccepted) for result in results) == 1
    assert scalar(database, "select count(*) from app_user") == 1


def test_two_first_sign_ins_of_one_number_make_one_person(database: Database, vault: Vault) -> None:
    def sign_up(_number: int) -> object:
        with database.write() as session:
            return identity.user(session, vault=vault)

    with ThreadPoolExecutor(4) as pool:
        people = set(pool.map(sign_up, range(4)))
    assert len(people) == 1


def test_a_phone_gets_five_codes_an_hour_and_the_same_answer_ever_after(
    database: Database, vault: Vault, phones: Telephones
) -> None:
    answers = {
        identity.request_code(database, vault, device=f"device-{number}", now=NOON + number * MINUTE)
        for number in range(8)
    }
    assert len(answers) == 1
    assert len(phones.codes()) == 5
    identity.request_code(database, vault, now=NOON + 61 * MINUTE)
    assert len(phones.codes()) == 6


def test_a_phone_gets_ten_codes_in_any_24_hours(database: Database, vault: Vault, phones: Telephones) -> None:
    for number in range(14):
        identity.request_code(database, vault, device=f"device-{number}", now=NOON + number * 30 * MINUTE)
    assert len(phones.codes()) == 10
    identity.request_code(database, vault, now=NOON + timedelta(hours=24, seconds=1))
    assert len(phones.codes()) == 11


def test_a_code_that_was_sent_stays_good_when_the_phone_is_limited(
    database: Database, vault: Vault, phones: Telephones
) -> None:
    for _ in range(7):
        identity.request_code(database, vault)
    assert isinstance(identity.verify(database, vault, phones.codes()[-1]), CodeAccepted)


def test_a_withheld_code_is_burnt_like_any_other_and_cannot_be_guessed(
    database: Database, vault: Vault, phones: Telephones
) -> None:
    for _ in range(5):
        identity.request_code(database, vault)
    identity.request_code(database, vault, device="limited")
    results = [type(identity.verify(database, vault, f"{n:06}", device="limited")) for n in range(6)]
    assert results == [CodeRefused] * 4 + [CodeBurnt] * 2
    assert len(phones.codes()) == 5


def test_one_phone_written_in_many_ways_has_one_counter(database: Database, vault: Vault, phones: Telephones) -> None:
    ways = [
        "13800138000",
        "+86138 0013 8000",
        "１３８００１３８０００",
        "138-0013-8000",
        "008613800138000",
        "+8613800138000",
    ]
    for way in ways:
        identity.request_code(database, vault, phone=way)
    assert len(phones.codes()) == 5


@pytest.mark.parametrize("phone", ["13800138000\n", "", "95598", "0"])
def test_what_is_no_number_is_refused_before_anything_is_counted(database: Database, vault: Vault, phone: str) -> None:
    with pytest.raises(InvalidPhone):
        identity.request_code(database, vault, phone=phone)
    assert scalar(database, "select count(*) from sign_in_limit") == 0


def test_a_device_is_told_when_it_may_ask_again(database: Database, vault: Vault, phones: Telephones) -> None:
    for number in range(10):
        identity.request_code(database, vault, phone=f"138001380{number:02}")
    with pytest.raises(SignInLimited) as refused:
        identity.request_code(database, vault, phone=OTHER_PHONE, now=NOON + MINUTE)
    assert refused.value.facts == {"retry_after_s": 59 * 60 + 1}
    assert phones.count() == 10
    identity.request_code(database, vault, phone=OTHER_PHONE, now=NOON + 60 * MINUTE)
    assert phones.count() == 11


def test_an_address_is_limited_whatever_phone_and_device_it_names(
    database: Database, vault: Vault, phones: Telephones
) -> None:
    for number in range(60):
        identity.request_code(database, vault, phone=f"138001380{number:02}", device=f"d{number}")
    with pytest.raises(SignInLimited):
        identity.request_code(database, vault, phone=OTHER_PHONE, device="fresh")
    identity.request_code(database, vault, phone=OTHER_PHONE, device="fresh", address="198.51.100.1")
    assert phones.count() == 61


def test_requests_at_once_get_as_many_codes_as_the_limit_allows(
    database: Database, vault: Vault, phones: Telephones
) -> None:
    with ThreadPoolExecutor(12) as pool:
        asked = [
            pool.submit(identity.request_code, database, vault, device=f"d{number}", address=f"198.51.100.{number}")
            for number in range(20)
        ]
        assert len({each.result() for each in asked}) == 1
    assert len(phones.codes()) == 5
    living = "select count(*) from otp_challenge where state = 'open' and sending is distinct from 'withheld'"
    assert scalar(database, living) == 1


def test_a_day_s_codes_end_with_the_budget(database: Database, vault: Vault, phones: Telephones) -> None:
    policy = flows.CodePolicy(identity.POLICY.region, identity.POLICY.zone, daily_budget=2)
    for number in range(2):
        identity.request_code(database, vault, phone=f"1380013800{number}", policy=policy)
    with pytest.raises(CodesExhausted):
        identity.request_code(database, vault, phone=OTHER_PHONE, policy=policy)
    assert phones.count() == 2
    tomorrow_in_shanghai = NOON + timedelta(hours=12)
    identity.request_code(database, vault, phone=OTHER_PHONE, policy=policy, now=tomorrow_in_shanghai)
    assert phones.count() == 3


def test_a_code_does_not_wait_for_another_phone_s_code_to_be_committed(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The day's count must not be one row that all stand in line for."""
    assert {codes._shard() for _ in range(2_000)} == set(range(16))
    shards = iter(range(2))
    monkeypatch.setattr(codes, "_shard", lambda: next(shards))
    with database.write() as first, database.write() as second:
        second.sql("set local lock_timeout = '1s'")
        for number, session in enumerate((first, second)):
            granted = codes.grant_code(
                session,
                vault=vault,
                phone=f"+861380013800{number}",
                device=f"device-{number}-0123456789",
                address=f"198.51.{number}.7",
                purpose=Purpose.SIGN_IN,
                day=NOON.date(),
                daily_budget=2,
                now=NOON,
            )
            assert isinstance(granted, codes.Challenge)
    assert scalar(database, "select sum(sent) from sign_in_budget") == 2


@pytest.mark.parametrize("answer", list(Sending))
def test_the_provider_s_word_changes_neither_the_answer_nor_the_code(
    database: Database, vault: Vault, answer: Sending
) -> None:
    phones = identity.telephones(answer)
    asked = identity.request_code(database, vault)
    assert asked.expires_in_s == 300
    assert scalar(database, "select sending from otp_challenge") == answer
    assert isinstance(identity.verify(database, vault, phones.codes()[0]), CodeAccepted)


@pytest.mark.parametrize("point", ["identity.request_code.sent", "identity.request_code.before_outcome_commit"])
def test_a_crash_after_the_send_leaves_the_code_good(
    database: Database, vault: Vault, phones: Telephones, point: str
) -> None:
    def crash(name: str) -> None:
        if name == point:
            raise faults.InjectedFault(name)

    faults.arm(crash)
    try:
        with pytest.raises(faults.InjectedFault):
            identity.request_code(database, vault)
    finally:
        faults.arm(None)
    assert isinstance(identity.verify(database, vault, phones.codes()[0]), CodeAccepted)


def test_no_transaction_is_open_while_the_provider_is_asked(database: Database, vault: Vault) -> None:
    open_then: list[int] = []

    class Watcher(Telephones):
        def send_code(self, *, phone: str, code: str, locale: str, reference: str) -> Sending:
            open_then.append(database.engine.pool.checkedout())  # type: ignore[attr-defined] # a QueuePool has it
            return super().send_code(phone=phone, code=code, locale=locale, reference=reference)

    SMS_SENDER.fill(Watcher())
    identity.request_code(database, vault)
    assert open_then == [0]


def test_known_and_unknown_numbers_take_the_same_statements(
    database: Database, vault: Vault, phones: Telephones
) -> None:
    with database.write() as session:
        identity.user(session, vault=vault, phone=PHONE, now=NOON)
    seen = {}
    for phone in (PHONE, OTHER_PHONE):
        with statements(database) as asked:
            identity.request_code(database, vault, phone=phone, device=phone)
        with statements(database) as refused:
            identity.verify(database, vault, identity.wrong(phones.codes(phone)[-1]), phone=phone, device=phone)
        with statements(database) as accepted:
            result = identity.verify(database, vault, phones.codes(phone)[-1], phone=phone, device=phone)
        assert isinstance(result, CodeAccepted)
        assert result.is_new is (phone == OTHER_PHONE)
        seen[phone] = (asked, refused, accepted)
    assert seen[PHONE] == seen[OTHER_PHONE]


def test_a_limited_number_takes_the_statements_of_any_other(
    database: Database, vault: Vault, phones: Telephones
) -> None:
    seen = []
    for _ in range(6):
        with statements(database) as asked:
            identity.request_code(database, vault)
        seen.append(asked)
    assert len(phones.codes()) == 5
    assert seen == [seen[0]] * 6


def test_a_withheld_code_costs_the_budget_nothing(database: Database, vault: Vault, phones: Telephones) -> None:
    just_before_midnight = NOON + timedelta(hours=11, minutes=50)
    for _ in range(6):
        identity.request_code(database, vault, now=just_before_midnight)
    identity.request_code(database, vault, now=just_before_midnight + 15 * MINUTE)
    assert len(phones.codes()) == 5
    by_day = "select day, sum(sent) as sent from sign_in_budget group by day"
    assert scalar(database, f"select array_agg(sent order by day) from ({by_day}) d") == [5, 0]


def test_a_limited_number_is_not_told_apart_when_the_budget_is_used_up(
    database: Database, vault: Vault, phones: Telephones
) -> None:
    policy = flows.CodePolicy(identity.POLICY.region, identity.POLICY.zone, daily_budget=5)
    for _ in range(5):
        identity.request_code(database, vault, policy=policy)
    for phone in (PHONE, OTHER_PHONE):
        with pytest.raises(CodesExhausted):
            identity.request_code(database, vault, phone=phone, policy=policy)
    assert phones.count() == 5


def test_no_row_holds_a_code_a_phone_or_an_address_in_clear(
    database: Database, vault: Vault, phones: Telephones
) -> None:
    identity.request_code(database, vault)
    identity.verify(database, vault, phones.codes()[0])
    tables = ("app_user", "otp_challenge", "sign_in_limit", "sign_in_budget", "outbox")
    rows = "".join(str(scalar(database, f"select string_agg(t::text, ' ') from {table} t")) for table in tables)
    secrets = [PHONE[1:], "13800138000", phones.codes()[0], identity.ADDRESS, identity.DEVICE]
    as_bytes = [secret.encode().hex() for secret in secrets]
    assert [secret for secret in (*secrets[:2], *secrets[3:], *as_bytes) if secret in rows] == []
