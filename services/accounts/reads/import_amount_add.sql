-- Adds to the sums of a run's units. Served by pk_import_amount.
insert into import_amount (run_id, unit_id, currency, kind, bills, amount_minor, open_minor, owed_minor)
select :run_id, unit_id, currency, kind, bills, amount_minor, open_minor, owed_minor
from unnest(cast(:unit_ids as integer[]), cast(:currencies as text[]), cast(:kinds as text[]), cast(:bills as bigint[]),
  cast(:amounts as numeric[]), cast(:opens as numeric[]), cast(:owed as numeric[]))
  t (unit_id, currency, kind, bills, amount_minor, open_minor, owed_minor)
order by unit_id, currency, kind
on conflict (run_id, unit_id, currency, kind) do update set bills = import_amount.bills + excluded.bills,
  amount_minor = import_amount.amount_minor + excluded.amount_minor, open_minor = import_amount.open_minor + excluded.open_minor,
  owed_minor = import_amount.owed_minor + excluded.owed_minor
