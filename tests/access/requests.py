"""How each operation is asked for: the only place of the access tests that knows paths and bodies."""

import functools
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import UUID

from core.audit import Actor
from portal.customer import payments as payment_pages
from portal.pages import Reader
from services.billing import queries as billing
from tests.access import (
    callback_requests,
    group_requests,
    office_reading_requests,
    office_tariff_requests,
    own_reading_requests,
    quote_requests,
    staff_requests,
)
from tests.access.asking import Asked, Asking, Object, Scene, Things, of_device, telling
from tests.access.letting_in import add_wechat, invite, let_in, somebodys_phone
from tests.factories import payments as paying
from tests.support import programs
from tests.support.town import HOLDER, STANDINGS, Home, Person, Town
from web import cookies

NOBODY: Final = uuid.UUID("0197a3c2-0000-7c55-9a53-000000000000")
NO_PAYMENT: Final = "0000000000000000"
SPOILING: Final = frozenset(
    {
        "POST /api/v1/account-links",
        "DELETE /api/v1/account-links/{account_no}",
        "DELETE /api/v1/accounts/{account_no}/grants/{grant_id}",
        "DELETE /api/v1/accounts/{account_no}/invitations/{invitation_id}",
        "POST /api/v1/invitations/{invitation_id}/accept",
        "DELETE /api/v1/invitations/{invitation_id}",
        "POST /accounts/{account_no}/people/leave",
        "POST /accounts/{account_no}/people/{grant_id}/revoke",
        "POST /accounts/{account_no}/people/invitations/{invitation_id}/withdraw",
        "POST /invitations/{invitation_id}/accept",
        "POST /invitations/{invitation_id}/decline",
        "POST /accounts/link",
        "DELETE /api/v1/me/devices",
        "DELETE /api/v1/me/devices/current",
        "DELETE /api/v1/me/devices/{session_id}",
        "DELETE /api/v1/me/wechat/{identity_id}",
        "POST /me/wechat/{identity_id}/unlink",
        "POST /me/devices/others/revoke",
        "POST /me/devices/{session_id}/revoke",
        "POST /sign-out",
        *own_reading_requests.SPOILING,
    }
)
"""What takes or gives rights, or one does once a day: each cell has people and homes of its own."""


def scene(
    town: Town,
    operation: str,
    caller: str,
    wanted: Object,
    *,
    home: Home | None = None,
    person: Person | None = None,
) -> Scene:
    """Arrange one cell: around the town's own people, or around the `home` and `person` that are given."""
    if staff_requests.is_of_staff(operation):
        return staff_requests.scene(town, operation, caller, wanted)
    standing = caller if caller in STANDINGS else "owner"
    is_spoiling = operation in SPOILING and home is None
    if home is None:
        home = town.build(town.unit_id, has_bills=False) if is_spoiling else town.house
    if person is None and standing != "anonymous":
        spare = is_spoiling and caller != "forged_form"
        person = town.with_standing(standing, home, has_payments=False) if spare else town.people[standing]
    return Scene(town, operation, caller, wanted, person, _things(town, wanted, home, person, is_spoiling=is_spoiling))


def _things(town: Town, wanted: Object, home: Home, person: Person | None, *, is_spoiling: bool) -> Things:
    match wanted:
        case "others":
            fresh = town.build(town.unit_id, has_bills=False) if is_spoiling else town.neighbour
            where, who = fresh, town.people["neighbour"]
        case "other_unit":
            where, who = town.far, town.people["far"]
        case "missing":
            account_no = f"{uuid.uuid4().int % 10**10:010d}" if is_spoiling else town.missing_no
            return Things(None, account_no, "B0000000000", NO_PAYMENT, NO_PAYMENT, NOBODY, NOBODY, NOBODY)
        case _:
            where, who = home, person or town.people["owner"]
    return Things(
        where,
        where.account_no,
        where.bills[-1].bill_no if where.bills else "",
        who.waiting_no,
        who.paid_no,
        who.message_id,
        who.device_id,
        who.wechat_id,
    )


