"""The token request in OAuth's own form (RFC 6749, sections 2.3.1 and 4.4.2), as every OAuth client sends it."""

import json
from typing import Final
from urllib.parse import parse_qsl

from web.problems.common import BadRequest, UnsupportedMedia

TOKENS: Final = "/api/v1/auth/token"
KNOWN: Final = ("grant_type", "client_id", "client_secret")
MOST_FIELDS: Final = 32


def as_json(form: bytes) -> bytes:
    """The same request as JSON: programs alone send it as a form.

    Parameters without a value count as left out, unknown ones are ignored (section 3.2), `scope` with them: a program
    gets all of its scopes, and the answer names them. Raises BadRequest for a parameter that is there twice.
    """
    try:
        pairs = parse_qsl(form.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise BadRequest from error
    told = dict(pairs)
    if len(told) != len(pairs):
        raise BadRequest
    if told.get("grant_type") != "client_credentials":
        raise UnsupportedMedia
    return json.dumps({name: told[name] for name in KNOWN if told.get(name)}).encode()
