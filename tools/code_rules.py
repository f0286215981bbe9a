"""Rules about Python that neither ruff nor import-linter knows. Each function answers the findings of one rule."""

import ast
from collections.abc import Callable, Iterator
from typing import Final

from tools.findings import EDGES, PRODUCT, Finding, Module, Tree
from tools.flow_rules import fault_points, no_call_inside_a_transaction

LAYERS = "ADR 0001"
SYNCHRONOUS = "ADR 0002"
POSTINGS = "ADR 0003"

MOST_LINES: Final = 500
MOST_FUNCTION_LINES: Final = 70

CLOCKS: Final = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "time.ctime",
    "time.strftime",
}
STOPWATCHES: Final = {"time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns"}
TIMED: Final = {
    "app/embedded.py": "waits for servers to start and stop",
    "app/supervisor.py": "waits for processes to be ready",
    "core/db.py": "the application-side deadline of a transaction",
    "core/http.py": "the total deadline of an outside call",
    "jobs/files.py": "the budget of one task",
    "jobs/keys.py": "the budget of one task",
    "jobs/ledger.py": "the budget of one task",
    "jobs/metering.py": "the budget of one task",
    "jobs/quality.py": "the budget of one task",
    "jobs/payments.py": "the budget of one task",
    "jobs/usage.py": "the budget of one task",
    "notifications/delivery.py": "the budget of one task, and the age of a lease around a call",
    "notifications/webhooks/delivery.py": "the age of a lease before a call",
    "services/billing/flows.py": "the budget of one task",
    "services/payments/flows/paying.py": "the budget of one task",
    "services/payments/flows/returning.py": "the budget of one task",
    "web/guard.py": "how long a request took",
}
"""Files that may measure durations, each with its reason. A duration decides no business question."""

STAMPED: Final = {"core/ids.py": "the stamp inside a UUIDv7 orders keys and is no business time"}
"""Files that read the clock for what is no time of the business, each with its reason."""

CLOCK_READERS: Final = {
    "notifications/delivery.py": "a sender takes up rows for as long as there are any: one `now` would grow old",
    "notifications/one_time_codes.py": "its port passes no `now`: the time goes into a provider's signature only",
    "notifications/webhooks/delivery.py": "a message is signed for the time of the call",
    "services/payments/providers/wechat_pay/adapter.py": "requests are signed at the time of the call",
}
"""Files below the edges that may ask `core.clock`, each with its reason."""

OPENERS: Final = {
    "core/db.py": "it makes them",
    "core/outbox.py": "the relay: one transaction per event",
    "core/intake/loading.py": "an import commits chunk by chunk",
    "core/rotation.py": "a rotation of keys commits page by page",
    "migrations/env.py": "one transaction for all that is missing",
    "notifications/delivery.py": "the flow of a message: intent, call, outcome",
    "notifications/webhooks/delivery.py": "the flow of a webhook: claim, call, outcome",
    "notifications/receipts.py": "one transaction per receipt that is tried again",
}
"""Files besides edges and flows that open transactions, each with its reason."""

LONG_FILES: Final[dict[str, str]] = {}
"""Files over 500 lines, each with its reason. The list shrinks."""

LONG_FUNCTIONS: Final[dict[str, str]] = {}
"""`path:function` over 70 lines, each with its reason. The list shrinks."""

MONEY: Final = ("core/money.py", "services/ledger", "services/payments", "services/billing", "services/tariffs/rules")
NOT_MONEY: Final = {
    "services/payments/operations/checks.py": "jitter of waits",
    "services/payments/rules.py": "jitter of waits",
}
"""Files of money domains with fractions that are not money, each with its reason."""

HTTP_CLIENTS: Final = ("httpx", "requests", "urllib.request", "http.client", "aiohttp", "urllib3")
HTTP_CALLERS: Final = {"app/supervisor.py": "asks our own /readyz on loopback"}
"""Files that call by a client of their own, each with its reason."""

Rule = Callable[[Module], Iterator[Finding]]


def _calls(module: Module) -> Iterator[tuple[ast.Call, str | None]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield node, module.qualified(node.func)


def _is_flow(module: Module) -> bool:
    return module.domain is not None and (module.path.split("/")[2:3] in (["flows.py"], ["flows"]))


def no_clock(module: Module) -> Iterator[Finding]:
    """The clock is I/O: edges read it once and pass `now` down."""
    if not module.is_in(*PRODUCT):
        return
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        name = module.qualified(node)
        if name in CLOCKS and module.path != "core/clock.py" and module.path not in STAMPED:
            yield Finding(module.path, node.lineno, "clock", f"{name}: only core/clock.py reads the clock", SYNCHRONOUS)
        elif name in STOPWATCHES and module.path not in TIMED:
            reason = f"{name}: measuring needs a reason, listed in tools/code_rules.py"
            yield Finding(module.path, node.lineno, "clock", reason, SYNCHRONOUS)
        elif name == "core.clock.now" and not module.is_in(*EDGES) and module.path not in CLOCK_READERS:
            yield Finding(module.path, node.lineno, "clock", "take `now` as an argument: edges read it", SYNCHRONOUS)


def no_transaction(module: Module) -> Iterator[Finding]:
    """Edges and flows open transactions, nobody else."""
    if not module.is_in(*PRODUCT) or module.is_in(*EDGES) or _is_flow(module) or module.path in OPENERS:
        return
    for node, _ in _calls(module):
        if isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
            opens = node.func.attr in {"write", "begin"} or (node.func.attr == "read" and _is_entered(module, node))
            if opens:
                reason = f".{node.func.attr}(): operations run in a transaction they are given; flows.py opens its own"
                yield Finding(module.path, node.lineno, "transaction", reason, SYNCHRONOUS)


def _is_entered(module: Module, call: ast.Call) -> bool:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.With) and any(item.context_expr is call for item in node.items):
            return True
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "enter_context"
            and call in node.args
        ):
            return True
    return False