def headers_of(made: Scene) -> dict[str, str]:
    """What tells who calls, at the API or at the portal."""
    person, town = made.person, made.town
    if staff_requests.is_of_staff(made.operation):
        return staff_requests.headers_of(made)
    is_api = made.operation.partition(" ")[2].startswith("/api/")
    if made.caller.startswith("service"):
        return programs.standing(town, made.caller)
    if person is None:
        return {}
    if made.caller == "wrong_kind":
        return town.token_of(person, "staff") if is_api else person.bearer
    if is_api and made.caller != "cookie_only":
        return person.bearer
    return town.browser(person)


def _get(template: str) -> Asking:
    def ask(made: Scene) -> Asked:
        things = made.things
        return Asked(
            template.format(
                account_no=things.account_no,
                bill_no=things.bill_no,
                payment_no=things.payment_no,
                paid_no=things.paid_no,
                message_id=things.message_id,
                session_id=things.device_id,
                identity_id=things.wechat_id,
            )
        )

    return ask


def _key() -> dict[str, str]:
    return {"idempotency-key": uuid.uuid4().hex}


def _proof(made: Scene) -> dict[str, object]:
    meter = "M0" if made.things.home is None else made.things.home.meter_no
    return {"kind": "meter_no", "name_character": HOLDER[0], "meter_no": meter}


def _link(made: Scene) -> Asked:
    return Asked(
        "/api/v1/account-links", json={"account_no": made.things.account_no, "proof": _proof(made)}, headers=_key()
    )


def _pay(made: Scene) -> Asked:
    body = {"account_no": made.things.account_no, "amount_minor": 100, "method": "wechat_native"}
    return Asked("/api/v1/payments", json=body, headers=_key())


def _again(made: Scene) -> Asked:
    return Asked(f"/api/v1/payments/{made.things.payment_no}/attempts", json={}, headers=_key())


def _quote(made: Scene) -> Asked:
    body = {"account_no": made.things.account_no, "name_hint": HOLDER[0]}
    return Asked("/api/v1/payment-quotes", json=body, headers=_key())


def _static(made: Scene) -> Asked:
    assets = made.town.app.state.renderer.assets
    return Asked(assets.url("app.css") if made.object == "own" else "/static/app.000000000000.css")


def _form(path: str, fields: Callable[[Scene], dict[str, str]] | None = None) -> Asking:
    def ask(made: Scene) -> Asked:
        asked = _get(path)(made)
        is_known = made.person is not None and made.caller != "wrong_kind"
        token = made.town.form_token(made.person if is_known else None)
        if made.caller == "forged_form":
            token = "0" * 64
        return Asked(asked.path, form={"csrf": token, **(fields(made) if fields else {})})

    return ask


def _link_fields(made: Scene) -> dict[str, str]:
    proof = _proof(made)
    return {
        "account_no": made.things.account_no,
        "name_character": HOLDER[0],
        "proof": "meter_no",
        "proof_value": str(proof["meter_no"]),
    }


def _pay_fields(made: Scene) -> dict[str, str]:
    person = made.person or made.town.people["owner"]
    reader = Reader(person.user_id, person.session_id, "", "en", Actor("test"))
    key = payment_pages._key(made.town.runtime.vault, reader, paying.payment_no()[:16])
    return {"key": key, "amount": "1.00", "method": "wechat_native"}


def _together_fields(made: Scene) -> dict[str, str]:
    due = 1
    if made.things.home is not None:
        with made.town.runtime.db.read() as session:
            due = billing.owed(session, account_id=made.things.home.account.id).due.minor
    return {**_pay_fields(made), "account": made.things.account_no, "amount_minor": str(due)}


def _push(kind: str) -> Asking:
    """A row of nobody's: what a program may do is about kinds of things, not about whose they are."""
    return lambda _made: Asked(f"/api/v1/backoffice/{kind}", json={"items": [{}]}, headers=_key())


def _give_up(made: Scene) -> Asked:
    form = _form("/payments/{payment_no}/give-up")(made).form
    return Asked(f"/payments/{_waiting(made)}/give-up", form=form)


def _give_up_by_api(made: Scene) -> Asked:
    return Asked(f"/api/v1/payments/{_waiting(made)}/give-up", headers=_key())


