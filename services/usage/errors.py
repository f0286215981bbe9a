"""Anticipated refusals of usage."""

from core.errors import Refusal


class DryRunUnknown(Refusal):
    """There is no such dry run, or none that the caller may see: the answer is the same."""

    code = "dry_run_unknown"


class DryRunsMany(Refusal):
    """The caller has asked for as many dry runs as are worked on or kept at a time (`open`, `kept`)."""

    code = "dry_runs_many"
