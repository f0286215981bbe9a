"""How refusals of metering are told."""

from typing import Final

from services.metering.errors import ReadingDecided, ReadingNotAcceptable, ReadingNotEstimable, ReadingUnknown
from web.problems import Problem

PROBLEMS: Final = [
    Problem(ReadingUnknown, 404, zh="未找到该读数。", en="There is no such reading for you."),
    Problem(ReadingDecided, 409, zh="该读数已处理。", en="Somebody decided about this reading already."),
    Problem(
        ReadingNotAcceptable,
        409,
        zh="该读数不能采纳：请舍弃或改为估算。",
        en="This reading cannot be accepted; discard it, or have it estimated.",
    ),
    Problem(
        ReadingNotEstimable,
        409,
        zh="无法估算：相邻时段及往期均无读数。请舍弃该读数，待数据补齐后再处理。",
        en="It cannot be estimated: nothing is known around it or before it. Discard it; readings may still come.",
    ),
]
