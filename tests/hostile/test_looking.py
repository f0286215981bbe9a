"""Looking changes nothing: no GET of anybody writes a row, whoever is made to follow a link."""

from collections.abc import Mapping
from typing import Final

import pytest

from tests.access.requests import ASKING, headers_of, scene
from tests.contract.test_methods import ARRANGED
from tests.support.office import office_of
from tests.support.town import Town

READS: Final = sorted(
    operation for operation in ASKING if operation.startswith("GET ") and operation != "GET /inbox/{message_id}"
)

COUNTED: Final = {"GET /staff/search": {"sign_in_limit"}}
"""What is counted so that nobody may do it without end."""


@pytest.fixture(scope="module")
def latest(town: Town) -> list[Mapping[str, str]]:
    """How every table was after the latest look: what changed since then, a look or its scene has changed."""
    office_of(town)
    return [town.fingerprint()]


@pytest.mark.parametrize("operation", READS)
def test_looking_changes_nothing(town: Town, latest: list[Mapping[str, str]], operation: str) -> None:
    made = scene(town, operation, "service" if "/backoffice/" in operation else "owner", "own")
    headers = headers_of(made)
    path = ASKING[operation](made).path
    before = town.fingerprint() if any(part in operation for part in (*ARRANGED, "/staff")) else latest[0]
    town.client.cookies.clear()
    assert town.client.get(path, headers=headers, follow_redirects=False).status_code < 400
    latest[0] = after = town.fingerprint()
    assert {table for table in after if after[table] != before[table]} <= COUNTED.get(operation, set())
