-- Lines that a changed bill has no more.
delete from bill_line l using typed_bill s where s.bill_id is not null and s.has_new_lines and l.account_id = s.account_id and l.bill_id = s.bill_id
