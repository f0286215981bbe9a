"""Requests to Aliyun are signed as Aliyun's own SDK signs them."""

from datetime import UTC, datetime

import pytest

from notifications.channels.aliyun_sms.codes import CODES, finding_of
from notifications.channels.aliyun_sms.signature import query_string, sign
from notifications.states import Finding

NOW = datetime(2025, 6, 15, 15, 6, 40, tzinfo=UTC)
PARAMS = {
    "PhoneNumbers": "13800000000",
    "SignName": "示例供电",
    "TemplateCode": "SMS_1",
    "TemplateParam": '{"amount":"12.50"}',
    "OutId": "m-1",
}


def test_the_signature_equals_the_one_the_vendors_sdk_made() -> None:
    headers = sign(
        key_id="AKEXAMPLE",
        secret="SKEXAMPLE",
        host="dysmsapi.aliyuncs.com",
        action="SendSms",
        version="2017-05-25",
        query=query_string(PARAMS),
        nonce="nonce-1",
        now=NOW,
    )
    assert headers["authorization"].endswith(
        "Signature=37582b1e3cb2650fac0d1be26640bff84c0116f4b47a54bda5d4d670426d245e"
    )


def test_awkward_characters_are_encoded_after_rfc_3986() -> None:
    assert query_string({"b": " *~'()+/示", "a": "-_."}) == "a=-_.&b=%20%2A~%27%28%29%2B%2F%E7%A4%BA"


EXPECTED = {
    Finding.THROTTLE: {
        "isv.BUSINESS_LIMIT_CONTROL",
        "isv.DAY_LIMIT_CONTROL",
        "isv.MONTH_LIMIT_CONTROL",
        "isv.OUT_OF_DAY_LIMIT",
    },
    Finding.RETRY: {"ServiceUnavailable", "SignatureNonceUsed"},
    Finding.AUTH: {
        "SignatureDoesNotMatch",
        "InvalidAccessKeyId.NotFound",
        "isv.AMOUNT_NOT_ENOUGH",
        "InvalidTimeStamp.Expired",
    },
    Finding.REJECT: {
        "isv.MOBILE_NUMBER_ILLEGAL",
        "isv.TEMPLATE_MISSING_PARAMETERS",
        "isv.PARAM_LENGTH_LIMIT",
        "isv.BLACK_KEY_CONTROL_LIMIT",
    },
    Finding.UNKNOWN: {"isp.SYSTEM_ERROR", "InternalError"},
}


@pytest.mark.parametrize(
    ("code", "finding"), sorted((code, finding) for finding, codes in EXPECTED.items() for code in codes)
)
def test_each_code_means_what_its_documentation_says(code: str, finding: Finding) -> None:
    assert finding_of(code, 400) is finding


@pytest.mark.parametrize("code", sorted(CODES))
def test_no_listed_code_means_that_a_message_certainly_left_except_ok(code: str) -> None:
    assert (finding_of(code, 200) is Finding.ACCEPTED) == (code == "OK")


@pytest.mark.parametrize(
    ("code", "status", "finding"),
    [
        (None, 502, Finding.UNKNOWN),
        (None, 429, Finding.THROTTLE),
        (None, 200, Finding.UNKNOWN),
        ("isp.NEVER_HEARD_OF", 200, Finding.UNKNOWN),
        ("Whatever", 503, Finding.UNKNOWN),
        ("isv.NEVER_HEARD_OF", 200, Finding.REJECT),
        ("Throttling.Never", 400, Finding.THROTTLE),
    ],
)
def test_a_code_that_is_not_listed_is_asked_about_unless_it_blames_the_request(
    code: str | None, status: int, finding: Finding
) -> None:
    assert finding_of(code, status) is finding
