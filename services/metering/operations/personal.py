"""What metering knows of people who sign in: readings that they told, and the pictures that show them."""

from datetime import datetime
from uuid import UUID

from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession, statement
from core.errors import Json
from services.metering.formats.series import shown
from services.metering.measures import Register, kwh_of


class OwnReadings:
    """`identity.ports.PersonalData` of metering."""

    def export(self, session: ReadSession, *, vault: Vault, user_id: UUID) -> dict[str, list[dict[str, Json]]]:  # noqa: ARG002 -- the port's signature
        """What they read from meters, and what became of it, with what they replaced."""
        rows = session.sql(statement(__package__, "own_readings_of_person.sql"), user_id=user_id)
        return {
            "meter_readings": [
                {
                    "account_no": row.account_no,
                    "meter_no": shown(row.meter_no),
                    "register": Register(row.kind).value,
                    "value": f"{kwh_of(row.value):f}",
                    "told_at": row.told_at.isoformat(),
                    "state": row.state,
                    "has_photo": row.has_photo,
                }
                for row in rows
            ]
        }

    def keeps(self, session: ReadSession, *, user_id: UUID) -> bool:  # noqa: ARG002 -- the port's signature
        """No reading keeps a person who wants to go."""
        return False

    def erase(self, session: WriteSession, *, vault: Vault, user_id: UUID, now: datetime) -> None:  # noqa: ARG002 -- the port's signature
        """Forget their pictures, and who told the readings. What meters showed stays: bills stand on it."""
        session.sql("delete from reading_photo where user_id = :user_id", user_id=user_id)
        session.sql("update own_reading set user_id = null, photo_id = null where user_id = :user_id", user_id=user_id)
