"""WeChat's messages: proved, kept once, acted on once, answered in time; whatever else comes is refused and changes nothing."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psycopg
import pytest
from wechatpy import parse_message

from core import clock
from core.config_lists import WechatApp
from core.http import Client
from notifications import wechat as chats
from notifications.setup import SETUP
from notifications.wechat import Handler
from routers.callbacks import wechat as edge
from services.identity.ports import WECHAT
from services.identity.providers.wechat import pushes as reader
from services.identity.providers.wechat.client import WeChat
from tests.factories import identity as people
from tests.support import wechat_pushes as pushes
from tests.support.served import serving
from tests.support.town import Town
from tests.support.waiting import wait_until
from web import metrics

WINDOW_S: Final = 300
UNPROVED: Final = (401, "wechat_push_unproved")
MALFORMED: Final = (400, "wechat_push_malformed")


def openid() -> str:
    """Somebody of one test alone."""
    return f"o{uuid4().hex[:27]}"


def send(town: Town, path: str, body: bytes | str, media_type: str = "text/xml") -> Any:
    content = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    return town.client.post(path, content=content, headers={"content-type": media_type})


def encrypted(town: Town, text: str, **changes: Any) -> Any:
    """Send a message to the official account."""
    path, body = pushes.encrypted(town.sandbox.official_account, text, **changes)
    return send(town, path, body)


def plain(town: Town, body: bytes | str, **changes: Any) -> Any:
    """Send a message to the mini-program, whose messages are not encrypted."""
    return send(town, pushes.address(town.sandbox.mini_program["token"], **changes), body)


def told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def reply(town: Town, answer: Any) -> Any:
    """What the person reads, as the independent library opens it."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/xml")
    return parse_message(pushes.reply_of(town.sandbox.official_account, answer.text))


def query(town: Town, statement: str, *params: object) -> list[Any]:
    with psycopg.connect(town.settings.database_url.get_secret_value()) as connection:
        return connection.execute(statement.encode(), params).fetchall()


def kept(town: Town) -> int:
    """How many messages were kept so far."""
    [(found,)] = query(town, "select count(*) from inbox where source = 'wechat'")
    return int(found)


def follows(town: Town, who: str) -> list[bool]:
    with town.runtime.db.read() as session:
        return list(
            session.sql(
                "select follows from wechat_follower where openid_blind = :blind",
                blind=town.runtime.vault.blind("wechat.openid", f"{town.appid}|{who}"),
            ).scalars()
        )


def test_the_address_is_confirmed_to_whoever_has_a_token(town: Town) -> None:
    for app in (town.sandbox.official_account, town.sandbox.mini_program):
        answer = town.client.get(pushes.address(app["token"], echostr="5837397520665436492"))
        assert (answer.status_code, answer.text) == (200, "5837397520665436492")
        assert answer.headers["content-type"].startswith("text/plain")


def test_the_address_repeats_nothing_to_strangers(town: Town) -> None:
    token = town.sandbox.official_account["token"]
    for path in (
        pushes.address("a-stranger", echostr="1"),
        pushes.address("", echostr="1"),
        pushes.address(token, echostr="<script>alert(1)</script>"),
        pushes.address(token, echostr="1" * 129),
        pushes.address(token),
        pushes.address(token, at=time.time() - WINDOW_S - 5, echostr="1"),
        pushes.address(token, at=time.time() + WINDOW_S + 5, echostr="1"),
        pushes.PATH,
    ):
        answer = town.client.get(path)
        assert told(answer) == UNPROVED
        assert "script" not in answer.text


def test_a_new_follower_is_remembered_and_greeted_with_the_way_to_sign_in(town: Town) -> None:
    who = openid()
    said = reply(town, encrypted(town, pushes.event("subscribe", openid=who)))
    assert (said.target, said.source) == (who, "gh_123456789abc")
    assert said.content.startswith("欢迎关注")
    assert said.content.endswith(f"{town.settings.public_url}/sign-in")
    assert follows(town, who) == [True]


def test_whoever_is_joined_is_greeted_in_their_own_language(town: Town) -> None:
    who, person = openid(), town.people["owner"]
    with town.runtime.db.write() as session:
        people.join_wechat(session, town.runtime.vault, user_id=person.user_id, appid=town.appid, openid=who)
        session.sql("update app_user set locale = 'en' where id = :id", id=person.user_id)
    assert reply(town, encrypted(town, pushes.event("subscribe", openid=who))).content.startswith("Welcome to")
    assert "Report a fault" in reply(town, encrypted(town, pushes.message(openid=who))).content


