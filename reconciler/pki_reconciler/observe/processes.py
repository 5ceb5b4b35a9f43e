"""How git is run: one fixed environment, fixed options, bounded output, no word of it trusted."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from pki_schema.errors import WorldFailed

PATIENCE: Final = 120.0
"""Seconds until a git that has not finished is killed."""

LARGEST_OUTPUT: Final = 256 * 1024 * 1024
LARGEST_RECORD: Final = 8 * 1024 * 1024
OPTIONS: Final = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.attributesFile=/dev/null"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
    *("-c", "credential.helper="),
)
FIXED: Final[Mapping[str, str]] = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_PARAMETERS": "",
    "GIT_CONFIG_COUNT": "0",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TEMPLATE_DIR": "",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
    "GIT_NAMESPACE": "",
    "LC_ALL": "C",
    "LANGUAGE": "C",
    # In octets. git takes 268 KiB to deflate an object, and glibc would give them back and ask for
    # them anew with each: half of what a fetch of many new files takes.
    "MALLOC_TRIM_THRESHOLD_": "4194304",
}
_CHUNK: Final = 64 * 1024
_SHOWN: Final = 300


def reading_command(clone: Path, *arguments: str) -> list[str]:
    """The argument list of a command that only reads the clone; it may use no protocol at all."""
    return ["git", *OPTIONS, "-c", "protocol.allow=never", f"--git-dir={clone}", *arguments]


def reading_environment() -> dict[str, str]:
    """The whole environment of such a command."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.devnull, **FIXED}


def start(command: Sequence[str], *, stdin: int, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a reading command; raises ``WorldFailed`` where there is no git."""
    try:
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=reading_environment(),
        )
    except OSError as error:
        raise WorldFailed(f"git cannot be started: {error.strerror}", "install git") from None


def records(clone: Path, *arguments: str, end: bytes = b"\0") -> Generator[bytes, None, None]:
    """The records a reading command writes, each without its end mark, as they come.

    The command is killed after ``PATIENCE`` seconds, above ``LARGEST_OUTPUT`` octets, and when the
    iterator is closed early. Raises ``WorldFailed`` when it fails.
    """
    with tempfile.TemporaryFile() as stderr:
        process = start(reading_command(clone, *arguments), stdin=subprocess.DEVNULL, stderr=stderr)
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        watchdog = threading.Timer(PATIENCE, process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield from _split(process.stdout, end, arguments[0])
            status = process.wait()
        finally:
            watchdog.cancel()
            process.kill()
            process.stdout.close()
            process.wait()
        if status < 0:
            raise WorldFailed(f"git {arguments[0]} was killed after at most {PATIENCE:g} s")
        if status:
            stderr.seek(0)
            raise failure(arguments[0], stderr.read(_CHUNK).decode(errors="replace"))


def failure(verb: str, stderr: str) -> WorldFailed:
    """What git said, as one short line without credentials and control characters."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
    said = redacted(telling[0]) if telling else "no reason given"
    return WorldFailed(f"git {verb} failed: {said}", _remedy(stderr))


def redacted(text: str) -> str:
    """``text`` as one line of at most 300 characters, its URLs without user, password and query."""
    text = re.sub(r"://[^/\s@]*@", "://***@", text[:4096])
    text = re.sub(r"(://[^\s?'\"]*)\?[^\s'\"]*", r"\1?***", text)
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _remedy(stderr: str) -> str:
    if "dubious ownership" in stderr:
        return "run as the user that owns the state folder, or delete the clone"
    if "not found in upstream" in stderr or "couldn't find remote ref" in stderr:
        return "push a first commit to the branch, or correct branch in vcc-pki.toml"
    return "check url in vcc-pki.toml, and that this user may read the repository"


def _split(stream: IO[bytes], end: bytes, verb: str) -> Generator[bytes, None, None]:
    rest, size = b"", 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > LARGEST_OUTPUT:
            raise WorldFailed(f"git {verb} writes more than {LARGEST_OUTPUT} octets")
        *whole, rest = (rest + chunk).split(end)
        yield from whole
        if len(rest) > LARGEST_RECORD:
            raise WorldFailed(f"git {verb} writes a record of more than {LARGEST_RECORD} octets")
    if rest:
        raise WorldFailed(f"git {verb} stopped in the middle of a record", "try again")
