"""Names, telephone numbers and search tokens: pure functions."""

import re
import unicodedata
from typing import Final

E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_NATIONAL: Final = re.compile(r"[0-9]{5,14}")
_PUNCTUATION: Final = str.maketrans("", "", " -()·")
LAST_DIGITS: Final = 4


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
    pairs = {normal[at : at + 2] for at in range(len(normal) - 1)}
    terms = [("name", normal), *(("name_pair", pair) for pair in sorted(pairs))]
    if phone is not None:
        terms += [("phone", phone), ("phone_end", phone[-LAST_DIGITS:])]
    return terms


def customer_owner(customer_no: str) -> str:
    """Whose subkey seals a customer's cells."""
    return f"customer:{customer_no}"


def premises_owner(premises_no: str) -> str:
    """Whose subkey seals the door of premises."""
    return f"premises:{premises_no}"
