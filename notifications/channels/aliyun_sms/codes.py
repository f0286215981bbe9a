"""Aliyun's error codes and what each means for a message: data, with a test per code.

RETRY: certainly not sent, try again soon. THROTTLE: certainly not sent, wait. REJECT: will never be sent as it is.
AUTH: our key or account is wrong, somebody must act; the message waits. UNKNOWN: it may have been sent, ask first. A
code that is not listed is UNKNOWN when the provider failed (5xx, isp.*) and REJECT when it blames the request.
"""

from typing import Final

from notifications.states import Finding

OK: Final = "OK"

CODES: Final[dict[str, Finding]] = {
    OK: Finding.ACCEPTED,
    # The business refuses for now: limits per number (1 a minute, 5 an hour, 10 a day for codes), per account, per
    # call rate.
    "isv.BUSINESS_LIMIT_CONTROL": Finding.THROTTLE,
    "isv.DAY_LIMIT_CONTROL": Finding.THROTTLE,
    "isv.MONTH_LIMIT_CONTROL": Finding.THROTTLE,
    "isv.OUT_OF_DAY_LIMIT": Finding.THROTTLE,
    "Throttling": Finding.THROTTLE,
    "Throttling.User": Finding.THROTTLE,
    "Throttling.Api": Finding.THROTTLE,
    # Refused before anything was done.
    "ServiceUnavailable": Finding.RETRY,
    "SignatureNonceUsed": Finding.RETRY,
    "isp.GATEWAY_BUSY": Finding.RETRY,
    # Our side of the contract: key, clock, money, product.
    "InvalidAccessKeyId.NotFound": Finding.AUTH,
    "InvalidAccessKeyId.Inactive": Finding.AUTH,
    "InvalidAccessKeyId": Finding.AUTH,
    "SignatureDoesNotMatch": Finding.AUTH,
    "IncompleteSignature": Finding.AUTH,
    "InvalidTimeStamp.Expired": Finding.AUTH,
    "InvalidTimeStamp.Format": Finding.AUTH,
    "Forbidden.RAM": Finding.AUTH,
    "isp.RAM_PERMISSION_DENY": Finding.AUTH,
    "isv.AMOUNT_NOT_ENOUGH": Finding.AUTH,
    "isv.OUT_OF_SERVICE": Finding.AUTH,
    "isv.PRODUCT_UN_SUBSCRIPT": Finding.AUTH,
    "isv.PRODUCT_UNSUBSCRIBE": Finding.AUTH,
    "isv.ACCOUNT_NOT_EXISTS": Finding.AUTH,
    "isv.ACCOUNT_ABNORMAL": Finding.AUTH,
    # A template or signature waits for approval or was withdrawn: repairable without a new release, so the message
    # waits.
    "isv.SMS_TEMPLATE_ILLEGAL": Finding.AUTH,
    "isv.SMS_SIGNATURE_ILLEGAL": Finding.AUTH,
    "isv.SMS_SIGN_ILLEGAL": Finding.AUTH,
    # The message itself.
    "isv.MOBILE_NUMBER_ILLEGAL": Finding.REJECT,
    "isv.MOBILE_COUNT_OVER_LIMIT": Finding.REJECT,
    "isv.TEMPLATE_MISSING_PARAMETERS": Finding.REJECT,
    "isv.TEMPLATE_PARAMS_ILLEGAL": Finding.REJECT,
    "isv.PARAM_LENGTH_LIMIT": Finding.REJECT,
    "isv.PARAM_NOT_SUPPORT_URL": Finding.REJECT,
    "isv.INVALID_PARAMETERS": Finding.REJECT,
    "isv.INVALID_JSON_PARAM": Finding.REJECT,
    "isv.BLACK_KEY_CONTROL_LIMIT": Finding.REJECT,
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": Finding.REJECT,
    "isv.DENY_IP_RANGE": Finding.AUTH,
    "MissingParameter": Finding.REJECT,
    # Broken in the middle.
    "isp.SYSTEM_ERROR": Finding.UNKNOWN,
    "isp.UNKNOWN_ERR_CODE": Finding.UNKNOWN,
    "InternalError": Finding.UNKNOWN,
    "ServiceTimeout": Finding.UNKNOWN,
}
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500


def finding_of(code: str | None, status: int) -> Finding:
    """What an answer means. Without a readable code it is not known whether the message went out."""
    if status == _TOO_MANY:
        return Finding.THROTTLE
    if code is None:
        return Finding.UNKNOWN
    known = CODES.get(code)
    if known is not None:
        return known
    if status >= _SERVER_ERROR or code.startswith("isp."):
        return Finding.UNKNOWN
    return Finding.THROTTLE if code.startswith("Throttling") else Finding.REJECT
