"""Tasks of messages. All may run any number of times at once: rows are claimed, not tasks."""

from typing import Final

from jobs.celery_app import DAY_S, MESSAGES_QUEUE, every, hint
from jobs.runtime import database, forget
from notifications import delivery, receipts, wechat
from notifications.setup import SETUP

AT_ONCE: Final = 100


@every(5.0, "notifications.send", queue=MESSAGES_QUEUE)
def send(**_: object) -> None:
    """Send what is due; a run that had to leave some asks for the next one at once."""
    if not delivery.send_due(database(), setup=SETUP.get()).is_all:
        hint(send)


@every(5.0, "notifications.sweep", queue=MESSAGES_QUEUE)
def sweep(**_: object) -> None:
    """Mend what dead senders left, and apply receipts that could not be applied."""
    delivery.sweep(database(), setup=SETUP.get())
    receipts.apply_due(database())


@every(10.0, "notifications.apply_chats", queue=MESSAGES_QUEUE)
def apply_chats(**_: object) -> None:
    """Act on messages of WeChat that could not be acted on when they came."""
    for _number in range(AT_ONCE):
        with database().write() as session:
            if not wechat.apply_stored(session, setup=SETUP.get()):
                return


@every(DAY_S, "notifications.purge")
def purge(**_: object) -> None:
    """Forget messages that ended more than 400 days ago, with their attempts and findings."""
    forget("messages", delivery.purge)
