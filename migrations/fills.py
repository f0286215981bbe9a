"""What migrations leave to do in small transactions, while everything else goes on.

A table that is made of rows that are there already cannot be filled within a migration, nor an index built or a rule
proved of them: that is one transaction, whose locks would keep writers out for as long as ten million rows take.
`complete` runs behind the migrations, keeps nobody from a table, begins again where it was stopped, and has nothing to
do a second time.
"""

import time
from typing import Final, LiteralString

import psycopg

from core import locks

BATCH: Final = 10_000
"""Accounts written in one transaction: well under a second, for which files wait."""
FILES_WAIT: Final = "accounts.files_wait"
"""Chunks of files share this lock, and corrections have it alone, as `services/accounts/rules.py` says: none of them
changes a customer between a batch's reading and its writing."""
NUMBER: Final = 7_211_002
"""One deployer fills at a time."""
POLL_S: Final = 1.0
_INDEXES: Final[dict[str, LiteralString]] = {
    # Without a list of what is pending: each search would read it once for every unit.
    "ix_account_search_terms": "on account_search using gin (terms) with (fastupdate = off)",
    "ix_account_gap_unit_level1": "on account_gap (unit_id, account_id) where gaps & 255 <> 0",
    "ix_account_holder": "on account (customer_id, unit_id)",
    # Makes the unit a part of a key: an account does not move while something of it is placed by its unit.
    "uq_account_unit": "on account (unit_id, id)",
    "ix_agreement_tariff_code": "on agreement (tariff_code, account_id)",
    "ix_audit_act": "on audit (act, id)",
    "ix_audit_recorded_at": "on audit (recorded_at, id)",
    "ix_account_note_clear": "on account_note (account_id, id) where text <> ''",
    # A page of them is asked for seldom, and each would read the list of what is pending.
    "ix_message_account_ids": "on message using gin (account_ids) with (fastupdate = off)",
    "uq_meter_present": "on meter (meter_no) where removed_on is null",
    "ix_meter_former": "on meter (meter_no) where removed_on is not null",
}
_UNUSED: Final[tuple[LiteralString, ...]] = (
    "ix_customer_tokens",
    "ix_premises_address",
    "ix_account_gap_level1",
    "ix_account_customer_id",
    "ix_account_unit_id",
)
"""What search, work list and lists of accounts read before; nothing else does, and a file pays for each."""
_RULES: Final[tuple[tuple[LiteralString, LiteralString], ...]] = (
    ("payment_feed", "ck_payment_feed_kind"),
    ("payment_feed", "ck_payment_feed_amount"),
    ("account_note", "ck_account_note_text"),
    ("payment_attempt", "ck_payment_attempt_merchant"),
    ("payment_suspense", "ck_payment_suspense_merchant"),
    ("payment_refund", "ck_payment_refund_merchant"),
    ("meter", "ck_meter_dates"),
    ("import_seen", "ck_import_seen_kind"),
)
_REPLACED: Final[tuple[tuple[LiteralString, LiteralString], ...]] = (("meter", "uq_meter_meter_no"),)
"""Rules in whose place an index stands: they go once it is whole."""
_IS_VALID: Final = "select indisvalid from pg_index where indexrelid = to_regclass(%s)"
_IS_FILLED: Final = """
select (select count(*) from pg_index i where i.indisvalid and i.indexrelid = any(
         select to_regclass('public.' || name) from unnest(%(indexes)s::text[]) name)) = cardinality(%(indexes)s)
  and not exists (select from unnest(%(unused)s::text[]) name where to_regclass('public.' || name) is not null)
  and not exists (select from pg_constraint where not convalidated and conname = any(%(rules)s))
  and not exists (select from pg_constraint where conname = any(%(replaced)s))
"""


def is_filled(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Whether nothing is left to do."""
    asked = {"indexes": list(_INDEXES), "unused": list(_UNUSED), "rules": [rule for _, rule in _RULES]}
    asked["replaced"] = [rule for _, rule in _REPLACED]
    return connection.execute(_IS_FILLED, asked).fetchone() == (True,)


def complete(owner_url: str) -> None:
    """Do what is left to do, as the owner; another deployer who does it is waited for."""
    with psycopg.connect(owner_url, autocommit=True, options="-c lock_timeout=60s -c timezone=UTC") as connection:
        # Asked again and again instead of waited for: a waiting transaction would hold up the index.
        while connection.execute("select pg_try_advisory_lock(%s)", [NUMBER]).fetchone() != (True,):
            time.sleep(POLL_S)
        if is_filled(connection):
            return
        _accounts(connection)
        for name, made in _INDEXES.items():
            if connection.execute(_IS_VALID, [f"public.{name}"]).fetchone() != (True,):
                connection.execute(f"drop index concurrently if exists {name}")  # one that was not built to its end
                kind = "unique index" if name.startswith("uq_") else "index"
                connection.execute(f"create {kind} concurrently {name} {made}")
        for name in _UNUSED:
            connection.execute(f"drop index concurrently if exists {name}")
        for table, rule in _REPLACED:
            connection.execute(f"alter table {table} drop constraint if exists {rule}")
        for table, rule in _RULES:
            connection.execute(f"alter table {table} validate constraint {rule}")


def _accounts(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Write what accounts are found by, and put their gaps where they lie. New and changed ones come by triggers."""
    last = connection.execute("select coalesce(max(id), 0) from account").fetchone()
    for first in range(1, int(str(last[0] if last else 0)) + 1, BATCH):
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", [locks.number(FILES_WAIT)])
            connection.execute(
                """select write_account_search(array(
                     select id from account where id between %(first)s and %(last)s except select account_id
                     from account_search where account_id between %(first)s and %(last)s))""",
                {"first": first, "last": first + BATCH - 1},
            )
            connection.execute(
                """update account_gap q set unit_id = a.unit_id from account a
                   where a.id = q.account_id and a.unit_id <> q.unit_id
                     and q.account_id between %(first)s and %(last)s""",
                {"first": first, "last": first + BATCH - 1},
            )
