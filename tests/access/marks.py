"""What would betray somebody in an answer: marks of homes, people and things, by who may see them."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import unquote_plus

from tests.access.asking import Asked, Scene
from tests.access.staff_requests import is_of_staff
from tests.support.office import office_of
from tests.support.town import STANDINGS, Home, Person, Town

OF_HOUSE: Final = frozenset({"owner", "payer", "viewer"})
PROGRAMS: Final = ("service", "service_without_scope", "service_disabled")


def hidden(made: Scene, asked: Asked) -> dict[str, str]:
    """Marks that must not be in the answer, by what they are of; what the caller says in the request is no secret."""
    town = made.town
    if made.caller in PROGRAMS:
        return {}
    if is_of_staff(made.operation):
        found = _hidden_from_staff(made)
    else:
        mine = made.person if made.caller in STANDINGS else None
        found = {**_home("neighbour", town.neighbour), **_home("far", town.far)}
        if made.caller not in OF_HOUSE and made.caller != "forged_form":
            found |= _rest("house", town.house)
        for name, person in town.people.items():
            if mine is None or person.user_id != mine.user_id:
                found |= _private(name, person)
        for name in ("neighbour", "far"):
            found |= _payments(name, town.people[name])
    said = unquote_plus(f"{asked.path} {asked.json} {asked.form} {asked.content!r}")
    return {name: mark for name, mark in found.items() if mark not in said}


def shown(made: Scene) -> tuple[str, ...]:
    """Marks that must be in the answer, if it is one and not a refusal."""
    listed = LISTS.get(made.operation)
    return () if listed is None else tuple(str(each) for each in listed(made))


def _hidden_from_staff(made: Scene) -> dict[str, str]:
    town, office = made.town, office_of(made.town)
    here = {
        **_home("house", town.house),
        **_home("neighbour", town.neighbour),
        **_payments("owner", town.people["owner"]),
    }
    far = {**_home("far", town.far), **_payments("far", town.people["far"])}
    here |= {f"{what} of here": mark for what, mark in _things(town, "own").items()}
    far |= {f"{what} of elsewhere": mark for what, mark in _things(town, "other_unit").items()}
    match made.caller:
        case "here" | "without" | "forged_form":
            return far
        case "elsewhere":
            return here
        case _:
            return {} if made.member is office.members["top"] else {**here, **far}


def _things(town: Town, place: str) -> dict[str, str]:
    office = office_of(town)
    return {
        "request": str(office.requests[place]),  # type: ignore[index] # one of its places
        "colleague": str(office.colleagues[place].staff_id),  # type: ignore[index] # as above
        "endpoint": str(office.hooks[place]),  # type: ignore[index] # as above
        "sum": f'/staff/suspense/{office.waiting[place]}"',
        "run": f'/staff/imports/{office.dry_runs[place]}"',  # type: ignore[index] # as above
    }


def _home(name: str, home: Home) -> dict[str, str]:
    return {f"account of {name}": home.account_no, **_rest(name, home)}


def _rest(name: str, home: Home) -> dict[str, str]:
    bills = {f"bill {place} of {name}": bill.bill_no for place, bill in enumerate(home.bills)}
    return {f"meter of {name}": home.meter_no, **bills}


def _private(name: str, person: Person) -> dict[str, str]:
    return {
        f"telephone of {name}": person.phone.removeprefix("+86"),
        f"message of {name}": str(person.message_id),
        f"device of {name}": str(person.device_id),
        f"WeChat of {name}": str(person.wechat_id),
    }


def _payments(name: str, person: Person) -> dict[str, str]:
    return {f"payment of {name}": person.waiting_no, f"paid payment of {name}": person.paid_no}


def _of_house(made: Scene) -> tuple[object, ...]:
    return (made.town.house.account_no,) if made.caller in OF_HOUSE else ()


def _bills(made: Scene) -> tuple[object, ...]:
    return tuple(bill.bill_no for bill in made.town.house.bills) if made.caller in OF_HOUSE else ()


def _own(name: str) -> Callable[[Scene], tuple[object, ...]]:
    return lambda made: (getattr(made.person, name),)


def _own_thing(name: str) -> Callable[[Scene], tuple[object, ...]]:
    """Of the console: what lies in the caller's own unit."""
    return lambda made: (_things(made.town, "other_unit" if made.caller == "elsewhere" else "own")[name],)


LISTS: Final[Mapping[str, Callable[[Scene], tuple[object, ...]]]] = {
    "GET /api/v1/accounts": _of_house,
    "GET /accounts": _of_house,
    "GET /": _of_house,
    "GET /bills": _bills,
    "GET /api/v1/accounts/{account_no}/bills": _bills,
    "GET /api/v1/inbox": _own("message_id"),
    "GET /inbox": _own("message_id"),
    "GET /api/v1/me/devices": _own("device_id"),
    "GET /api/v1/me/wechat": _own("wechat_id"),
    "GET /me": _own("device_id"),
    "GET /staff/people": _own_thing("colleague"),
    "GET /staff/approvals": lambda made: () if made.caller == "without" else _own_thing("request")(made),
    "GET /staff/webhooks": _own_thing("endpoint"),
    "GET /staff/suspense": _own_thing("sum"),
    "GET /staff/imports": _own_thing("run"),
}
"""Lists, with what stands in them for whoever may read them."""
