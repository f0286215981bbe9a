"""What accounts know of people who sign in, and the erasing of customers, whom the supplier has brought here."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import audit, idempotency, locks
from core.audit import Actor, Span
from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession, statement
from core.errors import Json
from services.accounts.operations.grants import give_up_access
from services.accounts.operations.noting import strike_phone
from services.accounts.queries import AccountId, AccountRef
from services.accounts.queries.entitlements import MEASURES
from services.accounts.queries.quality import EQUIPMENT
from services.accounts.rules import FILES_WAIT, customer_owner
from services.identity import queries as identity

_GONE = (
    "delete from account_group where user_id = :user_id",
    "delete from access_invitation where invited_by = :user_id",
    "update access_grant set granted_by = null where granted_by = :user_id",
    "delete from access_grant where user_id = :user_id",
    "delete from link_failure where user_id = :user_id",
)


class Access:
    """`identity.ports.PersonalData` of accounts."""

    def export(self, session: ReadSession, *, vault: Vault, user_id: UUID) -> dict[str, list[dict[str, Json]]]:
        """Accounts they act for, what these are entitled to, what they told of them; groups, invitations, proofs."""
        grants = session.sql(
            """select a.account_no, g.role, g.scope, g.valid_from, g.valid_to, g.revoked_at
               from access_grant g join account a on a.id = g.account_id
               where g.user_id = :id order by g.valid_from, g.id""",
            id=user_id,
        )
        invitations = session.sql(
            """select a.account_no, i.phone_masked, i.role, i.state, i.created_at
               from access_invitation i join account a on a.id = i.account_id
               where i.invited_by = :id order by i.created_at, i.id""",
            id=user_id,
        )
        groups = session.sql(
            """select g.name, g.created_at, array(select a.account_no
                 from account_group_members(g.user_id, g.id, now()) m join account a on a.id = m.account_id
                 order by a.account_no) as account_nos
               from account_group g where g.user_id = :id order by g.created_at, g.id""",
            id=user_id,
        )
        failures = session.sql(
            "select account_no, failed_at from link_failure where user_id = :id order by failed_at, id", id=user_id
        )
        return {
            "grants": [
                {
                    "account_no": row.account_no,
                    "role": row.role,
                    "scope": row.scope,
                    "valid_from": row.valid_from.isoformat(),
                    "valid_to": None if row.valid_to is None else row.valid_to.isoformat(),
                    "ended_at": None if row.revoked_at is None else row.revoked_at.isoformat(),
                }
                for row in grants
            ],
            "invitations": [
                {
                    "account_no": row.account_no,
                    "to_masked": row.phone_masked,
                    "role": row.role,
                    "state": row.state,
                    "created_at": row.created_at.isoformat(),
                }
                for row in invitations
            ],
            "account_groups": [
                {"name": row.name, "account_nos": row.account_nos, "created_at": row.created_at.isoformat()}
                for row in groups
            ],
            "entitlements": _entitlements(session, user_id=user_id),
            "told_details": _told(session, vault=vault, user_id=user_id),
            "failed_links": [
                {"account_no": row.account_no, "failed_at": row.failed_at.isoformat()} for row in failures
            ],
        }

    def keeps(self, session: ReadSession, *, user_id: UUID) -> bool:  # noqa: ARG002 -- the port's signature
        """No grant keeps a person who wants to go."""
        return False

    def erase(self, session: WriteSession, *, vault: Vault, user_id: UUID, now: datetime) -> None:
        """End what they may, as if they had given it up: what they gave to others ends too. Then the rows go.

        So does what they told of accounts and nobody has told anew: mail address, contact wish, people, equipment.
        Notes about these accounts are their holders', and stay; the person's telephone number in them is struck out.
        """
        living = session.sql(
            "select account_id from access_grant where user_id = :id and revoked_at is null order by account_id",
            id=user_id,
        )
        actor = Actor(f"user:{user_id}")
        for account_id in living.scalars().all():
            give_up_access(session, user_id=user_id, account_id=AccountId(account_id), actor=actor, now=now)
        phone = identity.phone_of(session, vault=vault, user_id=user_id)
        if phone is not None:
            _forget_invitations(session, blind=identity.phone_blind_of(vault, phone))
            strike_phone(session, vault=vault, user_id=user_id, phone=phone)
        _forget_told(session, user_id=user_id)
        for each in _GONE:
            session.sql(each, user_id=user_id)


def _entitlements(session: ReadSession, *, user_id: UUID) -> list[dict[str, Json]]:
    """Those of the present holder's time, of accounts that the person owns."""
    rows = session.sql(statement(__package__, "entitlements_of_person.sql"), user_id=user_id)
    return [
        {
            "account_no": row.account_no,
            "kind": row.kind,
            "value": f"{row.value.normalize():f}",
            "valid_from": row.valid_from.isoformat(),
            "valid_to": None if row.valid_to is None else row.valid_to.isoformat(),
            "document": row.document,
        }
        for row in rows
    ]


