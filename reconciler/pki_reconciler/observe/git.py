"""The repository as the reconciler sees it: a bare clone, its commits, trees and blobs.

Nothing is checked out, so attributes, filters, hooks and links in the tree have nothing to act on.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pki_reconciler.observe.objects import Contents, ObjectReader, is_object_id
from pki_reconciler.observe.processes import PATIENCE, records
from pki_reconciler.observe.transfers import Remote, clone, fetch, remote
from pki_reconciler.observe.trees import (
    LARGEST_FILE,
    MOST_FILES,
    Difference,
    Inside,
    Listing,
    no_folder,
    parse_difference,
    parse_folder,
    parse_listing,
    shown_path,
)
from pki_schema.errors import WorldFailed
from pki_schema.instants import Instant, from_epoch

LONGEST_HISTORY: Final = 100_000
_LATEST: Final = 253_402_300_799
"""9999-12-31T23:59:59Z; a commit may claim any time."""
_AT_ONCE: Final = 64
"""Objects held at a time: with ``LARGEST_FILE`` each, 64 MiB."""
BlobAt = tuple[str, str]
"""A blob's id and a path."""
_EMPTY_TREE: Final = {
    40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}


@dataclass(frozen=True)
class Revision:
    """A commit on the first-parent chain.

    ``parent`` is its first parent, empty for a root. ``time`` is what the committer claims, and
    ``author`` (``Name <mail>``, each cut to 100 columns) what the author does: show, never trust.
    """

    commit: str
    parent: str
    time: Instant
    author: str


@dataclass(frozen=True)
class Rewound:
    """History was rewritten: ``since`` is not on the first-parent chain of ``head``."""

    since: str
    head: str


