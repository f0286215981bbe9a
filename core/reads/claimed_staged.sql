-- Names that somebody else has. Served by pk_claim.
select n.key from (select /* staged names */) n join claim c on c.kind = :kind and c.key = n.key where c.owner <> n.owner
