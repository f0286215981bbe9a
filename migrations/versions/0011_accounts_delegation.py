"""People whom an owner lets pay or view: invitations, what a grant shows, whose it is, and why it ended."""

from pathlib import Path

from alembic import op

revision = "0011_accounts_delegation"
down_revision = "0010_core_keys"
branch_labels = None
depends_on = None

GRANTS = """
-- What a grant shows is its `scope`: bills with all their lines, or their totals alone. A grant that somebody gave (`granted_by`) ends
-- with the access of the giver. Why it ended is told since `ended_why` is there; by a change of holder, who that had been as well.
alter table access_grant
  add column scope text not null default 'full',
  add column granted_by uuid,
  add column ended_why text,
  add column ended_holder_id bigint,
  add constraint fk_access_grant_granted_by foreign key (granted_by) references app_user (id),
  add constraint fk_access_grant_ended_holder_id foreign key (ended_holder_id) references customer (id),
  add constraint ck_access_grant_scope check (scope in ('full', 'totals')),
  add constraint ck_access_grant_owner check (role <> 'owner' or scope = 'full' and granted_by is null),
  add constraint ck_access_grant_ended_why check (ended_why in ('given_up', 'revoked', 'replaced', 'giver_gone', 'holder_changed')),
  add constraint ck_access_grant_ended check (ended_why is null or revoked_at is not null),
  add constraint ck_access_grant_ended_holder check ((ended_why is not distinct from 'holder_changed') = (ended_holder_id is not null));
create index ix_access_grant_delegated on access_grant (account_id) where role <> 'owner';

-- Since when the amount of the latest bill is known here: whoever could see it then, or later, proves nothing by it.
-- Since when the present holder has it, where that changed: bills of before are the earlier one's.
alter table account add column last_bill_told_at timestamptz, add column holder_since date;
"""

INVITATIONS = """
-- The telephone lies sealed while the invitation is open, for the one message; afterwards its mask and its keyed hash are left.
create table access_invitation (
  id uuid not null,
  account_id bigint not null,
  invited_by uuid not null,
  phone_sealed bytea,
  phone_blind bytea not null,
  phone_masked text not null,
  role text not null,
  scope text not null,
  access_until timestamptz,
  state text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  constraint pk_access_invitation primary key (id),
  constraint fk_access_invitation_account_id foreign key (account_id) references account (id),
  constraint fk_access_invitation_invited_by foreign key (invited_by) references app_user (id),
  constraint ck_access_invitation_role check (role in ('payer', 'viewer')),
  constraint ck_access_invitation_scope check (scope in ('full', 'totals')),
  constraint ck_access_invitation_state check (state in ('open', 'accepted', 'declined', 'withdrawn', 'expired')),
  constraint ck_access_invitation_ended check ((state = 'open') = (ended_at is null) and (state = 'open') = (phone_sealed is not null)),
  constraint ck_access_invitation_period check (expires_at > created_at)
) with (fillfactor = 80);
create unique index uq_access_invitation_open on access_invitation (account_id, phone_blind) where state = 'open';
create index ix_access_invitation_phone_blind on access_invitation (phone_blind, created_at);
create index ix_access_invitation_invited_by on access_invitation (invited_by, created_at);
create index ix_access_invitation_created_at on access_invitation (created_at);

grant select, insert, update, delete on access_invitation to wattline_app;
"""


def upgrade() -> None:
    op.execute(GRANTS)
    op.execute(INVITATIONS)
    op.execute((Path(__file__).parents[1] / "sql" / "accounts_access.sql").read_text(encoding="utf-8"))
