-- An account's readings of registers that count, with the one before and the one behind a time, and whether the meter was away since the one before and came back. Served by
-- pk_meter_register, uq_register_reading_read_at and ix_meter_account_id.
select x.*, exists (
      select from meter t
      where t.account_id = cast(:account_id as bigint) and t.meter_no = x.meter_no and t.installed_on::timestamp at time zone :zone > x.before_at and t.installed_on::timestamp at time zone :zone <= x.read_at
        and not exists (
          select from meter o
          where o.account_id = t.account_id and o.meter_no = t.meter_no and o.id <> t.id and coalesce(o.installed_on < t.installed_on, true)
            and coalesce(o.removed_on >= t.installed_on, true))) as was_away
from (
  select r.id as register_id, r.meter_no, r.kind, r.digits, r.multiplier, x.read_at, x.value, x.quality, x.source,
    lag(x.read_at) over (partition by r.id order by x.read_at) as before_at
  from meter_register r
  join register_reading x on x.account_id = r.account_id and x.register_id = r.id and x.superseded_at is null
  where r.account_id = :account_id
    and x.read_at >= coalesce((
      select max(b.read_at) from register_reading b
      where b.account_id = r.account_id and b.register_id = r.id and b.superseded_at is null and b.read_at <= :first), :first)
    and x.read_at <= coalesce((
      select min(b.read_at) from register_reading b
      where b.account_id = r.account_id and b.register_id = r.id and b.superseded_at is null and b.read_at >= :end), :end)
) x
order by x.register_id, x.read_at
