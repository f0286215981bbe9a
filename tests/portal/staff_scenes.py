"""Every page of the console in every state that it has: how a member of staff comes there."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import pyotp

from core import clock
from core.db import Database
from services.accounts.queries import staffing
from services.accounts.roles import StaffRole
from services.casework import operations as casework
from services.casework.ports import KINDS
from services.identity.operations import staff
from tests.factories import staff as people
from tests.factories.staff import ACTOR, Member
from tests.support.browser import Visit

ROOT: Final = "JD"
SCENES: Final[dict[str, Callable[["Desk"], None]]] = {}
NAMES: Final = ("陈晓云", "Julia Sommer", "欧阳若兰", "吴海", "孙立群", "马志强", "郑秀英", "何大山")
_numbers = itertools.count(1)


@dataclass
class Desk:
    """One member of staff before a deployment, and what a scene needs of both."""

    visit: Visit

    @property
    def database(self) -> Database:
        """The deployment's database."""
        return self.visit.deployment.database

    def employ(self, role: StaffRole, *, unit: str = ROOT, called: str = "林晓梅") -> Member:
        """Somebody who joined, with a role."""
        with self.database.write() as session:
            name = f"desk{next(_numbers)}"
            made = people.employ(session, self.visit.deployment.vault, role=role, unit=unit, name=name)
            session.sql("update staff set display_name = :called where id = :id", called=called, id=made.staff_id)
        return made

    def sign_in(self, role: StaffRole = StaffRole.ADMIN, *, is_fresh: bool = True) -> Member:
        """Sit down as somebody new in this role, who has just given a code."""
        made = self.employ(role)
        if not is_fresh:
            with self.database.write() as session:
                session.sql("update staff_session set stepped_up_at = null where staff_id = :id", id=made.staff_id)
        self.visit.context.add_cookies(
            [{"name": "staff", "value": made.cookie, "domain": _host(self.visit), "path": "/staff"}]
        )
        return made

    def invitation(self) -> str:
        """The token of a living invitation."""
        with self.database.write() as session:
            return people.invited(session, name=f"desk{next(_numbers)}", now=clock.now()).token

    def request(self, *, by: Member, about: Member) -> UUID:
        """Somebody asks that a colleague become an administrator."""
        KINDS.fill({kind.name: kind for kind in casework.STAFF_KINDS})
        with self.database.write() as session:
            unit = staffing.unit_by_code(session, code="JD0101")
            assert unit is not None
            return casework.ask(
                session,
                kind="staff.grant_role",
                subject=f"staff:{about.staff_id}:admin",
                unit_id=unit.id,
                payload=casework.GrantRole(
                    staff_id=about.staff_id, role=StaffRole.ADMIN, unit_code="JD0101", valid_to=None
                ),
                reason="她将接替吴海负责桥北供电所。\nShe takes over the station from December on.",
                by=by.staff_id,
                actor=ACTOR,
                now=clock.now(),
            )


def _host(visit: Visit) -> str:
    return str(urlsplit(visit.deployment.url).hostname)


def scene(act: Callable[[Desk], None]) -> Callable[[Desk], None]:
    """Add a scene under its own name."""
    SCENES[act.__name__] = act
    return act


@scene
def staff_sign_in(desk: Desk) -> None:
    desk.visit.open("/staff")
    desk.visit.page.wait_for_selector("#password")


@scene
def staff_code(desk: Desk) -> None:
    staff_sign_in(desk)
    page = desk.visit.page
    page.fill("#name", "lin.xiaomei")
    page.fill("#password", "walrus teaspoon gravel")
    page.click("main button")
    page.wait_for_selector("#code")


@scene
def staff_code_wrong(desk: Desk) -> None:
    staff_code(desk)
    page = desk.visit.page
    page.fill("#code", "000000")
    page.click("main form button")
    page.wait_for_selector("#summary")


@scene
def staff_invitation(desk: Desk) -> None:
    desk.visit.open(f"/staff/invitations/{desk.invitation()}")


