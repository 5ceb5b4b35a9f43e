"""Bytes before they are YAML: size, encoding, and characters that make text look like other text.

Checked over the whole file, comments included: a comment that hides a line from a reviewer is as
good an attack as a value that does.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice

from pki_schema.errors import Position, Problem

LARGEST_FILE = 1024 * 1024
"""Bytes of one manifest."""

MOST_PROBLEMS = 100
"""Problems told of one file; who made more of them will not read more."""

# C0 and C1 but tab and line feed, soft hyphen, joiners and other zero-width characters, controls of
# direction (Unicode TR 36 section 2.2), line and paragraph separators, Hangul fillers, the byte
# order mark, non-characters, interlinear annotation and language tags.
_HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff"
)
_IN_VALUE = re.compile(f"[{_HIDDEN}]")
# In a file a carriage return may stand, but only where it ends a line together with a line feed.
_IN_FILE = re.compile(f"(?!\r\n)[{_HIDDEN}]")
_PLAIN = bytes(range(0x20, 0x7F)) + b"\t\n"
# A hundred thousand %TAG lines cost libyaml ten seconds: it compares each with all before it.
_DIRECTIVE = re.compile(rb"^%", re.MULTILINE)
_UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def faults(path: str, data: bytes) -> tuple[Problem, ...]:
    """Why these bytes are not the text of a manifest; nothing if they are UTF-8 and plain."""
    if len(data) > LARGEST_FILE:
        message = f"the file has {len(data)} bytes; {LARGEST_FILE} are allowed"
        return (Problem(Position(path), "PKI1006", message, "spread it over several files"),)
    if data.startswith(_UTF_8_MARK):
        hint = "save it as UTF-8 without BOM"
        return (Problem(Position(path), "PKI1002", "the file begins with a byte order mark", hint),)
    if data.startswith(_UTF_16_MARKS) or b"\0" in data[:2]:
        return (Problem(Position(path), "PKI1003", "the file is UTF-16", "save it as UTF-8"),)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8"
        return (Problem(_end_of(path, before), "PKI1004", message, "save it as UTF-8"),)
    directive = _DIRECTIVE.search(data)
    if directive:
        where = Position(path, data.count(b"\n", 0, directive.start()) + 1)
        message = "directives (%YAML, %TAG) are not allowed"
        return (Problem(where, "PKI1014", message, "remove the line"),)
    if not data.translate(None, _PLAIN):
        return ()
    return tuple(
        Problem(_end_of(path, text[: found.start()]), "PKI1005", *_forbidden(found[0]))
        for found in islice(_IN_FILE.finditer(text), MOST_PROBLEMS)
    )


def hidden(value: str) -> tuple[str, str] | None:
    """Message and hint for a forbidden character that came in by an escape, or ``None``."""
    found = _IN_VALUE.search(value)
    return _forbidden(found[0]) if found else None


def shown(text: str) -> str:
    """Text as it may stand in a message: on one line, shortened, nothing hidden."""
    cut = text if len(text) <= 80 else f"{text[:77]}..."
    return cut if cut.isprintable() else ascii(cut)[1:-1]


def _forbidden(character: str) -> tuple[str, str]:
    name = unicodedata.name(character, "a control character")
    message = f"the character U+{ord(character):04X} ({name}) is not allowed"
    return message, "remove it" if character != "\r" else "end lines with a line feed"


def _end_of(path: str, text: str) -> Position:
    """The place just behind ``text``, the beginning of a file."""
    return Position(path, text.count("\n") + 1, len(text) - text.rfind("\n"))
