"""PostgreSQL and Redis frozen, killed and emptied under a running deployment: said so, survived, and nothing lost."""

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import httpx
import psycopg
import pytest

from core.crypto.tokens import TokenKeys
from core.db import Database
from tests.factories.identity import access_token
from tests.faults.clients import Customer, settle_down
from tests.faults.deployment import Deployment, deployed
from tests.faults.verdict import hurry, undone
from tests.support.waiting import wait_until

PATIENCE_S: Final = 120.0
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("house") / "logs") as made:
        yield made


@pytest.fixture(scope="module")
def customer(house: Deployment) -> Customer:
    db = Database(house.settings.database_url.get_secret_value())
    try:
        return settle_down(db, house.settings, customers=1, devices=1)[0]
    finally:
        db.close()


@pytest.fixture
def api(house: Deployment, customer: Customer) -> Iterator[httpx.Client]:
    """The customer's device; it waits longer than any deadline of ours."""
    settings = house.settings
    keys = TokenKeys(settings.token_keys.get_secret_value(), issuer=house.url, audience=house.url)
    headers = {"authorization": f"Bearer {access_token(keys, customer.devices[0])}"}
    with httpx.Client(base_url=house.url, headers=headers, timeout=90, trust_env=False) as client:
        yield client
    house.sandbox.clear_faults()


def start(api: httpx.Client, customer: Customer, *, key: str) -> httpx.Response:
    body = {"account_no": customer.account_no, "amount_minor": 7, "method": "wechat_native"}
    return api.post("/api/v1/payments", json=body, headers={"idempotency-key": key})


def started(api: httpx.Client, customer: Customer) -> dict[str, Any]:
    answer = start(api, customer, key=str(uuid.uuid4()))
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def pay(house: Deployment, told: dict[str, Any]) -> None:
    form = {"pr": told["pay"]["code_url"], "act": "pay"}
    assert httpx.post(house.sandbox.base_url + "/wechat-pay/pay", data=form, trust_env=False).status_code == 303


def is_paid(api: httpx.Client, told: dict[str, Any]) -> bool:
    answer = api.get(f"/api/v1/payments/{told['payment']['payment_no']}")
    return answer.status_code == 200 and answer.json()["state"] == "paid"


def run_dry(house: Deployment) -> None:
    def is_dry() -> bool:
        hurry(house)
        return not undone(house)

    wait_until(is_dry, timeout_s=PATIENCE_S, message="something is left undone")


def test_a_frozen_database_is_told_within_the_deadlines_and_serves_again(
    house: Deployment, customer: Customer, api: httpx.Client
) -> None:
    path = f"/api/v1/accounts/{customer.account_no}"
    assert api.get(path).status_code == 200
    with house.frozen("postgres"):
        told = [api.get(path), start(api, customer, key="frozen"), api.get("/readyz"), api.get("/livez")]
    assert [answer.status_code for answer in told] == [503, 503, 503, 200], [answer.text for answer in told]
    assert [answer.json()["code"] for answer in told[:2]] == ["unavailable"] * 2
    wait_until(lambda: api.get(path).status_code == 200, timeout_s=PATIENCE_S)
    wait_until(lambda: start(api, customer, key="frozen").status_code == 201, timeout_s=PATIENCE_S)


def test_a_killed_database_is_served_again_without_help_and_no_answer_was_a_surprise(
    house: Deployment, customer: Customer, api: httpx.Client
) -> None:
    seen: Counter[int] = Counter()
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            seen[api.get(f"/api/v1/accounts/{customer.account_no}").status_code] += 1
            seen[start(api, customer, key=str(uuid.uuid4())).status_code] += 1

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    wait_until(lambda: seen[200] > 3)
    house.kill_postgres()
    before = seen[201]
    wait_until(lambda: seen[201] > before + 3, timeout_s=PATIENCE_S, message="the pools do not heal")
    over.set()
    for asker in askers:
        asker.join()
    assert seen.keys() <= {200, 201, 503}, seen


def test_a_notice_is_not_acknowledged_while_the_database_is_away(
    house: Deployment, customer: Customer, api: httpx.Client
) -> None:
    told = started(api, customer)
    number = house.sandbox.orders()[-1]["out_trade_no"]

    def callback() -> dict[str, Any]:
        order = house.sandbox.order(number)
        assert order is not None
        found: dict[str, Any] = order["callbacks"][0]
        return found

    house.cut_power()
    pay(house, told)
    wait_until(lambda: callback()["tries"] >= 1, timeout_s=PATIENCE_S)
    assert not callback()["done"]
    assert "503" in callback()["last_status"]
    house.start_postgres()
    wait_until(lambda: is_paid(api, told), timeout_s=PATIENCE_S)
    wait_until(lambda: callback()["done"], timeout_s=PATIENCE_S)


def test_redis_killed_and_emptied_under_a_running_task_costs_no_message_and_doubles_none(
    house: Deployment, customer: Customer, api: httpx.Client
) -> None:
    run_dry(house)
    worker = house.programs["worker"].pid
    house.sandbox.fault("aliyun_sms.SendSms", "hang_after", value=4, count=1)
    told = started(api, customer)
    pay(house, told)

    def receipts() -> list[str]:
        texts = [message["params"].get("payment_no") for message in house.sandbox.messages(customer.phone)]
        return [text for text in texts if text == told["payment"]["payment_no"]]

    wait_until(receipts, timeout_s=PATIENCE_S, message="the message is not on its way")
    house.empty_redis()  # the provider has it, and its answer is still to come
    run_dry(house)
    assert len(receipts()) == 1
    second = started(api, customer)
    pay(house, second)
    wait_until(lambda: is_paid(api, second), timeout_s=PATIENCE_S)
    run_dry(house)
    assert house.programs["worker"].is_alive
    assert house.programs["worker"].pid == worker, "the worker did not live through it"


def test_a_worker_frozen_in_a_call_past_its_lease_wakes_up_and_doubles_nothing(
    house: Deployment, customer: Customer, api: httpx.Client
) -> None:
    run_dry(house)
    house.sandbox.fault("aliyun_sms.SendSms", "hang_after", value=2, count=1)
    told = started(api, customer)
    pay(house, told)
    number = told["payment"]["payment_no"]

    def receipts() -> int:
        texts = [message["params"].get("payment_no") for message in house.sandbox.messages(customer.phone)]
        return texts.count(number)

    wait_until(lambda: receipts() == 1, timeout_s=PATIENCE_S)
    with house.frozen("worker"):
        end_leases(house)
        relief = house.programs["worker"].twin()
        relief.start()
        try:
            run_dry(house)
        finally:
            relief.kill()
    run_dry(house)
    assert receipts() == 1


def end_leases(house: Deployment) -> None:
    """Time passes while a sender stands still."""
    with psycopg.connect(house.servers.dsn("postgres"), autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("update message_attempt set started_at = now() - interval '2 minutes'")
        connection.execute("update message set due_at = now() where state = 'sending'")
