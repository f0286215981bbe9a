"""The API keeps its own document under generated requests, for each kind of caller, with ids that exist.

Ten generated examples of each operation, and those that cover every bound of its schemas, of its owner, and four of
others; a hundred with WATTLINE_TESTS=all. One fuzzer of several: hostile bytes are in tests/hostile. Staff have no JSON: their forms are fuzzed
by tests/hostile/test_forms.py, and what they ask of lists by tests/hostile/test_queries.py.
"""

import zlib
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation

from core import clock
from services.accounts.queries import quality
from services.identity import operations as identity
from tests.access import group_requests
from tests.access.letting_in import invite, let_in, make_room, somebodys_phone
from tests.access.office_tariff_requests import tariff_of, tried_by
from tests.factories import held
from tests.factories.accounts import ACTOR
from tests.factories.identity import app_session
from tests.factories.own_readings import told_by
from tests.factories.tariffs import FLAT
from tests.support import programs
from tests.support.document import DOCUMENT
from tests.support.served import Served, serving
from tests.support.thorough import EVERYTHING, share
from tests.support.town import HOLDER, RECEIPT_SECRET, Home, Person, Town
from tests.support.town import ROLES as ROLE_OF

EXAMPLES: Final = 100 if EVERYTHING else 10
CONFIG: Final = SchemathesisConfig.from_dict(
    {
        "generation": {"with-security-parameters": False},
        "checks": {
            # A telephone, a cursor and a text without control characters are more than JSON Schema can say, and
            # guesses are limited.
            "positive_data_acceptance": {"expected-statuses": ["2xx", 400, 401, 403, 404, 409, 422, 429]},
            # A value that makes the address too long is refused as too large.
            "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 409, 413, 415, 422, 429]},
            # A key that is missing is a bad request; a token that is missing, no caller.
            "missing_required_header": {"expected-statuses": [400, 401]},
        },
    }
)
SCHEMA: Final = schemathesis.openapi.from_dict(deepcopy(DOCUMENT), config=CONFIG)
BEFORE_AUTHORISATION: Final = frozenset({401, 405, 415})


@pytest.fixture(scope="module")
def home(town: Town) -> Home:
    return town.build(town.unit_id)


@pytest.fixture(scope="module")
def edge(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, requests.Session]]:
    """A process of its own, since its event loop must not be the fuzzer's, and one connection to it."""
    log = tmp_path_factory.mktemp("web") / "web.log"
    with serving(town.settings, log=log) as served, requests.Session() as session:
        yield served, session
    assert "unexpected_error" not in log.read_text(encoding="utf-8")


@pytest.fixture
def person(town: Town, home: Home) -> Person:
    return town.settle(home)


@dataclass
class Seen:
    """What one operation answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    takes_input: bool = False
    is_signed: bool = False


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Every operation must have shown both doors to the owner: open, and shut for another reason than who asks."""
    made = Seen()
    yield made
    # What only a provider can sign, and a whole picture, is let in by tests/access, what a code on a telephone proves by tests/privacy.
    assert made.is_signed or any(200 <= status < 300 for status in made.statuses), made.statuses
    refused = {status for status in made.statuses if 400 <= status < 500} - BEFORE_AUTHORISATION
    assert made.is_signed or refused or not made.takes_input, made.statuses


def prove(case: schemathesis.Case[Any], town: Town, person: Person) -> None:
    """Make ready what an operation takes once, or once a day: a copy of one's data, a reading."""
    vault, now = town.runtime.vault, clock.now()
    if "/meter-readings" in case.path:
        with town.runtime.db.write() as session:
            session.sql("update own_reading set user_id = :id, photos = 0", id=person.user_id)
    if case.path.endswith("/data-export/download"):
        with town.runtime.db.write() as session:
            identity.ask_export(session, user_id=person.user_id, actor=ACTOR, now=now)
            identity.make_next(session, vault=vault, now=now)


def exists(case: schemathesis.Case[Any], town: Town, home: Home, person: Person) -> None:
    """Put ids that exist into three of four valid requests, and into all that say nothing themselves."""
    meta = case.meta
    assert meta is not None
    said = [each for each in (case.path_parameters, case.body, case.query) if each and isinstance(each, dict | list)]
    if said and zlib.crc32(repr(said).encode()) % 4 == 0:
        return
    prove(case, town, person)
    if case.path_parameters and not meta.is_negative_at(ParameterLocation.PATH):
        known = _known(case, town, home, person)
        case.path_parameters = {name: known[name] for name in case.path_parameters}
    if case.path.endswith("/bills.csv") and not meta.is_negative_at(ParameterLocation.QUERY):
        case.query = {"first": "2020-01-01", "last": "2030-12-31"}
    if isinstance(case.body, dict) and not meta.is_negative_at(ParameterLocation.BODY):
        case.body = _filled(case.path, case.body, town, home, person)


def _known(case: schemathesis.Case[Any], town: Town, home: Home, person: Person) -> dict[str, object]:
    """What the parts of a path may be, made where each request takes one."""
    known: dict[str, object] = {
        "account_no": home.account_no,
        "bill_no": home.bills[-1].bill_no,
        "payment_no": person.paid_no if case.path.endswith("/events") else person.waiting_no,
        "message_id": str(person.message_id),
        "session_id": str(person.device_id),
        "purpose": "marketing",
        "identity_id": str(person.wechat_id),
        "provider": "aliyun_sms",
        "secret": RECEIPT_SECRET,
        "merchant": "east",
        "code": tariff_of(town),
        "version_no": 1,
    }
    make_room(town, home)
    if "{reading_id}" in case.path:
        known["reading_id"] = str(_reading(case, town, home, person))
    if "{run_id}" in case.path:
        known["run_id"] = str(tried_by(town, "service"))
    if "{grant_id}" in case.path:
        known["grant_id"] = str(let_in(town, home)[1])
    if "{group_id}" in case.path:
        known["group_id"] = str(group_requests.make(town, person, home))
    if "{invitation_id}" in case.path:
        known["invitation_id"] = str(_invitation(case, town, home, person))
    return known


