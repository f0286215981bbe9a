-- To which units refused rows belong by the meter that they name, as it is now or was last. Served by uq_meter_present, ix_meter_former and pk_account.
select n.row_no, a.unit_id
from unnest(cast(:row_nos as bigint[]), cast(:meter_nos as text[])) n (row_no, meter_no)
cross join lateral (
  select coalesce(
    (select p.account_id from meter p where p.meter_no = n.meter_no and p.removed_on is null),
    (select f.account_id from meter f where f.meter_no = n.meter_no and f.removed_on is not null order by f.removed_on desc limit 1)) as account_id
) m
join account a on a.id = m.account_id