def test_whoever_leaves_is_remembered_as_gone_and_old_news_change_nothing(town: Town) -> None:
    who, now = openid(), int(time.time())
    encrypted(town, pushes.event("subscribe", openid=who, at=now - 60))
    left = encrypted(town, pushes.event("unsubscribe", openid=who, at=now - 30))
    assert (left.status_code, left.text, follows(town, who)) == (200, "success", [False])
    encrypted(town, pushes.event("subscribe", openid=who, at=now - 40))
    assert follows(town, who) == [False]
    encrypted(town, pushes.event("subscribe", openid=who, at=now))
    assert follows(town, who) == [True]


def test_a_text_is_answered_with_the_ways_in(town: Town) -> None:
    said = reply(town, encrypted(town, pushes.message("你好 ]]> <a>")))
    assert f"{town.settings.public_url}/bills" in said.content
    assert town.settings.supplier_hotline in said.content


def test_a_message_that_comes_again_is_answered_again_and_kept_once(town: Town) -> None:
    before, number, who = kept(town), 10**17 + int(uuid4().int % 10**12), openid()
    answers = [reply(town, encrypted(town, pushes.message(number=number, openid=who))) for _ in range(3)]
    assert len({answer.content for answer in answers}) == 1
    assert kept(town) == before + 1
    encrypted(town, pushes.message(number=number + 1, openid=who))
    assert kept(town) == before + 2


def test_an_event_is_the_same_by_who_when_and_what(town: Town) -> None:
    before, who, now = kept(town), openid(), int(time.time())
    for _ in range(2):
        encrypted(town, pushes.event("subscribe", openid=who, at=now))
    encrypted(town, pushes.event("subscribe", openid=who, at=now + 1))
    encrypted(town, pushes.event("subscribe", openid=openid(), at=now))
    encrypted(town, pushes.event("SCAN", openid=who, at=now, EventKey="7"))
    encrypted(town, pushes.event("SCAN", openid=who, at=now, EventKey="8"))
    assert kept(town) == before + 5


def test_a_kind_that_nobody_knows_is_kept_counted_and_taken(town: Town) -> None:
    before, counted = kept(town), metrics.CHATS.labels("other")._value.get()
    answer = encrypted(town, pushes.event("a_feature_of_tomorrow", openid=openid(), Detail="x"))
    assert (answer.status_code, answer.text, kept(town)) == (200, "success", before + 1)
    assert metrics.CHATS.labels("other")._value.get() == counted + 1


def test_a_mini_program_may_tell_in_json_or_xml_and_is_never_answered_in_the_chat(town: Town) -> None:
    before = kept(town)
    told_in = {"ToUserName": "gh_1", "FromUserName": openid(), "CreateTime": int(time.time()), "MsgType": "text"}
    number = int(uuid4().int % 10**17) + 10**18
    for body in (json.dumps({**told_in, "Content": "电费", "MsgId": number}), pushes.message(openid=openid())):
        answer = plain(town, body)
        assert (answer.status_code, answer.text) == (200, "success")
    assert kept(town) == before + 2
    [(key,)] = query(town, "select external_id from inbox order by id desc limit 1 offset 1")
    assert key == f"{town.sandbox.mini_program['appid']}:{number}"


def test_what_is_kept_names_nobody_to_whoever_reads_the_database(town: Town) -> None:
    who = openid()
    encrypted(town, pushes.message("我的电费是多少", openid=who))
    encrypted(town, pushes.event("subscribe", openid=who))
    rows = query(town, "select i::text, encode(i.body, 'escape') from inbox i where source = 'wechat'")
    rows += query(town, "select f::text, encode(f.openid_sealed, 'escape') from wechat_follower f")
    for text in (cell for row in rows for cell in row):
        assert who not in text
        assert who.encode().hex() not in text
        assert "电费".encode().hex() not in text


