-- What is open of one bill, which is locked. Served by pk_bill and pk_account.
select b.open_minor, a.currency from bill b join account a on a.id = b.account_id
where b.account_id = :account_id and b.id = :id
for update of b
