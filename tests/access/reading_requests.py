"""How operations of the console about readings are asked for."""

from collections.abc import Callable
from datetime import timedelta

from core import clock
from tests.access.asking import Asking, Scene
from tests.access.own_requests import NOBODY
from tests.support.office import office_of
from tests.support.town import Home

Fields = Callable[[Scene], dict[str, str]]


def asking(get: Callable[..., Asking], form: Callable[..., Asking], account: Fields) -> dict[str, Asking]:
    """Each operation, by how a page is got, a form is sent, and which account it is about."""

    def homes(made: Scene) -> dict[str, Home]:
        return {"own": made.town.house, "other_unit": made.town.far}

    def doubt(made: Scene) -> dict[str, str]:
        """A reading of the account: the same for every look, a new one to be decided."""
        office = office_of(made.town)
        if made.object not in homes(made):
            return {**account(made), "reading_id": str(NOBODY)}
        is_read = made.operation.startswith("GET ")
        found = office.doubts[made.object] if is_read else office.doubt(homes(made)[made.object].account)
        return {**account(made), "reading_id": str(found)}

    def pictured(made: Scene) -> dict[str, str]:
        """A reading of the account with a picture."""
        found = office_of(made.town).pictures.get(made.object, NOBODY)
        return {**account(made), "reading_id": str(found)}

    def odd(made: Scene) -> dict[str, str]:
        """Something odd about the account, a new one each time."""
        home = homes(made).get(made.object)
        found = NOBODY if home is None else office_of(made.town).oddity(home.account)
        return {**account(made), "finding_id": str(found), "why": "a pump was tried"}

    def day(made: Scene) -> dict[str, str]:
        yesterday = (clock.now() - timedelta(days=2)).date().isoformat()
        return {**account(made), "day": yesterday, "why": "asked about the bill"}

    one, many = "/staff/readings/{account_no}/{reading_id}", "/staff/readings/many"
    missing, finding = "/staff/readings/missing/{account_no}/estimate", "/staff/readings/odd/{account_no}/{finding_id}"
    return {
        "GET /staff/readings": get("/staff/readings"),
        "GET /staff/readings/missing": get("/staff/readings/missing"),
        "GET /staff/readings/odd": get("/staff/readings/odd"),
        f"GET {many}": get(many),
        f"POST {many}": form(many, lambda _: {"act": "discard", "why": "the meter was turned"}),
        f"POST {missing}": form(missing, day),
        f"POST {finding}": form(finding, odd),
        f"GET {one}": get(one, doubt),
        f"GET {one}/photo": get(f"{one}/photo", pictured),
        f"POST {one}": form(one, lambda made: {**doubt(made), "act": "discard", "why": "the meter was turned"}),
    }
