-- Have the series and the registers of every account at which a meter was, in the order in which imports have them. Served by uq_meter_present, ix_meter_former,
-- pk_reading_series and pk_meter_register.
with places as materialized (
  select account_id from meter where meter_no = :meter_no and removed_on is null
  union
  select account_id from meter where meter_no = :meter_no and removed_on is not null
), series as materialized (
  select r.account_id, r.id from reading_series r where r.account_id in (select account_id from places) order by r.account_id, r.id for no key update
)
select count(*) from series
