-- One version by its number. Served by uq_tariff_version_no.
select v.id, v.tariff_code, v.version_no, v.valid_from, v.valid_to, v.state, v.periods, v.note, v.revision, v.is_correction, v.request_id, v.created_at, v.changed_at,
  v.published_at
from tariff_version v
where v.tariff_code = :code and v.version_no = :version_no
