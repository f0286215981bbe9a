-- Locks the known customers and places of what this chunk writes, in one order for all chunks: what accounts are found by is read from them,
-- and another chunk might be about to change it. Of an unchanged row nothing is locked. Served by uq_customer_customer_no and
-- uq_premises_premises_no.
with written as materialized (
  select s.customer_no, s.premises_no from staged_account s join compared_account k on k.row_no = s.row_no where k.is_new or k.is_changed
), customers as materialized (
  select id from customer where customer_no = any(array(select customer_no from written)) order by customer_no for no key update
), places as materialized (
  select id from premises where premises_no = any(array(select premises_no from written)) and (select count(*) from customers) >= 0
  order by premises_no for no key update
)
select count(*) from places
