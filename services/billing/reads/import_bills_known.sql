-- Every open bill of a subtree, and whether the run has met it. Reads whole ix_bill_open, served by pk_account and pk_import_seen.
select a.unit_id, a.account_no, b.bill_no, b.open_minor, a.currency, s.key is not null as is_seen
from bill b
join account a on a.id = b.account_id
join unit u on u.id = a.unit_id
left join import_seen s on s.run_id = :run_id and s.kind = 'bill' and s.key = b.id
where b.open_minor > 0 and starts_with(u.path, :path)
