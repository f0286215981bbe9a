"""What a line of text may hold, from whichever edge it comes."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def is_line(text: str) -> bool:
    """Whether everything in it is seen as it stands.

    Control and format characters (zero width, reversed direction), separators of lines and lone surrogates are not: two
    texts that look alike would differ, or one would be read as another.
    """
    # Whatever is printable to Python is of no such category: nearly every text needs no look at its characters.
    return text.isprintable() or not any(unicodedata.category(character) in _UNSEEN for character in text)


def normal_form(text: str) -> str:
    """The text with composed characters (NFC): what looks alike is kept alike."""
    return unicodedata.normalize("NFC", text)


def spreadsheet_cell(text: str) -> str:
    """A text for a CSV cell: what a spreadsheet would compute as a formula gets a quote in front (OWASP)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


CSV_MARK: Final = "\ufeff"
"""Stands first in a file: spreadsheets take one without it for one of their own coding."""


def csv_lines(rows: Iterable[Sequence[str | Decimal | date]]) -> str:
    """Rows as lines of a CSV file in which no cell is computed. Numbers and days stand as they are."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([spreadsheet_cell(each) if isinstance(each, str) else str(each) for each in row])
    return out.getvalue()
