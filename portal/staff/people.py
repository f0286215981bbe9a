"""Who works here: the list, one member of staff, invitations, grants, and what each role allows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from core.db import WriteSession
from core.periods import day_of, start_of
from portal.pages import go, speak, text_of
from portal.staff import files, lists, terms
from portal.staff.once import Made, SentOnce, once
from portal.staff.pages import (
    CheckedForm,
    FreshCode,
    SignedInStaff,
    StaffReader,
    requires,
    show,
)
from services.accounts import operations as accounts
from services.accounts.errors import GrantBeyondOwn, GrantHeld, GrantTakesTwo, GrantToOneself, UnitUnknown
from services.accounts.queries import staffing
from services.accounts.roles import NEEDS_SECOND_PERSON, ROLES, StaffPermission, StaffRole
from services.casework import operations as casework
from services.casework.errors import NotJoined, ReasonMissing, RequestOpen
from services.casework.operations import GRANT_ROLE, RESET_PASSWORD, RESET_SECOND_FACTOR, GrantRole, ResetStaff
from services.identity import queries
from services.identity.errors import StaffNameInvalid, StaffNameTaken, StaffUnknown
from services.identity.operations import staff
from services.identity.operations.staff import Invited
from services.identity.queries import StaffView
from web.problems.common import NotFound
from web.runtime import Runtime, RuntimeDep
from web.session import Flows, Now, Write

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
MOST_UNITS: Final = 300
LISTED: Final = lists.LISTS["people"]
PEOPLE: Final = LISTED.path
RESETS: Final = {"second_factor": RESET_SECOND_FACTOR, "password": RESET_PASSWORD}

Viewer = Annotated[StaffReader, requires(StaffPermission.STAFF_VIEW)]
Manager = Annotated[StaffReader, requires(StaffPermission.STAFF_MANAGE)]
Word = Annotated[str, Form(max_length=100)]


@dataclass(frozen=True)
class GrantForm:
    """What was typed of a grant, to be shown again."""

    role: str = ""
    unit: str = ""
    until: str = ""
    reason: str = ""
    name: str = ""
    display_name: str = ""

    def valid_to(self, runtime: Runtime) -> datetime | None:
        """The end of the last day, None without one; raises ValueError for what is no date."""
        if not self.until:
            return None
        return start_of(day_of(self.until) + timedelta(days=1), runtime.settings.zone)


@router.get(PEOPLE)
def people(
    request: Request,
    runtime: RuntimeDep,
    reader: Viewer,
    write: Write,
    now: Now,
    part: Annotated[str, Query(max_length=terms.LONGEST_SEALED)] = "",
    state: Annotated[str, Query(pattern=r"^(invited|active|disabled)?$")] = "",
    after: str = "",
) -> Response:
    """Staff with a grant where I see staff."""
    seals = lists.seals_of(runtime, reader, now)
    opened = seals.read(part)
    typed = opened or ""
    scope = f"staff.people|{reader.staff_id}"
    [behind] = runtime.cursors.behind(after, scope=scope, first=[""])
    found = staffing.staff_page(
        write, seen_by=reader.staff_id, part=typed, state=state, after=behind, limit=PAGE + 1, now=now
    )
    rows, more = runtime.cursors.page(found, PAGE, scope=scope, position=lambda each: [each.name])
    mine = lists.mine(write, reader, "people", part=typed, state=state)
    return show(
        request,
        "staff/people.html",
        reader,
        here=LISTED.at(mine.asked, seals),
        is_over=opened is None,
        mine=mine,
        rows=rows,
        part=typed,
        state=state,
        more=LISTED.at(mine.asked, seals, after=more) if more else "",
        may_manage=reader.may(StaffPermission.STAFF_MANAGE),
    )


@router.post(PEOPLE, dependencies=[CheckedForm])
def find(
    runtime: RuntimeDep,
    reader: Viewer,
    now: Now,
    part: Annotated[str, Form(max_length=64)] = "",
    state: Annotated[str, Form(pattern=r"^(invited|active|disabled)?$")] = "",
) -> Response:
    """Lead to whoever is called so, without the name in the address."""
    asked = LISTED.asked([("part", part.strip()), ("state", state)])
    return go(LISTED.at(asked, lists.seals_of(runtime, reader, now)))


@router.post("/staff/people/export", dependencies=[CheckedForm])
def export(
    request: Request,
    runtime: RuntimeDep,
    db: Flows,
    now: Now,
    sent: SentOnce,
    part: Annotated[str, Form(max_length=64)] = "",
    state: Annotated[str, Form(pattern=r"^(invited|active|disabled)?$")] = "",
) -> Response:
    """Have the same people written to a file."""
    return files.ask(
        request,
        runtime,
        db,
        of_list="people",
        permission=StaffPermission.STAFF_VIEW,
        filters=lambda _session, _reader: {"part": part.strip(), "state": state},
        sent=sent,
        now=now,
    )


@router.get("/staff/roles")
def roles(request: Request, reader: SignedInStaff) -> Response:
    """What each role allows."""
    return show(request, "staff/roles.html", reader, roles=ROLES, permissions=list(StaffPermission))


@router.get("/staff/people/invite")
def invite_page(request: Request, reader: Manager, write: Write, now: Now) -> Response:
    """Ask whom to invite."""
    return _invite_page(request, write, reader, {}, GrantForm(), now=now)


@router.post("/staff/people/invite", dependencies=[CheckedForm, FreshCode])
@once
def invite(
    request: Request,
    runtime: RuntimeDep,
    reader: Manager,
    write: Write,
    now: Now,
    name: Word = "",
    display_name: Word = "",
    role: Word = "",
    unit: Word = "",
    until: Word = "",
) -> Response | Made:
    """Invite somebody with a first role, and show the address, once."""
    typed = GrantForm(role, unit.strip(), until, "", name.strip(), display_name.strip())
    wrong = _wrong_grant(request, runtime, typed, now=now)
    if typed.role in set(NEEDS_SECOND_PERSON):
        wrong["role"] = text_of(request, GrantTakesTwo())
    if not wrong:
        try:
            with write.begin_nested():
                invited = staff.invite(
                    write,
                    name=typed.name,
                    display_name=typed.display_name,
                    told_to=reader.staff_id,
                    actor=reader.actor,
                    now=now,
                )
                _grant(write, runtime, reader, typed, staff_id=invited.staff_id, now=now)
            return Made(_told(request, runtime, reader, write, invited), f"{PEOPLE}/{invited.staff_id}")
        except (StaffNameInvalid, StaffNameTaken) as refusal:
            wrong = {"name": text_of(request, refusal)}
        except UnitUnknown as refusal:
            wrong = {"unit": text_of(request, refusal)}
        except GrantBeyondOwn as refusal:
            wrong = {"role": text_of(request, refusal)}
    return _invite_page(request, write, reader, wrong, typed, now=now)


@router.get("/staff/people/{staff_id}")
def person(request: Request, reader: Viewer, write: Write, now: Now, staff_id: UUID, done: str = "") -> Response:
    """One member of staff."""
    return _person_page(request, write, reader, staff_id, now=now, done=done)


@router.post("/staff/people/{staff_id}/grants", dependencies=[CheckedForm, FreshCode])
@once
def grant(
    request: Request,
    runtime: RuntimeDep,
    reader: Manager,
    write: Write,
    now: Now,
    staff_id: UUID,
    role: Word = "",
    unit: Word = "",
    until: Word = "",
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Grant a role; one that decides about what others ask is asked for, and another decides."""
    _seen(write, reader, staff_id, now=now)
    typed = GrantForm(role, unit.strip(), until, reason.strip())
    wrong = _wrong_grant(request, runtime, typed, now=now)
    if not wrong:
        try:
            if typed.role in set(NEEDS_SECOND_PERSON):
                return go(f"/staff/approvals/{_ask_for_grant(write, runtime, reader, typed, staff_id, now=now)}")
            _grant(write, runtime, reader, typed, staff_id=staff_id, now=now)
            return go(f"{PEOPLE}/{staff_id}?done=granted")
        except UnitUnknown as refusal:
            wrong = {"unit": text_of(request, refusal)}
        except ReasonMissing as refusal:
            wrong = {"reason": text_of(request, refusal)}
        except (GrantBeyondOwn, GrantHeld, GrantToOneself, NotJoined, RequestOpen) as refusal:
            wrong = {"role": text_of(request, refusal)}
    return _person_page(request, write, reader, staff_id, now=now, wrong=wrong, typed=typed)


