-- Known entitlements that rows change: they are written anew, since what one gives up another may take. Served by pk_entitlement.
delete from entitlement e using typed_entitlement t
where e.account_id = t.account_id and e.id = t.id
  and (t.value, t.valid_to, t.document) is distinct from (t.value_before, t.valid_to_before, t.document_before)
