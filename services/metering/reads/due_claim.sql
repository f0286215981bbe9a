-- The accounts at which a round is to look, those with the longest-changed days first. Held by whoever deletes them. Served by ix_reading_due_first_day and
-- pk_reading_due.
with taken as (
  delete from reading_due where id in (
    select id from reading_due where look = :look and first_day <= cast(:last as date) order by first_day, account_id limit :most for update skip locked)
  returning account_id, first_day, last_day)
select account_id, min(first_day) as first_day, max(last_day) as last_day from taken group by account_id order by account_id