@router.post("/staff/people/{staff_id}/grants/{grant_id}/revoke", dependencies=[CheckedForm, FreshCode])
def revoke(reader: Manager, write: Write, now: Now, staff_id: UUID, grant_id: UUID) -> Response:
    """Take a role away, at once."""
    _seen(write, reader, staff_id, now=now)
    accounts.revoke_role(write, staff_id=staff_id, grant_id=grant_id, by=reader.staff_id, actor=reader.actor, now=now)
    return go(f"{PEOPLE}/{staff_id}?done=revoked")


@router.post("/staff/people/{staff_id}/disable", dependencies=[CheckedForm, FreshCode])
def disable(reader: Manager, write: Write, now: Now, staff_id: UUID) -> Response:
    """Lock somebody out, at once."""
    _managed(write, reader, staff_id, now=now)
    staff.disable(write, staff_id=staff_id, actor=reader.actor, now=now)
    return go(f"{PEOPLE}/{staff_id}?done=disabled")


@router.post("/staff/people/{staff_id}/enable", dependencies=[CheckedForm, FreshCode])
def enable(reader: Manager, write: Write, now: Now, staff_id: UUID) -> Response:
    """Let somebody back in."""
    _managed(write, reader, staff_id, now=now)
    staff.enable(write, staff_id=staff_id, actor=reader.actor, now=now)
    return go(f"{PEOPLE}/{staff_id}?done=enabled")


