-- What a payment may have changed before the books were locked. Served by pk_bill.
update typed_bill s set known_open_minor = b.open_minor, known_state = b.state
from bill b where b.account_id = s.account_id and b.id = s.bill_id and (b.open_minor, b.state) is distinct from (s.known_open_minor, s.known_state)
