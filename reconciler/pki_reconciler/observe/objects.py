"""Reading objects of the clone: one long-lived ``git cat-file --batch``."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Final, NamedTuple

from pki_reconciler.observe.processes import failure, reading_command, start
from pki_schema.errors import WorldFailed

_ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_CHUNK: Final = 64 * 1024
_AHEAD: Final = 128
"""Requests sent before their answers are read; they must fit into a pipe, or both sides wait."""


class Contents(NamedTuple):
    """What was read by blob id, and the size in octets of what was too large and so left out."""

    found: Mapping[str, bytes]
    oversized: Mapping[str, int]


class Header(NamedTuple):
    """What an object is: its id, its type (``commit``, ``tree``, ``blob``, ``tag``), its size."""

    id: str
    type: str
    size: int


def is_object_id(text: str) -> bool:
    """Whether text is a whole object id, SHA-1 or SHA-256, in lower-case hex."""
    return _ID.fullmatch(text) is not None


class ObjectReader:
    """Reads objects one after the other; the process starts when it is needed first."""

    def __init__(self, clone: Path) -> None:
        self._clone = clone
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None

    def header(self, name: str) -> Header | None:
        """What a revision expression of one line names, or ``None``."""
        self._ask([name])
        header = self._answer()
        if header:
            self._skip(header.size)
        return header

    def read(self, ids: Iterable[str], cap: int, *, kind: str = "blob") -> Contents:
        """The contents of objects up to ``cap`` octets each; larger ones are never held in memory.

        Raises ``WorldFailed`` for an id that is absent or of another kind.
        """
        found: dict[str, bytes] = {}
        oversized: dict[str, int] = {}
        waiting = iter(dict.fromkeys(ids))
        while batch := list(islice(waiting, _AHEAD)):
            if not all(map(is_object_id, batch)):
                raise WorldFailed(f"a {kind} was asked for by something that is no object id")
            self._ask(batch)
            for blob in batch:
                size = self._size(blob, kind)
                if size > cap:
                    oversized[blob] = size
                    self._skip(size)
                else:
                    found[blob] = self._take(size + 1)[:-1]
        return Contents(found, oversized)

    def close(self) -> None:
        """End the process; the next question starts another."""
        process, self._process = self._process, None
        if process:
            process.kill()
            for stream in (process.stdin, process.stdout, self._stderr):
                if stream:
                    _close(stream)
            process.wait()

    def _ask(self, names: Sequence[str]) -> None:
        if self._process is None:
            self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
            command = reading_command(self._clone, "cat-file", "--batch")
            self._process = start(command, stdin=subprocess.PIPE, stderr=self._stderr)
        try:
            stdin = _pipe(self._process.stdin)
            stdin.write("".join(f"{name}\n" for name in names).encode())
            stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None

    def _line(self) -> bytes:
        line = self._stdout.readline(4096)
        if not line.endswith(b"\n"):
            raise self._ended()
        return line

    def _answer(self) -> Header | None:
        line = self._line()
        fields = line.decode(errors="replace").split()
        if len(fields) == 3 and is_object_id(fields[0]) and fields[2].isdigit():
            return Header(fields[0], fields[1], int(fields[2]))
        if fields and fields[-1] in {"missing", "ambiguous", "submodule"}:
            return None
        raise self._ended()

    def _size(self, blob: str, kind: str) -> int:
        """The size of an object that is there and of this kind."""
        line = self._line()
        named, _, size = line[:-1].rpartition(b" ")
        if named == f"{blob} {kind}".encode() and size.isdigit():
            return int(size)
        self.close()
        raise WorldFailed(f"the clone lacks the {kind} {blob}", _RENEW)

    def _take(self, size: int) -> bytes:
        data = self._stdout.read(size)
        if len(data) != size:
            raise self._ended()
        return data

    def _skip(self, size: int) -> None:
        left = size + 1
        while left:
            left -= len(self._take(min(left, _CHUNK)))

    @property
    def _stdout(self) -> IO[bytes]:
        return _pipe(self._process.stdout if self._process else None)

    def _ended(self) -> WorldFailed:
        said = b""
        if self._stderr:
            self._stderr.seek(0)
            said = self._stderr.read(_CHUNK)
        self.close()
        return failure("cat-file", said.decode(errors="replace"))


_RENEW: Final = "delete the clone; it is made again from the repository"


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise WorldFailed("git cat-file is not running", "try again")
    return stream


def _close(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except BrokenPipeError:
        return  # what was not sent yet is not needed
