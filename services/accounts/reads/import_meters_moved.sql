-- Where meters are after these rows of a dry run: at an account, or at none. What earlier chunks said of an account goes before what is known.
-- Served by uq_account_account_no and ix_meter_account_id.
select distinct on (x.meter_no) hashtextextended(x.meter_no, 0) as key, jsonb_build_object('at', x.account_no) as said
from (
  select s.meter_no, s.account_no from staged_account s where s.meter_no <> ''
  union all
  select q.noted ->> 'meter_no', '' from staged_account s join said_account q on q.row_no = s.row_no
  where q.noted ->> 'meter_no' <> s.meter_no and q.noted ->> 'meter_no' <> ''
  union all
  select m.meter_no, ''
  from staged_account s
  join said_account q on q.row_no = s.row_no
  join account a on a.account_no = s.account_no
  join meter m on m.account_id = a.id and m.removed_on is null
  where m.meter_no <> s.meter_no and q.noted ->> 'meter_no' is null
) x
order by x.meter_no, x.account_no desc