@scene
def staff_invitation_wrong(desk: Desk) -> None:
    staff_invitation(desk)
    page = desk.visit.page
    page.fill("#password", "Password1")
    page.fill("#code", page.evaluate("'123456'"))
    with desk.database.read() as session:
        name = page.input_value("[name=username]")
        assert session.sql("select count(*) from staff where name = :name", name=name).scalar_one() == 1
    page.click("main form button[type=submit]")
    page.wait_for_selector("#summary")


@scene
def staff_invitation_gone(desk: Desk) -> None:
    desk.visit.open(f"/staff/invitations/{'A' * 43}")


@scene
def staff_start(desk: Desk) -> None:
    me = desk.sign_in(StaffRole.MANAGER)
    with desk.database.write() as session:
        now = clock.now()
        people.grant(
            session, me.staff_id, role=StaffRole.AUDITOR, unit="JD0103", now=now, valid_to=now + timedelta(days=30)
        )
    desk.visit.open("/staff")


@scene
def staff_start_empty(desk: Desk) -> None:
    me = desk.sign_in(StaffRole.AGENT)
    with desk.database.write() as session:
        session.sql("update staff_grant set revoked_at = now() where staff_id = :id", id=me.staff_id)
    desk.visit.open("/staff")


@scene
def staff_me(desk: Desk) -> None:
    me = desk.sign_in(is_fresh=False)
    with desk.database.write() as session:
        session.sql(
            """insert into staff_session (id, staff_id, cookie_hash, device_name, created_at, last_used_at, idle_until, expires_at)
               values (gen_random_uuid(), :id, sha256(convert_to(cast(:id as text), 'UTF8')), 'Chrome, Windows', now(), now(), now() + interval '30 min', now() + interval '12 h')""",
            id=me.staff_id,
        )
    desk.visit.open("/staff/me")


@scene
def staff_me_wrong(desk: Desk) -> None:
    desk.sign_in()
    page = desk.visit.open("/staff/me")
    page.fill("#current", people.PASSWORD)
    page.fill("#password", "short")
    page.click("main form:has(#password) button")
    page.wait_for_selector("#summary")


@scene
def staff_recovery_codes(desk: Desk) -> None:
    desk.sign_in()
    page = desk.visit.open("/staff/me")
    page.click("form[action$='recovery-codes'] button")
    page.wait_for_selector(".codes")


@scene
def staff_authenticator(desk: Desk) -> None:
    desk.sign_in()
    desk.visit.open("/staff/me/authenticator")


@scene
def staff_authenticator_wrong(desk: Desk) -> None:
    staff_authenticator(desk)
    page = desk.visit.page
    page.fill("#password", "wrong")
    page.click("main form button")
    page.wait_for_selector("#summary")


@scene
def staff_authenticator_offered(desk: Desk) -> None:
    _offered_authenticator(desk)


@scene
def staff_authenticator_set(desk: Desk) -> None:
    page = desk.visit.page
    secret = _offered_authenticator(desk)
    page.fill("#code", pyotp.TOTP(secret).at(clock.now()))
    page.click("main form button")
    page.wait_for_selector(".codes")


@scene
def staff_start_after_new_authenticator(desk: Desk) -> None:
    staff_authenticator_set(desk)
    desk.visit.open("/staff")


@scene
def staff_me_after_recovery_code(desk: Desk) -> None:
    desk.sign_in()
    desk.visit.open("/staff/me?done=recovery_code")


def _offered_authenticator(desk: Desk) -> str:
    """Come to the page that shows a new one, and read it there."""
    me = desk.sign_in()
    page = desk.visit.open("/staff/me/authenticator")
    page.fill("#password", people.PASSWORD)
    page.fill("#code", me.recovery_codes[0])
    page.click("main form button")
    page.wait_for_selector(".secret")
    return page.inner_text(".secret").replace(" ", "")


@scene
def staff_step_up(desk: Desk) -> None:
    desk.sign_in(is_fresh=False)
    page = desk.visit.open("/staff/me")
    page.click("main .note a")
    page.wait_for_selector("#code")


@scene
def staff_step_up_wrong(desk: Desk) -> None:
    staff_step_up(desk)
    page = desk.visit.page
    page.fill("#code", "000000")
    page.click("main form button")
    page.wait_for_selector("#summary")


