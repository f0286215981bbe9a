-- The surplus does not settle its bill any more.
insert into bill_settlement (account_id, bill_id, payment_id, amount_minor, settled_at)
select account_id, bill_id, posting_id, -amount_minor, :now from surplus order by account_id, bill_id
