"""How each operation of the console is asked for."""

from collections.abc import Callable
from typing import Final
from uuid import UUID, uuid4

from core import clock
from core.ids import version_of
from portal.staff import terms
from tests.access import own_requests, reading_requests, tariff_requests
from tests.access.asking import Asked, Asking, Object, Scene, Things, telling
from tests.access.own_requests import NOBODY
from tests.support.office import ELSEWHERE, HERE, PUBLIC_URL, Place, office_of
from tests.support.town import Town
from web import cookies

STAFF_CALLERS: Final = ("anonymous", "customer", "here", "elsewhere", "without", "disabled")
"""Nobody, a signed-in customer, staff who may do it in the unit that is asked about, staff who may do it in another,
staff of that unit who may not do it, and somebody who could until they were disabled."""

STAFF_OBJECTS: Final = frozenset({"own", "other_unit", "missing"})
NOTHING: Final = Things(None, "", "", "", "", NOBODY, NOBODY, NOBODY)
NO_TOKEN: Final = "A" * 43


SPOILING: Final = frozenset({"POST /staff/sign-out"})
"""What ends a session: each cell has a person of its own."""


EVERYWHERE: Final = frozenset({"GET /staff/health", *tariff_requests.EDITING})
"""What takes a permission in every unit, as nobody of one unit has it."""


def is_of_staff(operation: str) -> bool:
    """Whether it is the console's."""
    return operation.partition(" ")[2].split("/")[1] == "staff"


def scene(town: Town, operation: str, caller: str, wanted: Object) -> Scene:
    """Arrange one cell: tests that know customers alone mean by their `owner` whoever may do it."""
    allowed = "top" if operation in EVERYWHERE else "here"
    standing = {"owner": allowed, "forged_form": "here"}.get(caller, caller)
    office = office_of(town)
    member = office.members.get(standing)
    if operation in SPOILING and standing in {"here", "elsewhere", "without"}:
        member = office.somebody()
    if member is not None and standing != "disabled":
        office.fresh(member)
    person = town.people["owner"] if caller == "customer" else None
    names = tuple(
        str(each)
        for each in (
            *office.requests.values(),
            *office.hooks.values(),
            *(each.staff_id for each in office.colleagues.values()),
        )
    )
    return Scene(town, operation, caller, wanted, person, NOTHING, member, (*names, str(NOBODY)))


def headers_of(made: Scene) -> dict[str, str]:
    """What tells who calls; a customer's cookie reaches the console only if somebody sends it there by hand."""
    if made.person is not None:
        cookie = f"{cookies.staff_session_name(made.town.settings)}={made.person.cookie}"
        return {"cookie": f"{made.town.browser(made.person)['cookie']}; {cookie}"}
    return {} if made.member is None else office_of(made.town).browser(made.member)


def _get(path: str, fields: Callable[[Scene], dict[str, str]] | None = None) -> Asking:
    return lambda made: Asked(path.format(**(fields(made) if fields else {})))


def _form(path: str, fields: Callable[[Scene], dict[str, str]] | None = None) -> Asking:
    """A form of whoever calls; `{name}` of the path is taken out of the fields."""

    def ask(made: Scene) -> Asked:
        filled = fields(made) if fields else {}
        used = {name: value for name, value in filled.items() if f"{{{name}}}" in path}
        token = office_of(made.town).form_token(made.member)
        if made.caller == "forged_form":
            token = "0" * 64
        if made.person is not None:
            token = cookies.form_token(made.town.runtime.vault, f"staff|{made.person.cookie}")
        rest = {name: value for name, value in filled.items() if name not in used}
        return Asked(path.format(**used), form={"csrf": token, **rest})

    return ask


def _visitor_form(path: str, fields: Callable[[Scene], dict[str, str]]) -> Asking:
    """A form of a browser in which nobody need be signed in."""

    def ask(made: Scene) -> Asked:
        filled = fields(made)
        used = {name: value for name, value in filled.items() if f"{{{name}}}" in path}
        visitor = cookies.new_value()
        vault, settings = made.town.runtime.vault, made.town.settings
        token = "0" * 64 if made.caller == "forged_form" else cookies.form_token(vault, f"staff|{visitor}")
        held = [headers_of(made).get("cookie"), f"{cookies.staff_visitor_name(settings)}={visitor}"]
        rest = {name: value for name, value in filled.items() if name not in used}
        return Asked(
            path.format(**used), form={"csrf": token, **rest}, headers={"cookie": "; ".join(filter(None, held))}
        )

    return ask


