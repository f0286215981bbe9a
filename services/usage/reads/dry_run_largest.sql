-- The largest changes of a dry run, up or down, of accounts that lie in its units still. Served by ix_dry_run_account_change and pk_account.
select r.account_id, a.account_no, a.class as account_class, r.before_minor, r.after_minor, r.currency
from dry_run_account r
join account a on a.id = r.account_id
join unit u on u.id = a.unit_id
where r.run_id = :run_id and r.faults is null
  and exists (select from unit top where top.id = any(cast(:unit_ids as bigint[])) and u.path like top.path || '%')
order by abs(r.after_minor - r.before_minor) desc, r.account_id
limit :most
