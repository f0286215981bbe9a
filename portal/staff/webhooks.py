"""Programs that are told what happens: their endpoints, what each was told, and telling it again."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import Response

from core.db import ReadSession, WriteSession
from notifications.webhooks import endpoints, queries
from notifications.webhooks.endpoints import NewSecret
from notifications.webhooks.errors import WebhookChanged, WebhooksMany, WebhookUnknown
from notifications.webhooks.events import TYPES
from notifications.webhooks.ports import CALLER, TargetRefused, TargetUnresolved
from notifications.webhooks.queries import EndpointView
from portal.pages import go, speak, text_of
from portal.staff import lists
from portal.staff.once import Made, SentOnce, do_once, once
from portal.staff.pages import CheckedForm, FreshCode, StaffReader, check, check_fresh, requires, resolved, show
from services.accounts.queries import staffing
from services.accounts.roles import StaffPermission
from web.runtime import RuntimeDep
from web.session import Lookups, Now, Write

router = APIRouter(include_in_schema=False)

CONFLICT: Final = 409
PAGE: Final = 50
MOST_UNITS: Final = 300
WEBHOOKS: Final = "/staff/webhooks"
ONE: Final = WEBHOOKS + "/{endpoint_id}"

Manager = Annotated[StaffReader, requires(StaffPermission.WEBHOOKS_MANAGE)]
Word = Annotated[str, Form(max_length=100)]
Url = Annotated[str, Form(max_length=4_000)]
Events = Annotated[list[str], Form(max_length=50, default_factory=list)]
DeliveryId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@dataclass(frozen=True)
class EndpointForm:
    """What was typed of an endpoint, to be shown again."""

    name: str = ""
    url: str = ""
    unit: str = ""
    events: tuple[str, ...] = TYPES
    version: str = ""

    @classmethod
    def of(cls, view: EndpointView) -> "EndpointForm":
        """An endpoint as it is."""
        return cls(view.name, view.url, view.unit_code, view.events, view.version)


def _manager_of_lookup(request: Request, runtime: RuntimeDep, db: Lookups, now: Now) -> StaffReader:
    """The reader of a form that names a host, with a fresh code: found before the host is looked up."""
    with db.write() as session:
        reader = resolved(request, runtime, session, now)
    check(reader, StaffPermission.WEBHOOKS_MANAGE)
    check_fresh(reader)
    return reader


ManagerOfLookup = Annotated[StaffReader, Depends(_manager_of_lookup)]


@router.get(WEBHOOKS)
def webhooks(request: Request, reader: Manager, write: Write, now: Now) -> Response:
    """Every endpoint in my units."""
    rows = queries.endpoints(write, staff_id=reader.staff_id, now=now)
    return show(request, "staff/webhooks.html", reader, mine=lists.mine(write, reader, "webhooks"), rows=rows)


@router.get(WEBHOOKS + "/new")
def new(request: Request, reader: Manager, write: Write, now: Now) -> Response:
    """Ask what to make."""
    return _form(request, write, reader, None, EndpointForm(), {}, now=now)


@router.post(WEBHOOKS + "/new", dependencies=[CheckedForm])
def add(
    request: Request,
    runtime: RuntimeDep,
    reader: ManagerOfLookup,
    db: Lookups,
    now: Now,
    sent: SentOnce,
    events: Events,
    name: Word = "",
    url: Url = "",
    unit: Word = "",
) -> Response:
    """Make an endpoint, and show its secret, once."""
    typed = EndpointForm(name.strip(), url.strip(), unit.strip(), tuple(each for each in TYPES if each in events))
    _, wrong = speak(request), _wrong(request, typed)

    def work(session: WriteSession) -> Response | Made:
        place = staffing.unit_by_code(session, code=typed.unit)
        if place is None or not staffing.staff_may(
            session, staff_id=reader.staff_id, permission=StaffPermission.WEBHOOKS_MANAGE, unit_id=place.id, now=now
        ):
            wrong["unit"] = _("Choose a unit.")
        elif not wrong:
            try:
                made = endpoints.add(
                    session,
                    vault=runtime.vault,
                    unit_id=place.id,
                    name=typed.name,
                    url=typed.url,
                    events=typed.events,
                    staff_id=reader.staff_id,
                    actor=reader.actor,
                    now=now,
                )
                return Made(_told(request, session, reader, made, now=now), f"{WEBHOOKS}/{made.endpoint_id}")
            except WebhooksMany as refusal:
                wrong["unit"] = text_of(request, refusal)
        return _form(request, session, reader, None, typed, wrong, now=now)

    with db.write() as session:
        return do_once(session, reader, sent, lambda: work(session))


@router.get(ONE)
def webhook(
    request: Request,
    runtime: RuntimeDep,
    reader: Manager,
    write: Write,
    now: Now,
    endpoint_id: UUID,
    only: Annotated[str, Query(pattern=r"^(undelivered)?$")] = "",
    before: str = "",
    done: str = "",
) -> Response:
    """One endpoint with what it was told, the latest first."""
    return _page(request, runtime, write, reader, endpoint_id, {}, only=only, before=before, done=done, now=now)


@router.get(ONE + "/change")
def change_page(request: Request, reader: Manager, write: Write, now: Now, endpoint_id: UUID) -> Response:
    """The form with what it is now."""
    view = _view(write, reader, endpoint_id, now=now)
    return _form(request, write, reader, view, EndpointForm.of(view), {}, now=now)


@router.post(ONE + "/change", dependencies=[CheckedForm])
def change(
    request: Request,
    reader: ManagerOfLookup,
    db: Lookups,
    now: Now,
    endpoint_id: UUID,
    events: Events,
    name: Word = "",
    url: Url = "",
    version: Word = "",
) -> Response:
    """Give it another name, address or list of events."""
    with db.read() as session:
        view = _view(session, reader, endpoint_id, now=now)
    chosen = tuple(each for each in TYPES if each in events)
    typed = EndpointForm(name.strip(), url.strip(), view.unit_code, chosen, version)
    wrong = _wrong(request, typed)
    with db.write() as session:
        view = _view(session, reader, endpoint_id, now=now)
        if wrong:
            return _form(request, session, reader, view, typed, wrong, now=now)
        try:
            endpoints.change(
                session,
                endpoint=view,
                name=typed.name,
                url=typed.url,
                events=typed.events,
                actor=reader.actor,
                seen=version,
            )
        except WebhookChanged:
            view = _view(session, reader, endpoint_id, now=now)
            typed = replace(typed, version=view.version)
            return _form(request, session, reader, view, typed, {}, now=now, is_stale=True)
    return go(f"{WEBHOOKS}/{endpoint_id}?done=changed")


@router.post(ONE + "/secret", dependencies=[CheckedForm, FreshCode])
@once
def rotate(request: Request, runtime: RuntimeDep, reader: Manager, write: Write, now: Now, endpoint_id: UUID) -> Made:
    """A new secret, shown once; the one before signs along for a day."""
    view = _view(write, reader, endpoint_id, now=now)
    made = endpoints.rotate(write, vault=runtime.vault, endpoint=view, actor=reader.actor, now=now)
    return Made(_told(request, write, reader, made, now=now), f"{WEBHOOKS}/{endpoint_id}")


@router.post(ONE + "/delete", dependencies=[CheckedForm, FreshCode])
def delete(reader: Manager, write: Write, now: Now, endpoint_id: UUID) -> Response:
    """Tell it nothing any more, for ever."""
    endpoints.delete(write, endpoint=_view(write, reader, endpoint_id, now=now), actor=reader.actor, now=now)
    return go(WEBHOOKS)


@router.post(ONE + "/disable", dependencies=[CheckedForm, FreshCode])
def disable(reader: Manager, write: Write, now: Now, endpoint_id: UUID) -> Response:
    """Tell it nothing until somebody enables it."""
    endpoints.disable(write, endpoint=_view(write, reader, endpoint_id, now=now), actor=reader.actor, now=now)
    return go(f"{WEBHOOKS}/{endpoint_id}?done=disabled")


@router.post(ONE + "/enable", dependencies=[CheckedForm, FreshCode])
def enable(reader: Manager, write: Write, now: Now, endpoint_id: UUID) -> Response:
    """Go on where it stopped."""
    endpoints.enable(write, endpoint=_view(write, reader, endpoint_id, now=now), actor=reader.actor)
    return go(f"{WEBHOOKS}/{endpoint_id}?done=enabled")


@router.post(ONE + "/test", dependencies=[CheckedForm])
@once
def send_test(reader: Manager, write: Write, now: Now, endpoint_id: UUID) -> Response:
    """Queue a test behind all that waits."""
    endpoints.send_test(write, endpoint=_view(write, reader, endpoint_id, now=now), actor=reader.actor, now=now)
    return go(f"{WEBHOOKS}/{endpoint_id}?done=tested")


@router.post(ONE + "/replay", dependencies=[CheckedForm, FreshCode])
@once
def replay(
    request: Request,
    runtime: RuntimeDep,
    reader: Manager,
    write: Write,
    now: Now,
    endpoint_id: UUID,
    which: Annotated[str, Form(pattern=r"^(set_aside|since)$")] = "since",
    since: Word = "",
) -> Response:
    """Tell again what was set aside, or all since a moment of the supplier's clock."""
    _ = speak(request)
    view = _view(write, reader, endpoint_id, now=now)
    if which == "set_aside":
        endpoints.replay_set_aside(write, endpoint=view, actor=reader.actor)
        return go(f"{WEBHOOKS}/{endpoint_id}?done=replayed")
    try:
        moment = datetime.fromisoformat(since)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=runtime.settings.zone)
    except ValueError:
        wrong = {"since": _("Enter a date and a time.")}
        return _page(request, runtime, write, reader, endpoint_id, wrong, now=now)
    endpoints.replay_since(write, endpoint=view, since=moment, actor=reader.actor)
    return go(f"{WEBHOOKS}/{endpoint_id}?done=replayed")


