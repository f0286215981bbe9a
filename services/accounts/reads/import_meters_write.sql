-- Meters that are at no account yet. Of the first one of an account nobody says since when, unless it was at another one before.
-- Served by uq_account_account_no, uq_meter_present, ix_meter_account_id and ix_meter_former.
insert into meter (meter_no, account_id, installed_on)
select s.meter_no, a.id, case when exists (select from meter f where f.account_id = a.id)
  or exists (select from meter f where f.meter_no = s.meter_no and f.removed_on is not null) then (now() at time zone :zone)::date end
from staged_account s join account a on a.account_no = s.account_no
where s.meter_no <> '' and not exists (select from meter m where m.meter_no = s.meter_no and m.removed_on is null)
order by s.meter_no
returning case when installed_on is not null then id end as id
