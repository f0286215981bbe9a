-- A known and a new number take the same way: one statement. The language is that of the sign-up: a known person has chosen theirs. Served by uq_app_user_phone_blind.
insert into app_user as u (id, kind, phone_sealed, phone_blind, phone_masked, locale, created_at, signed_in_at)
values (:id, 'user', :sealed, :phone, :masked, :locale, :now, :now)
on conflict (phone_blind) do update set signed_in_at = excluded.signed_in_at
returning u.id, u.id = :id as is_new
