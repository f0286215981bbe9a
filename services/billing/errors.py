"""Anticipated refusals of billing."""

from core.errors import Refusal


class TooManyBills(Refusal):
    """More bills than one file may have; `most` is that number."""

    code = "too_many_bills"
