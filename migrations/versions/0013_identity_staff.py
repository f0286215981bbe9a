"""Staff, their sessions, invitations and recovery codes."""

from alembic import op

revision = "0013_identity_staff"
down_revision = "0012_notifications_invitations"
branch_labels = None
depends_on = None

SQL = """
-- `totp_step` is the last time step whose code was taken: a code works once. `failures` counts wrong codes that came with the right
-- password since the last sign-in, and `blocked_until` how long none is taken.
create table staff (
  id uuid not null,
  name text not null,
  display_name text not null,
  state text not null,
  password_hash text,
  totp_sealed bytea,
  totp_step bigint,
  failures integer not null default 0,
  blocked_until timestamptz,
  created_at timestamptz not null,
  signed_in_at timestamptz,
  disabled_at timestamptz,
  constraint pk_staff primary key (id),
  constraint uq_staff_name unique (name),
  constraint ck_staff_name check (name ~ '^[a-z0-9][a-z0-9._-]{1,62}$'),
  constraint ck_staff_display_name check (length(display_name) between 1 and 80),
  constraint ck_staff_state check (state in ('invited', 'active', 'disabled')),
  constraint ck_staff_active check (state <> 'active' or (password_hash is not null and totp_sealed is not null)),
  constraint ck_staff_disabled check ((state = 'disabled') = (disabled_at is not null)),
  constraint ck_staff_password check (password_hash like '$argon2id$%'),
  constraint ck_staff_failures check (failures >= 0)
) with (fillfactor = 80);

-- `stepped_up_at` is when a fresh code was last given in this session.
create table staff_session (
  id uuid not null,
  staff_id uuid not null,
  cookie_hash bytea not null,
  device_name text not null,
  created_at timestamptz not null,
  last_used_at timestamptz not null,
  idle_until timestamptz not null,
  expires_at timestamptz not null,
  stepped_up_at timestamptz,
  ended_at timestamptz,
  ended_why text,
  constraint pk_staff_session primary key (id),
  constraint fk_staff_session_staff_id foreign key (staff_id) references staff (id),
  constraint uq_staff_session_cookie_hash unique (cookie_hash),
  constraint ck_staff_session_cookie_hash check (length(cookie_hash) = 32),
  constraint ck_staff_session_device_name check (length(device_name) between 1 and 80),
  constraint ck_staff_session_idle check (idle_until <= expires_at),
  constraint ck_staff_session_ended check ((ended_at is null) = (ended_why is null)),
  constraint ck_staff_session_why check (ended_why in ('signed_out', 'revoked', 'replaced', 'disabled', 'reset', 'password'))
) with (fillfactor = 80);
create index ix_staff_session_staff_id on staff_session (staff_id) where ended_at is null;
create index ix_staff_session_expires_at on staff_session (expires_at);

-- What lets somebody set what they sign in with: all of it (`join`), or one of the two while the other proves them. One living per person.
create table staff_invitation (
  id uuid not null,
  staff_id uuid not null,
  purpose text not null,
  token_hash bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  voided_at timestamptz,
  constraint pk_staff_invitation primary key (id),
  constraint fk_staff_invitation_staff_id foreign key (staff_id) references staff (id),
  constraint uq_staff_invitation_token_hash unique (token_hash),
  constraint ck_staff_invitation_purpose check (purpose in ('join', 'second_factor', 'password')),
  constraint ck_staff_invitation_token_hash check (length(token_hash) = 32),
  constraint ck_staff_invitation_period check (expires_at > created_at)
);
create unique index uq_staff_invitation_living on staff_invitation (staff_id) where used_at is null and voided_at is null;

create table staff_recovery_code (
  staff_id uuid not null,
  code_hash bytea not null,
  used_at timestamptz,
  constraint pk_staff_recovery_code primary key (staff_id, code_hash),
  constraint fk_staff_recovery_code_staff_id foreign key (staff_id) references staff (id),
  constraint ck_staff_recovery_code_hash check (length(code_hash) = 32)
);

grant select, insert, update on staff, staff_invitation to wattline_app;
grant select, insert, update, delete on staff_session to wattline_app;
grant delete on staff_invitation to wattline_app;
grant select, insert, update, delete on staff_recovery_code to wattline_app;
"""


def upgrade() -> None:
    """Make the tables of staff."""
    op.execute(SQL)
