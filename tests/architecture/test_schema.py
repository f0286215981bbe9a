"""What the migrations make is what the committed file shows and what the models say."""

import psycopg
import pytest

from tests.conftest import Servers
from tools import schema


def test_the_committed_schema_is_what_the_migrations_make(owner_dsn: str) -> None:
    assert not schema.difference(owner_dsn), "run `python -m tools.schema --write`"


def test_models_and_migrations_agree(owner_dsn: str) -> None:
    assert schema.drift(owner_dsn) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("alter table bill add column colour text", "remove_column bill"),
        ("alter table bill drop column due_date cascade", "add_column bill"),
        ("alter table bill alter column bill_no type varchar(20)", "modify_type bill bill_no"),
        ("alter table bill alter column due_date drop not null", "modify_nullable bill due_date"),
        ("create table forgotten (id int primary key)", "remove_table forgotten"),
    ],
)
def test_a_drifted_column_or_table_is_told(owner_dsn: str, change: str, told: str) -> None:
    with psycopg.connect(owner_dsn) as connection:
        connection.execute(change)
    assert told in "\n".join(schema.drift(owner_dsn))


@pytest.mark.parametrize(
    "change",
    [
        "create index ix_extra on bill (due_date)",
        "grant delete on txn to wattline_app",
        "alter table txn disable trigger all",
        "create function extra() returns int language sql return 1",
    ],
)
def test_a_changed_index_grant_trigger_or_function_shows_in_the_file(
    servers: Servers, owner_dsn: str, change: str
) -> None:
    name = psycopg.conninfo.conninfo_to_dict(owner_dsn)["dbname"]
    admin = psycopg.conninfo.make_conninfo(servers.admin_dsn, dbname=str(name))
    with psycopg.connect(admin) as connection:
        connection.execute(change)
    assert schema.difference(owner_dsn)
