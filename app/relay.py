"""The relay process: `python -m app.relay`. TERM ends it after the event in hand."""

import signal
import sys
import threading

from app import wiring
from core import config, faults, logging
from jobs import notifications, relay
from jobs.celery_app import app as celery


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
    relay.run(runtime.db, stop=stop, hint=notifications.hint)
    runtime.db.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
