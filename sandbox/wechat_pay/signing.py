"""WeChat Pay API v3 from the provider's side: signatures (RSA-SHA256 over lines) and AES-256-GCM resources."""

import base64
import json
import re
import secrets
import time
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from sandbox.credentials import Platform

SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
WINDOW_S: Final = 300
_PAIR: Final = re.compile(r'(\w+)="([^"]*)"')


class SignatureError(Exception):
    """The request is not the merchant's; says what is wrong."""


def check_request(platform: Platform, *, authorization: str, method: str, target: str, body: bytes) -> None:
    """Raise SignatureError unless the merchant signed exactly this request within the last five minutes."""
    scheme, _, rest = authorization.partition(" ")
    pairs = dict(_PAIR.findall(rest))
    if scheme != SCHEME or not {"mchid", "nonce_str", "signature", "timestamp", "serial_no"} <= pairs.keys():
        msg = "Http头Authorization值格式错误"
        raise SignatureError(msg)
    if pairs["mchid"] != platform.mchid or pairs["serial_no"].upper() != platform.merchant_serial:
        msg = "商户证书序列号有误"
        raise SignatureError(msg)
    if not pairs["timestamp"].isdigit() or abs(time.time() - int(pairs["timestamp"])) > WINDOW_S:
        msg = "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"
        raise SignatureError(msg)
    head = f"{method}\n{target}\n{pairs['timestamp']}\n{pairs['nonce_str']}\n".encode()
    try:
        signature = base64.b64decode(pairs["signature"], validate=True)
        platform.merchant_public_key.verify(signature, head + body + b"\n", PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError) as error:
        msg = "错误的签名，验签失败"
        raise SignatureError(msg) from error


def signed_headers(
    platform: Platform, body: bytes, *, serial: str, moment: int | None = None, key: RSAPrivateKey | None = None
) -> dict[str, str]:
    """The Wechatpay-* headers of an answer or callback, for the key that `serial` names."""
    stamp, nonce = str(int(time.time()) if moment is None else moment), secrets.token_hex(16)
    signer = key or (platform.signing_key if serial == platform.public_key_id else platform.certificate_key)
    signature = signer.sign(f"{stamp}\n{nonce}\n".encode() + body + b"\n", PKCS1v15(), SHA256())
    return {
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature-Type": SCHEME,
        "Request-ID": secrets.token_hex(16).upper(),
    }


def sealed(platform: Platform, plain: bytes, *, associated: str) -> dict[str, Any]:
    """A resource as callbacks and certificates carry it."""
    nonce = secrets.token_hex(6)
    box = AESGCM(platform.apiv3_key).encrypt(nonce.encode(), plain, associated.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(box).decode(),
        "associated_data": associated,
        "nonce": nonce,
    }


def to_bytes(content: object) -> bytes:
    """JSON as the platform writes it: UTF-8, compact."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
