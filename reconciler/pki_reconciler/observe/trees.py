"""What git lists of a tree, as values: regular files, and a problem for everything else."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

import msgspec

from pki_schema.errors import Position, Problem, WorldFailed

LARGEST_FILE: Final = 1024 * 1024
MOST_FILES: Final = 200_000
REGULAR: Final = frozenset({"100644", "100755"})
TOO_MANY: Final = "PKI1305"
_ABSENT: Final = "000000"


class TreeEntry(msgspec.Struct, frozen=True, gc=False):
    """A regular file: path relative to the listed folder, mode, blob id, size in octets."""

    path: str
    mode: str
    blob: str
    size: int


class Change(msgspec.Struct, frozen=True, gc=False):
    """A path whose file differs: the blob ids ``before`` and ``after``, empty for no such file."""

    path: str
    before: str
    after: str


class Listing(msgspec.Struct, frozen=True):
    """The regular files of a tree in git's order, and what is wrong with the others."""

    entries: tuple[TreeEntry, ...] = ()
    problems: tuple[Problem, ...] = ()


class Inside(msgspec.Struct, frozen=True):
    """What stands directly in a folder: files, and the names of folders."""

    files: Listing = Listing()
    folders: tuple[str, ...] = ()


class Difference(msgspec.Struct, frozen=True):
    """The changed files in git's order, and what is wrong with what was added."""

    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()


def parse_listing(records: Iterable[bytes], *, largest: int, most: int) -> Listing:
    """Read ``git ls-tree -r -l -z``. Above ``most`` files there is one problem and no entry."""
    entries: list[TreeEntry] = []
    problems: list[Problem] = []
    for count, record in enumerate(records):
        if count >= most:
            return Listing(problems=(too_many(most),))
        head, _, raw = record.partition(b"\t")
        mode, _, blob, size = head.decode("ascii").split()
        path, fault = _path(raw)
        problem = fault or _mode_problem(mode, path)
        if problem is None and not size.isdigit():
            raise WorldFailed(f"the clone lacks the blob {blob}", "delete the clone, try again")
        if problem is None and int(size) > largest:
            problem = too_large(path, int(size), largest)
        if problem:
            problems.append(problem)
        else:
            entries.append(TreeEntry(path, mode, blob, int(size)))
    return Listing(tuple(entries), tuple(problems))


def parse_folder(records: Iterable[bytes], *, largest: int, most: int) -> Inside:
    """Read ``git ls-tree -l -z``. Above ``most`` entries there is one problem and nothing else."""
    found = list(islice(records, most + 1))
    if len(found) > most:
        return Inside(Listing(problems=(too_many(most),)))
    folders = [record for record in found if record.startswith(b"040000 ")]
    files = parse_listing(
        (record for record in found if not record.startswith(b"040000 ")),
        largest=largest,
        most=most,
    )
    paths = [_path(record.partition(b"\t")[2]) for record in folders]
    faults = (fault for _, fault in paths if fault)
    return Inside(
        Listing(files.entries, (*files.problems, *faults)),
        tuple(path for path, fault in paths if not fault),
    )


def parse_difference(records: Iterable[bytes], *, most: int) -> Difference:
    """Read ``git diff-tree -r -z --raw --no-renames``: a header and a path in turn."""
    changes: list[Change] = []
    problems: list[Problem] = []
    pairs = iter(records)
    for count, (head, raw) in enumerate(zip(pairs, pairs, strict=True)):
        if count >= most:
            return Difference(problems=(too_many(most),))
        old, new, before, after, _ = head.decode("ascii").removeprefix(":").split()
        path, fault = _path(raw)
        problem = (fault or _mode_problem(new, path)) if new != _ABSENT else None
        if problem:
            problems.append(problem)
        change = Change(path, before if old in REGULAR else "", after if new in REGULAR else "")
        if not fault and change.before != change.after:
            changes.append(change)
    return Difference(tuple(changes), tuple(problems))


def too_large(path: str, size: int, largest: int) -> Problem:
    """A file above the cap; it is not read."""
    message = f"the file has {size} octets, more than {largest}"
    return Problem(Position(path), "PKI1304", message, "split it, or keep it elsewhere")


def too_many(most: int, where: str = ".") -> Problem:
    """A tree with more files than are read."""
    return Problem(Position(where), TOO_MANY, f"there are more than {most} files")


def no_folder(path: str) -> Problem:
    """A commit without the folder of the desired state."""
    hint = "correct path in vcc-pki.toml, or restore the folder"
    return Problem(Position(path), "PKI1307", f"the commit has no folder {path!r}", hint)


def shown_path(raw: bytes) -> str:
    """A path as text; octets that are not UTF-8 show in hexadecimal."""
    return raw.decode(errors="backslashreplace")


def _path(raw: bytes) -> tuple[str, Problem | None]:
    """A path as text, and what is wrong with it."""
    try:
        path = raw.decode()
    except UnicodeDecodeError:
        shown = shown_path(raw)
        return shown, Problem(
            Position(shown), "PKI1303", "the path is not UTF-8", "rename the file"
        )
    if path.isprintable():
        return path, None
    escaped = Position(ascii(path)[1:-1])
    return path, Problem(escaped, "PKI1303", "the path has control characters", "rename the file")


def _mode_problem(mode: str, path: str) -> Problem | None:
    if mode in REGULAR:
        return None
    if mode == "120000":
        hint = "commit the file itself"
        return Problem(Position(path), "PKI1301", "the file is a symbolic link", hint)
    if mode == "160000":
        hint = "commit the files themselves"
        return Problem(Position(path), "PKI1302", "the folder is a submodule", hint)
    return Problem(Position(path), "PKI1306", f"the file has mode {mode}", "use 100644")
