"""Signing in at a browser, the session's cookie, forms from elsewhere, and the list of devices."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from app import wiring
from app.main import ROUTERS, create_app
from core.config import Settings
from core.db import Database
from tests.factories import identity
from tests.factories.identity import OTHER_PHONE, PHONE, Telephones, wrong
from web.runtime import Runtime

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0"
VALUES = {"account_no": "3701000001", "payment_no": "7Q2M9XK4D0C8VT1B"}
OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def phones() -> Telephones:
    return Telephones()


@pytest.fixture
def runtime(settings: Settings, phones: Telephones) -> Iterator[Runtime]:
    made = wiring.build(settings)
    identity.use(phones)
    yield made
    made.db.close()


NewBrowser = Callable[..., TestClient]


@pytest.fixture
def open_browser(runtime: Runtime) -> NewBrowser:
    """Makes browsers that know each other's cookies no more than real ones do."""

    def made(agent: str = FIREFOX, **changes: object) -> TestClient:
        settings = runtime.settings.model_copy(update=changes)
        app = create_app(Runtime(**{**runtime.__dict__, "settings": settings}))
        headers = {"User-Agent": agent, "Accept-Language": "en", **OURS}
        return TestClient(app, base_url=settings.public_url, headers=headers, follow_redirects=False)

    return made


@pytest.fixture
def browser(open_browser: NewBrowser) -> TestClient:
    return open_browser()


