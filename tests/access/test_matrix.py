"""Who may do what with whose: every cell of `matrix.csv`, asked of the whole application.

The matrix is written by hand. Each line holds for all its callers and objects; together the lines of an operation must
decide every caller and every object once, so that nothing is allowed by being forgotten.

Nobody's name, telephone, door, openid, code or token is seen anywhere: in no answer to any GET of the matrix, in no
header, metric, log or row; at the end all that the deployment holds is searched, sealed cells left sealed.
"""

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final, cast

import httpx2 as httpx
import pytest
import structlog
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from tests.access.asking import Asked, Object, Scene
from tests.access.marks import hidden, shown
from tests.access.masked import plant, work_off
from tests.access.requests import ASKING, headers_of, scene
from tests.access.staff_requests import STAFF_CALLERS, STAFF_OBJECTS, is_of_staff
from tests.support.document import DOCUMENT
from tests.support.everything import holding, redis_text, tables
from tests.support.town import STANDINGS, Town

MATRIX: Final = Path(__file__).with_name("matrix.csv")
ADDRESSED: Final = frozenset({"own", "others", "other_unit", "missing"})
OUTSIDE: Final = ("203.0.113.9", 50_000)
BACK_OFFICE: Final = "/api/v1/backoffice/"
PROGRAMS: Final = ("service", "service_without_scope", "service_disabled")
OK: Final = 200
REQUEST_ID: Final = re.compile(r"\b(?:[0-9a-f]{32}){1,2}\b")


@dataclass(frozen=True)
class Cell:
    """One question and its answer: a status, then a problem's code or a redirect's target."""

    caller: str
    object: Object
    status: int
    told: str


NOBODYS: Final = {"code", "purpose", "version_no"}
"""What stands in a path and is the same for everybody."""


def cells() -> dict[str, list[Cell]]:
    """The matrix, by operation."""
    found: dict[str, list[Cell]] = defaultdict(list)
    with MATRIX.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            status, _, told = line["answer"].partition(" ")
            for caller, wanted in product(line["callers"].split(), line["objects"].split()):
                found[line["operation"]].append(Cell(caller, cast("Object", wanted), int(status), told))
    return dict(found)


CELLS: Final = cells()


def callers_of(operation: str) -> frozenset[str]:
    """Everybody about whom an operation must decide."""
    method, _, path = operation.partition(" ")
    if path in {"/livez", "/readyz", "/metrics"}:
        return frozenset({"inside", "outside"})
    if path.startswith("/callbacks/"):
        return frozenset({"signed", "unsigned"})
    if path.startswith("/static/") or path.endswith("/openapi.json"):
        return frozenset({"anyone"})
    if path.startswith("/api/"):
        return frozenset({*STANDINGS, "cookie_only", *(PROGRAMS if path.startswith(BACK_OFFICE) else ())})
    if is_of_staff(operation):
        return frozenset({*STAFF_CALLERS, "forged_form"} if method == "POST" else STAFF_CALLERS)
    return frozenset({*STANDINGS, "forged_form"} if method == "POST" else STANDINGS)


def operations_of(town: Town) -> set[str]:
    """Every operation that the application answers, in the document or not."""
    return {
        f"{method} {re.sub(':[a-z]+}', '}', route.path or '')}"
        for route in iter_route_contexts(town.app.routes)
        for method in (route.methods or set()) - {"HEAD"}
    }


def test_every_operation_stands_in_the_matrix_and_nothing_else(town: Town) -> None:
    described = {
        f"{method.upper()} {path}" for path, methods in town.app.openapi()["paths"].items() for method in methods
    }
    assert described <= operations_of(town)
    assert operations_of(town) == CELLS.keys() == ASKING.keys()


@pytest.mark.parametrize("operation", CELLS)
def test_every_caller_and_object_is_decided_once(operation: str) -> None:
    decided = Counter((cell.caller, cell.object) for cell in CELLS[operation])
    objects = {wanted for _, wanted in decided}
    names = set(re.findall(r"{(\w+)}", operation)) - NOBODYS
    if names and callers_of(operation) >= set(STANDINGS):
        assert objects == ADDRESSED
    if "{" in operation and is_of_staff(operation):
        assert objects == STAFF_OBJECTS
    assert decided == Counter(product(callers_of(operation), objects))


