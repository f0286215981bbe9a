"""Files of units and of accounts into tables, set-based; see docs/reference/import-formats.md for the columns.

Nothing that is unchanged is written: clear columns are compared, sealed ones by their fingerprints.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from core import intake, locks
from core.audit import Actor
from core.crypto.vault import Vault, mask_name, mask_phone
from core.db import WriteSession, statement
from core.intake import Reject, Row
from core.records import Layout
from services.accounts.operations import transfer
from services.accounts.rules import customer_owner, normal_phone, premises_owner, search_terms

_PACKAGE: Final = "services.accounts"
_TABLE: Final = "staged_account"
_MAX_TEXT: Final = 200
ERASING: Final = "accounts.erasing"
"""Held by whoever erases a customer, shared by chunks of files: no chunk is judged before and written behind it."""
_STAGED: Final = (
    "account_no",
    "unit_code",
    "customer_no",
    "customer_kind",
    "class",
    "state",
    "currency",
    "premises_no",
    "district",
    "street",
    "building",
    "meter_no",
    "tariff_code",
    "is_prepaid",
    "agreement_from",
)


class UnitsLoader:
    """`wattline import units`: the supplier's tree. A parent stands before its children or is known already."""

    kind: ClassVar[str] = "units"
    layout: ClassVar[Layout] = Layout(("code", "parent_code", "kind", "name"), frozenset({"code", "kind", "name"}))

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row]) -> list[Reject]:  # noqa: ARG002 -- the protocol's
        """Add and rename units. A unit never moves: its accounts and staff would change hands silently."""
        intake.stage(
            session,
            table="staged_unit",
            columns={"row_no": "bigint", **dict.fromkeys(self.layout.columns, "text")},
            rows=_plain(rows),
        )
        refused = intake.refuse(session, table="staged_unit", judgement=statement(_PACKAGE, "import_units_judge.sql"))
        # One level a round: a child needs its parent's path.
        while session.sql(statement(_PACKAGE, "import_units_write.sql")).rowcount:
            pass
        return refused + intake.refuse(
            session, table="staged_unit", judgement=statement(_PACKAGE, "import_units_orphans.sql")
        )

    def finish(self, session: WriteSession, *, run_id: int) -> bool:  # noqa: ARG002 -- the protocol's
        """Nothing waits for the whole file."""
        return True


@dataclass(frozen=True, slots=True)
class _Person:
    """What of a row is sealed, and the fingerprints that stand for it."""

    customer_no: str
    name: str
    phone: str | None
    locale: str
    premises_no: str
    door: str | None
    customer_print: bytes
    premises_print: bytes


