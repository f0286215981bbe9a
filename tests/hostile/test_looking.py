"""Looking changes nothing: no GET of anybody writes a row, whoever is made to follow a link."""

from typing import Final

import pytest

from tests.access.requests import ASKING, headers_of, scene
from tests.support.town import Town

READS: Final = sorted(
    operation for operation in ASKING if operation.startswith("GET ") and operation != "GET /inbox/{message_id}"
)


@pytest.mark.parametrize("operation", READS)
def test_looking_changes_nothing(town: Town, operation: str) -> None:
    made = scene(town, operation, "service" if "/backoffice/" in operation else "owner", "own")
    headers = headers_of(made)
    path = ASKING[operation](made).path
    before = town.fingerprint()
    town.client.cookies.clear()
    assert town.client.get(path, headers=headers, follow_redirects=False).status_code < 400
    assert town.fingerprint() == before
