-- Accounts of a dry run behind one, in the order of their ids, of those that lie in its units still. Served by pk_dry_run_account and pk_account.
select r.account_id, a.account_no, a.class as account_class, r.before_minor, r.after_minor, r.currency, r.is_by_tried, r.faults
from dry_run_account r
join account a on a.id = r.account_id
join unit u on u.id = a.unit_id
where r.run_id = :run_id and r.account_id > :behind
  and exists (select from unit top where top.id = any(cast(:unit_ids as bigint[])) and u.path like top.path || '%')
order by r.account_id
limit :most
