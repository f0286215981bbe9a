"""How it is asked at the portal what somebody else owes, and how that is paid: a quote is its asker's alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import UUID

from tests.access.asking import Asked, Asking, Scene
from tests.support.town import HOLDER

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
    return f"{PAGES}/{made.town.quote(asker.user_id, made.things.home or made.town.house)}"


def asking(form: Callable[[str, Fields], Asking], pay_fields: Fields) -> dict[str, Asking]:
    """Every operation; `form` makes the sending of a form, `pay_fields` are those of every payment's form."""
    return {
        f"GET {PAGES}": lambda _made: Asked(PAGES),
        f"POST {PAGES}": form(PAGES, lambda made: {"account_no": made.things.account_no, "name_character": HOLDER[0]}),
        f"GET {PAGES}/{{quote_id}}": lambda made: Asked(_page(made)),
        f"POST {PAGES}/{{quote_id}}": lambda made: replace(form(PAGES, pay_fields)(made), path=_page(made)),
    }
