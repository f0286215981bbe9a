"""Anticipated refusals of accounts."""

from collections.abc import Sequence

from core.errors import Refusal


class LinkRefused(Refusal):
    """The proof does not hold, or there is no such account: the answer is the same."""

    code = "link_refused"


class LinkLimited(Refusal):
    """Too many failed proofs by this person or for this account number within a day."""

    code = "link_limited"


class NotOwner(Refusal):
    """The caller may pay for or view the account; only its owners decide who else may."""

    code = "not_owner"


class NotPayer(Refusal):
    """The caller may view the account, and nothing more; those who pay for it and its owners may do this."""

    code = "not_payer"


class TotalsOnly(Refusal):
    """The caller's access shows sums alone: when the account's people use electricity tells when they are at home."""

    code = "totals_only"


class InvitationsLimited(Refusal):
    """The caller has invited as many people as one may within a day."""

    code = "invitations_limited"


class TooManyPeople(Refusal):
    """As many people as one account may have are let in or invited; `most` is that number."""

    code = "too_many_people"


class InvitedYourself(Refusal):
    """The invited telephone is the caller's own."""

    code = "invited_yourself"


class AccessEndPast(Refusal):
    """The access would end before it begins."""

    code = "access_end_past"


class AlreadyOwner(Refusal):
    """Who accepts owns the account already: an invitation never makes less of a person's access."""

    code = "already_owner"


class OwnerStays(Refusal):
    """The grant is an owner's, who proved the account to be theirs: no other owner takes it away."""

    code = "owner_stays"


class UnitUnknown(Refusal):
    """There is no such unit, or it is outside of what the caller manages: the answer is the same."""

    code = "unit_unknown"


class UnitsMissing(Refusal):
    """The program has the scope, and no unit in which it may use it."""

    code = "units_missing"


class PushesLimited(Refusal):
    """The program has named as much of what lies outside its units as an hour or a day allows; nothing was taken.

    `rows` are the first rows of the push that do, as many as it could still be told: they are to be left out.
    """

    code = "pushes_limited"

    def __init__(self, *, retry_after_s: int, rows: Sequence[int] = ()) -> None:
        super().__init__(retry_after_s=retry_after_s, rows=[*rows])
        self._retry_after_s = retry_after_s
        self._rows = rows

    def of_first(self, most: int) -> "PushesLimited":
        """The same, telling no more than that many rows."""
        return PushesLimited(retry_after_s=self._retry_after_s, rows=self._rows[:most])


class GrantUnknown(Refusal):
    """There is no such grant, it is over, or it is outside of what the caller manages: the answer is the same."""

    code = "grant_unknown"


class GrantHeld(Refusal):
    """That role is granted in that unit already; revoke it first to change its dates."""

    code = "grant_held"


class GrantBeyondOwn(Refusal):
    """The role allows something that the granter may not do there, or not for so long."""

    code = "grant_beyond_own"


class GrantTakesTwo(Refusal):
    """What lets somebody decide is given by two: no first role, and no new invitation, of one person alone."""

    code = "grant_takes_two"


class GrantToOneself(Refusal):
    """Nobody grants to themselves, nor takes from themselves."""

    code = "grant_to_oneself"


class ReasonNeeded(Refusal):
    """What is done takes words: a reason of 5 to 200 characters."""

    code = "reason_needed"


class NoteWrong(Refusal):
    """A note has 1 to 2000 characters, all of which are seen as they stand."""

    code = "note_wrong"


class RevealLimited(Refusal):
    """One member of staff has seen as much in clear as an hour or a day allows."""

    code = "reveal_limited"

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(retry_after_s=retry_after_s)


class SearchLimited(Refusal):
    """One member of staff has searched as often as an hour or a day allows."""

    code = "search_limited"

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(retry_after_s=retry_after_s)


class ImportElsewhere(Refusal):
    """No such run in the caller's units, or one that touches units where they may not sign."""

    code = "import_elsewhere"


class ImportNotSignable(Refusal):
    """The run is no dry run, is not at its end, or is signed off."""

    code = "import_not_signable"


class GroupNameWrong(Refusal):
    """A group's name has 1 to `most` characters, and nothing unseen among them."""

    code = "group_name_wrong"


class GroupNameTaken(Refusal):
    """The caller has a group of this name already."""

    code = "group_name_taken"


class TooManyGroups(Refusal):
    """The caller has as many groups as one person may have; `most` is that number."""

    code = "too_many_groups"


class TooManyMembers(Refusal):
    """The group would have more accounts than one may have; `most` is that number."""

    code = "too_many_members"


class EmailWrong(Refusal):
    """What was typed is no e-mail address."""

    code = "email_wrong"


class DetailsChanged(Refusal):
    """Somebody told something of the account after what the caller saw of it."""

    code = "details_changed"


class HouseholdWrong(Refusal):
    """The number of people is not one of 1 to 99."""

    code = "household_wrong"


class CorrectionWrong(Refusal):
    """What is proposed is no such value, or is what is known already."""

    code = "correction_wrong"


class CorrectionDateWrong(Refusal):
    """A dated thing is another from a day on that is neither after today nor before what is known of it."""

    code = "correction_date_wrong"


class DocumentMissing(Refusal):
    """Nothing says which document shows what is right."""

    code = "document_missing"


class CustomerShared(Refusal):
    """Accounts in other units show it, too: what is a customer's or premises' is changed by whoever may in all."""

    code = "customer_shared"


class CorrectionOutdated(Refusal):
    """The account has another holder or what is to be corrected changed by now, or what was proposed is forgotten.

    It can only be refused.
    """

    code = "correction_outdated"


class EntitlementWrong(Refusal):
    """A field of an entitlement (`field`: kind, value, valid_to or document) is not as it must be."""

    code = "entitlement_wrong"


class EntitlementUnknown(Refusal):
    """The account has no such entitlement."""

    code = "entitlement_unknown"


class EntitlementsOverlap(Refusal):
    """Another entitlement of this kind holds on some of these days: it must end first."""

    code = "entitlements_overlap"
