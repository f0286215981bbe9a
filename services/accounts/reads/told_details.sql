-- What a person told of accounts, as far as it still stands: the details of an account when nobody told any after them, the mail address of
-- whoever held the account then when nobody told another of any account that this customer held at that moment. Served by ix_audit_actor,
-- ix_audit_subject, ix_audit_left_customer, ix_account_holder and primary keys.
with told as materialized (
  select a.id, split_part(a.subject, ':', 2)::bigint as account_id, a.after -> 'fields' @> '["email"]' as has_email
  from audit a
  where a.actor = 'user:' || cast(:user_id as uuid) and a.act = 'accounts.details_told'
), profile as (
  select f.* from (select account_id, max(id) as id from told group by account_id) t join account_profile f on f.account_id = t.account_id
  where not exists (
    select from audit l
    where l.subject = 'account:' || t.account_id and l.id > t.id and l.act in ('accounts.details_told', 'accounts.holder_changed'))
), address as (
  select distinct on (w.customer_id) w.customer_id, t.account_id, t.id
  from told t
  join account a on a.id = t.account_id
  cross join lateral (select coalesce((
      select (h.before ->> 'customer_id')::bigint from audit h
      where h.subject = 'account:' || t.account_id and h.act = 'accounts.holder_changed' and h.id > t.id order by h.id limit 1),
    a.customer_id) as customer_id) w
  where t.has_email
  order by w.customer_id, t.id desc
), mail as (
  select d.account_id, k.customer_id, k.address_sealed
  from address d
  join contact_point k on k.customer_id = d.customer_id and k.id = 2 and k.kind = 'email'
  where not exists (
    select from (
        select id from account where customer_id = d.customer_id
        union
        select split_part(subject, ':', 2)::bigint from audit
        where act = 'accounts.holder_changed' and before ->> 'customer_id' = cast(d.customer_id as text)
      ) o
    join account a on a.id = o.id
    join audit l on l.subject = 'account:' || o.id and l.id > d.id and l.act = 'accounts.details_told' and l.after -> 'fields' @> '["email"]'
    where l.actor <> 'user:' || cast(:user_id as uuid) and d.customer_id = coalesce((
        select (h.before ->> 'customer_id')::bigint from audit h
        where h.subject = l.subject and h.act = 'accounts.holder_changed' and h.id > l.id order by h.id limit 1),
      a.customer_id))
)
select a.id as account_id, a.account_no, f.account_id is not null as has_profile, f.contact_by, f.household_size, f.has_ev_charger, f.has_heat_pump,
  f.has_solar, f.has_storage, f.has_generator, c.id as customer_id, c.customer_no, m.address_sealed
from profile f
full join mail m on m.account_id = f.account_id
join account a on a.id = coalesce(f.account_id, m.account_id)
left join customer c on c.id = m.customer_id
order by a.account_no, c.id
