"""Receipts pushed by Aliyun: a JSON array without a signature.

Nothing in one can be proved, so it counts only when its reference, its number at the provider and its telephone
belong together.
"""

import hashlib
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from notifications.ports import Report

MAX_RECEIPTS: Final = 1000
ANSWER: Final = b'{"code":0,"msg":"received"}'
Short = Annotated[str, StringConstraints(max_length=128, pattern=r"^[^\x00-\x1f]*$")]


class Receipt(BaseModel):
    """One element of the array, as Aliyun documents it. Names that may be added later are ignored."""

    model_config = ConfigDict(extra="ignore")

    phone_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{5,20}$")]
    success: bool
    biz_id: Annotated[Short, StringConstraints(min_length=1)]
    out_id: Short | None = None
    err_code: Short | None = None


_ARRAY: Final = TypeAdapter(Annotated[list[Receipt], Field(max_length=MAX_RECEIPTS)])


def parse(body: bytes) -> list[Report]:
    """The reports in a push; raises ValueError when it is none."""
    return [_report(receipt) for receipt in _ARRAY.validate_json(body)]


def _report(receipt: Receipt) -> Report:
    parts = (receipt.biz_id, receipt.phone_number, str(receipt.success), receipt.out_id or "", receipt.err_code or "")
    return Report(
        external_id=hashlib.sha256("|".join(parts).encode()).hexdigest(),
        reference=receipt.out_id or "",
        provider_ref=receipt.biz_id,
        is_delivered=receipt.success,
        code=receipt.err_code,
        number=receipt.phone_number,
    )
