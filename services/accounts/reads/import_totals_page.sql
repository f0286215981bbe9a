-- What a run came to in units where somebody may read of imports, by code. Served by pk_import_total, pk_import_amount and pk_unit.
with seen as materialized (
  select unit_id from staff_units(:staff_id, :permission, :now)
  union all
  select 0 where cast(:sees_all as boolean)
)
select coalesce(u.code, '') as code, coalesce(u.name, '') as name, t.rows_new, t.rows_changed, t.rows_unchanged, t.rows_rejected, t.accounts, t.vanished,
  coalesce((select jsonb_agg(jsonb_build_array(a.currency, a.kind, a.bills, a.amount_minor::text, a.open_minor::text, a.owed_minor::text)
    order by a.currency, a.kind) from import_amount a where a.run_id = t.run_id and a.unit_id = t.unit_id), '[]') as amounts
from import_total t
left join unit u on u.id = t.unit_id
where t.run_id = :run_id and t.unit_id in (select unit_id from seen) and (cast(:after as text) = '' or coalesce(u.code, '') > cast(:after as text))
order by coalesce(u.code, '') limit :limit
