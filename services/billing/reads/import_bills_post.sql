-- Issued and amended bills, a posting for each line; a negative line the other way round. Served by uq_book_owner and pk_bill_line_code.
select b.id as book_id, cast(:bill_source as smallint) as source, s.posting_id as source_id,
  (s.issue_date::timestamp at time zone :zone) as effective_at, l.line_no as line,
  case when l.amount_minor > 0 then 'receivable' else c.ledger_code end as debit,
  case when l.amount_minor > 0 then c.ledger_code else 'receivable' end as credit, s.currency as asset, abs(l.amount_minor) as amount, null::smallint as event
from typed_bill s
join book b on b.owner_kind = 'account' and b.owner_id = s.account_id
join typed_line l on l.row_no = s.row_no
join bill_line_code c on c.id = l.code
where s.posting_id is distinct from s.known_posting_id and s.posting_id is not null and l.amount_minor <> 0
