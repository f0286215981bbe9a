"""What the application role cannot do to the books, whatever its code tries."""

import psycopg
import pytest

from core.db import Database
from services.ledger import queries
from tests.services.ledger.factories import bill, books, payment, post

TABLES = ("book", "txn", "posting", "balance", "ledger_code", "ledger_asset", "ledger_rollup", "ledger_horizon")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("command", ["insert into {} default values", "delete from {}", "truncate {}"])
def test_the_application_cannot_write_the_ledger_directly(
    database: Database, app_dsn: str, table: str, command: str
) -> None:
    books(database)
    with psycopg.connect(app_dsn, autocommit=True) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(command.format(table).encode())


@pytest.mark.parametrize(
    "command",
    [
        "update book set version = 0",
        "update txn set no = 0",
        "update posting set amount = 1",
        "update balance set balance = 0",
    ],
)
def test_the_application_cannot_update_the_ledger(app_dsn: str, command: str) -> None:
    with psycopg.connect(app_dsn, autocommit=True) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(command.encode())


@pytest.mark.parametrize(
    "command",
    [
        "update posting set amount = 1 where false",
        "delete from posting where false",
        "truncate posting",
        "update txn set no = 0 where false",
        "delete from txn where false",
        "truncate txn",
        "delete from balance where false",
        "delete from book where false",
    ],
)
def test_even_the_owner_cannot_rewrite_history(owner_dsn: str, command: str) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(command.encode())


@pytest.mark.parametrize("amount_debit_credit", ["0, 1100, 1200", "-1, 1100, 1200", "1, 1100, 1100"])
def test_a_posting_that_is_not_a_pair_cannot_be_written_by_anyone(owner_dsn: str, amount_debit_credit: str) -> None:
    amount, debit, credit = amount_debit_credit.split(", ")
    with psycopg.connect(owner_dsn, autocommit=True) as owner, pytest.raises(psycopg.errors.CheckViolation):
        owner.execute("insert into posting values (1, 1, 1, %s, %s, 156, %s, 0, 0)", [debit, credit, amount])


def test_inner_functions_are_closed_to_the_application(app_dsn: str) -> None:
    with psycopg.connect(app_dsn, autocommit=True) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("select ledger_open_balance(1, 1100::smallint, 156::smallint, 1)")


def test_objects_of_the_caller_do_not_stand_in_for_the_ledgers(database: Database, app_dsn: str) -> None:
    book, *_ = books(database)
    post(database, bill(book))
    with psycopg.connect(app_dsn, autocommit=True) as app:
        app.execute("create temp table posting (like posting)")
        app.execute("create temp table balance (like balance)")
        app.execute(
            """select ledger_post(array[%s]::bigint[], '{5}', array[gen_random_uuid()], array[now()], '{1}', '{1200}', '{1100}', '{156}', '{7}')""",
            [book],
        )
        assert app.execute("select count(*) from pg_temp.posting").fetchone() == (0,)
    with database.read() as session:
        assert queries.check_invariants(session) == []


@pytest.mark.parametrize(
    "arguments",
    [
        "array[BOOK]::bigint[], '{5}', array[gen_random_uuid()], array[now()], '{0}', '{}', '{}', '{}', '{}'",
        "array[BOOK]::bigint[], '{5}', array[gen_random_uuid()], array[now()], '{2}', '{1200}', '{1100}', '{156}', '{7}'",
        "array[BOOK]::bigint[], '{5}', array[gen_random_uuid()], array[now()], '{1}', '{1200,1200}', '{1100,1100}', '{156,156}', '{7,7}'",
        "array[BOOK,BOOK]::bigint[], '{5,5}', array[gen_random_uuid(),gen_random_uuid()], array[now(),now()], '{1}', '{1200}', '{1100}', '{156}', '{7}'",
        "array[BOOK]::bigint[], '{5}', array[gen_random_uuid()], array[now()], null, '{1200}', '{1100}', '{156}', '{null}'",
        "array[BOOK]::bigint[], '{5}', array[null]::uuid[], array[now()], '{1}', '{1200}', '{1100}', '{156}', '{7}'",
        "null, '{5}', array[gen_random_uuid()], array[now()], '{1}', '{1200}', '{1100}', '{156}', '{7}'",
    ],
)
@pytest.mark.parametrize("function", ["ledger_post", "ledger_post_staged"])
def test_arrays_that_do_not_fit_write_nothing(database: Database, app_dsn: str, function: str, arguments: str) -> None:
    book, *_ = books(database)
    with psycopg.connect(app_dsn, autocommit=True) as app:
        try:
            app.execute(f"select {function}({arguments.replace('BOOK', str(book))})".encode())
        except psycopg.Error as error:
            assert error.sqlstate in {"LG004", "P0002", "23502", "22004"}  # noqa: PT017 -- null arrays may also answer nothing
        assert app.execute("select count(*) from txn").fetchone() == (0,)
    assert post(database, payment(book))[0].no == 1
