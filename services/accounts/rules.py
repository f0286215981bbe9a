"""Names, telephone numbers and search tokens: pure functions."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final
from uuid import UUID

E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_NATIONAL: Final = re.compile(r"[0-9]{5,14}")
_PUNCTUATION: Final = str.maketrans("", "", " -()·")
FILES_WAIT: Final = "accounts.files_wait"
"""A lock that chunks of files share, and that keeps them out while a customer is erased or corrected: none is judged
before that and written behind it."""
CLEARED: Final = "-"
"""What a file says of something that is there no more. An empty field says nothing: what is known of it stays."""
LAST_DIGITS: Final = 4
MOST_SEARCHED: Final = 100
"""Characters of what staff search for; the rest is left out."""
_NUMBER: Final = re.compile(r"[0-9A-Za-z-]{4,40}")


@dataclass(frozen=True, slots=True)
class Searched:
    """What a text may mean that staff search for; a part is None or empty where it cannot be that.

    `number` is of an account, a bill or a payment; `phone` and `name` are pairs as `search_terms` makes them, of
    which a customer must have all; `address` are pairs of neighbouring characters.
    """

    number: str | None
    phone: tuple[tuple[str, str], ...]
    name: tuple[tuple[str, str], ...]
    address: tuple[str, ...]

    @property
    def is_anything(self) -> bool:
        """Whether there is enough to search by."""
        return bool(self.number or self.phone or self.name or self.address)


def normal_phone(text: str, *, region: str) -> str | None:
    """The number as E.164; one without a country code gets `region` (`+86`). None when it is no telephone number."""
    number = unicodedata.normalize("NFKC", text).translate(_PUNCTUATION)
    if number.startswith("00"):
        number = "+" + number[2:]
    elif _NATIONAL.fullmatch(number):
        # A trunk zero in front of an area code is not part of the international number.
        number = region + number.removeprefix("0")
    return number if E164.fullmatch(number) else None


def normal_name(text: str) -> str:
    """A name for comparing: width, case and spaces do not matter."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def has_character(name: str, character: str) -> bool:
    """Whether this one letter or ideograph is part of the name."""
    wanted = normal_name(character)
    return len(wanted) == 1 and wanted.isalnum() and wanted in normal_name(name)


def search_terms(*, name: str, phone: str | None) -> list[tuple[str, str]]:
    """Pairs of kind and value: whole name, neighbouring characters, phone, its last four digits."""
    normal = normal_name(name)
    terms = [("name", normal), *(("name_pair", pair) for pair in text_pairs(normal))]
    if phone is not None:
        terms += [("phone", phone), ("phone_end", phone[-LAST_DIGITS:])]
    return terms


def text_pairs(normal: str) -> list[str]:
    """Neighbouring characters of a normal name or word, each pair once."""
    return sorted({normal[at : at + 2] for at in range(len(normal) - 1)})


def searched(text: str, *, region: str) -> Searched:
    """What may be meant: a number, a telephone (whole, or its last four digits), a part of a name, an address.

    A name takes two characters that stand together, each word of an address two: less finds half of everybody.
    """
    typed = unicodedata.normalize("NFKC", text)[:MOST_SEARCHED].strip()
    bare = typed.translate(_PUNCTUATION)
    number = typed if _NUMBER.fullmatch(typed) and any(each.isdigit() for each in typed) else None
    if bare.removeprefix("+").isdecimal():
        if len(bare) == LAST_DIGITS:
            return Searched(number, (("phone_end", bare),), (), ())
        phone = normal_phone(typed, region=region)
        return Searched(number, () if phone is None else (("phone", phone),), (), ())
    name = normal_name(typed)
    words = [normal_name(word) for word in typed.split()]
    address = sorted({pair for word in words for pair in text_pairs(word)})
    return Searched(
        number,
        (),
        tuple(("name_pair", pair) for pair in text_pairs(name)),
        tuple(address) if all(len(word) > 1 for word in words) else (),
    )


def customer_owner(customer_no: str) -> str:
    """Whose subkey seals a customer's cells."""
    return f"customer:{customer_no}"


def note_owner(note_id: UUID) -> str:
    """Whose subkey seals a note."""
    return f"account_note:{note_id}"


def premises_owner(premises_no: str) -> str:
    """Whose subkey seals the door of premises."""
    return f"premises:{premises_no}"
