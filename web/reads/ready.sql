-- Which schema the database has; reads the whole of a table of one row.
select version_num from alembic_version
