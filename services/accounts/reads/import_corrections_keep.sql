-- Staged rows that repeat a use class which was corrected are read as corrected. Served by uq_account_account_no and uq_data_correction_class.
update staged_account s set class = a.class
from account a join data_correction d on d.account_id = a.id and d.field = 'use_class' and d.file_said is not null
where a.account_no = s.account_no and s.class = d.file_said
