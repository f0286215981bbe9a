"""Files of accounts: judged against what is known, filled where they say nothing, written set-based."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from core import intake, locks, outbox, staging
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import WriteSession, statement
from core.intake import Taken
from core.records import Layout, Reject, Row
from services.accounts.events import MetersMoved
from services.accounts.operations import corrections, reports, transfer
from services.accounts.operations.importing.rows import AccountRows, Person, cleared
from services.accounts.operations.reports import UnitRows
from services.accounts.rules import FILES_WAIT, customer_owner

_TABLE: Final = "staged_account"
_SAID: Final = "select key, said from said_account"
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


class AccountsLoader:
    """`wattline import accounts`: accounts with holder, premises, agreement, meter and contact point, one row each."""

    kind: ClassVar[str] = "accounts"
    has_turns: ClassVar[bool] = True
    layout: ClassVar[Layout] = Layout(
        (*_STAGED, "name", "phone", "locale", "door"),
        frozenset({"account_no", "unit_code", "customer_no", "customer_kind", "name", "class", "district", "street"}),
    )

    def __init__(
        self,
        vault: Vault,
        *,
        currency: str,
        phone_region: str,
        locales: Sequence[str],
        zone: ZoneInfo,
        program: UUID | None = None,
    ) -> None:
        """`currency`, `phone_region` (`+86`) and the first of `locales` stand in where a row says nothing.

        `zone` is the supplier's: a holder begins on the day there on which a file says so. `program` sends the rows,
        and writes to its own units alone.
        """
        self._program = program
        self._vault = vault
        self._currency = currency
        self._rows = AccountRows(vault, self.layout, phone_region=phone_region, locales=locales)
        self._zone = zone

    def stage(self, session: WriteSession, rows: Sequence[Row]) -> list[Reject]:
        """Stage accounts: of people nothing but fingerprints."""
        refused: list[Reject] = []
        staged: list[tuple[object, ...]] = []
        for row in rows:
            record = self._rows.record(row)
            faults = self._rows.faults(record)
            if faults:
                refused += [Reject(row.no, field, reason) for field, reason in faults]
                continue
            names_premises, premises_no = record["premises_no"] is not None, _premises_no(record)
            clear = {**record, "premises_no": premises_no, "building": cleared(record["building"])}
            clear["meter_no"] = "" if record["state"] == "closed" else cleared(record["meter_no"])
            door, print_ = record["door"], self._rows.customer_print(self._rows.person(record))
            premises_print = None if door is None else self._rows.premises_print(premises_no, door)
            says = (names_premises, door is not None)
            staged.append((row.no, *(clear[column] for column in _STAGED), *says, print_, premises_print, []))
        columns = {
            "row_no": "bigint",
            **dict.fromkeys(_STAGED, "text"),
            "names_premises": "boolean",
            "says_door": "boolean",
            "customer_print": "bytea",
            "premises_print": "bytea",
            "held": "text[]",
        }
        staging.stage(session, table=_TABLE, columns=columns, rows=staged)
        return refused + staging.refuse(
            session, table=_TABLE, judgement=statement(__package__, "import_accounts_format.sql")
        )

    def load(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:
        """Write new and changed accounts of one chunk. Waits while a customer is being erased.

        Publishes MetersMoved.
        """
        # What an account is found by comes from rows that two files may share; chunks of accounts take turns.
        intake.take_turn(session, kind=self.kind)
        locks.share_lock(session, key=FILES_WAIT)
        by_no = {row.no: row for row in rows}
        filled, contradictory = self._judge(session, by_no, notes_of=None)
        refused = refused + contradictory
        for step in ("corrections_end", "accounts_compare"):
            session.sql(statement(__package__, f"import_{step}.sql"))
        taken = _count(session, run_id=run_id, refused=refused)
        self._seal_customers(session, by_no, filled)
        self._seal_premises(session, by_no)
        corrections.tell_changes(session, by=f"import_run:{run_id}")
        for write in ("customers", "contacts_gone", "contacts", "premises"):
            session.sql(statement(__package__, f"import_{write}_write.sql"))
        transfer.find_changes(session)
        session.sql(statement(__package__, "import_accounts_write.sql"), currency=self._currency)
        moved = [
            row.id
            for write in ("meters_end", "meters")
            for row in session.sql(statement(__package__, f"import_{write}_write.sql"), zone=str(self._zone))
            if row.id is not None
        ]
        if moved:
            outbox.add(session, MetersMoved(meter_ids=moved))
        for write in ("agreements_end", "agreements"):
            session.sql(statement(__package__, f"import_{write}_write.sql"))
        transfer.close_changes(session, actor=Actor(f"import_run:{run_id}"), zone=self._zone)
        return taken

    def check(self, session: WriteSession, *, run_id: int, rows: Sequence[Row], refused: list[Reject]) -> Taken:
        """Tell what `load` would do with one chunk; a number that an earlier chunk had would be known by then."""
        by_no = {row.no: row for row in rows}
        refused = refused + self._judge(session, by_no, notes_of=run_id)[1]
        session.sql(statement(__package__, "import_accounts_compare.sql"))
        self._note(session, by_no, run_id=run_id)
        return _count(session, run_id=run_id, refused=refused)

    def place(
        self, session: WriteSession, *, run_id: int, rows: Sequence[Row], rejects: Sequence[Reject]
    ) -> list[Reject]:
        """A refused row belongs to the unit that it names."""
        wrong = {each.row_no for each in rejects}
        codes = {row.no: row.values[1] for row in rows if row.no in wrong}
        known = session.sql(
            "select code, id from unit where code = any(:codes)", codes=list({code for code in codes.values() if code})
        )
        ids = {row.code: row.id for row in known}
        places = {row_no: ids[code] for row_no, code in codes.items() if code in ids}
        return reports.count_rejects(session, run_id=run_id, rejects=rejects, places=places)

    def finish(self, session: WriteSession, *, run_id: int) -> bool:  # noqa: ARG002 -- the protocol's
        """Nothing waits for the whole file."""
        return True

    def forget(self, session: WriteSession, *, run_id: int, most: int) -> int:
        """Drop what a run has met."""
        return reports.forget_seen(session, run_id=run_id, most=most)

    def _note(self, session: WriteSession, rows: Mapping[int, Row], *, run_id: int) -> None:
        """Keep what the rows of a dry run say, and count those that were there before as the load does."""
        people = ((row_no, self._rows.record(row)) for row_no, row in rows.items())
        staging.stage(
            session,
            table="said_person",
            columns={"row_no": "bigint", "name": "text", "phone": "text", "locale": "text"},
            rows=(
                (
                    row_no,
                    self._rows.said("name", record["name"]),
                    self._rows.said("phone", record["phone"]),
                    record["locale"],
                )
                for row_no, record in people
            ),
        )
        session.sql(statement(__package__, "import_accounts_said.sql"), run_id=run_id, currency=self._currency)
        session.sql(statement(__package__, "import_accounts_repeated.sql"))
        reports.keep_said(session, run_id=run_id, query=_SAID)
        moved = statement(__package__, "import_meters_moved.sql").clause.text
        reports.keep_said(session, run_id=run_id, kind="meter", query=moved)

    def _judge(
        self, session: WriteSession, rows: Mapping[int, Row], *, notes_of: int | None
    ) -> tuple[dict[int, Person], list[Reject]]:
        """Take out what contradicts what is known; of a program first what is not its own, of which no more is told.

        `notes_of` is a dry run, whose earlier chunks noted where meters are. Answers the people that `_fill` does.
        What a refused row says holds for no other: those that are left are filled anew.
        """
        self._find_premises(session, rows)
        session.sql(statement(__package__, "import_meters_closed.sql"))
        refused = self._refuse(session, "reach")
        session.sql(keep := statement(__package__, "import_corrections_keep.sql"))
        refused += self._refuse(session, "meaning")
        refused += self._refuse_meters(session, notes_of=notes_of)
        while True:
            filled, touched = self._fill(session, rows)
            contradictory = self._refuse(session, "reach_shared") + self._refuse(session, "differing")
            if not contradictory:
                return filled, refused
            refused += contradictory + self._refuse_meters(session, notes_of=notes_of)
            self._unfill(session, rows, touched)
            session.sql(keep)

    def _refuse(
        self, session: WriteSession, what: Literal["reach", "reach_shared", "meaning", "differing"]
    ) -> list[Reject]:
        judgement = statement(__package__, f"import_accounts_{what}.sql")
        if what.startswith("reach"):
            if self._program is None:
                return []
            return staging.refuse(session, table=_TABLE, judgement=judgement, program=self._program)
        return staging.refuse(session, table=_TABLE, judgement=judgement)

    def _refuse_meters(self, session: WriteSession, *, notes_of: int | None) -> list[Reject]:
        refused: list[Reject] = []
        judgement = statement(__package__, "import_meters_taken.sql")
        while taken := staging.refuse(session, table=_TABLE, judgement=judgement, run_id=notes_of):
            refused += taken
        return refused

    def _find_premises(self, session: WriteSession, rows: Mapping[int, Row]) -> None:
        """Let rows that name no premises be about those that their account has."""
        prints = {}
        for row in session.sql(statement(__package__, "import_premises_known.sql")):
            door = self._rows.record(rows[row.row_no])["door"]
            if door is not None:
                prints[row.row_no] = (None, self._rows.premises_print(row.premises_no, door))
        _write_prints(session, prints)

    def _fill(self, session: WriteSession, rows: Mapping[int, Row]) -> tuple[dict[int, Person], dict[int, str]]:
        """Let staged rows mean what is known, or said in another row of the chunk, where they say nothing.

        Answers the people of rows about whose customers more is to be sealed than they say, and of which premises
        the rows are that were filled.
        """
        filled = self._fill_people(session, rows)
        touched = _write_prints(
            session, {row_no: (self._rows.customer_print(person), None) for row_no, person in filled.items()}
        )
        said = session.sql(statement(__package__, "import_premises_said.sql"))
        return filled, touched | {row.row_no: row.premises_no for row in said}

    def _unfill(self, session: WriteSession, rows: Mapping[int, Row], touched: Mapping[int, str]) -> None:
        """Let filled rows say no more than they said."""
        records = {row_no: self._rows.record(rows[row_no]) for row_no in touched}
        session.sql(
            statement(__package__, "import_accounts_unfill.sql"),
            row_nos=list(records),
            buildings=[cleared(record["building"]) for record in records.values()],
            customer_prints=[self._rows.customer_print(self._rows.person(record)) for record in records.values()],
            premises_prints=[
                None if record["door"] is None else self._rows.premises_print(touched[row_no], record["door"])
                for row_no, record in records.items()
            ],
        )

    def _fill_people(self, session: WriteSession, rows: Mapping[int, Row]) -> dict[int, Person]:
        """What a customer's first row says of it holds for those of the chunk that say nothing, then what is known."""
        found = session.sql(statement(__package__, "import_customers_known.sql")).all()
        records = {row.row_no: self._rows.record(rows[row.row_no]) for row in found}
        said: dict[tuple[str | None, str], str | None] = {}
        for record in records.values():
            for column in ("phone", "locale"):
                if record[column]:
                    said.setdefault((record["customer_no"], column), record[column])
        filled = {}
        for row in found:
            record = records[row.row_no]
            customer_no = record["customer_no"] or ""
            phone = record["phone"] or said.get((customer_no, "phone"))
            if phone is None and row.address_sealed is not None:
                phone = self._vault.open(
                    table="contact_point",
                    column="address",
                    owner=customer_owner(customer_no),
                    sealed=bytes(row.address_sealed),
                )
            locale = record["locale"] or said.get((customer_no, "locale"))
            if cleared(phone):
                locale = locale or row.locale
            filled[row.row_no] = self._rows.person({**record, "phone": phone, "locale": locale})
        return filled

    def _seal_customers(self, session: WriteSession, rows: Mapping[int, Row], filled: Mapping[int, Person]) -> None:
        found = session.sql(statement(__package__, "import_customers_changed.sql")).scalars()
        changed = [filled.get(row_no) or self._rows.person(self._rows.record(rows[row_no])) for row_no in found]
        said = {person.customer_no: person.name for person in changed}
        held = corrections.corrected_names(session, vault=self._vault, said=said)
        changed = [replace(each, name=held.get(each.customer_no, each.name)) for each in changed]
        staging.stage(
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
            rows=(self._rows.sealed_customer(person) for person in changed),
        )

    def _seal_premises(self, session: WriteSession, rows: Mapping[int, Row]) -> None:
        changed = session.sql(statement(__package__, "import_premises_changed.sql")).all()
        doors = [(row.premises_no, self._rows.record(rows[row.row_no])["door"]) for row in changed]
        staging.stage(
            session,
            table="sealed_premises",
            columns={"premises_no": "text", "door_sealed": "bytea", "fingerprint": "bytea"},
            rows=((no, self._rows.sealed_door(no, door), self._rows.premises_print(no, door)) for no, door in doors),
        )


def _write_prints(session: WriteSession, prints: Mapping[int, tuple[bytes | None, bytes | None]]) -> dict[int, str]:
    """Write the prints of customer and premises of these rows; one that is None stays. Answers the rows' premises."""
    if not prints:
        return {}
    written = session.sql(
        statement(__package__, "import_prints_write.sql"),
        row_nos=list(prints),
        customer_prints=[customer for customer, _ in prints.values()],
        premises_prints=[premises for _, premises in prints.values()],
    )
    return {row.row_no: row.premises_no for row in written}


def _premises_no(record: Mapping[str, str | None]) -> str:
    """The premises that a row names; its account's number where it names none, and none is known."""
    return record["premises_no"] or record["account_no"] or ""


def _count(session: WriteSession, *, run_id: int, refused: list[Reject]) -> Taken:
    """Add what the compared rows come to to the totals of their units."""
    found = session.sql(statement(__package__, "import_accounts_totals.sql")).all()
    rows = [UnitRows(row.unit_id, row.new, row.changed, row.unchanged, row.accounts) for row in found]
    return reports.count_rows(session, run_id=run_id, rows=rows, rejects=refused)
