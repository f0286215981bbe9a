"""Anticipated refusals. Everything else is a bug and rises as it is."""

from typing import ClassVar, TypeAlias

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"


class Refusal(Exception):
    """One class per anticipated refusal.

    `code` is stable and documented. Keyword arguments are facts that the caller may see; `web` renders them into the
    problem's text.
    """

    code: ClassVar[str]

    def __init__(self, **facts: Json) -> None:
        super().__init__(self.code)
        self.facts = facts
