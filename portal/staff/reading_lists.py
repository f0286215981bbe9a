"""What the lists of readings have in common: the address by which one is asked for, its units, and where it goes on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from core.db import WriteSession
from core.pagination import Cursors
from portal.staff.pages import StaffReader, show
from services.accounts.queries import staffing
from services.accounts.roles import StaffPermission
from services.metering.queries import Finding, HeldReading

E = TypeVar("E", HeldReading, Finding)

PAGE: Final = 50
MOST_UNITS: Final = 500
NOBODY: Final = UUID(int=0)


@dataclass(frozen=True)
class ReadingList:
    """A list at `path`, of what is `wanted` by the names of its filters, as one of staff reads it."""

    path: str
    wanted: Mapping[str, str]
    reader: StaffReader
    cursors: Cursors

    @property
    def here(self) -> str:
        """The address of its first page."""
        return f"{self.path}?{self._asked}" if self._asked else self.path

    def behind(self, after: str, *, first: list[Any]) -> list[Any]:
        """The position at which a page begins."""
        return self.cursors.behind(after, scope=self._scope, first=first)

    def page(self, found: Sequence[E]) -> tuple[Sequence[E], str]:
        """The rows of a page, of which one more than PAGE were found, and where the next one begins, if any."""
        return self.cursors.page(
            found, PAGE, scope=self._scope, position=lambda each: [each.unit_id, each.account_id, str(each.id)]
        )

    def at(self, position: Sequence[int] | None) -> str:
        """Where a page behind a position begins."""
        return "" if position is None else self.cursors.make(scope=self._scope, position=list(position))

    def show(
        self, request: Request, session: WriteSession, template: str, more: str, *, now: datetime, **values: Any
    ) -> Response:
        """Render a page of it, behind which the next one begins at `more`."""
        units = staffing.staff_units(
            session,
            staff_id=self.reader.staff_id,
            permission=StaffPermission.METERING_VIEW,
            now=now,
            limit=MOST_UNITS,
        )
        return show(
            request,
            template,
            self.reader,
            here=self.here,
            wanted=self.wanted,
            units=units,
            next=f"{self.path}?{urlencode({**self.wanted, 'after': more})}" if more else "",
            may_decide=self.reader.may(StaffPermission.METERING_DECIDE),
            **values,
        )

    @property
    def _asked(self) -> str:
        return urlencode({name: value for name, value in self.wanted.items() if value})

    @property
    def _scope(self) -> str:
        return f"{self.path}|{self.reader.staff_id}|{self._asked}"


def behind_of(position: Sequence[Any]) -> tuple[int, int, UUID]:
    """Unit, account and id behind which a page begins."""
    unit_id, account_id, id_ = position or (0, 0, NOBODY)
    return unit_id, account_id, UUID(str(id_))
