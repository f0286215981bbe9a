"""The locked fields of an account, one by one: what stands there, what may stand there, and how it is written."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Self, assert_never

from core import outbox
from core.crypto.vault import Vault, mask_name
from core.db import ReadSession, WriteSession, statement, view
from services.accounts.errors import CorrectionOutdated
from services.accounts.events import MetersMoved
from services.accounts.models import AccountClass, CustomerKind
from services.accounts.queries import AccountId
from services.accounts.rules import CLEARED, customer_owner, normal_name, premises_owner, search_terms

MOST_TEXT: Final = 200
MOST_CODE: Final = 32


class Owner(enum.StrEnum):
    """Whose a field is: all accounts of a customer, or of premises, show what is theirs."""

    CUSTOMER = "customer"
    PREMISES = "premises"
    ACCOUNT = "account"


class Corrected(enum.StrEnum):
    """Fields of level 1, which two persons may correct; an address part by part."""

    NAME = "name"
    KIND = "kind"
    USE_CLASS = "use_class"
    DISTRICT = "district"
    STREET = "street"
    BUILDING = "building"
    DOOR = "door"
    METER = "meter"
    TARIFF = "tariff"
    PAYMENT_MODE = "payment_mode"

    @property
    def owner(self) -> Owner:
        """Whose it is."""
        return _OWNERS.get(self, Owner.ACCOUNT)

    @property
    def is_dated(self) -> bool:
        """Whether it is one thing up to a day and another from it on."""
        return self in {Corrected.METER, Corrected.TARIFF, Corrected.PAYMENT_MODE}

    @property
    def may_be_empty(self) -> bool:
        """Whether there are accounts without it."""
        return self in {Corrected.BUILDING, Corrected.DOOR}


_OWNERS: Final[Mapping[Corrected, Owner]] = {
    Corrected.NAME: Owner.CUSTOMER,
    Corrected.KIND: Owner.CUSTOMER,
    Corrected.DISTRICT: Owner.PREMISES,
    Corrected.STREET: Owner.PREMISES,
    Corrected.BUILDING: Owner.PREMISES,
    Corrected.DOOR: Owner.PREMISES,
}
PREPAID, BILLED = "prepaid", "billed"
_CHOICES: Final[Mapping[Corrected, frozenset[str]]] = {
    Corrected.KIND: frozenset(CustomerKind),
    Corrected.USE_CLASS: frozenset(AccountClass),
    Corrected.PAYMENT_MODE: frozenset({PREPAID, BILLED}),
}
_WRITES: Final[Mapping[Corrected, str]] = {
    Corrected.KIND: "update customer set kind = :value where id = :customer_id",
    Corrected.USE_CLASS: "update account set class = :value where id = :account_id",
    Corrected.DISTRICT: "update premises set district = :value where id = :premises_id",
    Corrected.STREET: "update premises set street = :value where id = :premises_id",
    Corrected.BUILDING: "update premises set building = :value where id = :premises_id",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in the locked fields of an account."""

    account_id: int
    customer_id: int
    customer_no: str
    premises_id: int
    premises_no: str
    name_sealed: bytes
    kind: str
    use_class: str
    district: str
    street: str
    building: str
    door_sealed: bytes | None
    agreement_id: int | None
    agreed_from: date | None
    tariff_code: str | None
    is_prepaid: bool | None
    meter: str
    metered_from: date | None
    is_closed: bool

    @classmethod
    def of(cls, session: ReadSession, *, account_id: AccountId) -> Self:
        """As it is now."""
        return view(cls, session.sql(statement(__package__, "locked_standing.sql"), account_id=account_id).one())

    def value(self, vault: Vault, field: Corrected) -> str:
        """One field in clear; empty where nothing is known."""
        match field:
            case Corrected.NAME:
                return _opened(vault, "customer", "name", customer_owner(self.customer_no), self.name_sealed)
            case Corrected.DOOR:
                return _opened(vault, "premises", "door", premises_owner(self.premises_no), self.door_sealed)
            case Corrected.KIND | Corrected.USE_CLASS | Corrected.DISTRICT | Corrected.STREET | Corrected.BUILDING:
                return str(getattr(self, field.value))
            case Corrected.METER:
                return self.meter
            case Corrected.TARIFF:
                return self.tariff_code or ""
            case Corrected.PAYMENT_MODE:
                return "" if self.is_prepaid is None else PREPAID if self.is_prepaid else BILLED
            case _:
                assert_never(field)

    def may_begin(self, field: Corrected, on: date) -> bool:
        """Whether a dated field may be another from a day on: not before what is known of it began."""
        since = self.metered_from if field is Corrected.METER else self.agreed_from
        return since is None or on >= since


def is_good(standing: Standing, field: Corrected, value: str) -> bool:
    """Whether something may stand there: what a file may say of it. Nobody is prepaid without a tariff.

    An account that is closed has no meter, and the sign by which files take something away is no value.
    """
    if field in _CHOICES:
        return value in _CHOICES[field] and (field is not Corrected.PAYMENT_MODE or standing.agreement_id is not None)
    if value == CLEARED or (field is Corrected.METER and standing.is_closed):
        return False
    most = MOST_CODE if field in {Corrected.METER, Corrected.TARIFF} else MOST_TEXT
    return len(value) <= most and (bool(value) or field.may_be_empty)


