"""Anticipated refusals of casework."""

from core.errors import Refusal


class RequestUnknown(Refusal):
    """There is no such request, or none that the caller may see: the answer is the same."""

    code = "request_unknown"


class RequestOver(Refusal):
    """The request was decided or withdrawn already, or nobody decided in time."""

    code = "request_over"


class RequestOpen(Refusal):
    """The same, or something else about the same money, is asked for already and not decided."""

    code = "request_open"


class OwnRequest(Refusal):
    """Nobody decides about what they asked for themselves."""

    code = "own_request"


class NotApart(Refusal):
    """One of the two brought the other in, or gave them the right to decide: they could be one person."""

    code = "not_apart"


class NotJoined(Refusal):
    """A role that decides is for somebody who signs in already, so that whoever approves it knows for whom."""

    code = "not_joined"


class RequesterLost(Refusal):
    """Whoever asked may not ask for this any more: the request can only be refused."""

    code = "requester_lost"


class ReasonMissing(Refusal):
    """A request and a refusal need a reason of 1 to 500 characters."""

    code = "reason_missing"


class FilesMany(Refusal):
    """As many files are being written for the caller as may be at once (`open`), or kept (`kept`)."""

    code = "files_many"
