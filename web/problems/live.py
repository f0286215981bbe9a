"""How streams of live status are refused. Asking again and again gives the same content."""

from typing import ClassVar, Final

from core.errors import Refusal
from web.problems import Problem


class TooManyStreams(Refusal):
    """The caller follows as many payments at once as one person may."""

    code: ClassVar[str] = "too_many_streams"


class StreamsFull(Refusal):
    """The process has as many streams as it serves at once."""

    code: ClassVar[str] = "streams_full"


PROBLEMS: Final = [
    Problem(
        TooManyStreams,
        429,
        zh="您打开的实时页面过多，请关闭一些后重试，或改为定时查询。",
        en="You follow too many payments at once; close some of them, or ask from time to time instead.",
        headers={"Retry-After": "30"},
    ),
    Problem(
        StreamsFull,
        503,
        zh="当前实时连接较多，请改为定时查询，或稍后重试。",
        en="Too many streams are open right now; ask for the payment from time to time instead, or try again later.",
        headers={"Retry-After": "30"},
    ),
]
