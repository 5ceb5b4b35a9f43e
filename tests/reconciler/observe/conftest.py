"""A repository to observe, written with git's plumbing so that it may hold what no editor makes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

FILE, LINK, SUBMODULE = "100644", "120000", "160000"


class Origin:
    """The other side: ``commit`` writes a whole tree (path to content, or to mode and content)."""

    def __init__(self, folder: Path, *, object_format: str = "sha1") -> None:
        self.folder = folder
        self.minute = 0
        form = f"--object-format={object_format}"
        subprocess.run(
            ["git", "init", "-q", "--bare", form, "-b", "main", str(folder)],
            check=True,
            env=self._environment(),
        )

    @property
    def url(self) -> str:
        return str(self.folder)

    def git(self, *arguments: str, data: bytes = b"") -> str:
        command = ["git", f"--git-dir={self.folder}", *arguments]
        done = subprocess.run(
            command, check=True, input=data, capture_output=True, env=self._environment()
        )
        return done.stdout.decode().strip()

    def commit(
        self,
        files: Mapping[str | bytes, bytes | tuple[str, bytes]],
        *parents: str,
        branch: str | None = "main",
        author: str = "Ada Lovelace",
    ) -> str:
        """Commit ``files`` as the whole tree and let ``branch`` point there; returns its id."""
        self.minute += 1
        tree = self._tree(files)
        flags = [word for parent in parents for word in ("-p", parent)]
        environment = self._environment() | {"GIT_AUTHOR_NAME": author}
        command = ["git", f"--git-dir={self.folder}", "commit-tree", tree, *flags, "-m", "x"]
        done = subprocess.run(command, check=True, capture_output=True, env=environment)
        commit = done.stdout.decode().strip()
        if branch:
            self.git("update-ref", f"refs/heads/{branch}", commit)
        return commit

    def _tree(self, files: Mapping[str | bytes, bytes | tuple[str, bytes]]) -> str:
        lines = b""
        for path, what in files.items():
            mode, content = what if isinstance(what, tuple) else (FILE, what)
            if mode == SUBMODULE:
                blob = content.decode()
            else:
                blob = self.git("hash-object", "-w", "--stdin", data=content)
            raw = path if isinstance(path, bytes) else path.encode()
            lines += f"{mode} {blob}\t".encode() + raw + b"\0"
        index = self.folder / "index"
        index.unlink(missing_ok=True)
        self.git("update-index", "-z", "--index-info", data=lines)
        return self.git("write-tree")

    def _environment(self) -> dict[str, str]:
        when = f"2026-11-22T21:{self.minute % 60:02}:00Z"
        return {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "Ada Lovelace",
            "GIT_AUTHOR_EMAIL": "ada@vcc.example",
            "GIT_COMMITTER_NAME": "forge",
            "GIT_COMMITTER_EMAIL": "forge@vcc.example",
            "GIT_AUTHOR_DATE": when,
            "GIT_COMMITTER_DATE": when,
        }


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path / "origin.git")


@pytest.fixture
def sha256_origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path / "sha256.git", object_format="sha256")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Where the bare clone belongs; nothing is there yet."""
    return tmp_path / "state" / "repository.git"
