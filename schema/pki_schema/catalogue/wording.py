"""An example as a reader is shown it: what is different from the small tree, and no more."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from pki_schema.catalogue.entries import Declared, Told
from pki_schema.catalogue.examples import BASE

_LEFT_OUT = "  …"
_KEY = re.compile(r"([A-Za-z0-9+/=]{20})[A-Za-z0-9+/=]{37,}([A-Za-z0-9+/=]{8})")
"""More octets than a digest in hexadecimal has; nobody reads those in the middle."""
_BODY = re.compile(r"(?<=-----\n)(.{20})[^-]{100,}(?=-----END)")


def shown(example: Declared | Told) -> str:
    """The lines of an example that matter, each file below its path as a comment."""
    if isinstance(example, Told):
        return example.text
    parts = (
        "\n".join((f"# {path}", *_relevant(path, text))) for path, text in example.files.items()
    )
    return "\n\n".join(parts)


def changed(example: Declared | Told) -> str:
    """The lines that the cure takes out (``-``) and puts in (``+``); empty where none is given."""
    if isinstance(example, Told):
        return ""
    return "\n\n".join(
        "\n".join(_difference(path, example.files.get(path, BASE.get(path, "")), text))
        for path, text in example.cured.items()
    )


def _difference(path: str, before: str, after: str) -> Iterator[str]:
    if path.endswith(".pem"):
        yield f"# {path}, made for it"  # its lines say nothing to anybody
        return
    yield f"# {path}"
    old, new = before.splitlines(), after.splitlines()
    yield from (f"-{_printable(line)}" for line in old if line not in new)
    yield from (f"+{_printable(line)}" for line in new if line not in old)


def _relevant(path: str, text: str) -> Iterator[str]:
    """Of a file of the small tree its kind and what it has different; of any other all."""
    lines = _BODY.sub(r"\1…\n", text).splitlines()
    known = BASE.get(path, "").splitlines()
    # What every file of the tree has in common: apiVersion, kind, metadata, spec.
    if lines[:4] != known[:4] or not set(lines) - set(known):
        yield from map(_printable, lines)
        return
    yield lines[1]
    yield lines[3]
    left_out = False
    for line in lines[4:]:
        if line not in known:
            yield _printable(line)
        elif not left_out:
            yield _LEFT_OUT
        left_out = line in known


def _printable(line: str) -> str:
    """What a terminal would hide or obey stands as its escape, and of a long key both ends."""
    return "".join(
        c if c.isprintable() and not unicodedata.combining(c) else ascii(c)[1:-1]
        for c in _KEY.sub(r"\1…\2", line)
    )
