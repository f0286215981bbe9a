"""Webhooks in the console: made by whoever may, with a secret that is shown once, and looked after."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import UUID

import httpx2
import pytest

from notifications.webhooks.ports import CALLER
from tests.factories.billing import make_bill
from tests.factories.staff import Member
from tests.support.hooks import HookOffice, Program, caller_for, relay
from tests.support.office import HERE, PUBLIC_URL, Office, office_of
from tests.support.receiver import Receiver, receiving
from tests.support.town import Town

SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")


@pytest.fixture
def office(town: Town) -> Office:
    """The staff of the town, all of whom have just given a code."""
    made = office_of(town)
    for member in made.members.values():
        if member is not made.members["disabled"]:
            made.fresh(member)
    return made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A program on this machine, which the deployment may call for once."""
    usual = CALLER.get()
    with receiving() as made:
        CALLER.fill(caller_for(Program(UUID(int=0), "", made)))
        yield made
    CALLER.fill(usual)


def send(town: Town, member: Member, path: str, **fields: str | list[str]) -> httpx2.Response:
    """A form of the console, sent by somebody."""
    town.client.cookies.clear()
    office = office_of(town)
    form = {"csrf": office.form_token(member), **fields}
    headers = {**office.browser(member), "accept-language": "en"}
    return town.client.post(path, data=form, headers=headers, follow_redirects=False)


def look(town: Town, member: Member, path: str) -> str:
    town.client.cookies.clear()
    answer = town.client.get(path, headers={**office_of(town).browser(member), "accept-language": "en"})
    assert answer.status_code == 200
    return answer.text


def test_a_new_endpoint_is_told_by_the_secret_that_was_shown_once(
    town: Town, office: Office, receiver: Receiver
) -> None:
    here = office.members["here"]
    url = f"{receiver.url}/hooks"
    relay(town.runtime.db)
    made = send(
        town,
        here,
        "/staff/webhooks/new",
        name="Accounting",
        url=url,
        unit=HERE,
        events=["bill.issued", "payment.booked"],
    )
    [secret] = set(SECRET.findall(made.text))
    found = re.search(r"/staff/webhooks/([0-9a-f-]{36})", made.text)
    assert found is not None
    page = f"/staff/webhooks/{found[1]}"
    with town.runtime.db.write() as session:
        make_bill(session, town.house.account)
    relay(town.runtime.db)
    program = Program(UUID(found[1]), secret, receiver)
    with ExitStack() as stack:
        HookOffice(town.runtime.db, town.runtime.vault, stack).send_due(caller_for(program))
    assert program.types() == ["bill.issued"]
    shown = look(town, here, page)
    assert "Arrived" in shown
    assert program.receiver.calls[0].headers["webhook-id"] in shown
    for path in (page, f"{page}/change", "/staff/webhooks", "/staff/audit?act=notifications.webhook_added"):
        assert SECRET.findall(look(town, here, path)) == []
    assert "Accounting" in look(town, here, "/staff/webhooks")
    assert "Accounting" not in look(town, office.members["elsewhere"], "/staff/webhooks")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://169.254.169.254/latest/meta-data", "This address cannot be used"),
        ("https://localhost/", "This address cannot be used"),
        ("http://93.184.216.34/", "This address cannot be used"),
        ("https://93.184.216.34:6379/", "This address cannot be used"),
        ("https://no-such-host.invalid/", "There is no such host"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused_when_it_is_given_and_when_it_is_changed(
    town: Town, office: Office, url: str, told: str
) -> None:
    here = office.members["here"]
    for path in ("/staff/webhooks/new", f"/staff/webhooks/{office.hooks['own']}/change"):
        answer = send(town, here, path, name="x", url=url, unit=HERE, events=["bill.issued"])
        assert answer.status_code == 422
        assert told in answer.text
    with town.runtime.db.read() as session:
        assert session.sql("select count(*) from webhook_endpoint where url = :url", url=url).scalar_one() == 0


def test_whoever_has_given_no_code_lately_neither_makes_nor_turns_nor_deletes_one(town: Town, office: Office) -> None:
    here = office.members["here"]
    with town.runtime.db.write() as session:
        session.sql("update staff_session set stepped_up_at = null where staff_id = :id", id=here.staff_id)
    hook = f"/staff/webhooks/{office.hooks['own']}"
    wanted = {"name": "x", "url": PUBLIC_URL, "unit": HERE, "events": "bill.issued"}
    for path in ("/staff/webhooks/new", f"{hook}/change", f"{hook}/secret", f"{hook}/delete"):
        answer = send(town, here, path, **wanted)
        assert (answer.status_code, 'action="/staff/step-up"' in answer.text) == (403, True), path


def test_an_endpoint_that_was_stopped_and_what_waits_are_told_to_whoever_looks_after_the_whole(
    town: Town, office: Office
) -> None:
    top = office.members["top"]
    assert "0 endpoints were stopped" in look(town, top, "/staff/health")
    office.told("other_unit")
    with town.runtime.db.write() as session:
        stop = "update webhook_endpoint set state = 'disabled', disabled_why = 'failing', disabled_at = now() where id = :id"
        session.sql(stop, id=office.hooks["own"])
    assert "1 endpoint was stopped" in look(town, top, "/staff/health")
    measured = town.client.get("/metrics").text
    assert "wattline_stopped_webhooks 1.0" in measured
    assert re.search(r'wattline_pending\{queue="webhooks"\} [1-9]', measured)
    assert "Stopped: no success for days" in look(town, office.members["here"], "/staff/webhooks")
    send(town, office.members["here"], f"/staff/webhooks/{office.hooks['own']}/enable")
    assert "0 endpoints were stopped" in look(town, top, "/staff/health")


def test_a_unit_has_so_many_endpoints_and_no_more(town: Town, office: Office) -> None:
    here = office.members["here"]
    wanted = {"name": "x", "url": PUBLIC_URL, "unit": HERE, "events": "bill.issued"}
    answers = [send(town, here, "/staff/webhooks/new", **wanted).status_code for _ in range(21)]
    assert answers[0] == 200
    assert answers[-1] == 422
