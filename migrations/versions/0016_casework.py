"""Two-person approval: what one asks and another decides."""

from alembic import op

revision = "0016_casework"
down_revision = "0015_accounts_audit"
branch_labels = None
depends_on = None

SQL = """
-- What somebody asks to have done, as a document of its kind, until another decides. `decision_proved_at` is when the decider gave a fresh code.
create table approval_request (
  id uuid not null,
  kind text not null,
  subject text not null,
  unit_id integer not null,
  amount_minor bigint,
  currency text,
  payload jsonb not null,
  reason text not null,
  state text not null,
  requested_by uuid not null,
  requested_at timestamptz not null,
  expires_at timestamptz not null,
  decided_by uuid,
  decided_at timestamptz,
  decided_why text,
  decision_proved_at timestamptz,
  constraint pk_approval_request primary key (id),
  constraint fk_approval_request_unit_id foreign key (unit_id) references unit (id),
  constraint fk_approval_request_requested_by foreign key (requested_by) references staff (id),
  constraint fk_approval_request_decided_by foreign key (decided_by) references staff (id),
  constraint ck_approval_request_kind check (kind ~ '^[a-z_]+[.][a-z_]+$'),
  constraint ck_approval_request_subject check (length(subject) between 1 and 200),
  constraint ck_approval_request_reason check (length(reason) between 1 and 500),
  constraint ck_approval_request_why check (length(decided_why) <= 500),
  constraint ck_approval_request_amount check ((amount_minor is null) = (currency is null)),
  constraint ck_approval_request_state check (state in ('requested', 'approved', 'refused', 'withdrawn', 'expired')),
  constraint ck_approval_request_second_person check (decided_by <> requested_by),
  constraint ck_approval_request_decided check ((state in ('approved', 'refused')) = (decided_by is not null)),
  constraint ck_approval_request_proved check (state <> 'approved' or decision_proved_at is not null),
  constraint ck_approval_request_closed check ((state = 'requested') = (decided_at is null)),
  constraint ck_approval_request_period check (expires_at > requested_at)
) with (fillfactor = 80);
-- One open request about a thing: two approvals of the same would do it twice.
create unique index uq_approval_request_open on approval_request (kind, subject) where state = 'requested';
create index ix_approval_request_requested_by on approval_request (requested_by, id);
create index ix_approval_request_unit_id on approval_request (unit_id, id) where state = 'requested';

grant select, insert, update on approval_request to wattline_app;
"""


def upgrade() -> None:
    """Make requests for approval."""
    op.execute(SQL)
