"""The SQL rule: each domain writes its own tables, reads others' in files only, and nobody hides a statement."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools import sql_rule
from tools.findings import Tree

ROOT = Path(__file__).parents[2]

MIGRATION = '''
SQL = """
create table {table} (id bigint, note text);
"""
'''
SENDS_NEWS = '''
SQL = """
create function tell() returns void language plpgsql as $$
begin
  insert into {table} (id) values (1);
end $$;
"""
'''


def test_the_house_keeps_the_sql_rule() -> None:
    assert [str(finding) for finding in sql_rule.check(Tree(ROOT))] == []


def test_every_statement_of_the_house_is_seen() -> None:
    seen = list(sql_rule.statements(Tree(ROOT)))
    files = {text.path for text in seen if text.is_file}
    assert files == {
        path.relative_to(ROOT).as_posix() for path in ROOT.glob("*/**/reads/*.sql") if ".venv" not in path.parts
    }
    inline = {text.path for text in seen if not text.is_file}
    assert {"core/outbox.py", "services/ledger/operations.py", "services/identity/operations/codes.py"} <= inline


@pytest.fixture
def reasons(tmp_path: Path) -> Callable[[dict[str, str]], list[str]]:
    """Judge a house of three tables (identity's app_user, billing's bill, core's outbox) with these files more."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    made = {
        "0001_core": "outbox",
        "0002_identity": "app_user",
        "0005_payments": "payment_order",
        "0006_billing": "bill",
    }
    for name, table in made.items():
        file = tmp_path / "migrations" / "versions" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(MIGRATION.format(table=table), encoding="utf-8")

    def judge(files: dict[str, str]) -> list[str]:
        for path, text in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return [finding.reason for finding in sql_rule.check(Tree(tmp_path))]

    return judge


BILLING = "services/billing/operations/x.py"
READS = "services/billing/reads/x.sql"

PLANTED = {
    "a write into another's table": (
        {BILLING: 'def f(session):\n    session.sql("update app_user set note = :note", note="x")'},
        "billing writes app_user, which belongs to identity",
    ),
    "a write into another's table from a file": (
        {READS: "-- Served by pk_app_user.\ndelete from app_user where id = :id\n"},
        "billing writes app_user, which belongs to identity",
    ),
    "a write hidden in a with query": (
        {READS: "-- Served by pk_app_user.\nwith gone as (delete from app_user returning id) select id from gone\n"},
        "billing writes app_user, which belongs to identity",
    ),
    "a fact written past the outbox of core": (
        {BILLING: 'def f(session):\n    session.sql("insert into outbox (id) values (1)")'},
        "billing writes outbox, which belongs to core",
    ),
    "a read of another's table in Python": (
        {BILLING: 'def f(session):\n    session.sql("select id from app_user")'},
        "billing reads app_user of identity in Python",
    ),
    "a read through a constant and a hole": (
        {
            BILLING: 'COLUMNS = "id, note from app_user"\ndef f(session):\n    session.sql(f"select {COLUMNS} where id = 1")'
        },
        "billing reads app_user of identity in Python",
    ),
    "a read through a text of SQLAlchemy": (
        {BILLING: 'import sqlalchemy as sa\nQUERY = sa.text("select id from app_user")'},
        "billing reads app_user of identity in Python",
    ),
    "a read upward": (
        {"services/payments/reads/x.sql": "-- Served by pk_bill.\nselect id from bill where id = :id\n"},
        "payments reads bill of billing, which does not lie below it",
    ),
    "a read of notifications by nobody's table": (
        {"notifications/queueing.py": 'def f(session):\n    session.sql("select id from nowhere")'},
        "no migration makes nowhere",
    ),
    "SQL in an endpoint": (
        {"routers/billing/endpoints.py": 'def f(session):\n    session.sql("select 1")'},
        "an edge asks queries and operations",
    ),
    "loud key words": (
        {BILLING: 'def f(session):\n    session.sql("SELECT id from bill")'},
        "SELECT: SQL is lower case",
    ),
    "loud key words in a migration": (
        {"migrations/versions/0006_billing_x.py": 'SQL = "CREATE table b (id bigint); create table c (id bigint)"'},
        "CREATE: SQL is lower case",
    ),
    "a statement that PostgreSQL does not understand": (
        {BILLING: 'def f(session):\n    session.sql("select id frm bill where")'},
        "PostgreSQL says",
    ),
    "parameters by place": (
        {BILLING: 'def f(session):\n    session.execute("select id from bill where id = %s")'},
        "PostgreSQL says",
    ),
    "a file without a comment": (
        {READS: "select 1\n"},
        "a file of SQL begins with a comment",
    ),
    "a comment that names no index": (
        {READS: "-- All bills.\nselect id from bill\n"},
        "the comment does not say which index serves reading bill",
    ),
    "a function that writes another's table": (
        {"migrations/versions/0006_billing_x.py": SENDS_NEWS.format(table="app_user")},
        "tell of billing writes app_user of identity",
    ),
    "an operation that calls another's writing function": (
        {
            "migrations/versions/0005_payments_x.py": SENDS_NEWS.format(table="payment_order"),
            BILLING: 'def f(session):\n    session.sql("select tell()")',
        },
        "billing calls tell, which writes tables of payments",
    ),
    "a model in the wrong domain": (
        {"services/billing/models.py": 'class User:\n    __tablename__ = "app_user"\n'},
        "table app_user is made by the migration of identity, its model stands in billing",
    ),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_statement_is_caught(reasons: Callable[[dict[str, str]], list[str]], fault: str) -> None:
    files, expected = PLANTED[fault]
    found = reasons(files)
    assert len(found) == 1, found
    assert expected in found[0]


ALLOWED = {
    "own tables in Python": {BILLING: 'def f(session):\n    session.sql("update bill set note = :note", note="x")'},
    "a lower domain's table in a file": {
        READS: "-- Served by pk_bill.\nselect b.id from bill b join app_user u on u.id = b.id where b.id = :id for update of b\n"
    },
    "a staged table": {
        BILLING: 'from core import staging\nT = "staged"\nstaging.stage(None, table=T, rows=[])\n',
        READS: "-- Reads what was staged.\ninsert into bill (id) select id from staged\n",
    },
    "a temporary table": {
        READS: "-- Served by pk_bill.\ncreate temporary table half on commit drop as select id from bill\n",
        BILLING: 'def f(session):\n    session.sql("select id from half")',
    },
    "a name of a with query": {READS: "-- Served by pk_bill.\nwith a as (select id from bill) select id from a\n"},
    "a function that sends a fact": {"migrations/versions/0006_billing_x.py": SENDS_NEWS.format(table="outbox")},
    "words that are no statement": {BILLING: 'HELP = "update your address with care"\nMORE = "select a bill"\n'},
}


@pytest.mark.parametrize("case", ALLOWED)
def test_what_the_rule_allows_is_not_reported(reasons: Callable[[dict[str, str]], list[str]], case: str) -> None:
    assert reasons(ALLOWED[case]) == []


def test_every_index_that_a_comment_names_exists() -> None:
    made = set(sql_rule.INDEX.findall((ROOT / "migrations" / "schema.sql").read_text(encoding="utf-8")))
    for text in sql_rule.statements(Tree(ROOT)):
        if text.is_file:
            head = " ".join(line for line in text.sql.splitlines() if line.startswith("--"))
            assert set(sql_rule.INDEX.findall(head)) <= made, text.path
