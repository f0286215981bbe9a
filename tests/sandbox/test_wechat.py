"""An independent client judges the emulator of WeChat: it signs in against it and reads what it sends."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from wechatpy import WeChatClient, parse_message
from wechatpy.client.api import WeChatWxa
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException, WeChatClientException
from wechatpy.oauth import WeChatOAuth, WeChatOAuthException
from wechatpy.utils import check_signature

from tests.sandbox.conftest import telephone
from tests.support.receiver import Call, Receiver
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until

MakeClient = Callable[[dict[str, str]], WeChatClient]


@pytest.fixture
def client(provider: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> MakeClient:
    """Makes clients of the independent library; the addresses that it has by heart lead to the sandbox."""
    monkeypatch.setattr(WeChatWxa, "API_BASE_URL", f"{provider.base_url}/")

    class Client(WeChatClient):  # type: ignore[misc] # the library carries no types
        API_BASE_URL = f"{provider.base_url}/cgi-bin/"

        def fetch_access_token(self) -> None:
            asked = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
            given = self._http.post(f"{provider.base_url}/cgi-bin/stable_token", json=asked).json()
            self.session.set(self.access_token_key, given["access_token"], given["expires_in"])

    return lambda app: Client(app["appid"], app["secret"])


def refused(call: Callable[[], object]) -> int:
    with pytest.raises((WeChatClientException, WeChatOAuthException)) as caught:
        call()
    return int(caught.value.errcode)


def test_a_person_signs_in_to_a_mini_program_once_per_code(client: MakeClient, provider: SandboxProcess) -> None:
    app, person = provider.mini_program, provider.wechat_person(telephone())
    wxa = client(app).wxa
    code = provider.wechat_code("js", app["appid"], person)
    session = wxa.code_to_session(code)
    assert (session["openid"], session["unionid"]) == (person["openids"][app["appid"]], person["unionid"])
    assert session["session_key"]
    assert refused(lambda: wxa.code_to_session(code)) == 40163
    again = wxa.code_to_session(provider.wechat_code("js", app["appid"], person))
    assert again["openid"] == session["openid"]


def test_a_code_is_good_for_its_application_kind_and_time_alone(client: MakeClient, provider: SandboxProcess) -> None:
    app, other, person = provider.mini_program, provider.official_account, provider.wechat_person()
    wxa = client(app).wxa
    late = provider.wechat_code("js", app["appid"], person)
    provider.wechat("codes/expire", code=late)
    codes = {
        "made up": ("0123456789", 40029),
        "missing": ("", 41008),
        "too old": (late, 40029),
        "another application's": (provider.wechat_code("js", other["appid"], person), 40029),
        "of another kind": (provider.wechat_code("phone", app["appid"], person), 40029),
    }
    assert {name: refused(lambda code=code: wxa.code_to_session(code)) for name, (code, _) in codes.items()} == {  # type: ignore[misc] # mypy infers no type for a default
        name: expected for name, (_, expected) in codes.items()
    }


def test_who_has_not_the_secret_is_told_nothing(provider: SandboxProcess) -> None:
    app, person = provider.mini_program, provider.wechat_person()
    for change, expected in (({"secret": "0" * 32}, 40125), ({"appid": "wx0000000000000000"}, 40013)):
        code = provider.wechat_code("js", app["appid"], person)
        asked = {"appid": app["appid"], "secret": app["secret"], "js_code": code, **change}
        told = httpx.get(f"{provider.base_url}/sns/jscode2session", params=asked).json()
        assert (told["errcode"], "openid" in told) == (expected, False)


def test_a_person_may_be_distrusted_or_too_eager(client: MakeClient, provider: SandboxProcess) -> None:
    app, person = provider.mini_program, provider.wechat_person()
    wxa = client(app).wxa
    for _ in range(100):
        wxa.code_to_session(provider.wechat_code("js", app["appid"], person))
    assert refused(lambda: wxa.code_to_session(provider.wechat_code("js", app["appid"], person))) == 45011
    other = provider.wechat_person()
    provider.wechat(f"people/{other['id']}/block")
    assert refused(lambda: wxa.code_to_session(provider.wechat_code("js", app["appid"], other))) == 40226


def test_a_telephone_number_is_given_for_a_code_of_its_own(client: MakeClient, provider: SandboxProcess) -> None:
    app, phone = provider.mini_program, telephone()
    wxa = client(app).wxa
    person = provider.wechat_person(phone)
    told = wxa.get_phone_number(provider.wechat_code("phone", app["appid"], person))["phone_info"]
    assert (told["purePhoneNumber"], told["phoneNumber"], told["countryCode"]) == (phone, phone, "86")
    assert told["watermark"]["appid"] == app["appid"]
    abroad = provider.wechat_person("7911123456", country="44")
    told = wxa.get_phone_number(provider.wechat_code("phone", app["appid"], abroad))["phone_info"]
    assert (told["phoneNumber"], told["purePhoneNumber"], told["countryCode"]) == ("+44 7911123456", "7911123456", "44")


def test_a_token_is_the_same_until_it_ends_and_then_calls_with_it_are_refused(
    provider: SandboxProcess,
) -> None:
    app, person = provider.mini_program, provider.wechat_person(telephone())

    def token() -> str:
        asked = {"grant_type": "client_credential", "appid": app["appid"], "secret": app["secret"]}
        given = httpx.post(f"{provider.base_url}/cgi-bin/stable_token", json=asked).json()
        assert 300 < given["expires_in"] <= 7200
        return str(given["access_token"])

    def call(with_token: str) -> int:
        code = provider.wechat_code("phone", app["appid"], person)
        asked = {"params": {"access_token": with_token}, "json": {"code": code}}
        return int(httpx.post(f"{provider.base_url}/wxa/business/getuserphonenumber", **asked).json()["errcode"])  # type: ignore[arg-type] # spread of two parameters

    first = token()
    assert (token(), call(first)) == (first, 0)
    provider.wechat("tokens/expire", appid=app["appid"])
    second = token()
    assert (second != first, call(first), call(second)) == (True, 42001, 0)
    provider.wechat("tokens/revoke", appid=app["appid"])
    assert (call(second), call("made-up"), call("")) == (40001, 40001, 41001)


def test_whoever_opens_a_page_in_wechat_comes_back_with_a_code_and_the_state(provider: SandboxProcess) -> None:
    app, person = provider.official_account, provider.wechat_person()
    oauth = WeChatOAuth(app["appid"], app["secret"], "https://example.org/back?next=%2Fpay", state="abc123")
    oauth.API_BASE_URL = f"{provider.base_url}/"
    oauth.OAUTH_BASE_URL = f"{provider.base_url}/connect/"
    address = urlsplit(oauth.authorize_url)
    page = httpx.get(address._replace(fragment="").geturl())
    assert (page.status_code, f'value="{person["id"]}"' in page.text) == (200, True)
    form = dict(parse_qsl(address.query))
    del form["response_type"]
    answer = httpx.post(f"{provider.base_url}/connect/oauth2/authorize", data={**form, "person": person["id"]})
    back = urlsplit(answer.headers["location"])
    given = parse_qs(back.query)
    assert (answer.status_code, back.netloc, given["next"], given["state"]) == (
        302,
        "example.org",
        ["/pay"],
        ["abc123"],
    )
    told = oauth.fetch_access_token(given["code"][0])
    assert (told["openid"], "unionid" in told) == (person["openids"][app["appid"]], False)
    assert refused(lambda: oauth.fetch_access_token(given["code"][0])) == 40163
    agreed = provider.wechat_code("oauth", app["appid"], person, scope="snsapi_userinfo")
    assert oauth.fetch_access_token(agreed)["unionid"] == person["unionid"]


@pytest.mark.parametrize(
    "change",
    [{"appid": "wx0000000000000000"}, {"redirect_uri": "javascript:alert(1)"}, {"scope": "everything"}],
    ids=str,
)
def test_a_page_that_is_not_ours_learns_nothing(provider: SandboxProcess, change: dict[str, str]) -> None:
    asked = {"appid": provider.official_account["appid"], "redirect_uri": "https://example.org/", **change}
    assert httpx.get(f"{provider.base_url}/connect/oauth2/authorize", params=asked).status_code == 400


@pytest.fixture
def hearing(provider: SandboxProcess, receiver: Receiver) -> Receiver:
    """Messages come here, and are taken."""
    receiver.status, receiver.answer = 200, b"success"
    provider.send_messages_to(f"{receiver.url}/callbacks/wechat")
    return receiver


def said(provider: SandboxProcess, app: dict[str, str], person: dict[str, Any], **more: Any) -> dict[str, Any]:
    fields = {"MsgType": "text", "Content": "电费 <b>]]>&"}
    return provider.wechat("messages", **{"appid": app["appid"], "person": person["id"], "fields": fields, **more})


def query_of(call: Call) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(call.path).query))


def opened(app: dict[str, str], call: Call, **changes: str) -> Any:
    """What the independent library makes of an encrypted message."""
    asked = query_of(call)
    key = {**app, **changes}
    crypto = WeChatCrypto(key["token"], key["aes_key"], key["appid"])
    check_signature(key["token"], asked["signature"], asked["timestamp"], asked["nonce"])
    text = crypto.decrypt_message(call.body.decode(), asked["msg_signature"], asked["timestamp"], asked["nonce"])
    return parse_message(text)


def test_an_encrypted_message_opens_for_the_independent_library(provider: SandboxProcess, hearing: Receiver) -> None:
    app, person = provider.official_account, provider.wechat_person()
    told = said(provider, app, person)
    call = hearing.next_after(0)
    message = opened(app, call)
    assert (message.content, message.id, message.source) == (
        "电费 <b>]]>&", told["MsgId"], person["openids"][app["appid"]],
    )  # fmt: skip
    assert (query_of(call)["encrypt_type"], b"Content" in call.body) == ("aes", False)


def test_an_event_opens_as_what_it_is(provider: SandboxProcess, hearing: Receiver) -> None:
    app, person = provider.official_account, provider.wechat_person()
    said(provider, app, person, fields={"MsgType": "event", "Event": "subscribe", "EventKey": ""})
    assert opened(app, hearing.next_after(0)).event == "subscribe"


def test_a_plain_message_is_signed_by_the_token(provider: SandboxProcess, hearing: Receiver) -> None:
    app, person = provider.official_account, provider.wechat_person()
    said(provider, app, person, is_plain=True)
    call = hearing.next_after(0)
    asked = query_of(call)
    check_signature(app["token"], asked["signature"], asked["timestamp"], asked["nonce"])
    assert (parse_message(call.body).content, "msg_signature" in asked) == ("电费 <b>]]>&", False)


def test_a_mini_program_is_told_in_json(provider: SandboxProcess, hearing: Receiver) -> None:
    app, person = provider.mini_program, provider.wechat_person()
    told = said(provider, app, person)
    assert json.loads(hearing.next_after(0).body) == told


def test_what_is_not_taken_is_told_three_times_and_no_more(provider: SandboxProcess, hearing: Receiver) -> None:
    hearing.status = 500
    app, person = provider.official_account, provider.wechat_person()
    told = said(provider, app, person)
    hearing.next_after(2)
    wait_until(
        lambda: [
            each
            for each in provider.books()["callbacks"]
            if each["subject"] == str(told["MsgId"]) and (each["tries"], each["done"]) == (3, 1)
        ],
        message="the provider did not give up",
    )
    assert {opened(app, call).id for call in hearing.calls} == {told["MsgId"]}
    assert len(hearing.calls) == 3


def test_an_answer_for_the_chat_is_read_when_it_is_rightly_encrypted(
    provider: SandboxProcess, hearing: Receiver
) -> None:
    app, person = provider.official_account, provider.wechat_person()
    openid = person["openids"][app["appid"]]
    plain = (
        f"<xml><ToUserName><![CDATA[{openid}]]></ToUserName><FromUserName><![CDATA[gh_{app['appid'][-12:]}]]>"
        "</FromUserName><CreateTime>1</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        "<Content><![CDATA[您好]]></Content></xml>"
    )
    crypto = WeChatCrypto(app["token"], app["aes_key"], app["appid"])
    hearing.answer = crypto.encrypt_message(plain, "nonce", "1750000000").encode()
    said(provider, app, person)
    wait_until(lambda: provider.wechat_chats()[0]["reply"] == "您好", message="the answer was not read")
    hearing.answer = plain.encode()
    told = said(provider, app, person)
    hearing.next_after(3)
    assert provider.wechat_chats()[0]["said"]["MsgId"] == told["MsgId"]
    assert provider.wechat_chats()[0]["reply"] is None


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("wrong_token", InvalidSignatureException),
        ("altered", InvalidSignatureException),
        ("appid", InvalidAppIdException),
    ],
)
def test_a_false_message_does_not_open(
    provider: SandboxProcess, hearing: Receiver, kind: str, error: type[Exception]
) -> None:
    provider.fault("wechat.message", kind, count=1)
    app, person = provider.official_account, provider.wechat_person()
    said(provider, app, person)
    with pytest.raises(error):
        opened(app, hearing.next_after(0))


def test_a_message_may_be_signed_for_another_time(provider: SandboxProcess, hearing: Receiver) -> None:
    provider.fault("wechat.message", "stale", count=1)
    app, person = provider.official_account, provider.wechat_person()
    told = said(provider, app, person)
    call = hearing.next_after(0)
    assert opened(app, call).id == told["MsgId"]
    assert int(query_of(call)["timestamp"]) <= told["CreateTime"] - 300


def test_an_error_on_order_is_told_as_the_platform_tells_it(client: MakeClient, provider: SandboxProcess) -> None:
    app, person = provider.mini_program, provider.wechat_person()
    before = len(provider.wechat_calls("jscode2session"))
    provider.fault("wechat.jscode2session", "errcode", value=-1, count=1)
    wxa, code = client(app).wxa, provider.wechat_code("js", app["appid"], person)
    assert refused(lambda: wxa.code_to_session(code)) == -1
    assert wxa.code_to_session(code)["openid"]
    assert provider.wechat_calls("jscode2session")[before:] == [-1, 0]


def test_a_payer_known_to_another_application_is_refused(provider: SandboxProcess, wire: Any) -> None:
    from tests.sandbox.conftest import number

    person, ours = provider.wechat_person(), provider.mini_program
    payer = {"openid": person["openids"][provider.official_account["appid"]]}
    body = wire.order(number(), appid=ours["appid"], payer=payer)
    assert wire("POST", "/v3/pay/transactions/jsapi", body).status_code == 400
    payer = {"openid": person["openids"][ours["appid"]]}
    body = wire.order(number(), appid=ours["appid"], payer=payer)
    assert wire("POST", "/v3/pay/transactions/jsapi", body).status_code == 200


def test_a_tester_is_somebody_who_follows_writes_and_reads_the_answer(
    provider: SandboxProcess, hearing: Receiver
) -> None:
    app, name = provider.official_account, f"王 <{telephone()}>"
    with httpx.Client(base_url=provider.base_url, trust_env=False, timeout=30) as client:
        assert client.post("/wechat/people", data={"name": name, "phone": "138 0013 8000"}).status_code == 303
        person = provider.wechat_people()[0]
        assert (person["name"], person["phone"]) == (name, "13800138000")
        for act in ("follow", "text", "leave"):
            form = {"appid": app["appid"], "person": person["id"], "act": act, "text": "电费是多少"}
            assert client.post("/wechat/say", data=form).status_code == 303
        page = client.get("/wechat")
    told = {hearing.next_after(seen).path for seen in range(3)}
    assert len(told) == 3
    assert "电费是多少" in page.text
    assert name not in page.text, "a name is shown as text"
