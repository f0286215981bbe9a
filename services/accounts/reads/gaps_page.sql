-- A page of the accounts of which something is missing, behind an id: in the units where a member of staff may view accounts, in one of them and
-- below it when :unit_path says so. Each unit is asked for as many as the page holds, so that no row of another is read; an account that passes to
-- another unit while it is judged is in neither's list until it is judged again. Served by ix_account_gap_unit_id per unit, or by
-- ix_account_gap_unit_level1 when only fields of level 1 are asked for, and primary keys; whoever may everywhere (:sees_all) reads pk_account_gap in
-- its order.
with seen as materialized (
  select u.id
  from unit u
  join staff_units(:staff_id, 'accounts.view', :now) s on s.unit_id = u.id
  where not cast(:sees_all as boolean)
    and (cast(:unit_path as text) is null or u.path >= cast(:unit_path as text) and u.path < left(cast(:unit_path as text), -1) || '0')
), page as materialized (
  (select g.account_id, g.gaps
  from seen
  cross join lateral (
    select q.account_id, q.gaps
    from account_gap q
    -- A range of one unit, in the order of its index.
    where q.unit_id between seen.id and seen.id and q.account_id > :after
      and q.gaps & cast(:mask as integer) <> 0 and (cast(:mask as integer) & ~255 <> 0 or q.gaps & 255 <> 0)
      and (select a.unit_id from account a where a.id = q.account_id) = q.unit_id
    order by q.unit_id, q.account_id limit :limit
  ) g
  order by g.account_id limit :limit)
  union all
  (select q.account_id, q.gaps from account_gap q
  where cast(:sees_all as boolean) and q.account_id > :after and q.gaps & cast(:mask as integer) <> 0
  order by q.account_id limit :limit)
)
select p.account_id, h.account_no, h.holder, h.unit, p.gaps
from page p
cross join lateral (
  select a.account_no, c.name_masked as holder, u.name as unit
  from account a join customer c on c.id = a.customer_id join unit u on u.id = a.unit_id where a.id = p.account_id offset 0
) h
order by p.account_id