def _reading(case: schemathesis.Case[Any], town: Town, home: Home, person: Person) -> UUID:
    """One that waits for the back office, or one that the person told."""
    if not case.path.startswith("/api/v1/backoffice/"):
        return told_by(town.runtime, home.account.id, user_id=person.user_id)
    with town.runtime.db.write() as session:
        return held.hold_interval(session, account_id=home.account.id, now=clock.now())


def _filled(path: str, body: dict[str, Any], town: Town, home: Home, person: Person) -> dict[str, Any]:
    """A body with what exists."""
    proof = {"kind": "meter_no", "name_character": HOLDER[0], "meter_no": home.meter_no}
    filled: dict[str, Any] = {
        "account_no": home.account_no,
        "name_hint": HOLDER[0],
        "proof": proof,
        "text_version": 1,
        "account_nos": [home.account_no],
        "document": FLAT,
        "currency": "CNY",
        "valid_from": "2030-01-01",
        "valid_to": None,
        "input": {"kwh": "100"},
        "month": "2026-10",
    }
    if body.get("grant_type") == "refresh":
        with town.runtime.db.write() as session:
            filled["refresh_token"] = app_session(session, user_id=person.user_id).secret
    if path.endswith("/details"):
        with town.runtime.db.read() as session:
            filled["version"] = quality.details(session, account_id=home.account.id).version
    if path == "/api/v1/payments":
        nothing = dict.fromkeys(("quote_id", "bill_nos", "account_nos"))
        return {**body, "account_no": home.account_no, **nothing, "method": "wechat_native"}
    return {} if path.endswith("/attempts") else {name: filled.get(name, value) for name, value in body.items()}


def _invitation(case: schemathesis.Case[Any], town: Town, home: Home, person: Person) -> UUID:
    """One that the home's owner sent, or one to them of another home."""
    if "account_no" in (case.path_parameters or {}):
        return invite(town, town.settle(home, has_payments=False), home, somebodys_phone())
    elsewhere = town.build(town.unit_id, has_bills=False)
    return invite(town, town.settle(elsewhere, has_payments=False), elsewhere, person.phone)


def _of_owner(case: schemathesis.Case[Any], town: Town, person: Person) -> dict[str, str]:
    """The back office's operations belong to a program with every scope."""
    if case.path.startswith("/api/v1/backoffice/"):
        return {"Authorization": programs.standing(town, "service")["authorization"]}
    return named(person)


def named(person: Person) -> dict[str, str]:
    """A person's token, under the name by which the check of ignored tokens takes it away."""
    return {"Authorization": person.bearer["authorization"]}


LIGHT: Final = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
WHOLE: Final = settings(LIGHT, phases=[Phase.explicit, Phase.generate])
BRIEF: Final = settings(LIGHT, max_examples=EXAMPLES if EVERYTHING else 4)
"""What is refused does not get as far as the schemas that decide what an owner may say."""


@SCHEMA.parametrize()
@WHOLE
def test_an_operation_keeps_its_document_for_an_owner(
    case: schemathesis.Case[Any],
    town: Town,
    home: Home,
    person: Person,
    edge: tuple[Served, requests.Session],
    seen: Seen,
) -> None:
    exists(case, town, home, person)
    answer = case.call_and_validate(base_url=edge[0].base_url, session=edge[1], headers=_of_owner(case, town, person))
    operation = case.operation
    seen.statuses[answer.status_code] += 1
    seen.takes_input = bool(operation.path_parameters or operation.query or operation.body)
    seen.is_signed = operation.path in SIGNED or operation.label in {
        "PUT /api/v1/me/erasure",
        "POST /api/v1/me/data-export/download",
        "POST /api/v1/me/wechat",
        "PUT /api/v1/accounts/{account_no}/meter-readings/{reading_id}/photo",
    }


SIGNED: Final = {"/callbacks/wechat-pay", "/callbacks/wechat-pay/{merchant}", "/callbacks/wechat"}
ROLES: Final = ("stranger", "anonymous", "payer", "viewer", "service", "service_without_scope")


@pytest.fixture
def callers(request: pytest.FixtureRequest, town: Town, home: Home) -> dict[str, dict[str, str]]:
    """The headers of some of those who are not the owner; of all of them with WATTLINE_TESTS=all."""
    return {role: _as(role, town, home) for role in share(request.node.name, ROLES, parts=3)}


def _as(role: str, town: Town, home: Home) -> dict[str, str]:
    match role:
        case "anonymous":
            return {}
        case "payer" | "viewer":
            return named(town.settle(home, role=ROLE_OF[role], has_payments=False))
        case "stranger":
            return named(town.people["neighbour"])
        case _:
            return {"Authorization": programs.standing(town, role)["authorization"]}


@SCHEMA.parametrize()
@BRIEF
def test_an_operation_keeps_its_document_for_everybody_else(
    case: schemathesis.Case[Any],
    callers: dict[str, dict[str, str]],
    town: Town,
    home: Home,
    person: Person,
    edge: tuple[Served, requests.Session],
) -> None:
    exists(case, town, home, person)
    for role, headers in callers.items():
        if role != "service" or not case.path.startswith("/api/v1/backoffice/"):  # there it is the owner
            case.call_and_validate(base_url=edge[0].base_url, session=edge[1], headers=headers)
