"""Staff see which entitlements end, and write, renew and end those of one account with what proves them."""

from datetime import timedelta

import pytest

from core import clock
from core.periods import business_date
from services.accounts.queries.entitlements import entitlements_of
from tests.factories.accounts import make_account
from tests.portal.test_tariff_console import Desk
from tests.support.town import Town


@pytest.fixture
def desk(town: Town) -> Desk:
    """Somebody who may do everything in the first unit."""
    return Desk(town, "here")


def test_what_ends_is_listed_until_it_is_renewed_and_a_document_is_asked_for(desk: Desk, town: Town) -> None:
    today = business_date(clock.now(), town.settings.zone)
    with town.runtime.db.write() as session:
        account = make_account(session, town.runtime.vault, unit_id=town.unit_id)
    at = f"/staff/entitlements/{account.account_no}"
    until = (today + timedelta(days=20)).isoformat()
    form = {"kind": "persons", "value": "6", "holds_from": "2026-01-01", "holds_to": until, "document": ""}
    status, page = desk.send(at, **form)
    assert (status, "Name the document" in page, 'value="6"' in page) == (422, True, True)
    assert desk.send(at, **{**form, "document": "2026-0231"}) == (303, at)
    status, page = desk.send(at, **{**form, "document": "2026-0232"})
    assert (status, "end it first" in page) == (422, True)
    assert f"{at}?renew=1" in desk.get("/staff/entitlements")
    filled = desk.get(f"{at}?renew=1")
    assert "2026-0231" in filled
    assert f'value="{until}"' in filled
    assert desk.send(at, kind="persons", value="5", holds_from=until, holds_to="", document="2026-0401") == (303, at)
    assert at not in desk.get("/staff/entitlements")
    assert desk.send(f"{at}/2/end", ends_on="2026-01-01")[0] == 422
    assert desk.send(f"{at}/2/end", ends_on=until) == (303, at)
    with town.runtime.db.read() as session:
        held = entitlements_of(session, account_id=account.id)
    assert [(int(each.value), str(each.valid_from), str(each.valid_to), each.document) for each in held] == [
        (6, "2026-01-01", until, "2026-0231"),
        (5, until, until, "2026-0401"),
    ]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"kind": "Low Income"}, "Small letters"),
        ({"value": "0"}, "above zero"),
        ({"value": "many"}, "above zero"),
        ({"holds_from": "1.1."}, "Not a day"),
        ({"holds_to": "2026-01-01"}, "after the day"),
    ],
)
def test_what_is_no_entitlement_is_refused_with_what_was_typed(
    desk: Desk, town: Town, wrong: dict[str, str], told: str
) -> None:
    form = {"kind": "persons", "value": "6", "holds_from": "2026-01-01", "document": "2026-0231", **wrong}
    status, page = desk.send(f"/staff/entitlements/{town.house.account_no}", **form)
    assert (status, told in page) == (422, True)
    assert all(f'value="{value}"' in page for value in form.values())
