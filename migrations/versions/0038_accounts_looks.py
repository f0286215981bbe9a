"""Staff who look at an account as one of its people sees it."""

from alembic import op

revision = "0038_accounts_looks"
down_revision = "0037_core_rounds"
branch_labels = None
depends_on = None

SQL = """
-- A look is over when it is ended, at its time, with the session of the console in which it was begun (`session_id`), with the person's grant
-- (`grant_id`), and when its member of staff may not look there any more: what decides is read anew for each page. A browser has one at a time.
create table account_look (
  id uuid not null,
  staff_id uuid not null,
  session_id uuid not null,
  account_id bigint not null,
  grant_id uuid not null,
  begun_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  constraint pk_account_look primary key (id),
  constraint fk_account_look_staff_id foreign key (staff_id) references staff (id),
  constraint fk_account_look_account_id foreign key (account_id) references account (id),
  constraint ck_account_look_time check (expires_at > begun_at and expires_at <= begun_at + interval '1 hour')
);
create unique index uq_account_look_open on account_look (session_id) where ended_at is null;
grant select, insert on account_look to wattline_app;
grant update (ended_at) on account_look to wattline_app;
"""


def upgrade() -> None:
    """Make the table of looks."""
    op.execute(SQL)
