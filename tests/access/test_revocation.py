"""What is taken away is gone at once: for tokens that were good a moment ago, and for streams that are open."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.access.requests import ASKING, SPOILING, scene
from tests.access.test_matrix import CELLS, ask
from tests.support.served import Served, serving
from tests.support.town import Home, Person, Town

OF_CUSTOMERS = [
    operation
    for operation in ASKING
    if operation.partition(" ")[2].startswith("/api/")
    and not any(part in operation for part in ("/auth/", "openapi", "/backoffice/"))
]
OF_ACCOUNTS = [operation for operation in OF_CUSTOMERS if "{account_no}" in operation or "{payment_no}" in operation]
HEARTBEAT = ": still here"


@pytest.fixture(scope="module")
def served(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(town.settings, log=tmp_path_factory.mktemp("web") / "web.log") as made:
        yield made


@pytest.fixture
def home(town: Town) -> Home:
    return town.build(town.unit_id)


@pytest.fixture
def person(town: Town, home: Home) -> Person:
    return town.settle(home)


def status_of(town: Town, operation: str, home: Home, person: Person) -> int:
    made = scene(town, operation, "owner", "own", home=home, person=person)
    return ask(town.client, made).status_code


def granted(operation: str) -> int:
    """What the matrix says to an owner about what is theirs."""
    return next(cell.status for cell in CELLS[operation] if cell.caller == "owner" and cell.object in {"own", "-"})


@pytest.mark.parametrize("operation", OF_CUSTOMERS)
def test_a_token_that_was_good_finds_nothing_once_the_grant_ends_and_is_refused_once_its_session_does(
    town: Town, home: Home, person: Person, operation: str
) -> None:
    if operation not in SPOILING:
        assert status_of(town, operation, home, person) == granted(operation)
    if operation in OF_ACCOUNTS:
        town.revoke(person, home)
        assert status_of(town, operation, home, person) == 404
    town.sign_out(person)
    assert status_of(town, operation, home, person) == 401


def _pay(town: Town, person: Person, _home: Home) -> None:
    town.pay(person.waiting_no)


Ending = Callable[[Town, Person, Home], None]
ENDINGS: dict[str, Ending] = {
    "grant revoked": lambda town, person, home: town.revoke(person, home),
    "grant expired": lambda town, person, _: town.expire(person),
    "signed out": lambda town, person, _: town.sign_out(person),
    "payment done": _pay,
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("edge", ["api", "portal"])
def test_an_open_stream_ends_before_its_next_heartbeat(
    town: Town, served: Served, home: Home, person: Person, edge: str, ending: str
) -> None:
    path, headers = f"/payments/{person.waiting_no}/events", town.browser(person)
    if edge == "api":
        path, headers = "/api/v1" + path, person.bearer
    with served.client() as client, client.stream("GET", path, headers=headers) as answer:
        lines = answer.iter_lines()
        assert answer.status_code == httpx.codes.OK
        assert next(lines) == "event: status"
        ENDINGS[ending](town, person, home)
        rest = list(lines)
    assert HEARTBEAT not in rest
    told = [line for line in rest if line.startswith("data:")]
    assert len(told) == (2 if ending == "payment done" else 1), "nothing is told to whom nothing belongs any more"
    with served.client() as client:
        assert client.get(path, headers=headers).status_code == {
            "payment done": 200,
            "signed out": 401 if edge == "api" else 303,
        }.get(ending, 404)


def test_a_stream_of_somebody_else_goes_on(town: Town, served: Served, home: Home, person: Person) -> None:
    other = town.settle(home)
    path = f"/api/v1/payments/{other.waiting_no}/events"
    with served.client() as client, client.stream("GET", path, headers=other.bearer) as answer:
        lines = answer.iter_lines()
        next(lines)
        town.revoke(person, home)
        town.sign_out(person)
        town.pay(other.waiting_no)
        assert any('"is_final": true' in line for line in lines)
