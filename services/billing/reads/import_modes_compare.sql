-- Staged modes beside what is known: the day before and after (null: billed outside). Served by uq_account_account_no, pk_billing_mode.
select a.id as account_id, a.unit_id, m.native_from as earlier, s.native_from::date as later
from staged_mode s
join account a on a.account_no = s.account_no
left join billing_mode m on m.account_id = a.id
order by a.id
