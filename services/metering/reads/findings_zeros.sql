-- Meters of living accounts that are there and take nothing for many days, and took something before. A day of which something is missing is none of
-- them. Served by pk_reading_series, uq_meter_present, pk_account and pk_interval_day.
insert into finding_now (account_id, kind, meter_no, channel, first_day, last_day, found, expected)
select z.account_id, 'zeros', z.meter_no, 'import', z.first_day, z.last_day, 0, z.usual
from (
  select d.account_id, d.meter_no, min(d.day) filter (where d.is_zero) as first_day, max(d.day) filter (where d.is_zero) as last_day,
    count(*) filter (where d.is_zero) as days, max(d.usual) as usual
  from (
    select u.*, u.energy = 0 and not u.has_gaps and u.day > u.last_used as is_zero,
      (avg(u.energy) filter (where u.day <= u.last_used) over (partition by u.account_id, u.meter_no))::bigint as usual
    from (
      select s.account_id, s.meter_no, i.day, e.energy, strpos(i.qualities, 'm') > 0 as has_gaps,
        max(i.day) filter (where e.energy > 0) over (partition by s.account_id, s.meter_no) as last_used
      from reading_series s
      join account a on a.id = s.account_id and a.state <> 'closed'
      join meter m on m.meter_no = s.meter_no and m.account_id = s.account_id and m.removed_on is null
      join interval_day i on i.account_id = s.account_id and i.series_id = s.id
      cross join lateral (select sum(v) as energy from unnest(i.energies) v) e
      where s.account_id between :first_account and :last_account and s.channel = 'import' and i.day between cast(:since as date) and cast(:last as date)
    ) u
  ) d
  group by d.account_id, d.meter_no
) z
where z.days >= :zero_days and z.usual >= :least_usual
