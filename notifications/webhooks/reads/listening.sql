-- Which endpoints hear of something about these accounts, and which of the accounts each may know: those of its unit and below.
-- Reads the whole of webhook_endpoint, some tens of rows; then served by pk_account and pk_unit.
select e.id as endpoint_id, a.id as account_id, a.account_no
from webhook_endpoint e
join unit home on home.id = e.unit_id
join account a on a.id = any(cast(:account_ids as bigint[]))
join unit u on u.id = a.unit_id and starts_with(u.path, home.path)
where e.state <> 'deleted' and :type = any(e.events)
order by e.id, a.account_no