def _place(made: Scene) -> Place:
    return "other_unit" if made.object == "other_unit" else "own"


def _file(made: Scene) -> dict[str, str]:
    """A file of whoever calls, or of somebody else."""
    office = office_of(made.town)
    if made.object == "missing" or made.member is None or made.caller == "disabled":
        return {"file_id": str(NOBODY)}
    other = office.members["elsewhere" if made.caller != "elsewhere" else "here"]
    return {"file_id": str(office.file(made.member if made.object == "own" else other))}


def _token(made: Scene) -> dict[str, str]:
    return {"token": office_of(made.town).open_invitation if made.object == "own" else NO_TOKEN}


def _taking_up(made: Scene) -> dict[str, str]:
    return {**_token(made), "password": "walrus teaspoon gravel", "code": "000000"}


def _searched(made: Scene) -> Asked:
    """What a search leads whoever asks to, whether they may search or not."""
    if made.member is None:
        return Asked("/staff/search?sought=AAAA")
    with made.town.runtime.db.read() as session:
        held: UUID = session.sql(
            "select id from staff_session where staff_id = :id order by created_at limit 1", id=made.member.staff_id
        ).scalar_one()
    return Asked(f"/staff/search?sought={terms.seal(made.town.runtime.vault, held, '7000000000', now=clock.now())}")


def _person(made: Scene) -> dict[str, str]:
    """The colleague whom a page is about: the same for every look."""
    if made.object == "missing":
        return {"staff_id": str(NOBODY)}
    return {"staff_id": str(office_of(made.town).colleagues[_place(made)].staff_id)}


def _spare_person(made: Scene) -> dict[str, str]:
    """A colleague of whom something is taken."""
    if made.object == "missing":
        return {"staff_id": str(NOBODY)}
    return {"staff_id": str(office_of(made.town).colleague(_place(made)).staff_id)}


def _held(made: Scene) -> dict[str, str]:
    if made.object == "missing":
        return {"staff_id": str(NOBODY), "grant_id": str(NOBODY)}
    spare = office_of(made.town).colleague(_place(made))
    return {"staff_id": str(spare.staff_id), "grant_id": str(spare.grant_id)}


def _granting(made: Scene) -> dict[str, str]:
    unit = ELSEWHERE if made.object == "other_unit" else HERE
    return {**_spare_person(made), "role": "finance", "unit": unit, "reason": "She takes over."}


def _newcomer(made: Scene) -> dict[str, str]:
    return {"staff_id": str(NOBODY if made.object == "missing" else office_of(made.town).newcomer(_place(made)))}


def _inviting(made: Scene) -> dict[str, str]:
    return {
        "name": f"new{uuid4().hex[:12]}",
        "role": "agent",
        "unit": ELSEWHERE if made.caller == "elsewhere" else HERE,
    }


def _request(made: Scene) -> dict[str, str]:
    """A request of somebody else's: the same for every look."""
    office = office_of(made.town)
    return {"request_id": str(NOBODY if made.object == "missing" else office.requests[_place(made)])}


def _spare_request(made: Scene) -> dict[str, str]:
    office = office_of(made.town)
    return {"request_id": str(NOBODY if made.object == "missing" else office.request(_place(made)))}


def _own_request(made: Scene) -> dict[str, str]:
    """A request of the caller's own, which they alone may take back."""
    office = office_of(made.town)
    if made.object == "missing" or made.member is None:
        return {"request_id": str(NOBODY)}
    if made.object == "other_unit" or made.caller in {"without", "disabled"}:
        return {"request_id": str(office.request("other_unit" if made.caller != "elsewhere" else "own"))}
    return {"request_id": str(office.request("own" if made.caller != "elsewhere" else "other_unit", by=made.member))}


def _account(made: Scene) -> dict[str, str]:
    town = made.town
    homes = {"own": town.house.account_no, "other_unit": town.far.account_no}
    return {"account_no": homes.get(made.object, town.missing_no)}


_ENTITLED: Final = "/staff/entitlements/{account_no}"


