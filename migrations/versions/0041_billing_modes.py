"""From which day on an account is billed here, and not by a system outside."""

from alembic import op

revision = "0041_billing_modes"
down_revision = "0040_identity_lookups"
branch_labels = None
depends_on = None

SQL = """
-- No row: the account's bills come from outside. Bills of periods that begin on `native_from` or later do not, from then on.
create table billing_mode (
  account_id bigint not null,
  native_from date not null,
  changed_at timestamptz not null,
  constraint pk_billing_mode primary key (account_id),
  constraint fk_billing_mode_account_id foreign key (account_id) references account (id)
);
grant select, insert, update, delete on billing_mode to wattline_app;
"""


def upgrade() -> None:
    op.execute(SQL)
