"""Copies of a person's data for that person, and erasure after a time in which it may be taken back."""

from alembic import op

revision = "0023_identity_erasure"
down_revision = "0022_core_forgetting"
branch_labels = None
depends_on = None

SQL = """
alter table otp_challenge drop constraint ck_otp_challenge_purpose,
  add constraint ck_otp_challenge_purpose check (purpose in ('sign_in', 'erase'));

-- One per person: asked for, then ready to be taken once. Taken, expired or erased, the row is gone.
create table data_export (
  user_id uuid not null,
  id uuid not null,
  asked_at timestamptz not null,
  made_at timestamptz,
  expires_at timestamptz,
  document_sealed bytea,
  constraint pk_data_export primary key (user_id),
  constraint uq_data_export_id unique (id),
  constraint fk_data_export_user_id foreign key (user_id) references app_user (id),
  constraint ck_data_export_made check ((made_at is null) = (document_sealed is null) and (made_at is null) = (expires_at is null))
);
create index ix_data_export_asked_at on data_export (asked_at) where made_at is null;
create index ix_data_export_expires_at on data_export (expires_at) where made_at is not null;

-- One per person who asked to be erased; taken back, the row is gone. What is done stays as evidence, under an id that
-- leads to nobody: hence no foreign key.
create table erasure (
  user_id uuid not null,
  asked_at timestamptz not null,
  due_at timestamptz not null,
  done_at timestamptz,
  constraint pk_erasure primary key (user_id),
  constraint ck_erasure_period check (due_at >= asked_at)
);
create index ix_erasure_due_at on erasure (due_at) where done_at is null;

grant delete on wechat_follower to wattline_app;
grant select, insert, update, delete on data_export, erasure to wattline_app;
-- The application deletes no person but one who asked for it.
create function identity_erase(p_user uuid) returns void language sql security definer set search_path = public, pg_temp as $$
  delete from app_user u where u.id = p_user
    and exists (select from erasure e where e.user_id = u.id and e.done_at is null)
$$;
revoke all on function identity_erase from public;
grant execute on function identity_erase to wattline_app;
"""


def upgrade() -> None:
    op.execute(SQL)
