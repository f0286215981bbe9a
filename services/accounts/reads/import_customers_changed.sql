-- One staged row of every customer who is new or differs. Served by uq_customer_customer_no.
select min(s.row_no) as row_no
from staged_account s left join customer c on c.customer_no = s.customer_no
where c.id is null or (c.fingerprint, c.kind) is distinct from (s.customer_print, s.customer_kind)
group by s.customer_no
