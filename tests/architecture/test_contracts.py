"""The order of layers and domains holds, and each contract that keeps it notices when it does not."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
NAMES = [contract["name"] for contract in CONFIG["contracts"]]
CHECK = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None))"


@dataclass(frozen=True)
class Verdict:
    """What the checker said."""

    code: int
    text: str

    @property
    def broken(self) -> set[str]:
        """Numbers of the contracts that do not hold."""
        return {name.split()[0] for name in NAMES if f"{name} BROKEN" in self.text}


def check(root: Path) -> Verdict:
    """Run every contract of one tree in a process of its own: the checker imports what it checks."""
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    return Verdict(done.returncode, done.stdout + done.stderr)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Verdict]:
    """Check a copy of the tree with one line more in one file; the copy is as before afterwards."""
    copy = tmp_path_factory.mktemp("tree")
    for package in [*CONFIG["root_packages"], "tools"]:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__", "static", "*.sql"))
    shutil.copy(ROOT / "pyproject.toml", copy)

    def planted(path: str, line: str) -> Verdict:
        file = copy / path
        before = file.read_text(encoding="utf-8") if file.exists() else None
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
        try:
            return check(copy)
        finally:
            if before is not None:
                file.write_text(before, encoding="utf-8")
            else:
                file.unlink()
                if not any(file.parent.iterdir()):
                    file.parent.rmdir()

    return planted


def test_the_tree_keeps_every_contract() -> None:
    verdict = check(ROOT)
    assert verdict.code == 0, verdict.text
    assert f"{len(NAMES)} kept, 0 broken" in verdict.text


def test_the_copy_keeps_every_contract(plant: Callable[[str, str], Verdict]) -> None:
    verdict = plant("core/ids.py", "")
    assert verdict.code == 0, verdict.text


PLANTS = [
    pytest.param(
        "services/billing/queries/__init__.py", "import notifications.delivery", "1", id="a service tells people itself"
    ),
    pytest.param("web/locale.py", "import routers.billing.endpoints", "1", id="what edges share knows an edge"),
    pytest.param("portal/pages.py", "import routers.billing.schemas", "1", id="one edge knows another"),
    pytest.param("services/ledger/queries.py", "import services.payments.queries", "2", id="the ledger knows payments"),
    pytest.param("services/gardening/__init__.py", "", "2", id="a domain that nobody ordered"),
    pytest.param("services/billing/models.py", "import services.billing.operations", "3", id="tables know operations"),
    pytest.param("core/errors.py", "import core.outbox", "4", id="a cycle"),
    pytest.param(
        "routers/payments/endpoints.py",
        "import services.payments.providers.wechat_pay.adapter",
        "5",
        id="a router picks a provider",
    ),
    pytest.param(
        "jobs/notifications.py", "import notifications.channels.aliyun_sms.client", "5", id="a job picks a channel"
    ),
    pytest.param("services/billing/operations/payable.py", "import fastapi", "6", id="a service knows HTTP"),
    pytest.param(
        "services/billing/queries/__init__.py", "import services.accounts.models", "7", id="a foreign domain's tables"
    ),
    pytest.param("web/access.py", "import services.identity.rules", "7", id="a foreign domain's rules"),
    pytest.param("sandbox/wechat_pay/orders.py", "import core.money", "8", id="the sandbox borrows from us"),
    pytest.param("core/money.py", "import sandbox.wechat_pay.orders", "9", id="we borrow from the sandbox"),
    pytest.param("jobs/payments.py", "import web.runtime", "10", id="the worker knows pages"),
    pytest.param("services/payments/flows.py", "import celery", "11", id="a service knows the queue"),
    pytest.param("web/caller.py", "import jose.jwt", "12", id="a second door for tokens"),
    pytest.param("services/identity/flows.py", "import httpx", "13", id="an outside call without our client"),
]


@pytest.mark.parametrize(("path", "line", "contract"), PLANTS)
def test_a_planted_import_is_noticed(plant: Callable[[str, str], Verdict], path: str, line: str, contract: str) -> None:
    verdict = plant(path, line)
    assert verdict.code != 0
    assert contract in verdict.broken, verdict.text


def test_every_contract_is_planted_against() -> None:
    assert {str(param.values[2]) for param in PLANTS} == {name.split()[0] for name in NAMES}
