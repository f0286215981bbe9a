"""An independent signer judges the emulator of Aliyun SMS; its receipts are read as the provider documents them."""

import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from sandbox.aliyun_sms.signing import signature
from tests.sandbox.conftest import Account, encoded, question, telephone
from tests.support.receiver import Call, Receiver
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import wait_until


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["Code"]


def at(**off: float) -> str:
    return (datetime.now(UTC) + timedelta(**off)).strftime("%Y-%m-%dT%H:%M:%SZ")


def ask(account: Account, phone: str, **changes: str) -> dict[str, Any]:
    answer: dict[str, Any] = account("QuerySendDetails", question(phone, **changes)).json()
    return answer


def details(account: Account, phone: str, **changes: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = ask(account, phone, **changes)["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    return listed


def reports(told: Call) -> list[dict[str, Any]]:
    assert told.headers["content-type"].startswith("application/json")
    read = json.loads(told.body)
    assert isinstance(read, list)
    return read


@pytest.fixture
def hearing(provider: SandboxProcess, receiver: Receiver) -> Receiver:
    """Receipts come here."""
    receiver.status, receiver.answer = 200, b'{"code":0,"msg":"received"}'
    provider.send_receipts_to(receiver.url)
    return receiver


def test_the_signature_is_that_of_the_providers_own_library() -> None:
    query = [
        ("PhoneNumbers", "13800000000"),
        ("SignName", "示例供电"),
        ("TemplateCode", "SMS_1"),
        ("TemplateParam", '{"amount":"12.50"}'),
        ("OutId", "m-1"),
    ]
    body_hash = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": "dysmsapi.aliyuncs.com",
        "x-acs-action": "SendSms",
        "x-acs-version": "2017-05-25",
        "x-acs-date": "2025-06-15T15:06:40Z",
        "x-acs-signature-nonce": "nonce-1",
        "x-acs-content-sha256": body_hash,
    }
    made = signature(
        secret="SKEXAMPLE", method="POST", query=query, headers=headers, signed=list(headers), body_hash=body_hash
    )
    assert made == "37582b1e3cb2650fac0d1be26640bff84c0116f4b47a54bda5d4d670426d245e"


def test_a_message_reaches_its_telephone_with_the_text_of_its_template(
    account: Account, provider: SandboxProcess
) -> None:
    phone = telephone()
    asked = account.message(phone, OutId="m-1 *~'()+/示例")
    answer = account("SendSms", asked).json()
    assert (answer["Code"], answer["Message"]) == ("OK", "OK")
    (kept,) = provider.messages(phone)
    assert kept["text"] == "【江东供电】您的验证码为482913，五分钟内有效。请勿告诉他人。"
    assert (kept["out_id"], kept["biz_id"], kept["state"]) == (asked["OutId"], answer["BizId"], 3)
    assert (kept["template"], kept["locale"], kept["params"]) == ("sign_in_code", "zh-CN", {"code": "482913"})
    assert provider.messages(f"+86{phone}") == provider.messages(f"86{phone}") == [kept]


def test_one_text_reaches_many_telephones_under_one_number(account: Account, provider: SandboxProcess) -> None:
    phones = [telephone() for _ in range(3)]
    answer = account("SendSms", account.message(",".join(phones))).json()
    assert {provider.messages(phone)[0]["biz_id"] for phone in phones} == {answer["BizId"]}


def test_a_number_abroad_is_written_with_its_country(account: Account, provider: SandboxProcess) -> None:
    abroad = f"4479{uuid4().int % 10**8:08d}"
    code = account.given["template_codes"]["sign_in_code"]["en"]
    assert told(account("SendSms", account.message(abroad, TemplateCode=code))) == (200, "OK")
    assert provider.messages(f"+{abroad}")[0]["locale"] == "en"


def batch(account: Account, texts: dict[str, str], **changes: str) -> dict[str, str]:
    """Parameters of SendBatchSms: telephone -> code."""
    return {
        "PhoneNumberJson": json.dumps(list(texts)),
        "SignNameJson": json.dumps([account.given["sign_name"]] * len(texts)),
        "TemplateCode": account.given["template_codes"]["sign_in_code"]["zh-CN"],
        "TemplateParamJson": json.dumps([{"code": code} for code in texts.values()]),
        "OutId": "batch-1",
        **changes,
    }


def test_a_batch_has_a_text_for_each_telephone_and_one_number(account: Account, provider: SandboxProcess) -> None:
    texts = {telephone(): f"{code:06d}" for code in range(100)}
    answer = account("SendBatchSms", batch(account, texts)).json()
    assert answer["Code"] == "OK"
    kept = [provider.messages(phone)[0] for phone in texts]
    assert [message["params"]["code"] for message in kept] == list(texts.values())
    assert {message["biz_id"] for message in kept} == {answer["BizId"]}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SignNameJson": "[]"}, "isv.INVALID_PARAMETERS"),
        ({"PhoneNumberJson": "[]"}, "isv.INVALID_PARAMETERS"),
        ({"PhoneNumberJson": "13900000000"}, "isv.INVALID_JSON_PARAM"),
        ({"PhoneNumberJson": "[1]"}, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParamJson": '[{"code":1}]'}, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParamJson": "[{}]"}, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({"PhoneNumberJson": json.dumps(["13900000000"] * 101)}, "isv.MOBILE_COUNT_OVER_LIMIT"),
    ],
    ids=str,
)
def test_a_batch_that_cannot_be_is_refused_as_a_whole(account: Account, changes: dict[str, str], code: str) -> None:
    assert told(account("SendBatchSms", batch(account, {telephone(): "1"}, **changes))) == (200, code)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"secret": "wrong"}, (400, "SignatureDoesNotMatch")),
        ({"key_id": "LTAIunknown"}, (404, "InvalidAccessKeyId.NotFound")),
        ({"sent_query": "PhoneNumbers=13900000000"}, (400, "SignatureDoesNotMatch")),
        ({"body": "a=b"}, (400, "SignatureDoesNotMatch")),
        ({"x_acs_content_sha256": "0" * 64}, (400, "SignatureDoesNotMatch")),
        ({"x_acs_date": at(minutes=-16)}, (400, "InvalidTimeStamp.Expired")),
        ({"x_acs_date": at(hours=16)}, (400, "InvalidTimeStamp.Expired")),
        ({"x_acs_date": "yesterday"}, (400, "InvalidTimeStamp.Format")),
        ({"x_acs_version": "2016-01-01"}, (400, "InvalidVersion")),
        ({"x_acs_action": "SendPigeon"}, (404, "InvalidAction.NotFound")),
    ],
    ids=lambda case: next(iter(case)) if isinstance(case, dict) else case[1],
)
def test_a_request_that_is_not_the_accounts_is_refused_and_sends_nothing(
    account: Account, provider: SandboxProcess, changes: dict[str, str], expected: tuple[int, str]
) -> None:
    phone = telephone()
    assert told(account("SendSms", account.message(phone), **changes)) == expected
    assert provider.messages(phone) == []


