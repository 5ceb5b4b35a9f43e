"""The tiled tree is the tree of RFC 6962."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki_reconciler.ledger import merkle

# The leaves and roots that Certificate Transparency implementations have always been tested with.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def definition(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word, over leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + definition(leaves[:k]) + definition(leaves[k:])).digest()


def hashes(count: int) -> list[bytes]:
    return [merkle.leaf_hash(str(i).encode()) for i in range(count)]


def grow(tiles: merkle.Tiles, size: int, leaves: list[bytes]) -> merkle.Tiles:
    return tiles | merkle.grown(size, leaves, lambda level, n: tiles[level, n])


def root(tiles: merkle.Tiles, size: int) -> bytes:
    return merkle.root(size, lambda level, n: tiles[level, n])


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size: int) -> None:
    """The vectors of the RFC's first implementation."""
    tiles = grow({}, 0, [merkle.leaf_hash(leaf) for leaf in LEAVES[:size]])
    assert root(tiles, size).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert merkle.root(0, lambda level, n: b"") == hashlib.sha256(b"").digest()


@given(st.lists(st.integers(min_value=0, max_value=700), min_size=1, max_size=4))
def test_any_growth_gives_the_roots_of_the_definition(steps: list[int]) -> None:
    """However many leaves come at a time, the root is that of all leaves so far."""
    tiles: merkle.Tiles = {}
    leaves = hashes(sum(steps))
    size = 0
    for step in steps:
        tiles = grow(tiles, size, leaves[size : size + step])
        size += step
        assert root(tiles, size) == definition(leaves[:size])


@given(st.integers(min_value=0, max_value=1_000))
def test_old_roots_stay_provable(size: int) -> None:
    """The root of an earlier size comes from the tiles of a later one."""
    leaves = hashes(1_000)
    tiles = grow({}, 0, leaves)
    assert root(tiles, size) == definition(leaves[:size])


def test_tiles_are_those_of_tlog_tiles() -> None:
    """256 hashes of 32 bytes a tile; a level holds the roots of the full tiles below it."""
    leaves = hashes(256 * 256 + 3)
    tiles = grow({}, 0, leaves)
    assert {key for key in tiles if key[0] > 0} == {(1, 0), (2, 0)}
    assert len(tiles[0, 256]) == 3 * 32
    assert len(tiles[1, 0]) == 256 * 32
    assert tiles[2, 0] == definition(leaves[: 256 * 256])
    assert tiles[1, 0][:32] == definition(leaves[:256])
    assert root(tiles, len(leaves)) == definition(leaves)


def test_only_the_right_edge_changes() -> None:
    """One leaf more costs one tile per level, not the tree."""
    leaves = hashes(600)
    tiles = grow({}, 0, leaves[:599])
    changed = merkle.grown(599, leaves[599:], lambda level, n: tiles[level, n])
    assert set(changed) == {(0, 2)}
