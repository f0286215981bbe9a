-- Why bills of these numbers, which another account has, are not taken; of accounts outside a program's units it is told in the one wording that
-- there is for all such things. Served by pk_claim and pk_account.
select c.key as bill_no, case when cast(:program as uuid) is null or a.unit_id in (select unit_id from service_units(:program))
  then 'belongs to another account' else 'cannot be taken: ask the group''s data desk' end as reason
from claim c
join account a on a.id = c.owner::bigint
where c.kind = 'bill_no' and c.key = any(cast(:taken as text[]))
