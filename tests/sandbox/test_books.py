"""What a provider answered is on the disk: its process may be killed at any moment."""

import json
import sqlite3
import stat
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.books import Books
from tests.sandbox.conftest import Account, Wire, number, telephone
from tests.support.receiver import Receiver
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until


def told_of(provider: SandboxProcess, *subjects: str) -> list[dict[str, Any]]:
    return [each for each in provider.books()["callbacks"] if each["subject"] in subjects]


def test_everything_that_was_answered_outlives_a_kill(provider: SandboxProcess, wire: Wire, account: Account) -> None:
    order, phone = number(), telephone()
    first = wire("POST", "/v3/pay/transactions/native", wire.order(order)).json()
    paid = provider.pay(order)
    account("SendSms", account.message(phone, OutId="m-1"))
    before = provider.books()
    provider.kill()
    provider.start()
    assert provider.books()["orders"] == before["orders"]
    assert provider.books()["messages"] == before["messages"]
    told = wire("GET", f"/v3/pay/transactions/out-trade-no/{order}?mchid={wire.keys['mchid']}").json()
    assert (told["trade_state"], told["transaction_id"]) == ("SUCCESS", paid["transaction_id"])
    known = wire("POST", "/v3/pay/transactions/native", wire.order(order))
    assert known.json()["code"] == "ORDERPAID"
    assert "code_url" in first


def test_orders_taken_when_the_kill_comes_are_all_there(provider: SandboxProcess, wire: Wire) -> None:
    answered: list[str] = []

    def order_until_it_dies() -> None:
        while True:
            order = number()
            try:
                answer = wire("POST", "/v3/pay/transactions/native", wire.order(order))
            except httpx.TransportError:
                return
            assert answer.status_code == 200
            answered.append(order)

    threads = [threading.Thread(target=order_until_it_dies) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answered) > 100, timeout_s=30)
    provider.kill()
    for thread in threads:
        thread.join()
    provider.start()
    assert set(answered) <= {row["out_trade_no"] for row in provider.orders()}


def test_news_that_was_not_taken_is_told_by_the_next_process(
    provider: SandboxProcess, wire: Wire, account: Account, receiver: Receiver
) -> None:
    receiver.status = 500
    provider.send_receipts_to(receiver.url)
    order = number()
    wire("POST", "/v3/pay/transactions/native", wire.order(order, notify_url=receiver.url))
    provider.pay(order)
    biz_id = account("SendSms", account.message(telephone())).json()["BizId"]
    wait_until(lambda: len({told.body[:1] for told in receiver.calls}) == 2, message="not told of both")
    provider.kill()
    receiver.status, receiver.answer = 200, b'{"code":0}'
    provider.start()
    wait_until(lambda: [each["done"] for each in told_of(provider, order, biz_id)] == [1, 1], timeout_s=30)
    later = account("SendSms", account.message(telephone())).json()["BizId"]
    assert told_of(provider, later), "the address of receipts was forgotten"


def test_a_provider_that_is_started_again_is_honest(provider: SandboxProcess) -> None:
    provider.fault("wechat_pay.*", "error_before")
    provider.kill()
    provider.start()
    assert provider.faults() == []


def test_one_order_from_many_callers_at_once_is_one_order(provider: SandboxProcess, wire: Wire) -> None:
    order = number()
    body = wire.order(order)
    answers: list[str] = []
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        answers.append(wire("POST", "/v3/pay/transactions/native", body).text)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1
    assert "code_url" in json.loads(answers[0])
    assert len([row for row in provider.orders() if row["out_trade_no"] == order]) == 1


def test_one_order_paid_by_many_at_once_is_paid_once(provider: SandboxProcess, wire: Wire) -> None:
    order = number()
    wire("POST", "/v3/pay/transactions/native", wire.order(order))
    statuses: list[int] = []
    start = threading.Barrier(8)

    def pay() -> None:
        start.wait()
        statuses.append(httpx.post(f"{provider.base_url}/__sandbox__/wechat-pay/orders/{order}/pay").status_code)

    threads = [threading.Thread(target=pay) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, *[409] * 7]
    assert len(told_of(provider, order)) == 1


def test_books_are_read_by_their_owner_alone(provider: SandboxProcess) -> None:
    for name in ("books.sqlite3", "credentials.json", "platform.json"):
        assert stat.S_IMODE((provider.home / name).stat().st_mode) == 0o600


def test_books_of_another_version_are_put_aside(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "books.sqlite3") as old:
        old.execute("create table pay_order (out_trade_no text)")
        old.execute("pragma user_version = 1")
    old.close()
    books = Books(tmp_path)
    assert books.all("select * from pay_order") == []
    books.close()
    assert (tmp_path / "books-v1.sqlite3").exists()


def test_a_change_that_fails_leaves_the_others_of_its_turn(tmp_path: Path) -> None:
    books = Books(tmp_path)

    def write(name: str) -> None:
        with books.change() as change:
            change.execute("insert into setting (name, value) values (?, '')", (name,))
            if name == "wrong":
                raise LookupError

    threads = [threading.Thread(target=write, args=(str(each),)) for each in range(20)]
    for thread in threads:
        thread.start()
    with pytest.raises(LookupError):
        write("wrong")
    for thread in threads:
        thread.join()
    assert {row["name"] for row in books.all("select name from setting")} == {str(each) for each in range(20)}
    books.close()
