"""The sandbox as tests drive it: a real process on a real socket."""

import contextlib
import functools
import itertools
import json
import os
import signal
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa

from app.embedded import free_port
from sandbox import credentials
from tests.support.nursery import Child
from tests.support.processes import ROOT, started


@functools.cache
def _key(number: int) -> rsa.RSAPrivateKey:
    """Every sandbox of a test process has the same RSA keys, each in its place: making one takes longer than starting."""
    del number
    return credentials.new_key()


class SandboxProcess:
    """One sandbox over one home. Killing and starting again keeps its books and its port."""

    def __init__(
        self, home: Path, *, port: int | None = None, receipt_url: str | None = None, retry_scale: float = 0.01
    ) -> None:
        self.home = home
        self.port = port or free_port()
        self._receipt_url = receipt_url
        self._retry_scale = retry_scale
        self._process: Child | None = None
        self._client = httpx.Client(base_url=self.base_url, timeout=60, trust_env=False)

    @property
    def base_url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def credentials(self) -> dict[str, Any]:
        """The merchant's side of its keys."""
        given: dict[str, Any] = json.loads((self.home / "credentials.json").read_text(encoding="utf-8"))
        return given

    def start(self) -> "SandboxProcess":
        """Start it and wait until it answers."""
        numbers = itertools.count()
        credentials.init(self.home, make_key=lambda: _key(next(numbers)))
        command = ["-m", "sandbox", "serve", "--home", str(self.home), "--port", str(self.port)]
        command += ["--retry-scale", str(self._retry_scale)]
        if self._receipt_url is not None:
            command += ["--sms-receipt-url", self._receipt_url]
        self._process = started(command, cwd=ROOT, environment=os.environ, stdout=1, stderr=2)
        limit = time.monotonic() + 90
        while True:
            try:
                self._client.get("/__sandbox__/faults")
            except httpx.TransportError:
                assert time.monotonic() < limit, "the sandbox did not start"
                assert self._process.poll() is None, "the sandbox ended"
                time.sleep(0.02)
            else:
                return self

    def kill(self) -> None:
        """Kill it without warning."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=60)
        self._client.close()

    def pay(self, number: str, **payer: object) -> dict[str, Any]:
        """Pay an order; raises for one that cannot be paid."""
        return self._post(f"wechat-pay/orders/{number}/pay", payer or None)

    def cancel(self, number: str) -> dict[str, Any]:
        """The payer goes away."""
        return self._post(f"wechat-pay/orders/{number}/cancel")

    def notify(self, number: str) -> None:
        """Send a paid order's callback again, under a new id."""
        self._post(f"wechat-pay/orders/{number}/notify")

    def order(self, number: str) -> dict[str, Any] | None:
        """An order as the provider's books have it."""
        answer = self._client.get(f"/__sandbox__/wechat-pay/orders/{number}")
        found: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
        return found

    def orders(self) -> list[dict[str, Any]]:
        """Every order."""
        listed: list[dict[str, Any]] = self._client.get("/__sandbox__/wechat-pay/orders").json()
        return listed

    def refunds(self) -> list[dict[str, Any]]:
        """Every refund."""
        listed: list[dict[str, Any]] = self._client.get("/__sandbox__/wechat-pay/refunds").json()
        return listed

    def settle_refund(self, number: str, state: str) -> dict[str, Any]:
        """End a refund as the merchant's people can at the platform's console."""
        return self._post(f"wechat-pay/refunds/{number}/settle", {"state": state})

    def messages(self, to: str | None = None) -> list[dict[str, Any]]:
        """Accepted messages, newest first."""
        listed: list[dict[str, Any]] = self._client.get("/__sandbox__/messages", params={"to": to} if to else {}).json()
        return listed

    def books(self) -> dict[str, Any]:
        """Both providers' books."""
        whole: dict[str, Any] = self._client.get("/__sandbox__/books").json()
        return whole

    def put_back(self, numbers: Sequence[str]) -> None:
        """Let these orders be unpaid as on the day they were made, and nothing be left to tell to anybody."""
        with contextlib.closing(sqlite3.connect(self.home / "books.sqlite3", timeout=60)) as books, books:
            books.execute("update delivery set done = 1 where done = 0")
            for number in numbers:
                books.execute("delete from pay_refund where out_trade_no = ?", (number,))
                books.execute(
                    """update pay_order set state = 'NOTPAY', transaction_id = null, openid = null, paid_at = null
                       where out_trade_no = ?""",
                    (number,),
                )

    def send_receipts_to(self, url: str | None) -> None:
        """Say where receipts of messages go from now on; None: nowhere."""
        self._client.put("/__sandbox__/aliyun-sms/receipt-url", json={"url": url}).raise_for_status()

    def fault(self, place: str, kind: str, **more: object) -> None:
        """Put a fault in force (`value`, `count`, `probability`, `seed`)."""
        self._post("faults", {"place": place, "kind": kind, **more})

    def faults(self) -> Sequence[dict[str, Any]]:
        """Faults in force and how often they struck."""
        listed: list[dict[str, Any]] = self._client.get("/__sandbox__/faults").json()
        return listed

    def clear_faults(self) -> None:
        """Be honest again."""
        self._client.delete("/__sandbox__/faults").raise_for_status()

    def _post(self, path: str, body: object = None) -> dict[str, Any]:
        answer = self._client.post(f"/__sandbox__/{path}", json=body)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    @property
    def official_account(self) -> dict[str, str]:
        """The supplier's application whose pages are opened inside WeChat; its messages are encrypted."""
        return self._application("official_account")

    @property
    def mini_program(self) -> dict[str, str]:
        """The supplier's other application; its messages are JSON in plain."""
        return self._application("mini_program")

    def wechat(self, path: str, **body: object) -> dict[str, Any]:
        """Do something to WeChat: add `people`, make `codes`, send `messages`, `tokens/revoke`."""
        return self._post(f"wechat/{path}", body)

    def wechat_person(self, phone: str | None = None, **more: object) -> dict[str, Any]:
        """Somebody new with a WeChat; `phone` is E.164 of China."""
        national = None if phone is None else phone.removeprefix("+86")
        return self.wechat("people", phone=national, **more)

    def wechat_people(self) -> list[dict[str, Any]]:
        """Everybody with a WeChat, the newest first."""
        listed: list[dict[str, Any]] = self._client.get("/__sandbox__/wechat/people").json()
        return listed

    def wechat_code(self, kind: str, appid: str, person: dict[str, Any], **more: object) -> str:
        """What a person's client hands over: kind `js`, `phone` or `oauth`."""
        return str(self.wechat("codes", kind=kind, appid=appid, person=person["id"], **more)["code"])

    def wechat_calls(self, operation: str) -> list[int]:
        """The error code (0: none) of each call of an operation, oldest first."""
        listed = self._client.get("/__sandbox__/wechat/calls").json()
        return [each["errcode"] for each in listed if each["operation"] == operation]

    def wechat_chats(self) -> list[dict[str, Any]]:
        """What was said and answered, newest first."""
        listed: list[dict[str, Any]] = self._client.get("/__sandbox__/wechat/chats").json()
        return listed

    def send_messages_to(self, url: str | None) -> None:
        """Say where messages of WeChat go from now on; None: nowhere."""
        self._client.put("/__sandbox__/wechat/callback-url", json={"url": url}).raise_for_status()

    def _application(self, kind: str) -> dict[str, str]:
        found: dict[str, str] = next(app for app in self.credentials["wechat"]["apps"] if app["kind"] == kind)
        return found
