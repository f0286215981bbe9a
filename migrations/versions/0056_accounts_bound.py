"""Who could be another: who was told the address through which somebody joined, and who therefore does not decide for whom."""

from pathlib import Path
from typing import Final

from alembic import op

revision = "0056_accounts_bound"
down_revision = "0055_payments_feed_kinds"
branch_labels = None
depends_on = None

FUNCTION: Final = Path(__file__).parents[1] / "sql" / "accounts_bound.sql"
COLUMNS: Final = """
-- `told_to`: who was shown the address; null for the command line. What it led to is kept with the person.
alter table staff_invitation add column told_to uuid,
  add constraint fk_staff_invitation_told_to foreign key (told_to) references staff (id);
alter table staff add column invited_by uuid, add column reset_by uuid,
  add constraint fk_staff_invited_by foreign key (invited_by) references staff (id),
  add constraint fk_staff_reset_by foreign key (reset_by) references staff (id);
create index ix_staff_invited_by on staff (invited_by) where invited_by is not null;
create index ix_staff_reset_by on staff (reset_by) where reset_by is not null;
"""
FROM_THE_LOG: Final = """
-- The log knows who made each address: the last act that made one before it was used.
update staff s set invited_by = j.by
from (
  select p.id, (
    select case when a.actor ~ '^staff:[0-9a-f-]{36}$' then substr(a.actor, 7)::uuid end
    from audit a
    where a.subject = 'staff:' || p.id and a.id < joined.id
      and (a.act = 'identity.staff_invited' or a.act = 'identity.staff_reset' and a.after ->> 'to_set' = 'join')
    order by a.id desc limit 1
  ) as by
  from staff p
  cross join lateral (
    select max(a.id) as id from audit a
    where a.subject = 'staff:' || p.id and a.act = 'identity.staff_joined' and a.after ->> 'set' = 'join'
  ) joined
  where joined.id is not null
) j
where j.id = s.id and j.by in (select id from staff) and j.by <> s.id;
update staff s set reset_by = j.by
from (
  select p.id, (
    select case when a.actor ~ '^staff:[0-9a-f-]{36}$' then substr(a.actor, 7)::uuid end
    from audit a
    where a.subject = 'staff:' || p.id and a.id < joined.id and a.act in ('identity.staff_invited', 'identity.staff_reset')
    order by a.id desc limit 1
  ) as by
  from staff p
  cross join lateral (
    select max(a.id) as id from audit a
    where a.subject = 'staff:' || p.id and a.act = 'identity.staff_joined' and a.after ->> 'set' <> 'join'
      and a.id > coalesce((
        select max(e.id) from audit e
        where e.subject = 'staff:' || p.id and e.act = 'identity.staff_joined' and e.after ->> 'set' = 'join'), 0)
  ) joined
  where joined.id is not null
) j
where j.id = s.id and j.by in (select id from staff) and j.by <> s.id;
update staff_invitation i set told_to = j.by
from (
  select o.id, (
    select case when a.actor ~ '^staff:[0-9a-f-]{36}$' then substr(a.actor, 7)::uuid end
    from audit a
    where a.subject = 'staff:' || o.staff_id and a.act in ('identity.staff_invited', 'identity.staff_reset')
    order by a.id desc limit 1
  ) as by
  from staff_invitation o where o.used_at is null and o.voided_at is null
) j
where j.id = i.id and j.by in (select id from staff);
"""


def upgrade() -> None:
    """Keep who was told, as far as the log knows it, and make the decision."""
    op.execute(COLUMNS)
    op.execute(FROM_THE_LOG)
    op.execute(FUNCTION.read_text(encoding="utf-8"))