def no_commit(module: Module) -> Iterator[Finding]:
    """Transactions end where they began: by the block of `Database.write`."""
    if not module.is_in(*PRODUCT) or module.path == "core/db.py":
        return
    for node, _ in _calls(module):
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"commit", "rollback"}:
            reason = f".{node.func.attr}(): the block that opened the transaction ends it"
            yield Finding(module.path, node.lineno, "commit", reason, SYNCHRONOUS)


def no_own_http(module: Module) -> Iterator[Finding]:
    """Outside calls go through providers and channels, by core.http: deadlines, caps and scrubbed logs are there."""
    if not module.is_in(*PRODUCT) or module.path == "core/http.py" or module.path in HTTP_CALLERS:
        return
    if "/providers/" in module.path or module.path.startswith("notifications/channels/"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in found:
            if any(name == client or name.startswith(client + ".") for client in HTTP_CLIENTS):
                reason = f"{name}: outside calls are made by providers and channels, through core.http"
                yield Finding(module.path, node.lineno, "http", reason, LAYERS)


def no_float(module: Module) -> Iterator[Finding]:
    """Money is integer minor units; unit prices are Decimal."""
    if not module.is_in(*MONEY) or module.path in NOT_MONEY:
        return
    for node in ast.walk(module.tree):
        what = None
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            what = f"{node.value!r}"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            if not _is_path(node):
                what = "true division"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
            what = "float()"
        if what is not None:
            reason = f"{what}: money is integer minor units, prices are Decimal; core.money rounds"
            yield Finding(module.path, getattr(node, "lineno", 1), "float", reason, POSTINGS)


def _is_path(node: ast.BinOp | ast.AugAssign) -> bool:
    right = node.right if isinstance(node, ast.BinOp) else node.value
    return isinstance(right, ast.Constant) and isinstance(right.value, str)


def no_print(module: Module) -> Iterator[Finding]:
    """The product logs; commands speak through typer."""
    if not module.is_in(*PRODUCT, "sandbox"):
        return
    for node, name in _calls(module):
        if name in {"print", "pprint.pprint", "breakpoint"}:
            yield Finding(module.path, node.lineno, "print", f"{name}(): log it, or answer by typer.echo", LAYERS)


def sizes(module: Module) -> Iterator[Finding]:
    """A page of code can be read: 500 lines a file, 70 a function."""
    lines = module.source.count("\n")
    if lines > MOST_LINES and module.path not in LONG_FILES:
        yield Finding(module.path, MOST_LINES, "size", f"{lines} lines: make it a folder of use cases", LAYERS)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            long = (node.end_lineno or node.lineno) - node.lineno + 1
            if long > MOST_FUNCTION_LINES and f"{module.path}:{node.name}" not in LONG_FUNCTIONS:
                yield Finding(module.path, node.lineno, "size", f"{node.name} has {long} lines", LAYERS)


def plain_models(module: Module) -> Iterator[Finding]:
    """The future import makes SQLModel's relationships fail when the mappers are configured."""
    if "models" not in module.path.removesuffix(".py").split("/"):
        return
    for node in module.tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            yield Finding(module.path, node.lineno, "models", "no __future__ import where tables are declared", LAYERS)


def wiring_only(module: Module) -> Iterator[Finding]:
    """Slots are filled and handlers subscribed in one place."""
    if not module.is_in(*PRODUCT) or module.path in {"app/wiring.py", "core/outbox.py", "core/registry.py"}:
        return
    for node, name in _calls(module):
        if name == "core.outbox.subscribe":
            yield Finding(module.path, node.lineno, "wiring", "handlers are subscribed in app/wiring.py alone", LAYERS)
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "fill" and len(node.args) == 1:
            yield Finding(module.path, node.lineno, "wiring", "slots are filled in app/wiring.py alone", LAYERS)


RULES: Final[tuple[Rule, ...]] = (
    no_clock,
    no_transaction,
    no_commit,
    no_own_http,
    no_float,
    no_print,
    sizes,
    plain_models,
    wiring_only,
    fault_points,
    no_call_inside_a_transaction,
)


def check(tree: Tree) -> list[Finding]:
    """Every finding of every rule, and every listed exception that nothing needs any more."""
    found = [finding for module in tree.modules for rule in RULES for finding in rule(module)]
    return found + list(_spent(tree))


def _spent(tree: Tree) -> Iterator[Finding]:
    """An exception outlives its reason silently, unless somebody asks."""
    by_path = {module.path: module for module in tree.modules}
    for listed in (STAMPED, TIMED, CLOCK_READERS, OPENERS, NOT_MONEY):
        for path in listed:
            if path not in by_path:
                yield Finding("tools/code_rules.py", 1, "exceptions", f"{path} is listed and does not exist", LAYERS)
    for path in LONG_FILES:
        if path not in by_path or by_path[path].source.count("\n") <= MOST_LINES:
            yield Finding("tools/code_rules.py", 1, "exceptions", f"{path} is not too long any more", LAYERS)
