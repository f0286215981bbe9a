"""The Celery application. Messages are hints that may be lost, doubled or late: rows in PostgreSQL are the truth.

Queues, schedule and limits follow one rule: an outside call (12 s) < soft limit < hard limit < a row's lease (60 s) <
visibility timeout.
"""

from collections.abc import Callable
from typing import Final

import structlog
from celery import Celery
from celery.schedules import schedule
from kombu import Exchange, Queue
from kombu.exceptions import OperationalError

from jobs.rounds import Kept

log = structlog.get_logger(__name__)

DEFAULT_QUEUE: Final = "default"
PAYMENTS_QUEUE: Final = "payments"
MESSAGES_QUEUE: Final = "messages"

MINUTE_S: Final = 60.0
HOUR_S: Final = 3_600.0
DAY_S: Final = 86_400.0

app = Celery("wattline", set_as_current=False, task_cls=Kept)
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # the default gives up after a hundred tries
    broker_pool_limit=10,
    broker_transport_options={
        "visibility_timeout": 300,
        "socket_timeout": 30,  # the default waits for ever on a dead link
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "global_keyprefix": "wattline:",
    },
    task_publish_retry_policy={"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 1},
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_serializer="json",
    accept_content=["json"],
    enable_utc=True,
    timezone="UTC",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_soft_time_limit=40,
    task_time_limit=50,
    task_create_missing_queues=False,
    task_default_queue=DEFAULT_QUEUE,
    # Each queue with an exchange of its own: Celery would bind all of them to the default one, and every message would
    # lie in all three.
    task_queues=[
        Queue(name, Exchange(name), routing_key=name) for name in (DEFAULT_QUEUE, PAYMENTS_QUEUE, MESSAGES_QUEUE)
    ],
    worker_prefetch_multiplier=1,
    worker_proc_alive_timeout=60,  # the default kills children that a busy machine lets start slowly
    worker_max_tasks_per_child=2000,
    worker_max_memory_per_child=400_000,
    worker_soft_shutdown_timeout=30,
    worker_enable_soft_shutdown_on_idle=True,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    beat_schedule={},
)


def every(seconds: float, name: str, *, queue: str = DEFAULT_QUEUE) -> Callable[[Callable[..., None]], Kept]:
    """Make a function a task that runs by the clock.

    A tick that waited for a whole period is dropped, since the next does its work.
    """
    app.conf.beat_schedule[name] = {
        "task": name,
        "schedule": schedule(seconds),
        "options": {"queue": queue, "expires": seconds * 0.9},
    }
    made: Callable[[Callable[..., None]], Kept] = app.task(name=name)
    return made


def hint(task: Kept) -> None:
    """Ask for a task at once. May be lost: the clock asks again; so it does not wait for the broker either."""
    try:
        app.send_task(task.name, retry=False, **app.conf.beat_schedule[task.name]["options"])
    except OperationalError as error:
        log.warning("hint_lost", task=task.name, error=type(error).__name__)
