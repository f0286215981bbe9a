-- Accounts of a dry run that are in no total, of those that lie in its units still. Served by ix_dry_run_account_faults and pk_account.
select r.account_id, a.account_no, a.class as account_class, r.is_by_tried, r.faults
from dry_run_account r
join account a on a.id = r.account_id
join unit u on u.id = a.unit_id
where r.run_id = :run_id and r.faults is not null
  and exists (select from unit top where top.id = any(cast(:unit_ids as bigint[])) and u.path like top.path || '%')
order by r.account_id
limit :most
