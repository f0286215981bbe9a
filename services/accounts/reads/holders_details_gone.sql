-- What an earlier holder told of an account is not the later one's. Served by pk_account_profile.
delete from account_profile f using holder_changed h where f.account_id = h.account_id
