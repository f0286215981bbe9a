"""What a form does that is kept while a code is asked for: in words, what it is about, and whether it can be undone."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote


@dataclass(frozen=True)
class Act:
    """What a form does. `is_final`: nothing takes it back, so only the person sends it."""

    name: str
    about: str
    is_final: bool


def act_of(say: Callable[[str], str], to: str, fields: Sequence[tuple[str, str]]) -> Act:
    """What the form does that goes `to` an address of ours; of an unknown one only its fields are known."""
    _ = say
    acts = (
        (r"/staff/suspense/many", _("Give many sums to the accounts that they came for"), True),
        (r"/staff/suspense/(\d+)/assign", _("Give a sum without a place to an account"), True),
        (r"/staff/suspense/(\d+)/return", _("Send a sum without a place back to its payer"), True),
        (r"/staff/suspense/(\d+)/match", _("Close a claim that is no money of its own"), True),
        (r"/staff/suspense/(\d+)/decide", _("Decide who bears what went out twice"), True),
        (r"/staff/approvals/[^/]+/approve", _("Approve a request"), True),
        (r"/staff/me/recovery-codes", _("Make new recovery codes"), True),
        (r"/staff/webhooks/[^/]+/secret", _("Make a new secret for a webhook"), True),
        (r"/staff/webhooks/[^/]+/delete", _("Delete a webhook"), True),
        (r"/staff/webhooks/.+/(?:replay|set-aside)", _("Tell a webhook again, or set something aside"), True),
        (r"/staff/webhooks/.+", _("Add or change a webhook"), False),
        (r"/staff/people/.+", _("Change who may sign in or do what"), False),
        (r"/staff/accounts/([^/]+)/(?:reveal|look)", _("See what is hidden of an account"), False),
        (r"/staff/payments/([^/]+)/callbacks/.+", _("See what is hidden of a payment"), False),
        (r"/staff/gaps/([^/]+)(?:/correct)?", _("Change what is known of an account"), False),
        (r"/staff/tariffs/([^/]+)/.+/propose", _("Ask that a version of a tariff be published"), False),
        (r"/staff/entitlements/([^/]+)(?:/.+)?", _("Change entitlements of an account"), False),
        (r"/staff/calendar/.+", _("Change what is known of days"), False),
        (r"/staff/.+/export", _("Have a list written to a file"), False),
    )
    for pattern, name, is_final in acts:
        found = re.fullmatch(pattern, to)
        if found:
            sums = sum(field == "sum" for field, _value in fields)
            about = unquote(found[1] or "") if found.groups() else str(sums or "")
            typed = next((value for field, value in fields if field == "account_no"), "")
            return Act(name, " → ".join(filter(None, (about, typed))), is_final)
    return Act(_("What you filled in"), "", is_final=True)
