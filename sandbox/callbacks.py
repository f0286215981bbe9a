"""Delivering callbacks: a thread takes what is due, signs it afresh, sends it, and tries again as the provider does."""

import base64
import json
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.books import Books, note
from sandbox.credentials import Platform
from sandbox.faults import Fault, Faults
from sandbox.orders import moment
from sandbox.signing import sealed, signed_headers, to_bytes

RETRY_S: Final = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
TIMEOUT_S: Final = 5.0


class Deliverer:
    """Sends payment callbacks and SMS receipts. `retry_scale` shortens the provider's waits."""

    def __init__(
        self, books: Books, platform: Platform, faults: Faults, *, receipt_url: str | None, retry_scale: float
    ) -> None:
        self._books, self._platform, self._faults = books, platform, faults
        self._receipt_url, self._retry_scale = receipt_url, retry_scale
        self._client = httpx.Client(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False)
        self._pool = ThreadPoolExecutor(max_workers=24, thread_name_prefix="deliver")
        self._wake = threading.Event()
        self._stop = False
        self._busy: set[tuple[str, Any]] = set()
        self._thread = threading.Thread(target=self._run, name="deliverer", daemon=True)

    def start(self) -> None:
        """Begin with whatever was due when the last process ended."""
        self._thread.start()

    def nudge(self) -> None:
        """Something is due now."""
        self._wake.set()

    def stop(self) -> None:
        """End after what is being sent."""
        self._stop = True
        self._wake.set()
        self._thread.join()
        self._pool.shutdown(wait=True)
        self._client.close()

    def _run(self) -> None:
        while not self._stop:
            now = time.time()
            for row in self._books.all("select * from callback where done = 0 and due_at <= ? limit 200", now):
                self._once(("callback", row["id"]), self._callback, row)
            if self._receipt_url is not None:
                due = "select * from message where receipt_done = 0 and receipt_due <= ? limit 200"
                for row in self._books.all(due, now):
                    self._once(("receipt", row["id"]), self._receipt, row)
            self._wake.wait(0.05)
            self._wake.clear()

    def _once(self, key: tuple[str, Any], work: Any, row: dict[str, Any]) -> None:
        if key in self._busy:
            return
        self._busy.add(key)

        def run() -> None:
            try:
                work(row)
            finally:
                self._busy.discard(key)

        self._pool.submit(run)

    def _callback(self, row: dict[str, Any]) -> None:
        struck = {fault.kind: fault for fault in self._faults.strike("wechat_pay.notify")}
        if "delay" in struck and row["tries"] == 0 and row["last_status"] is None:
            self._put_off(row, float(struck["delay"].value or 1), "delayed")
            return
        if "drop" in struck:
            self._finish(row, None, "dropped")
            return
        copies = 1 + sum(int(struck[kind].value or 1) for kind in ("duplicate", "concurrent") if kind in struck)
        body, headers = self._compose(row, struck)
        if "concurrent" in struck:
            with ThreadPoolExecutor(max_workers=copies) as together:
                statuses = list(together.map(lambda _: self._post(row["url"], body, headers), range(copies)))
        else:
            statuses = [self._post(row["url"], body, headers) for _ in range(copies)]
        is_acknowledged = any(status in {200, 204} for status in statuses)
        if is_acknowledged or row["tries"] >= len(RETRY_S):
            self._finish(row, statuses, "acknowledged" if is_acknowledged else "given up")
        else:
            self._put_off(row, RETRY_S[row["tries"]] * self._retry_scale, str(statuses))

    def _compose(self, row: dict[str, Any], struck: dict[str, Fault]) -> tuple[bytes, dict[str, str]]:
        resource = json.loads(row["resource"])
        if "amount" in struck:
            resource["amount"]["total"] = struck["amount"].value
        if "currency" in struck:
            resource["amount"]["currency"] = struck["currency"].value
        if "mchid" in struck:
            resource["mchid"] = struck["mchid"].value or "1600000000"
        if "unknown_order" in struck:
            resource["out_trade_no"] = struck["unknown_order"].value or "U" + secrets.token_hex(12)
        content = {
            "id": row["id"],
            "create_time": moment(time.time()),
            "event_type": row["event"],
            "resource_type": "encrypt-resource",
            "summary": "支付成功",
            "resource": {
                **sealed(self._platform, to_bytes(resource), associated="transaction"),
                "original_type": "transaction",
            },
        }
        body = to_bytes(content)
        serial = "PUB_KEY_ID_0100000000000000000000000000" if "wrong_serial" in struck else row["serial"]
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048) if "wrong_key" in struck else None
        stamp = int(time.time()) - int(struck["stale"].value or 301) if "stale" in struck else None
        headers = signed_headers(self._platform, body, serial=serial, moment=stamp, key=stranger)
        if "signtest" in struck:
            headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + base64.b64encode(secrets.token_bytes(256)).decode()
        if "altered" in struck:
            body = body.replace(b'"summary":', b'"summary" :')
        return body, {**headers, "Content-Type": "application/json"}

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int | str:
        try:
            return self._client.post(url, content=body, headers=headers).status_code
        except httpx.HTTPError as error:
            return type(error).__name__

    def _put_off(self, row: dict[str, Any], seconds: float, status: str) -> None:
        with self._books.change() as change:
            tries = row["tries"] + (status != "delayed")
            change.execute(
                "update callback set tries = ?, due_at = ?, last_status = ? where id = ?",
                (tries, time.time() + seconds, status, row["id"]),
            )
            note(change, time.time(), row["out_trade_no"], callback=status)

    def _finish(self, row: dict[str, Any], statuses: list[int | str] | None, how: str) -> None:
        with self._books.change() as change:
            change.execute(
                "update callback set done = 1, tries = tries + 1, last_status = ? where id = ?",
                (str(statuses or how), row["id"]),
            )
            note(change, time.time(), row["out_trade_no"], callback=how, statuses=statuses)

    def _receipt(self, row: dict[str, Any]) -> None:
        struck = {fault.kind: fault for fault in self._faults.strike("aliyun_sms.receipt")}
        now = time.time()
        report = {
            "phone_number": row["phone"],
            "send_time": _aliyun_time(row["accepted_at"]),
            "report_time": _aliyun_time(now),
            "success": row["state"] == 3,  # noqa: PLR2004 -- Aliyun's code for delivered
            "err_code": "DELIVERED" if row["state"] == 3 else "UNDELIVERED",  # noqa: PLR2004 -- as above
            "err_msg": "",
            "sms_size": str(1 + (len(row["text"]) > 70)),  # noqa: PLR2004 -- characters of one part
            "biz_id": row["biz_id"],
            "out_id": row["out_id"] or "",
        }
        status: int | str = "dropped"
        if "drop" not in struck:
            copies = 1 + (int(struck["duplicate"].value or 1) if "duplicate" in struck else 0)
            for _ in range(copies):
                status = self._post(self._receipt_url or "", to_bytes([report]), {"Content-Type": "application/json"})
        is_done = status in {200, "dropped"} or row["receipt_tries"] >= len(RETRY_S) - 1
        with self._books.change() as change:
            change.execute(
                "update message set receipt_done = ?, receipt_tries = receipt_tries + 1, receipt_due = ? where id = ?",
                (
                    int(is_done),
                    now + RETRY_S[min(row["receipt_tries"], len(RETRY_S) - 1)] * self._retry_scale,
                    row["id"],
                ),
            )


def _aliyun_time(seconds: float) -> str:
    return moment(seconds)[:19].replace("T", " ")
