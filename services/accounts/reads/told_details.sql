-- What a person told of accounts, as far as it still stands: the details of an account when nobody told any after them, the mail address of
-- whoever held the account then when nobody told another. Served by ix_audit_actor, ix_audit_subject, ix_account_holder and primary keys.
with told as materialized (
  select a.id, split_part(a.subject, ':', 2)::bigint as account_id, a.after -> 'fields' @> '["email"]' as has_email
  from audit a
  where a.actor = 'user:' || cast(:user_id as uuid) and a.act = 'accounts.details_told'
), last_told as (
  select account_id, max(id) as id, max(id) filter (where has_email) as email_id from told group by account_id
), held as (
  select t.*, coalesce((
      select (h.before ->> 'customer_id')::bigint from audit h
      where h.subject = 'account:' || t.account_id and h.act = 'accounts.holder_changed' and h.id > t.email_id
      order by h.id limit 1), a.customer_id) as customer_id, a.account_no
  from last_told t
  join account a on a.id = t.account_id
)
select h.account_id, h.account_no, f.account_id is not null as has_profile, f.contact_by, f.household_size, f.has_ev_charger, f.has_heat_pump,
  f.has_solar, f.has_storage, f.has_generator, c.id as customer_id, c.customer_no, k.address_sealed
from held h
left join account_profile f on f.account_id = h.account_id and not exists (
    select from audit l
    where l.subject = 'account:' || h.account_id and l.id > h.id and l.act in ('accounts.details_told', 'accounts.holder_changed'))
left join contact_point k on h.email_id is not null and k.customer_id = h.customer_id and k.id = 2 and k.kind = 'email' and not exists (
    select from account o
    join audit l on l.subject = 'account:' || o.id and l.id > h.email_id and l.act = 'accounts.details_told' and l.after -> 'fields' @> '["email"]'
    where o.customer_id = h.customer_id and l.actor <> 'user:' || cast(:user_id as uuid))
left join customer c on c.id = k.customer_id
where f.account_id is not null or k.customer_id is not null
order by h.account_no
