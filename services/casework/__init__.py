"""What takes more than one step or person: what one member of staff asks and another must approve, and lists as files.

Owns `approval_request`, `staff_file` and `staff_file_piece`. Publishes nothing. Never: does what was asked itself (a
kind's own domain does), lets anybody decide about their own request, carries out what was not approved in the same
transaction, or gives a file to whoever may not read all that it tells any more.
"""
