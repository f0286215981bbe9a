"""The steps of signing in: by a telephone, by a WeChat, and by what the app kept."""

from zoneinfo import ZoneInfo

from core import clock
from core.errors import Refusal
from services.identity import flows as identity
from services.identity import queries
from tests.faults.world import Case, World


def wechat_code(world: World, case: Case, kind: str, appid: str) -> str:
    """What the customer's own client of WeChat hands over."""
    if "person" not in case:
        asked = {"phone": case["phone"].removeprefix("+86")}
        case["person"] = world.sandbox.post("/__sandbox__/wechat/people", json=asked).json()["id"]
    asked = {"kind": kind, "appid": appid, "person": case["person"], "scope": "snsapi_userinfo"}
    return str(world.sandbox.post("/__sandbox__/wechat/codes", json=asked).json()["code"])


def _policy(world: World) -> identity.CodePolicy:
    return identity.CodePolicy(
        region="+86", zone=ZoneInfo("Asia/Shanghai"), daily_budget=world.settings.sign_in_daily_codes
    )


def ask_for_code(world: World, case: Case) -> bool:
    """Ask for a one-time code, and read it on the telephone."""
    case["device"] = case["keys"]["start"]
    identity.request_code(
        world.db, vault=world.vault, policy=_policy(world), phone=case["phone"], device=case["device"],
        address=case["device"], locale="en", now=clock.now(),
    )  # fmt: skip
    return True


def _latest_code(world: World, case: Case) -> str:
    told = world.sandbox.get("/__sandbox__/messages", params={"to": case["phone"]}).json()
    codes = [message["params"]["code"] for message in told if message["template"] == "sign_in_code"]
    return str(codes[0]) if codes else ""


def sign_in(world: World, case: Case) -> bool:
    """Sign an app in; with a new code when the old one no longer does."""
    try:
        tokens = identity.sign_in(
            world.db, vault=world.vault, keys=world.runtime.token_keys, policy=_policy(world), phone=case["phone"],
            code=_latest_code(world, case), device=case["device"], device_name="Phone", address=case["device"],
            locale="en", now=clock.now(),
        )  # fmt: skip
    except Refusal:
        ask_for_code(world, case)
        return False
    case["refresh"] = tokens.refresh_token
    return True


def sign_in_browser(world: World, case: Case) -> bool:
    """Sign a browser in; with a new code when the old one no longer does."""
    try:
        opened = identity.sign_in_browser(
            world.db, vault=world.vault, policy=_policy(world), phone=case["phone"], code=_latest_code(world, case),
            device=case["device"], user_agent="Mozilla/5.0 Firefox/140.0", address=case["device"], locale="en",
            now=clock.now(),
        )  # fmt: skip
    except Refusal:
        ask_for_code(world, case)
        return False
    case["cookie"] = opened.secret
    return True


def sign_in_by_wechat(world: World, case: Case) -> bool:
    """Sign in to the mini-program, by codes that are fresh at each try."""
    appid = next(app.appid for app in world.settings.wechat_app_list if app.kind == "mini_program")
    identity.sign_in_by_wechat(
        world.db, vault=world.vault, keys=world.runtime.token_keys, region="+86", appid=appid,
        code=wechat_code(world, case, "js", appid), phone_code=wechat_code(world, case, "phone", appid),
        device=_device(case), now=clock.now(),
    )  # fmt: skip
    return True


def add_wechat(world: World, case: Case) -> bool:
    """Add the WeChat of another device to whoever has signed in by a code."""
    appid = next(app.appid for app in world.settings.wechat_app_list if app.kind == "mini_program")
    with world.db.read() as session:
        row = session.sql(
            """select f.id, f.user_id from session_family f join app_user u on u.id = f.user_id
               where u.phone_blind = :blind and f.opened_by = 'code'
               order by f.created_at desc limit 1""",
            blind=queries.phone_blind_of(world.vault, case["phone"]),
        ).one()
    identity.add_wechat(
        world.db, vault=world.vault, user_id=row.user_id, session_id=row.id, appid=appid,
        code=wechat_code(world, case, "js", appid), address=case["phone"], now=clock.now(),
    )  # fmt: skip
    return True


def come_by_wechat(world: World, case: Case) -> bool:
    """Open the portal inside WeChat."""
    appid = world.settings.wechat_pay_appid
    met = identity.sign_in_browser_by_wechat(
        world.db, vault=world.vault, appid=appid, code=wechat_code(world, case, "oauth", appid),
        device=_device(case), now=clock.now(),
    )  # fmt: skip
    return met.opened is not None


def _device(case: Case) -> identity.DeviceAsking:
    return identity.DeviceAsking(case["keys"]["start"], "Phone", case["keys"]["start"], "en")


def refresh(world: World, case: Case) -> bool:
    """Exchange the refresh token; the app that heard no answer sends the same one again."""
    tokens = identity.refresh(
        world.db, vault=world.vault, keys=world.runtime.token_keys, refresh_token=case["refresh"],
        address=case["device"], now=clock.now(),
    )  # fmt: skip
    case["refresh"] = tokens.refresh_token
    return True
