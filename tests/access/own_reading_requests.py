"""How operations about readings that customers tell are asked for."""

import uuid
from collections.abc import Callable
from typing import Final
from uuid import UUID

from tests.access.asking import Asked, Asking, Scene
from tests.factories.own_readings import picture, send, tell

PATH: Final = "/api/v1/accounts/{account_no}/meter-readings"
PAGE: Final = "/meter-readings"
SPOILING: Final = (f"POST {PATH}", f"PUT {PATH}/{{reading_id}}/photo", f"POST {PAGE}")
NOBODY: Final = UUID("0197a3c2-0000-7c55-9a53-000000000000")


def asking(
    get: Callable[[str], Asking], form: Callable[[str, Callable[[Scene], dict[str, str]]], Asking]
) -> dict[str, Asking]:
    """Each operation."""

    def post(made: Scene) -> Asked:
        said = {"register": "total", "value": "10483.2"}
        return Asked(get(PATH)(made).path, json=said, headers={"idempotency-key": uuid.uuid4().hex})

    def put(made: Scene) -> Asked:
        path = f"{get(PATH)(made).path}/{_told(made)}/photo"
        return Asked(path, content=picture(), headers={"content-type": "image/jpeg"})

    def show(made: Scene) -> Asked:
        return Asked(f"{get(PATH)(made).path}/{_shown(made)}/photo")

    def show_page(made: Scene) -> Asked:
        return Asked(f"{PAGE}/{made.things.account_no}/{_shown(made)}/photo")

    return {
        f"GET {PATH}": get(PATH),
        f"POST {PATH}": post,
        f"PUT {PATH}/{{reading_id}}/photo": put,
        f"GET {PATH}/{{reading_id}}/photo": show,
        f"GET {PAGE}": get(PAGE),
        f"POST {PAGE}": form(PAGE, _fields),
        f"GET {PAGE}/{{account_no}}/{{reading_id}}/photo": show_page,
    }


def _fields(made: Scene) -> dict[str, str]:
    return {"account": made.things.account_no, "register_key": "1.total", "reading": "10483.2"}


def _told(made: Scene) -> UUID:
    """What the caller told just now."""
    if made.object != "own" or made.things.home is None or made.person is None:
        return NOBODY
    return tell(made.town.runtime, made.things.home.account.id, user_id=made.person.user_id)


def _shown(made: Scene) -> UUID:
    """What an owner of the home told today, with its picture."""
    town, home = made.town, made.things.home
    if made.object != "own" or home is None or made.person is None:
        return NOBODY
    owner = town.people["owner"] if home is town.house else made.person
    told = tell(town.runtime, home.account.id, user_id=owner.user_id)
    send(town.runtime, home.account.id, told, user_id=owner.user_id)
    return told
