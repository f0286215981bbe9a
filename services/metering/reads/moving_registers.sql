-- Readings of a meter's registers that count at an account at which it was not, and those that lack at one of the two between which it went at that moment. Those that are to leave
-- come first. Served by uq_meter_present, ix_meter_former, uq_meter_register_kind and uq_register_reading_read_at.
select x.account_id, x.id, r.kind, x.read_at, x.value, x.quality, o.owner_id,
  case when not exists (
    select from meter_register e where e.account_id = o.owner_id and e.meter_no = :meter_no and e.kind = r.kind) then r.digits end as digits,
  case when not exists (
    select from meter_register e where e.account_id = o.owner_id and e.meter_no = :meter_no and e.kind = r.kind) and r.multiplier <> 1 then r.multiplier end as multiplier,
  x.account_id is distinct from o.owner_id and x.account_id is distinct from o.former_id as is_strayed
from (
  select account_id from meter where meter_no = :meter_no and removed_on is null
  union
  select account_id from meter where meter_no = :meter_no and removed_on is not null
) a
join meter_register r on r.account_id = a.account_id and r.meter_no = :meter_no
join register_reading x on x.account_id = r.account_id and x.register_id = r.id and x.superseded_at is null
cross join lateral (select (x.read_at at time zone :zone)::date as day, x.read_at at time zone :zone as clock) d
cross join lateral (
  select case when count(distinct m.account_id) filter (where m.is_then) <= 1
      then coalesce(min(m.account_id) filter (where m.is_then), min(m.account_id) filter (where m.removed_on = d.day)) end as owner_id,
    case when d.clock = d.day::timestamp and count(distinct m.account_id) filter (where m.is_then) = 1 and count(distinct m.account_id) filter (where m.removed_on = d.day and m.was_before) = 1
      then min(m.account_id) filter (where m.removed_on = d.day and m.was_before) end as former_id
  from (
    select p.account_id, p.removed_on, coalesce(p.installed_on <= d.day, true) as is_then, coalesce(p.installed_on < d.day, true) as was_before
    from meter p where p.meter_no = :meter_no and p.removed_on is null
    union all
    select f.account_id, f.removed_on, coalesce(f.installed_on <= d.day, true) and f.removed_on > d.day, coalesce(f.installed_on < d.day, true)
    from meter f where f.meter_no = :meter_no and f.removed_on is not null
  ) m
) o
cross join lateral (
  select count(distinct t.account_id) as accounts
  from (
    select account_id, installed_on, removed_on from meter where meter_no = :meter_no and removed_on is null
    union all
    select account_id, installed_on, removed_on from meter where meter_no = :meter_no and removed_on is not null
  ) t
  where coalesce(t.installed_on <= d.day, true) and coalesce(t.removed_on > d.day, true)
) c
where c.accounts <= 1 and (x.account_id is distinct from o.owner_id and x.account_id is distinct from o.former_id
  or exists (
    select from unnest(array[o.owner_id, o.former_id]) w (account_id)
    where w.account_id is not null and not exists (
      select from meter_register e
      join register_reading y on y.account_id = e.account_id and y.register_id = e.id and y.read_at = x.read_at and y.superseded_at is null
      where e.account_id = w.account_id and e.meter_no = :meter_no and e.kind = r.kind)))
order by is_strayed desc, x.read_at, x.account_id, x.id
limit :most
