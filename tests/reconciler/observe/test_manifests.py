"""The cache of decoded manifests: quick, and never believed when it might be wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pki_reconciler.observe.manifests import ManifestCache
from pki_schema.errors import WorldFailed

VALUES = {f"{n:040x}": f"value {n}".encode() * 50 for n in range(2000)}


def test_what_was_put_is_found_by_the_next_process(tmp_path: Path) -> None:
    """All of it, and nothing that was not asked for or never put."""
    ManifestCache(tmp_path / "cache").put(VALUES)
    asked = [*list(VALUES)[:1500], "ff" * 20]
    found = ManifestCache(tmp_path / "cache").get(asked)
    assert found == {name: VALUES[name] for name in asked[:-1]}


def test_a_value_can_be_replaced(tmp_path: Path) -> None:
    """The last one counts."""
    cache = ManifestCache(tmp_path)
    cache.put({"a": b"old"})
    cache.put({"a": b"new"})
    assert cache.get(["a"]) == {"a": b"new"}


def test_what_an_older_program_made_is_unknown(tmp_path: Path) -> None:
    """Another edition may decode the same blob to other bytes."""
    ManifestCache(tmp_path, edition="1").put({"a": b"x"})
    assert ManifestCache(tmp_path, edition="2").get(["a"]) == {}


@pytest.mark.parametrize("damage", [b"", b"not a database, not at all" * 500])
def test_a_corrupt_file_is_ignored_and_made_again(tmp_path: Path, damage: bytes) -> None:
    """The first look finds nothing; what is put then is found again."""
    cache = ManifestCache(tmp_path)
    cache.put({"a": b"x"})
    for file in tmp_path.iterdir():
        file.unlink()
    (tmp_path / "manifests.sqlite3").write_bytes(damage)
    assert cache.get(["a"]) == {}
    cache.put({"a": b"y"})
    assert cache.get(["a"]) == {"a": b"y"}


def test_a_page_overwritten_in_the_middle_gives_nothing_false(tmp_path: Path) -> None:
    """Values are sealed: whatever is still returned is what was put."""
    cache = ManifestCache(tmp_path)
    cache.put(VALUES)
    file = tmp_path / "manifests.sqlite3"
    data = bytearray(file.read_bytes())
    for start in range(8192, len(data) - 4096, 40_000):
        data[start + 1000 : start + 1200] = b"\xff" * 200
    file.write_bytes(bytes(data))
    found = cache.get(VALUES)
    assert found.items() <= VALUES.items()
    assert len(found) < len(VALUES)


def test_a_changed_value_is_not_believed(tmp_path: Path) -> None:
    """A row whose seal does not fit is unknown, whoever changed it."""
    cache = ManifestCache(tmp_path)
    cache.put({"a": b"x", "b": b"y"})
    with closing(sqlite3.connect(tmp_path / "manifests.sqlite3")) as database, database:
        database.execute("UPDATE manifest SET value = ? WHERE id = 'a'", (b"z",))
    assert cache.get(["a", "b"]) == {"b": b"y"}


def test_a_cache_may_vanish_while_it_is_open(tmp_path: Path) -> None:
    """Deleting the folder costs what was in it, no more."""
    cache = ManifestCache(tmp_path / "cache")
    cache.put({"a": b"x"})
    for file in (tmp_path / "cache").iterdir():
        file.unlink()
    (tmp_path / "cache").rmdir()
    assert cache.get(["a"]) == {}
    cache.put({"a": b"x"})


def test_a_folder_others_may_write_to_is_refused(tmp_path: Path) -> None:
    """Who can write decoded manifests decides what is certified."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    with pytest.raises(WorldFailed, match="others may write"):
        ManifestCache(tmp_path / "cache")
