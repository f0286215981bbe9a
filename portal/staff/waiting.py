"""What waits for a member of staff: counted where they may do something about it, and no further than a page goes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from core.db import ReadSession
from portal.staff.pages import StaffReader
from services.accounts.queries import imports, quality
from services.accounts.roles import StaffPermission as May
from services.casework import queries as requests
from services.casework.queries import files
from services.metering import queries as metering
from services.payments.queries import finding, placing, refunds

MOST: Final = 50
"""Further than this nothing is counted."""


@dataclass(frozen=True)
class Waiting:
    """How many of something wait, and where. Of `MOST` and more there is no number."""

    href: str
    label: str
    picture: str
    found: int

    @property
    def count(self) -> str:
        """The number as it is shown."""
        return f"{MOST}+" if self.found > MOST else str(self.found)


def waiting(session: ReadSession, _: Callable[[str], str], reader: StaffReader, *, now: datetime) -> list[Waiting]:
    """What waits for this reader in their units, in their language; what waits for nobody is left out."""
    by, limit = reader.staff_id, MOST + 1
    counts: list[Waiting] = []

    def add(href: str, label: str, picture: str, found: int) -> None:
        if found:
            counts.append(Waiting(href, label, picture, found))

    decisions = requests.to_decide(session, by=by, now=now, limit=limit)
    add("/staff/approvals?part=waiting", _("Requests for my decision"), "circle-check", len(decisions.requests))
    if reader.may(May.SUSPENSE_ASSIGN):
        twice = refunds.contested_refunds(session, staff_id=by, limit=limit, now=now)
        money = placing.suspense_page(session, staff_id=by, after=None, limit=limit, now=now)
        add("/staff/suspense", _("Sums without a place"), "landmark", len(money) + len(twice))
    if reader.may(May.METERING_DECIDE):
        doubts = metering.held_readings(session, staff_id=by, limit=limit, now=now)
        add("/staff/readings", _("Readings in doubt"), "gauge", len(doubts))
    if reader.may(May.PAYMENTS_CHECK):
        unknown = finding.unknown_payments(session, staff_id=by, after=UUID(int=0), limit=limit, now=now)
        add("/staff/payments/unknown", _("Unknown payments"), "circle-alert", len(unknown))
    if reader.may(May.IMPORTS_SIGN_OFF):
        runs = imports.runs_to_sign(session, staff_id=by, limit=limit, now=now)
        add("/staff/imports?state=unsigned", _("Dry runs to sign off"), "file-input", runs)
    ready = files.files_to_take(session, staff_id=by, limit=limit, now=now)
    add("/staff/files", _("Files ready to be taken"), "download", ready)
    if reader.may(May.ACCOUNTS_EDIT):
        gaps = quality.gaps(
            session, staff_id=by, unit_code=None, of=None, level=None, code=None, after=0, limit=limit, now=now
        )
        add("/staff/gaps", _("Accounts with missing data"), "file-text", len(gaps or ()))
    return counts
