-- The one decision whether a person may view, pay or own an account: its id, the person's role and what it shows, or no row. Hot reads call it
-- in their own statement, of which it becomes a part, as `living_session` does.
drop function account_access(uuid, text, text, timestamptz);
create function account_access(p_user uuid, p_account_no text, p_permission text, p_now timestamptz default now())
returns table (account_id bigint, role text, scope text) language sql stable parallel safe as $$
  select a.id, g.role, g.scope
  from account a
  join access_grant g on g.account_id = a.id and g.user_id = p_user and g.revoked_at is null
  where a.account_no = p_account_no
    and g.valid_from <= p_now
    and (g.valid_to is null or g.valid_to > p_now)
    and case p_permission
          when 'view' then true
          when 'pay' then g.role in ('owner', 'payer')
          when 'own' then g.role = 'owner'
          else false
        end
$$;
