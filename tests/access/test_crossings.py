"""Two things in one request, one of the caller's unit and one of another: what is theirs opens nothing of the other."""

import pytest

from tests.support.office import Office, office_of
from tests.support.town import Town

SECTIONS = ("bills", "payments", "postings", "access", "messages", "notes", "acts")


@pytest.fixture
def office(town: Town) -> Office:
    made = office_of(town)
    made.fresh(made.members["here"])
    return made


def send(town: Town, office: Office, path: str, **fields: str) -> int:
    """What an administrator of the first unit is answered."""
    town.client.cookies.clear()
    member = office.members["here"]
    form = {"csrf": office.form_token(member), **fields}
    return town.client.post(
        f"/staff/{path}", data=form, headers=office.browser(member), follow_redirects=False
    ).status_code


def test_no_sum_goes_to_an_account_elsewhere_and_none_comes_from_there(town: Town, office: Office) -> None:
    before = town.fingerprint()["payment_suspense"]
    own, far = office.waiting["own"], office.waiting["other_unit"]
    assert send(town, office, f"suspense/{own}/assign", account_no=town.far.account_no) == 422
    assert send(town, office, f"suspense/{far}/assign", account_no=town.house.account_no) == 404
    assert town.fingerprint()["payment_suspense"] == before


def test_no_refund_is_decided_through_a_sum_that_it_is_not_of(town: Town, office: Office) -> None:
    sum_id, account = office.waiting_money(town.house.account), town.house.account
    with town.runtime.db.write() as session:
        refund_id = office.twice(session, sum_id, account.account_no, office.members["top"])
    said = {"refund": str(refund_id), "way": "bear", "why": "seen in the provider's books"}
    before = town.fingerprint()["payment_refund"]
    for other in (office.waiting["own"], office.waiting["other_unit"]):
        assert send(town, office, f"suspense/{other}/decide", **said) == 404
    assert town.fingerprint()["payment_refund"] == before


def test_no_callback_is_shown_through_a_payment_that_it_is_not_about(town: Town, office: Office) -> None:
    own, far = town.people["owner"].waiting_no, town.people["far"].waiting_no
    told_own, told_far = office.callback_about(own), office.callback_about(far)
    why = "the payer sent a receipt"
    assert send(town, office, f"payments/{own}/callbacks/{told_far}/reveal", reason=why) == 404
    assert send(town, office, f"payments/{far}/callbacks/{told_own}/reveal", reason=why) == 404


def test_nothing_is_sent_again_or_set_aside_through_an_endpoint_that_was_not_told_it(
    town: Town, office: Office
) -> None:
    own, far = office.hooks["own"], office.hooks["other_unit"]
    told_own, told_far = office.told("own"), office.told("other_unit")
    for act in ("replay", "set-aside"):
        assert send(town, office, f"webhooks/{own}/deliveries/{told_far}/{act}") == 404
        assert send(town, office, f"webhooks/{far}/deliveries/{told_own}/{act}") == 404


def test_no_grant_elsewhere_is_revoked_through_a_person_of_ones_own_unit(town: Town, office: Office) -> None:
    own, far = office.colleague("own"), office.colleague("other_unit")
    assert send(town, office, f"people/{own.staff_id}/grants/{far.grant_id}/revoke") == 404
    assert send(town, office, f"people/{far.staff_id}/grants/{own.grant_id}/revoke") == 404
    with town.runtime.db.read() as session:
        found = session.sql(
            "select count(*) from staff_grant where id = any(:ids) and revoked_at is null",
            ids=[own.grant_id, far.grant_id],
        ).scalar_one()
    assert found == 2


def test_no_grant_is_revoked_through_a_colleague_whose_it_is_not(town: Town, office: Office) -> None:
    one, other = office.colleague("own"), office.colleague("own")
    before = town.fingerprint()["staff_grant"]
    assert send(town, office, f"people/{one.staff_id}/grants/{other.grant_id}/revoke") == 404
    assert town.fingerprint()["staff_grant"] == before
    assert send(town, office, f"people/{one.staff_id}/grants/{one.grant_id}/revoke") == 303


def test_no_bill_is_shown_through_an_account_that_it_is_not_of(town: Town, office: Office) -> None:
    def status(account_no: str, bill_no: str) -> int:
        town.client.cookies.clear()
        path = f"/staff/accounts/{account_no}/bills/{bill_no}"
        return town.client.get(path, headers=office.browser(office.members["here"])).status_code

    house, neighbour, far = town.house, town.neighbour, town.far
    assert status(house.account_no, house.bills[0].bill_no) == 200
    assert status(house.account_no, neighbour.bills[0].bill_no) == 404
    assert status(house.account_no, far.bills[0].bill_no) == 404


@pytest.mark.parametrize("section", SECTIONS)
def test_each_part_of_an_account_is_there_for_its_own_unit_alone(town: Town, office: Office, section: str) -> None:
    def status(account_no: str) -> int:
        town.client.cookies.clear()
        headers = office.browser(office.members["here"])
        return town.client.get(f"/staff/accounts/{account_no}/{section}", headers=headers).status_code

    assert [status(no) for no in (town.house.account_no, town.far.account_no, town.missing_no)] == [200, 404, 404]
