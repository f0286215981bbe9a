-- Published versions of a tariff that hold on any day from :first up to, not including, :end. Served by ix_tariff_version_published.
select v.id, v.tariff_code, v.version_no, v.valid_from, v.valid_to, v.state, v.periods, v.note, v.revision, v.is_correction, v.request_id, v.created_at, v.changed_at,
  v.published_at
from tariff_version v
where v.tariff_code = :code and v.state = 'published' and v.valid_from < cast(:end as date)
  and (v.valid_to is null or v.valid_to > greatest(cast(:first as date), v.valid_from))
order by v.valid_from
