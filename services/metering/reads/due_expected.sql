-- The next day of accounts at which a meter with a series is, or of which days are known behind it. Served by ix_meter_account_id and uq_reading_series_channel.
insert into reading_due (look, account_id, first_day, last_day)
select 'estimate', a.account_id, :next, greatest(a.last_day, :next)
from unnest(cast(:accounts as bigint[]), cast(:lasts as date[])) a (account_id, last_day)
where a.last_day >= :next or exists (
  select from meter m join reading_series s on s.account_id = m.account_id and s.meter_no = m.meter_no
  where m.account_id = a.account_id and coalesce(m.removed_on > :next, true))
