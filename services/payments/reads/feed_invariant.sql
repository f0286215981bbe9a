-- Each booked part of a range of accounts stands in the feed of payments once, with its amount, or waits for its number; one row per breach. What was
-- booked before there was a feed may still have to be noted. Served by pk_payment_part, uq_payment_feed_kind_ref_posting_id and pk_payment_feed_pending.
select p.account_id, 'booked_parts_are_in_the_feed' as rule, format('part %s: of %s, in the feed %s', p.id, p.amount_minor, f.amount_minor) as detail
from payment_part p
left join payment_feed f on f.kind = 'booked' and f.ref = p.id
where p.account_id between :first_account and :last_account and p.outcome = 'booked' and f.amount_minor is distinct from p.amount_minor
  and not (f.no is null and (
    exists (select from payment_feed_pending n where n.kind = 'booked' and n.ref = p.id)
    or exists (select from payment_feed_state s where p.account_id between s.fill_from and s.fill_to)))
limit :limit
