-- How the judged rows of a dry run leave their bills, as import_bills_insert.sql and import_bills_update.sql do.
select s.key, jsonb_build_object('account_id', t.account_id, 'terms', s.terms, 'lines', s.lines, 'amount', t.amount_minor,
  'origin', case when t.bill_id is not null then t.origin when not t.is_open then 'history' when t.open_minor = t.amount_minor then 'issued'
    else 'opening' end,
  'open', case when t.bill_id is null then t.open_minor when t.origin = 'issued' then greatest(t.amount_minor - (t.known_amount_minor - t.known_open_minor), 0)
    else t.known_open_minor end,
  'state', case when t.bill_id is null then case when t.open_minor > 0 then 'issued' else 'settled' end when t.origin <> 'issued' then t.known_state
    when t.amount_minor > t.known_amount_minor - t.known_open_minor then 'issued' else 'settled' end) as said
from typed_bill t join said_bill s on s.row_no = t.row_no