@pytest.fixture(scope="module")
def outside(town: Town) -> TestClient:
    """A caller from another network."""
    return TestClient(town.app, base_url=town.settings.public_url, client=OUTSIDE)


@dataclass(frozen=True)
class Planted:
    """What nobody may see, and what was logged since it was there."""

    needles: dict[str, str]
    logs: list[structlog.typing.EventDict]


@pytest.fixture(scope="module")
def planted(town: Town) -> Iterator[Planted]:
    """What is to be masked stands in the town, and every task has come upon it."""
    with structlog.testing.capture_logs() as logs:
        needles = plant(town)
        work_off(town)
        yield Planted(needles, logs)


MAY_SHOW: Final[dict[str, set[str]]] = {}
"""Operation -> needles that its answer may hold, each for a written reason. None does: the person's own telephone is
masked on their own page too, and what is shown in clear to staff is shown by a POST that is audited."""


def ask(client: TestClient, made: Scene, asked: Asked | None = None) -> httpx.Response:
    """Ask without anything that an earlier answer left in the client."""
    asked = asked or ASKING[made.operation](made)
    client.cookies.clear()
    method = made.operation.partition(" ")[0]
    headers = {**headers_of(made), **asked.headers}
    content = asked.content
    if asked.form is not None:
        return client.request(method, asked.path, data=asked.form, headers=headers, follow_redirects=False)
    if content is not None:
        return client.request(method, asked.path, content=content, headers=headers, follow_redirects=False)
    return client.request(method, asked.path, json=asked.json, headers=headers, follow_redirects=False)


def told_by(answer: httpx.Response) -> str:
    """What the matrix says after the status."""
    if answer.is_redirect:
        target = answer.headers["location"].partition("?")[0]
        target = re.sub(r"(?<=^/inbox/)[0-9a-f-]{36}$", "{message_id}", target)
        target = re.sub(r"(?<=^/accounts/)[0-9A-Z-]{4,32}(?=/(people|details)$)", "{account_no}", target)
        target = re.sub(r"(?<=^/account-groups/)[0-9a-f-]{36}$", "{group_id}", target)
        target = re.sub(r"(?<=^/staff/accounts/)[0-9A-Z-]{4,32}(?=#|$)", "{account_no}", target)
        target = re.sub(r"(?<=^/staff/payments/)[0-9A-Z]{15,24}$", "{payment_no}", target)
        target = re.sub(r"(?<=^/staff/as/)[0-9A-Z-]{4,32}$", "{account_no}", target)
        target = re.sub(r"(?<=^/staff/gaps/)[0-9A-Z-]{4,32}$", "{account_no}", target)
        target = re.sub(r"(?<=^/staff/entitlements/)[0-9A-Z-]{4,32}$", "{account_no}", target)
        target = re.sub(r"(?<=^/staff/readings/)[0-9A-Z-]{4,32}/[0-9a-f-]{36}$", "{account_no}/{reading_id}", target)
        target = re.sub(r"(?<=^/staff/suspense/)[0-9]+$", "{suspense_id}", target)
        target = re.sub(r"(?<=^/staff/webhooks/)[0-9a-f-]{36}$", "{endpoint_id}", target)
        target = re.sub(
            r"(?<=^/staff/tariffs/)[^/]+/\d+/dry-runs/[0-9a-f-]{36}$", "{code}/{version_no}/dry-runs/{run_id}", target
        )
        target = re.sub(r"(?<=^/staff/imports/)[0-9]+$", "{run_id}", target)
        target = re.sub(r"(?<=^/staff/people/)[0-9a-f-]{36}$", "{staff_id}", target)
        target = re.sub(r"(?<=^/staff/approvals/)[0-9a-f-]{36}$", "{request_id}", target)
        target = re.sub(r"(?<=^/pay-for-others/)[0-9a-f-]{36}$", "{quote_id}", target)
        return re.sub(r"(?<=^/payments/)[0-9A-Z]{15,24}$", "{payment_no}", target)
    if answer.headers.get("content-type") == "application/problem+json":
        return str(answer.json()["code"])
    return ""