def _entitling(made: Scene) -> dict[str, str]:
    """Something that the account is entitled to, of a kind of its own each time."""
    said = {"kind": f"k{uuid4().hex[:12]}", "holds_from": "2026-01-01", "document": "2026-0231"}
    return {**_account(made), **said}


def _ending(made: Scene) -> dict[str, str]:
    """One of the account's, which ends."""
    homes = {"own": made.town.house, "other_unit": made.town.far}
    home = homes.get(made.object)
    entitled = 1 if home is None else office_of(made.town).entitle(home.account)
    return {**_account(made), "entitlement_id": str(entitled), "ends_on": "2027-01-01"}


def _bill(made: Scene) -> dict[str, str]:
    """The first bill of the account that is asked about."""
    home = made.town.far if made.object == "other_unit" else made.town.house
    return {**_account(made), "bill_no": home.bills[0].bill_no}


def _telling(made: Scene) -> dict[str, str]:
    account = _account(made)
    return {**account, **telling(made, **account)}


def _noting(made: Scene) -> dict[str, str]:
    return {**_account(made), "text": "Called about March."}


def _correcting(made: Scene) -> dict[str, str]:
    """A name that nobody has; what was asked before is over."""
    with made.town.runtime.db.write() as session:
        session.sql(
            """update approval_request set state = 'withdrawn', decided_at = now()
               where kind = 'accounts.correct_data' and state = 'requested'"""
        )
    typed = {"field": "name", "value": f"王{uuid4().hex}", "document": "Identity card 37-18", "reason": "Seen."}
    return {**_account(made), **typed}


def _revealing(made: Scene) -> dict[str, str]:
    return {**_account(made), "hidden": "name", "reason": "caller gave the number"}


def _payment(made: Scene) -> dict[str, str]:
    """A payment that waits for its payer: looking changes nothing, and asking learns that it still waits."""
    payers = {"own": "owner", "other_unit": "far"}
    if made.object not in payers:
        return {"payment_no": "T0000000000000000000"}
    return {"payment_no": made.town.people[payers[made.object]].waiting_no}


def _callback(made: Scene) -> dict[str, str]:
    if made.object not in {"own", "other_unit"}:
        return {**_payment(made), "callback_id": str(2**62), "reason": "the payer sent a receipt"}
    payment_no = _payment(made)["payment_no"]
    callback_id = office_of(made.town).callback_about(payment_no)
    return {"payment_no": payment_no, "callback_id": str(callback_id), "reason": "the payer sent a receipt"}


def _beginning(made: Scene) -> dict[str, str]:
    """A look as the owner; of an account that is not there, as somebody's who is."""
    grant = office_of(made.town).grant_of(_place(made))
    return {**_account(made), "grant": str(grant), "why": "asked about March"}


def _looking(made: Scene) -> dict[str, str]:
    """What is seen by whoever could begin a look; others ask for the same addresses without one."""
    town, office, place = made.town, office_of(made.town), _place(made)
    if made.member is not None and made.caller != "disabled" and made.object != "missing":
        office.look(made.member, place)
    home, owner = (town.house, town.people["owner"]) if place == "own" else (town.far, town.people["far"])
    return {
        **_account(made),
        "bill_no": home.bills[0].bill_no,
        "payment_no": owner.paid_no,
        "message_id": str(office.letters[place]),
    }


def _suspense(made: Scene) -> dict[str, str]:
    town = made.town
    homes = {"own": town.house, "other_unit": town.far}
    if made.object not in homes:
        return {"suspense_id": str(2**62)}
    office = office_of(town)
    is_read = made.operation.startswith("GET ") or made.operation.endswith("/export")
    found = office.waiting[made.object] if is_read else office.waiting_money(homes[made.object].account)
    return {"suspense_id": str(found)}


def _claim(made: Scene) -> dict[str, str]:
    """A row without money that names a sum of the same account, which has gone back."""
    town = made.town
    homes = {"own": town.house, "other_unit": town.far}
    if made.object not in homes:
        return {"suspense_id": str(2**62), "why": "the same payer, seen in the provider's books"}
    found = office_of(town).named_twice(homes[made.object].account)
    return {"suspense_id": str(found), "why": "the same payer, seen in the provider's books"}