@router.post(ONE + "/deliveries/{delivery_id}/replay", dependencies=[CheckedForm, FreshCode])
def replay_one(reader: Manager, write: Write, now: Now, endpoint_id: UUID, delivery_id: DeliveryId) -> Response:
    """Tell one thing again, or now."""
    view = _view(write, reader, endpoint_id, now=now)
    endpoints.replay(write, endpoint=view, delivery_id=delivery_id, actor=reader.actor)
    return go(f"{WEBHOOKS}/{endpoint_id}?done=replayed")


@router.post(ONE + "/deliveries/{delivery_id}/set-aside", dependencies=[CheckedForm, FreshCode])
def set_aside(reader: Manager, write: Write, now: Now, endpoint_id: UUID, delivery_id: DeliveryId) -> Response:
    """Let what comes behind it go on."""
    view = _view(write, reader, endpoint_id, now=now)
    endpoints.set_aside(write, endpoint=view, delivery_id=delivery_id, actor=reader.actor)
    return go(f"{WEBHOOKS}/{endpoint_id}?done=set_aside")


def _view(session: ReadSession, reader: StaffReader, endpoint_id: UUID, *, now: datetime) -> EndpointView:
    found = queries.endpoint(session, endpoint_id=endpoint_id, staff_id=reader.staff_id, now=now)
    if found is None:
        raise WebhookUnknown
    return found


