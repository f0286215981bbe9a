-- Meters that are there now with what is missing or estimated of their last days, by unit, account and series: up to :scanned of the next :scanned_accounts
-- accounts where a member of staff may view readings, or in the units of a program. Each row says how many accounts these are and where they end, and one
-- does so alone if there is no meter. Served by uq_account_unit in its order, so that nothing of other units is read, pk_reading_series, uq_meter_present
-- and pk_interval_day.
with page as materialized (
  select a.id, a.unit_id
  from account a
  where a.unit_id = any(array(
      select s.unit_id
      from (
        select unit_id from staff_units(:staff_id, :permission, :now) union all select unit_id from service_units(:client)
      ) s join unit u on u.id = s.unit_id
      where cast(:unit_code as text) is null
        or exists (select from unit r where r.code = :unit_code and u.path >= r.path and u.path < left(r.path, -1) || '0')))
    and (a.unit_id, a.id) >= (:after_unit, :after_account)
  order by a.unit_id, a.id limit :scanned_accounts
), scanned as (
  select count(*) as accounts, (array_agg(unit_id order by unit_id desc, id desc))[1] as end_unit, (array_agg(id order by unit_id desc, id desc))[1] as end_account
  from page
), series as materialized (
  select p.unit_id, p.id as account_id, r.id, r.meter_no, r.read_until, greatest(r.first_day, r.installed_on, :today - cast(:days as integer)) as since
  from page p
  cross join lateral (
    select s.id, s.meter_no, s.read_until, s.first_day, m.installed_on
    from reading_series s
    cross join lateral (
      select installed_on from meter where meter_no = s.meter_no and account_id = s.account_id and removed_on is null offset 0
    ) m
    where s.account_id = p.id and s.channel = 'import' and s.first_day < :today offset 0
  ) r
  where (p.unit_id, p.id, r.id) > (:after_unit, :after_account, :after_series)
  order by p.unit_id, p.id, r.id limit :scanned
)
select e.accounts, e.end_unit, e.end_account, s.unit_id, s.account_id, s.id as series_id, h.account_no, h.holder, h.unit, h.unit_code, s.meter_no,
  s.read_until, (:today - s.since - d.days)::int as days_missing, d.missing as elements_missing, d.estimated as elements_estimated,
  d.known as elements_known, g.days as gap_days
from scanned e
left join series s on true
left join lateral (
  select a.account_no, c.name_masked as holder, u.name as unit, u.code as unit_code
  from account a join customer c on c.id = a.customer_id join unit u on u.id = a.unit_id where a.id = s.account_id offset 0
) h on true
left join lateral (
  select count(*) filter (where rtrim(i.qualities, 'm') <> '') as days,
    coalesce(sum(length(i.qualities) - length(translate(i.qualities, 'm', ''))) filter (where rtrim(i.qualities, 'm') <> ''), 0)::int as missing,
    coalesce(sum(length(i.qualities) - length(translate(i.qualities, 'e', ''))), 0)::int as estimated,
    coalesce(sum(length(translate(i.qualities, 'm', ''))), 0)::int as known,
    coalesce(array_agg(i.day) filter (where strpos(i.qualities, 'm') = 0), '{}') as whole
  from interval_day i
  where i.account_id = s.account_id and i.series_id = s.id and i.day >= s.since and i.day < :today
) d on true
left join lateral (
  select array_agg(s.since + n.at order by n.at) as days
  from generate_series(0, :today - s.since - 1) n (at)
  where cardinality(d.whole) < :today - s.since and s.since + n.at <> all(d.whole)
) g on true
order by s.unit_id, s.account_id, s.id