@scene
def staff_roles(desk: Desk) -> None:
    desk.sign_in(StaffRole.AGENT)
    desk.visit.open("/staff/roles")


@scene
def staff_people(desk: Desk) -> None:
    desk.sign_in()
    roles = itertools.cycle(StaffRole)
    units = itertools.cycle(("JD0101", "JD0102", "JD0103"))
    for called in NAMES:
        desk.employ(next(roles), unit=next(units), called=called)
    desk.visit.open("/staff/people")


@scene
def staff_people_mine(desk: Desk) -> None:
    """With a filter that is kept, another that could be, and columns that were chosen."""
    desk.sign_in()
    page = desk.visit.open("/staff/people")
    page.fill("#part", "desk")
    page.click("form.filters button")
    page.click("summary:has-text('Keep'), summary:has-text('保存')")
    page.fill("#filter-name", "江东的同事")
    page.click("form[action='/staff/filters'] button")
    page.wait_for_selector("a.chip[aria-current]")
    desk.visit.open("/staff/people?state=active")
    page.click(".tools details:last-of-type summary")
    page.uncheck("input[name=shown][value=units]")
    page.click("form[action='/staff/columns'] button")
    page.wait_for_selector("th:nth-child(4):last-child")
    for each in page.locator(".tools summary").all():
        each.click()


@scene
def staff_filters_wrong(desk: Desk) -> None:
    staff_people_mine(desk)
    page = desk.visit.open("/staff/people?state=active")
    page.click(".tools details:first-of-type summary")
    page.fill("#filter-name", "江东的同事")
    page.click("form[action='/staff/filters'] button")
    page.wait_for_selector("#summary")


@scene
def staff_people_nobody(desk: Desk) -> None:
    desk.sign_in()
    desk.visit.open("/staff/people?state=disabled")


@scene
def staff_invite(desk: Desk) -> None:
    desk.sign_in(StaffRole.MANAGER)
    desk.visit.open("/staff/people/invite")


@scene
def staff_invite_wrong(desk: Desk) -> None:
    staff_invite(desk)
    page = desk.visit.page
    page.fill("#name", "not a name!")
    page.select_option("#role", "agent")
    page.select_option("#unit", "JD0101")
    page.click("main form button")
    page.wait_for_selector("#summary")


@scene
def staff_invited(desk: Desk) -> None:
    staff_invite(desk)
    page = desk.visit.page
    page.fill("#display_name", "周雨桐")
    page.fill("#name", f"zhou{next(_numbers)}")
    page.select_option("#role", "agent")
    page.select_option("#unit", "JD0101")
    page.click("main form button")
    page.wait_for_selector(".once")


@scene
def staff_person(desk: Desk) -> None:
    me = desk.sign_in()
    other = desk.employ(StaffRole.AGENT, unit="JD0101", called="欧阳若兰")
    with desk.database.write() as session:
        now = clock.now()
        gone = people.grant(session, other.staff_id, role=StaffRole.FINANCE, unit="JD0102", now=now, by=me.staff_id)
        session.sql("update staff_grant set revoked_at = now() where id = :id", id=gone)
    desk.visit.open(f"/staff/people/{other.staff_id}?done=revoked")


@scene
def staff_person_wrong(desk: Desk) -> None:
    desk.sign_in()
    other = desk.employ(StaffRole.AGENT, unit="JD0101", called="欧阳若兰")
    page = desk.visit.open(f"/staff/people/{other.staff_id}")
    page.click("main form[action$='/grants'] button")
    page.wait_for_selector("#summary")


@scene
def staff_person_invited(desk: Desk) -> None:
    desk.sign_in()
    with desk.database.write() as session:
        made = people.invited(session, name=f"desk{next(_numbers)}", now=clock.now())
        people.grant(session, made.staff_id, role=StaffRole.AGENT, unit="JD0101", now=clock.now())
    desk.visit.open(f"/staff/people/{made.staff_id}")


@scene
def staff_person_disabled(desk: Desk) -> None:
    desk.sign_in()
    other = desk.employ(StaffRole.AGENT, unit="JD0101", called="欧阳若兰")
    with desk.database.write() as session:
        staff.disable(session, staff_id=other.staff_id, actor=ACTOR, now=clock.now())
    desk.visit.open(f"/staff/people/{other.staff_id}")


