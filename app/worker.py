"""The Celery worker and its clock: `celery -A app.worker worker`, `celery -A app.worker beat`."""

from celery.signals import beat_init, setup_logging, worker_init, worker_process_init

from core import config, faults, logging
from jobs import (  # noqa: F401 -- they declare tasks and their times
    broker,
    casework,
    files,
    housekeeping,
    identity,
    keys,
    ledger,
    notifications,
    payments,
    privacy,
    quality,
    tariffs,
    usage,
    webhooks,
)
from jobs.celery_app import app

settings = config.load()
broker.outlive_its_server()
app.steps["worker"].add(broker.LastResort)
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
    from jobs import rounds, runtime  # noqa: PLC0415 -- as above

    faults.arm_from_environment(settings.environment)
    db = wiring.build(settings).db
    runtime.use(db)
    rounds.declare(db, app.conf.beat_schedule)  # last: a database that is away keeps no process from starting


@beat_init.connect  # type: ignore[untyped-decorator] # Celery has no types
def _quiet(**_: object) -> None:
    logging.configure(level=settings.log_level)


celery = app
