-- What a run came to in every unit, by code. Served by pk_import_total, pk_import_amount and pk_unit.
select coalesce(u.code, '') as code, coalesce(u.name, '') as name, t.rows_new, t.rows_changed, t.rows_unchanged, t.rows_rejected, t.accounts, t.vanished,
  coalesce((select jsonb_agg(jsonb_build_array(a.currency, a.kind, a.bills, a.amount_minor::text, a.open_minor::text, a.owed_minor::text)
    order by a.currency, a.kind) from import_amount a where a.run_id = t.run_id and a.unit_id = t.unit_id), '[]') as amounts
from import_total t
left join unit u on u.id = t.unit_id
where t.run_id = :run_id
order by code
