"""What a merchant gets from the providers' consoles, made once per home.

`credentials.json` is for the merchant, `platform.json` for us. The supplier has a second merchant account at WeChat
Pay, a branch's: another number, application and keys of its own at the same platform.
"""

import json
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509.oid import NameOID

BRANCH: Final = "east"
"""How the supplier calls its second merchant account, where it gives it a name."""

LETTERS: Final = string.ascii_letters + string.digits
TEMPLATES: Final = {
    "sign_in_code": {
        "zh-CN": ("SMS_100001", "您的验证码为${code}，五分钟内有效。请勿告诉他人。"),
        "en": ("SMS_100002", "Your code is ${code}, good for five minutes. Tell nobody."),
    },
    "payment_receipt": {
        "zh-CN": ("SMS_100003", "户号${account}已缴费${amount}，缴费单号${payment_no}。感谢您的支持。"),
        "en": ("SMS_100004", "We received ${amount} for account ${account}, payment ${payment_no}. Thank you."),
    },
    "bill_ready": {
        "zh-CN": ("SMS_100005", "户号${account}的${period}账单已出，金额${amount}，请于${due}前缴纳。"),
        "en": ("SMS_100006", "Account ${account}: the bill for ${period} is ${amount}, to pay by ${due}."),
    },
    "account_linked": {
        "zh-CN": (
            "SMS_100007",
            "手机号${person}的用户于${at}绑定了户号${account}。如非您认识的人，请尽快联系供电公司。",
        ),
        "en": (
            "SMS_100008",
            "${person} added account ${account} at ${at}. If you do not know them, call your supplier.",
        ),
    },
    "access_invited": {
        "zh-CN": (
            "SMS_100009",
            "手机号${person}的用户邀请您使用户号${account}，请于${until}前用本手机号登录查看。如不认识该用户，请勿接受。",
        ),
        "en": (
            "SMS_100010",
            "${person} lets you use account ${account}. Sign in with this number by ${until} to accept.",
        ),
    },
}


@dataclass(frozen=True)
class WeChatApp:
    """One application at WeChat. Without an `aes_key` its messages come in plain."""

    appid: str
    kind: str
    secret: str
    token: str
    aes_key: str

    @property
    def original_id(self) -> str:
        """The name under which it receives messages."""
        return f"gh_{self.appid[-12:]}"


@dataclass(frozen=True)
class Platform:
    """Our side of the keys."""

    mchid: str
    appid: str
    merchant_serial: str
    merchant_public_key: rsa.RSAPublicKey
    apiv3_key: bytes
    public_key_id: str
    signing_key: rsa.RSAPrivateKey
    certificate_serial: str
    certificate_pem: str
    certificate_key: rsa.RSAPrivateKey
    sms_key_id: str
    sms_key_secret: str
    sms_sign_names: tuple[str, ...]
    merchant_name: str
    wechat: tuple[WeChatApp, ...]
    bound: frozenset[str]
    """Applications besides `appid` that are bound to the merchant."""

    @property
    def templates(self) -> dict[str, tuple[str, str, str]]:
        """Template code -> (name, language, text)."""
        return {
            code: (name, locale, text) for name, texts in TEMPLATES.items() for locale, (code, text) in texts.items()
        }

    @property
    def appids(self) -> frozenset[str]:
        """Applications that are bound to the merchant: their people may pay it."""
        return self.bound | {self.appid}

    def app(self, appid: str) -> WeChatApp | None:
        """An application by its id."""
        return next((app for app in self.wechat if app.appid == appid), None)


def new_key() -> rsa.RSAPrivateKey:
    """A key as merchants and the platform have them."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def init(home: Path, *, make_key: Callable[[], rsa.RSAPrivateKey] = new_key) -> None:
    """Make the keys of a home, as far as it has none."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (home / "credentials.json").exists():
        _init_merchant(home, make_key)
    given = json.loads((home / "credentials.json").read_text(encoding="utf-8"))
    if "wechat" not in given:
        _init_wechat(home, given["wechat_pay"]["appid"])
    if "wechat_pay_merchants" not in given:
        _init_branch(home, make_key)


def _init_merchant(home: Path, make_key: Callable[[], rsa.RSAPrivateKey]) -> None:
    merchant, platform, certificate = (make_key() for _ in range(3))
    serial = secrets.randbits(150)
    merchant_serial = secrets.token_hex(20).upper()
    shared = {
        "mchid": "16" + "".join(secrets.choice("0123456789") for _ in range(8)),
        "appid": "wx" + secrets.token_hex(8),
        "merchant_serial": merchant_serial,
        "apiv3_key": secrets.token_hex(16),
        "public_key_id": "PUB_KEY_ID_01" + "".join(secrets.choice("0123456789") for _ in range(24)),
        "public_key": _public(platform),
        "platform_certificate_serial": f"{serial:X}",
        "platform_certificate": _certificate(certificate, serial),
    }
    sms = {
        "access_key_id": "LTAI" + secrets.token_hex(10),
        "access_key_secret": secrets.token_urlsafe(22),
        "sign_name": "江东供电",
        "template_codes": {
            name: {locale: code for locale, (code, _) in texts.items()} for name, texts in TEMPLATES.items()
        },
        "receipt_path_secret": secrets.token_urlsafe(24),
    }
    private = {
        "merchant_public_key": _public(merchant),
        "signing_key": _private(platform),
        "certificate_key": _private(certificate),
    }
    _write(home / "platform.json", {"wechat_pay": {**shared, **private}, "aliyun_sms": sms})
    _write(
        home / "credentials.json",
        {"wechat_pay": {**shared, "merchant_private_key": _private(merchant)}, "aliyun_sms": sms},
    )


