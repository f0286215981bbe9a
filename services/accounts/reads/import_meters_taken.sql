-- Staged rows whose meter is at another account, unless a row of that one says that it has another meter now, or none. In a dry run an earlier chunk
-- may have taken it or left it. Asked again until nothing is found: a row that is taken out releases no meter. While the rule stands that let a
-- number be at one account ever, none moves. Served by uq_meter_present, ix_meter_former, pk_account and pk_import_seen.
select s.row_no, 'meter_no' as field, 'is at another account: an earlier row must take it away there' as reason
from staged_account s
left join meter m on m.meter_no = s.meter_no and m.removed_on is null
left join account o on o.id = m.account_id
left join lateral (
  select said ->> 'at' as account_no from import_seen z where z.run_id = :run_id and z.kind = 'meter' and z.key = hashtextextended(s.meter_no, 0)
) z on true
where s.meter_no <> '' and coalesce(z.account_no, o.account_no) not in ('', s.account_no)
  and not exists (select from staged_account t where t.account_no = coalesce(z.account_no, o.account_no) and t.meter_no <> s.meter_no)
union all
select s.row_no, 'meter_no', 'cannot come to this account until an upgrade is through: send it again later'
from staged_account s
cross join lateral (
  select account_id, removed_on from meter where meter_no = s.meter_no and removed_on is null
  union all
  select account_id, removed_on from meter where meter_no = s.meter_no and removed_on is not null
) f
join account o on o.id = f.account_id
where to_regclass('public.uq_meter_meter_no') is not null and (f.removed_on is not null or o.account_no <> s.account_no)
