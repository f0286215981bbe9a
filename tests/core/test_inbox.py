"""Callbacks are kept once and applied once, whatever fails in between."""

import pytest
import sqlalchemy as sa

from core import inbox
from core.db import Database, WriteSession
from core.inbox import Callback


def keep(database: Database, external_id: str = "n-1", body: bytes = b"{}") -> Callback:
    with database.write() as session:
        return inbox.receive(session, source="test", external_id=external_id, body=body)


def effect(session: WriteSession, callback: Callback) -> None:
    session.sql("insert into claim (kind, key, owner) values ('effect', :key, 'x')", key=callback.external_id)


def effects(database: Database) -> int:
    with database.read() as session:
        count: int = session.sql("select count(*) from claim").scalar_one()
    return count


def break_down(session: WriteSession, callback: Callback) -> None:
    effect(session, callback)
    session.sql("select 1/0")


def receive_and_apply(database: Database, work: inbox.Apply = effect) -> bool:
    with database.write() as session:
        callback = inbox.receive(session, source="test", external_id="n-1", body=b"{}")
        return inbox.apply(session, callback, work)


def test_a_repeated_callback_has_one_effect(database: Database) -> None:
    assert [receive_and_apply(database) for _ in range(3)] == [True, True, True]
    assert effects(database) == 1


def test_a_callback_is_kept_as_it_first_came(database: Database) -> None:
    first = keep(database, body=b"first")
    again = keep(database, body=b"second")
    assert (again.id, again.body, again.is_applied) == (first.id, b"first", False)


def test_the_same_number_from_another_source_is_another_callback(database: Database) -> None:
    first = keep(database)
    with database.write() as session:
        other = inbox.receive(session, source="other", external_id="n-1", body=b"{}")
    assert other.id != first.id


def test_a_failed_apply_keeps_the_callback_with_its_error_and_undoes_the_rest(database: Database) -> None:
    assert receive_and_apply(database, break_down) is False
    with database.read() as session:
        row = session.sql("select applied_at, attempts, error, due_at > received_at as is_put_off from inbox").one()
    assert (row.applied_at, row.attempts, row.is_put_off) == (None, 1, True)
    assert "DivisionByZero" in row.error or "division by zero" in row.error
    assert effects(database) == 0


def test_a_repetition_after_a_failure_applies_it(database: Database) -> None:
    receive_and_apply(database, break_down)
    assert receive_and_apply(database) is True
    assert effects(database) == 1


def test_the_sweeper_gets_what_failed_once_it_is_due(database: Database) -> None:
    receive_and_apply(database, break_down)
    with database.write() as session:
        session.sql("update inbox set due_at = now() + interval '1 hour'")
        assert inbox.claim_due(session, source="test") is None
        session.sql("update inbox set due_at = now()")
    with database.write() as session:
        callback = inbox.claim_due(session, source="test")
        assert callback is not None
        inbox.apply(session, callback, effect)
    with database.write() as session:
        assert inbox.claim_due(session, source="test") is None
    assert effects(database) == 1


def lose_the_connection(session: WriteSession, callback: Callback) -> None:
    effect(session, callback)
    session.sql("select pg_terminate_backend(pg_backend_pid())")


def test_a_lost_connection_is_told_as_such_and_nothing_is_kept(database: Database) -> None:
    with pytest.raises(sa.exc.OperationalError):
        receive_and_apply(database, lose_the_connection)
    assert effects(database) == 0
    assert receive_and_apply(database)


def test_two_sweepers_never_hold_the_same_callback(database: Database) -> None:
    keep(database)
    with database.write() as one, database.write() as two:
        assert inbox.claim_due(one, source="test") is not None
        assert inbox.claim_due(two, source="test") is None


def test_a_callback_given_up_waits_for_a_person(database: Database) -> None:
    keep(database)
    with database.write() as session:
        session.sql("update inbox set attempts = :most", most=inbox.MAX_ATTEMPTS)
        assert inbox.claim_due(session, source="test") is None


def test_a_callback_given_up_puts_nothing_off_and_is_emptied_with_the_others_about_the_same(database: Database) -> None:
    told = inbox.MAX_ATTEMPTS
    with database.write() as session:
        for external_id in ("given up", "to be applied"):
            inbox.receive(session, source="test", external_id=external_id, body=b"a name", subject="P1")
        session.sql("update inbox set attempts = :most, error = 'ValueError: a name'", most=told - 1)
        assert inbox.has_waiting(session, source="test", subjects=["P1"])
        inbox.empty(session, source="test", subjects=["P1"])
        assert [each.is_emptied for each in inbox.about(session, source="test", subjects=["P1"])] == [False, False]
        session.sql("update inbox set attempts = :most where external_id = 'given up'", most=told)
        assert inbox.has_waiting(session, source="test", subjects=["P1"])
        session.sql("update inbox set applied_at = now(), error = null where external_id = 'to be applied'")
        assert not inbox.has_waiting(session, source="test", subjects=["P1"])
        inbox.empty(session, source="test", subjects=["P1"])
        kept = inbox.about(session, source="test", subjects=["P1"])
    assert [(each.is_emptied, each.error) for each in kept] == [(True, "ValueError"), (True, None)]


@pytest.mark.parametrize("external_id", ["", "x" * 129])
def test_an_identifier_of_impossible_length_is_refused(database: Database, external_id: str) -> None:
    with pytest.raises(Exception, match="ck_inbox_external_id"):
        keep(database, external_id)
