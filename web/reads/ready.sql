-- Which schema the database has, or with a `+` that `wattline migrate` has not come to its end: the search has no index yet. Reads the whole of a
-- table of one row.
select version_num || case when (select i.indisvalid from pg_index i where i.indexrelid = to_regclass('public.ix_account_search_terms')) then '' else '+' end
from alembic_version
