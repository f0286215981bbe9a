"""Codes and tokens, the caller, and the devices on which the caller is signed in.

Neither POST below `auth/` takes an Idempotency-Key. Both serve people whom nobody knows yet, so a key would have no
owner, and a kept answer of `auth/token` would be a credential in clear. What the key is for is given by other means: a
repeated `auth/otp` is counted by the limits and voids the earlier code, a code signs in once, and a repeated refresh
gets the same successor for ten seconds.
"""

from typing import Annotated, assert_never
from uuid import UUID, uuid4

from fastapi import APIRouter, Body, Request
from fastapi.responses import JSONResponse, Response

from core.idempotency import InFlight, KeyReused
from routers.identity import service
from routers.identity.schemas import (
    TOKEN_REQUEST_EXAMPLES,
    ClientGrant,
    CodeRequest,
    CodeSent,
    Device,
    DeviceList,
    Me,
    MeChange,
    OtpGrant,
    RefreshGrant,
    TokenPair,
    TokenRequest,
    WechatAddition,
    WechatGrant,
    WechatIdentity,
    WechatIdentityList,
)
from services.identity import flows, operations, queries
from services.identity.errors import (
    ClientsLimited,
    ClientWrong,
    CodeIsBurnt,
    CodesExhausted,
    CodeWrong,
    FreshSignInNeeded,
    InvalidPhone,
    RefreshRefused,
    SignInLimited,
    WechatAppUnknown,
    WechatBusy,
    WechatCodeWrong,
    WechatPhoneNeeded,
    WechatRefused,
    WechatTaken,
)
from services.identity.flows import DeviceAsking
from web.caller import CustomerOfCodeFlow, LivingCustomer, address_of
from web.idempotency import KeyedRequest, once_flow
from web.locale import Locale, offered
from web.problems import problems
from web.problems.common import KeyMissing, LocaleNotOffered, NotFound, SignInNeeded
from web.runtime import RuntimeDep
from web.session import CodeFlows, Now, TokenFlows, Write
from web.sign_in import code_policy

router = APIRouter(prefix="/api/v1", tags=["identity"])


@router.post(
    "/auth/otp",
    status_code=202,
    operation_id="request_code",
    responses=problems(InvalidPhone, SignInLimited, CodesExhausted),
)
def request_code(
    request: Request, body: CodeRequest, db: CodeFlows, runtime: RuntimeDep, locale: Locale, now: Now
) -> CodeSent:
    """Send a one-time code to a telephone. The answer does not tell whether the number is known, or had too many."""
    requested = flows.request_code(
        db,
        vault=runtime.vault,
        policy=code_policy(runtime.settings),
        phone=body.phone,
        device=body.device_id,
        address=address_of(request),
        locale=locale,
        now=now,
    )
    return CodeSent(expires_in_s=requested.expires_in_s, digits=requested.digits)


@router.post(
    "/auth/token",
    response_model=TokenPair,
    operation_id="issue_tokens",
    responses=problems(
        InvalidPhone,
        CodeWrong,
        CodeIsBurnt,
        RefreshRefused,
        SignInLimited,
        WechatAppUnknown,
        WechatCodeWrong,
        WechatPhoneNeeded,
        WechatRefused,
        WechatBusy,
        ClientWrong,
        ClientsLimited,
    ),
)
def issue_tokens(
    request: Request,
    body: Annotated[TokenRequest, Body(discriminator="grant_type", openapi_examples=TOKEN_REQUEST_EXAMPLES)],
    db: TokenFlows,
    runtime: RuntimeDep,
    locale: Locale,
    now: Now,
) -> TokenPair | Response:
    """Exchange a one-time code, a code of WeChat, or a refresh token, for a pair of tokens.

    By `client_credentials` a program of the supplier gets one token: the answer has its `scope` and no `refresh_token`.
    That request alone may also come as `application/x-www-form-urlencoded`, as OAuth clients send it.

    A refresh token is good once. Repeated within ten seconds it gets the same successor, since an answer may be lost;
    later, it ends the session on that device, since somebody else may have it.
    """
    address = address_of(request)
    match body:
        case OtpGrant():
            tokens = flows.sign_in(
                db,
                vault=runtime.vault,
                keys=runtime.token_keys,
                policy=code_policy(runtime.settings),
                phone=body.phone,
                code=body.code,
                device=body.device_id,
                device_name=body.device_name,
                address=address,
                locale=locale,
                now=now,
            )
        case WechatGrant():
            tokens = flows.sign_in_by_wechat(
                db,
                vault=runtime.vault,
                keys=runtime.token_keys,
                region=runtime.settings.supplier_phone_region,
                appid=body.appid,
                code=body.code,
                phone_code=body.phone_code,
                device=DeviceAsking(body.device_id, body.device_name, address, locale),
                now=now,
            )
        case RefreshGrant():
            tokens = flows.refresh(
                db,
                vault=runtime.vault,
                keys=runtime.token_keys,
                refresh_token=body.refresh_token,
                address=address,
                now=now,
            )
        case ClientGrant():
            given = service.token(request, db, runtime, body.client_id, body.client_secret, now=now)
            return JSONResponse(given.model_dump())
        case _:
            assert_never(body)
    return TokenPair.of(tokens)