@router.post("/staff/people/{staff_id}/invitation", dependencies=[CheckedForm, FreshCode])
@once
def renew_invitation(
    request: Request, runtime: RuntimeDep, reader: Manager, write: Write, now: Now, staff_id: UUID
) -> Made:
    """Another invitation for somebody who has not joined yet, shown once."""
    _managed(write, reader, staff_id, now=now)
    if staffing.staff_decides(write, staff_id=staff_id, now=now):
        raise GrantTakesTwo
    invited = staff.renew_invitation(write, staff_id=staff_id, told_to=reader.staff_id, actor=reader.actor, now=now)
    return Made(_told(request, runtime, reader, write, invited), f"{PEOPLE}/{staff_id}")


@router.post("/staff/people/{staff_id}/reset", dependencies=[CheckedForm, FreshCode])
@once
def ask_for_reset(
    request: Request,
    reader: Manager,
    write: Write,
    now: Now,
    staff_id: UUID,
    what: Annotated[str, Form(pattern=r"^(second_factor|password)$")] = "second_factor",
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Ask that somebody's password or second factor be replaced; another decides."""
    _managed(write, reader, staff_id, now=now)
    kind = RESETS[what]
    [home] = staffing.staff_grants(write, staff_id=staff_id, seen_by=reader.staff_id, now=now)[:1]
    try:
        asked = casework.ask(
            write,
            kind=kind.name,
            subject=f"staff:{staff_id}",
            unit_id=home.unit.id,
            payload=ResetStaff(staff_id=staff_id),
            reason=reason,
            by=reader.staff_id,
            actor=reader.actor,
            now=now,
        )
    except (ReasonMissing, RequestOpen) as refusal:
        wrong = {"reset-reason": text_of(request, refusal)}
        typed = GrantForm(reason=reason)
        return _person_page(request, write, reader, staff_id, now=now, wrong=wrong, typed=typed, what=what)
    return go(f"/staff/approvals/{asked}")


def _grant(
    write: WriteSession, runtime: Runtime, reader: StaffReader, typed: GrantForm, *, staff_id: UUID, now: datetime
) -> None:
    accounts.grant_role(
        write,
        staff_id=staff_id,
        role=StaffRole(typed.role),
        unit_code=typed.unit,
        by=reader.staff_id,
        actor=reader.actor,
        now=now,
        valid_to=typed.valid_to(runtime),
    )


def _ask_for_grant(
    write: WriteSession, runtime: Runtime, reader: StaffReader, typed: GrantForm, staff_id: UUID, *, now: datetime
) -> UUID:
    role, valid_to = StaffRole(typed.role), typed.valid_to(runtime)
    unit = accounts.grantable_unit(
        write, staff_id=staff_id, role=role, unit_code=typed.unit, by=reader.staff_id, valid_to=valid_to, now=now
    )
    casework.check_joined(write, staff_id=staff_id)
    return casework.ask(
        write,
        kind=GRANT_ROLE.name,
        subject=f"staff:{staff_id}:{role}:{unit.code}",
        unit_id=unit.id,
        payload=GrantRole(staff_id=staff_id, role=role, unit_code=unit.code, valid_to=valid_to),
        reason=typed.reason,
        by=reader.staff_id,
        actor=reader.actor,
        now=now,
    )


def _wrong_grant(request: Request, runtime: Runtime, typed: GrantForm, *, now: datetime) -> dict[str, str]:
    _ = speak(request)
    wrong: dict[str, str] = {}
    if typed.role not in set(StaffRole):
        wrong["role"] = _("Choose a role.")
    if not typed.unit:
        wrong["unit"] = _("Choose a unit.")
    try:
        valid_to = typed.valid_to(runtime)
        is_past = valid_to is not None and valid_to <= now
    except (ValueError, OverflowError):
        is_past = True
    if is_past:
        wrong["until"] = _("Enter a day that is not past, or none.")
    return wrong


def _seen(write: WriteSession, reader: StaffReader, staff_id: UUID, *, now: datetime) -> StaffView:
    """The member of staff, when the reader sees them somewhere; raises NotFound."""
    found = queries.staff_member(write, staff_id=staff_id)
    if found is None or not staffing.staff_is_seen(write, staff_id=staff_id, seen_by=reader.staff_id, now=now):
        raise NotFound
    return found


def _managed(write: WriteSession, reader: StaffReader, staff_id: UUID, *, now: datetime) -> None:
    """Raise NotFound for somebody whom the reader does not see, a refusal for one whom they see and do not manage."""
    _seen(write, reader, staff_id, now=now)
    accounts.check_manages(write, staff_id=staff_id, by=reader.staff_id, now=now)


def _choices(write: WriteSession, reader: StaffReader, *, now: datetime) -> dict[str, Any]:
    units = staffing.staff_units(
        write, staff_id=reader.staff_id, permission=StaffPermission.STAFF_MANAGE, now=now, limit=MOST_UNITS + 1
    )
    return {
        "roles": [role for role, permissions in ROLES.items() if permissions <= reader.permissions],
        "by_two": [role for role in ROLES if role in NEEDS_SECOND_PERSON],
        "units": units if len(units) <= MOST_UNITS else [],
    }


def _invite_page(
    request: Request,
    write: WriteSession,
    reader: StaffReader,
    wrong: dict[str, str],
    typed: GrantForm,
    *,
    now: datetime,
) -> Response:
    choices = _choices(write, reader, now=now)
    choices["roles"] = [role for role in choices["roles"] if role not in NEEDS_SECOND_PERSON]
    return show(request, "staff/invite.html", reader, wrong=wrong, typed=typed, **choices)


def _person_page(
    request: Request,
    write: WriteSession,
    reader: StaffReader,
    staff_id: UUID,
    *,
    now: datetime,
    done: str = "",
    wrong: dict[str, str] | None = None,
    typed: GrantForm | None = None,
    what: str = "second_factor",
) -> Response:
    member = _seen(write, reader, staff_id, now=now)
    grants = staffing.staff_grants(write, staff_id=staff_id, seen_by=reader.staff_id, now=now)
    names = queries.staff_names(write, staff_ids={each.granted_by for each in grants if each.granted_by})
    manages = reader.may(StaffPermission.STAFF_MANAGE) and staff_id != reader.staff_id
    return show(
        request,
        "staff/person.html",
        reader,
        here=f"{PEOPLE}/{staff_id}",
        member=member,
        left_at=staffing.left_at(grants, now=now),
        grants=[{"view": each, "is_living": each.is_living(now), "by": names.get(each.granted_by)} for each in grants],  # type: ignore[arg-type] # None is nobody's id
        may_grant=manages,
        may_manage=manages and staffing.may_manage(write, staff_id=staff_id, by=reader.staff_id, now=now),
        may_renew=not staffing.staff_decides(write, staff_id=staff_id, now=now),
        is_me=staff_id == reader.staff_id,
        done=done,
        wrong=wrong or {},
        typed=typed or GrantForm(),
        what=what,
        **_choices(write, reader, now=now),
    )


def _told(request: Request, runtime: Runtime, reader: StaffReader, write: WriteSession, invited: Invited) -> Response:
    member = queries.staff_member(write, staff_id=invited.staff_id)
    if member is None:
        raise StaffUnknown
    return show(
        request,
        "staff/invited.html",
        reader,
        here=f"{PEOPLE}/{invited.staff_id}",
        member=member,
        address=f"{runtime.settings.public_url}/staff/invitations/{invited.token}",
        expires_at=invited.expires_at,
    )
