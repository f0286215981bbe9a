-- Staged rows about accounts that are not of a program's units, in the words for accounts that do not exist. Served by uq_account_account_no.
select s.row_no, 'account_no' as field, 'is no known account' as reason
from staged_entitlement s join account a on a.account_no = s.account_no
where a.unit_id not in (select unit_id from service_units(:program))
