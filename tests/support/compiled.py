"""Pages' templates, compiled once in a process: an application of its own would compile all that it shows again."""

import functools
from types import CodeType

import jinja2
from jinja2.bccache import Bucket

from portal.templating import Renderer


class _Compiled(jinja2.BytecodeCache):
    """Templates compiled in this process, for towns that come later: all of a language take 1.5 CPU seconds."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was compiled from the same source."""
        checksum, code = self._kept.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled now."""
        assert bucket.code is not None
        self._kept[bucket.key] = (bucket.checksum, bucket.code)


@functools.cache
def _compiled(*_looks: str) -> _Compiled:
    """What was compiled for one language and supplier: constants are filtered while a template is compiled."""
    return _Compiled()


def compile_once(renderer: Renderer) -> None:
    """Let an application take templates that another one in this process has compiled."""
    settings = renderer._settings
    for locale, environment in renderer._environments.items():
        environment.bytecode_cache = _compiled(locale, settings.zone.key, settings.supplier_currency)