def _told(session: ReadSession, *, vault: Vault, user_id: UUID) -> list[dict[str, Json]]:
    rows = session.sql(statement(__package__, "told_details.sql"), user_id=user_id)
    return [
        {
            "account_no": row.account_no,
            "email": None
            if row.address_sealed is None
            else vault.open(
                table="contact_point",
                column="address",
                owner=customer_owner(row.customer_no),
                sealed=bytes(row.address_sealed),
            ),
            "contact_by": row.contact_by,
            "household_size": row.household_size,
            "equipment": {code: getattr(row, f"has_{code}") for code in EQUIPMENT},
        }
        for row in rows
    ]


def _forget_told(session: WriteSession, *, user_id: UUID) -> None:
    rows = session.sql(statement(__package__, "told_details.sql"), user_id=user_id).all()
    session.sql(
        "delete from account_profile where account_id = any(:ids)",
        ids=[row.account_id for row in rows if row.has_profile],
    )
    session.sql(
        "delete from contact_point where customer_id = any(:ids) and id = 2 and kind = 'email'",
        ids=[row.customer_id for row in rows if row.customer_id is not None],
    )


def _forget_invitations(session: WriteSession, *, blind: bytes) -> None:
    """Invitations to a telephone, and the answers that their inviters had and could have again."""
    gone = session.sql(
        "delete from access_invitation where phone_blind = :blind returning id, invited_by", blind=blind
    ).all()
    for row in gone:
        idempotency.forget_answers(session, caller=f"user:{row.invited_by}", naming=str(row.id))


def spans_of_user(session: ReadSession, *, user_id: UUID) -> list[Span]:
    """Accounts that a person acts or acted for, since they first could."""
    rows = session.sql(
        """select account_id, min(valid_from) as since from access_grant
           where user_id = :user_id group by account_id order by account_id""",
        user_id=user_id,
    )
    return [Span(f"account:{row.account_id}", row.since) for row in rows]


def spans_of_customer(session: ReadSession, *, customer_id: int) -> list[Span]:
    """Accounts that a customer holds or held, each time from when to when."""
    rows = session.sql(statement(__package__, "spans_of_customer.sql"), customer_id=customer_id)
    return [Span(f"account:{row.id}", row.since, row.until) for row in rows]


@dataclass(frozen=True, slots=True)
class Holder:
    """A customer who might be erased, with the accounts that they hold.

    `left_at` is when an account of theirs last went to another holder.
    """

    customer_id: int
    left_at: datetime | None
    accounts: tuple[AccountRef, ...]
    living: tuple[str, ...]


def lock_holder(session: WriteSession, *, customer_no: str) -> Holder | None:
    """The customer with this number, locked as against imports; `living` are the accounts that are not closed."""
    locks.lock(session, key=FILES_WAIT)
    customer = session.sql(
        "select id, last_left_at from customer where customer_no = :no for update", no=customer_no
    ).one_or_none()
    if customer is None:
        return None
    rows = session.sql(
        "select id, account_no, unit_id, currency, state from account where customer_id = :id order by id for update",
        id=customer.id,
    ).all()
    refs = tuple(AccountRef(AccountId(row.id), row.account_no, row.unit_id, row.currency) for row in rows)
    return Holder(
        customer.id, customer.last_left_at, refs, tuple(row.account_no for row in rows if row.state != "closed")
    )


def erase_holder(
    session: WriteSession, *, vault: Vault, customer_no: str, holder: Holder, actor: Actor, now: datetime
) -> None:
    """Take name, contact points, doors, told details, entitlements of people and notes of a customer away.

    Numbers, what is measured and what the books say stay.

    The caller has made sure that nobody needs them any more. A door stays where somebody else lives behind it
    by now; a note stays as the fact that somebody wrote one then. What files say of this customer later is refused.
    """
    owner = customer_owner(customer_no)
    session.sql(
        """update customer set name_sealed = :nothing, name_masked = '', tokens = '{}', fingerprint = ''::bytea,
             erased_at = coalesce(erased_at, now())
           where id = :id""",
        nothing=vault.seal(table="customer", column="name", owner=owner, text=""),
        id=holder.customer_id,
    )
    session.sql("delete from contact_point where customer_id = :id", id=holder.customer_id)
    session.sql(
        """update data_correction set before_shown = '', after_shown = '', after_sealed = null, file_said = null,
             before_said = null, document = ''
           where customer_id = :id""",
        id=holder.customer_id,
    )
    session.sql(
        "delete from account_profile where account_id in (select id from account where customer_id = :id)",
        id=holder.customer_id,
    )
    session.sql(
        """update premises p set door_sealed = null, fingerprint = ''::bytea
           where id in (select premises_id from account where customer_id = :id)
             and not exists (select from account o where o.premises_id = p.id and o.customer_id <> :id)""",
        id=holder.customer_id,
    )
    session.sql(
        "delete from entitlement where customer_id = :id and kind <> all(:measures)",
        id=holder.customer_id,
        measures=list(MEASURES),
    )
    session.sql("update entitlement set document = '' where customer_id = :id", id=holder.customer_id)
    session.sql("select account_notes_erase(:id, :now)", id=holder.customer_id, now=now)
    audit.record(session, actor=actor, act="accounts.holder_erased", subject=f"customer:{holder.customer_id}")
