"""An account as staff see it: whole, masked, theirs alone to see; what they show in clear and write is kept."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from core import clock
from core.periods import business_date
from services.accounts import operations as accounts
from services.accounts.models import Role
from services.accounts.operations import serving
from services.accounts.roles import StaffRole
from tests.factories.accounts import ACTOR, grant, make_account, make_user
from tests.factories.readings import place_meter, show_register
from tests.factories.staff import Member
from tests.factories.usage import bind, put_readings
from tests.support.office import HERE, Office, office_of
from tests.support.town import HOLDER, Home, Town
from web import metrics

PHONE = "+8613800138042"
NAME = "欧阳震华"


@pytest.fixture
def office(town: Town) -> Office:
    """The staff of the town, all of whom have just given a code."""
    made = office_of(town)
    for member in made.members.values():
        if member is not made.members["disabled"]:
            made.fresh(member)
    return made


@pytest.fixture
def account_no(town: Town) -> str:
    """An account here with everything that is masked."""
    with town.runtime.db.write() as session:
        made = make_account(session, town.runtime.vault, name=NAME, phone=PHONE, unit_id=town.unit_id)
        return made.account_no


def get(town: Town, office: Office, member: Member, path: str) -> tuple[int, str]:
    town.client.cookies.clear()
    headers = {**office.browser(member), "accept-language": "en"}
    answer = town.client.get(path, headers=headers, follow_redirects=False)
    return answer.status_code, answer.text


def send(town: Town, office: Office, member: Member, path: str, **fields: str) -> tuple[int, str]:
    town.client.cookies.clear()
    headers = {**office.browser(member), "accept-language": "en", "referer": "http://testserver/staff"}
    form = {"csrf": office.form_token(member), **fields}
    answer = town.client.post(path, data=form, headers=headers, follow_redirects=False)
    return answer.status_code, answer.text


def acts(town: Town, account_no: str, act: str) -> list[sa.Row[tuple[object, ...]]]:
    with town.runtime.db.read() as session:
        return list(
            session.sql(
                """select a.actor, a.after, a.unit_id from audit a
                   where a.act = :act and a.subject = (select 'account:' || id from account where account_no = :no)""",
                act=act,
                no=account_no,
            )
        )


def test_the_page_tells_bills_payments_postings_access_messages_and_acts(town: Town, office: Office) -> None:
    status, page = get(town, office, office.members["here"], f"/staff/accounts/{town.neighbour.account_no}")
    assert status == 200
    for told in (
        town.neighbour.bills[0].bill_no,
        town.people["neighbour"].paid_no,
        "Clearing, WeChat Pay",
        "+86137****",
        "Access given",
    ):
        assert told in page, told
    assert HOLDER not in page


def test_acts_name_people_by_their_masked_telephones_and_no_id(town: Town, office: Office, account_no: str) -> None:
    with town.runtime.db.write() as session:
        user_id = make_user(session, town.runtime.vault, phone="+8613900005511")
        account = session.sql("select id from account where account_no = :no", no=account_no).scalar_one()
        grant(session, user_id=user_id, account_id=account, role=Role.VIEWER)
    _, page = get(town, office, office.members["here"], f"/staff/accounts/{account_no}/acts")
    assert "Person: +86139****5511" in page
    assert str(user_id) not in page


def test_messages_to_whoever_had_access_are_told_however_many_people_have(town: Town, office: Office) -> None:
    with town.runtime.db.write() as session:
        account = make_account(session, town.runtime.vault, unit_id=town.unit_id)
        had, *have = (make_user(session, town.runtime.vault) for _ in range(52))
        for user_id in (had, *have):
            grant(session, user_id=user_id, account_id=account.id, role=Role.VIEWER)
        session.sql("update access_grant set revoked_at = now(), ended_why = 'given_up' where user_id = :id", id=had)
        session.sql(
            """insert into message (owner, id, channel, intent, template, priority, params, locale, state, expires_at,
                 address_masked, account_ids)
               values (:owner, gen_random_uuid(), 'sms', 'x', 'bill_ready', 1, '{}', 'en', 'delivered', now(),
                 '+86166****0042', array[cast(:account_id as bigint)])""",
            owner=f"user:{had}",
            account_id=account.id,
        )
    status, page = get(town, office, office.members["here"], f"/staff/accounts/{account.account_no}/messages")
    assert (status, "+86166****0042" in page) == (200, True)


@pytest.mark.parametrize(
    "path", ["", "/bills", "/payments", "/postings", "/access", "/messages", "/notes", "/acts", "/others"]
)
def test_an_account_of_another_unit_looks_like_none(town: Town, office: Office, path: str) -> None:
    here = office.members["here"]
    answers = [get(town, office, here, f"/staff/accounts/{no}{path}") for no in (town.far.account_no, town.missing_no)]
    assert [status for status, _ in answers] == [404, 404]
    plain = [
        re.sub(r"\b[0-9a-f]{32}\b", "#", text).replace(no, "@")
        for (_, text), no in zip(answers, (town.far.account_no, town.missing_no), strict=True)
    ]
    assert plain[0] == plain[1]


def test_the_number_of_statements_does_not_grow_with_what_there_is(town: Town, office: Office) -> None:
    bare = town.build(town.unit_id, has_bills=False)

    def statements(home: Home) -> int:
        counted: list[str] = []
        listen = lambda *told: counted.append(told[2])  # noqa: E731 -- taken away again by this name
        engine = town.runtime.db.engine
        sa.event.listen(engine, "before_cursor_execute", listen)
        try:
            assert get(town, office, office.members["here"], f"/staff/accounts/{home.account_no}")[0] == 200
        finally:
            sa.event.remove(engine, "before_cursor_execute", listen)
        return len(counted)

    assert statements(town.house) == statements(bare)
    assert statements(bare) <= 15


def test_meters_latest_readings_agreements_and_entitlements_are_told(town: Town, office: Office) -> None:
    today = business_date(clock.now(), town.settings.zone)
    with town.runtime.db.write() as session:
        account = make_account(session, town.runtime.vault, unit_id=town.unit_id)
        place_meter(session, account_id=account.id, meter_no="M-OLD", since=date(2020, 2, 3), until=date(2024, 5, 6))
        place_meter(session, account_id=account.id, meter_no="M-NEW", since=date(2024, 5, 6))
        put_readings(session, account.id, {date(2026, 1, 7): [1_000_000] * 96}, meter_no="M-NEW")
        bind(session, account.id, "OLD-CODE", first=date(2020, 1, 1), end=date(2024, 1, 1))
        bind(session, account.id, "NEW-CODE", no=2, first=date(2024, 1, 1))
        shown = {datetime(2025, 12, 1, tzinfo=UTC): 1_234_500_000, datetime(2026, 1, 1, tzinfo=UTC): 1_240_250_000}
        show_register(session, account_id=account.id, meter_no="M-NEW", shown=shown)
        for kind, begin, end in (("contract_kw", -30, 30), ("persons", -60, 0), ("low_income", 10, None)):
            accounts.add_entitlement(
                session,
                account_id=account.id,
                kind=kind,
                value=Decimal(1 if kind == "low_income" else 7),
                valid_from=today + timedelta(days=begin),
                valid_to=None if end is None else today + timedelta(days=end),
                document="",
                renewals={},
                actor=ACTOR,
                now=clock.now(),
            )
    path = f"/staff/accounts/{account.account_no}"
    _, page = get(town, office, office.members["here"], path)
    told = re.sub(r"<[^>]+>", " ", page.split('id="meters"')[1].split('id="bills"')[0])
    told = " ".join(told.split())
    assert "M-NEW May 6, 2024 – Jan 8, 2026, 00:00 Total register 1,240.25 · Jan 1, 2026, 08:00" in told
    assert "1,234.5" not in told
    assert "M-OLD February 3, 2020 May 6, 2024 – –" in told
    assert told.index("NEW-CODE") < told.index("OLD-CODE from January 1, 2020 up to January 1, 2024")
    assert "Contract demand 7" in told
    assert "Low income" in told
    assert "People in the home" not in told
    assert 'href="/staff/tariffs/NEW-CODE"' in page


def test_payments_and_acts_are_for_those_who_may_read_them(town: Town, office: Office) -> None:
    agent = office.members["without"]
    status, page = get(town, office, agent, f"/staff/accounts/{town.house.account_no}")
    assert status == 200
    assert 'id="payments"' in page
    assert 'id="acts"' not in page
    assert get(town, office, agent, f"/staff/accounts/{town.house.account_no}/acts")[0] == 403


@pytest.mark.parametrize(("hidden", "shown"), [("name", NAME), ("phone", PHONE)])
def test_what_is_masked_is_shown_once_for_a_reason_that_is_kept(
    town: Town, office: Office, account_no: str, hidden: str, shown: str
) -> None:
    here = office.members["here"]
    path = f"/staff/accounts/{account_no}"
    assert shown not in get(town, office, here, path)[1]
    status, page = send(town, office, here, f"{path}/reveal", hidden=hidden, reason="caller gave the number")
    assert (status, shown in page) == (200, True)
    assert shown not in get(town, office, here, path)[1]
    (act,) = acts(town, account_no, "accounts.revealed")
    assert act.actor == f"staff:{here.staff_id}"
    assert act.after == {"what": hidden, "reason": "caller gave the number"}
    assert act.unit_id == town.unit_id


def test_only_what_there_is_can_be_shown_and_what_is_gone_meanwhile_is_told_at_its_field(
    town: Town, office: Office
) -> None:
    here, path = office.members["here"], f"/staff/accounts/{town.house.account_no}"
    page = get(town, office, here, path)[1]
    assert ('<option value="name"' in page, '<option value="phone"' in page) == (True, False)
    status, page = send(town, office, here, f"{path}/reveal", hidden="phone", reason="caller gave the number")
    assert (status, "There is none, or not any more." in page) == (422, True)
    elsewhere = office.members["elsewhere"]
    assert send(town, office, elsewhere, f"{path}/reveal", hidden="phone", reason="caller gave it")[0] == 404


def test_nothing_is_shown_without_a_reason_a_fresh_code_or_the_permission(
    town: Town, office: Office, account_no: str
) -> None:
    path = f"/staff/accounts/{account_no}/reveal"
    with town.runtime.db.write() as session:
        finance = office.employ(session, StaffRole.FINANCE, HERE)
        stale = office.employ(session, StaffRole.AGENT, HERE)
        session.sql("update staff_session set stepped_up_at = null where staff_id = :id", id=stale.staff_id)
    here, elsewhere = office.members["here"], office.members["elsewhere"]
    asked = {"hidden": "phone", "reason": "caller gave the number"}
    answers = {
        "no reason": send(town, office, here, path, hidden="phone", reason="  x "),
        "no code": send(town, office, stale, path, **asked),
        "no permission": send(town, office, finance, path, **asked),
        "another unit": send(town, office, elsewhere, path, **asked),
    }
    assert {name: status for name, (status, _) in answers.items()} == {
        "no reason": 422,
        "no code": 403,
        "no permission": 403,
        "another unit": 404,
    }
    assert all(PHONE not in page for _, page in answers.values())
    assert acts(town, account_no, "accounts.revealed") == []


def test_who_has_seen_as_much_as_an_hour_allows_is_told_so_and_counted(
    town: Town, office: Office, account_no: str
) -> None:
    with town.runtime.db.write() as session:
        agent = office.employ(session, StaffRole.AGENT, HERE)
        for _ in range(serving.REVEALS.per_hour - 1):
            accounts.reason_to_reveal(session, reason="Called.", staff_id=agent.staff_id, now=clock.now())
    asked = {"hidden": "phone", "reason": "caller gave the number"}
    path = f"/staff/accounts/{account_no}/reveal"
    counted = metrics.SECURITY.labels("reveal_limited")._value
    before = counted.get()
    assert [send(town, office, agent, path, **asked)[0] for _ in range(2)] == [200, 422]
    assert counted.get() == before + 1


def test_a_note_is_kept_with_who_wrote_it_and_never_changes(town: Town, office: Office, account_no: str) -> None:
    agent, path = office.members["without"], f"/staff/accounts/{account_no}"
    text = "<b>Called</b> about March.\nCalls back on Friday."
    assert send(town, office, agent, f"{path}/notes", text=text)[0] == 303
    page = get(town, office, office.members["here"], path)[1]
    assert "&lt;b&gt;Called&lt;/b&gt; about March.\nCalls back on Friday." in page
    assert page.count(f"Staff {agent.name}") == 2, "by the note, and by the act"
    with town.runtime.db.write() as session, pytest.raises(sa.exc.DBAPIError):
        session.sql("update account_note set text_sealed = text_sealed || 'x'")
    for unkept in (" \n ", "paid \u202e00.1"):
        status, told = send(town, office, agent, f"{path}/notes", text=unkept)
        assert status == 422
        assert "Write a note of 1 to 2,000 characters, none of them hidden." in told
    assert f'href="/staff/gaps/{account_no}"' in page
    assert send(town, office, office.members["elsewhere"], f"{path}/notes", text="x")[0] == 404


def test_sections_go_on_page_after_page_without_a_gap(town: Town, office: Office, account_no: str) -> None:
    with town.runtime.db.write() as session:
        session.sql(
            """insert into account_note (account_id, id, written_by, written_at, text)
               select a.id, cast(lpad(to_hex(g), 32, '0') as uuid), :staff, :now, 'note ' || g || '.'
               from account a, generate_series(1, 101) g where a.account_no = :no""",
            staff=office.members["here"].staff_id,
            now=clock.now(),
            no=account_no,
        )
    seen: list[int] = []
    path = f"/staff/accounts/{account_no}/notes"
    while path:
        page = get(town, office, office.members["here"], path)[1]
        seen += [int(no) for no in re.findall(r"note (\d+)\.", page)]
        found = re.search(r'class="button plain" href="([^"]+)"', page)
        path = found[1] if found else ""
    assert seen == list(range(101, 0, -1))


def test_other_accounts_of_a_customer_are_shown_where_the_reader_may_look_and_nowhere_else(
    town: Town, office: Office
) -> None:
    with town.runtime.db.write() as session:
        first, second, far = (
            make_account(session, town.runtime.vault, unit_id=unit, account_no=no)
            for no, unit in (
                ("7900000001", town.unit_id),
                ("7900000002", town.unit_id),
                ("7900000003", town.far.account.unit_id),
            )
        )
        session.sql(
            """update account set customer_id = (select customer_id from account where id = :first)
               where id in (:second, :far)""",
            first=first.id,
            second=second.id,
            far=far.id,
        )
    for path in ("", "/others"):
        page = get(town, office, office.members["here"], f"/staff/accounts/{first.account_no}{path}")[1]
        assert f'href="/staff/accounts/{second.account_no}"' in page
        assert far.account_no not in page
    top = get(town, office, office.members["top"], f"/staff/accounts/{first.account_no}")[1]
    assert far.account_no in top
    alone = get(town, office, office.members["here"], f"/staff/accounts/{town.neighbour.account_no}")[1]
    assert "Other accounts of this customer" not in alone


def test_a_bill_leads_from_its_account_to_its_lines_and_the_payments_that_settled_it(
    town: Town, office: Office
) -> None:
    home, payment_no = town.neighbour, town.people["neighbour"].paid_no
    with town.runtime.db.read() as session:
        bill_no = session.sql(
            """select b.bill_no from bill b join bill_settlement s on s.account_id = b.account_id and s.bill_id = b.id
               join account a on a.id = b.account_id where a.account_no = :no limit 1""",
            no=home.account_no,
        ).scalar_one()
    path = f"/staff/accounts/{home.account_no}/bills/{bill_no}"
    here = office.members["here"]
    assert f'href="{path}"' in get(town, office, here, f"/staff/accounts/{home.account_no}")[1]
    assert f'href="{path}"' in get(town, office, here, office.sought(here, "/staff/search", q=bill_no))[1]
    status, page = get(town, office, here, path)
    assert status == 200
    for told in ("Electricity", "Left to pay", f'href="/staff/payments/{payment_no}"'):
        assert told in page, told
    assert HOLDER not in page
