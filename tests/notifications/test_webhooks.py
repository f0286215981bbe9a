"""Webhooks arrive signed, in order, until they are answered, whoever dies; and they can be told again."""

import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from core import clock, faults
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from core.faults import InjectedFault
from jobs import webhooks as loop
from notifications.webhooks import delivery, endpoints
from notifications.webhooks.events import TEST, TYPES
from notifications.webhooks.rules import WAITS_S, wait_s
from tests.factories.accounts import make_account
from tests.factories.billing import make_bill
from tests.factories.staff import ACTOR
from tests.support.hooks import HookOffice, Program, caller_for, relay
from tests.support.processes import ROOT, running
from tests.support.waiting import wait_until

PATIENCE_S: Final = 60


def test_a_forged_body_and_a_strangers_secret_are_not_believed(office: HookOffice, program: Program) -> None:
    office.say(program, 1)
    office.send_due(caller_for(program))
    [call] = program.receiver.calls
    assert call.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook(program.secret).verify(call.body + b" ", call.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 43 + "=").verify(call.body, call.headers)


def test_for_a_day_after_a_rotation_either_secret_proves_a_message_and_then_the_new_one_alone(
    database: Database, vault: Vault, office: HookOffice, program: Program
) -> None:
    view = office.view(program)
    with database.write() as session:
        renewed = endpoints.rotate(session, vault=vault, endpoint=view, actor=ACTOR, now=clock.now())
    office.say(program, 1)
    office.send_due(caller_for(program))
    [call] = program.receiver.calls
    assert program.verified(call) == program.verified(call, secret=renewed.secret)
    with database.write() as session:
        session.sql("update webhook_endpoint set earlier_until = now() - interval '1 second'")
    office.say(program, 2)
    office.send_due(caller_for(program))
    program.verified(program.receiver.calls[1], secret=renewed.secret)
    with pytest.raises(WebhookVerificationError):
        program.verified(program.receiver.calls[1])


def test_a_third_secret_ends_the_first_at_once(
    database: Database, vault: Vault, office: HookOffice, program: Program
) -> None:
    for _again in range(2):
        with database.write() as session:
            endpoints.rotate(session, vault=vault, endpoint=office.view(program), actor=ACTOR, now=clock.now())
    office.say(program, 1)
    office.send_due(caller_for(program))
    with pytest.raises(WebhookVerificationError):
        program.verified(program.receiver.calls[0])


def test_what_comes_later_waits_until_the_earlier_one_is_taken(office: HookOffice, program: Program) -> None:
    office.say(program, 1, 2, 3)
    program.receiver.status = 500
    caller = caller_for(program)
    assert office.send_due(caller) == 1
    assert office.view(program).failures == 1
    assert [(each.attempts, each.status, each.is_next) for each in office.listed(program)] == [
        (1, 500, True),
        (0, None, False),
        (0, None, False),
    ]
    program.receiver.status = 204
    assert office.send_due(caller) == 0
    office.let_time_pass(program)
    assert office.send_due(caller) == 3
    assert program.numbers() == [1, 1, 2, 3]
    ids = [call.headers["webhook-id"] for call in program.receiver.calls]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert office.view(program).failures == 0


def test_only_an_answer_of_200_to_299_counts(office: HookOffice, program: Program) -> None:
    office.say(program, 1)
    caller = caller_for(program)
    for status in (301, 400, 404, 429, 500, 503, 200):
        program.receiver.status = status
        assert [each.state for each in office.listed(program)] == ["waiting"]
        office.send_due(caller)
        assert [each.status for each in office.listed(program)] == [status]
        office.let_time_pass(program)
    assert [each.state for each in office.listed(program)] == ["delivered"]


def test_who_answers_410_is_disabled_and_its_queue_kept(
    office: HookOffice, program: Program, database: Database
) -> None:
    office.say(program, 1, 2)
    program.receiver.status = 410
    caller = caller_for(program)
    office.send_due(caller)
    view = office.view(program)
    assert (view.state, view.disabled_why, view.waiting) == ("disabled", "gone", 2)
    office.let_time_pass(program)
    assert office.send_due(caller) == 0
    with database.read() as session:
        told = session.sql("select actor, after from audit where act = 'notifications.webhook_stopped'").one()
    assert (told.actor, told.after["why"]) == ("job:webhooks", "gone")


