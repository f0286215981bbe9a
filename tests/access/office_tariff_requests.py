"""How programs ask about tariffs: they are the whole supplier's, so none is anybody's own."""

import functools
import uuid
from collections.abc import Callable
from typing import Final

from tests.access.asking import Asked, Asking
from tests.factories.tariffs import FLAT, make_tariff, make_version
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


def _new() -> dict[str, object]:
    return {"code": f"T{uuid.uuid4().hex[:12]}", "name": "New", "class": "any", "currency": "CNY"}


ASKING: Final[dict[str, Asking]] = {
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
