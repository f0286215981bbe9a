"""About money in suspense one request waits at a time, and what was decided otherwise no longer waits."""

from typing import Final

from alembic import op

revision = "0061_casework_one_request"
down_revision = "0060_notifications_about"
branch_labels = None
depends_on = None

SQL: Final = """
alter table approval_request
  drop constraint ck_approval_request_state,
  add constraint ck_approval_request_state check (state in ('requested', 'approved', 'refused', 'withdrawn', 'expired', 'overtaken'));

-- The first that was asked about a sum stays; of what has its place already none does.
update approval_request r set state = 'overtaken', decided_at = now()
where r.state = 'requested' and r.subject like 'suspense:%' and (
  exists (select from approval_request f where f.subject = r.subject and f.state = 'requested' and f.id < r.id)
  or r.kind <> 'payments.decide_refund' and exists (
    select from payment_suspense s where 'suspense:' || s.id = r.subject and s.state <> 'open'));

-- By subject first: whatever is asked about something is found by it.
drop index uq_approval_request_open;
create unique index uq_approval_request_open on approval_request (subject, kind) where state = 'requested';
create unique index uq_approval_request_suspense on approval_request (subject) where state = 'requested' and subject like 'suspense:%';
"""


def upgrade() -> None:
    """Close what contradicts, and let the database refuse it from now on."""
    op.execute(SQL)