class Repository:
    """A bare clone of one branch. One thread; ``close`` it, or use it in a ``with``.

    Whatever git refuses is a ``WorldFailed`` with one line of its words, without credentials.
    """

    def __init__(self, source: Remote, folder: Path) -> None:
        self._source = source
        self._folder = folder
        self._objects = ObjectReader(folder)

    @classmethod
    def open(cls, url: str, branch: str, folder: Path, *, patience: float = PATIENCE) -> Self:
        """The clone in ``folder``, made now if it is absent (whole, or not at all).

        ``url`` and ``branch`` are checked before git sees them; see ``config.remotes``. A clone
        or fetch is killed after ``patience`` seconds.
        """
        source = remote(url, branch, patience=patience)
        folder = folder.absolute()
        if not folder.exists():
            clone(source, folder)
        if folder.stat().st_uid != os.geteuid():
            # The clone's own configuration may run commands.
            raise WorldFailed(f"the clone {folder} is another user's", "delete it, or change user")
        return cls(source, folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the reading process."""
        self._objects.close()

    def fetch(self) -> str:
        """Take over the remote's branch; returns its head commit (40 or 64 hex digits)."""
        fetch(self._source, self._folder)
        return self.head()

    def head(self) -> str:
        """The head as it was fetched last."""
        header = self._objects.header(self._source.ref)
        if header is None or header.type != "commit":
            remedy = "delete the clone; it is made again from the repository"
            raise WorldFailed(f"the clone {self._folder} has no {self._source.ref}", remedy)
        return header.id

    def revisions(self, since: str | None, head: str) -> tuple[Revision, ...] | Rewound:
        """The first-parent commits after ``since`` (``None``: from the root) to ``head``, in order.

        ``Rewound`` when ``since`` is not on that chain or no longer there at all.
        """
        _check_id(head)
        if since == head:
            return ()
        if since is not None and not self._is_commit(_check_id(since)):
            return Rewound(since, head)
        limits = ["--first-parent", "--no-commit-header", f"--max-count={LONGEST_HISTORY + 1}"]
        form = "--format=tformat:%H%x00%P%x00%ct%x00%<(100,trunc)%an%x00%<(100,trunc)%ae"
        arguments = ["--encoding=UTF-8", form, "--end-of-options", head]
        arguments += [f"^{since}"] if since else []
        lines = records(self._folder, "rev-list", *limits, *arguments, end=b"\n")
        found = [_revision(line) for line in lines]
        if len(found) > LONGEST_HISTORY:
            raise WorldFailed(f"there are more than {LONGEST_HISTORY} commits to look at")
        # What `^since` leaves out are its ancestors. The chain passes through `since` itself only
        # if that is the first parent of the oldest commit left.
        if since is not None and (not found or found[-1].parent != since):
            return Rewound(since, head)
        return tuple(reversed(found))

    def revision(self, commit: str) -> Revision | None:
        """One commit; ``None`` where the clone does not have it."""
        if not self._is_commit(_check_id(commit)):
            return None
        form = "--format=tformat:%H%x00%P%x00%ct%x00%<(100,trunc)%an%x00%<(100,trunc)%ae"
        arguments = ("--no-walk", "--no-commit-header", "--encoding=UTF-8", form)
        lines = records(self._folder, "rev-list", *arguments, "--end-of-options", commit, end=b"\n")
        return next((_revision(line) for line in lines), None)

    def tree(
        self, commit: str, path: str = ".", *, largest: int = LARGEST_FILE, most: int = MOST_FILES
    ) -> Listing:
        """The regular files below a folder of a commit, their paths relative to that folder.

        ``largest`` is in octets. Problems are PKI1301 to PKI1307; without the folder there is
        nothing but PKI1307.
        """
        tree = self._tree(commit, path)
        if tree is None:
            return Listing(problems=(no_folder(path),))
        arguments = ("-r", "-l", "-z", "--full-tree", "--end-of-options", tree)
        with closing(records(self._folder, "ls-tree", *arguments)) as listed:
            return parse_listing(listed, largest=largest, most=most)

    def inside(self, commit: str, path: str, only: Sequence[str] = ()) -> Inside:
        """What is directly in a folder of a commit, or ``only`` what is called so there.

        Nothing where there is no such folder; PKI1305 where it holds too much.
        """
        tree = self._tree(commit, path)
        if tree is None:
            return Inside()
        arguments = ("-l", "-z", "--full-tree", "--end-of-options", tree, *only)
        with closing(records(self._folder, "ls-tree", *arguments)) as listed:
            return parse_folder(listed, largest=LARGEST_FILE, most=MOST_FILES)

    def folder(self, commit: str, path: str) -> str:
        """What a folder holds, as one id; empty for none."""
        return self._tree(commit, path) or ""

    def changed(
        self,
        old: str | None,
        new: str,
        path: str = ".",
        *,
        most: int = MOST_FILES,
        without: Collection[str] = (),
    ) -> Difference:
        """What differs below a folder between two commits; without ``old``, everything.

        A folder that is absent counts as empty; those in ``without`` (relative to ``path``) are
        passed over. Sizes are unknown: ``read`` says what is too large. git collects all of it
        before it says a word, so what may be endless is not to be asked for.
        """
        empty = _EMPTY_TREE[len(_check_id(new))]
        before = (self._tree(old, path) if old else None) or empty
        after = self._tree(new, path) or empty
        if before == after:
            return Difference()
        arguments = ("-r", "-z", "--raw", "--no-renames", "--no-ext-diff", "--end-of-options")
        rest = ("--", ".", *(f":(exclude,top){one}" for one in sorted(without))) if without else ()
        command = ("diff-tree", *arguments, before, after, *rest)
        with closing(records(self._folder, *command)) as listed:
            return parse_difference(listed, most=most)

    def read(self, blob_ids: Iterable[str], cap: int = LARGEST_FILE) -> Contents:
        """The contents of blobs of at most ``cap`` octets; larger ones are named, not read."""
        return self._objects.read(blob_ids, cap)

    def each(self, blob_ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The contents of blobs that are not too large, of which few are held at a time."""
        return self._each(blob_ids, "blob")

    def introduced(self, since: str | None, head: str, path: str = ".") -> Iterator[BlobAt]:
        """Blobs below a folder that any commit brings that ``head`` has and ``since`` has not.

        Each once, with one path that it had, relative to the folder; merged branches are gone
        through as well.
        """
        only = ("--objects", "--filter=object:type=blob", "--filter-provided-objects")
        inside = () if path == "." else ("--full-history", "--", path)
        prefix = b"" if path == "." else path.encode() + b"/"
        listed = records(self._folder, "rev-list", *only, *_range(since, head), *inside, end=b"\n")
        for line in listed:
            blob, _, name = line.partition(b" ")
            yield blob.decode("ascii"), shown_path(name.removeprefix(prefix))

    def messages(self, since: str | None, head: str) -> Iterator[tuple[str, bytes]]:
        """The commits that ``head`` has and ``since`` has not, each with its message."""
        listed = records(self._folder, "rev-list", *_range(since, head), end=b"\n")
        for commit, octets in self._each((line.decode("ascii") for line in listed), "commit"):
            yield commit, octets.partition(b"\n\n")[2]

    def _each(self, ids: Iterable[str], kind: str) -> Iterator[tuple[str, bytes]]:
        waiting = iter(dict.fromkeys(ids))
        while few := list(islice(waiting, _AT_ONCE)):
            yield from self._objects.read(few, LARGEST_FILE, kind=kind).found.items()

    def _is_commit(self, commit: str) -> bool:
        header = self._objects.header(commit)
        return header is not None and header.type == "commit"

    def _tree(self, commit: str, path: str) -> str | None:
        """The id of a folder's tree, ``None`` if the commit has no such folder."""
        if not self._is_commit(_check_id(commit)):
            raise WorldFailed(f"the clone lacks the commit {commit}", "fetch, or delete the clone")
        if not path.isprintable():
            return None
        inside = "" if path == "." else path
        header = self._objects.header(f"{commit}:{inside}")
        return header.id if header and header.type == "tree" else None


def _revision(line: bytes) -> Revision:
    commit, parents, time, name, mail = line.decode(errors="replace").split("\0", 4)
    author = f"{name.rstrip()} <{mail.rstrip()}>"
    shown = "".join(c if c.isprintable() else " " for c in author)
    seconds = int(time) if time.isascii() and time.isdigit() and len(time) < 16 else 0
    first = parents.split(" ", 1)[0]
    return Revision(commit, first, from_epoch(min(seconds, _LATEST)), shown)


def _range(since: str | None, head: str) -> tuple[str, ...]:
    return (f"^{_check_id(since)}", _check_id(head)) if since else (_check_id(head),)


def _check_id(commit: str) -> str:
    if not is_object_id(commit):
        raise WorldFailed("a commit was asked for by something that is no object id")
    return commit
