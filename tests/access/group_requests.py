"""How each operation on groups of accounts is asked for: a group is its maker's alone, whatever access the maker has."""

import functools
import uuid
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from core import clock
from core.audit import Actor
from portal.customer import payments as payment_pages
from portal.pages import Reader
from services.accounts import operations
from services.billing import queries as billing
from tests.access.asking import Asked, Asking, Scene
from tests.factories import payments as paying
from tests.factories.accounts import ACTOR
from tests.support.town import Home, Person, Town

NOBODYS: Final = UUID("0197a3c2-0000-7c55-9a53-000000000000")
API: Final = "/api/v1/account-groups"
PAGES: Final = "/account-groups"
DAYS: Final = "?first=2020-01-01&last=2030-12-31"


def make(town: Town, person: Person, home: Home) -> UUID:
    """A group with a home's account, where its maker may pay for it."""
    with town.runtime.db.write() as session:
        session.sql("delete from account_group where user_id = :id", id=person.user_id)
        made = operations.create_group(
            session, user_id=person.user_id, name=f"G {uuid.uuid4().hex}", actor=ACTOR, now=clock.now()
        )
        operations.add_to_group(
            session,
            user_id=person.user_id,
            group_id=made,
            account_nos=[home.account_no],
            actor=ACTOR,
            now=clock.now(),
        )
    return made


@functools.cache
def _foreign(town: Town, name: str) -> UUID:
    """Another's group, the same for every cell."""
    return make(town, town.people[name], town.neighbour if name == "neighbour" else town.far)


def _group(made: Scene) -> UUID:
    match made.object:
        case "missing":
            return NOBODYS
        case "others":
            return _foreign(made.town, "neighbour")
        case "other_unit":
            return _foreign(made.town, "far")
        case _:
            return make(made.town, made.person or made.town.people["owner"], made.things.home or made.town.house)


def _key() -> dict[str, str]:
    return {"idempotency-key": uuid.uuid4().hex}


def _api(rest: str = "", body: Callable[[Scene], Any] | None = None) -> Asking:
    def ask(made: Scene) -> Asked:
        path = f"{API}/{_group(made)}{rest.format(account_no=made.things.account_no)}"
        headers = _key() if made.operation.startswith("POST ") else {}
        return Asked(path, json=None if body is None else body(made), headers=headers)

    return ask


def _page(rest: str = "") -> Asking:
    return lambda made: Asked(f"{PAGES}/{_group(made)}{rest}")


def _form(rest: str = "", fields: Callable[[Scene], dict[str, str]] | None = None) -> Asking:
    def ask(made: Scene) -> Asked:
        is_known = made.person is not None and made.caller != "wrong_kind"
        token = made.town.form_token(made.person if is_known else None)
        if made.caller == "forged_form":
            token = "0" * 64
        path = PAGES if not rest else f"{PAGES}/{_group(made)}{rest.format(account_no=made.things.account_no)}"
        return Asked(path, form={"csrf": token, **(fields(made) if fields else {})})

    return ask


def _name(_made: Scene) -> dict[str, str]:
    return {"name": f"N {uuid.uuid4().hex}"}


def _pay(made: Scene) -> dict[str, str]:
    person = made.person or made.town.people["owner"]
    reader = Reader(person.user_id, person.session_id, "", "en", Actor("test"))
    key = payment_pages._key(made.town.runtime.vault, reader, paying.payment_no()[:16])
    with made.town.runtime.db.read() as session:
        due = billing.owed(session, account_id=made.town.house.account.id).due.minor
    return {"key": key, "amount_minor": str(due), "method": "wechat_native"}


ASKING: Final[dict[str, Asking]] = {
    f"GET {API}": lambda _made: Asked(API),
    f"POST {API}": lambda made: Asked(API, json=_name(made), headers=_key()),
    f"GET {API}/{{group_id}}": _api(),
    f"PATCH {API}/{{group_id}}": _api("", _name),
    f"DELETE {API}/{{group_id}}": _api(),
    f"GET {API}/{{group_id}}/accounts": _api("/accounts"),
    f"POST {API}/{{group_id}}/accounts": _api("/accounts", lambda _made: {"account_nos": None}),
    f"DELETE {API}/{{group_id}}/accounts/{{account_no}}": _api("/accounts/{account_no}"),
    f"GET {API}/{{group_id}}/bills.csv": _api(f"/bills.csv{DAYS}"),
    f"GET {PAGES}": lambda _made: Asked(PAGES),
    f"POST {PAGES}": _form("", _name),
    f"GET {PAGES}/{{group_id}}": _page(),
    f"GET {PAGES}/{{group_id}}/bills.csv": _page(f"/bills.csv{DAYS}"),
    f"POST {PAGES}/{{group_id}}/rename": _form("/rename", _name),
    f"POST {PAGES}/{{group_id}}/delete": _form("/delete"),
    f"POST {PAGES}/{{group_id}}/add": _form("/add", lambda _made: {"all": "1"}),
    f"POST {PAGES}/{{group_id}}/accounts/{{account_no}}/remove": _form("/accounts/{account_no}/remove"),
    f"POST {PAGES}/{{group_id}}/pay": _form("/pay", _pay),
}
