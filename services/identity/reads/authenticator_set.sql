-- When somebody last gave themselves another authenticator. Served by ix_audit_subject.
select max(recorded_at) from audit
where subject = :subject and act = 'identity.staff_authenticator_set' and recorded_at > :since