@router.get("/me", responses=problems(), operation_id="show_me")
def show_me(caller: LivingCustomer, write: Write) -> Me:
    """You, as we know you."""
    found = queries.user(write, user_id=caller.user_id)
    if found is None:
        raise SignInNeeded
    return Me.of(found)


@router.patch("/me", responses=problems(LocaleNotOffered), operation_id="change_me")
def change_me(caller: LivingCustomer, body: MeChange, runtime: RuntimeDep, write: Write) -> Me:
    """Choose the language of your messages. Signing in does not change it, wherever you do."""
    wanted = offered(body.locale, runtime)
    operations.choose_locale(write, user_id=caller.user_id, locale=wanted, address=caller.address)
    return show_me(caller, write)


@router.get("/me/devices", responses=problems(), operation_id="list_devices")
def list_devices(caller: LivingCustomer, write: Write, now: Now) -> DeviceList:
    """Where you are signed in."""
    devices = queries.devices(write, user_id=caller.user_id, now=now)
    return DeviceList(items=[Device.of(device, current=caller.session_id) for device in devices])


@router.delete("/me/devices", status_code=204, responses=problems(), operation_id="sign_out_other_devices")
def sign_out_other_devices(caller: LivingCustomer, write: Write, now: Now) -> None:
    """Sign out everywhere but here, at once."""
    operations.revoke_other_devices(
        write, user_id=caller.user_id, kept=caller.session_id, address=caller.address, now=now
    )


@router.delete("/me/devices/current", status_code=204, responses=problems(), operation_id="sign_out")
def sign_out(caller: LivingCustomer, write: Write, now: Now) -> None:
    """Sign out here: this access token and its refresh token are refused from now on."""
    operations.close_session(
        write, user_id=caller.user_id, session_id=caller.session_id, address=caller.address, now=now
    )


@router.delete("/me/devices/{session_id}", status_code=204, responses=problems(), operation_id="sign_out_device")
def sign_out_device(caller: LivingCustomer, write: Write, now: Now, session_id: UUID) -> None:
    """Sign one of your devices out, at once."""
    is_mine = operations.revoke_device(
        write, user_id=caller.user_id, session_id=session_id, address=caller.address, now=now
    )
    if not is_mine:
        raise NotFound


@router.get("/me/wechat", responses=problems(), operation_id="list_wechat_identities")
def list_wechat_identities(caller: LivingCustomer, write: Write) -> WechatIdentityList:
    """By which of the supplier's applications at WeChat you sign in."""
    found = queries.wechat_identities(write, user_id=caller.user_id)
    return WechatIdentityList(items=[WechatIdentity.of(view) for view in found])


@router.post(
    "/me/wechat",
    response_model=WechatIdentity,
    status_code=201,
    operation_id="add_wechat_identity",
    responses=problems(
        FreshSignInNeeded,
        WechatTaken,
        SignInLimited,
        WechatAppUnknown,
        WechatCodeWrong,
        WechatRefused,
        WechatBusy,
        KeyMissing,
        KeyReused,
        InFlight,
    ),
)
def add_wechat_identity(
    body: WechatAddition, caller: CustomerOfCodeFlow, keyed: KeyedRequest, db: CodeFlows, runtime: RuntimeDep, now: Now
) -> Response:
    """Sign in by this WeChat from now on, too: for whoever signed in by a code in the last 15 minutes.

    A longer session, and one that WeChat opened, answers `fresh_sign_in_needed`: sign in by a code first. Somebody
    else's WeChat is not taken over. Your other devices find a message.
    """

    def work(_resource: str) -> WechatIdentity:
        view = flows.add_wechat(
            db,
            vault=runtime.vault,
            user_id=caller.user_id,
            session_id=caller.session_id,
            appid=body.appid,
            code=body.code,
            address=caller.address,
            now=now,
        )
        return WechatIdentity.of(view)

    return once_flow(db, keyed, work, resource=str(uuid4()))


@router.delete("/me/wechat/{identity_id}", status_code=204, responses=problems(), operation_id="unlink_wechat_identity")
def unlink_wechat_identity(caller: LivingCustomer, write: Write, identity_id: UUID) -> None:
    """Do not sign in by this WeChat any more, in any of the supplier's applications. Your devices stay signed in."""
    is_mine = operations.unlink_wechat(write, user_id=caller.user_id, identity_id=identity_id, address=caller.address)
    if not is_mine:
        raise NotFound
