-- What the parts of a month of a range of accounts cost, for the versions of one shape: each "{...}" is put in by rules/pricing_sql.py, once per shape.
-- Four levels are fenced by `offset 0`, each of which saves more than it costs: the numbers of the versions; the parts with their entitlements, merged in
-- the order of accounts, which is also the order in which they are written; quantities, which are used three times; and taxes. Reads the month of the
-- range once. Served by pk_usage_month and pk_entitlement, later parts by ix_usage_month_later.
insert into usage_cost (account_id, month, part, version_id, total_minor, "{columns}")
select account_id, month, part, version_id, "{total}", array["{figures}"] "{kept}"
from (
  select account_id, month, part, version_id, "{products}"
  from (
    select account_id, month, part, version_id, "{rates}", "{measured}"
    from (
      select u.account_id, u.month, u.part, u.version_id, u.energy as e, u.energies as p, u.export_energy as x, u.end_day - u.first_day as n, t.*,
        "{known}"
      from (
        select v.id, v.code, "{numbers}"
        from unnest(cast(:version_ids as bigint[]), cast(:codes as text[])) with ordinality v (id, code, at)
        offset 0) t
      join (
        select u.account_id, u.month, u.part, u.version_id, u.first_day, u.end_day, u.energy, u.export_energy, u.energies "{facts}"
        from usage_month "{entitled}"
        where u.month = cast(:month as date) and u.account_id between cast(:first as bigint) and cast(:last as bigint) and "{parts}"
        order by u.account_id
        offset 0) "{used}" on u.version_id = t.id
      where u.energy <= t.most and u.export_energy <= t.most) "{shared}"
    offset 0) q) "{lines}"
