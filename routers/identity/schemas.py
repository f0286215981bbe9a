"""What the JSON API says of signing in, of the caller, and of the caller's devices."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from services.identity.flows import Tokens
from services.identity.queries import DeviceView, UserView, WechatView
from web.models import AnswerModel, AppId, Moment, RequestModel, Text, WechatCode

DEVICE_ID_EXAMPLE = "5f0c9a52-7d1b-4c6e-9a57-2f8e1d3b6a40"
ACCESS_TOKEN_EXAMPLE = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjNmOWMxYTJiNGQ1ZTZmNzAiLCJ0eXAiOiJhdCtqd3QifQ.e30.c2lnbmF0dXJl"  # noqa: S105 -- an example that nobody signed
REFRESH_TOKEN_EXAMPLE = "q8Zl0m5cB3vV1nS7xK2yT4wR6uE9iO0pA1sD2fG3hJ4"  # noqa: S105 -- as above
SERVICE_SECRET_EXAMPLE = "wls_q8Zl0m5cB3vV1nS7xK2yT4wR6uE9iO0pA1sD2fG3hJ4"  # noqa: S105 -- as above
DEVICE_EXAMPLE: JsonDict = {
    "session_id": "0197a3c2-6f1e-7c55-9a53-0a4b1f5b7c11",
    "name": "Wang's phone",
    "kind": "app",
    "signed_in_at": "2026-06-01T08:00:00+08:00",
    "last_used_at": "2026-06-15T12:00:31+08:00",
    "is_current": True,
}

WECHAT_EXAMPLE: JsonDict = {
    "id": "0197a3c2-6f1e-7c55-9a53-0a4b1f5b7c11",
    "appid": "wx1a2b3c4d5e6f7a8b",
    "linked_at": "2026-06-01T08:00:00+08:00",
    "last_used_at": "2026-06-15T12:00:31+08:00",
}

Phone = Annotated[
    Text,
    StringConstraints(min_length=1, max_length=40),
    Field(description="A mobile number however typed; without a country code it is one of the supplier's country."),
]
DeviceId = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Za-z_-]{16,128}$"),
    Field(
        description="Random text that the app makes once, at its installation, and keeps to itself (a UUID of version "
        "4 will do). A code is good only together with the `device_id` that asked for it."
    ),
]


class CodeRequest(RequestModel):
    """A telephone that wants a code, and the device that will bring it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"phone": "138 0013 8000", "device_id": DEVICE_ID_EXAMPLE}]}
    )

    phone: Phone
    device_id: DeviceId


class CodeSent(AnswerModel):
    """The same for every number. If no message comes, the number is wrong or had too many codes: ask again later."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"expires_in_s": 300, "digits": 6}]})

    expires_in_s: int
    digits: int


class OtpGrant(RequestModel):
    """A one-time code, by the device that asked for it. `device_name` is shown in the list of devices."""

    grant_type: Literal["otp"]
    phone: Phone
    code: Annotated[Text, StringConstraints(min_length=1, max_length=40)]
    device_id: DeviceId
    device_name: Annotated[Text, StringConstraints(max_length=80)] = ""


class WechatGrant(RequestModel):
    """A code of WeChat: of `wx.login` in a mini-program, or of a page's OAuth.

    The first sign-in of a WeChat also needs `phone_code`, of a `getPhoneNumber` button; later ones do not use it.
    """

    grant_type: Literal["wechat"]
    appid: AppId
    code: WechatCode
    phone_code: WechatCode | None = None
    device_id: DeviceId
    device_name: Annotated[Text, StringConstraints(max_length=80)] = ""


class RefreshGrant(RequestModel):
    """The refresh token of the latest answer; it is replaced by the one in the answer to this."""

    grant_type: Literal["refresh"]
    refresh_token: Annotated[Text, StringConstraints(min_length=1, max_length=200)]


class ClientGrant(RequestModel):
    """A program of the supplier. Its id and secret stand here, or in an `Authorization: Basic` header."""

    grant_type: Literal["client_credentials"]
    client_id: Annotated[Text, StringConstraints(min_length=1, max_length=100)] | None = None
    client_secret: Annotated[Text, StringConstraints(min_length=1, max_length=200)] | None = None


TokenRequest = OtpGrant | WechatGrant | RefreshGrant | ClientGrant

TOKEN_REQUEST_EXAMPLES = {
    "otp": {
        "summary": "A one-time code",
        "value": {
            "grant_type": "otp",
            "phone": "138 0013 8000",
            "code": "246810",
            "device_id": DEVICE_ID_EXAMPLE,
            "device_name": "Wang's phone",
        },
    },
    "wechat": {
        "summary": "A code of WeChat, for the first time",
        "value": {
            "grant_type": "wechat",
            "appid": "wx1a2b3c4d5e6f7a8b",
            "code": "0a3bQXkl2Ek9Yc4Hvpnl2dWqgA2bQXkA",
            "phone_code": "e31968a7f94cc5ee25fafc2aef2773f0",
            "device_id": DEVICE_ID_EXAMPLE,
            "device_name": "Wang's phone",
        },
    },
    "refresh": {
        "summary": "A refresh token",
        "value": {"grant_type": "refresh", "refresh_token": REFRESH_TOKEN_EXAMPLE},
    },
    "client_credentials": {
        "summary": "A program of the supplier",
        "value": {
            "grant_type": "client_credentials",
            "client_id": "svc_7q2m9xk4d0c8vt1b",
            "client_secret": SERVICE_SECRET_EXAMPLE,
        },
    },
}


class TokenPair(AnswerModel):
    """Tokens in the members of RFC 6749, section 5.1. `expires_in` is the access token's life in seconds."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "access_token": ACCESS_TOKEN_EXAMPLE,
                    "token_type": "Bearer",
                    "expires_in": 900,
                    "refresh_token": REFRESH_TOKEN_EXAMPLE,
                }
            ]
        },
    )

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str

    @classmethod
    def of(cls, tokens: Tokens) -> "TokenPair":
        """The answer of fresh tokens."""
        return cls(
            access_token=tokens.access_token,
            token_type="Bearer",  # noqa: S106 -- the name of a scheme
            expires_in=tokens.expires_in_s,
            refresh_token=tokens.refresh_token,
        )


