"""Our own rules about Python: the house keeps them, and each of them notices when it does not."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tools import code_rules, flow_rules, sql_rule, text_rules
from tools.findings import Finding, Module, Tree

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"


@cache
def house() -> Tree:
    return Tree(ROOT)


def rules_broken_by(path: str, source: str) -> set[str]:
    """Names of the rules that one file breaks."""
    module = Module(path, source)
    return {finding.rule for rule in code_rules.RULES for finding in rule(module)}


def test_the_house_keeps_its_rules() -> None:
    assert [str(finding) for finding in code_rules.check(house())] == []


FLOW_CALL = """
from core import faults
def pay(db, provider):
    faults.point("a")
    provider.prepare(1)
    {between}
    with db.write() as session:
        session.sql("select 1")
    faults.point("z")
"""
FLOW = "def f(db):\n    with db.write() as s:\n        pass\n    faults.point(1)"
LONG = "def f():\n" + "    x = 1\n" * 70

PLANTED = {
    "the present moment in an operation": (
        "clock", "services/billing/operations/late.py", "from datetime import datetime\nx = datetime.now()",
    ),
    "the present moment under another name": (
        "clock", "services/billing/rules.py", "import datetime as dt\nx = dt.datetime.utcnow()",
    ),
    "today in a rule": ("clock", "services/billing/rules.py", "from datetime import date\nx = date.today()"),
    "seconds since the epoch in core": ("clock", "core/money.py", "from time import time\nx = time()"),
    "the clock of core below the edges": (
        "clock", "services/payments/operations/booking.py", "from core import clock\nx = clock.now()",
    ),
    "a stopwatch without a reason": ("clock", "services/payments/rules.py", "import time\nx = time.monotonic()"),
    "a function that reads the clock, passed on": (
        "clock", "core/outbox.py", "from datetime import datetime\nmake(default=datetime.now)",
    ),
    "a transaction in an operation": (
        "transaction", "services/billing/operations/x.py", "def f(db):\n    with db.write() as session:\n        pass",
    ),
    "a reading transaction in a query": (
        "transaction", "services/billing/queries/__init__.py", "def f(db):\n    with db.read() as session:\n        pass",
    ),
    "a transaction begun by hand": ("transaction", "notifications/queueing.py", "def f(session):\n    session.begin()"),
    "a transaction entered by a stack": (
        "transaction", "core/audit.py", "def f(stack, db):\n    stack.enter_context(db.read())",
    ),
    "a commit in an operation": ("commit", "services/billing/operations/x.py", "def f(session):\n    session.commit()"),
    "a commit at an edge": ("commit", "web/session.py", "def f(session):\n    session.commit()"),
    "httpx in an operation": ("http", "services/payments/operations/x.py", "import httpx"),
    "httpx in an endpoint": ("http", "routers/payments/endpoints.py", "from httpx import Client"),
    "httpx inside a function": ("http", "jobs/payments.py", "def f():\n    import httpx"),
    "another client of HTTP": ("http", "services/payments/flows.py", "import urllib.request"),
    "a float literal in money": ("float", "services/billing/rules.py", "RATE = 0.06"),
    "float() in the ledger": ("float", "services/ledger/operations.py", "x = float(1)"),
    "true division in money": ("float", "core/money.py", "def f(a, b):\n    return a / b"),
    "division in place in payments": ("float", "services/payments/operations/x.py", "def f(a):\n    a /= 2"),
    "print in the product": ("print", "app/commands/demo.py", "print(1)"),
    "a file of 501 lines": ("size", "core/money.py", "x = 1\n" * 501),
    "a function of 71 lines": ("size", "core/money.py", LONG),
    "the future import where tables are": (
        "models", "services/billing/models.py", "from __future__ import annotations",
    ),
    "a slot filled outside wiring": ("wiring", "web/runtime.py", "SMS_SENDER.fill(1)"),
    "a handler subscribed outside wiring": (
        "wiring", "notifications/handlers.py", "from core import outbox\noutbox.subscribe(1, 2)",
    ),
    "an outside call inside a transaction": (
        "outside-call", "services/payments/flows.py",
        ("def f(db, provider):\n    with db.write() as session:\n        provider.query('x')\n        faults.point('x')\n"
        "    faults.point('y')"),
    ),
    "an outside call inside a reading transaction": (
        "outside-call", "services/payments/flows.py",
        "def f(db, provider):\n    with db.read() as session:\n        provider.query('x')\n    faults.point('x')",
    ),
    "no point between a call and its commit": (
        "fault-point", "services/payments/flows.py", FLOW_CALL.format(between="pass"),
    ),
    "no point after the last commit": (
        "fault-point", "services/identity/flows.py", "def f(db):\n    with db.write() as s:\n        pass",
    ),
    "no point between two commits": (
        "fault-point", "services/identity/flows.py",
        "def f(db):\n    with db.write() as s:\n        pass\n    with db.write() as s:\n        pass",
    ),
    "no point between two rounds": (
        "fault-point", "services/identity/flows.py",
        "def f(db):\n    for _ in range(2):\n        with db.write() as s:\n            pass",
    ),
    "no point before what a helper commits": (
        "fault-point", "services/identity/flows.py",
        ("def f(db, sender):\n    sender.send_code()\n    _note(db)\n"
        "def _note(db):\n    with db.write() as s:\n        pass"),
    ),
    "no point on the way of an exception": (
        "fault-point", "services/payments/flows.py",
        ("def f(db, provider):\n    try:\n        provider.query(1)\n    except ValueError:\n"
        "        with db.write() as s:\n            pass"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_caught(fault: str) -> None:
    rule, path, source = PLANTED[fault]
    assert rules_broken_by(path, source) == {rule}


ALLOWED = {
    "the reader of the clock": ("core/clock.py", "from datetime import UTC, datetime\nx = datetime.now(UTC)"),
    "an edge asks the clock": ("jobs/payments.py", "from core import clock\nx = clock.now()"),
    "a flow opens transactions": ("services/payments/flows.py", FLOW),
    "flows may be a folder": ("services/payments/flows/pay.py", FLOW),
    "a savepoint in an operation": (
        "services/payments/operations/x.py", "def f(session):\n    with session.begin_nested():\n        pass",
    ),
    "files are read and written": (
        "services/billing/operations/x.py", "def f(file):\n    file.write('x')\n    return file.read()",
    ),
    "a provider speaks HTTP": ("services/payments/providers/alipay/adapter.py", "import httpx"),
    "exact fractions in money": ("services/billing/rules.py", "from decimal import Decimal\nx = Decimal('0.06') // 1"),
    "a call, a point, a commit": ("services/payments/flows.py", FLOW_CALL.format(between='faults.point("b")')),
    "a method of the same name on a module": (
        "services/payments/flows.py",
        ("from services.payments import operations\n"
        "def f(db):\n    with db.write() as session:\n        operations.prepare(session)\n    faults.point('x')"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ALLOWED)
def test_what_the_rules_allow_is_not_reported(case: str) -> None:
    path, source = ALLOWED[case]
    assert rules_broken_by(path, source) == set()


@pytest.mark.parametrize(
    "text",
    [
        "# TO" + "DO: later",
        "as iss" + "ue #12 wants",
        "asked chat" + "gpt",
        "from mirr" + "ors.example",
    ],
)
def test_a_forbidden_word_is_caught(tmp_path: Path, text: str) -> None:
    (tmp_path / "page.md").write_text(f"first line\n{text}\n", encoding="utf-8")
    assert [(found.path, found.line, found.rule) for found in text_rules.check(Tree(tmp_path))] == [
        ("page.md", 2, "words")
    ]


def test_a_host_in_a_lock_file_is_caught(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("a==1 @ https://host/a.whl\n", encoding="utf-8")
    assert [found.rule for found in text_rules.check(Tree(tmp_path))] == ["words"]


def test_an_exception_whose_file_is_gone_is_reported(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    spent = [found.reason for found in code_rules.check(Tree(tmp_path)) if found.rule == "exceptions"]
    assert "web/guard.py is listed and does not exist" in spent


def test_every_method_of_an_outside_port_is_classified() -> None:
    from notifications import ports as notification_ports
    from notifications.webhooks import ports as webhook_ports
    from services.identity import ports as identity_ports
    from services.payments import ports as payment_ports

    found: dict[str, set[str]] = {}
    for ports in (notification_ports, webhook_ports, identity_ports, payment_ports):
        for name, value in vars(ports).items():
            if isinstance(value, type) and getattr(value, "_is_protocol", False) and value.__module__ == ports.__name__:
                found[name] = {member for member in vars(value) if not member.startswith("_")}
    known = {
        name: flow_rules.OUTSIDE.get(name, set()) | flow_rules.LOCAL.get(name, set())
        for name in flow_rules.OUTSIDE.keys() | flow_rules.LOCAL.keys()
    }
    assert known == found


def decisions() -> dict[str, str]:
    return {f"ADR {path.name[:4]}": path.read_text(encoding="utf-8") for path in DECISIONS.glob("[0-9]*.md")}


def test_every_check_names_a_decision_that_exists() -> None:
    named = {
        code_rules.LAYERS,
        code_rules.SYNCHRONOUS,
        code_rules.POSTINGS,
        flow_rules.FLOWS,
        sql_rule.LAYERS,
        text_rules.ADR,
    }
    assert named <= decisions().keys()


@pytest.mark.parametrize("number", sorted(decisions()))
def test_a_decision_is_short_and_names_its_check(number: str) -> None:
    text = decisions()[number]
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["## Context", "## Decision", "## Consequences", "## Check"]
    assert len(text.splitlines()) <= 60
    decision = text.split("## Decision")[1].split("## ")[0].strip()
    assert decision.startswith("> ")
    assert len(decision.splitlines()) == 1


def test_a_finding_reads_as_one_line() -> None:
    line = str(Finding("core/x.py", 3, "clock", "reads the clock", "ADR 0002"))
    assert line == "core/x.py:3: clock: reads the clock (ADR 0002)"


def test_the_command_prints_findings_and_fails(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "money.py").write_text("print(1)\n", encoding="utf-8")
    command = [sys.executable, "-m", "tools.lint", "--root", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "core/money.py:1: print: print(): log it, or answer by typer.echo (ADR 0001)" in done.stdout.splitlines()