def test_a_message_that_cannot_be_acted_on_is_kept_and_acted_on_later(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def failing(_session: object, _setup: object, _push: object) -> None:
        raise RuntimeError("a feature with a bug")

    monkeypatch.setitem(chats._handlers, "event.click", Handler(failing))
    who = openid()
    answer = encrypted(town, pushes.event("CLICK", openid=who, EventKey="bills"))
    assert (answer.status_code, answer.text) == (200, "success")
    monkeypatch.setitem(
        chats._handlers, "event.click", Handler(lambda _session, _setup, push: seen.append(push.openid))
    )
    with psycopg.connect(town.settings.database_url.get_secret_value()) as connection:
        connection.execute("update inbox set due_at = now() where applied_at is null")
    with town.runtime.db.write() as session:
        assert chats.apply_stored(session, setup=SETUP.get())
        assert not chats.apply_stored(session, setup=SETUP.get())
    assert seen == [who]


def test_nothing_is_called_taken_before_it_is_kept_and_whoever_comes_again_is_kept_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, who, number = kept(town), openid(), 10**17 + int(uuid4().int % 10**12)
    message = pushes.message(number=number, openid=who)
    dsn = town.settings.migration_database_url
    assert dsn is not None
    with monkeypatch.context() as hurried, psycopg.connect(dsn.get_secret_value()) as connection:
        hurried.setattr(edge, "ANSWERED_S", 0.2)
        connection.execute("lock table inbox in access exclusive mode")
        for _ in range(2):
            refused = encrypted(town, message)
            assert told(refused) == (503, "unavailable")
            assert int(refused.headers["retry-after"]) > 0
    assert reply(town, encrypted(town, message)).target == who
    wait_until(lambda: not edge._late, message="work goes on for ever")
    assert kept(town) == before + 1


@contextmanager
def account(town: Town, **changes: str) -> Iterator[dict[str, str]]:
    """The official account with other keys."""
    app = {**town.sandbox.official_account, **changes}
    before = WECHAT.get()
    made = WeChat(
        Client(town.sandbox.base_url, name="wechat"),
        apps=[WechatApp.model_validate(app)],
        open_url=town.sandbox.base_url,
        redis_url=town.settings.redis_url.get_secret_value(),
    )
    WECHAT.fill(made)
    try:
        yield app
    finally:
        WECHAT.fill(before)
        made.close()


def test_while_keys_are_changed_messages_of_old_and_new_are_answered_as_they_came(town: Town) -> None:
    old = town.sandbox.official_account
    new = {**old, "token": uuid4().hex, "aes_key": "n" * 43}
    mixed = {**old, "aes_key": new["aes_key"]}
    with account(town, token=f"{new['token']},{old['token']}", aes_key=f"{new['aes_key']}, {old['aes_key']}"):
        for app in (old, new, mixed):
            who = openid()
            path, body = pushes.encrypted(app, pushes.event("subscribe", openid=who))
            said = parse_message(pushes.reply_of(app, send(town, path, body).text))
            assert (said.target, said.type) == (who, "text")
        for wrong in ({"token": "a-stranger"}, {"aes_key": "s" * 43}):
            path, body = pushes.encrypted({**new, **wrong}, pushes.message(openid=openid()))
            assert told(send(town, path, body)) in {UNPROVED, MALFORMED}
    path, body = pushes.encrypted(new, pushes.message(openid=openid()))
    assert told(send(town, path, body)) == UNPROVED, "a key that was taken out opens nothing"


def test_an_account_without_a_key_is_answered_in_plain(town: Town) -> None:
    who = openid()
    with account(town, aes_key="") as plainly:
        answer = send(town, pushes.address(plainly["token"]), pushes.event("subscribe", openid=who))
    said = parse_message(answer.content)
    assert (said.target, said.type) == (who, "text")
    assert said.content.startswith("欢迎关注")


def test_our_own_crypto_and_the_independent_one_agree_both_ways(town: Town) -> None:
    app = WechatApp.model_validate(town.sandbox.official_account)
    for text in ("", "电费", "a" * 31, "b" * 32, "c" * 33, "]]>&<x/>"):
        content = pushes.message(text or "-", openid="o1")
        path, body = pushes.encrypted(town.sandbox.official_account, content)
        asked = dict(part.split("=") for part in path.partition("?")[2].split("&"))
        push = reader.read([app], asked, body, now=clock.now())
        assert (push.kind, push.openid, push.fields["Content"]) == ("text", "o1", text or "-")
        ours = reader.reply(app, push, text, now=clock.now()).decode()
        assert (parse_message(pushes.reply_of(town.sandbox.official_account, ours)).content or "") == text


ATTACKS: Final[dict[str, dict[str, Any]]] = {
    "a stranger's token": {"token": "a-stranger"},
    "a stranger's key": {"aes_key": "A" * 43},
    "another application inside": {"appid": "wx0000000000000000"},
    "five minutes old": {"at": -WINDOW_S - 5},
    "five minutes ahead": {"at": WINDOW_S + 5},
}


@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_not_proved_changes_nothing(town: Town, name: str) -> None:
    before, changes = kept(town), dict(ATTACKS[name])
    if "at" in changes:
        changes["at"] += time.time()
    answer = encrypted(town, pushes.message(openid=openid()), **changes)
    # What a stranger's key opened is noise: no message, or no application's name.
    assert told(answer) in ({UNPROVED, MALFORMED} if name == "a stranger's key" else {UNPROVED})
    assert "reason" not in answer.json()
    assert kept(town) == before


def test_a_box_under_another_signature_or_with_another_bit_is_not_opened(town: Town) -> None:
    before = kept(town)
    path, body = pushes.encrypted(town.sandbox.official_account, pushes.message(openid=openid()))
    altered = body.replace(b"<Encrypt><![CDATA[", b"<Encrypt><![CDATA[AAAA", 1)
    for wrong_path, content in (
        (path, altered),
        (path.replace("msg_signature=", "msg_signature=0"), body),
        (path.replace("msg_signature=", "other="), body),
        (path.replace("&signature=", "&other=").replace("?signature=", "?other="), body),
    ):
        assert told(send(town, wrong_path, content)) == UNPROVED
    assert kept(town) == before


def test_an_application_with_a_key_is_never_believed_in_plain(town: Town) -> None:
    before, token = kept(town), town.sandbox.official_account["token"]
    wishes: list[dict[str, Any]] = [{}, {"encrypt_type": "raw"}]
    for more in wishes:
        path = pushes.address(token, **more)
        assert told(send(town, path, pushes.event("subscribe", openid=openid()))) == UNPROVED
    assert kept(town) == before


def test_an_application_without_a_key_is_not_told_in_boxes(town: Town) -> None:
    path = pushes.address(town.sandbox.mini_program["token"], encrypt_type="aes", msg_signature="0" * 40)
    assert told(send(town, path, pushes.message())) == UNPROVED


def test_a_message_caught_on_its_way_does_nothing_a_second_time(town: Town) -> None:
    before, who = kept(town), openid()
    path, body = pushes.encrypted(town.sandbox.official_account, pushes.event("subscribe", openid=who))
    send(town, path, body)
    encrypted(town, pushes.event("unsubscribe", openid=who, at=int(time.time()) + 1))
    assert send(town, path, body).status_code == 200
    assert (follows(town, who), kept(town)) == ([False], before + 2)


BILLION: Final = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
HOSTILE: Final[dict[str, bytes | str]] = {
    "nothing": b"",
    "blanks": b" \n ",
    "no XML": "电费",
    "cut": "<xml><MsgType>text",
    "two roots": "<xml></xml><xml></xml>",
    "a billion laughs": f'<!DOCTYPE l [<!ENTITY l0 "ha">{BILLION}]><xml><Content>&l9;</Content></xml>',
    "an entity": '<!DOCTYPE x [<!ENTITY e "x">]><xml><MsgType>&e;</MsgType></xml>',
    "a file": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><MsgType>&e;</MsgType></xml>',
    "an address": '<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:9/x"> %e;]><xml></xml>',
    "a bare document type": "<!DOCTYPE xml><xml><MsgType>text</MsgType></xml>",
    "an unknown entity": "<xml><MsgType>&nbsp;</MsgType></xml>",
    "deep": "<a>" * 8_000 + "</a>" * 8_000,
    "deep but known": "<xml><MsgType>text</MsgType>" + "<a>" * 20 + "</a>" * 20 + "</xml>",
    "many attributes": "<xml " + " ".join(f'a{n}="1"' for n in range(5_000)) + "><MsgType>text</MsgType></xml>",
    "too long": "<xml><Content>" + "x" * 65_536 + "</Content></xml>",
    "utf-16": "<xml></xml>".encode("utf-16"),
    "utf-7": b"+ADw-xml+AD4-",
    "gbk": "<xml><Content>电费</Content></xml>".encode("gbk"),
    "gbk that says so": '<?xml version="1.0" encoding="gbk"?><xml><Content>电费</Content></xml>'.encode("gbk"),
    "an encoding that is none": '<?xml version="1.0" encoding="x-none"?><xml></xml>',
    "NUL": b"<xml><MsgType>te\x00xt</MsgType></xml>",
    "a reference to NUL": "<xml><MsgType>&#0;</MsgType></xml>",
    "half a surrogate pair": b"<xml><MsgType>\xed\xa0\x80</MsgType></xml>",
    "nobody": pushes.xml(openid="", MsgType="text", MsgId=1),
    "no kind": pushes.xml(MsgId=1),
    "an event of no kind": pushes.xml(MsgType="event"),
    "a long name": pushes.xml(openid="o" * 129, MsgType="text"),
    "no time": "<xml><FromUserName>o1</FromUserName><MsgType>text</MsgType></xml>",
    "a time that is none": "<xml><FromUserName>o1</FromUserName><MsgType>text</MsgType><CreateTime>-1</CreateTime></xml>",
    "a name within a name": "<xml><FromUserName><a/></FromUserName><MsgType><b>1</b></MsgType></xml>",
    "JSON cut": '{"MsgType": "text"',
    "JSON deep": '{"a":' * 30_000,
    "JSON list": '{"MsgType": ["text"]}',
    "JSON NUL": '{"MsgType":"text","FromUserName":"o1","CreateTime":1,"Content":"\\u0000"}',
    "JSON half of a pair": '{"MsgType":"text","FromUserName":"o1","CreateTime":1,"Content":"\\ud800"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_under_a_right_signature_is_refused(town: Town, name: str) -> None:
    before = kept(town)
    assert told(plain(town, HOSTILE[name])) == MALFORMED
    assert kept(town) == before


@pytest.mark.parametrize("name", [name for name in HOSTILE if not isinstance(HOSTILE[name], bytes)])
def test_a_hostile_text_in_a_right_box_is_refused(town: Town, name: str) -> None:
    text = HOSTILE[name]
    assert isinstance(text, str)
    assert told(encrypted(town, text)) == MALFORMED


@pytest.mark.parametrize("box", ["", "====", "AAAA", "A" * 64, "电费"], ids=str)
def test_a_box_that_is_none_is_refused(town: Town, box: str) -> None:
    app, stamp, nonce = town.sandbox.official_account, str(int(time.time())), "1"
    proof = pushes.signature(app["token"], stamp, nonce, box)
    path = pushes.address(app["token"], at=float(stamp), nonce=nonce, encrypt_type="aes", msg_signature=proof)
    body = f"<xml><Encrypt><![CDATA[{box}]]></Encrypt></xml>"
    assert told(send(town, path, body)) in {MALFORMED, UNPROVED}


def test_a_body_beyond_all_measure_is_refused_before_it_is_read(town: Town) -> None:
    assert told(plain(town, b"x" * 300_000)) == (413, "too_large")


def test_strange_queries_are_refused(town: Town) -> None:
    for asked in (
        "?signature=%E7%94%B5",
        "?signature=&timestamp=&nonce=",
        "?timestamp=9e9",
        "?" + "a=1&" * 500,
        "?signature",
    ):
        answer = town.client.post(pushes.PATH + asked, content=b"<xml></xml>", headers={"content-type": "text/xml"})
        assert told(answer) == UNPROVED
    token = town.sandbox.mini_program["token"]
    for stamp in ("", "1e9", "-1", "٣", "9" * 400):
        path = f"{pushes.PATH}?signature={pushes.signature(token, stamp, '1')}&nonce=1&timestamp={stamp}"
        assert told(send(town, path, pushes.message())) == UNPROVED


def test_the_platform_itself_is_answered_and_its_people_read_the_answer(town: Town, tmp_path: Path) -> None:
    sandbox, app = town.sandbox, town.sandbox.official_account
    with serving(town.settings, log=tmp_path / "web.log") as served:
        sandbox.send_messages_to(f"{served.base_url}/callbacks/wechat")
        try:
            assert sandbox.wechat("check-url", appid=app["appid"]) == {"is_right": True}
            person = sandbox.wechat_person()
            sandbox.fault("wechat.message", "duplicate", value=2, count=1)
            fields = {"MsgType": "event", "Event": "subscribe", "EventKey": ""}
            sandbox.wechat("messages", appid=app["appid"], person=person["id"], fields=fields)
            said = wait_until(lambda: sandbox.wechat_chats()[0]["reply"], timeout_s=30, message="no answer was read")
            assert said.startswith("欢迎关注")
            assert follows(town, person["openids"][app["appid"]]) == [True]
            sandbox.wechat(
                "messages",
                appid=sandbox.mini_program["appid"],
                person=person["id"],
                fields={"MsgType": "text", "Content": "电费"},
            )
            wait_until(
                lambda: all(each["done"] for each in sandbox.books()["callbacks"] if each["kind"] == "wechat.message"),
                timeout_s=30,
                message="the mini-program's message was not taken",
            )
        finally:
            sandbox.send_messages_to(None)
