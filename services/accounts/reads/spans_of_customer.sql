-- The accounts that a customer holds or held, each with the time in which they did (null: open): a change of holder ends one and begins the
-- next. Served by ix_account_holder, ix_audit_left_customer and ix_audit_subject.
with involved as (
  select id from account where customer_id = :customer_id
  union
  select split_part(subject, ':', 2)::bigint from audit
  where act = 'accounts.holder_changed' and before ->> 'customer_id' = cast(cast(:customer_id as bigint) as text)
), ends as (
  select i.id, (u.before ->> 'customer_id')::bigint as customer_id, u.recorded_at as at
  from involved i join audit u on u.subject = 'account:' || i.id and u.act = 'accounts.holder_changed'
  union all
  select a.id, a.customer_id, null from involved i join account a on a.id = i.id
), spans as (
  select id, customer_id, lag(at) over (partition by id order by at nulls last) as since, at as until from ends
)
select id, since, until from spans where customer_id = :customer_id order by id, since nulls first
