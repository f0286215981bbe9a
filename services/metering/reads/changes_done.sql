-- Take away what was summed up, and tell the rounds on which days to look: what registers show is no source of estimates. Served by pk_usage_change.
with done as (delete from usage_change where id = any(cast(:ids as bigint[])) returning account_id, month, days, of_registers)
insert into reading_due (look, account_id, first_day, last_day)
select l.look, d.account_id, min(d.month + n.no - 1), max(d.month + n.no - 1)
from done d
cross join generate_series(1, 31) n (no)
cross join unnest(array['validate', 'estimate']) l (look)
where d.days & (1 << (n.no - 1)) <> 0 and extract(month from d.month + n.no - 1) = extract(month from d.month)
  and (l.look = 'validate' or not d.of_registers)
group by l.look, d.account_id order by l.look, d.account_id
