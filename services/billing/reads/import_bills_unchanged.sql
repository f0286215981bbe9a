-- Nothing is to be done for bills that are known as they are.
delete from typed_bill where bill_id is not null and not has_new_terms and not has_new_lines and amount_minor = known_amount_minor
