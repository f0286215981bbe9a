"""Lists that staff asked for as files, as their page shows them."""

import re


def latest_file(page: str) -> str:
    """Where the file is taken that was asked for last and is ready."""
    found = re.search(r'action="(/staff/files/[0-9a-f-]{36}/content)"', page)
    assert found is not None, "no file is ready"
    return found[1]
