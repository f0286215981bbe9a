"""What a row of accounts says: of people nothing leaves it but sealed, masked, or as a fingerprint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from core.crypto.vault import Vault, mask_name, mask_phone
from core.records import Layout, Row
from services.accounts.rules import CLEARED, customer_owner, normal_phone, premises_owner, search_terms

_MAX_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class Person:
    """What of a row's customer is sealed."""

    customer_no: str
    name: str
    phone: str | None
    locale: str


class AccountRows:
    """Reads rows of one layout for one supplier."""

    def __init__(self, vault: Vault, layout: Layout, *, phone_region: str, locales: Sequence[str]) -> None:
        """`phone_region` (`+86`) and the first of `locales` stand in where a row says nothing."""
        self._vault = vault
        self._layout = layout
        self._phone_region = phone_region
        self._locales = locales

    def record(self, row: Row) -> dict[str, str | None]:
        """A row by the names of its columns."""
        return dict(zip(self._layout.columns, row.values, strict=True))

    def faults(self, record: dict[str, str | None]) -> list[tuple[str, str]]:
        """What is wrong with the fields that the database never sees in clear, and with missing ones."""
        faults = [
            (column, "is missing")
            for column in self._layout.columns
            if column in self._layout.required and not record[column]
        ]
        faults += [
            (column, f"is longer than {_MAX_TEXT} characters")
            for column, text in record.items()
            if text and len(text) > _MAX_TEXT
        ]
        phone = cleared(record["phone"])
        if phone and normal_phone(phone, region=self._phone_region) is None:
            faults.append(("phone", "is not a telephone number"))
        if record["locale"] and record["locale"] not in self._locales:
            faults.append(("locale", f"is none of {', '.join(self._locales)}"))
        return faults

    def person(self, record: Mapping[str, str | None]) -> Person:
        """The row's customer, with the supplier's language where the row names none."""
        customer_no, name, phone = record["customer_no"] or "", record["name"] or "", cleared(record["phone"])
        number = normal_phone(phone, region=self._phone_region) if phone else None
        return Person(customer_no, name, number, record["locale"] or self._locales[0])

    def customer_print(self, person: Person) -> bytes:
        """A fingerprint of all that is sealed of a customer."""
        return self._vault.blind(
            "customer", "\0".join((person.customer_no, person.name, person.phone or "", person.locale))
        )

    def premises_print(self, premises_no: str, door: str | None) -> bytes:
        """A fingerprint of what is sealed of premises."""
        return self._vault.blind("premises", f"{premises_no}\0{cleared(door) or ''}")

    def said(self, kind: Literal["name", "phone"], text: str | None) -> str | None:
        """A print of what a row says; empty when it is there no more, None when nothing is said."""
        value = cleared(text)
        if value and kind == "phone":
            value = normal_phone(value, region=self._phone_region)
        return self._vault.blind(kind, value).hex() if value else value

    def sealed_customer(self, person: Person) -> tuple[object, ...]:
        """Number, name, masked name, tokens; telephone, its blind and masked form, or None thrice; language."""
        owner = customer_owner(person.customer_no)
        tokens = [self._vault.blind(kind, value) for kind, value in search_terms(name=person.name, phone=person.phone)]
        name_sealed = self._vault.seal(table="customer", column="name", owner=owner, text=person.name)
        contact: tuple[object, ...] = (None, None, None)
        if person.phone is not None:
            sealed = self._vault.seal(table="contact_point", column="address", owner=owner, text=person.phone)
            contact = (sealed, self._vault.blind("phone", person.phone), mask_phone(person.phone))
        return (person.customer_no, name_sealed, mask_name(person.name), tokens, *contact, person.locale)

    def sealed_door(self, premises_no: str, door: str | None) -> bytes | None:
        """The door, sealed for its premises; None without one."""
        text = cleared(door)
        if not text:
            return None
        return self._vault.seal(table="premises", column="door", owner=premises_owner(premises_no), text=text)


def cleared(said: str | None) -> str | None:
    """A value as a row says it: empty when it is there no more, None when nothing is said of it."""
    return "" if said == CLEARED else said
