"""Programs of the supplier before a town: a client with scopes, and a token that its secret earned."""

import functools
import uuid
from collections.abc import Sequence

from core import clock
from core.audit import Actor
from services.accounts import operations as accounts
from services.identity import operations, queries
from services.identity.queries import ServiceScope
from tests.support.town import Town

ACTOR = Actor("test:operator")


def program(
    town: Town, *scopes: ServiceScope, is_disabled: bool = False, units: Sequence[str] = ("37",)
) -> dict[str, str]:
    """A new program's header; it reads the whole town unless told otherwise. A disabled one got its token before."""
    with town.runtime.db.write() as session:
        issued = operations.add_client(
            session, name=f"program {uuid.uuid4()}", scopes=scopes, actor=ACTOR, now=clock.now()
        )
        client = queries.service_client_id(session, client_id=issued.client_id)
        assert client is not None
        accounts.give_program_units(session, client=client, codes=units, actor=ACTOR, now=clock.now())
    body = {"grant_type": "client_credentials", "client_id": issued.client_id, "client_secret": issued.secret}
    answer = town.client.post("/api/v1/auth/token", json=body)
    assert answer.status_code == 200, answer.text
    if is_disabled:
        with town.runtime.db.write() as session:
            operations.disable_client(session, client_id=issued.client_id, actor=ACTOR)
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


@functools.cache
def standing(town: Town, caller: str) -> dict[str, str]:
    """The header of `service`, `service_without_scope` or `service_disabled`, one of each per town.

    The others have every scope; all read the town's first unit.
    """
    scopes = () if caller == "service_without_scope" else tuple(ServiceScope)
    return program(town, *scopes, is_disabled=caller == "service_disabled", units=["3701"])
