"""Settings of one deployment, read once from `WATTLINE_*` variables.

Every setting may come from a file instead (`WATTLINE_X_FILE`), which is how secrets are mounted. Outside development
an unsafe or missing value refuses to start: nothing that protects money or persons has a default.
"""

import base64
import binascii
import ipaddress
import os
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from babel.core import get_global
from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from core.config_entitlements import EntitlementSettings
from core.config_lists import DEFAULT, WechatApp, WechatMerchant, by_unit, wechat_apps, wechat_merchants
from core.config_lists import parts as _parts
from core.config_lists import pems as _pems
from core.config_readings import ReadingSettings

PREFIX = "WATTLINE_"
KEY_BYTES = 32
KEY_ID_CHARACTERS = 8
MOST_PORT = 65_535
_HTTPS_ONLY = (
    "public_url",
    "callback_url",
    "wechat_pay_base_url",
    "wechat_base_url",
    "wechat_open_url",
    "aliyun_sms_base_url",
)
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_PORT = re.compile(r"[0-9]{1,5}")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # unknown is a KeyError, a path a ValueError, a folder an OSError
        msg = "there is no such zone; see IANA's list"
        raise ValueError(msg) from error
    return name


def _currency(code: str) -> str:
    tenders = get_global("territory_currencies").values()
    if not any(
        code == known and is_tender and until is None for each in tenders for known, _, until, is_tender in each
    ):
        msg = "no territory has such a currency today"
        raise ValueError(msg)
    return code


def _hosts(text: str) -> str:
    if not all(_HOST.fullmatch(part) for part in _parts(text)):
        msg = "each part is a host and its port, if it has one: there are no patterns"
        raise ValueError(msg)
    return text


def _networks(text: str) -> str:
    try:
        networks = [ipaddress.ip_network(part) for part in _parts(text)]
    except ValueError as error:
        msg = "each part is an address or a network (CIDR)"
        raise ValueError(msg) from error
    if any(network.prefixlen == 0 for network in networks):
        msg = "a network of everybody protects from nobody"
        raise ValueError(msg)
    return text


def _ports(text: str) -> str:
    if not _parts(text) or not all(_PORT.fullmatch(part) and 0 < int(part) <= MOST_PORT for part in _parts(text)):
        msg = "each part is a port"
        raise ValueError(msg)
    return text


class _FileSource(EnvSettingsSource):
    """`WATTLINE_X_FILE` names a file whose content, less one final newline, is the value of `x`."""

    def get_field_value(
        self,
        field: FieldInfo,  # noqa: ARG002 -- the signature is pydantic's
        field_name: str,
    ) -> tuple[object, str, bool]:
        """The file's content for one field, or None."""
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if path is None:
            return None, field_name, False
        return Path(path).read_text(encoding="utf-8").removesuffix("\n"), field_name, False


