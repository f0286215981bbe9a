"""The Celery worker and its clock: `celery -A app.worker worker`, `celery -A app.worker beat`."""

from celery.signals import beat_init, setup_logging, worker_init, worker_process_init
from kombu.transport import redis

from core import config, faults, logging
from jobs import housekeeping, identity, ledger, notifications, payments  # noqa: F401 -- they declare tasks and their times
from jobs.celery_app import app

# When Redis is restarted while a task runs, kombu tries to give unacknowledged messages back over the connection that
# is gone, and the worker
# exits. Without the attempt (and with `worker_cancel_long_running_tasks_on_connection_loss`) it reconnects within
# seconds; nothing is lost, since
# messages are hints. To be dropped when kombu mends it; a fault test kills Redis under a running task.
redis.Channel.do_restore = False

settings = config.load()
app.conf.broker_url = (settings.broker_url or settings.redis_url).get_secret_value()


@setup_logging.connect  # type: ignore[untyped-decorator] # Celery has no types
def _configure_logging(**_: object) -> None:
    logging.configure(level=settings.log_level)


@worker_init.connect  # type: ignore[untyped-decorator] # Celery has no types
def _load(**_: object) -> None:
    """Import before the fork: children that must do it start slowly on a busy machine, where each pool has many."""
    from app import wiring  # noqa: F401, PLC0415 -- the clock needs none of it


@worker_process_init.connect  # type: ignore[untyped-decorator] # Celery has no types
def _build(**_: object) -> None:
    from app import wiring  # noqa: PLC0415 -- the clock needs none of it; connections are made here, after the fork
    from jobs import runtime  # noqa: PLC0415 -- as above

    faults.arm_from_environment(settings.environment)
    runtime.use(wiring.build(settings).db)


@beat_init.connect  # type: ignore[untyped-decorator] # Celery has no types
def _quiet(**_: object) -> None:
    logging.configure(level=settings.log_level)


celery = app
