"""Anticipated refusals of accounts."""

from core.errors import Refusal


class LinkRefused(Refusal):
    """The proof does not hold, or there is no such account: the answer is the same."""

    code = "link_refused"


class LinkLimited(Refusal):
    """Too many failed proofs by this person or for this account number within a day."""

    code = "link_limited"
