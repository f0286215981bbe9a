"""The tests are tested: each wrong version of the posting functions must be caught by the named promise.

A mutant replaces a piece of the function in a scratch clone and the promise is run against it as it stands in the suite.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg
import pytest
from hypothesis import Phase

import migrations
from core.db import Database
from services.ledger.chart import PREPAID
from tests.services.ledger import test_bulk as bulk
from tests.services.ledger import test_concurrency as races
from tests.services.ledger import test_machine as machine
from tests.services.ledger import test_posting as promises
from tests.services.ledger.factories import posting

SQL: Final = Path(migrations.__file__).parent / "sql"
Promise = Callable[[Database], None]


def histories(database: Database) -> None:
    machine.run(database, examples=40, steps=12, phases=[Phase.generate])


def other_amount(database: Database) -> None:
    promises.test_a_repeated_source_with_other_postings_is_refused(database, [posting(101)])


def other_code(database: Database) -> None:
    promises.test_a_repeated_source_with_other_postings_is_refused(database, [posting(100, credit=PREPAID)])


LOCK_IN_ORDER = "  perform from book where id = any (p_books) order by id for no key update;\n"
NUMBER = "update book set version = version + 1 where id = v_book returning version into strict v_no;"
CREDIT_SIDE = "balance = balance - v_amount * case when code between 2000 and 4999 then -1 else 1 end"
BULK = "ledger_post_staged"

# name: (file, what stands there, what the mutant says, the promise that must fail)
MUTANTS: Final[dict[str, tuple[str, str, str, Promise]]] = {
    "books are locked in the caller's order": (
        "ledger_post",
        LOCK_IN_ORDER,
        "",
        races.test_every_balance_names_the_payments_in_it,
    ),
    "the number is read without a lock": (
        "ledger_post",
        NUMBER,
        "select version + 1 into strict v_no from book where id = v_book; update book set version = v_no where id = v_book;",
        races.test_a_hot_book_takes_every_payment_once,
    ),
    "a repeated source posts again": (
        "ledger_post",
        "values (v_book, v_no, p_sources[1], p_source_ids[1], p_effective_at[1], clock_timestamp())",
        "values (v_book, v_no, p_sources[1], gen_random_uuid(), p_effective_at[1], clock_timestamp())",
        promises.test_a_repeated_source_answers_its_first_number_and_writes_nothing,
    ),
    "a repeated source keeps its number": (
        "ledger_post",
        "    update book set version = version - 1 where id = v_book;\n",
        "",
        promises.test_a_repeated_source_answers_its_first_number_and_writes_nothing,
    ),
    "a repeated source is not compared": (
        "ledger_post",
        "if found or cardinality",
        "if false and cardinality",
        other_amount,
    ),
    "only amounts are compared": (
        "ledger_post",
        "(p.debit, p.credit, p.asset, p.amount) is distinct from (g.debit, g.credit, g.asset, g.amount)",
        "p.amount is distinct from g.amount",
        other_code,
    ),
    "fewer postings are a repetition": (
        "ledger_post",
        "if found or cardinality(p_amounts) <> (select count(*) from posting p where p.book_id = p_book and p.no = v_no) then",
        "if found and cardinality(p_amounts) > 1 then",
        promises.test_a_repeated_source_with_fewer_postings_is_refused,
    ),
    "credit has the sign of debit": (
        "ledger_post",
        CREDIT_SIDE,
        CREDIT_SIDE.replace("- v_amount", "+ v_amount"),
        histories,
    ),
    "all codes grow by debit": ("ledger_post", "then -1 else 1 end, version", "then 1 else 1 end, version", histories),
    "the balance before is noted": (
        "ledger_post",
        "returning balance into v_debit_after",
        "returning old.balance into v_debit_after",
        histories,
    ),
    "debit and credit balances are exchanged": (
        "ledger_post",
        "v_amount, v_debit_after, v_credit_after)",
        "v_amount, v_credit_after, v_debit_after)",
        histories,
    ),
    "all assets are one": (
        "ledger_post",
        "code = p_debits[v_line] and asset = p_assets[v_line]",
        "code = p_debits[v_line] and asset = 156",
        histories,
    ),
    "only the first posting counts": (
        "ledger_post",
        "for v_line in 1 .. p_counts[1] loop",
        "for v_line in 1 .. 1 loop",
        histories,
    ),
    "a first balance has no floor": (
        "ledger_post",
        "else p_amount end, 1, c.floor",
        "else p_amount end, 1, null",
        promises.test_prepaid_cannot_be_spent_twice,
    ),
    "a first balance starts at nothing": (
        "ledger_post",
        "case when c.code between 2000 and 4999 then -p_amount else p_amount end, 1",
        "0, 1",
        histories,
    ),
    "a reversal is no mirror": (
        "ledger_reverse",
        "v_credits, v_debits, v_assets",
        "v_debits, v_credits, v_assets",
        promises.test_a_reversal_mirrors_once_and_is_linked_by_its_source,
    ),
    "a reversal may happen twice": (
        "ledger_reverse",
        "array[p_source_id]",
        "array[gen_random_uuid()]",
        promises.test_a_reversal_mirrors_once_and_is_linked_by_its_source,
    ),
    "bulk runs in the caller's order": (
        BULK,
        "order by id for no key update",
        "for no key update limit 0",
        races.test_loop_and_bulk_together_keep_the_books,
    ),
    "bulk forgets the repeated": (BULK, "where not exists (select from known k where k.i = h.i)", "", histories),
    "bulk checks floors at the end only": (
        BULK,
        "s.before + s.lowest < s.floor limit 1",
        "false limit 1",
        bulk.test_a_dip_below_the_floor_is_refused_even_when_the_end_is_above,
    ),
    "bulk runs balances over all codes": (
        BULK,
        "partition by book_id, code, asset order by no, line",
        "partition by book_id order by no, line",
        histories,
    ),
    "bulk does not compare the repeated": (
        BULK,
        "if v_other is not null then",
        "if false then",
        bulk.test_a_repeated_source_with_other_postings_is_refused,
    ),
}


def mutate(owner_dsn: str, name: str) -> None:
    file, standing, wrong, _ = MUTANTS[name]
    source = (SQL / f"{file}.sql").read_text(encoding="utf-8")
    assert standing in source, "the mutant no longer fits the function"
    source = re.sub(r"create function", "create or replace function", source.replace(standing, wrong))
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(source.encode())


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(database: Database, owner_dsn: str, name: str) -> None:
    mutate(owner_dsn, name)
    promise = MUTANTS[name][3]
    try:
        promise(database)
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 -- a mutant may break a promise in any way
        return
    pytest.fail(f"{promise.__name__} holds although {name}")


def test_the_promises_hold_for_the_true_functions(database: Database) -> None:
    histories(database)
