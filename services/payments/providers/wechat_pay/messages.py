"""What WeChat Pay writes, parsed strictly: integers where money stands, unknown fields ignored, no input in errors."""

from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

M = TypeVar("M", bound=BaseModel)


class Malformed(Exception):
    """Signed or not, this is not what the platform's documents promise."""


class Message(BaseModel):
    """Strict about types, tolerant of new fields."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


class Resource(Message):
    """The sealed part of a notification."""

    algorithm: Literal["AEAD_AES_256_GCM"]
    ciphertext: Annotated[str, Field(max_length=100_000)]
    nonce: Annotated[str, Field(max_length=32)]
    associated_data: Annotated[str, Field(max_length=128)] = ""
    original_type: str = ""


class Notification(Message):
    """A callback's envelope."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    event_type: Annotated[str, Field(max_length=64)]
    resource_type: Literal["encrypt-resource"]
    resource: Resource


class PaidAmount(Message):
    """`total` is the order's price, `payer_total` what was left after coupons."""

    total: Annotated[int, Field(ge=1, le=10**15)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "CNY"


class Transaction(Message):
    """One order as the platform sees it."""

    mchid: str
    appid: str = ""
    out_trade_no: Annotated[str, Field(pattern=r"^[0-9A-Za-z_\-|*]{6,32}$")]
    trade_state: Literal["SUCCESS", "REFUND", "NOTPAY", "CLOSED", "REVOKED", "USERPAYING", "PAYERROR", "ACCEPT"]
    transaction_id: Annotated[str, Field(max_length=64)] = ""
    success_time: str = ""
    amount: PaidAmount | None = None


class RefundAmount(Message):
    """`refund` of the order's `total` goes back. Notices name no currency: a merchant account has one."""

    refund: Annotated[int, Field(ge=1, le=10**15)]
    total: Annotated[int, Field(ge=1, le=10**15)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None


class Refund(Message):
    """One refund as the platform sees it. Notices call its state `refund_status`, and name the merchant."""

    mchid: str | None = None
    out_refund_no: Annotated[str, Field(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")]
    refund_id: Annotated[str, Field(min_length=1, max_length=64)]
    transaction_id: Annotated[str, Field(min_length=1, max_length=64)]
    state: Annotated[
        Literal["PROCESSING", "SUCCESS", "CLOSED", "ABNORMAL"],
        Field(validation_alias=AliasChoices("status", "refund_status")),
    ]
    amount: RefundAmount


class Prepaid(Message):
    """Answer to a new order: one of these, by method."""

    prepay_id: Annotated[str, Field(max_length=64)] | None = None
    code_url: Annotated[str, Field(max_length=512)] | None = None
    h5_url: Annotated[str, Field(max_length=1024)] | None = None


class SealedCertificate(Message):
    """A platform certificate in its box."""

    algorithm: Literal["AEAD_AES_256_GCM"]
    ciphertext: str
    nonce: str
    associated_data: str = ""


class ListedCertificate(Message):
    """One entry of the list."""

    serial_no: str
    encrypt_certificate: SealedCertificate


class Certificates(Message):
    """The platform's present certificates."""

    data: list[ListedCertificate]


class Problem(Message):
    """Body of a 4xx or 5xx, mostly unsigned: a hint, never a truth."""

    code: Annotated[str, Field(max_length=64)] = ""


def parse(kind: type[M], raw: bytes) -> M:
    """Read one message; raises Malformed."""
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        raise Malformed(kind.__name__) from error


def moment(text: str) -> datetime:
    """A time with its offset; raises Malformed."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed("time") from error
    if read.tzinfo is None:
        raise Malformed("time")
    return read
