"""A supplier whose staff may edit and approve tariffs."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from core.crypto.vault import Vault
from core.db import Database
from services.accounts.roles import StaffRole
from services.casework import operations as casework
from services.casework.ports import KINDS
from services.tariffs import operations
from services.tariffs.models import TariffClass
from services.tariffs.queries import VersionView
from tests.factories import staff as people
from tests.factories.accounts import make_unit
from tests.factories.staff import ACTOR, NOON
from tests.factories.tariffs import FLAT

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
TODAY: Final = date(2026, 10, 1)


@dataclass
class Office:
    """Whoever writes tariffs here. `NOON` is in the middle of `TODAY`."""

    db: Database
    staff: dict[str, UUID]
    zone: ZoneInfo = SHANGHAI

    def draft(
        self, *, valid_from: date, valid_to: date | None = None, document: object = FLAT, code: str = "RES"
    ) -> VersionView:
        """A draft of a version."""
        with self.db.write() as session:
            return operations.draft(
                session,
                code=code,
                valid_from=valid_from,
                valid_to=valid_to,
                document=document,
                note="",
                zone=self.zone,
                actor=ACTOR,
                now=NOON,
            )

    def propose(
        self, version: VersionView, *, by: str = "edits", is_correction: bool = False, now: datetime = NOON
    ) -> UUID:
        """Ask that it be published."""
        with self.db.write() as session:
            return operations.propose(
                session,
                version_id=version.id,
                revision=version.revision,
                reason="The commission's notice.",
                is_correction=is_correction,
                by=self.staff[by],
                zone=self.zone,
                actor=ACTOR,
                now=now,
            )

    def approve(self, request_id: UUID, *, by: str = "approves", now: datetime = NOON) -> None:
        """Decide that it is."""
        with self.db.write() as session:
            casework.approve(
                session,
                request_id=request_id,
                by=self.staff[by],
                proved_at=now,
                why="",
                actor=ACTOR,
                now=now,
            )

    def publish(
        self,
        *,
        valid_from: date,
        valid_to: date | None = None,
        document: object = FLAT,
        code: str = "RES",
        is_correction: bool = False,
    ) -> VersionView:
        """A version that holds."""
        version = self.draft(valid_from=valid_from, valid_to=valid_to, document=document, code=code)
        self.approve(self.propose(version, is_correction=is_correction))
        return version


@pytest.fixture
def zone() -> ZoneInfo:
    return SHANGHAI


@pytest.fixture
def office(database: Database, vault: Vault, zone: ZoneInfo) -> Office:
    """A province with a city: two managers and an editor of all of it, a manager of the city alone; a tariff RES."""
    KINDS.fill({operations.PUBLISH_TARIFF: operations.publish_tariff(zone)})
    wanted = {"edits": "37", "approves": "37", "also approves": "37", "in one city": "3701"}
    with database.write() as session:
        make_unit(session, code="37")
        make_unit(session, code="3701", parent="37", kind="city")
        made = {who: people.member(session, vault) for who in wanted}
        for who, unit in wanted.items():
            people.grant(session, made[who].staff_id, role=StaffRole.MANAGER, unit=unit)
        operations.create_tariff(
            session,
            code="RES",
            name="Household",
            tariff_class=TariffClass.RESIDENTIAL,
            currency="CNY",
            actor=ACTOR,
            now=NOON,
        )
    return Office(database, {who: each.staff_id for who, each in made.items()}, zone)
