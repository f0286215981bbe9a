"""XML from outside, read piece by piece: nothing in it is followed, expanded or gathered, however large the file.

The tree builders of libraries keep a tree, and defusedxml, which guards them, counts neither depth nor length. This
walks the file with the same guards and some more: no document type and so no entities, no encodings but the common
ones, and bounds on depth, attributes, texts, single pieces of markup, and on how far one may read without a find.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol
from xml.parsers.expat import ExpatError, ParserCreate, XMLParserType

from core.records import UNPACKABLE, TooPacked

PIECE_BYTES: Final = 64 * 1024
MOST_DEPTH: Final = 64
MOST_ATTRIBUTES: Final = 64
MOST_TEXT: Final = 1024 * 1024
"""Characters of one text. Only the first KEPT_TEXT are kept."""

KEPT_TEXT: Final = 1024
MOST_PIECE: Final = 256 * 1024
"""Bytes of one tag or comment: the parser gathers these until they end."""

MOST_BARREN: Final = 64 * 1024 * 1024
"""Bytes without a find: no feed has so much around a reading, and a small packed file could go on for hours."""

ENCODINGS: Final = frozenset({"utf-8", "us-ascii", "iso-8859-1", "utf-16"})
SEPARATOR: Final = " "
"""Between a namespace and a name: it stands in neither."""


class Bytes(Protocol):
    """A file that is read forward. A packed one may raise one of UNPACKABLE or TooPacked."""

    def read1(self, size: int, /) -> bytes:
        """Up to so many of the next bytes, as many as one look at the file gives; none at the end."""


class Listener(Protocol):
    """What hears of a document. Names are a namespace, a space and a name. It may raise Unwanted."""

    finds: int
    """Grows with what is worth reading on."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str, text: str) -> None:
        """An element ends; `text` is what stood in it behind its last child, if it had any, and is cut."""


DAMAGED, MUCH, MALFORMED = "packing", "packed", "syntax"
"""What is wrong with a document that is none."""


class Broken(Exception):
    """From here on the document is none, or is not read: what is wrong, in a word, and on which line."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.what = what
        self.line = line


class Unwanted(Exception):
    """Raised while a piece is read: what is in it that no feed needs, in a word or two. The parser knows the line."""


@dataclass(slots=True)
class _Guard:
    """Between the parser and who listens."""

    listener: Listener
    depth: int = 0
    text: list[str] = field(default_factory=list)
    length: int = 0
    kept: int = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise Unwanted("depth")
        if len(attributes) > MOST_ATTRIBUTES:
            raise Unwanted("attributes")
        self._forget()
        self.listener.start(name, attributes)

    def end(self, name: str) -> None:
        self.depth -= 1
        text = "".join(self.text)
        self._forget()
        self.listener.end(name, text)

    def data(self, text: str) -> None:
        self.length += len(text)
        if self.length > MOST_TEXT:
            raise Unwanted("text")
        if self.kept < KEPT_TEXT:
            self.text.append(text[:KEPT_TEXT])
            self.kept += len(text)

    def _forget(self) -> None:
        if self.length:
            self.text.clear()
            self.length = self.kept = 0


def walk(file: Bytes, listener: Listener) -> Iterator[None]:
    """Tell the listener what is in a file, a piece of it at each step. Raises Broken where it cannot go on."""
    parser = _parser(_Guard(listener))
    fed = barren_from = 0
    finds = listener.finds
    while True:
        try:
            piece = file.read1(PIECE_BYTES)
        except UNPACKABLE as error:
            raise Broken(DAMAGED, parser.CurrentLineNumber) from error
        except TooPacked as error:
            raise Broken(MUCH, parser.CurrentLineNumber) from error
        _feed(parser, piece)
        fed += len(piece)
        if fed - parser.CurrentByteIndex > MOST_PIECE:
            raise Broken("markup", parser.CurrentLineNumber)
        if listener.finds != finds:
            finds, barren_from = listener.finds, fed
        elif fed - barren_from > MOST_BARREN:
            raise Broken("nothing", parser.CurrentLineNumber)
        yield
        if not piece:
            return


def _feed(parser: XMLParserType, piece: bytes) -> None:
    try:
        parser.Parse(piece, not piece)
    except Unwanted as refusal:
        raise Broken(str(refusal), parser.CurrentLineNumber) from refusal
    except (ExpatError, UnicodeError, ValueError, LookupError) as error:
        raise Broken(MALFORMED, parser.ErrorLineNumber or parser.CurrentLineNumber) from error


def _parser(guard: _Guard) -> XMLParserType:
    parser = ParserCreate(namespace_separator=SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler = guard.start
    parser.EndElementHandler = guard.end
    parser.CharacterDataHandler = guard.data
    parser.StartDoctypeDeclHandler = _refusing("DOCTYPE")
    parser.EntityDeclHandler = _refusing("ENTITY")
    parser.ExternalEntityRefHandler = _refusing("ENTITY")
    parser.XmlDeclHandler = _check_declaration
    return parser


def _refusing(reason: str) -> Callable[..., int]:
    def refuse(*_: object) -> int:
        raise Unwanted(reason)

    return refuse


def _check_declaration(_version: str, encoding: str | None, _is_standalone: int) -> None:
    if encoding is not None and encoding.lower() not in ENCODINGS:
        raise Unwanted("encoding")
