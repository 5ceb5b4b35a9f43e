"""Clone and fetch: the only commands that speak to another host. Run by GitPython."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from pki_reconciler.config.remotes import branch_fault, carries_password, protocol_of
from pki_reconciler.observe.processes import FIXED, OPTIONS, PATIENCE, failure
from pki_schema.errors import WorldFailed

_OWN_SSH: Final = frozenset({"GIT_SSH_COMMAND", "GIT_SSH"})
_SSH: Final = "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=20"


@dataclass(frozen=True)
class Remote:
    """A URL and a branch that passed the allow-lists; local URLs are absolute ``file://`` URLs.

    ``patience`` is how many seconds a clone or a fetch may take.
    """

    url: str
    protocol: str
    branch: str
    patience: float

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"


def remote(url: str, branch: str, *, patience: float = PATIENCE) -> Remote:
    """Check before git sees anything; raises ``WorldFailed`` for what must not reach it."""
    protocol = protocol_of(url)
    if protocol is None:
        why = "carries a password" if carries_password(url) else "is of no kind that is allowed"
        raise WorldFailed(f"the repository's URL {why}", "correct url in vcc-pki.toml")
    fault = branch_fault(branch)
    if fault:
        raise WorldFailed(f"the branch {branch[:80]!r} {fault}", "correct branch in vcc-pki.toml")
    if protocol == "file" and not url.startswith("file://"):
        # With a path, clone would copy the folder itself, links included, instead of asking git.
        url = "file://" + quote(os.path.abspath(url))  # noqa: PTH100 - links stay
    return Remote(url, protocol, branch, patience)


def clone(source: Remote, folder: Path) -> None:
    """Make the bare clone: beside its place first, so that half a clone is never taken for one."""
    fresh = folder.with_name(f".{folder.name}.new")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)  # its configuration may run commands: nobody else's to write
        arguments = ["--bare", "--single-branch", "--no-tags", f"--branch={source.branch}"]
        _run(source, fresh, ["clone", "--quiet", *arguments, "--", source.url, str(fresh)])
        fresh.rename(folder)
    except OSError as error:
        raise WorldFailed(f"{folder} cannot be written: {error.strerror}") from None


def fetch(source: Remote, folder: Path) -> None:
    """Set the clone's branch to the remote's, forwards or not: ``revisions`` judges a rewind."""
    arguments = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"]
    refspec = f"+{source.ref}:{source.ref}"
    command = [f"--git-dir={folder}", "fetch", *arguments, "--", source.url, refspec]
    with _alone(folder, source.patience) as descriptor:
        _run(source, folder, command, keep=(descriptor,))


@contextmanager
def _alone(folder: Path, patience: float) -> Iterator[int]:
    """One fetch at a time, without the lock files of a git that was killed, which block for ever.

    The descriptor is the right to write. git gets it too, so that one that outlives us keeps it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _wait(descriptor, patience)
        for left in (*folder.glob("*.lock"), *folder.glob("refs/**/*.lock")):
            left.unlink(missing_ok=True)
        yield descriptor
    finally:
        os.close(descriptor)


def _wait(descriptor: int, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise WorldFailed(
                    "another git fetch does not come to its end", "end that process"
                ) from None
            time.sleep(0.05)


def _run(source: Remote, target: Path, command: Sequence[str], *, keep: Sequence[int] = ()) -> None:
    allowed = ("-c", "protocol.allow=never", "-c", f"protocol.{source.protocol}.allow=always")
    slow = ("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60")
    # git's own choice leaves loose objects and refs to chance when the power fails.
    durable = ("-c", "core.fsync=all")
    try:
        import git  # noqa: PLC0415 - it runs git when it is imported, and fails without it
    except ImportError:
        raise WorldFailed("git cannot be started", "install git") from None
    try:
        status, _, stderr = git.Git(str(target.parent)).execute(
            ["git", *OPTIONS, *allowed, *slow, *durable, *command],
            env=_environment(source, target),
            kill_after_timeout=source.patience,
            with_extended_output=True,
            with_exceptions=False,
            pass_fds=keep,
        )
    except git.GitCommandNotFound:
        raise WorldFailed("git cannot be started", "install git") from None
    verb = "clone" if "clone" in command else "fetch"
    if status and stderr.startswith("Timeout: "):
        raise WorldFailed(f"git {verb} took longer than {source.patience:g} s", "check its host")
    if status:
        raise failure(verb, stderr)


def _environment(source: Remote, target: Path) -> dict[str, str]:
    """GitPython lays this over the process's environment, so what a hook sets is set again."""
    return {
        **FIXED,
        "GIT_CONFIG_GLOBAL": str(_trusting(source, target)),
        "GIT_ALLOW_PROTOCOL": source.protocol,
        "GIT_DIR": str(target),
        "GIT_COMMON_DIR": str(target),
        "GIT_OBJECT_DIRECTORY": str(target / "objects"),
        **({} if _OWN_SSH & os.environ.keys() else {"GIT_SSH_COMMAND": _SSH}),
    }


def _trusting(source: Remote, target: Path) -> Path:
    """A configuration that trusts a local source whoever owns it; the file git reads otherwise.

    git clears what is given on the command line before it starts the other side, so only a file
    reaches it. It trusts exactly the repository that ``vcc-pki.toml`` names, and lets the other
    side search for no deltas: what is copied from disk to disk is not worth being made small.
    """
    if source.protocol != "file":
        return Path(os.devnull)
    path = unquote(source.url.removeprefix("file://"))
    folders = {path, os.path.realpath(path)}
    folders |= {os.path.join(folder, ".git") for folder in folders}  # noqa: PTH118
    lines = [f"\tdirectory = {_quoted(folder)}\n" for folder in sorted(folders)]
    text = "".join(["[pack]\n\twindow = 0\n[safe]\n", *lines])
    file = target.parent / "git.config"
    if not file.is_file() or file.read_text() != text:
        fresh = file.with_name(".git.config.new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)  # it may run commands: nobody else's to write, whatever the umask
        fresh.write_text(text)
        fresh.replace(file)
    return file


def _quoted(value: str) -> str:
    """A value as git-config(1) reads it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
