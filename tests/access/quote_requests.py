"""How it is asked at the portal what somebody else owes, and how that is paid: a quote is its asker's alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from core import clock
from core.ids import uuid7
from tests.access.asking import Asked, Asking, Scene
from tests.support.town import HOLDER, Person

PAGES: Final = "/pay-for-others"
NOBODYS: Final = UUID("0197a3c2-0000-7c55-9a53-000000000000")
Fields = Callable[[Scene], dict[str, str]]


def _page(made: Scene) -> str:
    """A page about a quote of the caller's, or of somebody else's."""
    match made.object:
        case "missing":
            return f"{PAGES}/{NOBODYS}"
        case "own":
            asker = made.person or made.town.people["owner"]
        case _:
            asker = made.town.people["neighbour" if made.object == "others" else "far"]
    return f"{PAGES}/{_quote(made, asker)}"


def _quote(made: Scene, asker: Person) -> UUID:
    """A living quote, past the limits of asking: whoever sends many forms does not run out of them."""
    quote_id, now = uuid7(), clock.now()
    with made.town.runtime.db.write() as session:
        session.sql(
            """insert into payment_quote (id, user_id, account_id, created_at, expires_at)
               values (:id, :user, :account, :now, :expires_at)""",
            id=quote_id,
            user=asker.user_id,
            account=(made.things.home or made.town.house).account.id,
            now=now,
            expires_at=now + timedelta(minutes=10),
        )
    return quote_id


def asking(form: Callable[[str, Fields], Asking], pay_fields: Fields) -> dict[str, Asking]:
    """Every operation; `form` makes the sending of a form, `pay_fields` are those of every payment's form."""
    return {
        f"GET {PAGES}": lambda _made: Asked(PAGES),
        f"POST {PAGES}": form(PAGES, lambda made: {"account_no": made.things.account_no, "name_character": HOLDER[0]}),
        f"GET {PAGES}/{{quote_id}}": lambda made: Asked(_page(made)),
        f"POST {PAGES}/{{quote_id}}": lambda made: replace(form(PAGES, pay_fields)(made), path=_page(made)),
    }
