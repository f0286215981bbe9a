-- Where the meters of staged readings were, and the registers that are known there, or that the chunk tells of. On the day on which a meter leaves an account it is still that
-- one's, unless it came to another. What it showed at the midnight at which it went from one account to another closes the one and opens the other: such a reading is a row
-- of both. A register that is new at an account has the digits that it had elsewhere, and on the same premises the multiplier too; so has one
-- that only the customer's own readings made, with a multiplier that nobody said.
-- Served by uq_meter_present, ix_meter_former, pk_account, uq_meter_register_kind and uq_register_reading_read_at.
create temporary table met_register on commit drop as
select s.seq, s.row_no, s.meter_no, s.kind, s.read_at, s.value, s.quality, s.digits, s.multiplier, w.is_known, w.accounts, h.account_id, h.is_closing, a.unit_id,
  a.class as account_class, r.id as register_id,
  coalesce(r.digits, max(s.digits) over (partition by h.account_id, s.meter_no, s.kind), e.digits, max(s.digits) over (partition by s.meter_no, s.kind)) as known_digits,
  coalesce(case when not r.is_own then r.multiplier end, max(s.multiplier) over (partition by h.account_id, s.meter_no, s.kind), e.multiplier,
    max(s.multiplier) over (partition by a.premises_id, s.meter_no, s.kind), r.multiplier) as known_multiplier
from (select *, (read_at at time zone :zone)::date as day from staged_register) s
cross join lateral (
  select count(*) > 0 as is_known, count(distinct m.account_id) filter (where m.is_then) as accounts,
    coalesce(min(m.account_id) filter (where m.is_then), min(m.account_id) filter (where m.removed_on = s.day)) as account_id,
    array_agg(distinct m.account_id) filter (where m.removed_on = s.day and m.was_before) as former
  from (
    select p.account_id, p.removed_on, coalesce(p.installed_on <= s.day, true) as is_then, coalesce(p.installed_on < s.day, true) as was_before
    from meter p where p.meter_no = s.meter_no and p.removed_on is null
    union all
    select f.account_id, f.removed_on, coalesce(f.installed_on <= s.day, true) and f.removed_on > s.day, coalesce(f.installed_on < s.day, true)
    from meter f where f.meter_no = s.meter_no and f.removed_on is not null
  ) m
) w
cross join lateral (
  select w.account_id, false as is_closing
  union all
  select w.former[1], true
  where w.accounts = 1 and cardinality(w.former) = 1 and w.former[1] <> w.account_id and s.read_at at time zone :zone = s.day::timestamp
) h
left join account a on a.id = h.account_id
left join lateral (
  select g.id, g.digits, g.multiplier, g.multiplier = 1 and not exists (
    select from register_reading x where x.account_id = g.account_id and x.register_id = g.id and x.source <> 'customer') as is_own
  from meter_register g where g.account_id = h.account_id and g.meter_no = s.meter_no and g.kind = s.kind
) r on true
left join lateral (
  select max(x.digits) as digits, case when min(x.multiplier) = max(x.multiplier) then max(x.multiplier) filter (where b.premises_id = a.premises_id) end as multiplier
  from (
    select account_id from meter where meter_no = s.meter_no and removed_on is null
    union
    select account_id from meter where meter_no = s.meter_no and removed_on is not null
  ) m
  join account b on b.id = m.account_id
  join meter_register x on x.account_id = m.account_id and x.meter_no = s.meter_no and x.kind = s.kind
  where (r.id is null or r.is_own) and m.account_id <> h.account_id
) e on true
