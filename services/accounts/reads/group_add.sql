-- Put accounts that a person may pay for into their group: those of these numbers, or all. One row for every number that was named or added: its
-- account, null when there is none for this person, and whether it was not in the group before.
-- Served by uq_account_account_no, uq_access_grant_living and pk_account_group_member.
with wanted as materialized (
  select unnest(cast(:account_nos as text[])) as account_no
), allowed as materialized (
  select a.id, a.account_no
  from access_grant g join account a on a.id = g.account_id
  where g.user_id = :user_id and g.revoked_at is null and g.role in ('owner', 'payer')
    and g.valid_from <= :now and (g.valid_to is null or g.valid_to > :now)
    and (cast(:account_nos as text[]) is null or a.account_no in (select w.account_no from wanted w))
), added as (
  insert into account_group_member (group_id, account_id) select :group_id, l.id from allowed l order by l.id
  on conflict do nothing returning account_id
)
select coalesce(l.account_no, w.account_no) as account_no, l.id as account_id, d.account_id is not null as is_added
from allowed l
full join wanted w on w.account_no = l.account_no
left join added d on d.account_id = l.id
order by 1
