"""What the JSON API says of groups of accounts."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from routers.accounts.schemas import AccountState
from services.accounts.operations import Added
from services.billing.queries.grouping import GroupView, MemberView
from web.models import AccountNo, Amount, AnswerModel, RequestModel, Text

GroupName = Annotated[Text, StringConstraints(min_length=1, max_length=60)]
GROUP_EXAMPLE: JsonDict = {
    "group_id": "0197a3c2-6f1e-7c55-9a53-0a4b1f5b7c13",
    "name": "Shops in Lixia",
    "accounts": 120,
    "totals": [
        {
            "due": {"amount_minor": 1543200, "currency": "CNY"},
            "accounts": 120,
            "owing": 118,
            "in_arrears": 3,
            "next_due_date": "2026-10-25",
        }
    ],
}
MEMBER_EXAMPLE: JsonDict = {
    "account_no": "3701000001",
    "holder": "**明",
    "address": "历下区 泉城路 18号",
    "state": "active",
    "due": {"amount_minor": 12860, "currency": "CNY"},
    "next_due_date": "2026-11-25",
    "bills": 1,
}


class GroupRequest(RequestModel):
    """A name for a group, yours alone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Shops in Lixia"}]})

    name: GroupName


class GroupAccounts(RequestModel):
    """Accounts that you may pay for; null for all of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"account_nos": ["3701000001", "3701000002"]}]})

    account_nos: Annotated[list[AccountNo], Field(min_length=1, max_length=500)] | None


class GroupAdded(AnswerModel):
    """How many came in that were not in it before. `unknown`: numbers of no account that you may pay for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"added": 2, "unknown": []}]})

    added: int
    unknown: list[str]

    @classmethod
    def of(cls, added: Added) -> "GroupAdded":
        """The answer for what was done."""
        return cls(added=added.added, unknown=list(added.unknown))


class GroupTotal(AnswerModel):
    """What the accounts of one currency owe. In arrears is an account with a bill past its due date."""

    due: Amount
    accounts: int
    owing: int
    in_arrears: int
    next_due_date: Annotated[date | None, Field(description="The oldest due date among open bills.")]


class Group(AnswerModel):
    """A group with its sums by currency: of those of its accounts that you may pay for now."""

    model_config = ConfigDict(json_schema_extra={"examples": [GROUP_EXAMPLE]})

    group_id: UUID
    name: str
    accounts: int
    totals: list[GroupTotal]

    @classmethod
    def of(cls, view: GroupView) -> "Group":
        """The answer for a view."""
        return cls(
            group_id=view.id,
            name=view.name,
            accounts=view.accounts,
            totals=[
                GroupTotal(
                    due=Amount.of(each.due),
                    accounts=each.accounts,
                    owing=each.owing,
                    in_arrears=each.in_arrears,
                    next_due_date=each.next_due,
                )
                for each in view.totals
            ],
        )


class GroupList(AnswerModel):
    """Your groups by name, fifty at most."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [GROUP_EXAMPLE]}]})

    items: list[Group]


class GroupMember(AnswerModel):
    """An account of a group, and by how many bills it owes what."""

    account_no: str
    holder: str
    address: str
    state: AccountState
    due: Amount
    next_due_date: date | None
    bills: int

    @classmethod
    def of(cls, view: MemberView) -> "GroupMember":
        """The answer for a view."""
        return cls.model_validate(
            {
                "account_no": view.account_no,
                "holder": view.holder,
                "address": view.address,
                "state": view.state,
                "due": Amount.of(view.due),
                "next_due_date": view.next_due,
                "bills": view.bills,
            }
        )


class GroupMembers(AnswerModel):
    """A page of a group's accounts, by number; `next` is the cursor of the following one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [MEMBER_EXAMPLE], "next": None}]})

    items: list[GroupMember]
    next: str | None


WhichName = Literal["all", "owing", "arrears"]
