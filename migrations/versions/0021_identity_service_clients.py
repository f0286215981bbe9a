"""Programs of the supplier that sign in: their scopes, and secrets of which two live while one takes over from the other."""

from alembic import op

revision = "0021_identity_service_clients"
down_revision = "0020_accounts_search"
branch_labels = None
depends_on = None

SQL = """
create table service_client (
  id uuid not null,
  client_id text not null,
  name text not null,
  scopes text[] not null,
  state text not null,
  created_at timestamptz not null,
  last_used_at timestamptz,
  constraint pk_service_client primary key (id),
  constraint uq_service_client_client_id unique (client_id),
  constraint uq_service_client_name unique (name),
  constraint ck_service_client_state check (state in ('active', 'disabled')),
  constraint ck_service_client_name check (length(name) between 1 and 80)
) with (fillfactor = 80);

-- Digests of 256 random bits: nothing is gained by making them slow, and whoever asks often would be.
create table service_client_secret (
  id uuid not null,
  service_client_id uuid not null,
  secret_hash bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  constraint pk_service_client_secret primary key (id),
  constraint fk_service_client_secret_service_client_id foreign key (service_client_id) references service_client (id),
  constraint uq_service_client_secret_secret_hash unique (secret_hash),
  constraint ck_service_client_secret_hash check (length(secret_hash) = 32)
);
create index ix_service_client_secret_service_client_id on service_client_secret (service_client_id);

alter table sign_in_limit drop constraint ck_sign_in_limit_kind,
  add constraint ck_sign_in_limit_kind check (kind in ('phone', 'device', 'address', 'service'));

-- The one decision whether a program may still act by a token that this secret earned: its scopes as they are now, or no row.
create function living_service(p_client uuid, p_secret uuid, p_now timestamptz default now())
returns table (scopes text[]) language sql stable parallel safe as $$
  select c.scopes from service_client c join service_client_secret s on s.service_client_id = c.id
  where c.id = p_client and s.id = p_secret and c.state = 'active' and (s.expires_at is null or s.expires_at > p_now)
$$;

grant select, insert, update on service_client, service_client_secret to wattline_app;
"""


def upgrade() -> None:
    op.execute(SQL)
