"""The other side of webhooks: programs on real sockets, whose judge is the specification's own library."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from standardwebhooks.webhooks import Webhook

from core import clock, outbox
from core.crypto.vault import Vault
from core.db import Database
from notifications.channels.webhooks.client import WebhookClient
from notifications.channels.webhooks.targets import TargetRules
from notifications.webhooks import delivery, endpoints, queries
from notifications.webhooks.events import TYPES, put
from notifications.webhooks.queries import DeliveryView, EndpointView
from services.accounts.roles import StaffRole
from tests.factories import staff as people
from tests.factories.staff import ACTOR
from tests.support.receiver import Call, Receiver, receiving

LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass
class Program:
    """A program with an endpoint: where it listens, and what proves what it is told."""

    endpoint_id: UUID
    secret: str
    receiver: Receiver

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.receiver.url}/hooks"

    def verified(self, call: Call, *, secret: str | None = None) -> dict[str, Any]:
        """What a call says, if the library believes its signature."""
        told: dict[str, Any] = Webhook(secret or self.secret).verify(call.body, call.headers)
        return told

    def told(self) -> list[dict[str, Any]]:
        """All that came, verified, in the order of its coming."""
        return [self.verified(call) for call in self.receiver.calls]

    def numbers(self) -> list[int]:
        """What `HookOffice.say` said, in the order of its coming."""
        return [each["data"]["number"] for each in self.told()]

    def types(self) -> list[str]:
        """The types of all that came."""
        return [each["type"] for each in self.told()]


class HookOffice:
    """Somebody of the staff who looks after endpoints, and the programs that they have made known."""

    def __init__(self, database: Database, vault: Vault, stack: ExitStack, *, unit: str = "37") -> None:
        self.database, self._vault, self._stack = database, vault, stack
        with database.write() as session:
            self.staff_id = people.employ(session, vault, role=StaffRole.ADMIN, unit=unit, now=clock.now()).staff_id

    def program(self, *, unit_id: int, events: tuple[str, ...] = TYPES, name: str = "billing") -> Program:
        """One more program that listens."""
        receiver = self._stack.enter_context(receiving())
        with self.database.write() as session:
            made = endpoints.add(
                session,
                vault=self._vault,
                unit_id=unit_id,
                name=name,
                url=f"{receiver.url}/hooks",
                events=events,
                staff_id=self.staff_id,
                actor=ACTOR,
                now=clock.now(),
            )
        return Program(made.endpoint_id, made.secret, receiver)

    def view(self, program: Program) -> EndpointView:
        """The endpoint as its page shows it."""
        with self.database.read() as session:
            found = queries.endpoint(session, endpoint_id=program.endpoint_id, staff_id=self.staff_id, now=clock.now())
        assert found is not None
        return found

    def say(self, program: Program, *numbers: int) -> None:
        """Queue things that differ by a number."""
        with self.database.write() as session:
            for number in numbers:
                put(
                    session,
                    endpoint_id=program.endpoint_id,
                    kind="bill.issued",
                    data={"number": number},
                    occurred_at=clock.now(),
                    fact_id=None,
                )

    def listed(self, program: Program, *, only_undelivered: bool = False) -> list[DeliveryView]:
        """The endpoint's deliveries in their order."""
        with self.database.read() as session:
            found = queries.deliveries(
                session,
                endpoint_id=program.endpoint_id,
                only_undelivered=only_undelivered,
                before=None,
                limit=100,
            )
        return found[::-1]

    def send_due(self, caller: WebhookClient) -> int:
        """Send all that is due, one after the other; answers how many calls that took."""
        calls = 0
        while claimed := delivery.claim_next(self.database, vault=self._vault):
            delivery.send(self.database, caller=caller, claimed=claimed)
            calls += 1
        return calls

    def let_time_pass(self, program: Program) -> None:
        """Its next try is due, however long the wait would be."""
        with self.database.write() as session:
            session.sql("update webhook_endpoint set due_at = now() where id = :id", id=program.endpoint_id)


def caller_for(*programs: Program, **other: Any) -> WebhookClient:
    """A caller that settings let call this machine, at the ports of these programs alone."""
    ports = frozenset(urlsplit(program.receiver.url).port or 0 for program in programs)
    return WebhookClient(TargetRules(ports, LOOPBACK), **other)


@contextmanager
def office_with_programs(database: Database, vault: Vault) -> Iterator[HookOffice]:
    """An office whose programs end with the block."""
    with ExitStack() as stack:
        yield HookOffice(database, vault, stack)


def relay(database: Database) -> None:
    """Tell every fact to its handlers."""
    while outbox.relay_once(database):
        pass
