"""The relay process: `python -m app.relay`: facts to their handlers, webhooks to their endpoints.

TERM ends it after the event, and the calls, in hand.
"""

import signal
import sys
import threading

from app import wiring
from core import config, faults, logging
from jobs import notifications, relay, webhooks
from jobs.celery_app import app as celery
from jobs.celery_app import hint
from notifications.webhooks.ports import CALLER


def main() -> int:
    """Relay until told to stop."""
    settings = config.load()
    logging.configure(level=settings.log_level)
    faults.arm_from_environment(settings.environment)
    celery.conf.broker_url = (settings.broker_url or settings.redis_url).get_secret_value()
    stop = threading.Event()
    for received in (signal.SIGTERM, signal.SIGINT):
        signal.signal(received, lambda *_: stop.set())
    runtime = wiring.build(settings)
    sending = threading.Thread(
        target=webhooks.run,
        kwargs={"vault": runtime.vault, "caller": CALLER.get(), "stop": stop},
        args=(runtime.db,),
        name="webhooks",
    )
    sending.start()
    relay.run(runtime.db, stop=stop, hint=lambda: hint(notifications.send))
    sending.join()
    runtime.db.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
