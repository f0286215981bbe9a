"""How operations of the console about readings are asked for."""

from collections.abc import Callable
from datetime import timedelta

from core import clock
from tests.access.asking import Asking, Scene
from tests.access.own_requests import NOBODY
from tests.support.office import office_of

Fields = Callable[[Scene], dict[str, str]]


def asking(get: Callable[..., Asking], form: Callable[..., Asking], account: Fields) -> dict[str, Asking]:
    """Each operation, by how a page is got, a form is sent, and which account it is about."""

    def doubt(made: Scene) -> dict[str, str]:
        """A reading of the account: the same for every look, a new one to be decided."""
        town, office = made.town, office_of(made.town)
        homes = {"own": town.house, "other_unit": town.far}
        if made.object not in homes:
            return {**account(made), "reading_id": str(NOBODY)}
        is_read = made.operation.startswith("GET ")
        found = office.doubts[made.object] if is_read else office.doubt(homes[made.object].account)
        return {**account(made), "reading_id": str(found)}

    def day(made: Scene) -> dict[str, str]:
        yesterday = (clock.now() - timedelta(days=2)).date().isoformat()
        return {**account(made), "day": yesterday, "why": "asked about the bill"}

    one = "/staff/readings/{account_no}/{reading_id}"
    return {
        "GET /staff/readings": get("/staff/readings"),
        "GET /staff/readings/missing": get("/staff/readings/missing"),
        "GET /staff/readings/odd": get("/staff/readings/odd"),
        "POST /staff/readings/missing/{account_no}/estimate": form(
            "/staff/readings/missing/{account_no}/estimate", day
        ),
        f"GET {one}": get(one, doubt),
        f"POST {one}": form(one, lambda made: {**doubt(made), "act": "discard", "why": "the meter was turned"}),
    }
