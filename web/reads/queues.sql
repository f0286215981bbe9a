-- Rows that wait, per queue, and the age in seconds of the oldest that is due; money that waits for a person's decision; what the last whole
-- round of each check of the books found. Counts stop at :most, so that the answer stays quick when it is needed most. Served by pk_outbox,
-- ix_inbox_due_at, ix_message_due_at, ix_payment_attempt_next_check_at, pk_payment_feed_pending, ix_payment_suspense_open,
-- ix_webhook_delivery_waiting, ix_staff_file_due, ix_erasure_due_at, ix_data_export_asked_at, ix_payment_refund_next_check_at, pk_usage_change,
-- ix_reading_due_first_day and pk_ledger_check; webhook_endpoint and set_aside, some tens of rows, are read whole. A day is over everywhere two days later.
select json_build_object(
  'queues', json_build_object(
    'outbox', (select json_build_object(
        'pending', (select count(*) from (select from outbox limit :most) o),
        'oldest_s', coalesce(extract(epoch from now() - (select created_at from outbox order by id limit 1)), 0)::float8)),
    'inbox', (select json_build_object('pending', count(*), 'oldest_s', coalesce(extract(epoch from now() - min(received_at)), 0)::float8)
        from (select received_at from inbox where applied_at is null limit :most) i),
    'messages', (select json_build_object('pending', count(*), 'oldest_s', coalesce(extract(epoch from now() - min(due_at)), 0)::float8)
        from (select due_at from message where state in ('pending', 'sending', 'unknown') and due_at <= now() limit :most) m),
    'webhooks', (select json_build_object('pending', coalesce(sum(w.pending), 0), 'oldest_s', coalesce(extract(epoch from now() - min(w.since)), 0)::float8)
        from webhook_endpoint e
        cross join lateral (
          select count(*) as pending, min(d.waits_since) as since
          from (select waits_since from webhook_delivery where endpoint_id = e.id and state = 'waiting' order by id limit :most) d
        ) w
        where e.state = 'active'),
    'payment_checks', (select json_build_object('pending', count(*), 'oldest_s', coalesce(extract(epoch from now() - min(next_check_at)), 0)::float8)
        from (select next_check_at from payment_attempt where next_check_at <= now() order by next_check_at limit :most) a),
    'payment_feed', (select json_build_object('pending', count(*), 'oldest_s', coalesce(extract(epoch from now() - min(noted_at)), 0)::float8)
        from (select noted_at from payment_feed_pending order by kind, ref limit :most) f),
    'files', (select json_build_object('pending', count(*), 'oldest_s', coalesce(extract(epoch from now() - min(due_at)), 0)::float8)
        from (select due_at from staff_file where state = 'asked' and due_at <= now() order by due_at limit :most) x),
    'erasures', (select json_build_object('pending', count(*), 'oldest_s', coalesce(extract(epoch from now() - min(coalesce(failing_since, due_at))), 0)::float8)
        from (select due_at, failing_since from erasure where done_at is null and (due_at <= now() or failures > 0) order by due_at limit :most) e),
    'data_exports', (select json_build_object('pending', count(*), 'oldest_s', coalesce(extract(epoch from now() - min(asked_at)), 0)::float8)
        from (select asked_at from data_export where made_at is null order by asked_at limit :most) c),
    'refund_checks', (select json_build_object('pending', count(*), 'oldest_s', coalesce(extract(epoch from now() - min(next_check_at)), 0)::float8)
        from (select next_check_at from payment_refund where next_check_at <= now() order by next_check_at limit :most) r),
    'readings', (select json_build_object(
        'pending', (select count(*) from (select from usage_change limit :most) u),
        'oldest_s', coalesce(extract(epoch from now() - (select changed_at from usage_change order by id limit 1)), 0)::float8)),
    'reading_checks', (select json_build_object('pending', count(*), 'oldest_s', coalesce(extract(epoch from now() - min(greatest(noted_at, first_day + 2))), 0)::float8)
        from (select noted_at, first_day from reading_due where look = 'validate' and first_day < current_date - 1 order by first_day limit :most) d),
    'set_aside', (select json_build_object('pending', count(*), 'oldest_s', coalesce(extract(epoch from now() - min(since)), 0)::float8)
        from (select since from set_aside limit :most) f)
  ),
  'suspense', (select json_build_object('open', count(*), 'oldest_s', coalesce(extract(epoch from now() - min(created_at)), 0)::float8)
      from (select created_at from payment_suspense where state = 'open' order by created_at limit :most) s),
  'stopped_webhooks', (select count(*) from webhook_endpoint where state = 'disabled' and disabled_why <> 'staff'),
  'refunds', (select json_build_object('open', count(*), 'abnormal', count(*) filter (where state = 'abnormal'), 'contested', count(*) filter (where state = 'contested'),
        'oldest_s', coalesce(extract(epoch from now() - min(created_at)), 0)::float8)
      from (select state, created_at from payment_refund where next_check_at is not null limit :most) r),
  'checks', coalesce((
    select json_object_agg(name, json_build_object('violations', greatest(violations, found), 'age_s', extract(epoch from now() - finished_at)::float8))
    from ledger_check), '{}'::json)
)
