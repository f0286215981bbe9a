-- What the parts of some accounts come to by the statement of a shape, with nothing written: by account, in all and of how many parts. Both "{...}" are put
-- in by rules/pricing_sql.py: the parts, which are read in place of those of the table, and the statement. Served by pk_usage_month and pk_entitlement.
with usage_month as materialized (select "{parts}")
select account_id, sum(total_minor)::bigint as total_minor, count(*) as parts
from (select "{priced}") c (account_id, month, part, version_id, total_minor, figures)
group by account_id
