"""Tasks of messages. All may run any number of times at once: rows are claimed, not tasks."""

from typing import Final

import structlog
from kombu.exceptions import OperationalError

from jobs.celery_app import MESSAGES_QUEUE, app, every
from jobs.runtime import database, forget
from notifications import delivery, receipts, wechat
from notifications.setup import SETUP

log = structlog.get_logger(__name__)

SEND: Final = "notifications.send"
SWEEP: Final = "notifications.sweep"
CHATS: Final = "notifications.apply_chats"
PURGE: Final = "notifications.purge"
PERIOD_S: Final = 5.0
CHATS_S: Final = 10.0
DAY_S: Final = 86_400.0
AT_ONCE: Final = 100


@app.task(name=SEND)  # type: ignore[untyped-decorator] # Celery has no types
def send(**_: object) -> None:
    """Send what is due; a run that had to leave some asks for the next one at once."""
    if delivery.send_due(database(), setup=SETUP.get()).is_all:
        return
    try:
        hint()
    except OperationalError as error:
        log.warning("hint_lost", error=type(error).__name__)


@app.task(name=SWEEP)  # type: ignore[untyped-decorator] # Celery has no types
def sweep(**_: object) -> None:
    """Mend what dead senders left, and apply receipts that could not be applied."""
    delivery.sweep(database(), setup=SETUP.get())
    receipts.apply_due(database())


@app.task(name=CHATS)  # type: ignore[untyped-decorator] # Celery has no types
def apply_chats(**_: object) -> None:
    """Act on messages of WeChat that could not be acted on when they came."""
    for _number in range(AT_ONCE):
        with database().write() as session:
            if not wechat.apply_stored(session, setup=SETUP.get()):
                return


@app.task(name=PURGE)  # type: ignore[untyped-decorator] # Celery has no types
def purge(**_: object) -> None:
    """Forget messages that ended more than 400 days ago, with their attempts and findings."""
    forget("messages", lambda session, most: delivery.purge(session, most=most))


def hint() -> None:
    """Say that messages may be due. May be lost: the schedule says so again; so it does not wait for Redis either."""
    app.send_task(SEND, queue=MESSAGES_QUEUE, expires=PERIOD_S, retry=False)


every(PERIOD_S, SEND, queue=MESSAGES_QUEUE)
every(PERIOD_S, SWEEP, queue=MESSAGES_QUEUE)
every(CHATS_S, CHATS, queue=MESSAGES_QUEUE)
every(DAY_S, PURGE)
