"""Reads of what is agreed about an account's price."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from core.db import ReadSession, view
from services.accounts.queries import AccountId


@dataclass(frozen=True, slots=True)
class AgreementView:
    """A tariff that an account has from one day up to, not including, another (None: until told otherwise)."""

    tariff_code: str
    is_prepaid: bool
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        """Whether it holds on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def agreements(session: ReadSession, *, account_id: AccountId, since: date | None = None) -> list[AgreementView]:
    """Agreements of an account, the latest first; with `since` those that reach into the time from that day on.

    Served by pk_agreement.
    """
    rows = session.sql(
        """select tariff_code, is_prepaid, valid_from, valid_to from agreement
           where account_id = :account_id and (cast(:since as date) is null or valid_to is null or valid_to > :since)
           order by valid_from desc, id desc""",
        account_id=account_id,
        since=since,
    )
    return [view(AgreementView, row) for row in rows]


def agreement_on(session: ReadSession, *, account_id: AccountId, day: date) -> AgreementView | None:
    """The agreement that holds on a day, the latest where several do; None where none does."""
    found = agreements(session, account_id=account_id, since=None)
    return next((each for each in found if each.holds_on(day)), None)


def accounts_on_tariffs(session: ReadSession, *, codes: Collection[str], on: date, most: int) -> dict[str, int]:
    """How many agreements hold on a day by the tariff that they name, each counted up to `most`.

    Served by ix_agreement_tariff_code.
    """
    rows = session.sql(
        """select c.code, (select count(*) from (select from agreement a
             where a.tariff_code = c.code and a.valid_from <= :on and (a.valid_to is null or a.valid_to > :on)
             limit :most) each) as accounts
           from unnest(cast(:codes as text[])) c (code)""",
        codes=list(codes),
        on=on,
        most=most,
    )
    return {row.code: row.accounts for row in rows}
