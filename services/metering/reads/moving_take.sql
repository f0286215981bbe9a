-- Take days away from where they do not belong. Served by pk_interval_day.
delete from interval_day i using merged_day m where i.account_id = m.account_id and i.series_id = m.series_id and i.day = m.day
