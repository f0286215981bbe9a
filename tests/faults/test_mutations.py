"""Each wrong version of the product turns its named test red, and all of these tests are green without it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
import pytest

from tests.conftest import Servers, cloned
from tests.faults.mutations import MUTATIONS, Code, Function, Schema
from tests.support.nursery import HANDED_ON, nursery
from tests.support.processes import Heard

FAILED: Final = 1


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """`tests.faults.wrong` over this run's servers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    control = nursery().control
    environment = {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", HANDED_ON: str(control)}
    return Heard(environment, "-m", "tests.faults.wrong", *arguments, pass_fds=(control,)).finish(timeout_s=300)


@contextmanager
def altered(servers: Servers, mutation: Schema | Function) -> Iterator[str]:
    """A template database in which the mutation was done."""
    with cloned(servers) as name:
        with psycopg.connect(servers.owner(name), autocommit=True) as owner:
            owner.execute(_statement(owner, mutation).encode())
        yield name


def _statement(owner: psycopg.Connection[tuple[str]], mutation: Schema | Function) -> str:
    if isinstance(mutation, Schema):
        return mutation.statement
    found = owner.execute("select pg_get_functiondef(oid) from pg_proc where proname = %s", [mutation.name]).fetchone()
    assert found is not None
    assert found[0].count(mutation.standing) == 1, f"the mutation no longer fits {mutation.name}"
    return found[0].replace(mutation.standing, mutation.wrong)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_version_turns_its_named_test_red(name: str, servers: Servers) -> None:
    mutation = MUTATIONS[name]
    if isinstance(mutation, Code):
        done = run(name)
    else:
        with altered(servers, mutation) as template:
            done = run(name, template)
    assert done.returncode == FAILED, f"{mutation.noticed_by} holds although {name}\n{done.stdout[-2000:]}{done.stderr}"
    assert f"FAILED {mutation.noticed_by}" in done.stdout, done.stdout[-2000:]


if os.environ.get("WATTLINE_TESTS") == "all":  # elsewhere the suite itself says so, which has each of these tests

    @pytest.mark.timeout(400)
    def test_all_of_these_tests_are_green_without_it() -> None:
        done = run()
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr
