"""Lists of weak keys, as the host has them on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from pki_reconciler.config.weak_keys import read_weak_keys
from pki_schema.errors import WorldFailed

ONE, OTHER = "0f" * 32, "A0" * 32


def _list(tmp_path: Path, text: str, name: str = "list.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("text", [f"{ONE}\n{OTHER}\n", f"{ONE}\n{OTHER}", f"{ONE}\r\n{OTHER}\r\n"])
def test_a_list_has_a_digest_in_each_line(tmp_path: Path, text: str) -> None:
    assert read_weak_keys([_list(tmp_path, text)]) == {bytes.fromhex(ONE), bytes.fromhex(OTHER)}


def test_several_lists_are_one(tmp_path: Path) -> None:
    lists = [_list(tmp_path, f"{ONE}\n", "a.csv"), _list(tmp_path, f"{OTHER}\n", "b.csv")]
    assert len(read_weak_keys(lists)) == 2
    assert read_weak_keys([]) == frozenset()


@pytest.mark.parametrize(
    "text",
    ["", "\n", f"{ONE[:-1]}\n", f"{ONE}0\n", f" {ONE}\n", f"{ONE},1\n", f"{ONE}\n\n", "x" * 64],
)
def test_what_is_no_list_stops_the_host(tmp_path: Path, text: str) -> None:
    """A list that says less than it seems to would let through what it was asked for."""
    with pytest.raises(WorldFailed, match="is no list of weak keys"):
        read_weak_keys([_list(tmp_path, text)])


def test_a_list_that_is_not_there_stops_the_host(tmp_path: Path) -> None:
    with pytest.raises(WorldFailed, match="cannot be read: No such file"):
        read_weak_keys([tmp_path / "absent.csv"])
