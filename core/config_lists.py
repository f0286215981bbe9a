"""Settings that are lists and maps in JSON, and how one is refused: by its places, never with a value."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError, model_validator

KEY_CHARACTERS: Final = 32
DEFAULT: Final = "default"
"""The merchant account that the plain settings describe."""

_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)
_AES_KEY: Final = re.compile(r"[0-9A-Za-z]{43}")
_UNIT: Final = r"^[0-9A-Za-z-]+$"


def parts(text: str) -> list[str]:
    """The parts of a comma list."""
    return [part.strip() for part in text.split(",") if part.strip()]


def pems(text: str) -> list[str]:
    """The PEM blocks of a text, in order."""
    return [found.group() + "\n" for found in _PEM.finditer(text)]


class WechatApp(BaseModel):
    """One application at WeChat. `token` signs its messages, and `aes_key` (43 characters) encrypts them.

    Each may be several, comma separated, while it is changed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    appid: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{8,32}$")]
    kind: Literal["mini_program", "official_account"]
    secret: Annotated[SecretStr, Field(min_length=1)]
    token: SecretStr = SecretStr("")
    aes_key: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        if not all(_AES_KEY.fullmatch(key) for key in self.aes_keys):
            raise ValueError("aes_key has 43 letters and digits, each of several, comma separated")
        if self.aes_keys and not self.tokens:
            raise ValueError("aes_key needs a token")
        return self

    @property
    def tokens(self) -> list[str]:
        """What may sign its messages."""
        return parts(self.token.get_secret_value())

    @property
    def aes_keys(self) -> list[str]:
        """What may encrypt its messages; none when they come in plain."""
        return parts(self.aes_key.get_secret_value())


class WechatMerchant(BaseModel):
    """One more merchant account at WeChat Pay. Each field is as the plain setting of its name.

    `appids` are the applications bound to it besides `appid`: only their people may pay it inside WeChat.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Annotated[str, Field(max_length=32, pattern=r"^[a-z0-9](-?[a-z0-9])*$")]
    mchid: Annotated[str, Field(pattern=r"^[0-9]{6,32}$")]
    appid: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{8,32}$")]
    appids: tuple[str, ...] = ()
    merchant_serial: Annotated[str, Field(min_length=1)]
    merchant_private_key: Annotated[SecretStr, Field(min_length=1)]
    apiv3_key: SecretStr
    public_key_id: str = ""
    public_key: str = ""
    certificates: str = ""

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        if self.name == DEFAULT:
            raise ValueError("the plain settings are the default merchant")
        if any(len(key) != KEY_CHARACTERS for key in self.apiv3_keys):
            raise ValueError("apiv3_key has exactly 32 characters, each of several, comma separated")
        if len(parts(self.public_key_id)) != len(pems(self.public_key)):
            raise ValueError("public_key and public_key_id name the same number of keys")
        if not (pems(self.public_key) or pems(self.certificates)):
            raise ValueError("answers are verified by public_key or certificates")
        return self

    @property
    def apiv3_keys(self) -> list[str]:
        """What opens callbacks, the present key first."""
        return self.apiv3_key.get_secret_value().split(",")

    @property
    def public_keys(self) -> dict[str, str]:
        """PEM by key id, the one that requests ask for first."""
        return dict(zip(parts(self.public_key_id), pems(self.public_key), strict=True))

    @property
    def certificate_list(self) -> list[str]:
        """PEM of each platform certificate."""
        return pems(self.certificates)


_APPS: Final = TypeAdapter(tuple[WechatApp, ...])
_BY_UNIT: Final = TypeAdapter(dict[Annotated[str, Field(pattern=_UNIT)], Annotated[str, Field(min_length=1)]])
_MERCHANTS: Final = TypeAdapter(tuple[WechatMerchant, ...])


def wechat_apps(text: str, *, name: str) -> tuple[WechatApp, ...]:
    """The applications of a setting; raises ValueError that names the setting and what of it is wrong."""
    try:
        apps = _APPS.validate_json(text or "[]")
    except ValidationError as error:
        raise ValueError(_told(error, name)) from None
    tokens = [token for app in apps for token in app.tokens]
    if len({app.appid for app in apps}) != len(apps) or len(set(tokens)) != len(tokens):
        msg = f"{name} needs an appid and a token of its own for each application"
        raise ValueError(msg)
    return apps


def wechat_merchants(text: str, *, name: str) -> tuple[WechatMerchant, ...]:
    """The merchant accounts of a setting; raises ValueError that names the setting and what of it is wrong."""
    try:
        made = _MERCHANTS.validate_json(text or "[]")
    except ValidationError as error:
        raise ValueError(_told(error, name)) from None
    for what in ("name", "mchid"):
        if len({getattr(each, what) for each in made}) != len(made):
            msg = f"{name} needs a {what} of its own for each merchant"
            raise ValueError(msg)
    return made


def by_unit(text: str, *, name: str) -> dict[str, str]:
    """What a setting chooses for codes of units; raises ValueError that names the setting."""
    try:
        return _BY_UNIT.validate_json(text or "{}")
    except ValidationError as error:
        raise ValueError(_told(error, name)) from None


def _told(error: ValidationError, name: str) -> str:
    wrong = {
        (".".join(str(part) for part in each["loc"]) or "all of it", each["msg"].removeprefix("Value error, "))
        for each in error.errors(include_input=False, include_url=False, include_context=False)
    }
    return f"{name} is not as documented: " + "; ".join(f"{place}: {what}" for place, what in sorted(wrong))
