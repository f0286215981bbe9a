"""Requests outlive whom they were about: who asked, who decided and when stays, what they typed does not.

Files of lists that tell of people are written anew.
"""

from collections.abc import Sequence

from core import audit
from core.audit import Span
from core.db import WriteSession
from services.casework.operations.files import write_files_anew

_STRIKE = """
update approval_request r set reason = '***', decided_why = case when r.decided_why is not null then '***' end,
  payload = r.payload || case when r.payload ? 'why' then '{"why": "***"}'::jsonb else '{}' end
from unnest(cast(:subjects as text[]), cast(:since as timestamptz[]), cast(:until as timestamptz[]))
  s (subject, since, until)
where split_part(r.subject, ':', 1) || ':' || split_part(r.subject, ':', 2) = s.subject
  and r.requested_at between coalesce(s.since, '-infinity') and coalesce(s.until, 'infinity')
"""


def strike_reasons(session: WriteSession, *, about: Sequence[Span]) -> None:
    """Strike out the reasons that staff typed about these subjects, in the audit log and in requests.

    Of an open request the decider sees that its reason is gone. Files of the log are written anew.
    ix_approval_request_about serves it.
    """
    audit.strike_reasons(session, about=about)
    write_files_anew(session)
    session.sql(
        _STRIKE,
        subjects=[each.subject for each in about],
        since=[each.since for each in about],
        until=[each.until for each in about],
    )
