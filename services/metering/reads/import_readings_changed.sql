-- Exactly the days that changed, by month.
insert into usage_change (account_id, month, days)
select account_id, date_trunc('month', day::timestamp)::date as month, bit_or(1 << (extract(day from day)::integer - 1))
from merged_day group by 1, 2 order by 1, 2
