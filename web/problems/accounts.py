"""How refusals of accounts are told."""

from typing import Final

from services.accounts.errors import LinkLimited, LinkRefused
from web.problems import Problem, register

PROBLEMS: Final = [
    Problem(
        LinkRefused,
        409,
        zh="户号或核验信息不符，请核对账单或电表上的信息后重试。电表号始终可用于核验。",
        en="Account number and details do not match; compare them with the bill or the meter and try again. "
        "The number on the meter always works.",
    ),
    Problem(
        LinkLimited,
        429,
        zh="今日核验失败次数过多，请明天再试，或拨打服务热线。",
        en="Too many failed tries today; try again tomorrow, or call the hotline.",
    ),
]
register(PROBLEMS)
