"""Corrections of locked data that two persons stand for, and how they hold against files that repeat what was wrong."""

from alembic import op

revision = "0048_accounts_corrections"
down_revision = "0047_accounts_grants"
branch_labels = None
depends_on = None

SQL = """
-- A proposal until it is applied; then, as long as files repeat what was wrong (`file_said`: a keyed hash of the name, the class in clear), it holds
-- against them. A file that says anything else ends that. What is proposed lies sealed until it is decided, or nobody decided in time.
create table data_correction (
  id uuid not null,
  account_id bigint not null,
  customer_id bigint not null,
  field text not null,
  before_shown text not null,
  after_shown text not null,
  after_sealed bytea,
  file_said text,
  proposed_at timestamptz not null,
  applied_at timestamptz,
  constraint pk_data_correction primary key (id),
  constraint fk_data_correction_account_id foreign key (account_id) references account (id),
  constraint fk_data_correction_customer_id foreign key (customer_id) references customer (id),
  constraint ck_data_correction_field check (field in ('name', 'use_class')),
  constraint ck_data_correction_holds check (file_said is null or applied_at is not null),
  constraint ck_data_correction_open check (applied_at is null or after_sealed is null)
);
create unique index uq_data_correction_name on data_correction (customer_id) where file_said is not null and field = 'name';
create unique index uq_data_correction_class on data_correction (account_id) where file_said is not null and field = 'use_class';
create index ix_data_correction_customer_id on data_correction (customer_id);
create index ix_data_correction_open on data_correction (proposed_at) where after_sealed is not null;

grant select, insert, update on data_correction to wattline_app;

insert into staff_role_permission (role, permission) values
  ('agent', 'accounts.correct'), ('manager', 'accounts.correct'), ('admin', 'accounts.correct'),
  ('manager', 'accounts.approve'), ('admin', 'accounts.approve');
"""


def upgrade() -> None:
    """Make the table, and say who may ask and who decides."""
    op.execute(SQL)
