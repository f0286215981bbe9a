-- Staged blocks with their account and day. One in which nothing can be wrong is sound; one that is besides believed and alone on its day is plain: if
-- nothing is known of that day it is written as it is. Reads the whole of a chunk.
create temporary table block on commit drop as
select s.*, s.is_sound and s.blocks = 1 and coalesce(s.lowest >= 0, true)
    and coalesce(s.highest::numeric <= case s.class when 'residential' then :most_home_kw else :most_kw end::numeric * s.minutes * 1000000 / 60, true) as is_plain,
  false as is_same, false as is_unpacked
from (
  select b.*, m.is_known, m.accounts, m.account_id, m.unit_id, m.class, m.day, m.begins, m.ends, m.blocks, e.day_minutes, e.minute,
    m.is_known and m.account_id is not null and m.accounts <= 1 and b.minutes in (15, 30, 60) and b.minutes = e.day_minutes and e.minute % b.minutes = 0
      and e.behind <= m.ends and e.behind <= :now and m.day >= :oldest and b.is_whole as is_sound
  from staged_block b
  join met m on m.meter_no = b.meter_no and m.channel = b.channel and m.day = (b.start at time zone :zone)::date
  cross join lateral (
    select coalesce(m.known_minutes, m.first_minutes) as day_minutes, extract(epoch from b.start - m.begins) / 60 as minute,
      b.start + make_interval(mins => b.minutes * length(b.qualities)) as behind
  ) e
) s
