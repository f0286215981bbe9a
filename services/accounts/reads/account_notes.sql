-- Notes about an account, the latest first. Served by pk_account_note backwards.
select n.id, n.text, n.text_sealed as sealed, n.written_at, s.display_name as written_by, n.erased_at is not null as is_erased
from account_note n join staff s on s.id = n.written_by
where n.account_id = :account_id and n.id < :before
order by n.id desc limit :limit