def _waiting(made: Scene) -> str:
    """A payment to give up: the one of other cells goes on waiting."""
    if (
        made.things.home is not made.town.house
        or made.object != "own"
        or made.person is None
        or made.caller not in {"owner", "payer", "stranger"}
    ):
        return str(made.things.payment_no)
    return made.town.start_payment(made.person.user_id, made.town.house, by_quote=made.caller == "stranger")


def _change_fields(_made: Scene) -> dict[str, str]:
    return {"amount": "1.00", "method": "wechat_native"}


def _sign_in(path: str, **more: str) -> Asking:
    """Each with a telephone and a browser of its own, so that no limit is met."""

    def ask(made: Scene) -> Asked:
        vault, settings = made.town.runtime.vault, made.town.settings
        visitor = cookies.new_value()
        token = "0" * 64 if made.caller == "forged_form" else cookies.form_token(vault, visitor)
        held = [headers_of(made).get("cookie"), f"{cookies.visitor_name(settings)}={visitor}"]
        number = f"+86136{uuid.uuid4().int % 10**8:08d}"
        return Asked(
            path,
            form={"csrf": token, "phone": number, **more},
            headers={"cookie": "; ".join(filter(None, held))},
        )

    return ask


def _code(_made: Scene) -> Asked:
    number = f"+86135{uuid.uuid4().int % 10**8:08d}"
    return Asked("/api/v1/auth/otp", json={"phone": number, "device_id": uuid.uuid4().hex})


def _wrong_code(made: Scene) -> Asked:
    body = {**_code(made).json, "grant_type": "otp", "code": "000000"}
    return Asked("/api/v1/auth/token", json=body)


@functools.cache
def _far(town: Town) -> tuple[UUID, UUID]:
    """A grant and an invitation of the home in another unit, of which every cell gets the same."""
    return let_in(town, town.far)[1], invite(town, town.people["far"], town.far, somebodys_phone())


def _granted(town: Town, home: Home, wanted: Object) -> UUID:
    return _far(town)[0] if wanted == "other_unit" else let_in(town, home)[1]


def _invited(town: Town, home: Home, wanted: Object) -> UUID:
    if wanted == "other_unit":
        return _far(town)[1]
    return invite(town, town.settle(home, has_payments=False), home, somebodys_phone())


def _let_in(path: str, *, is_form: bool = False) -> Asking:
    """About somebody whom an owner of the home let in."""

    def ask(made: Scene) -> Asked:
        home = made.things.home
        granted = NOBODY if home is None else _granted(made.town, home, made.object)
        asked = (_form(path) if is_form else _get(path))(made)
        return replace(asked, path=asked.path.replace("GRANT", str(granted)))

    return ask


def _sent(path: str, *, is_form: bool = False) -> Asking:
    """About an invitation that an owner of the home sent."""

    def ask(made: Scene) -> Asked:
        home, sent = made.things.home, NOBODY
        if home is not None:
            sent = _invited(made.town, home, made.object)
        asked = (_form(path) if is_form else _get(path))(made)
        return replace(asked, path=asked.path.replace("INVITATION", str(sent)))

    return ask


def _got(path: str, *, is_form: bool = False) -> Asking:
    """About an invitation to the caller, or to somebody else, of an account of which nobody in the scene knows."""

    def ask(made: Scene) -> Asked:
        town, got = made.town, NOBODY
        if made.object != "missing":
            home = town.build(
                town.far.account.unit_id if made.object == "other_unit" else town.unit_id, has_bills=False
            )
            invited = made.person.phone if made.object == "own" and made.person is not None else somebodys_phone()
            got = invite(town, town.settle(home, has_payments=False), home, invited)
        asked = (_form(path) if is_form else _get(path))(made)
        headers = {} if is_form else _key()
        return replace(asked, path=asked.path.replace("INVITATION", str(got)), headers={**asked.headers, **headers})

    return ask


def _invite(made: Scene) -> Asked:
    body = {"phone": somebodys_phone(), "role": "viewer", "scope": "totals", "last_day": "2199-12-31"}
    return Asked(f"/api/v1/accounts/{made.things.account_no}/invitations", json=body, headers=_key())


