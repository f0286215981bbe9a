"""What nobody may see, planted in a town: a holder's name, telephone and door, a payer's openid, a code, tokens."""

import json
import re
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Final

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
from tests.factories import payments as paying
from tests.support.town import Town
from tools.docs import import_all

NAME: Final = "王阳掩码者"
"""Begins as the holder's own does, by which others know whom they pay for."""

PHONE: Final = "+8613911122233"
DOOR: Final = "9单元9099掩"
OPENID: Final = "oMASKED8uMuAJO_M2pxb1Q9zNjWeS6"
DEVICE: Final = "device-of-the-masked-person"


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


def work_off(town: Town) -> None:
    """Do every task of the schedule, tell every event and send what is to be sent."""
    runtime.use(town.runtime.db)
    import_all(jobs)
    for task in sorted(celery.conf.beat_schedule):
        celery.tasks[task]()
    while outbox.relay_once(town.runtime.db):
        pass
    celery.tasks["notifications.send"]()
