"""The portal in WeChat's own browser: who comes, who is signed in, and what works there. HTML; no browser is needed to read it."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from core import clock
from core.config import Settings
from services.identity import operations, queries
from services.identity.ports import WECHAT
from services.payments import operations as payments
from tests.factories.accounts import make_user
from tests.factories.identity import join_wechat
from tests.factories.payments import latest
from tests.support.sandbox import SandboxProcess
from tests.support.town import Home, Town
from tests.support.waiting import wait_until
from tests.support.wechat import joined as joined_settings

INSIDE: Final = (
    "Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36 "
    "XWEB/1260117 MMWEBSDK/20240404 MicroMessenger/8.0.49.2600(0x28003133) WeChat/arm64 Weixin NetType/WIFI"
)
OUTSIDE: Final = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1"
Browser = TestClient
Open = Callable[..., Browser]
People = dict[str, Any]


@pytest.fixture(autouse=True)
def _honest(town: Town) -> None:
    town.sandbox.clear_faults()


@pytest.fixture
def open_browser(town: Town) -> Open:
    """Makes browsers inside WeChat, each with cookies of its own."""

    def made(agent: str = INSIDE) -> Browser:
        headers = {"user-agent": agent, "accept-language": "en", "sec-fetch-site": "same-origin"}
        return TestClient(town.app, base_url=town.settings.public_url, headers=headers, follow_redirects=False)

    return made


@pytest.fixture
def phone() -> str:
    return f"+86136{uuid4().int % 10**8:08d}"


@pytest.fixture
def somebody(town: Town) -> People:
    return town.sandbox.wechat_person()


def sent_to_wechat(browser: Browser, start: str = "/sign-in") -> dict[str, str]:
    """Follow a page of ours to WeChat's; answers what WeChat is asked."""
    answer = browser.get(start)
    while answer.headers.get("location", "").startswith("/"):
        answer = browser.get(answer.headers["location"])
    address = urlsplit(answer.headers["location"])
    assert (answer.status_code, address.path) == (303, "/connect/oauth2/authorize")
    return {name: value[0] for name, value in parse_qs(address.query).items()}


def come_back(town: Town, browser: Browser, asked: dict[str, str], person: People, **changes: str) -> Any:
    """What WeChat does: send the browser back with a code and the state."""
    code = changes.pop("code", None) or town.sandbox.wechat_code("oauth", asked["appid"], person)
    back = urlsplit(asked["redirect_uri"])
    path = f"{back.path}?{back.query}&code={code}&state={changes.pop('state', asked['state'])}"
    return browser.get(path)


def visit(town: Town, browser: Browser, person: People, start: str = "/sign-in") -> Any:
    """Open a page as this person; answers where they are led in the end."""
    return come_back(town, browser, sent_to_wechat(browser, start), person)


def token_of(page: Any) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.text
    return found[1]


def sign_in_by_phone(town: Town, browser: Browser, phone: str, **more: str) -> Any:
    """Type the telephone and the code that comes."""
    form = {"csrf": token_of(browser.get("/sign-in?plain=1")), "phone": phone, **more}
    page = browser.post("/sign-in", data=form)
    [newest, *_] = wait_until(lambda: town.sandbox.messages(phone), message="no code came", timeout_s=30)
    typed = {"csrf": token_of(page), "phone": phone, "code": newest["params"]["code"], **more}
    return browser.post("/sign-in/code", data=typed)


def masked(browser: Browser) -> str | None:
    """Whose page about me this browser sees."""
    page = browser.get("/me")
    found = re.search(r'<p class="soft num">([^<]+)</p>', page.text)
    return found[1] if page.status_code == 200 and found else None


def mask(phone: str) -> str:
    return f"{phone[:-8]}****{phone[-4:]}"


def test_outside_wechat_nothing_changes(open_browser: Open) -> None:
    for agent in (OUTSIDE, INSIDE.replace("MicroMessenger", "wxwork/4.1 MicroMessenger")):
        browser = open_browser(agent)
        page = browser.get("/sign-in")
        assert (page.status_code, "/wechat/go" in page.text) == (200, False)
        assert browser.get("/wechat/go?next=/bills").headers["location"] == "/sign-in?plain=1&next=/bills"
        assert browser.get("/wechat/back?code=1&state=1").headers["location"] == "/sign-in?plain=1"


def test_wechat_is_asked_without_showing_anything_and_by_our_own_address(town: Town, open_browser: Open) -> None:
    asked = sent_to_wechat(open_browser(), "/sign-in?next=/bills")
    back = urlsplit(asked["redirect_uri"])
    assert (asked["appid"], asked["scope"], asked["response_type"]) == (town.appid, "snsapi_base", "code")
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"{town.settings.public_url}/wechat/back"
    assert re.fullmatch(r"[0-9a-f]{1,128}", asked["state"])