def test_a_clock_that_is_a_little_off_is_forgiven(account: Account) -> None:
    for minutes in (-14, 14):
        assert told(account("SendSms", account.message(telephone()), x_acs_date=at(minutes=minutes))) == (200, "OK")


def test_a_request_is_taken_once(account: Account, provider: SandboxProcess) -> None:
    phone, nonce = telephone(), secrets.token_hex(16)
    answers = [told(account("SendSms", account.message(phone), x_acs_signature_nonce=nonce)) for _ in range(2)]
    assert answers == [(200, "OK"), (400, "SignatureNonceUsed")]
    assert len(provider.messages(phone)) == 1


def test_a_request_without_a_signature_is_refused(account: Account, provider: SandboxProcess) -> None:
    answer = httpx.post(provider.base_url + "/", params=account.message(telephone()))
    assert told(answer) == (400, "IncompleteSignature")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"PhoneNumbers": "12345"}, (200, "isv.MOBILE_NUMBER_ILLEGAL")),
        ({"PhoneNumbers": ""}, (400, "MissingPhoneNumbers")),
        ({"PhoneNumbers": ",".join(["13900000000"] * 1001)}, (200, "isv.MOBILE_COUNT_OVER_LIMIT")),
        ({"SignName": "某公司"}, (200, "isv.SMS_SIGNATURE_ILLEGAL")),
        ({"TemplateCode": "SMS_0"}, (200, "isv.SMS_TEMPLATE_ILLEGAL")),
        ({"TemplateParam": "{}"}, (200, "isv.TEMPLATE_MISSING_PARAMETERS")),
        ({"TemplateParam": '{"code":482913}'}, (200, "isv.INVALID_JSON_PARAM")),
        ({"TemplateParam": "code"}, (200, "isv.INVALID_JSON_PARAM")),
        ({"TemplateParam": json.dumps({"code": "1" * 36})}, (200, "isv.PARAM_LENGTH_LIMIT")),
        ({"OutId": "m" * 256}, (200, "isv.PARAM_LENGTH_LIMIT")),
    ],
    ids=lambda case: next(iter(case)) if isinstance(case, dict) else case[1],
)
def test_a_message_that_cannot_be_is_refused_with_the_documented_code(
    account: Account, changes: dict[str, str], expected: tuple[int, str]
) -> None:
    assert told(account("SendSms", account.message(telephone(), **changes))) == expected


