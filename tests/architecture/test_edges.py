"""What an endpoint may hold while it works."""

import inspect
import re
from collections.abc import Iterator

import anyio.to_thread
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.main import ROUTERS
from core.config import Settings
from web import session
from web.bulkheads import Bulkhead

CALLING = {
    session.PAYMENT_FLOWS: r"flows\.(?:start_payment|retry_payment|check_payment)\(",
    session.CODE_FLOWS: r"flows\.(?:request_code|meet_browser|sign_in_browser_by_wechat)\(",
}
"""Which flows wait for a provider, and whose places they do that in."""


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)


def _held() -> dict[str, tuple[APIRoute, set[Bulkhead]]]:
    return {
        f"{'/'.join(sorted(route.methods or ()))} {route.path}": (
            route,
            {call for call in _calls(route.dependant) if isinstance(call, Bulkhead)},
        )
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
    }


def test_no_endpoint_holds_places_of_two_kinds_nor_a_transaction_while_its_flow_runs() -> None:
    held = _held()
    assert [name for name, (_, places) in held.items() if len(places) > 1] == []
    assert set().union(*(places for _, places in held.values())) == set(session.BULKHEADS) - {session.CALLBACKS}


def test_whoever_waits_for_a_provider_waits_in_the_places_of_that_kind() -> None:
    for bulkhead, pattern in CALLING.items():
        found = {name: places for name, (route, places) in _held().items() if re.search(pattern, _source(route))}
        assert found, f"nothing calls a flow of {bulkhead.name} any more"
        assert {name for name, places in found.items() if places != {bulkhead}} == set()


def _source(route: APIRoute) -> str:
    return inspect.getsource(route.endpoint)


def test_all_places_together_are_fewer_than_the_threads() -> None:
    async def threads() -> float:
        return anyio.to_thread.current_default_thread_limiter().total_tokens

    assert sum(bulkhead.places for bulkhead in session.BULKHEADS) < anyio.run(threads)


def test_what_calls_no_provider_finds_a_connection_in_the_smallest_pool_and_leaves_one() -> None:
    [smallest] = [
        each.ge
        for each in Settings.model_fields["database_pool_size"].metadata
        if getattr(each, "ge", None) is not None
    ]
    assert session.OPERATIONS.places + session.FLOWS.places + session.CALLBACKS.places < smallest
