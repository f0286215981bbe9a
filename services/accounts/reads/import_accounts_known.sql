-- Every account of a subtree that is not closed, and whether the run has met it. Reads the whole account table, served by pk_import_seen.
select a.unit_id, a.account_no, '' as bill_no, null::bigint as open_minor, null as currency, s.key is not null as is_seen
from account a
join unit u on u.id = a.unit_id
left join import_seen s on s.run_id = :run_id and s.kind = 'account' and s.key = a.id
where a.state <> 'closed' and starts_with(u.path, :path)