def _twice(made: Scene) -> dict[str, str]:
    """A sum of the account that went out twice."""
    town = made.town
    homes = {"own": town.house, "other_unit": town.far}
    said = {"way": "bear", "why": "seen in the provider's books"}
    if made.object not in homes:
        return {"suspense_id": str(2**62), "refund": str(UUID(int=7)), **said}
    office = office_of(town)
    account = homes[made.object].account
    waiting = office.waiting_money(account)
    with town.runtime.db.write() as session:
        refund_id = office.twice(session, waiting, account.account_no, office.members["top"])
    return {"suspense_id": str(waiting), "refund": str(refund_id), **said}


def _import(made: Scene) -> dict[str, str]:
    """A dry run of one unit's rows: the same for every look, a new one to be signed off."""
    office = office_of(made.town)
    if made.object == "missing":
        return {"run_id": str(2**62)}
    is_read = made.operation.startswith("GET ")
    return {"run_id": str(office.dry_runs[_place(made)] if is_read else office.dry_run(_place(made)))}


def _assigning(made: Scene) -> dict[str, str]:
    return {**_suspense(made), **_account(made)}


def _hook(made: Scene) -> dict[str, str]:
    office = office_of(made.town)
    return {"endpoint_id": str(NOBODY if made.object == "missing" else office.hooks[_place(made)])}


def _spare_hook(made: Scene) -> dict[str, str]:
    """An endpoint that whoever may do it takes away."""
    may = {"here": "own", "elsewhere": "other_unit"}.get(made.caller) == made.object
    return {"endpoint_id": str(office_of(made.town).hook(_place(made)))} if may else _hook(made)


def _told(made: Scene) -> dict[str, str]:
    if made.object == "missing":
        return {**_hook(made), "delivery_id": "1"}
    return {**_hook(made), "delivery_id": str(office_of(made.town).told(_place(made)))}


def _listening(made: Scene) -> dict[str, str]:
    unit = ELSEWHERE if made.caller == "elsewhere" else HERE
    return {"name": "billing", "url": PUBLIC_URL, "unit": unit, "events": "bill.issued"}


def _changing(made: Scene) -> dict[str, str]:
    """The form as it was shown just now."""
    hook = _hook(made)
    with made.town.runtime.db.read() as session:
        row = session.sql(
            "select name, url, events from webhook_endpoint where id = :id", id=hook["endpoint_id"]
        ).one_or_none()
    return {**_listening(made), **hook, "version": version_of(row.name, row.url, row.events) if row else ""}


_HOOK: Final = "/staff/webhooks/{endpoint_id}"


