-- What the parts of a month of a range of accounts cost, for the versions of one shape: each "{...}" is put in by rules/compiled.py, once per shape.
-- Nothing is fenced but the numbers of the versions: to compute an expression twice costs less than to carry a row through one more node. Reads the
-- month of the range once, in the order in which it is written. Served by pk_usage_month, later parts by ix_usage_month_later.
insert into usage_cost (account_id, month, part, version_id, total_minor, currency, quantities, amounts)
select account_id, month, part, version_id, "{total}", currency, array["{quantities}"], array["{amounts}"]
from (
  select account_id, month, part, version_id, currency, "{products}"
  from (
    select account_id, month, part, version_id, currency, "{rates}", "{measured}"
    from (
      select u.account_id, u.month, u.part, u.version_id, u.energy as e, u.energies as p, u.export_energy as x, u.end_day - u.first_day as n, t.*,
        "{known}"
      from (
        select v.id, v.code, v.currency, "{numbers}"
        from unnest(cast(:version_ids as bigint[]), cast(:codes as text[]), cast(:currencies as text[])) with ordinality v (id, code, currency, at)
        offset 0) t
      join usage_month "{usage}" on t.id = u.version_id
      where u.month = cast(:month as date) and u.account_id between cast(:first as bigint) and cast(:last as bigint)
        and u.energy <= t.most and u.export_energy <= t.most and "{parts}") u) q) "{lines}"