def test_whoever_is_new_signs_in_by_telephone_once_and_by_wechat_from_then_on(
    town: Town, open_browser: Open, somebody: People, phone: str
) -> None:
    first = open_browser()
    answer = visit(town, first, somebody, "/bills")
    assert answer.headers["location"] == "/sign-in?plain=1&next=/bills"
    page = first.get(answer.headers["location"])
    assert "From then on WeChat signs you in" in page.text
    assert sign_in_by_phone(town, first, phone, next="/bills").headers["location"] == "/bills"
    again = open_browser()
    assert visit(town, again, somebody, "/sign-in?next=/bills").headers["location"] == "/bills"
    assert masked(first) == masked(again) == mask(phone)


def test_whoever_is_joined_by_the_mini_program_alone_gives_the_telephone_once_here_too(
    town: Town, open_browser: Open, somebody: People, phone: str
) -> None:
    appid = town.sandbox.mini_program["appid"]
    with town.runtime.db.write() as session:
        user_id = make_user(session, town.runtime.vault, phone=phone)
        join_wechat(
            session,
            town.runtime.vault,
            user_id=user_id,
            appid=appid,
            openid=somebody["openids"][appid],
            unionid=somebody["unionid"],
        )
    browser = open_browser()
    assert visit(town, browser, somebody).headers["location"] == "/sign-in?plain=1", "snsapi_base tells no unionid"
    sign_in_by_phone(town, browser, phone)
    again = open_browser()
    assert visit(town, again, somebody).headers["location"] == "/"
    assert masked(browser) == masked(again) == mask(phone)


def test_signing_out_stays_signed_out_until_wechat_is_chosen(
    town: Town, open_browser: Open, somebody: People, phone: str
) -> None:
    browser = open_browser()
    visit(town, browser, somebody)
    sign_in_by_phone(town, browser, phone)
    browser.post("/sign-out", data={"csrf": token_of(browser.get("/me"))})
    page = browser.get("/sign-in")
    assert (page.status_code, 'href="/wechat/go"' in page.text) == (200, True)
    assert masked(browser) is None
    visit(town, browser, somebody, "/wechat/go")
    assert masked(browser) == mask(phone)


def test_each_sign_in_by_wechat_has_a_fresh_cookie(
    town: Town, open_browser: Open, somebody: People, phone: str
) -> None:
    browser = open_browser()
    visit(town, browser, somebody)
    sign_in_by_phone(town, browser, phone)
    planted = open_browser()
    planted.cookies.set("session", "planted", domain="testserver.local", path="/")
    visit(town, planted, somebody)
    assert masked(planted) == mask(phone)
    assert "planted" not in str(planted.cookies.get("session", domain="testserver.local"))


def test_nobody_is_signed_in_by_a_code_that_another_browser_asked_for(
    town: Town, open_browser: Open, somebody: People, phone: str
) -> None:
    attacker, victim = open_browser(), open_browser()
    visit(town, attacker, somebody)
    sign_in_by_phone(town, attacker, phone)
    asked = sent_to_wechat(open_browser())
    sent_to_wechat(victim)
    before = len(town.sandbox.wechat_calls("oauth2_access_token"))
    answer = come_back(town, victim, asked, somebody)
    assert answer.headers["location"] == "/sign-in?plain=1"
    assert masked(victim) is None
    assert len(town.sandbox.wechat_calls("oauth2_access_token")) == before


@pytest.mark.parametrize("state", ["", "1", "0" * 58, "%E7%94%B5", "9" * 26 + "f" * 32, "x" * 512])
def test_a_state_that_is_not_ours_leads_to_the_telephone(
    town: Town, open_browser: Open, somebody: People, state: str
) -> None:
    browser = open_browser()
    asked = sent_to_wechat(browser)
    assert come_back(town, browser, asked, somebody, state=state).headers["location"] == "/sign-in?plain=1"