def test_three_days_without_success_disable_it_and_enabling_goes_on_where_it_stopped(
    office: HookOffice, program: Program, database: Database
) -> None:
    office.say(program, 1, 2)
    program.receiver.status = 500
    caller = caller_for(program)
    for _try in range(len(WAITS_S)):
        assert office.send_due(caller) == 1
        assert office.view(program).state == "active"
        office.let_time_pass(program)
    assert office.send_due(caller) == 1
    view = office.view(program)
    assert (view.state, view.disabled_why, view.waiting) == ("disabled", "failing", 2)
    office.say(program, 3)
    program.receiver.status = 200
    program.receiver.calls.clear()
    with database.write() as session:
        endpoints.enable(session, endpoint=view, actor=ACTOR)
    office.send_due(caller)
    assert program.numbers() == [1, 2, 3]


def test_the_schedule_is_the_specifications_and_heeds_what_is_asked_for() -> None:
    plain = [wait_s(failures, retry_after_s=None, jitter=0.5) for failures in range(1, 11)]
    assert plain == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400, None]
    assert wait_s(1, retry_after_s=60, jitter=0.5) == 60
    assert wait_s(2, retry_after_s=60, jitter=0.5) == 300
    assert wait_s(1, retry_after_s=10**6, jitter=0.5) == 3_600
    assert wait_s(3, retry_after_s=None, jitter=0.0) == pytest.approx(1_620)
    assert wait_s(3, retry_after_s=None, jitter=1.0) == pytest.approx(1_980)


@pytest.mark.parametrize("place", ["webhooks.claimed", "webhooks.before_call", "webhooks.called"])
def test_whoever_dies_between_sending_and_recording_lets_it_be_sent_again_under_the_same_id(
    office: HookOffice, program: Program, place: str
) -> None:
    office.say(program, 1, 2)
    caller = caller_for(program)

    def die(reached: str) -> None:
        if reached == place:
            raise InjectedFault(reached)

    faults.arm(die)
    with pytest.raises(InjectedFault):
        office.send_due(caller)
    faults.arm(None)
    assert office.send_due(caller) == 0  # the lease of the dead holds
    office.let_time_pass(program)
    assert office.send_due(caller) == 2
    assert list(dict.fromkeys(program.numbers())) == [1, 2]
    ids = [call.headers["webhook-id"] for call in program.receiver.calls]
    assert len(set(ids)) == 2
    assert len(ids) == (3 if place == "webhooks.called" else 2)
    assert office.view(program).waiting == 0


@pytest.mark.timeout(240)
def test_the_process_is_killed_after_sending_and_the_next_one_sends_it_again_under_the_same_id(
    office: HookOffice, program: Program, settings: Settings, tmp_path: Path
) -> None:
    port = str(urlsplit(program.receiver.url).port)
    deployed = settings.model_copy(update={"webhook_networks": "127.0.0.0/8", "webhook_ports": port})
    office.say(program, 1, 2)
    relay_process = ("-m", "app.relay")
    log = tmp_path / "relay.log"
    with running(deployed, *relay_process, log=log, WATTLINE_FAULT="webhooks.called:kill") as first:
        assert first.wait(PATIENCE_S) == -signal.SIGKILL
    assert program.numbers() == [1]
    assert office.view(program).waiting == 2
    office.let_time_pass(program)
    with running(deployed, *relay_process, log=log):
        wait_until(lambda: not office.view(program).waiting, timeout_s=PATIENCE_S)
    ids = [call.headers["webhook-id"] for call in program.receiver.calls]
    assert program.numbers() == [1, 1, 2]
    assert ids[0] == ids[1] != ids[2]


