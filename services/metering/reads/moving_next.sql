-- A meter that was noted some time ago: whoever judged readings by where it was before has ended by then. Reads the whole of a small table.
select meter_no from moved_meter where noted_at <= now() - make_interval(secs => :settling_s) order by noted_at, meter_no limit 1 for update skip locked
