"""Nobody's name, telephone, door, openid, code or token is seen anywhere: on no page, in no answer, metric, log or row.

Every GET is asked by every caller about every object, as the access matrix has them; then the tasks run, and all that
the deployment holds is searched, sealed cells left sealed.
"""

import json
import re
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import pytest
import structlog

import jobs
from core import outbox
from core.errors import Json
from core.money import Money
from jobs import runtime
from jobs.celery_app import app as celery
from notifications.queueing import Fact, Recipient, tell
from notifications.setup import SETUP
from notifications.states import Priority
from notifications.texts import money_param
from services.payments.ports import Method, Payer
from tests.access.requests import scene
from tests.access.test_matrix import CELLS, ask
from tests.factories import payments as paying
from tests.support.everything import holding, redis_text, tables
from tests.support.town import Town
from tools.docs import import_all

NAME: Final = "欧阳掩码者"
PHONE: Final = "+8613911122233"
DOOR: Final = "9单元9099掩"
OPENID: Final = "oMASKED8uMuAJO_M2pxb1Q9zNjWeS6"
DEVICE: Final = "device-of-the-masked-person"
READS: Final = sorted(operation for operation in CELLS if operation.startswith("GET "))

ALLOWED: Final[dict[str, set[str]]] = {}
"""Operation -> needles that its answer may hold, each for a written reason. None does: the person's own telephone is
masked on their own page too, and what is shown in clear to staff is shown by a POST that is audited."""


@dataclass(frozen=True)
class Crawled:
    """What was planted, what was answered, what was logged."""

    needles: dict[str, str]
    found: list[tuple[str, str, str]]
    answers: int
    logs: str


def plant(town: Town) -> dict[str, str]:
    """Give the house's holder, and people around it, what must not be seen; answers what to look for."""
    vault, db, house = town.runtime.vault, town.runtime.db, town.house
    owner = f"customer:C{house.account_no}"
    with db.write() as session:
        found = session.sql("select customer_id, premises_id from account where id = :id", id=house.account.id).one()
        session.sql(
            "update customer set name_sealed = :sealed where id = :id",
            sealed=vault.seal(table="customer", column="name", owner=owner, text=NAME),
            id=found.customer_id,
        )
        session.sql(
            "update premises set door_sealed = :sealed where id = :id",
            sealed=vault.seal(table="premises", column="door", owner=f"premises:{house.account_no}", text=DOOR),
            id=found.premises_id,
        )
        session.sql(
            """insert into contact_point (customer_id, id, kind, address_sealed, address_blind, address_masked, locale)
               values (:customer, 1, 'phone', :sealed, :blind, '+86139****2233', 'zh-CN')""",
            customer=found.customer_id,
            sealed=vault.seal(table="contact_point", column="address", owner=owner, text=PHONE),
            blind=vault.blind("phone", PHONE),
        )
        params: dict[str, Json] = {
            "account": "****0017",
            "amount": money_param(Money(12_840, "CNY")),
            "payment_no": "P7K2M9QX4D",
            "paid_at": "2026-06-15",
        }
        fact = Fact(f"test:{uuid.uuid4()}", "payment_receipt", params, None, timedelta(days=1), Priority.PROMPT)
        tell(
            session, setup=SETUP.get(), fact=fact, audience=[Recipient(f"customer:{found.customer_id}", "zh-CN", PHONE)]
        )
    person = town.people["owner"]
    want = replace(
        paying.wanted(paying.Household(person.user_id, house.account, house.bills), amount_minor=100),
        method=Method.WECHAT_JSAPI,
        payer=Payer("203.0.113.7", appid=town.settings.wechat_pay_appid, openid=OPENID),
    )
    town.pay(paying.start(db, vault, want).payment.payment_no)
    asked = {"phone": PHONE, "device_id": DEVICE}
    assert town.client.post("/api/v1/auth/otp", json=asked).status_code == 202
    [told] = [each for each in town.sandbox.messages() if PHONE[3:] in json.dumps(each)]
    [code] = re.findall(r"(?<!\d)\d{6}(?!\d)", told["text"])
    answer = town.client.post("/api/v1/auth/token", json={**asked, "grant_type": "otp", "code": code}).json()
    needles = {
        "name": NAME,
        "phone": PHONE[3:],
        "door": DOOR,
        "openid": OPENID,
        "code": f'"{code}"',
        "device": DEVICE,
        "access token": answer["access_token"],
        "refresh token": answer["refresh_token"],
    }
    for standing, each in town.people.items():
        needles |= {
            f"{standing}'s phone": each.phone[3:],
            f"{standing}'s token": each.token,
            f"{standing}'s cookie": each.cookie,
        }
    return needles


@pytest.fixture(scope="module")
def crawled(town: Town) -> Crawled:
    with structlog.testing.capture_logs() as logs:
        needles = plant(town)
        found: list[tuple[str, str, str]] = []
        answers = 0
        for operation in READS:
            for cell in CELLS[operation]:
                answer = ask(town.client, scene(town, operation, cell.caller, cell.object))
                answers += 1
                text = answer.text + json.dumps(dict(answer.headers))
                seen = {name for name, needle in needles.items() if needle in text}
                found += [(operation, cell.caller, name) for name in sorted(seen - ALLOWED.get(operation, set()))]
        runtime.use(town.runtime.db)
        import_all(jobs)
        for task in sorted(celery.conf.beat_schedule):
            celery.tasks[task]()
        while outbox.relay_once(town.runtime.db):
            pass
        celery.tasks["notifications.send"]()
    return Crawled(needles, found, answers, repr(logs))


def test_no_answer_to_any_caller_shows_what_is_masked(crawled: Crawled) -> None:
    assert crawled.answers > len(READS)
    assert crawled.found == []


def test_no_log_line_holds_it(crawled: Crawled) -> None:
    assert "request" in crawled.logs
    assert [name for name, needle in crawled.needles.items() if needle in crawled.logs] == []


def test_no_row_and_nothing_in_redis_holds_it_unsealed(crawled: Crawled, town: Town) -> None:
    owner_dsn = town.settings.migration_database_url
    assert owner_dsn is not None
    assert holding(tables(owner_dsn.get_secret_value(), None), crawled.needles) == []
    told = redis_text(town.settings.redis_url.get_secret_value())
    assert [name for name, needle in crawled.needles.items() if needle in told] == []
    opened = tables(owner_dsn.get_secret_value(), town.runtime.vault)
    assert {"name", "phone", "door", "openid"} <= {name for _, name in holding(opened, crawled.needles)}, "not planted"


def test_only_the_gateway_of_text_messages_was_told_the_telephone(crawled: Crawled, town: Town) -> None:
    assert crawled.answers
    told = [each for each in town.sandbox.messages() if PHONE[3:] in json.dumps(each)]
    assert len(told) >= 2, "the code, and the message that a task has sent"