def test_a_state_is_good_for_ten_minutes(
    town: Town, open_browser: Open, somebody: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from portal import wechat

    monkeypatch.setattr(wechat, "STATE_LIFE", timedelta(seconds=-1))
    browser = open_browser()
    assert visit(town, browser, somebody).headers["location"] == "/sign-in?plain=1"


@pytest.mark.parametrize("kind", ["errcode", "error_before", "drop_before"])
def test_a_wechat_that_does_not_answer_leaves_the_telephone_and_no_endless_way(
    town: Town, open_browser: Open, somebody: People, kind: str
) -> None:
    browser = open_browser()
    asked = sent_to_wechat(browser)
    town.sandbox.fault("wechat.oauth2_access_token", kind, count=1)
    answer, steps = come_back(town, browser, asked, somebody), 0
    while answer.is_redirect:
        assert steps < 3
        answer, steps = browser.get(answer.headers["location"]), steps + 1
    assert (answer.status_code, 'name="phone"' in answer.text) == (200, True)
    assert browser.get("/sign-in").status_code == 200


@pytest.mark.parametrize("address", ["//evil.example/", "/\\evil.example", "https:evil.example", "/a\tb", "/%09/x"])
def test_one_comes_back_to_this_site_alone(
    town: Town, open_browser: Open, somebody: People, phone: str, address: str
) -> None:
    browser = open_browser()
    visit(town, browser, somebody)
    sign_in_by_phone(town, browser, phone)
    other = open_browser()
    answer = other.get("/wechat/go", params={"next": address})
    asked = {name: value[0] for name, value in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    location = come_back(town, other, asked, somebody).headers["location"]
    assert urlsplit(location).netloc == ""
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


def test_a_wechat_of_somebody_else_is_not_taken_by_who_signs_in_beside_it(
    town: Town, open_browser: Open, somebody: People, phone: str
) -> None:
    first = open_browser()
    visit(town, first, somebody)
    sign_in_by_phone(town, first, phone)
    first.post("/sign-out", data={"csrf": token_of(first.get("/me"))})
    other = f"+86135{uuid4().int % 10**8:08d}"
    sign_in_by_phone(town, first, other)
    assert masked(first) == mask(other)
    assert "Sign-in by WeChat" not in first.get("/me").text
    again = open_browser()
    visit(town, again, somebody)
    assert masked(again) == mask(phone)


def test_whoever_is_signed_in_stays_who_they_are_when_wechat_names_another(
    town: Town, open_browser: Open, somebody: People, phone: str
) -> None:
    owner = open_browser()
    visit(town, owner, somebody)
    sign_in_by_phone(town, owner, phone)
    guest, other = open_browser(), f"+86135{uuid4().int % 10**8:08d}"
    sign_in_by_phone(town, guest, other)
    assert visit(town, guest, somebody, "/wechat/go?next=/me").headers["location"] == "/me"
    assert masked(guest) == mask(other)


def test_the_cookie_shows_nobody_and_a_false_one_is_nobody(town: Town, open_browser: Open, somebody: People) -> None:
    browser = open_browser()
    visit(town, browser, somebody)
    value = str(browser.cookies["wechat"])
    assert somebody["openids"][town.appid] not in value
    for false in ("x", "A" * 200, value[:-4] + "AAAA", value[:20], "-"):
        stranger = open_browser()
        stranger.cookies.set("wechat", false, domain="testserver.local", path="/")
        assert sign_in_by_phone(town, stranger, f"+86134{uuid4().int % 10**8:08d}").status_code == 303
        assert "Sign-in by WeChat" not in stranger.get("/me").text


@pytest.fixture
def home(town: Town) -> Home:
    return town.build(town.unit_id)


def holder(town: Town, browser: Browser, home: Home) -> None:
    """Give a browser the session of the home's owner."""
    person = town.settle(home, has_payments=False)
    browser.cookies.set("session", person.cookie, domain="testserver.local", path="/")


def methods_on(page: Any) -> list[str]:
    return re.findall(r'name="method" value="([a-z0-9_]+)"', page.text)


def test_inside_wechat_only_its_own_way_to_pay_is_offered_and_outside_it_never_is(
    town: Town, open_browser: Open, home: Home, somebody: People
) -> None:
    outside = open_browser(OUTSIDE)
    holder(town, outside, home)
    assert methods_on(outside.get(f"/pay/{home.account_no}")) == ["wechat_h5", "wechat_native"]
    inside = open_browser()
    holder(town, inside, home)
    assert visit(town, inside, somebody, f"/pay/{home.account_no}").headers["location"] == f"/pay/{home.account_no}"
    page = inside.get(f"/pay/{home.account_no}")
    assert (page.status_code, methods_on(page)) == (200, ["wechat_jsapi"])


def started(browser: Browser, home: Home, **changes: str) -> Any:
    page = browser.get(f"/pay/{home.account_no}")
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    assert key is not None
    form = {"csrf": token_of(page), "key": key[1], "amount": "128.60", "method": "wechat_jsapi", **changes}
    return browser.post(f"/pay/{home.account_no}", data=form)


def test_a_payment_begun_inside_wechat_is_for_whose_wechat_it_is_and_signed_afresh_at_each_look(
    town: Town, open_browser: Open, home: Home, somebody: People
) -> None:
    inside = open_browser()
    holder(town, inside, home)
    visit(town, inside, somebody, f"/pay/{home.account_no}")
    page = started(inside, home).headers["location"]
    looks = []
    for _ in range(2):
        found = re.search(r'data-bridge="([^"]+)"', inside.get(page).text)
        assert found is not None
        looks.append(json.loads(found[1].replace("&#34;", '"')))
    assert looks[0]["package"] == looks[1]["package"]
    assert looks[0]["paySign"] != looks[1]["paySign"]
    assert looks[0]["appId"] == town.appid
    assert "data-bridge" not in open_elsewhere(open_browser, inside, page).text


def open_elsewhere(open_browser: Open, inside: Browser, path: str) -> Any:
    """The same session's page in a browser outside WeChat."""
    outside = open_browser(OUTSIDE)
    session = inside.cookies.get("session", domain="testserver.local")
    outside.cookies.set("session", str(session), domain="testserver.local", path="/")
    return outside.get(path)


def test_wechats_own_way_cannot_be_begun_where_nobody_knows_who_pays(
    town: Town, open_browser: Open, home: Home
) -> None:
    outside = open_browser(OUTSIDE)
    holder(town, outside, home)
    refused = started(outside, home)
    assert (refused.status_code, "wechat_jsapi" in refused.text) == (422, False)


def test_what_is_paid_together_inside_wechat_is_asked_first_who_pays_and_is_for_whose_wechat_it_is(
    town: Town, open_browser: Open, home: Home, somebody: People
) -> None:
    inside = open_browser()
    holder(town, inside, home)
    assert visit(town, inside, somebody, "/pay-together").headers["location"] == "/pay-together"
    page = inside.get("/pay-together")
    assert (page.status_code, methods_on(page)) == (200, ["wechat_jsapi"])
    hidden = re.findall(r'<input type="hidden" name="(key|amount_minor)" value="([^"]+)">', page.text)
    form = {**dict(hidden), "csrf": token_of(page), "account": home.account_no, "method": "wechat_jsapi"}
    begun = inside.post("/pay-together", data=form)
    assert (begun.status_code, begun.headers["location"].rpartition("/")[0]) == (303, "/payments"), begun.text
    assert "data-bridge" in inside.get(begun.headers["location"]).text
    attempt = latest(town.runtime.db, begun.headers["location"].rpartition("/")[2])
    with town.runtime.db.read() as session:
        asked = json.loads(payments.open_request(session, vault=town.runtime.vault, attempt_id=attempt.id))
    assert asked["payer"] == {"openid": somebody["openids"][town.appid]}


@pytest.fixture
def without_account(town: Town, town_sandbox: SandboxProcess) -> Iterator[Settings]:
    """A supplier with a mini-program and no official account."""
    from app import wiring

    settings = joined_settings(town.settings, town_sandbox)
    apps = [app for app in json.loads(settings.wechat_apps.get_secret_value()) if app["kind"] == "mini_program"]
    before = WECHAT.get()
    made = wiring.wechat(Settings.model_validate({**settings.model_dump(), "wechat_apps": json.dumps(apps)}))
    WECHAT.fill(made)
    yield settings
    WECHAT.fill(before)
    made.close()


@pytest.mark.usefixtures("without_account")
def test_without_an_official_account_wechat_is_a_browser_that_cannot_pay(
    town: Town, open_browser: Open, home: Home
) -> None:
    inside = open_browser()
    holder(town, inside, home)
    page = inside.get(f"/pay/{home.account_no}")
    assert (page.status_code, methods_on(page)) == (200, [])
    assert "Open this page in your browser" in page.text
    assert open_browser().get("/sign-in").status_code == 200


def test_one_parts_from_ones_wechat_on_the_page_about_me(
    town: Town, open_browser: Open, somebody: People, phone: str
) -> None:
    browser = open_browser()
    visit(town, browser, somebody)
    sign_in_by_phone(town, browser, phone)
    page = browser.get("/me")
    [path] = re.findall(r'action="(/me/wechat/[0-9a-f-]{36}/unlink)"', page.text)
    assert browser.post(path, data={"csrf": token_of(page)}).headers["location"] == "/me"
    assert masked(browser) == mask(phone)
    again = open_browser()
    assert visit(town, again, somebody).headers["location"] == "/sign-in?plain=1"


def test_joining_is_written_for_the_person_who_typed_the_code(
    town: Town, open_browser: Open, somebody: People, phone: str
) -> None:
    browser = open_browser()
    visit(town, browser, somebody)
    sign_in_by_phone(town, browser, phone)
    with town.runtime.db.write() as session:
        person = operations.register(session, vault=town.runtime.vault, phone=phone, locale="en", now=clock.now())
        openid = queries.openid_of(session, vault=town.runtime.vault, user_id=person, appid=town.appid)
    assert openid == somebody["openids"][town.appid]
