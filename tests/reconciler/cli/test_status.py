"""What ``status`` finds out for itself, because a ledger that cannot be written does not know."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pki_reconciler.cli.status import unwritable


def _disk(*, free: int, flags: int) -> os.statvfs_result:
    return os.statvfs_result((4096, 4096, 100, free, free, 100, 9, 9, flags, 255))


@pytest.mark.parametrize(
    ("free", "flags", "message"),
    [
        (0, 0, ["its disk is full"]),
        (5, os.ST_RDONLY, ["its disk is read-only"]),
        (5, 0, []),
    ],
)
def test_a_disk_that_takes_nothing_is_told(free: int, flags: int, message: list[str]) -> None:
    found = list(unwritable(_disk(free=free, flags=flags)))
    assert [one.message for one in found] == message
    assert {one.resource for one in found} <= {"ledger"}


def test_an_ordinary_disk_is_no_matter(tmp_path: Path) -> None:
    assert list(unwritable(os.statvfs(tmp_path))) == []
