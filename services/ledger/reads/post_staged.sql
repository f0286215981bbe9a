-- One call of ledger_post_staged from rows of any query. Books ascend, so that batches lie in the order of the primary keys.
-- Served by uq_ledger_code_name and uq_ledger_asset_name.
with staged as materialized (select /* staged rows */),
head as materialized (
  select s.book_id, s.source, s.source_id, min(s.effective_at) as effective_at, max(s.event) as event, count(*) as n,
    array_agg(d.code order by s.line) as debits, array_agg(c.code order by s.line) as credits,
    array_agg(a.asset order by s.line) as assets, array_agg(s.amount order by s.line) as amounts
  from staged s
  left join ledger_code d on d.name = s.debit
  left join ledger_code c on c.name = s.credit
  left join ledger_asset a on a.name = s.asset
  group by s.book_id, s.source, s.source_id
), line as (
  select h.book_id, h.source, h.source_id, l.debit, l.credit, l.asset, l.amount, l.line
  from head h cross join lateral unnest(h.debits, h.credits, h.assets, h.amounts) with ordinality l (debit, credit, asset, amount, line)
), heads as (
  select array_agg(book_id order by book_id, source_id, source)::bigint[] as books, array_agg(source order by book_id, source_id, source)::smallint[] as sources,
    array_agg(source_id order by book_id, source_id, source)::uuid[] as source_ids,
    array_agg(effective_at order by book_id, source_id, source)::timestamptz[] as effective_at,
    array_agg(n order by book_id, source_id, source)::integer[] as counts, array_agg(event order by book_id, source_id, source)::smallint[] as events
  from head
), lines as (
  select array_agg(debit order by book_id, source_id, source, line)::smallint[] as debits,
    array_agg(credit order by book_id, source_id, source, line)::smallint[] as credits,
    array_agg(asset order by book_id, source_id, source, line)::smallint[] as assets,
    array_agg(amount order by book_id, source_id, source, line)::bigint[] as amounts
  from line
), done as materialized (
  select ledger_post_staged(books, sources, source_ids, effective_at, counts, debits, credits, assets, amounts, events) as numbers
  from heads cross join lines where books is not null
)
select count(*) filter (where no > 0) as posted, count(*) filter (where no < 0) as repeated from done cross join unnest(numbers) no
