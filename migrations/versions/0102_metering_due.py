"""On which days of which accounts the rounds of metering are to look, in place of a walk over all of them."""

from alembic import op

revision = "0102_metering_due"
down_revision = "0101_usage_follows"
branch_labels = None
depends_on = None

SQL = """
-- Appended to, and deleted from by whoever looks: nobody waits for a note of another.
create table reading_due (
  id bigint generated always as identity,
  look text not null,
  account_id bigint not null,
  first_day date not null,
  last_day date not null,
  noted_at timestamptz not null default now(),
  constraint pk_reading_due primary key (id),
  constraint ck_reading_due_look check (look in ('validate', 'estimate')),
  constraint ck_reading_due_days check (first_day <= last_day)
);
create index ix_reading_due_first_day on reading_due (look, first_day, account_id);
grant select, insert, update, delete on reading_due to wattline_app;

-- From here on a day is expected of each account that has a series. A week back: the walk may not have come to its end.
insert into reading_due (look, account_id, first_day, last_day)
select 'estimate', account_id, current_date - 7, current_date - 7 from reading_series group by account_id order by account_id;
drop table estimation_round;
"""


def upgrade() -> None:
    """Make the table; note what is expected."""
    op.execute(SQL)