ASKING: Final[dict[str, Asking]] = {
    "POST /api/v1/auth/otp": _code,
    "POST /api/v1/auth/token": _wrong_code,
    "GET /api/v1/me": _get("/api/v1/me"),
    "PATCH /api/v1/me": lambda _made: Asked("/api/v1/me", json={"locale": "zh-CN"}),
    "GET /api/v1/me/devices": _get("/api/v1/me/devices"),
    "DELETE /api/v1/me/devices": _get("/api/v1/me/devices"),
    "DELETE /api/v1/me/devices/current": _get("/api/v1/me/devices/current"),
    "DELETE /api/v1/me/devices/{session_id}": _get("/api/v1/me/devices/{session_id}"),
    "GET /api/v1/me/data-export": _get("/api/v1/me/data-export"),
    "PUT /api/v1/me/data-export": _get("/api/v1/me/data-export"),
    "POST /api/v1/me/data-export/code": of_device("/api/v1/me/data-export/code"),
    "POST /api/v1/me/data-export/download": of_device("/api/v1/me/data-export/download", code="000000"),
    "GET /api/v1/me/erasure": _get("/api/v1/me/erasure"),
    "POST /api/v1/me/erasure/code": of_device("/api/v1/me/erasure/code"),
    "PUT /api/v1/me/erasure": of_device("/api/v1/me/erasure", code="000000"),
    "DELETE /api/v1/me/erasure": _get("/api/v1/me/erasure"),
    "GET /api/v1/me/consents": _get("/api/v1/me/consents"),
    "PUT /api/v1/me/consents/{purpose}": lambda _made: Asked("/api/v1/me/consents/analysis", json={"text_version": 1}),
    "DELETE /api/v1/me/consents/{purpose}": _get("/api/v1/me/consents/marketing"),
    "GET /api/v1/me/wechat": _get("/api/v1/me/wechat"),
    "POST /api/v1/me/wechat": add_wechat,
    "DELETE /api/v1/me/wechat/{identity_id}": _get("/api/v1/me/wechat/{identity_id}"),
    "GET /api/v1/accounts": _get("/api/v1/accounts"),
    "GET /api/v1/dues": _get("/api/v1/dues"),
    "GET /api/v1/accounts/{account_no}": _get("/api/v1/accounts/{account_no}"),
    "GET /api/v1/accounts/{account_no}/usage": _get("/api/v1/accounts/{account_no}/usage"),
    "GET /api/v1/accounts/{account_no}/usage/cost": _get("/api/v1/accounts/{account_no}/usage/cost"),
    "GET /api/v1/accounts/{account_no}/usage/cost/days": _get(
        "/api/v1/accounts/{account_no}/usage/cost/days?month=2026-01"
    ),
    "GET /api/v1/accounts/{account_no}/usage/intervals": _get(
        "/api/v1/accounts/{account_no}/usage/intervals?from=2026-01-01&to=2026-01-31"
    ),
    "GET /api/v1/accounts/{account_no}/usage/what-if": _get("/api/v1/accounts/{account_no}/usage/what-if"),
    "GET /api/v1/accounts/{account_no}/usage/export": _get(
        "/api/v1/accounts/{account_no}/usage/export?from=2026-01-01&to=2026-01-31"
    ),
    **own_reading_requests.asking(_get, _form),
    "GET /api/v1/accounts/{account_no}/tariff": _get("/api/v1/accounts/{account_no}/tariff"),
    "GET /api/v1/accounts/{account_no}/bills": _get("/api/v1/accounts/{account_no}/bills"),
    "GET /api/v1/accounts/{account_no}/bills/{bill_no}": _get("/api/v1/accounts/{account_no}/bills/{bill_no}"),
    "POST /api/v1/account-links": _link,
    "DELETE /api/v1/account-links/{account_no}": _get("/api/v1/account-links/{account_no}"),
    "GET /api/v1/accounts/{account_no}/grants": _get("/api/v1/accounts/{account_no}/grants"),
    "DELETE /api/v1/accounts/{account_no}/grants/{grant_id}": _let_in("/api/v1/accounts/{account_no}/grants/GRANT"),
    "GET /api/v1/accounts/{account_no}/invitations": _get("/api/v1/accounts/{account_no}/invitations"),
    "POST /api/v1/accounts/{account_no}/invitations": _invite,
    "DELETE /api/v1/accounts/{account_no}/invitations/{invitation_id}": _sent(
        "/api/v1/accounts/{account_no}/invitations/INVITATION"
    ),
    "GET /api/v1/invitations": _get("/api/v1/invitations"),
    "POST /api/v1/invitations/{invitation_id}/accept": _got("/api/v1/invitations/INVITATION/accept"),
    "DELETE /api/v1/invitations/{invitation_id}": _got("/api/v1/invitations/INVITATION"),
    "GET /api/v1/inbox": _get("/api/v1/inbox"),
    "PUT /api/v1/inbox/{message_id}/read": _get("/api/v1/inbox/{message_id}/read"),
    "POST /api/v1/payments": _pay,
    "GET /api/v1/payments/{payment_no}": _get("/api/v1/payments/{payment_no}"),
    "GET /api/v1/payments/{payment_no}/events": _get("/api/v1/payments/{paid_no}/events"),
    "POST /api/v1/payments/{payment_no}/attempts": _again,
    "POST /api/v1/payments/{payment_no}/check": _get("/api/v1/payments/{payment_no}/check"),
    "POST /api/v1/payments/{payment_no}/give-up": _give_up_by_api,
    "POST /api/v1/payment-quotes": _quote,
    "POST /api/v1/backoffice/units": _push("units"),
    "POST /api/v1/backoffice/accounts": _push("accounts"),
    "POST /api/v1/backoffice/bills": _push("bills"),
    "POST /api/v1/backoffice/billing-modes": _push("billing-modes"),
    "POST /api/v1/backoffice/entitlements": _push("entitlements"),
    "POST /api/v1/backoffice/readings": _push("readings"),
    "POST /api/v1/backoffice/register-readings": _push("register-readings"),
    "POST /api/v1/backoffice/slot-prices": _push("slot-prices"),
    "GET /api/v1/backoffice/accounts/{account_no}": _get("/api/v1/backoffice/accounts/{account_no}"),
    "GET /api/v1/backoffice/held-readings": _get("/api/v1/backoffice/held-readings"),
    "GET /api/v1/backoffice/missing-readings": _get("/api/v1/backoffice/missing-readings"),
    "GET /api/v1/backoffice/odd-readings": _get("/api/v1/backoffice/odd-readings"),
    "GET /api/v1/backoffice/payments": _get("/api/v1/backoffice/payments"),
    "GET /api/v1/openapi.json": _get("/api/v1/openapi.json"),
    "GET /livez": _get("/livez"),
    "GET /readyz": _get("/readyz"),
    "GET /metrics": _get("/metrics"),
    "GET /static/{served_name}": _static,
    "GET /docs/problems": _get("/docs/problems"),
    "GET /sign-in": _get("/sign-in"),
    "POST /sign-in": _sign_in("/sign-in"),
    "GET /sign-in/code": _get("/sign-in/code"),
    "GET /wechat/go": _get("/wechat/go"),
    "GET /wechat/back": _get("/wechat/back"),
    "POST /sign-in/code": _sign_in("/sign-in/code", code="000000"),
    "POST /sign-out": _form("/sign-out"),
    "GET /": _get("/"),
    "GET /accounts": _get("/accounts"),
    "GET /accounts/link": _get("/accounts/link"),
    "POST /accounts/link": _form("/accounts/link", _link_fields),
    "GET /accounts/{account_no}": _get("/accounts/{account_no}"),
    "GET /api/v1/accounts/{account_no}/details": _get("/api/v1/accounts/{account_no}/details"),
    "PUT /api/v1/accounts/{account_no}/details": lambda made: Asked(
        f"/api/v1/accounts/{made.things.account_no}/details",
        json={"equipment": {"solar": True}, "version": telling(made)["version"] or "none"},
    ),
    "GET /accounts/{account_no}/details": _get("/accounts/{account_no}/details"),
    "POST /accounts/{account_no}/details": _form("/accounts/{account_no}/details", telling),
    "GET /accounts/{account_no}/people": _get("/accounts/{account_no}/people"),
    "POST /accounts/{account_no}/people": _form(
        "/accounts/{account_no}/people", lambda _made: {"phone": somebodys_phone(), "role": "viewer"}
    ),
    "POST /accounts/{account_no}/people/leave": _form("/accounts/{account_no}/people/leave"),
    "POST /accounts/{account_no}/people/{grant_id}/revoke": _let_in(
        "/accounts/{account_no}/people/GRANT/revoke", is_form=True
    ),
    "POST /accounts/{account_no}/people/invitations/{invitation_id}/withdraw": _sent(
        "/accounts/{account_no}/people/invitations/INVITATION/withdraw", is_form=True
    ),
    "GET /invitations": _get("/invitations"),
    "POST /invitations/{invitation_id}/accept": _got("/invitations/INVITATION/accept", is_form=True),
    "POST /invitations/{invitation_id}/decline": _got("/invitations/INVITATION/decline", is_form=True),
    "GET /me": _get("/me"),
    "GET /me/data": _get("/me/data"),
    "POST /me/data/copy": _form("/me/data/copy"),
    "POST /me/data/copy/code": _form("/me/data/copy/code"),
    "POST /me/data/copy/download": _form("/me/data/copy/download", lambda _made: {"code": "000000"}),
    "POST /me/data/erase": _form("/me/data/erase"),
    "POST /me/data/erase/code": _form("/me/data/erase/code", lambda _made: {"code": "000000"}),
    "POST /me/data/erase/withdraw": _form("/me/data/erase/withdraw"),
    "GET /me/consents": _get("/me/consents"),
    "POST /me/consents/{purpose}/give": _form("/me/consents/analysis/give", lambda _made: {"text_version": "1"}),
    "POST /me/consents/{purpose}/withdraw": _form("/me/consents/marketing/withdraw"),
    "POST /me/language": _form("/me/language", lambda _made: {"locale": "zh-CN"}),
    "POST /me/devices/others/revoke": _form("/me/devices/others/revoke"),
    "POST /me/devices/{session_id}/revoke": _form("/me/devices/{session_id}/revoke"),
    "POST /me/wechat/{identity_id}/unlink": _form("/me/wechat/{identity_id}/unlink"),
    "GET /usage": _get("/usage"),
    "GET /usage/intervals": _get("/usage/intervals"),
    "GET /usage/intervals.json": _get("/usage/intervals.json?from=2026-01-01&to=2026-01-31"),
    "GET /usage/what-if": _get("/usage/what-if"),
    "GET /usage/export": _get("/usage/export?from=2026-01-01&to=2026-01-31"),
    "GET /tariff": _get("/tariff"),
    "GET /bills": _get("/bills"),
    "GET /bills/{account_no}/{bill_no}": _get("/bills/{account_no}/{bill_no}"),
    "GET /pay/{account_no}": _get("/pay/{account_no}"),
    "POST /pay/{account_no}": _form("/pay/{account_no}", _pay_fields),
    "GET /pay-together": _get("/pay-together"),
    "POST /pay-together": _form("/pay-together", _together_fields),
    "GET /payments/{payment_no}": _get("/payments/{payment_no}"),
    "GET /payments/{payment_no}/status": _get("/payments/{payment_no}/status"),
    "GET /payments/{payment_no}/events": _get("/payments/{paid_no}/events"),
    "GET /payments/{payment_no}/change": _get("/payments/{payment_no}/change"),
    "POST /payments/{payment_no}/change": _form("/payments/{payment_no}/change", _change_fields),
    "POST /payments/{payment_no}/give-up": _give_up,
    "POST /payments/{payment_no}/check": _form("/payments/{payment_no}/check"),
    "POST /payments/{payment_no}/again": _form("/payments/{payment_no}/again"),
    "GET /payments/{payment_no}/receipt": _get("/payments/{paid_no}/receipt"),
    "GET /inbox": _get("/inbox"),
    "GET /inbox/{message_id}": _get("/inbox/{message_id}"),
    "POST /inbox/{message_id}/read": _form("/inbox/{message_id}/read"),
    **group_requests.ASKING,
    **callback_requests.ASKING,
    **office_tariff_requests.ASKING,
    **office_reading_requests.ASKING,
    **quote_requests.asking(_form, _pay_fields),
    **staff_requests.ASKING,
}
