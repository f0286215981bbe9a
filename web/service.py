"""Who calls the back office's API: a program of the supplier, whose secret and scopes are asked about anew."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from core import clock
from core.audit import Actor
from core.crypto.tokens import InvalidToken
from services.identity import queries as identity
from services.identity.queries import ServiceScope
from web.caller import address_of
from web.problems.common import ScopeMissing, SignInNeeded
from web.runtime import Runtime
from web.session import Write

SERVICE: Final = "service"


@dataclass(frozen=True, slots=True)
class ServiceCaller:
    """A program of the supplier. `secret_id` names the secret that earned its token."""

    id: UUID
    secret_id: UUID
    scopes: frozenset[str]
    address: str

    @property
    def actor(self) -> Actor:
        """The program as the audit log names one."""
        return Actor(f"service:{self.id}", self.address)


class _ServiceBearer(SecurityBase):
    """The document's security scheme and the verification in one; a customer's token is none here."""

    def __init__(self) -> None:
        self.model = HTTPBearer(
            bearerFormat="JWT", description="A token of `POST /api/v1/auth/token` by `client_credentials`."
        )
        self.scheme_name = "ServiceToken"

    async def __call__(self, request: Request) -> ServiceCaller:
        runtime: Runtime = request.app.state.runtime
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise SignInNeeded
        try:
            told = runtime.token_keys.verify(token, now=clock.now())
            if told.kind != SERVICE:
                raise SignInNeeded
            return ServiceCaller(UUID(told.subject), told.session_id, told.scopes, address_of(request))
        except (InvalidToken, ValueError) as error:
            raise SignInNeeded from error


Program = Annotated[ServiceCaller, Security(_ServiceBearer())]
"""A verified token, of which nothing has been asked yet."""


def _may(scope: ServiceScope) -> Callable[..., ServiceCaller]:
    def living(caller: Program, write: Write) -> ServiceCaller:
        """Disabled programs and ended secrets are out at once; a scope counts when token and program both have it."""
        scopes = identity.service_scopes(write, client=caller.id, secret_id=caller.secret_id, address=caller.address)
        if scopes is None:
            raise SignInNeeded
        if scope.value not in scopes & caller.scopes:
            raise ScopeMissing(scope=scope.value)
        return caller

    return living


UnitsWriter = Annotated[ServiceCaller, Depends(_may(ServiceScope.UNITS_WRITE))]
AccountsWriter = Annotated[ServiceCaller, Depends(_may(ServiceScope.ACCOUNTS_WRITE))]
BillsWriter = Annotated[ServiceCaller, Depends(_may(ServiceScope.BILLS_WRITE))]
AccountsReader = Annotated[ServiceCaller, Depends(_may(ServiceScope.ACCOUNTS_READ))]
PaymentsReader = Annotated[ServiceCaller, Depends(_may(ServiceScope.PAYMENTS_READ))]
ReadingsReader = Annotated[ServiceCaller, Depends(_may(ServiceScope.READINGS_READ))]
ReadingsWriter = Annotated[ServiceCaller, Depends(_may(ServiceScope.READINGS_WRITE))]
ReadingsDecider = Annotated[ServiceCaller, Depends(_may(ServiceScope.READINGS_DECIDE))]
TariffsReader = Annotated[ServiceCaller, Depends(_may(ServiceScope.TARIFFS_READ))]
TariffsWriter = Annotated[ServiceCaller, Depends(_may(ServiceScope.TARIFFS_WRITE))]
"""Programs that may do one kind of thing, checked in the request's transaction."""
