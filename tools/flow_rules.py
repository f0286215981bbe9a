"""Rules of flows: no outside call in a transaction, and a fault point between any two commits or outside calls.

A process that dies between two points leaves the same traces wherever it dies, and one that dies before the first
commit leaves none: a point between each two of them and one after the last are every crash that tests need. What a
flow's private helpers do counts where they are called. A `return` out of a nested block is read as if it went on.
"""

import ast
from collections.abc import Iterator
from typing import Final

from tools.findings import Finding, Module

FLOWS = "ADR 0002"

OUTSIDE: Final = {
    "PaymentProvider": {"prepare", "query", "close", "refund", "query_refund", "fetch_keys"},
    "SmsSender": {"send_code"},
    "WechatPlatform": {"exchange_code", "fetch_phone"},
    "SmsChannel": {"send", "find"},
    "WebhookCaller": {"check_target", "call_endpoint"},
}
"""Which methods of a port call out. The others compute; a test asserts that every method stands in one of the lists."""

LOCAL: Final = {
    "PaymentProvider": {
        "name", "merchant", "units", "methods", "currencies", "compose", "present", "renews_keys", "trust",
        "compose_refund", "open_stored", "read_stored", "read_notice",
    },
    "SmsSender": set[str](),
    "WechatPlatform": {"apps", "official_account", "authorize_url", "confirm_address", "read_push", "write_reply"},
    "SmsChannel": {"name", "read_receipts", "receipt_answer", "wire_number"},
    "PersonalData": {"export", "keeps", "erase"},
    "Payable": {"settles_by", "quote", "quote_together", "settle", "reverse"},
}  # fmt: skip
"""Methods that stay in the process, or in the transaction that they are given."""

CALLS: Final = frozenset().union(*OUTSIDE.values())
POINT: Final = "point"
COMMIT: Final = "commit"
CALL: Final = "outside call"

Event = tuple[str, int]


def is_flow(module: Module) -> bool:
    """Tell whether a file's functions are flows."""
    parts = module.path.split("/")
    return module.path in {"notifications/delivery.py", "notifications/webhooks/delivery.py"} or (
        parts[0] == "services" and parts[2:3] in (["flows.py"], ["flows"])
    )


def _is_point(node: ast.Call) -> bool:
    func = node.func
    return (isinstance(func, ast.Attribute) and func.attr == "point") or (
        isinstance(func, ast.Name) and func.id == "point"
    )


def _is_outside(module: Module, node: ast.Call) -> bool:
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in CALLS:
        return False
    root: ast.expr = node.func.value
    while isinstance(root, ast.Attribute | ast.Call):
        root = root.value if isinstance(root, ast.Attribute) else root.func
    name = root.id if isinstance(root, ast.Name) else ""
    imported = module.names.get(name, "")
    is_module = bool(imported) and imported.rsplit(".", 1)[-1].islower()
    return not is_module and name not in {"session", "db"}


def _is_write(item: ast.withitem) -> bool:
    call = item.context_expr
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "write"
        and not call.args
    )


def _is_transaction(item: ast.withitem) -> bool:
    call = item.context_expr
    return _is_write(item) or (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "read"
        and not call.args
    )


def no_call_inside_a_transaction(module: Module) -> Iterator[Finding]:
    """An outside call may take its whole deadline, and a transaction must not wait for it."""
    if module.package not in {"services", "notifications"}:
        return
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.With) or not any(_is_transaction(item) for item in node.items):
            continue
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and _is_outside(module, inner):
                reason = (
                    f"{ast.unparse(inner.func)}() inside a transaction: commit first, call, then write what was learned"
                )
                yield Finding(module.path, inner.lineno, "outside-call", reason, FLOWS)


