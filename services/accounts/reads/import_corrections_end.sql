-- Corrections of a use class about which the file says anything but what was wrong: it has the last word. Served by uq_account_account_no and
-- uq_data_correction_class.
update data_correction d set file_said = null
from staged_account s join account a on a.account_no = s.account_no
where d.account_id = a.id and d.field = 'use_class' and d.file_said is not null and s.class <> d.file_said