def is_documented(operation: str, answer: httpx.Response) -> bool:
    """Whether the document, if it knows the operation, lists this status and this problem."""
    method, _, path = operation.partition(" ")
    known = DOCUMENT["paths"].get(path, {}).get(method.lower())
    if known is None:
        return True
    described_ = known["responses"].get(str(answer.status_code), {})
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if not answer.content:
        return bool(described_)
    examples = described_.get("content", {}).get(media_type, {}).get("examples", {})
    return media_type in described_.get("content", {}) and (
        media_type != "application/problem+json" or answer.json()["code"] in examples
    )


def without_names(answer: httpx.Response, made: Scene) -> tuple[bytes, list[tuple[str, str]]]:
    """An answer without the request's id, the token of the caller's forms and the name that was asked for."""
    text = REQUEST_ID.sub("#", answer.text)
    things = made.things
    for name in (
        things.account_no,
        things.bill_no,
        things.payment_no,
        things.message_id,
        things.device_id,
        things.wechat_id,
    ):
        text = text.replace(str(name), "@") if name else text
    for name in made.names:
        text = text.replace(name, "@")
    return text.encode(), sorted((k, v) for k, v in answer.headers.multi_items() if k != "x-request-id")


@pytest.mark.parametrize("operation", CELLS)
def test_the_answers_are_those_of_the_matrix(town: Town, outside: TestClient, planted: Planted, operation: str) -> None:
    wrong: list[str] = []
    unknown: dict[str, dict[str, tuple[bytes, list[tuple[str, str]]]]] = defaultdict(dict)
    for cell in CELLS[operation]:
        made = scene(town, operation, cell.caller, cell.object)
        asked = ASKING[operation](made)
        answer = ask(outside if cell.caller == "outside" else town.client, made, asked)
        expected, got = (cell.status, cell.told), (answer.status_code, told_by(answer))
        if expected != got:
            wrong.append(f"{cell.caller} asking for {cell.object}: {got}, not {expected}")
        text = answer.text
        if operation.startswith("GET "):
            whole = text + json.dumps(dict(answer.headers))
            bare = {name for name, needle in planted.needles.items() if needle in whole}
            wrong += [
                f"{cell.caller} asking for {cell.object} sees {name}" for name in bare - MAY_SHOW.get(operation, set())
            ]
        wrong += [
            f"{cell.caller} asking for {cell.object} is told of {name}"
            for name, mark in hidden(made, asked).items()
            if mark in text
        ]
        if answer.status_code == OK:
            wrong += [f"{cell.caller} is not shown {mark}" for mark in shown(made) if mark not in text]
        if not is_documented(operation, answer):
            wrong.append(f"{got} is not in the document")
        if answer.status_code == 404:
            unknown[cell.caller][cell.object] = without_names(answer, made)
    assert wrong == []
    for caller, answers in unknown.items():
        missing = answers.get("missing", next(iter(answers.values())))
        for wanted, seen in answers.items():
            assert seen == missing, f"to {caller}, {wanted} looks unlike what does not exist"


def test_no_log_line_holds_what_is_masked(planted: Planted) -> None:
    logged = repr(planted.logs)
    assert "request" in logged
    assert [name for name, needle in planted.needles.items() if needle in logged] == []


def test_no_row_and_nothing_in_redis_holds_it_unsealed(planted: Planted, town: Town) -> None:
    owner_dsn = town.settings.migration_database_url
    assert owner_dsn is not None
    assert holding(tables(owner_dsn.get_secret_value(), None), planted.needles) == []
    told = redis_text(town.settings.redis_url.get_secret_value())
    assert [name for name, needle in planted.needles.items() if needle in told] == []
    opened = tables(owner_dsn.get_secret_value(), town.runtime.vault)
    assert {"name", "phone", "door", "openid"} <= {name for _, name in holding(opened, planted.needles)}, "not planted"


def test_only_the_gateway_of_text_messages_was_told_the_telephone(planted: Planted, town: Town) -> None:
    told = [each for each in town.sandbox.messages() if planted.needles["phone"] in json.dumps(each)]
    assert len(told) >= 2, "the code, and the message that a task has sent"
