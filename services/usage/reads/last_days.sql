-- The last days before one of which something is known, the latest first; of the present holder alone. Partial is one of which a meter has a part, or one
-- of several has nothing. Served by pk_usage_day from its end, pk_reading_series, ix_meter_account_id, pk_meter_register and pk_interval_day.
select u.day, u.energy,
  u.missing_minutes > 0
    or (select count(distinct s.meter_no) > 1 from reading_series s where s.account_id = :account_id and s.channel = 'import') and exists (
      select from reading_series s join meter m on m.account_id = s.account_id and m.meter_no = s.meter_no
      where s.account_id = u.account_id and s.channel = 'import' and s.first_day <= u.day
        and coalesce(m.installed_on < u.day, true) and coalesce(m.removed_on > u.day, true)
        and not exists (
          select from meter_register r
          where r.account_id = s.account_id and r.meter_no = s.meter_no and r.kind not in ('export', 'reactive'))
        and not exists (
          select from reading_series o join interval_day i on i.account_id = o.account_id and i.series_id = o.id and i.day = u.day
          where o.account_id = s.account_id and o.meter_no = s.meter_no and o.channel = 'import')) as is_partial, u.estimated_minutes > 0 as is_estimated
from usage_day u
where u.account_id = :account_id and u.day < :before and u.day >= coalesce(cast(:since as date), '-infinity') and u.measured_minutes > 0
order by u.day desc
limit :most
