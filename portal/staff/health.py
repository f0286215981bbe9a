"""How the whole deployment is doing: what waits, what was checked, how the providers answer, and what to do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from core import aside, rounds
from core.aside import AsideView
from core.db import ReadSession
from core.rounds import RoundView
from notifications import sent
from portal.staff.pages import StaffReader, requires_everywhere, show
from services.accounts import queries as accounts
from services.accounts.roles import StaffPermission
from services.payments.queries import finding
from web import health
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

LATE_S: Final = 900
"""A queue whose oldest row is due for longer is stuck; `wattline doctor` says the same."""
SHOWN: Final = 50
"""Of what was set aside, the oldest."""
UNCHECKED_S: Final = 3 * 3_600
SECONDS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


@dataclass(frozen=True)
class Line:
    """One queue or check; `minutes` is the age of the oldest row, or of the last round, None when there was none."""

    name: str
    count: int
    minutes: int | None
    is_well: bool


@dataclass(frozen=True)
class Round:
    """A task of the schedule: every so many of a unit of time; `is_late` when nobody has run it for too long."""

    told: RoundView
    count: int
    unit: str
    is_late: bool


@dataclass(frozen=True)
class Aside:
    """Work that fails at an account, or a part of it, while all else goes on."""

    told: AsideView
    account_no: str


@dataclass(frozen=True)
class Provider:
    """Somebody outside whom we call; without a name, the provider of text messages."""

    name: str
    failures: int
    open_until: datetime | None
    answered_at: datetime | None
    failed_at: datetime | None


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
        stopped=told["stopped_webhooks"],
        refunds=told["refunds"],
        providers=_providers(write, now=now),
        aside=_aside(write),
        rounds=[_round(each) for each in rounds.all_rounds(write)],
    )


def _aside(session: ReadSession) -> list[Aside]:
    found = aside.failing(session, limit=SHOWN)
    numbers = accounts.account_numbers(session, account_ids=[each.owner for each in found])
    return [Aside(each, numbers.get(each.owner, str(each.owner))) for each in found]


def _providers(session: ReadSession, *, now: datetime) -> list[Provider]:
    found = [
        Provider(each.name, each.failures, each.open_until, each.answered_at, each.failed_at)
        for each in finding.providers(session, now=now)
    ]
    texts = sent.text_messages(session)
    return found if texts is None else [*found, Provider("", texts.failures, None, texts.answered_at, texts.failed_at)]


def _round(told: RoundView) -> Round:
    unit, seconds = next((unit, seconds) for unit, seconds in SECONDS if told.every_s % seconds == 0)
    return Round(told, told.every_s // seconds, unit, is_late=told.late_s > told.every_s + LATE_S)
