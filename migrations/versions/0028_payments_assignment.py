"""Who gave money of suspense its place, and where that is."""

from alembic import op

revision = "0028_payments_assignment"
down_revision = "0027_accounts_serving"
branch_labels = None
depends_on = None

SQL = """
-- `assignment_id` is the source of both transactions of the ledger: out of the book where the money waited, into that of the account.
alter table payment_suspense
  add column assigned_account_id bigint,
  add column assignment_id uuid,
  add column assigned_by uuid,
  add column assigned_at timestamptz,
  add constraint fk_payment_suspense_assigned_account_id foreign key (assigned_account_id) references account (id),
  add constraint fk_payment_suspense_assigned_by foreign key (assigned_by) references staff (id),
  add constraint ck_payment_suspense_assigned check (
    num_nonnulls(assigned_account_id, assignment_id, assigned_by, assigned_at) in (0, 4) and (state = 'assigned' or assignment_id is null));
"""


def upgrade() -> None:
    """Add what an assignment leaves."""
    op.execute(SQL)