def test_a_message_is_found_by_telephone_day_and_the_callers_number(account: Account) -> None:
    phone = telephone()
    sent = [account("SendSms", account.message(phone, OutId=f"m-{each}")).json() for each in range(3)]
    assert [each["OutId"] for each in details(account, phone)] == ["m-2", "m-1", "m-0"]
    (found,) = [each for each in details(account, phone) if each["OutId"] == "m-1"]
    assert (found["SendStatus"], found["ErrCode"], found["PhoneNum"]) == (3, "DELIVERED", phone)
    assert found["Content"].startswith("【江东供电】")
    (by_number,) = details(account, phone, BizId=sent[0]["BizId"])
    assert by_number["OutId"] == "m-0"


def test_days_and_pages_of_details_are_the_askers_choice(account: Account) -> None:
    phone = telephone()
    for each in range(5):
        account("SendSms", account.message(phone, OutId=f"m-{each}"))
    pages = [ask(account, phone, PageSize="2", CurrentPage=page) for page in ("1", "2", "3", "4")]
    assert [len(page["SmsSendDetailDTOs"]["SmsSendDetailDTO"]) for page in pages] == [2, 2, 1, 0]
    assert {page["TotalCount"] for page in pages} == {5}
    assert details(account, phone, SendDate="20260101") == []
    assert details(account, telephone()) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PageSize": "51"}, "isv.INVALID_PARAMETERS"),
        ({"CurrentPage": "0"}, "isv.INVALID_PARAMETERS"),
        ({"SendDate": "2026-01-01"}, "isv.INVALID_PARAMETERS"),
        ({"PhoneNumber": ""}, "MissingPhoneNumber"),
    ],
    ids=str,
)
def test_a_question_that_cannot_be_is_refused(account: Account, changes: dict[str, str], code: str) -> None:
    assert ask(account, telephone(), **changes)["Code"] == code


def test_a_receipt_says_what_became_of_a_message(account: Account, hearing: Receiver) -> None:
    phone, reference = telephone(), uuid4().hex
    biz_id = account("SendSms", account.message(phone, OutId=reference)).json()["BizId"]
    wait_until(lambda: hearing.calls)
    (report,) = reports(hearing.calls[0])
    assert (report["phone_number"], report["biz_id"], report["out_id"]) == (phone, biz_id, reference)
    assert (report["success"], report["err_code"], report["sms_size"]) == (True, "DELIVERED", "1")
    assert set(report) == {
        "phone_number", "send_time", "report_time", "success", "err_code", "err_msg", "sms_size", "biz_id", "out_id",
    }  # fmt: skip


def test_the_receipts_of_a_batch_come_in_one_array(account: Account, hearing: Receiver) -> None:
    phones = [telephone() for _ in range(5)]
    account("SendBatchSms", batch(account, dict.fromkeys(phones, "1")))
    wait_until(lambda: hearing.calls)
    assert [report["phone_number"] for report in reports(hearing.calls[0])] == phones


def test_a_receipt_is_pushed_again_until_it_is_taken(
    account: Account, provider: SandboxProcess, hearing: Receiver
) -> None:
    hearing.status = 500
    biz_id = account("SendSms", account.message(telephone())).json()["BizId"]
    wait_until(lambda: len(hearing.calls) == 2, message="no second push")
    hearing.status, hearing.answer = 200, b"thanks"
    wait_until(lambda: len(hearing.calls) == 4, message="an answer without a code was taken")
    wait_until(lambda: pushes(provider, biz_id)[0]["done"])
    assert {told.body for told in hearing.calls} == {hearing.calls[0].body}
    assert pushes(provider, biz_id)[0]["tries"] == 4


def pushes(provider: SandboxProcess, biz_id: str) -> list[dict[str, Any]]:
    return [each for each in provider.books()["callbacks"] if each["subject"] == biz_id]


def test_without_an_address_no_receipt_is_pushed(account: Account, provider: SandboxProcess) -> None:
    biz_id = account("SendSms", account.message(telephone())).json()["BizId"]
    assert pushes(provider, biz_id) == []


