"""What an endpoint may hold while it works."""

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.main import ROUTERS
from web import session


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)


def test_no_endpoint_holds_a_transaction_while_its_flow_calls_a_provider() -> None:
    found = {
        f"{'/'.join(sorted(route.methods or ()))} {route.path}": set(_calls(route.dependant))
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
    }
    assert any(session._database in calls for calls in found.values()), "no endpoint calls a flow any more"
    assert [name for name, calls in found.items() if {session._transaction, session._database} <= calls] == []