def _init_wechat(home: Path, appid: str) -> None:
    """An official account, whose people the merchant knows already, and a mini-program that is sent plain JSON."""
    apps = [
        _application(appid, "official_account", "".join(secrets.choice(LETTERS) for _ in range(43))),
        _application("wx" + secrets.token_hex(8), "mini_program", ""),
    ]
    for name in ("platform.json", "credentials.json"):
        kept = json.loads((home / name).read_text(encoding="utf-8"))
        _write(home / name, {**kept, "wechat": {"apps": apps}})


def _init_branch(home: Path, make_key: Callable[[], rsa.RSAPrivateKey]) -> None:
    """A branch's merchant account, to which the official account is bound, and its signature of text messages."""
    merchant = make_key()
    given = json.loads((home / "credentials.json").read_text(encoding="utf-8"))
    made = {
        "name": BRANCH,
        "mchid": "17" + "".join(secrets.choice("0123456789") for _ in range(8)),
        "appid": "wx" + secrets.token_hex(8),
        "appids": [app["appid"] for app in given["wechat"]["apps"] if app["kind"] == "official_account"],
        "merchant_serial": secrets.token_hex(20).upper(),
        "apiv3_key": secrets.token_hex(16),
        "public_key_id": given["wechat_pay"]["public_key_id"],
        "public_key": given["wechat_pay"]["public_key"],
    }
    keys = {"platform.json": ("merchant_public_key", _public(merchant))}
    keys["credentials.json"] = ("merchant_private_key", _private(merchant))
    for file, (name, key) in keys.items():
        kept = json.loads((home / file).read_text(encoding="utf-8"))
        kept["aliyun_sms"]["branch_sign_name"] = "城东供电"
        _write(home / file, {**kept, "wechat_pay_merchants": [{**made, name: key}]})


def _application(appid: str, kind: str, aes_key: str) -> dict[str, str]:
    given = {"secret": secrets.token_hex(16), "token": secrets.token_hex(12), "aes_key": aes_key}
    return {"appid": appid, "kind": kind, **given}


def load_merchants(home: Path) -> list[Platform]:
    """Our side of the keys for each merchant account, the first before the branch's."""
    kept = json.loads((home / "platform.json").read_text(encoding="utf-8"))
    first = load(home)
    return [
        first,
        *(
            replace(
                first,
                mchid=pay["mchid"],
                appid=pay["appid"],
                merchant_serial=pay["merchant_serial"],
                merchant_public_key=_read_public(pay["merchant_public_key"]),
                apiv3_key=pay["apiv3_key"].encode(),
                merchant_name=kept["aliyun_sms"]["branch_sign_name"],
                bound=frozenset(pay["appids"]),
            )
            for pay in kept["wechat_pay_merchants"]
        ),
    ]


def load(home: Path) -> Platform:
    """Our side of a home's keys, for the first merchant account."""
    kept = json.loads((home / "platform.json").read_text(encoding="utf-8"))
    pay, sms = kept["wechat_pay"], kept["aliyun_sms"]
    apps = tuple(WeChatApp(**app) for app in kept["wechat"]["apps"])
    signing, certificate = (
        load_pem_private_key(pay[name].encode(), None) for name in ("signing_key", "certificate_key")
    )
    if not isinstance(signing, rsa.RSAPrivateKey) or not isinstance(certificate, rsa.RSAPrivateKey):
        msg = "platform.json holds keys that are not RSA"
        raise TypeError(msg)
    return Platform(
        mchid=pay["mchid"],
        appid=pay["appid"],
        merchant_serial=pay["merchant_serial"],
        merchant_public_key=_read_public(pay["merchant_public_key"]),
        apiv3_key=pay["apiv3_key"].encode(),
        public_key_id=pay["public_key_id"],
        signing_key=signing,
        certificate_serial=pay["platform_certificate_serial"],
        certificate_pem=pay["platform_certificate"],
        certificate_key=certificate,
        sms_key_id=sms["access_key_id"],
        sms_key_secret=sms["access_key_secret"],
        sms_sign_names=(sms["sign_name"], sms["branch_sign_name"]),
        merchant_name=sms["sign_name"],
        wechat=apps,
        bound=frozenset(app.appid for app in apps),
    )


def _read_public(pem: str) -> rsa.RSAPublicKey:
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, rsa.RSAPublicKey):
        msg = "platform.json holds keys that are not RSA"
        raise TypeError(msg)
    return key


def _public(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _private(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _certificate(key: rsa.RSAPrivateKey, serial: int) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox platform")])
    begin = datetime.now(UTC) - timedelta(days=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
    )
    made = builder.not_valid_before(begin).not_valid_after(begin + timedelta(days=3650)).sign(key, SHA256())
    return made.public_bytes(Encoding.PEM).decode()


def _write(file: Path, content: object) -> None:
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    draft.rename(file)