ASKING: Final[dict[str, Asking]] = {
    "GET /staff/sign-in": _get("/staff/sign-in"),
    "POST /staff/sign-in": _visitor_form("/staff/sign-in", lambda _: {"name": "nobody", "password": "guessed it"}),
    "GET /staff/sign-in/code": _get("/staff/sign-in/code"),
    "POST /staff/sign-in/code": _visitor_form("/staff/sign-in/code", lambda _: {"ticket": "", "code": "000000"}),
    "GET /staff/invitations/{token}": _get("/staff/invitations/{token}", _token),
    "POST /staff/invitations/{token}": _visitor_form("/staff/invitations/{token}", _taking_up),
    "POST /staff/sign-out": _form("/staff/sign-out"),
    "GET /staff/stay": _get("/staff/stay"),
    "GET /staff/step-up": _get("/staff/step-up"),
    "POST /staff/step-up": _form("/staff/step-up", lambda _: {"code": "000000"}),
    "GET /staff": _get("/staff"),
    "GET /staff/search": _searched,
    "POST /staff/search": _form("/staff/search", lambda _: {"q": "7000000000"}),
    "GET /staff/accounts/{account_no}": _get("/staff/accounts/{account_no}", _account),
    "GET /staff/accounts/{account_no}/{section}": _get("/staff/accounts/{account_no}/acts", _account),
    "GET /staff/accounts/{account_no}/bills/{bill_no}": _get("/staff/accounts/{account_no}/bills/{bill_no}", _bill),
    "POST /staff/accounts/{account_no}/notes": _form("/staff/accounts/{account_no}/notes", _noting),
    "POST /staff/accounts/{account_no}/reveal": _form("/staff/accounts/{account_no}/reveal", _revealing),
    "GET /staff/payments/unknown": _get("/staff/payments/unknown"),
    "GET /staff/payments/{payment_no}": _get("/staff/payments/{payment_no}", _payment),
    "POST /staff/payments/{payment_no}/check": _form("/staff/payments/{payment_no}/check", _payment),
    "POST /staff/payments/{payment_no}/callbacks/{callback_id}/reveal": _form(
        "/staff/payments/{payment_no}/callbacks/{callback_id}/reveal", _callback
    ),
    "POST /staff/accounts/{account_no}/look": _form("/staff/accounts/{account_no}/look", _beginning),
    "GET /staff/as/{account_no}": _get("/staff/as/{account_no}", _looking),
    "GET /staff/as/{account_no}/bills": _get("/staff/as/{account_no}/bills", _looking),
    "GET /staff/as/{account_no}/bills/{bill_account_no}/{bill_no}": _get(
        "/staff/as/{account_no}/bills/{account_no}/{bill_no}", _looking
    ),
    "GET /staff/as/{account_no}/payments/{payment_no}": _get("/staff/as/{account_no}/payments/{payment_no}", _looking),
    "GET /staff/as/{account_no}/payments/{payment_no}/receipt": _get(
        "/staff/as/{account_no}/payments/{payment_no}/receipt", _looking
    ),
    "GET /staff/as/{account_no}/usage": _get("/staff/as/{account_no}/usage", _looking),
    "GET /staff/as/{account_no}/tariff": _get("/staff/as/{account_no}/tariff", _looking),
    "GET /staff/as/{account_no}/inbox": _get("/staff/as/{account_no}/inbox", _looking),
    "GET /staff/as/{account_no}/inbox/{message_id}": _get("/staff/as/{account_no}/inbox/{message_id}", _looking),
    "POST /staff/as/{account_no}/end": _form("/staff/as/{account_no}/end", _account),
    "GET /staff/imports": _get("/staff/imports"),
    "GET /staff/imports/{run_id}": _get("/staff/imports/{run_id}", _import),
    "GET /staff/imports/{run_id}/rejects": _get("/staff/imports/{run_id}/rejects", _import),
    "GET /staff/imports/{run_id}/vanished": _get("/staff/imports/{run_id}/vanished", _import),
    "POST /staff/imports/{run_id}/sign-off": _form("/staff/imports/{run_id}/sign-off", _import),
    "GET /staff/suspense": _get("/staff/suspense"),
    "GET /staff/suspense/{suspense_id}": _get("/staff/suspense/{suspense_id}", _suspense),
    "POST /staff/suspense/{suspense_id}/assign": _form("/staff/suspense/{suspense_id}/assign", _assigning),
    "POST /staff/suspense/{suspense_id}/decide": _form("/staff/suspense/{suspense_id}/decide", _twice),
    "POST /staff/suspense/{suspense_id}/match": _form("/staff/suspense/{suspense_id}/match", _claim),
    "POST /staff/suspense/{suspense_id}/return": _form(
        "/staff/suspense/{suspense_id}/return", lambda made: {**_suspense(made), "why": "nobody knows the payer"}
    ),
    "GET /staff/quality": _get("/staff/quality"),
    "GET /staff/gaps": _get("/staff/gaps"),
    "GET /staff/gaps/{account_no}": _get("/staff/gaps/{account_no}", _account),
    "POST /staff/gaps/{account_no}": _form("/staff/gaps/{account_no}", _telling),
    "POST /staff/gaps/{account_no}/correct": _form("/staff/gaps/{account_no}/correct", _correcting),
    **tariff_requests.asking(_get, _form),
    **reading_requests.asking(_get, _form, _account),
    "GET /staff/entitlements": _get("/staff/entitlements"),
    f"GET {_ENTITLED}": _get(_ENTITLED, _account),
    f"POST {_ENTITLED}": _form(_ENTITLED, _entitling),
    f"POST {_ENTITLED}/{{entitlement_id}}/end": _form(f"{_ENTITLED}/{{entitlement_id}}/end", _ending),
    "GET /staff/health": _get("/staff/health"),
    "GET /staff/webhooks": _get("/staff/webhooks"),
    "GET /staff/webhooks/new": _get("/staff/webhooks/new"),
    "POST /staff/webhooks/new": _form("/staff/webhooks/new", _listening),
    f"GET {_HOOK}": _get(_HOOK, _hook),
    f"GET {_HOOK}/change": _get(f"{_HOOK}/change", _hook),
    f"POST {_HOOK}/change": _form(f"{_HOOK}/change", _changing),
    f"POST {_HOOK}/secret": _form(f"{_HOOK}/secret", _hook),
    f"POST {_HOOK}/delete": _form(f"{_HOOK}/delete", _spare_hook),
    f"POST {_HOOK}/disable": _form(f"{_HOOK}/disable", _hook),
    f"POST {_HOOK}/enable": _form(f"{_HOOK}/enable", _hook),
    f"POST {_HOOK}/test": _form(f"{_HOOK}/test", _hook),
    f"POST {_HOOK}/replay": _form(f"{_HOOK}/replay", lambda made: {**_hook(made), "since": "2026-06-01T10:00"}),
    f"POST {_HOOK}/deliveries/{{delivery_id}}/replay": _form(f"{_HOOK}/deliveries/{{delivery_id}}/replay", _told),
    f"POST {_HOOK}/deliveries/{{delivery_id}}/set-aside": _form(f"{_HOOK}/deliveries/{{delivery_id}}/set-aside", _told),
    "GET /staff/files": _get("/staff/files"),
    "POST /staff/files/{file_id}/content": _form("/staff/files/{file_id}/content", _file),
    "POST /staff/files/{file_id}/delete": _form("/staff/files/{file_id}/delete", _file),
    **own_requests.asking(_get, _form),
    "GET /staff/roles": _get("/staff/roles"),
    "POST /staff/people": _form("/staff/people", lambda _: {"part": "Staff"}),
    "POST /staff/people/export": _form("/staff/people/export"),
    "POST /staff/gaps/export": _form("/staff/gaps/export"),
    "POST /staff/payments/unknown/export": _form("/staff/payments/unknown/export"),
    "POST /staff/imports/{run_id}/rejects/export": _form("/staff/imports/{run_id}/rejects/export", _import),
    "POST /staff/imports/{run_id}/vanished/export": _form("/staff/imports/{run_id}/vanished/export", _import),
    "GET /staff/suspense/many": _get("/staff/suspense/many"),
    "POST /staff/suspense/many": _form("/staff/suspense/many"),
    "POST /staff/suspense/export": _form("/staff/suspense/export"),
    "GET /staff/people": _get("/staff/people"),
    "GET /staff/people/invite": _get("/staff/people/invite"),
    "POST /staff/people/invite": _form("/staff/people/invite", _inviting),
    "GET /staff/people/{staff_id}": _get("/staff/people/{staff_id}", _person),
    "POST /staff/people/{staff_id}/grants": _form("/staff/people/{staff_id}/grants", _granting),
    "POST /staff/people/{staff_id}/grants/{grant_id}/revoke": _form(
        "/staff/people/{staff_id}/grants/{grant_id}/revoke", _held
    ),
    "POST /staff/people/{staff_id}/disable": _form("/staff/people/{staff_id}/disable", _spare_person),
    "POST /staff/people/{staff_id}/enable": _form("/staff/people/{staff_id}/enable", _spare_person),
    "POST /staff/people/{staff_id}/invitation": _form("/staff/people/{staff_id}/invitation", _newcomer),
    "POST /staff/people/{staff_id}/reset": _form(
        "/staff/people/{staff_id}/reset", lambda made: {**_spare_person(made), "reason": "Lost it."}
    ),
    "GET /staff/approvals": _get("/staff/approvals"),
    "GET /staff/approvals/{request_id}": _get("/staff/approvals/{request_id}", _request),
    "POST /staff/approvals/{request_id}/approve": _form("/staff/approvals/{request_id}/approve", _spare_request),
    "POST /staff/approvals/{request_id}/refuse": _form(
        "/staff/approvals/{request_id}/refuse", lambda made: {**_spare_request(made), "why": "Not now."}
    ),
    "POST /staff/approvals/{request_id}/withdraw": _form("/staff/approvals/{request_id}/withdraw", _own_request),
    "GET /staff/audit": _get("/staff/audit"),
    "POST /staff/audit": _form("/staff/audit", lambda _: {"act": "accounts.grant"}),
    "POST /staff/audit/export": _form("/staff/audit/export"),
}
