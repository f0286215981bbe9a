"""A worker whose broker goes away, or that breaks, works again or ends: it never stands still."""

import uuid
from typing import Final

from kombu import Connection, Exchange, Producer, Queue

from core.config import Settings
from jobs import broker
from tests.support.processes import Heard, environment_of

BROKEN: Final = """
import sys, threading
from celery import bootsteps
from celery.bin.celery import main
from celery.signals import worker_ready
from app.worker import app

class Stuck(bootsteps.StartStopStep):
    def stop(self, worker):
        threading.Event().wait()

def fall_over():
    raise AttributeError("nobody there")

@worker_ready.connect
def fall(sender, **_):
    sender.controller.hub.call_soon(fall_over)

app.steps["worker"].add(Stuck)
sys.argv = ["celery", "-A", "app.worker", "worker", "-c", "1", "--without-gossip", "--without-mingle"]
sys.exit(main())
"""
"""A worker whose loop breaks, and which then waits for something that never comes."""


def test_what_is_acknowledged_after_its_connection_was_lost_is_let_go(redis_url: str) -> None:
    broker.outlive_its_server()
    queue = Queue("hints", Exchange("hints"), routing_key="hints")
    with Connection(redis_url, transport_options={"global_keyprefix": f"{uuid.uuid4().hex}:"}) as connection:
        channel = connection.channel()
        for _ in range(2):
            Producer(channel).publish({}, exchange=queue.exchange, routing_key="hints", declare=[queue])
        first, second = (queue.bind(channel).get() for _ in range(2))
        channel.close()
        first.ack()
        second.reject()
        assert first.acknowledged
        assert second.acknowledged


def test_a_worker_that_cannot_go_on_ends_even_when_it_cannot_stop(settings: Settings) -> None:
    done = Heard(environment_of(settings), "-c", BROKEN).finish()
    assert done.returncode == 1, done.stderr[-2000:]
    assert "nobody there" in done.stdout + done.stderr
