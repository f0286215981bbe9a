"""How programs ask about tariffs: they are the whole supplier's, so none is anybody's own."""

import functools
import uuid
from collections.abc import Callable
from typing import Final

from core import clock
from tests.access.asking import Asked, Asking, Scene
from tests.factories.tariffs import FLAT, make_tariff, make_version
from tests.support.programs import standing
from tests.support.town import Town

API: Final = "/api/v1/backoffice/tariffs"


@functools.cache
def tariff_of(town: Town) -> str:
    """A tariff with a published version, one per town."""
    with town.runtime.db.write() as session:
        code = make_tariff(session, code="T-ACCESS")
        make_version(session, code=code)
    return code


def _asked(rest: str = "", body: Callable[[], dict[str, object]] | None = None) -> Asking:
    """`{code}` is one that is there."""
    return lambda made: Asked(
        f"{API}{rest}".format(code=tariff_of(made.town)),
        json=None if body is None else body(),
        headers={} if body is None else {"idempotency-key": uuid.uuid4().hex},
    )


@functools.cache
def tried_by(town: Town, caller: str) -> uuid.UUID:
    """A dry run over many accounts that a program asked for, one per town and program."""
    bearer = standing(town, caller)["authorization"].removeprefix("Bearer ")
    client = uuid.UUID(town.runtime.token_keys.verify(bearer, now=clock.now()).subject)
    run_id = uuid.uuid4()
    with town.runtime.db.write() as session:
        session.sql(
            """insert into dry_run (id, service_client_id, tariff_code, version_no, document, month, unit_ids, state,
                 of_accounts, asked_at, due_at, expires_at)
               select :id, :client, :code, 1, '{}', '2026-10-01', array_agg(unit_id), 'failed', 1, now(), null,
                 now() + interval '1 day'
               from service_unit where service_client_id = :client""",
            id=run_id,
            client=client,
            code=tariff_of(town),
        )
    return run_id


def _tried(made: Scene) -> Asked:
    """What `service` asked for, what another program did, or nothing that there is."""
    of = {"own": "service", "others": "service_without_scope"}.get(made.object)
    return Asked(f"/api/v1/backoffice/tariff-dry-runs/{uuid.uuid4() if of is None else tried_by(made.town, of)}")


def _new() -> dict[str, object]:
    return {"code": f"T{uuid.uuid4().hex[:12]}", "name": "New", "class": "any", "currency": "CNY"}


ASKING: Final[dict[str, Asking]] = {
    "GET /api/v1/backoffice/tariff-dry-runs/{run_id}": _tried,
    f"GET {API}": _asked(),
    f"POST {API}": _asked("", _new),
    f"POST {API}/check": _asked("/check", lambda: {"document": FLAT}),
    f"GET {API}/{{code}}/versions": _asked("/{code}/versions"),
    f"POST {API}/{{code}}/versions": _asked("/{code}/versions", lambda: {"valid_from": "2030-01-01", "document": FLAT}),
    f"GET {API}/{{code}}/versions/{{version_no}}": _asked("/{code}/versions/1"),
    f"POST {API}/{{code}}/versions/{{version_no}}/price": _asked(
        "/{code}/versions/1/price", lambda: {"input": {"kwh": "100"}}
    ),
    f"POST {API}/{{code}}/versions/{{version_no}}/dry-run": _asked(
        "/{code}/versions/1/dry-run", lambda: {"month": "2026-10"}
    ),
}
