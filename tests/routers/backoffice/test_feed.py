"""Payments out by API: pages by cursor for programs with the scope and units, and nothing of any other unit."""

import base64
from typing import Any

import pytest

from core import clock
from core.pagination import MAX_CURSOR
from services.accounts import operations as accounts
from services.identity.queries import ServiceScope
from services.payments import flows
from tests.factories import payments as make
from tests.support.programs import ACTOR, program
from tests.support.town import Home, Town

PATH = "/api/v1/backoffice/payments"
HERE, ELSEWHERE, TOP = "3701", "3702", "37"


def reader(town: Town, *units: str) -> dict[str, str]:
    return program(town, ServiceScope.PAYMENTS_READ, units=units)


def ask(town: Town, caller: dict[str, str], **params: object) -> Any:
    return town.client.get(PATH, params=params, headers=caller)  # type: ignore[arg-type] # texts and numbers


def read(town: Town, caller: dict[str, str], *, cursor: str | None = None, limit: int = 100) -> tuple[list[Any], str]:
    """Everything behind a cursor, and the cursor behind that."""
    found: list[Any] = []
    while True:
        page = ask(town, caller, limit=limit, **({} if cursor is None else {"cursor": cursor})).json()
        found += page["items"]
        cursor = page["next"]
        if not page["has_more"]:
            return found, cursor


def number(town: Town) -> None:
    flows.number_feed(town.runtime.db, is_over=lambda: False)


def pay(town: Town, home: Home) -> str:
    owner = town.settle(home, has_payments=False)
    return town.pay(town.start_payment(owner.user_id, home))


@pytest.fixture
def stray(town: Town) -> str:
    """Money for a number that is not ours; its transaction."""
    result = make.paid(make.latest(town.runtime.db, town.people["owner"].paid_no), out_trade_no="STRANGER000000000009")
    make.apply(town.runtime.db, result)
    number(town)
    assert result.transaction_id is not None
    return result.transaction_id


def test_a_program_reads_its_units_and_those_below_and_the_whole_supplier_also_what_names_none(
    town: Town, stray: str
) -> None:
    here, _ = read(town, reader(town, HERE))
    elsewhere, _ = read(town, reader(town, ELSEWHERE))
    whole, _ = read(town, reader(town, TOP))
    assert {fact["account_no"] for fact in here} == {town.house.account_no, town.neighbour.account_no}
    assert {fact["account_no"] for fact in elsewhere} == {town.far.account_no}
    by_id = {fact["id"]: fact for fact in whole}
    assert len(by_id) == len(whole)
    assert all(by_id[fact["id"]] == fact for fact in (*here, *elsewhere))
    nobodys = [fact for fact in whole if fact["id"] not in {each["id"] for each in (*here, *elsewhere)}]
    assert stray in {fact["provider_transaction"] for fact in nobodys}
    assert {(fact["account_no"], fact["kind"]) for fact in nobodys} == {(None, "suspended")}
    assert read(town, reader(town, HERE, ELSEWHERE))[0] == [fact for fact in whole if fact["account_no"] is not None]


def test_pages_of_any_size_are_the_same_again_and_go_on_where_they_ended(town: Town) -> None:
    number(town)
    caller = reader(town, TOP)
    whole, place = read(town, caller)
    assert [read(town, caller, limit=limit)[0] for limit in (1, 7, 500)] == [whole] * 3
    assert read(town, caller, cursor=place) == ([], place)
    paid = pay(town, town.far)
    number(town)
    [new], behind = read(town, reader(town, TOP), cursor=place)
    assert (new["payment_no"], new["account_no"], new["amount"]) == (
        paid,
        town.far.account_no,
        {"amount_minor": 100, "currency": "CNY"},
    )
    assert read(town, caller, cursor=behind)[0] == []


@pytest.mark.parametrize("part", ["tag", "position", "end"])
def test_a_cursor_that_was_changed_is_none(town: Town, part: str) -> None:
    number(town)
    caller = reader(town, TOP)
    cursor: str = ask(town, caller, limit=1).json()["next"]
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    wrong = {"tag": bytes([raw[0] ^ 1]) + raw[1:], "position": raw[:-2] + b"0]", "end": raw[:-1]}[part]
    answer = ask(town, caller, cursor=base64.urlsafe_b64encode(wrong).decode().rstrip("="))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize(
    "params", [{"limit": 0}, {"limit": 501}, {"limit": "1_0"}, {"cursor": "x" * (MAX_CURSOR + 1)}, {"limit": "٣"}]
)
def test_what_is_no_page_is_refused(town: Town, params: dict[str, object]) -> None:
    assert ask(town, reader(town, TOP), **params).status_code == 422


def test_a_cursor_of_another_list_opens_nothing_here(town: Town) -> None:
    cursor = town.runtime.cursors.make(scope="bills", position=[0])
    assert ask(town, reader(town, TOP), cursor=cursor).json()["code"] == "bad_cursor"


def test_without_a_unit_a_program_is_told_so_and_a_unit_taken_away_is_gone_at_once(town: Town) -> None:
    number(town)
    refused = ask(town, reader(town))
    assert (refused.status_code, refused.json()["code"]) == (403, "units_missing")
    caller = reader(town, HERE)
    assert read(town, caller)[0]
    with town.runtime.db.write() as session:
        [client] = session.sql("select id from service_client order by created_at desc limit 1").scalars()
        accounts.give_program_units(session, client=client, codes=[ELSEWHERE], actor=ACTOR, now=clock.now())
    assert {fact["account_no"] for fact in read(town, caller)[0]} == {town.far.account_no}