def test_a_sender_that_wakes_after_its_lease_sends_nothing_and_spoils_nothing(
    office: HookOffice, program: Program, database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.say(program, 1)
    caller = caller_for(program)
    asleep = delivery.claim_next(database, vault=vault)
    assert asleep is not None
    office.let_time_pass(program)
    assert office.send_due(caller) == 1
    monkeypatch.setattr(delivery, "LEASE_S", 0)
    delivery.send(database, caller=caller, claimed=asleep)
    assert program.numbers() == [1]
    monkeypatch.undo()
    program.receiver.status = 500
    delivery.send(database, caller=caller, claimed=asleep)
    assert office.view(program).failures == 0
    assert [each.state for each in office.listed(program)] == ["delivered"]


@contextmanager
def looping(database: Database, vault: Vault, *programs: Program) -> Iterator[None]:
    """The loop of the relay's process, while the block runs."""
    stop = threading.Event()
    thread = threading.Thread(
        target=loop.run,
        args=(database,),
        kwargs={"vault": vault, "caller": caller_for(*programs, total_s=PATIENCE_S), "stop": stop},
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_an_endpoint_that_does_not_answer_delays_no_other(
    office: HookOffice, program: Program, unit_id: int, database: Database, vault: Vault
) -> None:
    quick = office.program(unit_id=unit_id, name="quick")
    slow = program.receiver
    slow.held = threading.Event()
    office.say(program, 1, 2)
    with looping(database, vault, program, quick):
        wait_until(lambda: slow.calls, timeout_s=PATIENCE_S)
        office.say(quick, *range(20))
        wait_until(lambda: len(quick.receiver.calls) == 20, timeout_s=PATIENCE_S)
        assert len(slow.calls) == 1
        slow.held.set()
        wait_until(lambda: len(slow.calls) == 2, timeout_s=PATIENCE_S)
    assert quick.numbers() == list(range(20))
    assert program.numbers() == [1, 2]


def test_two_loops_send_each_message_once_and_in_order(
    office: HookOffice, program: Program, unit_id: int, database: Database, vault: Vault
) -> None:
    other = office.program(unit_id=unit_id, name="other")
    office.say(program, *range(15))
    office.say(other, *range(15))
    with looping(database, vault, program, other), looping(database, vault, program, other):
        wait_until(lambda: len(program.receiver.calls) + len(other.receiver.calls) >= 30, timeout_s=PATIENCE_S)
    assert program.numbers() == other.numbers() == list(range(15))


def test_what_was_set_aside_holds_nothing_up_and_comes_back_in_its_old_place(
    office: HookOffice, program: Program, database: Database
) -> None:
    office.say(program, 1, 2, 3)
    program.receiver.status = 500
    caller = caller_for(program)
    office.send_due(caller)
    poison = office.listed(program)[0]
    with database.write() as session:
        endpoints.set_aside(session, endpoint=office.view(program), delivery_id=poison.id, actor=ACTOR)
    program.receiver.status = 204
    program.receiver.calls.clear()
    assert office.send_due(caller) == 2
    assert office.view(program).set_aside == 1
    with database.write() as session:
        assert endpoints.replay_set_aside(session, endpoint=office.view(program), actor=ACTOR) == 1
    office.send_due(caller)
    assert program.numbers() == [2, 3, 1]
    assert program.receiver.calls[-1].headers["webhook-id"] == poison.message_id


def test_a_replay_tells_the_same_again_under_the_same_ids_in_the_old_order_and_is_audited(
    office: HookOffice, program: Program, database: Database
) -> None:
    office.say(program, 1, 2, 3)
    caller = caller_for(program)
    office.send_due(caller)
    first = [(call.headers["webhook-id"], call.body) for call in program.receiver.calls]
    with database.write() as session:
        session.sql(
            "update webhook_delivery set created_at = now() - interval '2 days' where id = :id",
            id=office.listed(program)[0].id,
        )
    program.receiver.calls.clear()
    with database.write() as session:
        since = clock.now() - timedelta(days=1)
        assert endpoints.replay_since(session, endpoint=office.view(program), since=since, actor=ACTOR) == 2
    office.send_due(caller)
    assert [(call.headers["webhook-id"], call.body) for call in program.receiver.calls] == first[1:]
    with database.write() as session:
        delivery_id = office.listed(program)[0].id
        endpoints.replay(session, endpoint=office.view(program), delivery_id=delivery_id, actor=ACTOR)
    office.send_due(caller)
    assert (program.receiver.calls[-1].headers["webhook-id"], program.receiver.calls[-1].body) == first[0]
    with database.read() as session:
        noted = session.sql(
            "select after from audit where act = 'notifications.webhook_replayed' order by id"
        ).scalars()
        assert [each["count"] for each in noted] == [2, 1]


def test_what_is_put_off_can_be_sent_now(office: HookOffice, program: Program, database: Database) -> None:
    office.say(program, 1)
    program.receiver.status = 503
    caller = caller_for(program)
    office.send_due(caller)
    program.receiver.status = 204
    assert office.send_due(caller) == 0
    with database.write() as session:
        endpoints.replay(session, endpoint=office.view(program), delivery_id=office.listed(program)[0].id, actor=ACTOR)
    assert office.send_due(caller) == 1


def test_a_test_event_waits_its_turn_and_says_what_it_is(
    office: HookOffice, program: Program, database: Database
) -> None:
    office.say(program, 1)
    with database.write() as session:
        endpoints.send_test(session, endpoint=office.view(program), actor=ACTOR, now=clock.now())
    office.send_due(caller_for(program))
    assert program.types() == ["bill.issued", "webhook.test"]


def test_a_disabled_endpoint_collects_and_a_deleted_one_hears_nothing_and_keeps_no_secret(
    office: HookOffice, program: Program, unit_id: int, database: Database, vault: Vault
) -> None:
    deleted = office.program(unit_id=unit_id, name="deleted")
    with database.write() as session:
        endpoints.disable(session, endpoint=office.view(program), actor=ACTOR, now=clock.now())
        endpoints.delete(session, endpoint=office.view(deleted), actor=ACTOR, now=clock.now())
        make_bill(session, make_account(session, vault, unit_id=unit_id))
    relay(database)
    caller = caller_for(program, deleted)
    assert office.send_due(caller) == 0
    with database.write() as session:
        endpoints.enable(session, endpoint=office.view(program), actor=ACTOR)
    office.send_due(caller)
    assert program.types() == ["bill.issued"]
    with database.read() as session:
        kept = session.sql("select secret_sealed, earlier_sealed from webhook_endpoint where state = 'deleted'").one()
        assert tuple(kept) == (None, None)
        assert (
            session.sql(
                "select count(*) from webhook_delivery where endpoint_id = :id", id=deleted.endpoint_id
            ).scalar_one()
            == 0
        )


def test_a_new_address_is_told_what_the_old_one_did_not_take(
    office: HookOffice, program: Program, unit_id: int, database: Database
) -> None:
    office.say(program, 1)
    program.receiver.status = 500
    other = office.program(unit_id=unit_id, name="other")
    caller = caller_for(program, other)
    office.send_due(caller)
    with database.write() as session:
        endpoints.change(
            session,
            endpoint=office.view(program),
            name="moved",
            url=f"{other.receiver.url}/new",
            events=TYPES,
            actor=ACTOR,
        )
    assert office.send_due(caller) == 1
    [call] = other.receiver.calls
    assert call.path == "/new"
    program.verified(call)


def test_deliveries_are_forgotten_after_thirty_days_and_no_sooner(
    office: HookOffice, program: Program, database: Database
) -> None:
    office.say(program, 1, 2)
    with database.write() as session:
        session.sql(
            """update webhook_delivery set created_at = now() - interval '30 days 1 minute'
               where id = (select min(id) from webhook_delivery)"""
        )
        assert delivery.purge(session, most=10) == 1
    office.send_due(caller_for(program))
    assert program.numbers() == [2]


def test_the_guides_receiver_believes_what_is_ours_and_nothing_else(office: HookOffice, program: Program) -> None:
    guide = (ROOT / "docs/guides/webhooks.md").read_text(encoding="utf-8")
    code = guide.partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(compile(code, "webhooks.md", "exec"), names)
    is_ours: Callable[[str, dict[str, str], bytes], bool] = names["is_ours"]
    office.say(program, 1)
    office.send_due(caller_for(program))
    [call] = program.receiver.calls
    assert is_ours(program.secret, call.headers, call.body)
    assert not is_ours(program.secret, call.headers, call.body + b" ")
    assert not is_ours(program.secret, {**call.headers, "webhook-timestamp": "1782273600"}, call.body)
    assert set(re.findall(r"^\| `([a-z_.]+)` \|", guide, re.MULTILINE)) == {*TYPES, TEST}