class Settings(EntitlementSettings, ReadingSettings):
    """What an operator decides; see docs/reference/settings.md."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)

    environment: Annotated[
        Literal["development", "test", "production"],
        Field(
            description="`production` refuses unsafe values; `development` allows plain http and loopback providers."
        ),
    ] = "production"
    home: Annotated[Path, Field(description="Folder for state, secrets and logs of `make run`.")] = Path(".wattline")

    database_url: Annotated[SecretStr, Field(description="PostgreSQL 18 address for the weak application role.")]
    migration_database_url: Annotated[
        SecretStr | None, Field(description="Address for the owner role, used by `wattline migrate` alone.")
    ] = None
    database_pool_size: Annotated[
        int, Field(ge=16, le=200, description="Connections per process for synchronous work.")
    ] = 16
    database_hot_pool_size: Annotated[
        int, Field(ge=1, le=100, description="Connections per process for hot reads.")
    ] = 8
    database_deadline_s: Annotated[
        float, Field(gt=0, le=300, description="A transaction older than this is cut, even when the server is frozen.")
    ] = 30.0
    redis_url: Annotated[
        SecretStr,
        Field(description="Redis; carries Celery's messages unless `broker_url` does. Losing it loses nothing."),
    ]
    broker_url: Annotated[SecretStr | None, Field(description="Celery's broker; the Redis address when absent.")] = None

    public_url: Annotated[str, Field(pattern=r"^https?://[^/]+$", description="How customers reach this deployment.")]
    callback_url: Annotated[
        str | None,
        Field(pattern=r"^https?://[^/]+$", description="How providers reach it, when that differs from `public_url`."),
    ] = None
    allowed_hosts: Annotated[
        str,
        AfterValidator(_hosts),
        Field(
            description="Comma list of Host values that are answered, besides those of `public_url` and `callback_url`."
        ),
    ] = ""
    trusted_proxies: Annotated[
        str,
        AfterValidator(_networks),
        Field(description="Comma list of proxies' addresses and networks (CIDR) whose X-Forwarded-For is believed."),
    ] = ""
    metrics_peers: Annotated[
        str,
        AfterValidator(_networks),
        Field(description="Comma list of addresses and networks (CIDR) that may read /metrics besides this machine."),
    ] = ""

    master_key: Annotated[
        SecretStr, Field(description="32 bytes in base64: root of keyed hashes, cursors and form tokens.")
    ]
    data_keys: Annotated[
        SecretStr, Field(description="`id:base64` of 32 bytes, comma separated; the first seals, all open.")
    ]
    token_keys: Annotated[
        SecretStr, Field(description="PEM of P-256 private keys; the first signs access tokens, all verify.")
    ]

    supplier_name: Annotated[str, Field(description="The supplier's name in Chinese or the default language.")] = (
        "Wattline"
    )
    supplier_name_en: Annotated[str | None, Field(description="The supplier's name in English.")] = None
    supplier_hotline: Annotated[str, Field(description="Telephone number shown on every page.")] = "95598"
    supplier_zone: Annotated[str, AfterValidator(_zone), Field(description="IANA zone of business dates.")] = (
        "Asia/Shanghai"
    )
    supplier_currency: Annotated[
        str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code of all bills."), AfterValidator(_currency)
    ] = "CNY"
    supplier_locales: Annotated[str, Field(description="Comma list of offered languages, the default first.")] = (
        "zh-CN,en"
    )
    supplier_phone_region: Annotated[
        str,
        Field(pattern=r"^\+[1-9][0-9]{0,3}$", description="Country calling code that a phone without one is given."),
    ] = "+86"
    supplier_accent: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$", description="The one accent colour.")] = (
        "#0f6b4f"
    )
    supplier_logo: Annotated[Path | None, Field(description="SVG file shown in the header.")] = None

    wechat_pay_base_url: Annotated[str, Field(description="Address of WeChat Pay's API v3.")] = (
        "https://api.mch.weixin.qq.com"
    )
    wechat_pay_mchid: Annotated[str | None, Field(description="Merchant number; absent switches WeChat Pay off.")] = (
        None
    )
    wechat_pay_appid: Annotated[str, Field(description="Application bound to the merchant.")] = ""
    wechat_pay_currency: Annotated[
        str,
        Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code that the merchant account takes."),
        AfterValidator(_currency),
    ] = "CNY"
    wechat_pay_merchant_serial: Annotated[str, Field(description="Serial of the merchant's certificate, hex.")] = ""
    wechat_pay_merchant_private_key: Annotated[
        SecretStr, Field(description="PEM (PKCS#8) that signs our requests.")
    ] = SecretStr("")
    wechat_pay_apiv3_key: Annotated[
        SecretStr,
        Field(description="32 characters that open callbacks; while it is changed, new and old, comma separated."),
    ] = SecretStr("")
    wechat_pay_public_key_id: Annotated[
        str,
        Field(
            description="`PUB_KEY_ID_...` of the platform's public key; while it is changed, new and old, comma "
            "separated: the first is asked for, all are believed."
        ),
    ] = ""
    wechat_pay_public_key: Annotated[
        str, Field(description="PEM of the platform's public key; of several, one after the other in the same order.")
    ] = ""
    wechat_pay_certificates: Annotated[
        str, Field(description="PEM of platform certificates, for certificate mode.")
    ] = ""
    wechat_pay_merchants: Annotated[
        SecretStr,
        Field(
            description="JSON list of further merchant accounts: `name`, `mchid`, `appid`, `merchant_serial`, "
            "`merchant_private_key`, `apiv3_key`, `public_key_id`, `public_key`, `certificates`, and in `appids` the "
            "applications bound to it besides. One that no unit uses any more stays for its refunds."
        ),
    ] = SecretStr("[]")
    wechat_pay_units: Annotated[
        str,
        Field(
            description="JSON: code of a unit -> name of the merchant account to which the money of its accounts goes, "
            "with all units below it that name no other. What no unit chooses goes to `default`, the plain settings'."
        ),
    ] = "{}"

    wechat_base_url: Annotated[str, Field(description="Address of WeChat's API.")] = "https://api.weixin.qq.com"
    wechat_open_url: Annotated[
        str, Field(description="Address of WeChat's own pages, where browsers inside WeChat are sent to sign in.")
    ] = "https://open.weixin.qq.com"
    wechat_apps: Annotated[
        SecretStr,
        Field(
            description="JSON list of the supplier's applications at WeChat: `appid`, `kind` (`mini_program` or "
            "`official_account`), `secret`, and for their messages `token` and `aes_key`, of each several, "
            "comma separated, while it is changed. Empty switches WeChat off."
        ),
    ] = SecretStr("[]")

    aliyun_sms_base_url: Annotated[str, Field(description="Address of Aliyun's SMS API.")] = (
        "https://dysmsapi.aliyuncs.com"
    )
    aliyun_sms_access_key_id: Annotated[str | None, Field(description="Access key; absent switches SMS off.")] = None
    aliyun_sms_access_key_secret: Annotated[SecretStr, Field(description="Signs SMS requests.")] = SecretStr("")
    aliyun_sms_sign_name: Annotated[str, Field(description="Approved signature in front of each text.")] = ""
    aliyun_sms_unit_signs: Annotated[
        str,
        Field(
            description="JSON: code of a unit -> approved signature of messages about its accounts, and about those of "
            "the units below it that name no other. All else, one-time codes too, has `aliyun_sms_sign_name`."
        ),
    ] = "{}"
    aliyun_sms_templates: Annotated[
        str, Field(description="JSON: our template name -> language -> Aliyun's template code.")
    ] = "{}"
    aliyun_sms_receipt_secret: Annotated[
        SecretStr,
        Field(description="Unguessable last part of the receipt callback's path: Aliyun does not sign receipts."),
    ] = SecretStr("")

    webhook_ports: Annotated[
        str, AfterValidator(_ports), Field(description="Comma list of ports that webhooks may be sent to.")
    ] = "443,8443"
    webhook_networks: Annotated[
        str,
        AfterValidator(_networks),
        Field(
            description="Comma list of the supplier's own networks (CIDR) that webhooks may be sent to besides public "
            "addresses. This machine and link-local addresses are none in production."
        ),
    ] = ""

    sign_in_daily_codes: Annotated[
        int, Field(ge=1, le=10_000_000, description="One-time codes sent per day at most: the bound of SMS pumping.")
    ] = 20_000
    staff_searches_per_hour: Annotated[
        int,
        Field(
            ge=10,
            le=2_000,
            description="Searches of one member of staff within an hour; a day allows five times as many.",
        ),
    ] = 300
    partial_payment: Annotated[bool, Field(description="May a customer pay less than what is due?")] = True
    payment_most: Annotated[
        int, Field(ge=1, le=10**12, description="The most that one payment may be, in whole units of its currency.")
    ] = 10_000_000
    customer_retention_years: Annotated[
        int,
        Field(ge=1, le=100, description="How long after the last entry of its accounts a customer may not be erased."),
    ] = 30
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="Least severe record that is written.")
    ] = "INFO"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the signature is pydantic's; we read no dotenv file
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- `*_FILE` replaces it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over variables, variables over files."""
        return init_settings, env_settings, _FileSource(settings_cls)

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        self.data_key_ring  # noqa: B018 -- reading the ring checks it
        self.master_key_bytes  # noqa: B018 -- reading the key checks it
        self.wechat_app_list  # noqa: B018 -- reading the list checks it
        self.sms_signs_by_unit  # noqa: B018 -- reading the map checks it
        self._refuse_unsafe_wechat_pay()
        self._refuse_unknown_merchants()
        if self.aliyun_sms_access_key_id is not None and not self.aliyun_sms_receipt_secret.get_secret_value():
            msg = "WATTLINE_ALIYUN_SMS_RECEIPT_SECRET is empty: anybody could forge receipts"
            raise ValueError(msg)
        if self.environment == "production":
            for name in _HTTPS_ONLY:
                value = getattr(self, name)
                if value is not None and not value.startswith("https://"):
                    msg = f"{PREFIX}{name.upper()} must be an https address in production"
                    raise ValueError(msg)
            if any(network.is_loopback or network.is_link_local for network in self.webhook_network_list):
                msg = f"{PREFIX}WEBHOOK_NETWORKS opens this machine, or what lies beside it, to webhooks"
                raise ValueError(msg)
        return self

    def _refuse_unsafe_wechat_pay(self) -> None:
        if self.wechat_pay_mchid is None:
            return
        if any(len(key) != KEY_BYTES for key in self.wechat_pay_apiv3_keys):
            msg = "WATTLINE_WECHAT_PAY_APIV3_KEY must have exactly 32 characters, each of several, comma separated"
            raise ValueError(msg)
        ids, keys = _parts(self.wechat_pay_public_key_id), _pems(self.wechat_pay_public_key)
        if len(ids) != len(keys):
            msg = "WATTLINE_WECHAT_PAY_PUBLIC_KEY and _PUBLIC_KEY_ID must name the same number of keys"
            raise ValueError(msg)
        if not (keys or self.wechat_pay_certificates):
            msg = "WeChat Pay answers are verified by WATTLINE_WECHAT_PAY_PUBLIC_KEY or _CERTIFICATES: set one"
            raise ValueError(msg)

    def _refuse_unknown_merchants(self) -> None:
        plain = [] if self.wechat_pay_mchid is None else [self.wechat_pay_mchid]
        if any(each.mchid in plain for each in self.wechat_merchants):
            msg = "WATTLINE_WECHAT_PAY_MERCHANTS names the merchant of WATTLINE_WECHAT_PAY_MCHID again"
            raise ValueError(msg)
        known = {each.name for each in self.wechat_merchants} | ({DEFAULT} if plain else set())
        for unit, merchant in self.wechat_merchants_by_unit.items():
            if merchant not in known:
                msg = (
                    f"WATTLINE_WECHAT_PAY_UNITS: unit {unit} chooses merchant {merchant!r}, which no setting describes"
                )
                raise ValueError(msg)

    @cached_property
    def wechat_merchants(self) -> tuple[WechatMerchant, ...]:
        """The merchant accounts at WeChat Pay besides the default."""
        return wechat_merchants(self.wechat_pay_merchants.get_secret_value(), name=f"{PREFIX}WECHAT_PAY_MERCHANTS")

    @cached_property
    def wechat_merchants_by_unit(self) -> dict[str, str]:
        """Code of a unit -> merchant at WeChat Pay."""
        return by_unit(self.wechat_pay_units, name=f"{PREFIX}WECHAT_PAY_UNITS")

    @cached_property
    def sms_signs_by_unit(self) -> dict[str, str]:
        """Code of a unit -> signature."""
        return by_unit(self.aliyun_sms_unit_signs, name=f"{PREFIX}ALIYUN_SMS_UNIT_SIGNS")

    @property
    def wechat_pay_apiv3_keys(self) -> list[str]:
        """What opens callbacks, the present key first."""
        return self.wechat_pay_apiv3_key.get_secret_value().split(",")

    @property
    def wechat_pay_public_keys(self) -> dict[str, str]:
        """PEM by key id, the one that requests ask for first."""
        return dict(zip(_parts(self.wechat_pay_public_key_id), _pems(self.wechat_pay_public_key), strict=True))

    @cached_property
    def wechat_app_list(self) -> tuple[WechatApp, ...]:
        """The supplier's applications at WeChat; the first official account is the one of the portal."""
        return wechat_apps(self.wechat_apps.get_secret_value(), name=f"{PREFIX}WECHAT_APPS")

    @property
    def wechat_pay_certificate_list(self) -> list[str]:
        """PEM of each platform certificate."""
        return _pems(self.wechat_pay_certificates)

    @cached_property
    def data_key_ring(self) -> dict[str, bytes]:
        """Key id -> 32 bytes, the sealing key first."""
        ring: dict[str, bytes] = {}
        for part in self.data_keys.get_secret_value().split(","):
            key_id, _, encoded = part.strip().partition(":")
            ring[key_id] = _decode_key(encoded, "WATTLINE_DATA_KEYS")
        if not all(1 <= len(key_id) <= KEY_ID_CHARACTERS and key_id.isalnum() for key_id in ring):
            msg = "WATTLINE_DATA_KEYS needs key ids of 1 to 8 letters or digits"
            raise ValueError(msg)
        return ring

    @cached_property
    def master_key_bytes(self) -> bytes:
        """The 32 bytes of the master key."""
        return _decode_key(self.master_key.get_secret_value(), "WATTLINE_MASTER_KEY")

    @property
    def locales(self) -> tuple[str, ...]:
        """Offered languages, the default first."""
        return tuple(_parts(self.supplier_locales))

    @cached_property
    def metrics_networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """Who may read /metrics besides this machine."""
        return tuple(ipaddress.ip_network(part) for part in _parts(self.metrics_peers))

    @cached_property
    def webhook_network_list(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """Where webhooks may be sent besides public addresses."""
        return tuple(ipaddress.ip_network(part) for part in _parts(self.webhook_networks))

    @property
    def webhook_port_set(self) -> frozenset[int]:
        """The ports that webhooks may be sent to."""
        return frozenset(int(part) for part in _parts(self.webhook_ports))

    @property
    def zone(self) -> ZoneInfo:
        """Zone of business dates."""
        return ZoneInfo(self.supplier_zone)

    @property
    def provider_callback_url(self) -> str:
        """Base address that providers are told to call."""
        return self.callback_url or self.public_url

    @property
    def is_secure(self) -> bool:
        """Tell whether browsers reach us by https."""
        return self.public_url.startswith("https://")


def _decode_key(encoded: str, name: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        msg = f"{name} is not base64"
        raise ValueError(msg) from error
    if len(key) != KEY_BYTES:
        msg = f"{name} must decode to {KEY_BYTES} bytes"
        raise ValueError(msg)
    return key


def problems(error: ValidationError | SettingsError) -> list[str]:
    """What is wrong with which variable, one sentence each, without any value."""
    if isinstance(error, SettingsError):
        return [f"{error}: {error.__cause__}"]
    told = []
    for each in error.errors(include_input=False, include_url=False, include_context=False):
        name = f"{PREFIX}{str(each['loc'][0]).upper()}: " if each["loc"] else ""
        told.append(name + each["msg"].removeprefix("Value error, "))
    return told


def load() -> Settings:
    """Read the settings of this process; raises pydantic's ValidationError naming each wrong variable."""
    return Settings()
