-- What had been paid beyond the new amount of amended bills.
create temporary table surplus on commit drop as
select s.account_id, s.bill_id, s.currency, s.posting_id, s.known_amount_minor - s.known_open_minor - s.amount_minor as amount_minor
from typed_bill s
where s.origin = 'issued' and s.posting_id is distinct from s.known_posting_id and s.known_amount_minor - s.known_open_minor > s.amount_minor
