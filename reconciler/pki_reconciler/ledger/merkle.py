"""The Merkle tree over the entries' leaf hashes, in tiles; pure.

RFC 6962 section 2.1 hashing; tiles as in C2SP tlog-tiles: a tile at level L holds up to 256 hashes
of subtrees of 256**L leaves each, and only the rightmost of a level is partial. What a level cannot
say yet (an unfinished subtree) stands in the level below.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

HASH = 32
WIDTH = 256

Tiles = dict[tuple[int, int], bytes]
Lookup = Callable[[int, int], bytes]
"""Level and number to the tile's present content; raises ``KeyError`` when there is none."""

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(content: bytes) -> bytes:
    """The hash of one leaf."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def grown(size: int, leaves: Iterable[bytes], lookup: Lookup) -> Tiles:
    """The tiles that change when ``leaves`` (their hashes) follow the ``size`` leaves there are."""
    changed: Tiles = {}
    hashes = list(leaves)
    level = 0
    while hashes:
        count = size // WIDTH**level
        hashes = _appended(level, count, hashes, lookup, changed)
        level += 1
    return changed


def _appended(
    level: int, count: int, hashes: list[bytes], lookup: Lookup, changed: Tiles
) -> list[bytes]:
    """Put hashes into one level that has ``count``; returns the roots of tiles that became full."""
    n, used = divmod(count, WIDTH)
    open_tile = lookup(level, n) if used else b""
    full: list[bytes] = []
    data = open_tile + b"".join(hashes)
    for start in range(0, len(data), WIDTH * HASH):
        part = data[start : start + WIDTH * HASH]
        changed[level, n] = part
        if len(part) == WIDTH * HASH:
            full.append(_perfect(part))
            n += 1
    return full


def _perfect(data: bytes) -> bytes:
    """The root over a power of two of concatenated hashes."""
    row = [data[i : i + HASH] for i in range(0, len(data), HASH)]
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def root(size: int, lookup: Lookup) -> bytes:
    """The root of the first ``size`` leaves.

    RFC 6962 section 2.1 splits at the largest power of two: the root folds the perfect subtrees
    named by the bits of ``size``, from the smallest (rightmost) to the largest.
    """
    result = b""
    for level, position in enumerate(_digits(size)):
        if not position:
            continue
        tile = lookup(level, size // WIDTH ** (level + 1))
        for part in _perfect_parts(tile, position):
            result = node_hash(part, result) if result else part
    return result or EMPTY_ROOT


def _digits(size: int) -> list[int]:
    """``size`` in base 256, least significant digit first: how far each level's tile is filled."""
    digits = []
    while size:
        size, digit = divmod(size, WIDTH)
        digits.append(digit)
    return digits


def _perfect_parts(tile: bytes, count: int) -> list[bytes]:
    """The roots of the perfect subtrees over the first ``count`` hashes, smallest first."""
    parts = []
    end = count
    while end:
        width = end & -end
        parts.append(_perfect(tile[(end - width) * HASH : end * HASH]))
        end -= width
    return parts