class AccountsLoader:
    """`wattline import accounts`: accounts with holder, premises, agreement, meter and contact point, one row each."""

    kind: ClassVar[str] = "accounts"
    layout: ClassVar[Layout] = Layout(
        (*_STAGED, "name", "phone", "locale", "door"),
        frozenset({"account_no", "unit_code", "customer_no", "customer_kind", "name", "class", "district", "street"}),
    )

    def __init__(
        self, vault: Vault, *, currency: str, phone_region: str, locales: Sequence[str], zone: ZoneInfo
    ) -> None:
        """`currency`, `phone_region` (`+86`) and the first of `locales` stand in where a row says nothing.

        `zone` is the supplier's: a holder begins on the day there on which a file says so.
        """
        self._vault = vault
        self._currency = currency
        self._phone_region = phone_region
        self._locales = locales
        self._zone = zone

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row]) -> list[Reject]:
        """Write new and changed accounts of one chunk. Waits while a customer is being erased."""
        locks.share_lock(session, key=ERASING)
        refused: list[Reject] = []
        persons: dict[int, _Person] = {}
        staged: list[tuple[object, ...]] = []
        for row in rows:
            record = dict(zip(self.layout.columns, row.values, strict=True))
            record["premises_no"] = record["premises_no"] or record["account_no"]
            faults = self._faults(record)
            if faults:
                refused += [Reject(row.no, field, reason) for field, reason in faults]
                continue
            person = self._person(record)
            persons[row.no] = person
            clear = {**record, "state": record["state"] or "active", "currency": record["currency"] or self._currency}
            clear["is_prepaid"] = record["is_prepaid"] or "false"
            staged.append(
                (row.no, *(clear[column] for column in _STAGED), person.customer_print, person.premises_print)
            )
        columns = {
            "row_no": "bigint",
            **dict.fromkeys(_STAGED, "text"),
            "customer_print": "bytea",
            "premises_print": "bytea",
        }
        intake.stage(session, table=_TABLE, columns=columns, rows=staged)
        for judgement in ("import_accounts_format.sql", "import_accounts_meaning.sql"):
            refused += intake.refuse(session, table=_TABLE, judgement=statement(_PACKAGE, judgement))
        self._seal_customers(session, persons)
        self._seal_premises(session, persons)
        for write in ("customers", "contacts_gone", "contacts", "premises"):
            session.sql(statement(_PACKAGE, f"import_{write}_write.sql"))
        transfer.find_changes(session)
        for write in ("accounts", "meters", "agreements_end", "agreements"):
            session.sql(statement(_PACKAGE, f"import_{write}_write.sql"))
        transfer.close_changes(session, actor=Actor(f"import_run:{run_id}"), zone=self._zone)
        return refused

    def finish(self, session: WriteSession, *, run_id: int) -> bool:  # noqa: ARG002 -- the protocol's
        """Nothing waits for the whole file."""
        return True

    def _faults(self, record: dict[str, str | None]) -> list[tuple[str, str]]:
        """What is wrong with the fields that the database never sees in clear, and with missing ones."""
        faults = [
            (column, "is missing")
            for column in self.layout.columns
            if column in self.layout.required and not record[column]
        ]
        faults += [
            (column, f"is longer than {_MAX_TEXT} characters")
            for column, text in record.items()
            if text and len(text) > _MAX_TEXT
        ]
        if record["phone"] and normal_phone(record["phone"], region=self._phone_region) is None:
            faults.append(("phone", "is not a telephone number"))
        if record["locale"] and record["locale"] not in self._locales:
            faults.append(("locale", f"is none of {', '.join(self._locales)}"))
        return faults

    def _person(self, record: dict[str, str | None]) -> _Person:
        customer_no, name, premises_no = (record[column] or "" for column in ("customer_no", "name", "premises_no"))
        phone = normal_phone(record["phone"], region=self._phone_region) if record["phone"] else None
        locale, door = record["locale"] or self._locales[0], record["door"]
        return _Person(
            customer_no,
            name,
            phone,
            locale,
            premises_no,
            door,
            self._vault.blind("customer", "\0".join((customer_no, name, phone or "", locale))),
            self._vault.blind("premises", f"{premises_no}\0{door or ''}"),
        )

    def _seal_customers(self, session: WriteSession, persons: dict[int, _Person]) -> None:
        changed = [persons[row.row_no] for row in session.sql(statement(_PACKAGE, "import_customers_changed.sql"))]
        intake.stage(
            session,
            table="sealed_customer",
            columns={
                "customer_no": "text",
                "name_sealed": "bytea",
                "name_masked": "text",
                "tokens": "bytea[]",
                "phone_sealed": "bytea",
                "phone_blind": "bytea",
                "phone_masked": "text",
                "locale": "text",
            },
            rows=(self._sealed_customer(person) for person in changed),
        )

    def _sealed_customer(self, person: _Person) -> tuple[object, ...]:
        owner = customer_owner(person.customer_no)
        tokens = [self._vault.blind(kind, value) for kind, value in search_terms(name=person.name, phone=person.phone)]
        name_sealed = self._vault.seal(table="customer", column="name", owner=owner, text=person.name)
        contact: tuple[object, ...] = (None, None, None)
        if person.phone is not None:
            sealed = self._vault.seal(table="contact_point", column="address", owner=owner, text=person.phone)
            contact = (sealed, self._vault.blind("phone", person.phone), mask_phone(person.phone))
        return (person.customer_no, name_sealed, mask_name(person.name), tokens, *contact, person.locale)

    def _seal_premises(self, session: WriteSession, persons: dict[int, _Person]) -> None:
        changed = [persons[row.row_no] for row in session.sql(statement(_PACKAGE, "import_premises_changed.sql"))]
        intake.stage(
            session,
            table="sealed_premises",
            columns={"premises_no": "text", "door_sealed": "bytea"},
            rows=(
                (
                    person.premises_no,
                    None
                    if person.door is None
                    else self._vault.seal(
                        table="premises", column="door", owner=premises_owner(person.premises_no), text=person.door
                    ),
                )
                for person in changed
            ),
        )


def _plain(rows: Sequence[Row]) -> list[tuple[object, ...]]:
    return [(row.no, *row.values) for row in rows]
