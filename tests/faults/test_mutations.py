"""Each wrong version of the product turns its named test red, and all of these tests are green without it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
import pytest

from tests.conftest import TEMPLATE, Servers, cloned
from tests.faults.mutations import MUTATIONS, Code, Function, Schema
from tests.support.processes import ROOT

FAILED: Final = 1
LEFT_OUT: Final = (".*", "build", "docs", "node_modules")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree that may be damaged; compiled modules come along, since most of them still fit."""
    made = tmp_path_factory.mktemp("copy") / "tree"
    shutil.copytree(ROOT, made, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return made


def run(copy: Path, *tests: str) -> "subprocess.CompletedProcess[str]":
    """Tests of the copy, in a process of their own, over this run's servers; plugins would cost more than the tests.

    It ends with the first that is red.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "pytest_timeout",
            "-p",
            "no:cacheprovider",
            "--tb=line",
            "-x",
            *tests,
        ],
        cwd=copy,
        env={**kept, "PYTHONPATH": str(copy), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@contextmanager
def replaced(file: Path, standing: str, wrong: str) -> Iterator[None]:
    """The file with `wrong` in the one place of `standing`, while the block runs."""
    source = file.read_text(encoding="utf-8")
    assert source.count(standing) == 1, f"the mutation no longer fits {file.name}"
    file.write_text(source.replace(standing, wrong), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(source, encoding="utf-8")


@contextmanager
def altered(copy: Path, servers: Servers, mutation: Schema | Function) -> Iterator[None]:
    """The copy's tests clone a template of their own, in which the mutation was done."""
    with cloned(servers) as name:
        with psycopg.connect(servers.owner(name), autocommit=True) as owner:
            owner.execute(_statement(owner, mutation).encode())
        with replaced(copy / "tests" / "conftest.py", f'TEMPLATE = "{TEMPLATE}"', f'TEMPLATE = "{name}"'):
            yield


def _statement(owner: psycopg.Connection[tuple[str]], mutation: Schema | Function) -> str:
    if isinstance(mutation, Schema):
        return mutation.statement
    found = owner.execute("select pg_get_functiondef(oid) from pg_proc where proname = %s", [mutation.name]).fetchone()
    assert found is not None
    assert found[0].count(mutation.standing) == 1, f"the mutation no longer fits {mutation.name}"
    return found[0].replace(mutation.standing, mutation.wrong)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_version_turns_its_named_test_red(name: str, copy: Path, servers: Servers) -> None:
    mutation = MUTATIONS[name]
    wrong = (
        replaced(copy / mutation.file, mutation.standing, mutation.wrong)
        if isinstance(mutation, Code)
        else altered(copy, servers, mutation)
    )
    with wrong:
        done = run(copy, mutation.noticed_by)
    assert done.returncode == FAILED, f"{mutation.noticed_by} holds although {name}\n{done.stdout[-2000:]}{done.stderr}"
    assert f"FAILED {mutation.noticed_by}" in done.stdout, done.stdout[-2000:]


if os.environ.get("WATTLINE_TESTS") == "all":  # elsewhere the suite itself says so, which has each of these tests

    @pytest.mark.timeout(400)
    def test_all_of_these_tests_are_green_without_it(copy: Path) -> None:
        done = run(copy, *sorted({mutation.noticed_by for mutation in MUTATIONS.values()}))
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr
