"""A whole run's log, at its most talkative, holds nothing that opens anything and nobody's name."""

import json
import re
import uuid
from pathlib import Path
from typing import Any

import httpx

from tests.factories import payments as paying
from tests.support.served import serving
from tests.support.town import HOLDER, RECEIPT_SECRET, Town
from tests.support.waiting import wait_until


def code_sent_to(town: Town, phone: str) -> str:
    """What the person reads on the telephone."""
    national = phone.removeprefix("+86")
    [newest, *_] = wait_until(
        lambda: [told for told in town.sandbox.messages() if national in json.dumps(told)],
        message="no code came",
        timeout_s=30,
    )
    [code] = set(re.findall(r"(?<!\d)\d{6}(?!\d)", newest["text"]))
    return str(code)


def key() -> dict[str, str]:
    return {"idempotency-key": uuid.uuid4().hex}


def sign_in(client: httpx.Client, town: Town, phone: str) -> tuple[dict[str, Any], str]:
    device = uuid.uuid4().hex
    client.post("/api/v1/auth/otp", json={"phone": phone, "device_id": device}).raise_for_status()
    code = code_sent_to(town, phone)
    body = {"grant_type": "otp", "phone": phone, "code": code, "device_id": device, "device_name": "Wang's phone"}
    wrong = {**body, "code": f"{(int(code) + 1) % 1_000_000:06}"}
    assert client.post("/api/v1/auth/token", json=wrong).status_code == 401
    tokens: dict[str, Any] = client.post("/api/v1/auth/token", json=body).raise_for_status().json()
    return tokens, code


def test_no_secret_and_no_person_is_in_the_log(town: Town, tmp_path: Path) -> None:
    settings = town.settings.model_copy(update={"log_level": "DEBUG"})
    home, phone = town.build(town.unit_id), f"+86137{uuid.uuid4().int % 10**8:08d}"
    browser = town.people["owner"]
    with serving(settings, log=tmp_path / "web.log") as served, served.client() as client:
        tokens, code = sign_in(client, town, phone)
        refreshed = client.post(
            "/api/v1/auth/token", json={"grant_type": "refresh", "refresh_token": tokens["refresh_token"]}
        )
        bearer = {"authorization": f"Bearer {refreshed.raise_for_status().json()['access_token']}"}
        proof = {"kind": "meter_no", "name_character": HOLDER[0], "meter_no": home.meter_no}
        body: dict[str, Any] = {"account_no": home.account_no, "proof": proof}
        client.post("/api/v1/account-links", json=body, headers={**bearer, **key()}).raise_for_status()
        quote = {"account_no": home.account_no, "name_hint": HOLDER[0]}
        client.post("/api/v1/payment-quotes", json=quote, headers={**bearer, **key()}).raise_for_status()
        somebody = town.sandbox.wechat_person(phone)
        wechat_code = town.sandbox.wechat_code("oauth", town.appid, somebody)
        wechat = {"appid": town.appid, "code": wechat_code}
        body = {"account_no": home.account_no, "amount_minor": 100, "method": "wechat_jsapi", "wechat": wechat}
        started = client.post("/api/v1/payments", json=body, headers={**bearer, **key()}).raise_for_status().json()
        call = town.callback_of(paying.latest(town.runtime.db, started["payment"]["payment_no"]).out_trade_no)
        signed = {name: value for name, value in call.headers.items() if name.startswith("wechatpay-")}
        sent = {**signed, "content-type": "application/json"}
        assert client.post("/callbacks/wechat-pay", content=call.body, headers=sent).status_code == 204
        forged = {**sent, "wechatpay-signature": "Zm9yZ2Vk"}
        assert client.post("/callbacks/wechat-pay", content=call.body, headers=forged).status_code == 401
        receipt = [{"phone_number": phone.removeprefix("+86"), "success": True, "biz_id": "b", "out_id": "o"}]
        client.post(f"/callbacks/sms/aliyun_sms/{RECEIPT_SECRET}", json=receipt).raise_for_status()
        for path in ("/", "/me", "/bills", f"/pay/{town.house.account_no}", f"/payments/{browser.waiting_no}"):
            assert client.get(path, headers=town.browser(browser)).status_code == 200
        form = {"csrf": town.form_token(browser)}
        assert client.post("/sign-out", data=form, headers=town.browser(browser)).status_code == 303
        assert client.get("/api/v1/accounts", headers={"authorization": "Bearer zqxjkv"}).status_code == 401
        assert client.delete("/api/v1/me/devices/current", headers=bearer).status_code == 204
    log = served.log.read_text(encoding="utf-8")
    assert '"event": "request"' in log
    assert '"level": "debug"' in log
    pem = "".join(settings.wechat_pay_merchant_private_key.get_secret_value().splitlines()[1:-1])
    secrets = {
        "phone": phone.removeprefix("+86"),
        "code": code,
        "access token": tokens["access_token"],
        "refresh token": tokens["refresh_token"],
        "new access token": bearer["authorization"].partition(" ")[2],
        "new refresh token": refreshed.json()["refresh_token"],
        "cookie": browser.cookie,
        "form token": form["csrf"],
        "openid": somebody["openids"][town.appid],
        "unionid": somebody["unionid"],
        "code of WeChat": wechat_code,
        "secret of WeChat": town.sandbox.official_account["secret"],
        "token of WeChat": town.sandbox.official_account["token"],
        "name": HOLDER,
        "part of the name": HOLDER[:2],
        "meter": home.meter_no,
        "merchant's key": pem[:40],
        "api v3 key": settings.wechat_pay_apiv3_key.get_secret_value(),
        "sms secret": settings.aliyun_sms_access_key_secret.get_secret_value(),
        "receipt secret": RECEIPT_SECRET,
        "master key": settings.master_key.get_secret_value(),
        "data keys": settings.data_keys.get_secret_value().partition(":")[2],
        "token keys": "".join(settings.token_keys.get_secret_value().splitlines()[1:-1])[:40],
        "database password": str(settings.database_url.get_secret_value()).rpartition("password=")[2].split()[0],
        "callback's signature": signed["wechatpay-signature"][:40],
    }
    assert [name for name, value in secrets.items() if not value] == []
    assert [name for name, value in secrets.items() if value in log] == []
