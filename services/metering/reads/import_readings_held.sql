-- What waits in quarantine, as whoever sent it is told. Reads the whole of a chunk.
select t.row_no, 'kwh' as field,
  case min(h.reason) when 'negative' then 'is negative: it waits in quarantine'
    when 'implausible' then 'is more than can be believed: it waits in quarantine'
    when 'decided' then 'contradicts what staff decided: it waits in quarantine'
    else 'contradicts a better or a later reading: it waits in quarantine' end as reason
from held_interval h join typed_interval t on t.seq = h.seq
group by t.row_no
