"""What takes more than one step or person: so far, what one member of staff asks and another must approve.

Owns `approval_request`. Publishes nothing. Never: does what was asked itself (a kind's own domain does), lets anybody
decide about their own request, or carries out what was not approved in the same transaction.
"""
