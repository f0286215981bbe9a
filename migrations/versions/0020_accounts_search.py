"""What staff search by: addresses in clear by their neighbouring characters, and accounts of premises."""

from alembic import op

revision = "0020_accounts_search"
down_revision = "0019_payments_together"
branch_labels = None
depends_on = None

SQL = """
-- Neighbouring characters of a text: width, case and spaces do not matter. `services/accounts/rules.py` makes the same of what is searched.
create function text_pairs(p_text text) returns text[] language sql immutable parallel safe
begin atomic
  select array_agg(distinct substr(n.t, g.at, 2))
  from (select regexp_replace(lower(normalize(p_text, nfkc)), '\\s', '', 'g') as t) n, generate_series(1, length(n.t) - 1) g (at);
end;
create index ix_premises_address on premises using gin (text_pairs(premises_address(district, street, building)));
create index ix_account_premises_id on account (premises_id);

-- What staff write about an account for each other: never changed and never taken back.
create table account_note (
  account_id bigint not null,
  id uuid not null,
  written_by uuid not null,
  written_at timestamptz not null,
  text text not null,
  constraint pk_account_note primary key (account_id, id),
  constraint fk_account_note_account_id foreign key (account_id) references account (id),
  constraint fk_account_note_written_by foreign key (written_by) references staff (id),
  constraint ck_account_note_text check (length(text) between 1 and 2000)
);
create trigger refuse_change before update or delete or truncate on account_note for each statement execute function refuse_change();
grant select, insert on account_note to wattline_app;
"""


def upgrade() -> None:
    """Make what search and notes need."""
    op.execute(SQL)
