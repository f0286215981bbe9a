-- Staged rows that name no premises are about those that their account has. Served by uq_account_account_no and pk_premises.
update staged_account s set premises_no = p.premises_no
from account a join premises p on p.id = a.premises_id
where a.account_no = s.account_no and not s.names_premises and p.premises_no <> s.premises_no
returning s.row_no, s.premises_no
