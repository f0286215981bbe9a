-- New numbers of staged bills that an earlier chunk of a dry run gave to another account. Served by pk_import_seen.
select t.bill_no
from typed_bill t
join said_bill s on s.row_no = t.row_no
join import_seen n on n.run_id = :run_id and n.kind = 'number' and n.key = s.key
where t.bill_id is null
