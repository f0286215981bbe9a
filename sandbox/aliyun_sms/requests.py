"""What a call may say, by the provider's documents, and what it is made into."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sandbox.credentials import Platform
from sandbox.times import BEIJING

PHONES: Final = 1000
BATCH: Final = 100
VALUE_CHARACTERS: Final = 35
OUT_ID_BYTES: Final = 255
PAGE: Final = 50
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")
_MAINLAND: Final = re.compile(r"1[3-9][0-9]{9}")
_ABROAD: Final = re.compile(r"(?:00)?[1-9][0-9]{7,14}")


class Refused(Exception):
    """The provider refuses: HTTP status, Code, Message. What the business refuses has status 200."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class Text:
    """One text to one telephone."""

    phone: str
    template_code: str
    template: str
    locale: str
    params: dict[str, str]
    text: str


@dataclass(frozen=True)
class Question:
    """What became of the messages to a number on a Beijing day that begins at `begin`."""

    phone: str
    begin: datetime
    biz_id: str | None
    size: int
    page: int


def read_one(platform: Platform, params: Mapping[str, str]) -> list[Text]:
    """SendSms: one text to up to a thousand telephones. Raises Refused."""
    phones = _needed(params, "PhoneNumbers").split(",")
    sign, code = _needed(params, "SignName"), _needed(params, "TemplateCode")
    if len(phones) > PHONES:
        raise Refused(200, "isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制")
    values = _values(params.get("TemplateParam") or "{}")
    return [_text(platform, phone, sign, code, values) for phone in phones]


def read_batch(platform: Platform, params: Mapping[str, str]) -> list[Text]:
    """SendBatchSms: a text of its own for each of up to a hundred telephones. Raises Refused."""
    phones, signs = (_texts(_needed(params, name)) for name in ("PhoneNumberJson", "SignNameJson"))
    code = _needed(params, "TemplateCode")
    values = _list(params["TemplateParamJson"]) if params.get("TemplateParamJson") else [{}] * len(phones)
    if len(phones) > BATCH:
        raise Refused(200, "isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制")
    if not phones or not len(phones) == len(signs) == len(values):
        raise Refused(200, "isv.INVALID_PARAMETERS", "参数异常：号码、签名与变量数量不一致")
    return [
        _text(platform, phone, sign, code, _checked(each))
        for phone, sign, each in zip(phones, signs, values, strict=True)
    ]


def out_id(params: Mapping[str, str]) -> str | None:
    """The caller's own number for a call. Raises Refused."""
    given = params.get("OutId") or None
    if given is not None and len(given.encode()) > OUT_ID_BYTES:
        raise Refused(200, "isv.PARAM_LENGTH_LIMIT", "参数超出长度限制：OutId")
    return given


def read_question(params: Mapping[str, str]) -> Question:
    """QuerySendDetails. Raises Refused."""
    phone, day = _needed(params, "PhoneNumber"), _needed(params, "SendDate")
    size, page = _needed(params, "PageSize"), _needed(params, "CurrentPage")
    if not (size.isdecimal() and 1 <= int(size) <= PAGE and page.isdecimal() and int(page) >= 1):
        raise Refused(200, "isv.INVALID_PARAMETERS", "参数异常：PageSize, CurrentPage")
    try:
        begin = datetime.strptime(day, "%Y%m%d").replace(tzinfo=BEIJING)
    except ValueError as error:
        raise Refused(200, "isv.INVALID_PARAMETERS", "参数异常：SendDate") from error
    return Question(phone, begin, params.get("BizId") or None, int(size), int(page))


def _needed(params: Mapping[str, str], name: str) -> str:
    found = params.get(name)
    if not found:
        raise Refused(400, f"Missing{name}", f"{name} is mandatory for this action.")
    return found


def _text(platform: Platform, phone: str, sign: str, code: str, values: dict[str, str]) -> Text:
    known = platform.templates.get(code)
    if sign not in platform.sms_sign_names:
        raise Refused(200, "isv.SMS_SIGNATURE_ILLEGAL", "短信签名不合法")
    if known is None:
        raise Refused(200, "isv.SMS_TEMPLATE_ILLEGAL", "短信模版不合法")
    if not (_MAINLAND.fullmatch(phone) or _ABROAD.fullmatch(phone)):
        raise Refused(200, "isv.MOBILE_NUMBER_ILLEGAL", "非法手机号")
    name, locale, wording = known
    if not values.keys() >= set(_VARIABLE.findall(wording)):
        raise Refused(200, "isv.TEMPLATE_MISSING_PARAMETERS", "模版缺少变量")
    if any(len(value) > VALUE_CHARACTERS for value in values.values()):
        raise Refused(200, "isv.PARAM_LENGTH_LIMIT", "参数超出长度限制")
    text = f"【{sign}】" + _VARIABLE.sub(lambda variable: values[variable.group(1)], wording)
    return Text(phone, code, name, locale, values, text)


def _values(text: str) -> dict[str, str]:
    try:
        return _checked(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise _bad_json() from error


def _checked(values: object) -> dict[str, str]:
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise _bad_json()
    return values


def _list(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad_json() from error
    if not isinstance(found, list):
        raise _bad_json()
    return found


def _texts(text: str) -> Sequence[str]:
    found = _list(text)
    if not all(isinstance(each, str) for each in found):
        raise _bad_json()
    return found


def _bad_json() -> Refused:
    return Refused(200, "isv.INVALID_JSON_PARAM", "JSON参数不合法，只接受字符串值")
