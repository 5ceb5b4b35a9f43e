"""Repositories that are too large, looked at by a process that may have 512 MiB."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from pki_schema.errors import Problem
from tests.worlds import World

LIMIT = 512 * 1024 * 1024
LOOK = f"""
import json, resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_DATA, ({LIMIT}, {LIMIT}))
root, origin = sys.argv[1:]
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from tests.reconciler.observe.test_large_repositories import judged
told = [
    (p.code, p.position.path, p.position.line, p.position.column) for p in judged(root, origin)
]
own, git = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
seconds = sum(usage.ru_utime + usage.ru_stime for usage in (own, git))
# Not ru_maxrss: a process begins with that of the one that started it, here pytest's.
status = Path("/proc/self/status").read_text()
rss = max(int(status.partition("VmHWM:")[2].split()[0]), git.ru_maxrss)
print(json.dumps({{"told": told, "seconds": seconds, "rss": rss}}))
"""


def judged(root: str, origin: str) -> tuple[Problem, ...]:
    """What is wrong with the head of a repository that nothing was accepted of yet."""
    from pki_reconciler.ledger.read import Reader
    from pki_reconciler.observe.git import Repository
    from pki_reconciler.observe.judge import Judge
    from pki_reconciler.observe.manifests import ManifestCache

    world = World.empty(Path(root))
    with (
        Repository.open(origin, "main", Path(root) / "state" / "repository.git") as repository,
        Reader.open(world.ledger_path) as reader,
    ):
        judge = Judge(
            repository, ManifestCache(world.root / "state/cache"), path=".", reader=reader
        )
        return judge.judge(repository.head()).problems


def looked_at(origin: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", LOOK, f"{folder}/world", origin.url]
        done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def committed(origin: Any, tree: str, *parents: str) -> str:
    flags = [word for parent in parents for word in ("-p", parent)]
    head: str = origin.git("commit-tree", tree, *flags, "-m", "x")
    origin.git("update-ref", "refs/heads/main", head)
    return head


def zeros(origin: Any, size: int) -> str:
    """A blob of so many octets 0, streamed into git; it is a few kilobytes there."""
    command = ["git", f"--git-dir={origin.folder}", "-c", "core.bigFileThreshold=1m"]
    command += ["-c", "core.compression=1", "hash-object", "-w", "--stdin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        piece = bytes(1024 * 1024)
        for _ in range(size // len(piece)):
            process.stdin.write(piece)
        process.stdin.close()
        return process.stdout.read().decode().strip()


GIGABYTE = 1024 * 1024 * 1024


@pytest.mark.slow
def test_a_gigabyte_in_one_file_is_refused_by_its_size(origin: Any) -> None:
    """It is listed and never read; neither is it held when the next commit has removed it."""
    blob = zeros(origin, GIGABYTE)
    listed = f"100644 blob {blob}\tbig.yaml\0".encode()
    head = committed(origin, origin.git("mktree", "-z", data=listed))
    found = looked_at(origin)
    assert found["told"] == [["PKI1304", "big.yaml", 1, 1]]
    assert found["seconds"] < 60
    assert found["rss"] * 1024 < LIMIT
    small = origin.git("hash-object", "-w", "--stdin", data=b"a\n")
    listed = f"100644 blob {small}\tREADME.md\0".encode()
    committed(origin, origin.git("mktree", "-z", data=listed), head)
    found = looked_at(origin)
    assert found["told"] == []
    assert found["rss"] * 1024 < LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("folders", [1, 1000])
def test_a_million_files_are_one_problem(origin: Any, folders: int) -> None:
    """In one folder or in a thousand."""
    blob = origin.git("hash-object", "-w", "--stdin", data=b"a\n")
    inside = 1_000_000 // folders
    lines = b"".join(b"100644 blob %s\t%07d.yaml\0" % (blob.encode(), n) for n in range(inside))
    tree = origin.git("mktree", "-z", data=lines)
    if folders > 1:
        lines = b"".join(b"040000 tree %s\td%04d\0" % (tree.encode(), n) for n in range(folders))
        tree = origin.git("mktree", "-z", data=lines)
    committed(origin, tree)
    found = looked_at(origin)
    assert {code for code, *_ in found["told"]} == {"PKI1305"}
    assert {tuple(place) for _, *place in found["told"]} == {(".", 1, 1)}
    assert found["seconds"] < 60
    assert found["rss"] * 1024 < LIMIT


@pytest.mark.slow
def test_many_files_of_the_largest_size_are_not_held_at_once(origin: Any) -> None:
    """700 of a mebibyte each, more than the process may have, in files that say nothing."""
    lines = b""
    for number in range(700):
        blob = zeros_but(origin, number)
        lines += b"100644 blob %s\tnotes-%03d.txt\0" % (blob.encode(), number)
    committed(origin, origin.git("mktree", "-z", data=lines))
    found = looked_at(origin)
    assert {code for code, *_ in found["told"]} == {"PKI1103"}
    assert found["rss"] * 1024 < LIMIT


def zeros_but(origin: Any, number: int) -> str:
    """A mebibyte that no other is equal to."""
    text = b"%07d\n" % number + b" " * (1024 * 1024 - 8)
    blob: str = origin.git("-c", "core.compression=1", "hash-object", "-w", "--stdin", data=text)
    return blob
