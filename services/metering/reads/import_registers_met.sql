-- Where the meters of staged readings were, and the registers that are known there, or that the chunk tells of. On the day on which a meter leaves an account it is still that
-- one's, unless it came to another. Served by uq_meter_present, ix_meter_former, pk_account and uq_meter_register_kind.
create temporary table met_register on commit drop as
select s.seq, s.row_no, s.meter_no, s.kind, s.read_at, s.value, s.quality, s.digits, s.multiplier, w.is_known, w.accounts, w.account_id, a.unit_id, a.class as account_class,
  r.id as register_id,
  coalesce(r.digits, max(s.digits) over (partition by w.account_id, s.meter_no, s.kind)) as known_digits,
  coalesce(r.multiplier, max(s.multiplier) over (partition by w.account_id, s.meter_no, s.kind)) as known_multiplier
from (select *, (read_at at time zone :zone)::date as day from staged_register) s
cross join lateral (
  select count(*) > 0 as is_known, count(distinct m.account_id) filter (where m.is_then) as accounts,
    coalesce(min(m.account_id) filter (where m.is_then), min(m.account_id) filter (where m.removed_on = s.day)) as account_id
  from (
    select p.account_id, p.removed_on, coalesce(p.installed_on <= s.day, true) as is_then
    from meter p where p.meter_no = s.meter_no and p.removed_on is null
    union all
    select f.account_id, f.removed_on, coalesce(f.installed_on <= s.day, true) and f.removed_on > s.day
    from meter f where f.meter_no = s.meter_no and f.removed_on is not null
  ) m
) w
left join account a on a.id = w.account_id
left join meter_register r on r.account_id = w.account_id and r.meter_no = s.meter_no and r.kind = s.kind
