-- What came for payments without a place and what became of it, as a member of staff who reads payments may see it: nothing of what is for an account
-- elsewhere, and no account elsewhere that it was given to. Served by ix_payment_suspense_order_id and keys.
with seen as materialized (
  select unit_id from staff_units(:staff_id, 'payments.view', :now)
)
select s.id, s.row_id, s.attempt_id, s.state, s.decided_at, a.account_no, p.payable_no
from unnest(cast(:order_ids as uuid[])) o (id)
cross join lateral order_suspense(o.id) s
left join account a on a.id = s.assigned_account_id and a.unit_id in (select unit_id from seen)
left join account c on c.id = s.account_id
left join payment_part p on p.account_id = s.account_id and p.id = s.part_id
where s.account_id is null or c.unit_id in (select unit_id from seen)
order by s.row_id