def _wrong(request: Request, typed: EndpointForm) -> dict[str, str]:
    """What is wrong with a form; looks the host up, so no transaction is open."""
    _ = speak(request)
    wrong: dict[str, str] = {}
    if not typed.name or not typed.name.isprintable():
        wrong["name"] = _("Give it a name.")
    try:
        CALLER.get().check_target(typed.url)
    except (TargetRefused, TargetUnresolved) as refusal:
        wrong["url"] = text_of(request, refusal)
    if not typed.events:
        wrong["events"] = _("Choose at least one event.")
    return wrong


def _form(
    request: Request,
    session: ReadSession,
    reader: StaffReader,
    view: EndpointView | None,
    typed: EndpointForm,
    wrong: dict[str, str],
    *,
    now: datetime,
    is_stale: bool = False,
) -> Response:
    units = staffing.staff_units(
        session,
        staff_id=reader.staff_id,
        permission=StaffPermission.WEBHOOKS_MANAGE,
        now=now,
        limit=MOST_UNITS + 1,
    )
    return show(
        request,
        "staff/webhook_form.html",
        reader,
        status=CONFLICT if is_stale else None,
        here=f"{WEBHOOKS}/new" if view is None else f"{WEBHOOKS}/{view.id}/change",
        view=view,
        typed=typed,
        is_stale=is_stale,
        types=TYPES,
        units=units if len(units) <= MOST_UNITS else [],
        wrong=wrong,
    )


def _told(request: Request, session: ReadSession, reader: StaffReader, made: NewSecret, *, now: datetime) -> Response:
    view = _view(session, reader, made.endpoint_id, now=now)
    here = f"{WEBHOOKS}/{view.id}"
    return show(request, "staff/webhook_secret.html", reader, here=here, view=view, secret=made.secret)


def _page(
    request: Request,
    runtime: RuntimeDep,
    session: WriteSession,
    reader: StaffReader,
    endpoint_id: UUID,
    wrong: dict[str, str],
    *,
    only: str = "",
    before: str = "",
    done: str = "",
    now: datetime,
) -> Response:
    view = _view(session, reader, endpoint_id, now=now)
    scope = f"staff.webhook|{reader.staff_id}|{endpoint_id}|{only}"
    [behind] = runtime.cursors.behind(before, scope=scope, first=[None])
    found = queries.deliveries(
        session, endpoint_id=endpoint_id, only_undelivered=bool(only), before=behind, limit=PAGE + 1
    )
    rows, more = runtime.cursors.page(found, PAGE, scope=scope, position=lambda each: [each.id])
    return show(
        request,
        "staff/webhook.html",
        reader,
        here=f"{WEBHOOKS}/{endpoint_id}",
        view=view,
        rows=rows,
        only=only,
        more=f"{WEBHOOKS}/{endpoint_id}?{urlencode({'only': only, 'before': more})}" if more else "",
        done=done,
        wrong=wrong,
        has_earlier_secret=view.earlier_until is not None and view.earlier_until > now,
    )
