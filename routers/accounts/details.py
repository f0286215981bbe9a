"""What the owner of an account tells of it: seen, told anew, taken back."""

from fastapi import APIRouter

from core.periods import business_date
from routers.accounts.details_schemas import AccountDetails, TellDetails
from services.accounts import operations
from services.accounts.errors import DetailsChanged, EmailWrong, HouseholdWrong, NotOwner
from services.accounts.queries import quality
from web.access import OwnedAccount
from web.caller import LivingCustomer
from web.problems import problems
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(prefix="/api/v1", tags=["accounts"])


@router.get(
    "/accounts/{account_no}/details",  # noqa: FAST003 -- OwnedAccount has the number
    responses=problems(NotOwner),
    operation_id="show_account_details",
)
def show_account_details(account: OwnedAccount, write: Write) -> AccountDetails:
    """What you have told of your account. Of an e-mail address only its beginning and domain are shown."""
    return AccountDetails.of(quality.details(write, account_id=account.id))


@router.put(
    "/accounts/{account_no}/details",  # noqa: FAST003 -- as above
    responses=problems(NotOwner, EmailWrong, HouseholdWrong, DetailsChanged),
    operation_id="tell_account_details",
)
def tell_account_details(
    account: OwnedAccount, caller: LivingCustomer, body: TellDetails, runtime: RuntimeDep, write: Write, now: Now
) -> AccountDetails:
    """Tell all of it anew, as of now: what is left out or null is taken back, but for the e-mail address.

    Send the `version` that you saw: nothing that somebody else told meanwhile is overwritten.
    """
    operations.tell_details(
        write,
        vault=runtime.vault,
        account_id=account.id,
        told=body.told(),
        by="customer",
        actor=caller.actor,
        today=business_date(now, runtime.settings.zone),
        now=now,
        seen=body.version,
    )
    return show_account_details(account, write)
