"""What a worker does when its broker goes away under it, where Celery and Kombu do not get over it by themselves.

Messages are hints: one that is lost, or told twice, costs nothing. All of this is to be dropped when Kombu mends it; a
fault test kills Redis under a running task.
"""

import os
import threading
from typing import Final

from celery import bootsteps
from celery.platforms import EX_FAILURE
from celery.worker import WorkController
from kombu.transport import redis

BROKEN_S: Final = 5.0
"""What a worker has to end by itself, once it has found that it cannot go on."""


class _Acknowledgements(redis.QoS):  # type: ignore[misc] # Kombu has no types
    """Leaves alone what came over a connection that is gone: there is nobody to tell, and asking ends the worker."""

    def ack(self, delivery_tag: str) -> None:
        if self.channel.connection is not None:
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT002 -- Kombu's own form
        if self.channel.connection is not None:
            super().reject(delivery_tag, requeue=requeue)


def outlive_its_server() -> None:
    """Let a worker reconnect when Redis is restarted while a task runs.

    Kombu would give unacknowledged messages back, and acknowledge others, over the connection that is gone; either
    ends the worker. (`worker_cancel_long_running_tasks_on_connection_loss` belongs to it.)
    """
    redis.Channel.do_restore = False
    redis.Channel.QoS = _Acknowledgements


class LastResort(bootsteps.StartStopStep):  # type: ignore[misc] # Celery has no types
    """Ends a worker that found that it cannot go on and then waits for ever for its own children.

    Whoever restarts what has ended restarts nothing that hangs.
    """

    def close(self, worker: WorkController) -> None:
        """Called first of all when a worker stops; one that is told to stop has no failure for an exit code."""
        if worker.exitcode == EX_FAILURE:
            timer = threading.Timer(BROKEN_S, os._exit, [EX_FAILURE])
            timer.daemon = True
            timer.start()
