"""Who calls the JSON API: a bearer token, verified once per process. The API takes no cookies."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from core import clock
from core.audit import Actor
from core.crypto.tokens import InvalidToken
from core.db import Database
from services.identity import queries as identity
from web.problems.common import SignInNeeded
from web.runtime import Runtime
from web.session import CodeFlows, Flows, PaymentFlows, Pictures, Write


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in customer."""

    user_id: UUID
    session_id: UUID
    address: str

    @property
    def actor(self) -> Actor:
        """The caller as the audit log names one."""
        return Actor(f"user:{self.user_id}", self.address)


SCHEME: Final = "AccessToken"
SIGNED_IN: Final[dict[str, object]] = {"security": [{SCHEME: []}]}
"""`openapi_extra` of an endpoint that asks `customer_of` itself."""


class _Bearer(SecurityBase):
    """The document's security scheme and the verification in one, without dependencies of its own.

    Each dependency costs a hot read more than the whole cached verification.
    """

    def __init__(self) -> None:
        self.model = HTTPBearer(bearerFormat="JWT", description="An access token of `POST /api/v1/auth/token`.")
        self.scheme_name = SCHEME

    async def __call__(self, request: Request) -> Caller:
        return customer_of(request)


def customer_of(request: Request) -> Caller:
    """What the dependency `Customer` answers, or SignInNeeded.

    For the one page that is asked for more than all others: a dependency costs it a twentieth of its time.
    """
    runtime: Runtime = request.app.state.runtime
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise SignInNeeded
    try:
        identity_ = runtime.token_keys.verify(token, now=clock.now())
        if identity_.kind != "user":
            raise SignInNeeded
        return Caller(UUID(identity_.subject), identity_.session_id, address_of(request))
    except (InvalidToken, ValueError) as error:
        raise SignInNeeded from error


def _living_customer(caller: "Customer", write: Write) -> Caller:
    if not identity.session_is_alive(write, session_id=caller.session_id):
        raise SignInNeeded
    return caller


def _customer_of_flow(caller: "Customer", db: Flows) -> Caller:
    return _alive(caller, db)


def _customer_of_payment_flow(caller: "Customer", db: PaymentFlows) -> Caller:
    return _alive(caller, db)


def _customer_of_code_flow(caller: "Customer", db: CodeFlows) -> Caller:
    return _alive(caller, db)


def _customer_of_pictures(caller: "Customer", db: Pictures) -> Caller:
    return _alive(caller, db)


def _alive(caller: Caller, db: Database) -> Caller:
    with db.read() as session:
        if not identity.session_is_alive(session, session_id=caller.session_id):
            raise SignInNeeded
    return caller


def address_of(request: Request) -> str:
    """The peer's address; a proxy's X-Forwarded-For was taken into account by the server for trusted proxies alone."""
    return request.client.host if request.client is not None else "unknown"


Customer = Annotated[Caller, Security(_Bearer())]
"""A verified token. For reads whose statement asks about the session itself, and for flows that do."""

LivingCustomer = Annotated[Caller, Depends(_living_customer)]
"""A verified token whose session has not been revoked, checked in the request's transaction."""

CustomerOfFlow = Annotated[Caller, Depends(_customer_of_flow)]
"""The same for an endpoint that takes `Flows`: checked in a transaction that ends before the flow begins."""

CustomerOfPaymentFlow = Annotated[Caller, Depends(_customer_of_payment_flow)]
"""The same for an endpoint that takes `PaymentFlows`."""

CustomerOfCodeFlow = Annotated[Caller, Depends(_customer_of_code_flow)]
"""The same for an endpoint that takes `CodeFlows`."""

CustomerOfPictures = Annotated[Caller, Depends(_customer_of_pictures)]
"""The same for an endpoint that takes `Pictures`."""
