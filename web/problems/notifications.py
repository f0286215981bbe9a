"""Refusals of the inbox."""

from typing import Final

from notifications.inbox import NoSuchMessage
from web.problems import Problem

PROBLEMS: Final = [
    Problem(NoSuchMessage, 404, zh="未找到这条消息。", en="There is no such message in your inbox."),
]
