"""A form that came without a fresh code: kept in the page that asks for one, and sent again after it.

It stays with the browser alone. Passwords and files are not kept: such a form is filled in again.
"""

import json
from typing import Final

from fastapi import Request
from pydantic import TypeAdapter, ValidationError

SECRET: Final = frozenset({"current", "password"})
TOKEN: Final = "csrf"  # noqa: S105 -- the name of the field
_FIELDS: Final = TypeAdapter(list[tuple[str, str]])


async def of_request(request: Request) -> str:
    """The fields of the form that was sent, as one text; empty for what is no form or cannot be kept."""
    if request.method != "POST":
        return ""
    form = await request.form()  # read already, for its token
    fields = [(name, value) for name, value in form.multi_items() if name != TOKEN]
    is_whole = all(isinstance(value, str) and name not in SECRET for name, value in fields)
    return json.dumps(fields, ensure_ascii=False) if is_whole else ""


def fields_of(kept: str) -> list[tuple[str, str]] | None:
    """The fields again, of which a form may have none; None when the text is not one of ours."""
    try:
        return [(name, value) for name, value in _FIELDS.validate_json(kept) if name != TOKEN]
    except ValidationError:
        return None
