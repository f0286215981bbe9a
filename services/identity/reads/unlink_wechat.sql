-- A person's identity and those of the same unionid. Served by pk_wechat_identity and ix_wechat_identity_unionid_blind.
delete from wechat_identity i
using wechat_identity asked
where asked.id = :id
  and asked.user_id = :user_id
  and i.user_id = :user_id
  and (i.id = asked.id or i.unionid_blind = asked.unionid_blind)
returning i.id
