-- The series of a chunk. Reads the whole of it.
create temporary table chunk_series on commit drop as
select account_id, meter_no, channel, minutes from block where is_plain
union
select account_id, meter_no, channel, minutes from typed_interval
