"""Lists of keys that everybody can have, such as those of Debian's OpenSSL of 2006 to 2008."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pki_schema.errors import WorldFailed

LARGEST_LIST: Final = 64 * 2**20
"""Octets: a million keys. Debian's are 32,768 a size of key, architecture and kind of start."""

_LINES = re.compile(rb"(?:[0-9A-Fa-f]{64}\r?\n)*(?:[0-9A-Fa-f]{64})?")


def read_weak_keys(lists: Iterable[Path]) -> frozenset[bytes]:
    """The digests in these files, one in hex a line, as ``keygate.digest`` makes them.

    Raises ``WorldFailed`` for a file that is missing, too large or anything else: without a list
    that the host asked for nothing shall be signed.
    """
    return frozenset(digest for path in lists for digest in _read(path))


def _read(path: Path) -> Iterable[bytes]:
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_LIST + 1)
    except OSError as error:
        raise WorldFailed(
            f"the list of weak keys {path} cannot be read: {error.strerror}",
            "put it there, or take it out of weak_key_lists",
        ) from None
    if len(data) > LARGEST_LIST or not data or not _LINES.fullmatch(data):
        raise WorldFailed(
            f"{path} is no list of weak keys",
            "it has one SHA-256 in hex a line, of RSA moduli or of x coordinates",
        )
    return map(bytes.fromhex, data.decode("ascii").split())
