"""Each daily purge takes away what is old, in as many steps as it takes, and leaves what is young or still needed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import psycopg
import pytest

from core.crypto.vault import Vault
from core.db import Database
from jobs import housekeeping, notifications, payments, runtime
from jobs.celery_app import app
from tests.factories.accounts import make_account

INBOX: Final = """
insert into inbox (source, external_id, body, received_at, applied_at)
  select 'x', 'old-' || n, '', now() - interval '91 day', now() - interval '91 day' from generate_series(1, 5) n;
insert into inbox (source, external_id, body, received_at, applied_at) values
  ('x', 'young', '', now() - interval '400 day', now() - interval '89 day'), ('x', 'waits', '', now() - interval '400 day', null);
"""
KEYS: Final = """
insert into idempotency (caller, route, key, request_hash, created_at)
  select 'c', 'r', 'old-' || n, '', now() - interval '169 hour' from generate_series(1, 5) n;
insert into idempotency (caller, route, key, request_hash, created_at) values ('c', 'r', 'young', '', now() - interval '167 hour');
"""
LINKS: Final = """
insert into link_failure (user_id, account_no, failed_at)
  select gen_random_uuid(), 'old-' || n, now() - interval '31 day' from generate_series(1, 5) n;
insert into link_failure (user_id, account_no, failed_at) values (gen_random_uuid(), 'young', now() - interval '29 day');
"""
GUESSES: Final = """
insert into payment_quote_failure (user_id, address_blind, account_no, failed_at)
  select gen_random_uuid(), '', 'old-' || n, now() - interval '25 hour' from generate_series(1, 5) n;
insert into payment_quote_failure (user_id, address_blind, account_no, failed_at)
  values (gen_random_uuid(), '', 'young', now() - interval '23 hour');
"""
QUOTE: Final = """
insert into payment_quote (id, user_id, account_id, created_at, expires_at, used_at)
  select ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, gen_random_uuid(), a.id, ends - interval '10 min', ends, used
  from account a, generate_series({first}, {last}) n, (select now() - interval '{age} day' as ends, {used} as used) e;
"""
ORDER: Final = """
insert into payment_order (id, payment_no, quote_id, provider, method, amount_minor, currency, state, created_at, expires_at)
  values (gen_random_uuid(), 'FORGETTING000008', '00000000-0000-0000-0000-000000000008', 'x', 'x', 1, 'CNY', 'failed',
    now() - interval '31 day', now());
"""
QUOTES: Final = (
    QUOTE.format(first=1, last=5, age=31, used="null::timestamptz")
    + QUOTE.format(first=6, last=6, age=29, used="null::timestamptz")
    + QUOTE.format(first=7, last=7, age=31, used="now() - interval '31 day'")
    + QUOTE.format(first=8, last=8, age=31, used="null::timestamptz")
    + ORDER
)
MESSAGES: Final = """
insert into message (owner, id, channel, intent, template, priority, params, locale, state, due_at, expires_at, finished_at,
    address_sealed, address_blind)
  select 'customer:' || n, gen_random_uuid(), 'sms', 'x', 'x', 0, '{}', 'en', case n when 7 then 'pending' else 'dead' end,
    case n when 7 then now() end, now(), case n when 6 then now() - interval '399 day' when 7 then null else now() - interval '401 day' end,
    '', int8send(n)
  from generate_series(1, 7) n;
insert into message_attempt (id, owner, message_id, attempt_no, provider) select gen_random_uuid(), owner, id, 1, 'x' from message;
insert into message_finding (attempt_id, source, finding) select id, 'answer', 'reject' from message_attempt;
"""
IMPORTS: Final = """
insert into import_run (kind, file_digest, started_at, finished_at)
  select 'old-' || n, sha256(''), now() - interval '500 day', now() - interval '401 day' from generate_series(1, 5) n;
insert into import_run (kind, file_digest, started_at, finished_at) values
  ('young', sha256(''), now() - interval '500 day', now() - interval '399 day'),
  ('unfinished', sha256(''), now() - interval '500 day', null);
insert into import_run (kind, file_digest, mode, started_at) values ('dry', sha256(''), 'check', now() - interval '401 day');
insert into import_run (kind, file_digest, rows_done, rows_rejected, finished_at) values
  ('loud', sha256(''), 1003, 1003, now() - interval '2 day'), ('fresh', sha256(''), 1003, 1003, now() - interval '2 hour');
insert into import_reject (run_id, row_no, field, reason) select id, n, 'x', 'x' from import_run, generate_series(1, 3) n;
insert into import_reject (run_id, row_no, field, reason)
  select id, n, 'x', 'x' from import_run, generate_series(4, 1003) n where kind in ('loud', 'fresh');
"""
CASES: Final = [
    (
        housekeeping.purge_imports,
        IMPORTS,
        "select r.kind from import_run r join import_reject j on j.run_id = r.id",
        {"young", "unfinished", "loud", "fresh"},
    ),
    (
        housekeeping.purge_imports,
        "",
        """select r.kind || count(*) || ' to ' || max(row_no) from import_run r join import_reject j on j.run_id = r.id
           where rows_rejected > 0 group by r.kind""",
        {"loud1000 to 1000", "fresh1003 to 1003"},
    ),
    (housekeeping.purge_callbacks, INBOX, "select external_id from inbox", {"young", "waits"}),
    (housekeeping.purge_request_keys, KEYS, "select key from idempotency", {"young"}),
    (housekeeping.purge_link_failures, LINKS, "select account_no from link_failure", {"young"}),
    (payments.purge_guesses, GUESSES, "select account_no from payment_quote_failure", {"young"}),
    (payments.purge_quotes, QUOTES, "select right(id::text, 1) from payment_quote", {"6", "7", "8"}),
    (
        notifications.purge,
        MESSAGES,
        """select m.owner from message m full join message_attempt a on a.owner = m.owner
           full join message_finding f on f.attempt_id = a.id""",
        {"customer:6", "customer:7"},
    ),
]


def test_what_is_old_goes_in_several_steps_and_what_is_young_or_needed_stays(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "PURGE_AT_ONCE", 2)
    runtime.use(database)
    with database.write() as session:
        make_account(session, vault)
        for _, rows, _, _ in CASES:
            session.connection().exec_driver_sql(rows or "select")
    for task, _, query, expected in CASES:
        task()
        with database.read() as session:
            assert set(session.connection().exec_driver_sql(query).scalars()) == expected, task.name


@pytest.mark.parametrize("table", ["message", "message_attempt", "message_finding"])
def test_not_even_the_owner_of_the_tables_deletes_young_messages_or_their_evidence(
    database: Database, owner_dsn: str, table: str
) -> None:
    with database.write() as session:
        session.connection().exec_driver_sql(MESSAGES)
    with psycopg.connect(owner_dsn, autocommit=True) as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(f"delete from {table}".encode())


@pytest.mark.parametrize("task", [case[0] for case in CASES], ids=lambda task: task.name)
def test_the_clock_asks_for_it_daily(task: Callable[[], None]) -> None:
    assert app.conf.beat_schedule[task.name]["schedule"].run_every == timedelta(days=1)  # type: ignore[attr-defined] # no types
