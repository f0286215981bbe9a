"""What one cell of the matrix is: who asks for what, and how that is sent."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from services.accounts.queries import quality
from tests.factories.staff import Member
from tests.support.town import Home, Person, Town

Object = Literal["own", "others", "other_unit", "missing", "-"]


@dataclass(frozen=True)
class Things:
    """What a request may be about."""

    home: Home | None
    account_no: str
    bill_no: str
    payment_no: str
    paid_no: str
    message_id: uuid.UUID
    device_id: uuid.UUID
    wechat_id: uuid.UUID


@dataclass
class Asked:
    """A request without its caller."""

    path: str
    json: Any = None
    form: dict[str, str] | None = None
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """Who asks for what in one cell of the matrix."""

    town: Town
    operation: str
    caller: str
    object: Object
    person: Person | None
    things: Things
    member: Member | None = None
    names: tuple[str, ...] = ()


Asking = Callable[[Scene], Asked]


def telling(made: Scene, account_no: str = "") -> dict[str, str]:
    """An answer in the form of an account's details, as that was shown just now."""
    no = account_no or made.things.account_no
    with made.town.runtime.db.read() as session:
        found = session.sql("select id from account where account_no = :no", no=no).scalar_one_or_none()
        return {"solar": "yes", "version": quality.details(session, account_id=found).version if found else ""}


def of_device(path: str, **said: str) -> Asking:
    """What a device says that asks for a code, or brings it."""
    return lambda _made: Asked(path, json={"device_id": uuid.uuid4().hex, **said})