@pytest.mark.parametrize(("value", "code"), [(None, "MK:0011"), ("MOBILE_NOT_ON_SERVICE", "MOBILE_NOT_ON_SERVICE")])
def test_a_message_may_not_arrive(
    account: Account, provider: SandboxProcess, hearing: Receiver, value: str | None, code: str
) -> None:
    provider.fault("aliyun_sms.phone", "undelivered", value=value, count=1)
    phone = telephone()
    account("SendSms", account.message(phone))
    wait_until(lambda: hearing.calls)
    (report,) = reports(hearing.calls[0])
    assert (report["success"], report["err_code"]) == (False, code)
    (detail,) = details(account, phone)
    assert (detail["SendStatus"], detail["ErrCode"]) == (2, code)


def test_a_message_may_arrive_late(account: Account, provider: SandboxProcess, hearing: Receiver) -> None:
    provider.fault("aliyun_sms.phone", "late", value=3600, count=1)
    waiting, soon = telephone(), telephone()
    account("SendSms", account.message(waiting))
    provider.fault("aliyun_sms.phone", "late", value=0.2, count=1)
    account("SendSms", account.message(soon))
    wait_until(lambda: hearing.calls)
    assert [report["phone_number"] for report in reports(hearing.calls[0])] == [soon]
    assert details(account, soon)[0]["SendStatus"] == 3
    (detail,) = details(account, waiting)
    assert (detail["SendStatus"], detail["ErrCode"], detail["ReceiveDate"]) == (1, "", "")


@pytest.mark.parametrize("action", ["SendSms", "SendBatchSms"])
@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("throttled", None, "isv.BUSINESS_LIMIT_CONTROL"),
        ("refused", None, "isv.AMOUNT_NOT_ENOUGH"),
        ("refused", "isv.OUT_OF_SERVICE", "isv.OUT_OF_SERVICE"),
    ],
)
def test_the_business_refuses_on_order_and_sends_nothing(
    account: Account, provider: SandboxProcess, action: str, kind: str, value: str | None, code: str
) -> None:
    provider.fault(f"aliyun_sms.{action}", kind, value=value, count=1)
    phone = telephone()
    asked = account.message(phone) if action == "SendSms" else batch(account, {phone: "1"})
    assert told(account(action, asked)) == (200, code)
    assert provider.messages(phone) == []
    assert told(account(action, asked)) == (200, "OK")


def test_the_real_limits_hold_when_they_are_ordered(account: Account, provider: SandboxProcess) -> None:
    provider.fault("aliyun_sms.Send*", "limits")
    phone = telephone()
    assert [told(account("SendSms", account.message(phone)))[1] for _ in range(2)] == [
        "OK",
        "isv.BUSINESS_LIMIT_CONTROL",
    ]
    assert told(account("SendBatchSms", batch(account, {phone: "1"})))[1] == "isv.BUSINESS_LIMIT_CONTROL"
    notice = account.message(
        phone,
        TemplateCode=account.given["template_codes"]["bill_ready"]["zh-CN"],
        TemplateParam=json.dumps(dict.fromkeys(("account", "period", "amount", "due"), "x")),
    )
    answers = [told(account("SendSms", notice))[1] for _ in range(51)]
    assert answers == ["OK"] * 50 + ["isv.BUSINESS_LIMIT_CONTROL"]
    assert told(account("SendSms", account.message(telephone())))[1] == "OK"


@pytest.mark.parametrize("kind", ["drop_after", "error_after", "hang_after"])
def test_a_message_whose_answer_was_lost_is_marked_and_can_be_found(
    account: Account, provider: SandboxProcess, kind: str
) -> None:
    phone, reference = telephone(), uuid4().hex
    provider.fault("aliyun_sms.SendSms", kind, count=1, value=0.05 if kind == "hang_after" else None)
    try:
        answer = account("SendSms", account.message(phone, OutId=reference))
    except httpx.TransportError:
        assert kind != "error_after"
    else:
        assert (kind, answer.status_code) == ("error_after", 500)
    account("SendSms", account.message(phone))
    assert [message["answer_dropped"] for message in provider.messages(phone)] == [False, True]
    assert [detail for detail in details(account, phone) if detail["OutId"] == reference]


def test_what_is_signed_is_what_was_encoded() -> None:
    assert encoded("a b*~'()+/示") == "a%20b%2A~%27%28%29%2B%2F%E7%A4%BA"
