"""One JSON line per record, with the ids of the request, event or task it belongs to and without secrets."""

import json
import logging
import re
import sys
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

# A phone number or a long secret that slipped into a message is worse than an unreadable message.
_PHONE: Final = re.compile(r"(?<![\w-])\+?[0-9]{3,5}[0-9]{4,6}[0-9]{4}(?![\w-])")
_SECRET_NAMES: Final = frozenset(
    {"authorization", "cookie", "password", "token", "code", "secret", "phone", "openid", "signature", "otp"}
)


class _Output(structlog.WriteLogger):
    """Standard output. Knows its name, as the loggers of the standard library do."""

    def __init__(self, name: str = "") -> None:
        super().__init__(sys.stdout)
        self.name = name


def configure(*, level: str) -> None:
    """Send structlog's and the standard library's records to standard output as JSON lines.

    Our own records, one per request at least, do not pass the standard library, which takes twice as long.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        scrub,
    ]
    encoder = json.JSONEncoder(ensure_ascii=False, default=repr)  # made once: `json.dumps` makes one for each line
    as_json = structlog.processors.JSONRenderer(serializer=lambda record, **_: encoder.encode(record))
    structlog.configure(
        processors=[*shared, as_json],
        logger_factory=_Output,
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, as_json]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes whole addresses, with their queries


def scrub(_logger: WrappedLogger, _method: str, record: EventDict) -> EventDict:
    """Hide values whose name says secret, and digits that look like a phone number in any text."""
    for name, value in record.items():
        if name in _SECRET_NAMES:
            record[name] = "[hidden]"
        elif isinstance(value, str) and name not in {"timestamp", "level", "logger"}:
            record[name] = _PHONE.sub("[number]", value)
    return record