@scene
def staff_person_beyond(desk: Desk) -> None:
    desk.sign_in(StaffRole.MANAGER)
    other = desk.employ(StaffRole.ADMIN, called="马志强")
    desk.visit.open(f"/staff/people/{other.staff_id}")


@scene
def staff_person_me(desk: Desk) -> None:
    me = desk.sign_in()
    desk.visit.open(f"/staff/people/{me.staff_id}")


@scene
def staff_approvals(desk: Desk) -> None:
    me = desk.sign_in()
    asker = desk.employ(StaffRole.ADMIN, called="孙立群")
    first, second = (desk.employ(StaffRole.AGENT, unit="JD0101", called=called) for called in NAMES[:2])
    desk.request(by=asker, about=first)
    desk.request(by=me, about=second)
    desk.visit.open("/staff/approvals")


@scene
def staff_approvals_empty(desk: Desk) -> None:
    desk.sign_in(StaffRole.AGENT)
    desk.visit.open("/staff/approvals")


@scene
def staff_approval(desk: Desk) -> None:
    desk.sign_in()
    asker = desk.employ(StaffRole.ADMIN, called="孙立群")
    request_id = desk.request(by=asker, about=desk.employ(StaffRole.AGENT, unit="JD0101", called="陈晓云"))
    desk.visit.open(f"/staff/approvals/{request_id}")


@scene
def staff_approval_wrong(desk: Desk) -> None:
    staff_approval(desk)
    desk.visit.page.click("main .button.danger")
    desk.visit.page.wait_for_selector("#summary")


@scene
def staff_approval_mine(desk: Desk) -> None:
    me = desk.sign_in()
    request_id = desk.request(by=me, about=desk.employ(StaffRole.AGENT, unit="JD0101", called="陈晓云"))
    desk.visit.open(f"/staff/approvals/{request_id}")


@scene
def staff_approval_done(desk: Desk) -> None:
    staff_approval(desk)
    page = desk.visit.page
    page.fill("#why", "已核实。")
    page.click("main .button >> nth=0")
    page.wait_for_selector("#why", state="detached")


@scene
def staff_audit(desk: Desk) -> None:
    me = desk.sign_in()
    other = desk.employ(StaffRole.AGENT, unit="JD0101", called="吴海")
    with desk.database.write() as session:
        people.grant(session, other.staff_id, role=StaffRole.FINANCE, unit="JD0102", now=clock.now(), by=me.staff_id)
    desk.visit.open("/staff/audit")


@scene
def staff_audit_nothing(desk: Desk) -> None:
    desk.sign_in(StaffRole.AUDITOR)
    desk.visit.open("/staff/audit?act=no.such_act")


@scene
def staff_audit_date_wrong(desk: Desk) -> None:
    desk.sign_in(StaffRole.AUDITOR)
    desk.visit.open("/staff/audit?since=yesterday")


@scene
def staff_not_allowed(desk: Desk) -> None:
    desk.sign_in(StaffRole.AGENT)
    desk.visit.open("/staff/audit")


@scene
def staff_not_found(desk: Desk) -> None:
    desk.sign_in()
    desk.visit.open("/staff/people/0197a3c2-0000-7c55-9a53-000000000000")


@scene
def staff_session_over_soon(desk: Desk) -> None:
    member = desk.sign_in()

    def come_near() -> None:
        with desk.database.write() as session:
            session.sql(
                "update staff_session set last_used_at = now(), idle_until = now() + interval '4 minutes' where staff_id = :id",
                id=member.staff_id,
            )
        desk.visit.open("/staff/me")
        desk.visit.page.wait_for_selector("#ends .note button")

    come_near()
    with desk.database.write() as session:
        session.sql(
            "update staff_session set last_used_at = now() - interval '26 minutes' where staff_id = :id",
            id=member.staff_id,
        )
    desk.visit.page.click("#ends button")
    desk.visit.page.wait_for_selector("#ends .note", state="hidden")
    come_near()


@scene
def staff_session_over(desk: Desk) -> None:
    desk.visit.open("/staff/sign-in?over=form&next=/staff/me")