class ServiceToken(AnswerModel):
    """A program's token: `scope` is what it may do; when it is over, the program asks again with its secret."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "access_token": ACCESS_TOKEN_EXAMPLE,
                    "token_type": "Bearer",
                    "expires_in": 900,
                    "scope": "accounts.write bills.write",
                }
            ]
        },
    )

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str


class Me(AnswerModel):
    """The caller. `locale` is the language of messages: that of the sign-up until you choose another."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"phone_masked": "+86138****8000", "locale": "zh-CN", "created_at": "2026-06-01T08:00:00+08:00"}
            ]
        },
    )

    phone_masked: str
    locale: str
    created_at: Moment

    @classmethod
    def of(cls, user: UserView) -> "Me":
        """The answer of a person."""
        return cls(phone_masked=user.phone_masked, locale=user.locale, created_at=user.created_at)


class MeChange(RequestModel):
    """What you choose: the language in which you are written to, one that the supplier offers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"locale": "en"}]})

    locale: Annotated[Text, StringConstraints(min_length=1, max_length=35)]


class Device(AnswerModel):
    """A signed-in app or browser. `is_current` marks the one that asks."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [DEVICE_EXAMPLE]})

    session_id: UUID
    name: str
    kind: Literal["app", "browser"]
    signed_in_at: Moment
    last_used_at: Moment
    is_current: bool

    @classmethod
    def of(cls, device: DeviceView, *, current: UUID) -> "Device":
        """One entry of the list."""
        return cls(
            session_id=device.id,
            name=device.name,
            kind=device.kind,
            signed_in_at=device.created_at,
            last_used_at=device.last_used_at,
            is_current=device.id == current,
        )


class DeviceList(AnswerModel):
    """All devices on which the caller is signed in, the latest used first."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"items": [DEVICE_EXAMPLE]}]})

    items: list[Device]


class WechatIdentity(AnswerModel):
    """One of the supplier's applications at WeChat by which you sign in."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [WECHAT_EXAMPLE]})

    id: UUID
    appid: str
    linked_at: Moment
    last_used_at: Moment

    @classmethod
    def of(cls, view: WechatView) -> "WechatIdentity":
        """One entry of the list."""
        return cls(id=view.id, appid=view.appid, linked_at=view.linked_at, last_used_at=view.used_at)


class WechatAddition(RequestModel):
    """A fresh code of WeChat: of `wx.login` in a mini-program, or of a page's OAuth."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"appid": WECHAT_EXAMPLE["appid"], "code": "0a3bQXkl2Ek9Yc4Hvpnl2dWqgA2bQXkA"}]}
    )

    appid: AppId
    code: WechatCode


class WechatIdentityList(AnswerModel):
    """By which applications at WeChat you sign in, the latest used first."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"items": [WECHAT_EXAMPLE]}]})

    items: list[WechatIdentity]
