"""A program may be bound to the networks that it calls from: its secret and its tokens open nothing elsewhere."""

from alembic import op

revision = "0042_identity_networks"
down_revision = "0041_billing_modes"
branch_labels = None
depends_on = None

SQL = """
alter table service_client
  add column networks cidr[] not null default '{}',
  add constraint ck_service_client_networks check (cardinality(networks) <= 20);

-- Whether a program may call from an address: from everywhere when it names no network. Null is an address that nobody knows.
create function service_calls_from(p_networks cidr[], p_address inet) returns boolean language sql immutable parallel safe as $$
  select p_networks = '{}' or coalesce((select bool_or(p_address <<= n) from unnest(p_networks) n), false)
$$;

-- The one decision whether a program may still act by a token that this secret earned, from where it calls: its scopes as they are now, or no row.
create function living_service_at(p_client uuid, p_secret uuid, p_address inet, p_now timestamptz default now())
returns table (scopes text[]) language sql stable parallel safe as $$
  select c.scopes from service_client c join service_client_secret s on s.service_client_id = c.id
  where c.id = p_client and s.id = p_secret and c.state = 'active' and (s.expires_at is null or s.expires_at > p_now)
    and service_calls_from(c.networks, p_address)
$$;

-- Asked by the release before, which does not say from where: nothing is opened by it to a program that names networks.
create or replace function living_service(p_client uuid, p_secret uuid, p_now timestamptz default now())
returns table (scopes text[]) language sql stable parallel safe as $$
  select l.scopes from living_service_at(p_client, p_secret, null, p_now) l
$$;
"""


def upgrade() -> None:
    """Let programs name their networks."""
    op.execute(SQL)
