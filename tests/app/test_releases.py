"""Whoever runs an earlier release comes to this one: its database is migrated with all that is in it."""

import contextlib
import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

import migrations
from services.billing import flows
from tests.conftest import Servers, deployment
from tests.support.release import FOLDER, program, said_of
from tests.support.sandbox import SandboxProcess
from tests.support.town import deployed, inhabited
from tools import schema

RELEASES = sorted(FOLDER.glob("*.sql"))


@contextlib.contextmanager
def restored(servers: Servers, dump: Path) -> Iterator[str]:
    """A database as the release left it."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(servers.admin_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} owner wattline_owner").format(sql.Identifier(name)))
        try:
            command = [program("psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-f", str(dump), servers.owner(name)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            yield name
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def contains(said: Any, kept: Any) -> bool:
    """Whether all that was said is said again; more may be."""
    if isinstance(kept, dict):
        return isinstance(said, dict) and all(name in said and contains(said[name], kept[name]) for name in kept)
    if isinstance(kept, list):
        return isinstance(said, list) and len(said) == len(kept) and all(map(contains, said, kept))
    return bool(said == kept)


@pytest.mark.parametrize("dump", RELEASES, ids=lambda path: path.stem)
def test_a_released_database_is_migrated_and_says_what_it_said(
    servers: Servers, token_pem: str, town_sandbox: SandboxProcess, dump: Path
) -> None:
    kept = json.loads(dump.with_suffix(".json").read_text(encoding="utf-8"))
    with restored(servers, dump) as name:
        migrations.upgrade(servers.owner(name))
        assert not schema.difference(servers.owner(name))
        made = deployment(
            owner_dsn=servers.owner(name),
            app_dsn=servers.app(name),
            redis_url=servers.redis_url,
            token_pem=token_pem,
        )
        with inhabited(deployed(made, town_sandbox, callback_url="http://127.0.0.1:9")) as (client, runtime):
            assert list(flows.check_all(runtime.db, told=lambda _done, _of: None)) == []
            said = said_of(client, runtime, kept["asked"])
    assert contains(said, kept["said"]), said


def test_old_messages_learn_which_account_they_are_about_where_that_is_certain(servers: Servers) -> None:
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(servers.admin_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} owner wattline_owner").format(sql.Identifier(name)))
        try:
            migrations.upgrade(servers.owner(name), revision="0028_payments_assignment")
            with psycopg.connect(servers.owner(name)) as old:
                old.execute(
                    """insert into message (owner, id, channel, intent, template, priority, params, locale, state, expires_at)
                       select 'user:' || gen_random_uuid(), gen_random_uuid(), 'inbox', intent, '', 0, params::jsonb, 'en',
                         'delivered', now()
                       from (values ('bill_ready:17:4', '{"account": "****0017"}'), ('account_linked:18:9', '{"account": "****0018"}'),
                         ('bill_ready:19:5', '{}'), ('access_ended:7', '{"account": "****0017"}')) m (intent, params)"""
                )
            migrations.upgrade(servers.owner(name))
            with psycopg.connect(servers.owner(name)) as now:
                told: dict[str, list[int]] = dict(now.execute("select intent, account_ids from message").fetchall())
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
    assert told == {"bill_ready:17:4": [17], "account_linked:18:9": [18], "bill_ready:19:5": [], "access_ended:7": []}


def test_this_version_or_one_before_it_is_kept() -> None:
    assert RELEASES
    assert all(dump.stem <= migrations.head() for dump in RELEASES)
