-- Mirrors of what amended bills had posted, from their lines of before; the mirror's source is the negative one, its last line comes first.
-- Served by uq_book_owner, pk_bill_line and pk_bill_line_code.
select b.id as book_id, cast(-cast(:bill_source as integer) as smallint) as source, s.known_posting_id as source_id, cast(:now as timestamptz) as effective_at,
  (-l.line_no)::smallint as line, case when l.amount_minor > 0 then c.ledger_code else 'receivable' end as debit,
  case when l.amount_minor > 0 then 'receivable' else c.ledger_code end as credit, s.currency as asset, abs(l.amount_minor) as amount, null::smallint as event
from typed_bill s
join book b on b.owner_kind = 'account' and b.owner_id = s.account_id
join bill_line l on l.account_id = s.account_id and l.bill_id = s.bill_id
join bill_line_code c on c.id = l.code
where s.origin = 'issued' and (s.has_new_lines or s.amount_minor <> s.known_amount_minor) and l.amount_minor <> 0
