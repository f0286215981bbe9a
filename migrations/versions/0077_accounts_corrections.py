"""Corrections of every locked field: of premises and of dated things, with their document, and asked again when decided."""

from alembic import op

revision = "0077_accounts_corrections"
down_revision = "0076_accounts_notes_struck"
branch_labels = None
depends_on = None

SQL = """
-- `effective_on`: from which day a dated thing (meter, agreement) is another. `before_said`: what stood there when it was proposed, as `file_said`
-- says it; corrections of an earlier release have none.
alter table data_correction
  add column premises_id bigint,
  add column effective_on date,
  add column document text not null default '',
  add column before_said text,
  add constraint fk_data_correction_premises_id foreign key (premises_id) references premises (id),
  drop constraint ck_data_correction_field,
  add constraint ck_data_correction_field check (field in (
    'name', 'kind', 'use_class', 'district', 'street', 'building', 'door', 'meter', 'tariff', 'payment_mode')),
  add constraint ck_data_correction_dated check ((field in ('meter', 'tariff', 'payment_mode')) = (effective_on is not null));

drop index uq_data_correction_name, uq_data_correction_class;
create unique index uq_data_correction_customer on data_correction (customer_id, field) where file_said is not null and field in ('name', 'kind');
create unique index uq_data_correction_premises on data_correction (premises_id, field) where file_said is not null
  and field in ('district', 'street', 'building');
create unique index uq_data_correction_account on data_correction (account_id, field) where file_said is not null
  and field in ('use_class', 'meter', 'tariff', 'payment_mode');
create index ix_data_correction_agreement on data_correction (account_id, effective_on) where applied_at is not null
  and field in ('tariff', 'payment_mode');
"""


def upgrade() -> None:
    """Add what more can be corrected, and by what each correction holds against files."""
    op.execute(SQL)
