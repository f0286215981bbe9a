-- Refunds of one sum with the names of who asked and who approved, the latest first. Served by ix_payment_refund_suspense_id and pk_staff.
select r.id, r.out_refund_no, r.provider, r.merchant, r.refund_id, r.state, r.unanswered_since is not null as is_doubtful, r.refused_reason, r.why, f.display_name as requested_by,
  d.display_name as approved_by, r.created_at, r.started_at, r.ended_at, r.next_check_at,
  r.contested_told, b.display_name as decided_by, r.decided_why
from payment_refund r
join staff f on f.id = r.requested_by
left join staff d on d.id = r.approved_by
left join staff b on b.id = r.decided_by
where r.suspense_id = :suspense_id
order by r.id desc
