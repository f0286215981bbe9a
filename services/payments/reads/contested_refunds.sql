-- Refunds that went out although their sum had another place, the oldest first, of which a member of staff may read wherever their sum
-- belongs. Served by ix_payment_refund_contested, which holds no others, and pk_payment_suspense.
with seen as materialized (
  select unit_id from staff_units(:staff_id, 'suspense.view', :now)
)
select r.out_refund_no, r.suspense_id, r.provider, r.amount_minor, r.currency, r.created_at, a.account_no as assigned_to
from payment_refund r
join payment_suspense s on s.id = r.suspense_id
left join account a on a.id = s.assigned_account_id
where r.state = 'contested'
  and (cast(:sees_all as boolean) or cardinality(s.unit_ids) > 0 and s.unit_ids <@ coalesce((select array_agg(unit_id) from seen), '{}'))
order by r.id limit :limit
