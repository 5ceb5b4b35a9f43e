"""One writer at a time, and nobody whom another has overtaken."""

from __future__ import annotations

import stat

import pytest

from pki_publishers.layout import Class
from pki_publishers.release import PublicObject
from pki_publishers.targets import DirectoryTarget, marks
from pki_publishers.targets.marks import Mark
from pki_schema.errors import Fenced, WorldFailed

FILE = PublicObject("status.json", b"{}", Class.POINTER, "status")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "public"


def test_a_folder_nobody_wrote_to_has_no_mark(root):
    assert DirectoryTarget(root).mark() == Mark(0, 0)


def test_a_writer_leaves_its_mark(root):
    target = DirectoryTarget(root)
    with target.held(Mark(3, 40)):
        target.write([[FILE]])
    assert target.mark() == Mark(3, 40)
    assert stat.S_IMODE((root / ".fence").stat().st_mode) == 0o600


def test_who_was_overtaken_writes_nothing(root):
    with DirectoryTarget(root).held(Mark(4, 40)):
        pass
    with pytest.raises(Fenced), DirectoryTarget(root).held(Mark(3, 90)):
        pytest.fail("it was let in")
    assert DirectoryTarget(root).mark() == Mark(4, 40)


def test_nobody_writes_while_another_does(root):
    one, other = DirectoryTarget(root), DirectoryTarget(root)
    with one.held(Mark(3, 40)):
        with pytest.raises(WorldFailed, match="another vcc-pki is writing here") as refusal:
            other.held(Mark(4, 40)).__enter__()
        assert not isinstance(refusal.value, Fenced)
        one.write([[FILE]])
    with other.held(Mark(4, 40)):
        assert other.read(FILE.path) == FILE.body


def test_what_a_writer_once_had_is_remembered(root):
    target = DirectoryTarget(root)
    for mark in (Mark(3, 40), Mark(3, 12)):
        with target.held(mark):
            pass
    assert target.mark() == Mark(3, 40)


def test_a_later_writer_counts_for_itself(root):
    """It has looked at the mark first, and doubted its ledger where that had less."""
    target = DirectoryTarget(root)
    for mark in (Mark(3, 40), Mark(4, 12)):
        with target.held(mark):
            pass
    assert target.mark() == Mark(4, 12)


@pytest.mark.parametrize("content", [b"7", b"x" * 42, b"1 2\n", b"0" * 200])
def test_a_damaged_mark_is_told_and_lets_nobody_in(root, content):
    root.mkdir()
    (root / ".fence").write_bytes(content)
    target = DirectoryTarget(root)
    with pytest.raises(WorldFailed, match="damaged"), target.held(Mark(9, 9)):
        pytest.fail("it was let in")
    with pytest.raises(WorldFailed, match="damaged"):
        target.mark()


def test_an_empty_mark_is_none(root):
    """A crash may leave the file and not its content."""
    root.mkdir()
    (root / ".fence").write_bytes(b"")
    with DirectoryTarget(root).held(Mark(1, 1)):
        pass
    assert DirectoryTarget(root).mark() == Mark(1, 1)


def test_no_link_is_followed(root, tmp_path):
    root.mkdir()
    (tmp_path / "elsewhere").write_bytes(b"")
    (root / ".fence").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WorldFailed), DirectoryTarget(root).held(Mark(1, 1)):
        pytest.fail("it was let in")
    assert (tmp_path / "elsewhere").read_bytes() == b""


def test_nothing_is_written_when_nothing_is_new(root):
    target = DirectoryTarget(root)
    with target.held(Mark(3, 40)):
        pass
    before = (root / ".fence").stat().st_mtime_ns
    with target.held(Mark(3, 40)):
        pass
    assert (root / ".fence").stat().st_mtime_ns == before
    assert marks.FILE == ".fence"
