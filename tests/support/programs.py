"""Programs of the supplier before a town: a client with scopes, and a token that its secret earned."""

import functools
import uuid

from core import clock
from core.audit import Actor
from services.identity import operations
from services.identity.queries import ServiceScope
from tests.support.town import Town

ACTOR = Actor("test:operator")


def program(town: Town, *scopes: ServiceScope, is_disabled: bool = False) -> dict[str, str]:
    """A new program's header; a disabled one got its token before."""
    with town.runtime.db.write() as session:
        issued = operations.add_client(
            session, name=f"program {uuid.uuid4()}", scopes=scopes, actor=ACTOR, now=clock.now()
        )
    body = {"grant_type": "client_credentials", "client_id": issued.client_id, "client_secret": issued.secret}
    answer = town.client.post("/api/v1/auth/token", json=body)
    assert answer.status_code == 200, answer.text
    if is_disabled:
        with town.runtime.db.write() as session:
            operations.disable_client(session, client_id=issued.client_id, actor=ACTOR)
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


@functools.cache
def standing(town: Town, caller: str) -> dict[str, str]:
    """The header of `service` (every scope), `service_without_scope` or `service_disabled`, one of each per town."""
    scopes = () if caller == "service_without_scope" else tuple(ServiceScope)
    return program(town, *scopes, is_disabled=caller == "service_disabled")
