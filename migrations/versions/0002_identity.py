"""People, one-time codes, sessions and tokens."""

from alembic import op

revision = "0002_identity"
down_revision = "0001_core"
branch_labels = None
depends_on = None

SQL = """
-- `phone_blind` is a keyed hash: it finds a person by telephone number without showing the number.
create table app_user (
  id uuid not null,
  kind text not null,
  phone_sealed bytea not null,
  phone_blind bytea not null,
  phone_masked text not null,
  locale text not null,
  created_at timestamptz not null,
  signed_in_at timestamptz not null,
  constraint pk_app_user primary key (id),
  constraint uq_app_user_phone_blind unique (phone_blind),
  constraint ck_app_user_kind check (kind in ('user')),
  constraint ck_app_user_phone_blind check (length(phone_blind) = 16)
) with (fillfactor = 90);

-- `sending` stays null while the provider is asked, and for ever when the process died meanwhile: the code is good all the same.
-- A withheld code was never sent because its phone had too many; its hash matches nothing.
create table otp_challenge (
  id uuid not null,
  phone_blind bytea not null,
  device_blind bytea not null,
  purpose text not null,
  code_hash bytea not null,
  state text not null,
  tries smallint not null,
  sending text,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  constraint pk_otp_challenge primary key (id),
  constraint ck_otp_challenge_purpose check (purpose in ('sign_in')),
  constraint ck_otp_challenge_state check (state in ('open', 'used', 'burnt', 'voided')),
  constraint ck_otp_challenge_sending check (sending in ('accepted', 'refused', 'unknown', 'withheld')),
  constraint ck_otp_challenge_tries check (tries between 0 and 5),
  constraint ck_otp_challenge_burnt check ((state = 'burnt') = (tries = 5)),
  constraint ck_otp_challenge_period check (expires_at > created_at)
) with (fillfactor = 80);
create index ix_otp_challenge_phone_blind on otp_challenge (phone_blind, created_at);
create index ix_otp_challenge_created_at on otp_challenge (created_at);
-- A later code voids the earlier: one living code per phone and purpose.
create unique index uq_otp_challenge_living on otp_challenge (phone_blind, purpose)
  where state = 'open' and sending is distinct from 'withheld';

-- One row per phone, device or network: the moments at which codes were granted, so that a limit holds for every hour and not for calendar
-- hours. Never longer than the limit itself.
create table sign_in_limit (
  kind text not null,
  key bytea not null,
  hits timestamptz[] not null,
  constraint pk_sign_in_limit primary key (kind, key),
  constraint ck_sign_in_limit_kind check (kind in ('phone', 'device', 'address')),
  constraint ck_sign_in_limit_hits check (cardinality(hits) between 1 and 1000)
) with (fillfactor = 70);

create table sign_in_budget (
  day date not null,
  shard smallint not null,
  sent integer not null,
  constraint pk_sign_in_budget primary key (day, shard),
  constraint ck_sign_in_budget_shard check (shard between 0 and 15),
  constraint ck_sign_in_budget_sent check (sent >= 0)
) with (fillfactor = 50);

-- A signed-in device: an app with refresh tokens, or a browser with a cookie. `generation` counts its refresh tokens.
create table session_family (
  id uuid not null,
  user_id uuid not null,
  kind text not null,
  device_name text not null,
  created_at timestamptz not null,
  last_used_at timestamptz not null,
  idle_until timestamptz not null,
  expires_at timestamptz not null,
  generation integer not null,
  rotated_at timestamptz not null,
  browser_hash bytea,
  revoked_at timestamptz,
  revoked_why text,
  constraint pk_session_family primary key (id),
  constraint fk_session_family_user_id foreign key (user_id) references app_user (id),
  constraint uq_session_family_browser_hash unique (browser_hash),
  constraint ck_session_family_kind check (kind in ('app', 'browser')),
  constraint ck_session_family_browser check ((kind = 'browser') = (browser_hash is not null)),
  constraint ck_session_family_revoked check ((revoked_at is null) = (revoked_why is null)),
  constraint ck_session_family_why check (revoked_why in ('signed_out', 'revoked', 'replaced', 'reuse')),
  constraint ck_session_family_idle check (idle_until <= expires_at),
  constraint ck_session_family_device_name check (length(device_name) between 1 and 80)
) with (fillfactor = 80);
create index ix_session_family_user_id on session_family (user_id) where revoked_at is null;
create index ix_session_family_expires_at on session_family (expires_at);

-- Never changed: whether a token is current is told by its family's generation, which the refresh locks.
create table refresh_token (
  token_hash bytea not null,
  family_id uuid not null,
  generation integer not null,
  constraint pk_refresh_token primary key (token_hash),
  constraint fk_refresh_token_family_id foreign key (family_id) references session_family (id) on delete cascade,
  constraint uq_refresh_token_family_id_generation unique (family_id, generation),
  constraint ck_refresh_token_hash check (length(token_hash) = 32)
);

-- The one decision whether a session may still act: a row when it may. Hot reads call it in their own statement, so a revoked session stops
-- at once. A table, for PostgreSQL plans such a function as a part of the statement.
create function living_session(p_session uuid, p_now timestamptz default now())
returns table (user_id uuid) language sql stable parallel safe as $$
  select user_id from session_family where id = p_session and revoked_at is null and idle_until > p_now
$$;

grant select, insert, update on app_user to wattline_app;
grant select, insert, update, delete on otp_challenge, sign_in_limit, sign_in_budget, session_family to wattline_app;
grant select, insert on refresh_token to wattline_app;
"""


def upgrade() -> None:
    """People, one-time codes, sessions and tokens."""
    op.execute(SQL)