def shown(field: Corrected, value: str) -> str:
    """A value as lists show it: what is personal masked."""
    return mask_name(value) if field in {Corrected.NAME, Corrected.DOOR} else value


def said(vault: Vault, field: Corrected, value: str) -> str:
    """What stands for a value as a file says it; of what is personal a keyed hash."""
    match field:
        case Corrected.NAME:
            return name_said(vault, value)
        case Corrected.DOOR:
            return vault.blind("corrected-door", value).hex()
        case Corrected.PAYMENT_MODE:
            return {PREPAID: "true", BILLED: "false"}.get(value, "")
        case _:
            return value


def name_said(vault: Vault, name: str) -> str:
    """What stands for a name that a file says: width, case and spaces do not matter."""
    return vault.blind("corrected-name", normal_name(name)).hex()


def opened_name(vault: Vault, customer_no: str, sealed: bytes) -> str:
    """A customer's name in clear."""
    return _opened(vault, "customer", "name", customer_owner(customer_no), sealed)


def write(
    session: WriteSession, *, vault: Vault, standing: Standing, field: Corrected, value: str, on: date | None
) -> None:
    """Let a value stand there, `on` a day for what is dated.

    Fingerprints stay those of files: what they repeat is unchanged. Raises CorrectionOutdated for a meter that is at
    another account. Publishes MetersMoved.
    """
    match field:
        case Corrected.NAME:
            _rename(session, vault, standing, value)
        case Corrected.DOOR:
            owner = premises_owner(standing.premises_no)
            sealed = vault.seal(table="premises", column="door", owner=owner, text=value) if value else None
            session.sql(
                "update premises set door_sealed = :sealed where id = :id", sealed=sealed, id=standing.premises_id
            )
        case Corrected.METER:
            _replace_meter(session, standing.account_id, value, on)
        case Corrected.TARIFF:
            _agree(session, standing, value, on, is_prepaid=bool(standing.is_prepaid))
        case Corrected.PAYMENT_MODE:
            _agree(session, standing, standing.tariff_code, on, is_prepaid=value == PREPAID)
        case _:
            ids = {f"{field.owner}_id": getattr(standing, f"{field.owner}_id")}
            session.sql(_WRITES[field], value=value, **ids)


def _opened(vault: Vault, table: str, column: str, owner: str, sealed: bytes | None) -> str:
    return "" if sealed is None else vault.open(table=table, column=column, owner=owner, sealed=bytes(sealed))


def _rename(session: WriteSession, vault: Vault, standing: Standing, name: str) -> None:
    """Write the name and what it is found by."""
    owner = customer_owner(standing.customer_no)
    sealed = session.sql(
        "select address_sealed from contact_point where customer_id = :id and id = 1 and kind = 'phone'",
        id=standing.customer_id,
    ).scalar_one_or_none()
    phone = None if sealed is None else _opened(vault, "contact_point", "address", owner, sealed)
    session.sql(
        "update customer set name_sealed = :sealed, name_masked = :masked, tokens = :tokens where id = :id",
        sealed=vault.seal(table="customer", column="name", owner=owner, text=name),
        masked=mask_name(name),
        tokens=[vault.blind(kind, value) for kind, value in search_terms(name=name, phone=phone)],
        id=standing.customer_id,
    )


def _replace_meter(session: WriteSession, account_id: int, meter_no: str, on: date | None) -> None:
    moved = session.sql(
        "update meter set removed_on = :on where account_id = :account_id and removed_on is null returning id",
        account_id=account_id,
        on=on,
    ).scalars()
    came = session.sql(
        """insert into meter (meter_no, account_id, installed_on)
           select :meter_no, :account_id, :on
           where not exists (select from meter where meter_no = :meter_no and removed_on > :on)
           on conflict (meter_no) where removed_on is null do nothing returning id""",
        account_id=account_id,
        meter_no=meter_no,
        on=on,
    ).scalar_one_or_none()
    if came is None:
        raise CorrectionOutdated
    outbox.add(session, MetersMoved(meter_ids=[*moved, came]))


def _agree(
    session: WriteSession, standing: Standing, tariff_code: str | None, on: date | None, *, is_prepaid: bool
) -> None:
    """Other terms from a day on; those that began on the same day are others altogether."""
    number = standing.agreement_id or 0
    session.sql(
        """update agreement set valid_to = :on
           where account_id = :account_id and id = :id and valid_from < :on and (valid_to is null or valid_to > :on)""",
        account_id=standing.account_id,
        id=number,
        on=on,
    )
    session.sql(
        """insert into agreement (account_id, id, tariff_code, is_prepaid, valid_from)
           values (:account_id, :id, :tariff_code, :is_prepaid, :on)
           on conflict (account_id, id) do update set tariff_code = excluded.tariff_code,
             is_prepaid = excluded.is_prepaid""",
        account_id=standing.account_id,
        id=number if standing.agreed_from == on else number + 1,
        tariff_code=tariff_code,
        is_prepaid=is_prepaid,
        on=on,
    )
