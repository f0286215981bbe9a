-- New bills and amended ones get a new name in the ledger; the others keep theirs.
update typed_bill set posting_id = case when bill_id is null or has_new_lines or amount_minor <> known_amount_minor then uuidv7() else known_posting_id end
where origin = 'issued' or (bill_id is null and is_open and open_minor = amount_minor)
