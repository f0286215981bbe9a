-- A page of the accounts of which something is missing, behind an id: in the units where a member of staff may view accounts, in one of them and
-- below it when :unit_path says so. Served by pk_account_gap, ix_account_gap_level1 and primary keys.
select q.account_id, a.account_no, c.name_masked as holder, u.name as unit, q.gaps
from account_gap q
join account a on a.id = q.account_id
join customer c on c.id = a.customer_id
join unit u on u.id = q.unit_id
join staff_units(:staff_id, 'accounts.view', :now) s on s.unit_id = q.unit_id
where q.account_id > :after and q.gaps & cast(:mask as integer) <> 0
  and (cast(:unit_path as text) is null or u.path >= cast(:unit_path as text) and u.path < left(cast(:unit_path as text), -1) || '0')
order by q.account_id
limit :limit
