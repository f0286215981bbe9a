"""A payment is asked for in several shapes; each opens no more than an account's number alone does."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any, Final

import pytest

from core import clock
from core.ids import uuid7
from services.billing import queries as billing
from tests.access import group_requests
from tests.support.town import Home, Person, Town

CALLERS: Final = ("owner", "payer", "viewer", "stranger", "revoked_grant", "expired_grant")
MAY_PAY: Final = frozenset({"owner", "payer"})
NOBODYS: Final = uuid.UUID("0197a3c2-0000-7c55-9a53-000000000000")
Body = dict[str, Any]


def home_of(town: Town, wanted: str) -> Home | None:
    return {"own": town.house, "others": town.neighbour, "other_unit": town.far}.get(wanted)


def owner_of(town: Town, caller: Person, wanted: str) -> Person:
    return {"own": caller, "others": town.people["neighbour"], "other_unit": town.people["far"]}[wanted]


def by_bills(town: Town, _caller: Person, wanted: str) -> Body:
    home = home_of(town, wanted)
    no = town.missing_no if home is None else home.account_no
    return {"account_no": no, "bill_nos": ["B0000000000"] if home is None else [home.bills[-1].bill_no]}


def by_anothers_bill(town: Town, _caller: Person, wanted: str) -> Body:
    """Their own account, and a bill that is not of it."""
    home = home_of(town, wanted)
    return {
        "account_no": town.house.account_no,
        "bill_nos": ["B0000000000" if home is None else home.bills[-1].bill_no],
    }


def together(town: Town, _caller: Person, wanted: str) -> Body:
    home = home_of(town, wanted)
    return {"account_nos": [town.house.account_no, town.missing_no if home is None else home.account_no]}


def by_group(town: Town, caller: Person, wanted: str) -> Body:
    """Groups and quotes are their maker's alone."""
    if wanted == "missing":
        return {"group_id": str(NOBODYS)}
    return {
        "group_id": str(group_requests.make(town, owner_of(town, caller, wanted), home_of(town, wanted) or town.house))
    }


def by_quote(town: Town, caller: Person, wanted: str) -> Body:
    quote_id, now = uuid7(), clock.now()
    if wanted != "missing":
        with town.runtime.db.write() as session:
            session.sql(
                """insert into payment_quote (id, user_id, account_id, created_at, expires_at)
                   values (:id, :user, :account, :now, :expires_at)""",
                id=quote_id,
                user=owner_of(town, caller, wanted).user_id,
                account=(home_of(town, wanted) or town.house).account.id,
                now=now,
                expires_at=now + timedelta(minutes=10),
            )
    return {"quote_id": str(quote_id)}


EVERYBODY: Final = frozenset(CALLERS)
SHAPES: Final[dict[str, tuple[Callable[[Town, Person, str], Body], tuple[str, ...], frozenset[str]]]] = {
    "bill_nos": (by_bills, ("own", "others", "other_unit", "missing"), MAY_PAY),
    "bill_nos of another": (by_anothers_bill, ("others", "other_unit", "missing"), frozenset()),
    "account_nos": (together, ("others", "other_unit", "missing"), frozenset()),
    "group_id": (by_group, ("own", "others", "other_unit", "missing"), MAY_PAY),
    "quote_id": (by_quote, ("own", "others", "other_unit", "missing"), EVERYBODY),
}
"""How it is asked, for whose account, and who may pay for their own in this way."""


def asked(town: Town, caller: Person, body: Body) -> tuple[int, str]:
    with town.runtime.db.read() as session:
        due = billing.owed(session, account_id=town.house.account.id).due.minor
    answer = town.client.post(
        "/api/v1/payments",
        json={"amount_minor": due, "method": "wechat_native", **body},
        headers={**caller.bearer, "idempotency-key": uuid.uuid4().hex},
    )
    told = answer.json()
    return answer.status_code, str(told.get("code", ""))


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_of_a_payment_opens_an_account_that_is_not_the_callers(town: Town, shape: str) -> None:
    made, objects, may = SHAPES[shape]
    wrong = []
    told: dict[str, set[tuple[int, str]]] = {}
    for caller, wanted in product(CALLERS, objects):
        person = town.people[caller]
        found = asked(town, person, made(town, person, wanted))
        if wanted == "own" and caller in may:
            wrong += [] if found == (201, "") else [f"{caller} may not pay for their own: {found}"]
        elif found[0] not in {404, 409, 410}:
            wrong.append(f"{caller} asking for {wanted}: {found}")
        else:
            told.setdefault(caller, set()).add(found)
    assert wrong == []
    assert {caller: codes for caller, codes in told.items() if len(codes) > 1} == {}, "one refusal is unlike another"
