"""Pages as they are inside WeChat's own browser, and what they say of WeChat outside it."""

from typing import Final

from services.payments.ports import Method, Payer
from tests.factories import identity as people
from tests.factories import payments as paying
from tests.portal.scenes import Stage, scene

INSIDE: Final = {"user-agent": "Mozilla/5.0 (Linux; Android 14) Mobile MicroMessenger/8.0.49.2600(0x28003133)"}


def _inside(stage: Stage) -> Stage:
    """What this browser sends names WeChat, whatever browser the look asks for."""
    stage.visit.page.route("**/*", lambda route: route.continue_(headers={**route.request.headers, **INSIDE}))
    return stage


def _begun_in_wechat(stage: Stage) -> str:
    """A payment that WeChat's own client is to pay."""
    home, deployment = stage.household(), stage.visit.deployment
    deployment.act_as_web()
    account = deployment.sandbox.official_account["appid"]
    openid = deployment.sandbox.wechat_person()["openids"][account]
    payer, no = Payer("203.0.113.7", openid=openid, appid=account), paying.payment_no()
    want = paying.wanted(home, 12_860, method=Method.WECHAT_JSAPI, payer=payer)
    paying.start(stage.database, deployment.vault, want, no=no)
    return no


@scene
def sign_in_in_wechat(stage: Stage) -> None:
    _inside(stage).visit.open("/sign-in?plain=1")


@scene
def pay_in_wechat(stage: Stage) -> None:
    home = _inside(stage).household()
    stage.visit.context.add_cookies([{"name": "wechat", "value": "-", "url": stage.visit.deployment.url}])
    stage.visit.open(f"/pay/{home.account.account_no}").wait_for_selector("[value=wechat_jsapi]")


@scene
def payment_in_wechat(stage: Stage) -> None:
    no = _begun_in_wechat(_inside(stage))
    stage.visit.open(f"/payments/{no}").wait_for_selector("[data-bridge]")


@scene
def payment_of_wechat_elsewhere(stage: Stage) -> None:
    stage.visit.open(f"/payments/{_begun_in_wechat(stage)}")


@scene
def me_in_wechat(stage: Stage) -> None:
    person, deployment = stage.person(), stage.visit.deployment
    with stage.database.write() as session:
        for app in (deployment.sandbox.official_account, deployment.sandbox.mini_program):
            people.join_wechat(session, deployment.vault, user_id=person, appid=app["appid"])
    stage.visit.open("/me")
