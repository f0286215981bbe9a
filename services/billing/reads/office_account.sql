-- One account as a program of the supplier reads it, as JSON text, when it is of the program's units. Served by uq_account_account_no, pk_unit,
-- pk_billing_mode, uq_book_owner and pk_balance. 1100 is receivable, 2100 prepaid.
select json_build_object(
  'account_no', a.account_no, 'unit_code', u.code, 'class', a.class, 'state', a.state,
  'due', json_build_object('amount_minor', coalesce((
    select l.balance from balance l where l.book_id = k.id and l.code = 1100 and l.asset = t.asset), 0), 'currency', a.currency),
  'prepaid', json_build_object('amount_minor', coalesce((
    select l.balance from balance l where l.book_id = k.id and l.code = 2100 and l.asset = t.asset), 0), 'currency', a.currency),
  'billing', case when m.native_from is null then 'external' else 'native' end, 'native_from', m.native_from)::text
from account a
join unit u on u.id = a.unit_id
join ledger_asset t on t.name = a.currency
left join book k on k.owner_kind = 'account' and k.owner_id = a.id
left join billing_mode m on m.account_id = a.id
where a.account_no = :account_no and a.unit_id in (select unit_id from service_units(:client))
