"""Keys of a development home, made at its first start and never shown."""

import base64
import json
import secrets
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

PROVIDERS: Final = {
    "wechat_pay": {
        "mchid": "WECHAT_PAY_MCHID",
        "appid": "WECHAT_PAY_APPID",
        "merchant_serial": "WECHAT_PAY_MERCHANT_SERIAL",
        "merchant_private_key": "WECHAT_PAY_MERCHANT_PRIVATE_KEY",
        "apiv3_key": "WECHAT_PAY_APIV3_KEY",
        "public_key_id": "WECHAT_PAY_PUBLIC_KEY_ID",
        "public_key": "WECHAT_PAY_PUBLIC_KEY",
    },
    "wechat": {"apps": "WECHAT_APPS"},
    "aliyun_sms": {
        "access_key_id": "ALIYUN_SMS_ACCESS_KEY_ID",
        "access_key_secret": "ALIYUN_SMS_ACCESS_KEY_SECRET",
        "sign_name": "ALIYUN_SMS_SIGN_NAME",
        "template_codes": "ALIYUN_SMS_TEMPLATES",
        "receipt_path_secret": "ALIYUN_SMS_RECEIPT_SECRET",
    },
}


def of_home(home: Path) -> dict[str, str]:
    """`WATTLINE_*_FILE` variables of the home's keys, made where missing and readable by their owner alone."""
    folder = home / "secrets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = {
        "MASTER_KEY": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
        "DATA_KEYS": lambda: "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "TOKEN_KEYS": _signing_key,
    }
    variables = {}
    for name, make in made.items():
        file = folder / name.lower()
        if not file.exists():
            draft = folder / f".{name.lower()}"
            draft.touch(mode=0o600)
            draft.write_text(make(), encoding="utf-8")
            draft.rename(file)
        variables[f"WATTLINE_{name}_FILE"] = str(file)
    return variables


def of_sandbox(credentials: Path) -> dict[str, str]:
    """The merchant's side of what the sandbox made: the variables a real provider's console would fill."""
    given = json.loads(credentials.read_text(encoding="utf-8"))
    variables = {}
    for provider, names in PROVIDERS.items():
        for theirs, ours in names.items():
            value = given[provider][theirs]
            variables[f"WATTLINE_{ours}"] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return variables


def _signing_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
