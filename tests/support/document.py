"""Every operation and the API's document, as the code makes them: once for all tests of a process that read them."""

from typing import Any, Final

from fastapi.routing import APIRoute

from app.main import described

_APP: Final = described()
ROUTES: Final = [route for route in _APP.routes if isinstance(route, APIRoute)]
DOCUMENT: Final[dict[str, Any]] = _APP.openapi()
