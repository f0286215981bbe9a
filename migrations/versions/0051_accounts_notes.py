"""Notes of staff know whose account it was when they were written, and may be emptied when that customer is erased."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0051_accounts_notes"
down_revision = "0050_payments_matched"
branch_labels = None
depends_on = None

FUNCTIONS: Final = Path(__file__).parents[1] / "sql" / "accounts_notes.sql"
BEFORE: Final = """
drop trigger refuse_change on account_note;
alter table account_note add column customer_id bigint, add column erased_at timestamptz,
  drop constraint ck_account_note_text,
  add constraint ck_account_note_text check (length(text) <= 2000 and (length(text) = 0) = (erased_at is not null));
-- The earlier side of the first change of holder since it was written, else who holds the account now.
update account_note n set customer_id = coalesce(
  (select (u.before ->> 'customer_id')::bigint from audit u
   where u.subject = 'account:' || n.account_id and u.act = 'accounts.holder_changed' and u.recorded_at > n.written_at
   order by u.id limit 1),
  (select a.customer_id from account a where a.id = n.account_id));
update account_note n set text = '', erased_at = c.erased_at from customer c where c.id = n.customer_id and c.erased_at is not null;
alter table account_note alter column customer_id set not null,
  add constraint fk_account_note_customer_id foreign key (customer_id) references customer (id);
create index ix_account_note_customer_id on account_note (customer_id);
"""
AFTER: Final = """
create trigger holder before insert on account_note for each row execute function account_note_holder();
create trigger refuse_change before delete or truncate on account_note for each statement execute function refuse_change();
create trigger keep before update on account_note for each row execute function keep_note();
"""


def upgrade() -> None:
    """Say whose, and let what a note says go."""
    op.execute(BEFORE)
    op.execute(FUNCTIONS.read_text(encoding="utf-8"))
    op.execute(AFTER)
