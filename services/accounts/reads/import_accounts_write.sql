-- New and changed accounts; an unchanged one is not even locked.
-- Served by uq_unit_code, uq_customer_customer_no, uq_premises_premises_no and uq_account_account_no.
insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
select s.account_no, u.id, c.id, p.id, s.class, coalesce(s.state, a.state, 'active'), coalesce(s.currency, a.currency, :currency)
from staged_account s
join unit u on u.code = s.unit_code
join customer c on c.customer_no = s.customer_no
join premises p on p.premises_no = s.premises_no
left join account a on a.account_no = s.account_no
where a.id is null or (a.unit_id, a.customer_id, a.premises_id, a.class, a.state) is distinct from (u.id, c.id, p.id, s.class, coalesce(s.state, a.state))
order by s.account_no
on conflict (account_no) do update set unit_id = excluded.unit_id, customer_id = excluded.customer_id, premises_id = excluded.premises_id,
  class = excluded.class, state = excluded.state
