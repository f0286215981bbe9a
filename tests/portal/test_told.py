"""What the audit log keeps of an act is told in words: each field, each code, sums as money."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Final, get_args

import pytest

from core.intake.loading import Mode
from notifications.webhooks.events import TYPES
from notifications.webhooks.rules import Why
from services.accounts.catalogue import CATALOGUE, FieldClass, Level
from services.accounts.models import EndedWhy, Role, Scope
from services.accounts.operations.serving import Hidden
from services.accounts.roles import StaffRole
from services.identity.models import InvitationPurpose, RevokedWhy, StaffEndedWhy, StaffState
from services.identity.ports import ConsentDecision, ConsentPurpose
from services.identity.queries import ServiceScope
from services.payments.models import OrderState
from services.payments.operations.deciding import Way
from services.payments.ports import Method
from services.tariffs.models import VersionState
from tests.portal.test_words import CODE, ROOT, texts_in_code, unsaid, words_in

LOCALES: Final = ("zh-CN", "en")
CHANGES: Final = {"before", "after", "changes", "filters"}
CODES: Final[dict[str, Iterable[object]]] = {
    "billing": ("external", "native"),
    "by": ("customer", "staff"),
    "decision": ConsentDecision,
    "events": TYPES,
    "field": [each.code for each in CATALOGUE],
    "kind": [
        "units",
        "accounts",
        "bills",
        "billing-modes",
        *texts_in_code(r'\bname="((?:staff|payments)\.\w+)"'),
        "tariffs.publish_tariff",
    ],
    "level": [level.value for level in Level],
    "method": Method,
    "mode": Mode,
    "of": FieldClass,
    "purpose": ConsentPurpose,
    "role": [*Role, *StaffRole],
    "scope": Scope,
    "scopes": ServiceScope,
    "set": InvitationPurpose,
    "state": [*StaffState, *OrderState, *VersionState],
    "way": get_args(Way),
    "what": Hidden,
    "why": [*EndedWhy, *RevokedWhy, *StaffEndedWhy, *Why],
}
NO_CHANGES: Final = {"by_two", "cursor", "digest", "facts", "is_full", "path", "resumed", "roles", "settled"}
"""Keys of other mappings that are built where changes are."""


def told_fields() -> set[str]:
    """Every field that a change may have: of what is given as one, and of what is built for it beside."""
    found = set[str]()
    for folder in CODE:
        for path in (ROOT / folder).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            if re.search(r"audit\.record|def sum_of|files\.ask\(|def audit_filters", source):
                found.update(key for built in changes_in(ast.parse(source)) for key in keys_of(built))
    return found - NO_CHANGES


def changes_in(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg=name) if name in CHANGES:
                yield node.value
            case ast.FunctionDef(
                returns=ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[_, ast.Name()]))
            ):
                yield node
            case ast.AnnAssign(annotation=ast.Subscript(value=ast.Name(id="dict")), value=ast.Dict() as value):
                yield value
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(), slice=ast.Constant(value=str(key)))]):
                yield ast.Dict(keys=[ast.Constant(key)], values=[ast.Constant(None)])
            case _:
                pass


def keys_of(built: ast.AST) -> Iterator[str]:
    for node in ast.walk(built):
        if isinstance(node, ast.Dict):
            yield from (key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


@pytest.mark.parametrize("locale", LOCALES)
def test_every_field_of_a_change_has_a_word(locale: str) -> None:
    fields = told_fields()
    assert {"reason", "amount_minor", "resumed_from", "account_ids", "native_from", "vanished", "subjects"} <= fields
    assert unsaid("field", fields, locale) == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_every_code_in_a_change_has_a_word(locale: str) -> None:
    words = words_in(locale)
    silent = {
        (field, f"{code}")
        for field, codes in CODES.items()
        for code in codes
        if words.told(code, field, {}, {}) == f"{code}"
    }
    assert silent == set()