class _Reader:
    """Lists what a function does, helpers of the same file included, in the order of the page."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._functions = {node.name: node for node in module.tree.body if isinstance(node, ast.FunctionDef)}
        self.broken: dict[int, str] = {}

    def paths(self, name: str, seen: tuple[str, ...] = ()) -> set[str | None]:
        """Check one function; see `_block`."""
        function = self._functions[name]
        return self._block(function.body, {None}, (*seen, name))

    def _after(self, before: set[str | None], kind: str, line: int) -> set[str | None]:
        if kind == POINT:
            return {POINT}
        for last in before - {POINT, None}:
            self.broken.setdefault(line, f"no faults.point between {last} and this {kind}")
        return {kind}

    def _calls(self, node: ast.AST, before: set[str | None], seen: tuple[str, ...]) -> set[str | None]:
        after = before
        for call in sorted(
            (n for n in ast.walk(node) if isinstance(n, ast.Call)), key=lambda n: (n.lineno, n.col_offset)
        ):
            if _is_point(call):
                after = self._after(after, POINT, call.lineno)
            elif _is_outside(self._module, call):
                after = self._after(after, CALL, call.lineno)
            elif isinstance(call.func, ast.Name) and call.func.id in self._functions and call.func.id not in seen:
                after = self._block(self._functions[call.func.id].body, after, (*seen, call.func.id))
        return after

    def _block(self, body: list[ast.stmt], before: set[str | None], seen: tuple[str, ...]) -> set[str | None]:
        """What may have happened last after a block, when it was one of `before` ahead of it."""
        ended: set[str | None] = set()
        state = before
        for statement in body:
            state, left = self._statement(statement, state, seen)
            ended |= left
            if isinstance(statement, ast.Return | ast.Raise | ast.Continue | ast.Break):
                return ended | (set() if isinstance(statement, ast.Raise) else state)
        return ended | state

    def _statement(
        self, node: ast.stmt, before: set[str | None], seen: tuple[str, ...]
    ) -> tuple[set[str | None], set[str | None]]:
        """What happened last when the statement goes on, and when it leaves the function in between."""
        if isinstance(node, ast.With):
            for item in node.items:
                before = self._calls(item.context_expr, before, seen)
            after = self._block(node.body, before, seen)
            if any(_is_write(item) for item in node.items):
                after = self._after(after, COMMIT, node.lineno)
            return after, set()
        if isinstance(node, ast.If):
            start = self._calls(node.test, before, seen)
            branches = [node.body, node.orelse] if node.orelse else [node.body]
            results = [(self._block(branch, start, seen), _leaves(branch)) for branch in branches]
            going = set().union(*(state for state, leaves in results if not leaves))
            return going | (start if not node.orelse else set()), set()
        if isinstance(node, ast.For | ast.While):
            head = node.iter if isinstance(node, ast.For) else node.test
            start = self._calls(head, before, seen)
            once = self._block(node.body, start, seen)
            return start | once | self._block(node.body, once | start, seen), set()
        if isinstance(node, ast.Try):
            inside = self._block(node.body, before, seen)
            for handler in node.handlers:
                state = self._block(handler.body, inside | before, seen)
                if not _leaves(handler.body):
                    inside = inside | state
            return self._block([*node.orelse, *node.finalbody], inside, seen), set()
        if isinstance(node, ast.Match):
            start = self._calls(node.subject, before, seen)
            return set().union(*(self._block(case.body, start, seen) for case in node.cases)), set()
        return self._calls(node, before, seen), set()


def _leaves(body: list[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)


def fault_points(module: Module) -> Iterator[Finding]:
    """Between any two commits or outside calls of a flow, and after the last, stands a `faults.point`."""
    if not is_flow(module):
        return
    reader = _Reader(module)
    for node in module.tree.body:
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        for last in sorted(filter(None, reader.paths(node.name) - {POINT})):
            reader.broken.setdefault(node.lineno, f"no faults.point after the last {last} of {node.name}")
    for line, reason in sorted(reader.broken.items()):
        yield Finding(module.path, line, "fault-point", reason, FLOWS)
