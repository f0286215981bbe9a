"""How refusals of usage are told."""

from typing import Final

from services.usage.errors import DryRunsMany, DryRunUnknown
from web.problems import Problem

PROBLEMS: Final = [
    Problem(
        DryRunUnknown,
        404,
        zh="未找到该试算，或其保存期已过。",
        en="There is no such dry run for you, or its day is over.",
    ),
    Problem(
        DryRunsMany,
        409,
        zh="同时进行的试算不得超过 {open} 个，保存的不得超过 {kept} 个，请稍后再试。",
        en="At most {open} dry runs are worked on at a time, and {kept} kept for a day: come again later.",
    ),
]
