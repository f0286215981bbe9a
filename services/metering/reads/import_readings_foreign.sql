-- Blocks of meters that are not at accounts of a program's units are no sound ones. Reads the whole of a chunk.
update block set is_sound = false, is_plain = false where unit_id is null or unit_id not in (select unit_id from service_units(:program))
