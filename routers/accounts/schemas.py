"""What the JSON API says of accounts and their links."""

from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from routers.billing.schemas import BILL_EXAMPLE, Bill
from web.models import AccountNo, Amount, AnswerModel, RequestModel, Text

AccountClass = Literal["residential", "commercial", "industrial", "agricultural"]
AccountState = Literal["active", "suspended", "closed"]
Role = Literal["owner", "payer", "viewer"]
SUMMARY_EXAMPLE: JsonDict = {
    "account_no": "3701000001",
    "holder": "**明",
    "address": "历下区 泉城路 18号",
    "class": "residential",
    "state": "active",
    "role": "owner",
    "due": {"amount_minor": 12860, "currency": "CNY"},
    "next_due_date": "2026-11-25",
}


class LastBillProof(RequestModel):
    """Proof by the amount of the latest bill, in minor units."""

    kind: Literal["last_bill_amount"]
    name_character: Annotated[Text, StringConstraints(min_length=1, max_length=4)]
    amount_minor: Annotated[int, Field(ge=0, le=10**15)]


class MeterProof(RequestModel):
    """Proof by the number on the meter."""

    kind: Literal["meter_no"]
    name_character: Annotated[Text, StringConstraints(min_length=1, max_length=4)]
    meter_no: Annotated[Text, StringConstraints(min_length=1, max_length=32)]


class LinkRequest(RequestModel):
    """An account and the proof that it is the caller's: one character of the holder's name and one more detail."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_no": "3701000001",
                    "proof": {"kind": "last_bill_amount", "name_character": "王", "amount_minor": 12860},
                }
            ]
        }
    )

    account_no: AccountNo
    proof: Annotated[LastBillProof | MeterProof, Field(discriminator="kind")]


class LinkedAccount(AnswerModel):
    """The account that is linked now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"account_no": "3701000001"}]})

    account_no: str


class AccountSummary(AnswerModel):
    """An account in a list: the holder's name masked, the address without the door."""

    account_no: str
    holder: str
    address: str
    account_class: Annotated[AccountClass, Field(alias="class")]
    state: AccountState
    role: Role
    due: Amount
    next_due_date: date | None


class AccountList(AnswerModel):
    """A page of the caller's accounts, by number; `next` is the cursor of the following one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [SUMMARY_EXAMPLE], "next": None}]})

    items: list[AccountSummary]
    next: str | None


class AccountHome(AnswerModel):
    """An account with what is owed, what is paid in advance, and its last 12 bills, newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **SUMMARY_EXAMPLE,
                    "unit": "某市供电公司",
                    "prepaid": {"amount_minor": 0, "currency": "CNY"},
                    "bills": [BILL_EXAMPLE],
                }
            ]
        }
    )

    account_no: str
    holder: str
    address: str
    unit: str
    account_class: Annotated[AccountClass, Field(alias="class")]
    state: AccountState
    role: Role
    due: Amount
    prepaid: Amount
    next_due_date: date | None
    bills: Annotated[list[Bill], Field(max_length=12)]


class DueAccount(AnswerModel):
    """An account that owes something, and by how many bills."""

    account_no: str
    holder: str
    address: str
    due: Amount
    next_due_date: date
    bills: int


class DueTotal(AnswerModel):
    """What all accounts of one currency owe, and how many they are."""

    due: Amount
    accounts: int


class DueList(AnswerModel):
    """Sums over all accounts that the caller may pay for, and a page of those that owe something, by number."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "totals": [{"due": {"amount_minor": 12860, "currency": "CNY"}, "accounts": 1}],
                    "is_complete": True,
                    "items": [
                        {
                            "account_no": "3701000001",
                            "holder": "**明",
                            "address": "历下区 泉城路 18号",
                            "due": {"amount_minor": 12860, "currency": "CNY"},
                            "next_due_date": "2026-11-25",
                            "bills": 1,
                        }
                    ],
                    "next": None,
                }
            ]
        }
    )

    totals: list[DueTotal]
    is_complete: bool
    items: list[DueAccount]
    next: str | None
