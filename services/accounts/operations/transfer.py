"""A change of holder: whoever had the account by the earlier one has it no more, and learns of it."""

from zoneinfo import ZoneInfo

from core import audit, outbox
from core.audit import Actor
from core.db import WriteSession, statement
from services.accounts.events import AccessEnded, EntitlementsChanged, HolderChanged
from services.accounts.models import EndedWhy


def find_changes(session: WriteSession) -> None:
    """Lock the staged accounts that get another holder and keep them aside, before they are written."""
    session.sql(statement(__package__, "import_holders_changed.sql"))


def close_changes(session: WriteSession, *, actor: Actor, zone: ZoneInfo) -> None:
    """Close what the earlier holders' side had of the accounts found, in the transaction that gives them away.

    All grants end, owners' and those they gave, and open invitations. The amount of the last bill proves nothing until
    the next one comes, nor does any proof by somebody whose grant ended so, unless the earlier holder is back. What
    they told of the accounts goes, and so does what their household was entitled to: the later one has its own to
    prove. Publishes HolderChanged per account, AccessEnded per person, and EntitlementsChanged.
    """
    changed = session.sql("select account_id, earlier_id, later_id from holder_changed order by account_id").all()
    if changed:
        lost = session.sql(statement(__package__, "holders_grants_end.sql")).all()
        session.sql(statement(__package__, "holders_invitations_end.sql"))
        session.sql(statement(__package__, "holders_since.sql"), zone=str(zone))
        session.sql(statement(__package__, "holders_left.sql"))
        session.sql(statement(__package__, "holders_details_gone.sql"))
        ended = session.sql(statement(__package__, "holders_entitlements_end.sql"), zone=str(zone)).all()
        audit.record_staged(
            session,
            actor=actor,
            act="accounts.holder_changed",
            changes=[
                (f"account:{row.account_id}", {"customer_id": row.earlier_id}, {"customer_id": row.later_id})
                for row in changed
            ],
        )
        since = {row.account_id: row.valid_to.isoformat() for row in ended}
        if since:
            outbox.add(session, EntitlementsChanged(account_ids=list(since), since=list(since.values())))
        why = EndedWhy.HOLDER_CHANGED.value
        outbox.add_staged(
            session,
            AccessEnded,
            payloads=[{"account_id": row.account_id, "user_id": str(row.user_id), "why": why} for row in lost],
        )
        outbox.add_staged(
            session,
            HolderChanged,
            payloads=[
                {"account_id": row.account_id, "earlier_id": row.earlier_id, "later_id": row.later_id}
                for row in changed
            ],
        )
    session.sql("drop table holder_changed")
