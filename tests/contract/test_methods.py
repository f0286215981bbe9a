"""Every path answers the methods that it has, names them when asked by another, and opens itself to no other site."""

import re
from collections import defaultdict
from typing import Final

import pytest
from fastapi.routing import iter_route_contexts

from tests.access.asking import Object
from tests.access.requests import ASKING, headers_of, scene
from tests.support.office import office_of
from tests.support.thorough import share
from tests.support.town import Town
from tests.support.waiting import wait_until

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
PATHS: Final = sorted({operation.partition(" ")[2] for operation in ASKING})
CODE: Final = "method_not_allowed"


def methods_of(town: Town, path: str) -> set[str]:
    """The methods of every route that this path may mean."""
    found: dict[str, set[str]] = defaultdict(set)
    for context in iter_route_contexts(town.app.routes):
        if context.path_regex.match(path):
            found[path] |= context.methods or set()
    return found[path] | ({"HEAD"} if "GET" in found[path] else set())


@pytest.mark.parametrize("path", PATHS)
def test_an_unused_method_is_refused_with_the_used_ones(town: Town, path: str) -> None:
    address = re.sub(r"\{[a-z_]+\}", "ABCD", path)
    allowed = methods_of(town, address)
    assert allowed
    for method in set(METHODS) - allowed:
        answer = town.client.request(method, address)
        assert answer.status_code == 405, (method, address)
        assert answer.headers["allow"] == ", ".join(sorted(allowed))
        if path.startswith(("/api/", "/callbacks/")) and method != "HEAD":
            assert answer.json()["code"] == CODE


def test_a_path_of_two_routes_names_the_methods_of_both(town: Town) -> None:
    answer = town.client.put("/accounts/link")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


READS: Final = sorted(operation for operation in ASKING if operation.startswith("GET "))


@pytest.mark.parametrize("operation", READS)
def test_head_answers_as_get_does_without_the_content(town: Town, operation: str) -> None:
    for wanted in ("own", "missing"):
        told = []
        for method in ("GET", "HEAD"):
            made = scene(town, operation, "owner", _object(wanted))
            town.client.cookies.clear()
            answer = town.client.request(
                method, ASKING[operation](made).path, headers=headers_of(made), follow_redirects=False
            )
            kept = {k: v for k, v in answer.headers.items() if k not in {"x-request-id", "set-cookie"}}
            if operation in {"GET /metrics", "GET /pay/{account_no}"}:
                kept.pop("content-length", None)
            told.append((answer.status_code, kept))
        assert answer.content == b""
        assert told[0] == told[1]


SEEN: Final = {"session_family", "staff_session"}
"""When a session was last used is written by whatever it asks."""


ARRANGED: Final = (
    *("/account-groups", "/backoffice/", "/meter-readings/", "/pay-for-others/", "/staff/as/", "/staff/filters/"),
    "/staff/tariffs/{",
)
"""What is looked at there is made for each question."""


def test_a_get_writes_nothing_but_that_a_session_was_used(town: Town) -> None:
    office_of(town)
    before = town.fingerprint()

    def written() -> set[str]:
        after = town.fingerprint()
        return {name for name in after if after[name] != before[name]} - SEEN

    for operation in READS:
        is_arranged = any(part in operation for part in ARRANGED)
        if is_arranged:
            assert written() == set(), f"before {operation}"
        made = scene(town, operation, "service" if "/backoffice/" in operation else "owner", "own")
        path, headers = ASKING[operation](made).path, headers_of(made)
        if is_arranged:
            before = town.fingerprint()
        town.client.cookies.clear()
        answer = town.client.get(path, headers=headers, follow_redirects=False)
        assert answer.status_code < 400, operation
        if operation == "GET /staff/search":
            assert written() == {"sign_in_limit"}, "it counts how often one searches"
            before = town.fingerprint()
    assert written() == set()


def _object(name: str) -> Object:
    return "missing" if name == "missing" else "own"


def test_head_of_a_payment_under_way_does_not_wait_for_it(town: Town) -> None:
    owner = town.people["owner"]
    answer = town.client.head(f"/api/v1/payments/{owner.waiting_no}/events", headers=owner.bearer)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    wait_until(lambda: town.app.state.payment_watch.watched == 0, message="the stream is still followed")


ORIGINS: Final = ("https://evil.example", "null", "https://testserver.evil.example", "http://testserver")


@pytest.mark.parametrize(
    ("operation", "origin"),
    [(operation, origin) for operation in sorted(ASKING) for origin in share(operation, ORIGINS, parts=len(ORIGINS))],
)
def test_no_origin_is_let_in(town: Town, operation: str, origin: str) -> None:
    if operation.partition(" ")[0] != "GET":
        made = scene(town, operation, "owner", "missing")
        asked = {"origin": origin, "access-control-request-method": operation.partition(" ")[0]}
        answer = town.client.options(ASKING[operation](made).path, headers=asked)
    else:
        made = scene(town, operation, "owner", "own")
        answer = town.client.get(
            ASKING[operation](made).path, headers={**headers_of(made), "origin": origin}, follow_redirects=False
        )
    assert not [name for name in answer.headers if name.startswith("access-control-")]
