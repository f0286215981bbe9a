-- Hashes of recovery codes; the unlikely same one twice is kept once. Reads nothing.
insert into staff_recovery_code (staff_id, code_hash)
select :id, hash from unnest(cast(:hashes as bytea[])) hash
on conflict do nothing