def token_of(page: Any) -> str:
    """The form token that a page carries."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.text
    return found[1]


def ask_code(browser: TestClient, phone: str = PHONE, **more: str) -> Any:
    form = {"csrf": token_of(browser.get("/sign-in")), "phone": phone, **more}
    return browser.post("/sign-in", data=form)


def enter(browser: TestClient, page: Any, code: str, phone: str = PHONE, **more: str) -> Any:
    return browser.post("/sign-in/code", data={"csrf": token_of(page), "phone": phone, "code": code, **more})


def sign_in(browser: TestClient, phones: Telephones, phone: str = PHONE, **more: str) -> Any:
    page = ask_code(browser, phone)
    answer = enter(browser, page, phones.codes(phone)[-1], phone, **more)
    assert answer.status_code == 303, answer.text
    return answer


def cookie(browser: TestClient, name: str = "session") -> str:
    return str(browser.cookies[name])


def set_cookies(answer: Any) -> dict[str, str]:
    """Name -> whole line of each cookie that an answer sets."""
    return {line.partition("=")[0]: line for line in answer.headers.get_list("set-cookie")}


def is_signed_in(browser: TestClient) -> bool:
    answer = browser.get("/me")
    assert answer.status_code == 200 or answer.headers["location"] == "/sign-in?next=/me"
    return bool(answer.status_code == 200)


def audited(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.sql("select act from audit order by id").scalars())


def test_a_cookie_planted_before_signing_in_is_replaced_and_opens_nothing(
    browser: TestClient, open_browser: NewBrowser, phones: Telephones
) -> None:
    browser.cookies.set("session", "planted", domain="testserver.local", path="/")
    sign_in(browser, phones)
    assert cookie(browser) != "planted"
    assert is_signed_in(browser)
    thief = open_browser()
    thief.cookies.set("session", "planted", domain="testserver.local", path="/")
    assert not is_signed_in(thief)


def test_each_sign_in_changes_the_cookie_and_ends_the_session_before(
    browser: TestClient, open_browser: NewBrowser, phones: Telephones
) -> None:
    sign_in(browser, phones)
    first = cookie(browser)
    sign_in(browser, phones, OTHER_PHONE)
    second = cookie(browser)
    old = open_browser()
    old.cookies.set("session", first, domain="testserver.local", path="/")
    assert first != second
    assert (is_signed_in(old), is_signed_in(browser)) == (False, True)


def test_a_browser_whose_session_was_ended_elsewhere_signs_in_again(
    browser: TestClient, runtime: Runtime, phones: Telephones
) -> None:
    sign_in(browser, phones)
    with runtime.db.write() as session:
        session.sql("update session_family set revoked_at = now(), revoked_why = 'revoked'")
    assert not is_signed_in(browser)
    sign_in(browser, phones)
    assert is_signed_in(browser)


def test_signing_out_forgets_the_cookie_and_ends_the_session(
    browser: TestClient, open_browser: NewBrowser, phones: Telephones
) -> None:
    sign_in(browser, phones)
    old = open_browser()
    old.cookies.set("session", cookie(browser), domain="testserver.local", path="/")
    answer = browser.post("/sign-out", data={"csrf": token_of(browser.get("/me"))})
    assert (answer.headers["location"], "session" in browser.cookies) == ("/sign-in", False)
    assert not is_signed_in(old)


def test_over_https_cookies_are_bound_to_this_very_host_and_closed_to_scripts(
    open_browser: NewBrowser, phones: Telephones
) -> None:
    browser = open_browser(public_url="https://testserver.local")
    visitor = set_cookies(browser.get("/sign-in"))
    assert visitor.keys() == {"__Host-visitor"}
    answer = sign_in(browser, phones)
    given = set_cookies(answer)
    assert given.keys() == {"__Host-session", "__Host-visitor"}
    assert "max-age=0" in given["__Host-visitor"].lower(), "the visitor became a person"
    out = set_cookies(browser.post("/sign-out", data={"csrf": token_of(browser.get("/me"))}))
    for line in (*visitor.values(), *given.values(), out["__Host-session"]):
        flags = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= flags
        assert not any(flag.startswith("domain") for flag in flags), line
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


def test_a_wrong_code_is_told_beside_its_field_and_nothing_tells_it(browser: TestClient, phones: Telephones) -> None:
    page = ask_code(browser)
    (code,) = phones.codes()
    answer = enter(browser, page, wrong(code))
    assert answer.status_code == 422
    assert "The code is wrong or too old" in unescape(answer.text)
    assert code not in answer.text
    assert wrong(code) not in answer.text
    for _ in range(4):
        answer = enter(browser, answer, wrong(code))
    assert "Too many wrong tries" in unescape(answer.text)
    assert enter(browser, answer, code).status_code == 422


def test_a_code_asked_for_in_one_browser_is_of_no_use_in_another(
    browser: TestClient, open_browser: NewBrowser, phones: Telephones
) -> None:
    page = ask_code(browser)
    thief = open_browser()
    assert enter(thief, thief.get("/sign-in"), phones.codes()[0]).status_code == 422
    assert enter(browser, page, phones.codes()[0]).status_code == 303


def test_known_unknown_and_limited_numbers_see_the_same_page_by_the_same_statements(
    runtime: Runtime, open_browser: NewBrowser, phones: Telephones
) -> None:
    known, unknown, limited = "13700137000", "13700137001", "13700137002"
    sign_in(open_browser(), phones, "+86" + known)
    for _ in range(5):
        ask_code(open_browser(), limited)
    sent = phones.count()
    seen = []
    for phone in (known, unknown, limited):
        browser = open_browser()
        form = {"csrf": token_of(browser.get("/sign-in")), "phone": phone}
        statements: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object, kept: Any = statements) -> None:
            kept.append(statement)

        sa.event.listen(runtime.db.engine, "before_cursor_execute", note)
        answer = browser.post("/sign-in", data=form)
        sa.event.remove(runtime.db.engine, "before_cursor_execute", note)
        text = answer.text.replace(form["csrf"], "").replace(phone, "").replace(f"+86137****{phone[-4:]}", "")
        headers = sorted(set(answer.headers) - {"x-request-id"})
        seen.append((answer.status_code, text, headers, statements))
    assert seen == [seen[0]] * 3
    assert len(seen[0][3]) > 5
    assert phones.count() == sent + 2, "the limited number got no message"


@pytest.mark.parametrize("field", ["query", "form"])
def test_after_signing_in_nobody_is_led_to_another_site(
    open_browser: NewBrowser, phones: Telephones, runtime: Runtime, field: str
) -> None:
    hostile = [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example/",
        "http://testserver@evil.example/",
        "http://testserver.evil.example/",
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "http://tеstserver/",
        "\\\\evil.example",
        "me",
    ]
    browser = open_browser()
    for address in [*hostile, "/bills"]:
        with runtime.db.write() as session:
            session.sql("delete from sign_in_limit")
        if field == "query":
            page = browser.get("/sign-in", params={"next": address})
            kept = unescape(str(re.findall(r'name="next" value="([^"]*)"', page.text)[0]))
        else:
            kept = str(sign_in(browser, phones, next=address).headers["location"])
        assert kept == ("/bills" if address == "/bills" else "/"), address


def test_a_page_that_needs_a_person_is_come_back_to(browser: TestClient, phones: Telephones) -> None:
    answer = browser.get("/inbox")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/inbox")
    assert sign_in(browser, phones, next="/inbox").headers["location"] == "/inbox"


def test_the_language_chosen_by_a_reader_is_that_of_messages_and_no_sign_in_changes_it(
    browser: TestClient, open_browser: NewBrowser, phones: Telephones, runtime: Runtime
) -> None:
    def written_in() -> str:
        with runtime.db.read() as session:
            return str(session.sql("select locale from app_user").scalar_one())

    sign_in(browser, phones)
    assert written_in() == "en", "that of the sign-up"
    form = {"csrf": token_of(browser.get("/me")), "locale": "zh-CN", "next": "/bills"}
    for _ in range(2):
        answer = browser.post("/me/language", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/bills")
    assert written_in() == "zh-CN"
    assert audited(runtime.db).count("identity.locale_chosen") == 1
    assert '<html lang="zh-CN">' in browser.get("/me").text
    sign_in(open_browser(), phones)
    assert written_in() == "zh-CN"
    assert browser.post("/me/language", data={**form, "locale": "fr"}).status_code == 422
    assert written_in() == "zh-CN"


def test_the_portal_takes_no_bearer_token(browser: TestClient, runtime: Runtime) -> None:
    with runtime.db.write() as session:
        opened = identity.app_session(session, user_id=identity.user(session, vault=runtime.vault))
    token = identity.access_token(runtime.token_keys, opened)
    assert browser.get("/me", headers={"Authorization": f"Bearer {token}"}).status_code == 303


def forms() -> list[str]:
    """Every path of customers that takes a form; signing out comes last."""
    paths = {
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        and route.endpoint.__module__.startswith("portal.customer.")
        and "POST" in (route.methods or ())
    }
    assert len(paths) > 6
    return sorted(paths, key=lambda path: (path == "/sign-out", path))


def filled(path: str) -> str:
    for name, value in VALUES.items():
        path = path.replace(f"{{{name}}}", value)
    return re.sub(r"\{\w+\}", lambda _: str(uuid4()), path)  # all else is named by an id


def test_no_form_is_taken_without_this_session_s_token_or_from_another_site(
    browser: TestClient, open_browser: NewBrowser, phones: Telephones, runtime: Runtime
) -> None:
    other = open_browser()
    sign_in(other, phones, OTHER_PHONE)
    sign_in(browser, phones)
    visitors_token = token_of(browser.get("/sign-in"))
    readers_token = token_of(browser.get("/me"))
    strangers = [token_of(other.get("/sign-in")), token_of(other.get("/me"))]
    before = audited(runtime.db)
    for path in map(filled, forms()):
        is_visitors = path.startswith("/sign-in")
        good, bad = (visitors_token, readers_token) if is_visitors else (readers_token, visitors_token)

        def send(path: str = path, token: str | None = None, **headers: str) -> int:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            data = {} if token is None else {"csrf": token}
            return int(browser.post(path, data=data, headers=named).status_code)

        told = {
            "no token": send(),
            "empty": send(token=""),
            "not ASCII": send(token="ключ"),
            "another session's": send(token=strangers[0]),
            "another session's own": send(token=strangers[1]),
            "that of the other kind of page": send(token=bad),
            "evil origin": send(token=good, Origin="https://evil.example", Sec_Fetch_Site="cross-site"),
            "a neighbour of ours": send(token=good, Origin="http://a.testserver", Sec_Fetch_Site="same-site"),
            "an old browser at an evil site": send(token=good, Origin="https://evil.example", Sec_Fetch_Site="none"),
            "a frame without origin": send(token=good, Origin="null", Sec_Fetch_Site="cross-site"),
            "htmx without token": send(HX_Request="true"),
            "htmx from elsewhere": send(token=good, HX_Request="true", Sec_Fetch_Site="cross-site"),
            "json as text": browser.post(
                path, content=f'{{"csrf": "{good}"}}', headers={"Content-Type": "text/plain"}
            ).status_code,
        }
        assert told == dict.fromkeys(told, 403) | {"json as text": 415}, path
        assert audited(runtime.db) == before, path
    assert is_signed_in(browser)
    for path in map(filled, forms()):
        if path.startswith("/pay"):
            continue  # it has a key of its own besides, which is refused alike
        token = visitors_token if path.startswith("/sign-in") else readers_token
        answer = browser.post(path, data={"csrf": token}, headers={"Origin": "http://testserver"})
        assert answer.status_code != 403, path


def test_a_form_of_somebody_who_is_not_signed_in_asks_for_signing_in(browser: TestClient) -> None:
    for path in map(filled, forms()):
        answer = browser.post(path, data={"csrf": "0" * 64})
        if path.startswith("/sign-in"):
            assert answer.status_code == 403, "without the cookie that came with its page, no form is ours"
        else:
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), path


def test_my_devices_are_listed_and_this_one_is_marked(
    browser: TestClient, open_browser: NewBrowser, phones: Telephones, runtime: Runtime
) -> None:
    sign_in(browser, phones)
    alone = browser.get("/me").text
    assert "Firefox, Windows" in alone
    assert "Sign out of other devices" not in alone
    sign_in(open_browser(IPHONE), phones)
    with runtime.db.write() as session:
        user_id = identity.user(session, vault=runtime.vault)
        identity.app_session(session, user_id=user_id, name="<b>Phone</b>")
    rows = re.findall(r'<li class="row">(.*?)</li>', browser.get("/me").text, re.DOTALL)
    marked = {re.sub(r"<[^>]+>", " ", row).split("Last used")[0].strip(): "This device" in row for row in rows}
    assert {" ".join(name.split()): is_current for name, is_current in marked.items()} == {
        "Firefox, Windows This device": True,
        "WeChat, iPhone Sign out WeChat, iPhone": False,
        "&lt;b&gt;Phone&lt;/b&gt; Sign out &lt;b&gt;Phone&lt;/b&gt;": False,
    }


def test_a_device_signed_out_from_the_list_is_out_at_its_next_page(
    browser: TestClient, open_browser: NewBrowser, phones: Telephones
) -> None:
    phone, stranger = open_browser(IPHONE), open_browser()
    for each, number in ((browser, PHONE), (phone, PHONE), (stranger, OTHER_PHONE)):
        sign_in(each, phones, number)
    page = browser.get("/me")
    (path,) = re.findall(r"/me/devices/[0-9a-f-]{36}/revoke", page.text)
    theirs = stranger.post(path, data={"csrf": token_of(stranger.get("/me"))})
    assert (theirs.status_code, is_signed_in(phone)) == (404, True)
    answer = browser.post(path, data={"csrf": token_of(page)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    assert (is_signed_in(phone), is_signed_in(browser)) == (False, True)
    assert browser.post(path, data={"csrf": token_of(page)}).status_code == 404


def test_all_other_devices_are_signed_out_by_one_button(
    browser: TestClient, open_browser: NewBrowser, phones: Telephones
) -> None:
    others, stranger = [open_browser(IPHONE), open_browser()], open_browser()
    for each in (browser, *others):
        sign_in(each, phones)
    sign_in(stranger, phones, OTHER_PHONE)
    page = browser.get("/me?lang=zh-CN")
    assert "退出其他设备" in page.text
    answer = browser.post("/me/devices/others/revoke", data={"csrf": token_of(page)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    assert [is_signed_in(each) for each in (browser, *others, stranger)] == [True, False, False, True]
