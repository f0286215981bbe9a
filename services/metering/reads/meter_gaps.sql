-- Meters that are there now with what is missing or estimated of their last days, in the order of their series. Served by pk_reading_series,
-- uq_meter_present and pk_interval_day.
select s.account_id, s.id as series_id, a.account_no, c.name_masked as holder, u.name as unit, s.meter_no, s.read_until,
  (:today - s.since - d.days)::int as days_missing, d.missing as elements_missing, d.estimated as elements_estimated, d.known as elements_known
from (
  select r.*, greatest(r.first_day, m.installed_on, :today - cast(:days as integer)) as since
  from reading_series r
  join account a on a.id = r.account_id
  join unit u on u.id = a.unit_id
  join meter m on m.meter_no = r.meter_no and m.account_id = r.account_id and m.removed_on is null
  where r.channel = 'import' and r.first_day < :today and (r.account_id, r.id) > (:after_account, :after_series)
    and a.unit_id in (select unit_id from staff_units(:staff_id, :permission, :now))
    and (cast(:unit_code as text) is null or exists (
      select from unit p where p.code = :unit_code and u.path >= p.path and u.path < left(p.path, -1) || '0'))
  order by r.account_id, r.id limit :scanned
) s
join account a on a.id = s.account_id
join unit u on u.id = a.unit_id
join customer c on c.id = a.customer_id
cross join lateral (
  select count(*) filter (where rtrim(i.qualities, 'm') <> '') as days,
    coalesce(sum(length(i.qualities) - length(translate(i.qualities, 'm', ''))) filter (where rtrim(i.qualities, 'm') <> ''), 0)::int as missing,
    coalesce(sum(length(i.qualities) - length(translate(i.qualities, 'e', ''))), 0)::int as estimated,
    coalesce(sum(length(translate(i.qualities, 'm', ''))), 0)::int as known
  from interval_day i
  where i.account_id = s.account_id and i.series_id = s.id and i.day >= s.since and i.day < :today
) d
order by s.account_id, s.id
