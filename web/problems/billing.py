"""How refusals of billing are told."""

from typing import Final

from services.billing.errors import TooManyBills
from web.problems import Problem

PROBLEMS: Final = [
    Problem(
        TooManyBills,
        409,
        zh="账单超过 {most} 张，请缩短日期范围后分次下载。",
        en="These are more than {most} bills; choose fewer days and take several files.",
    ),
]
