"""How the whole deployment is doing: what waits, what was checked, how the providers answer, and what to do."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from portal.staff.pages import StaffReader, requires_everywhere, show
from services.accounts.roles import StaffPermission
from services.payments import finding
from web import health
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

LATE_S: Final = 900
"""A queue whose oldest row is due for longer is stuck; `wattline doctor` says the same."""
UNCHECKED_S: Final = 3 * 3_600


@dataclass(frozen=True)
class Line:
    """One queue or check; `minutes` is the age of the oldest row, or of the last round, None when there was none."""

    name: str
    count: int
    minutes: int | None
    is_well: bool


@router.get("/staff/health")
def system_health(
    request: Request,
    reader: Annotated[StaffReader, requires_everywhere(StaffPermission.HEALTH_VIEW)],
    write: Write,
    now: Now,
) -> Response:
    """Everything at one glance, read from the database now."""
    told = write.sql(health.QUEUES, most=health.COUNTED).scalar_one()
    queues = [
        Line(name, each["pending"], int(each["oldest_s"] // 60), is_well=each["oldest_s"] <= LATE_S)
        for name, each in told["queues"].items()
    ]
    checks = [
        Line(
            name,
            each["violations"] or 0,
            None if each["age_s"] is None else int(each["age_s"] // 60),
            is_well=not each["violations"] and each["age_s"] is not None and each["age_s"] <= UNCHECKED_S,
        )
        for name, each in sorted(told["checks"].items())
    ]
    return show(
        request,
        "staff/health.html",
        reader,
        queues=queues,
        checks=checks,
        suspense=told["suspense"]["open"],
        providers=finding.providers(write, now=now),
    )
