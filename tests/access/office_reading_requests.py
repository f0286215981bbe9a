"""How programs decide about readings that wait."""

import uuid
from typing import Final

from core import clock
from tests.access.asking import Asked, Asking, Scene
from tests.factories import held


def _decide(made: Scene) -> Asked:
    """About a reading of the account, a new one each time."""
    home, reading_id = made.things.home, uuid.uuid4()
    if home is not None:
        with made.town.runtime.db.write() as session:
            reading_id = held.hold_interval(session, account_id=home.account.id, now=clock.now())
    return Asked(
        f"/api/v1/backoffice/held-readings/{made.things.account_no}/{reading_id}/decision",
        json={"decision": "discard", "note": "the meter was turned"},
        headers={"idempotency-key": uuid.uuid4().hex},
    )


ASKING: Final[dict[str, Asking]] = {
    "POST /api/v1/backoffice/held-readings/{account_no}/{reading_id}/decision": _decide,
}
