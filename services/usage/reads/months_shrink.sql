-- Parts of a month that its days no longer make. Served by pk_usage_month, pk_usage_day and pk_account.
delete from usage_month m
using (
  select a.account_id, coalesce(sum(p.is_new), 0) as parts
  from unnest(cast(:account_ids as bigint[])) a (account_id)
  left join lateral (
    select case when u.version_id is not distinct from lag(u.version_id) over w
      and (lag(u.day) over w >= h.holder_since) is not distinct from (u.day >= h.holder_since) and lag(u.day) over w is not null then 0 else 1 end as is_new
    from usage_day u join account h on h.id = u.account_id
    where u.account_id = a.account_id and u.day >= cast(:month as date) and u.day < cast(:next_month as date)
    window w as (order by u.day)) p on true
  group by a.account_id) n
where m.account_id = n.account_id and m.month = cast(:month as date) and m.part > n.parts
returning m.account_id, m.part
