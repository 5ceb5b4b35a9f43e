"""What the adapter says about an ordinary repository."""

from __future__ import annotations

import os
import resource
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pki_reconciler.observe.git import Repository, Rewound
from pki_reconciler.observe.trees import Change
from pki_schema.errors import WorldFailed

ONE = {"tenants/vcc/services/argus.yaml": b"argus\n", "README.md": b"read\n"}
# git sets these for its own children only, never for a hook of an ordinary push.
UNSET = {"GIT_SHALLOW_FILE", "GIT_INTERNAL_SUPER_PREFIX"}
TWO = {"tenants/vcc/services/argus.yaml": b"changed\n", "cas/root.yaml": b"root\n"}


def test_a_clone_is_made_bare_and_whole(origin: Any, clone: Path) -> None:
    """Opening makes the clone, with the branch's head and no work tree."""
    head = origin.commit(ONE)
    with Repository.open(origin.url, "main", clone) as repository:
        assert repository.head() == head
    assert (clone / "HEAD").is_file()
    assert not (clone / "README.md").exists()


def test_half_a_clone_never_counts(origin: Any, clone: Path) -> None:
    """What a killed clone left beside the place is thrown away; nothing of it is read."""
    head = origin.commit(ONE)
    half = clone.parent / ".repository.git.new"
    half.mkdir(parents=True)
    (half / "HEAD").write_text("ref: refs/heads/main\n")
    with Repository.open(origin.url, "main", clone) as repository:
        assert repository.fetch() == head
    assert not half.exists()


def test_a_failed_clone_leaves_nothing_in_its_place(origin: Any, clone: Path) -> None:
    """A repository without the branch is an error that says so, and the next try starts afresh."""
    with pytest.raises(WorldFailed, match="main not found") as caught:
        Repository.open(origin.url, "main", clone)
    assert "push a first commit" in caught.value.remedy
    assert not clone.exists()


def test_fetch_takes_over_the_new_head(origin: Any, clone: Path) -> None:
    """A commit made after the clone is seen by the same open repository."""
    first = origin.commit(ONE)
    with Repository.open(origin.url, "main", clone) as repository:
        assert repository.fetch() == first
        second = origin.commit(TWO, first)
        assert repository.fetch() == second
        assert [r.commit for r in repository.revisions(first, second)] == [second]


def test_fetch_of_an_unchanged_head_starts_no_second_reader(origin: Any, clone: Path) -> None:
    """The same head again, and nothing between it and itself."""
    head = origin.commit(ONE)
    with Repository.open(origin.url, "main", clone) as repository:
        assert repository.fetch() == repository.fetch() == head
        assert repository.revisions(head, head) == ()


def test_many_new_files_are_fetched_in_memory_that_is_kept(origin: Any, clone: Path) -> None:
    """Not in pages that the kernel has to give, and to empty, anew for each of them."""
    first = origin.commit(ONE)
    with Repository.open(origin.url, "main", clone) as repository:
        head = origin.commit({f"{number}.pem": b"%d" % number for number in range(200)}, first)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
        assert repository.fetch() == head
        pages = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt - before
    assert pages < 3_500  # of which the processes themselves take half, and 200 deflates no more


def test_a_remote_that_is_gone_is_a_failure_of_the_world(origin: Any, clone: Path) -> None:
    """The clone stays readable when the remote does not answer."""
    head = origin.commit(ONE)
    with Repository.open(origin.url, "main", clone) as repository:
        origin.folder.rename(origin.folder.with_name("moved.git"))
        with pytest.raises(WorldFailed, match="git fetch failed"):
            repository.fetch()
        assert repository.head() == head


def test_revisions_from_the_root_are_oldest_first(origin: Any, clone: Path) -> None:
    """Without a known commit the whole chain is walked, with what the commits claim."""
    first = origin.commit(ONE)
    second = origin.commit(TWO, first, author="Grace Hopper")
    with Repository.open(origin.url, "main", clone) as repository:
        walked = repository.revisions(None, second)
    assert [(r.commit, r.parent) for r in walked] == [(first, ""), (second, first)]
    assert walked[1].author == "Grace Hopper <ada@vcc.example>"
    assert walked[0].time == datetime(2026, 11, 22, 21, 1, tzinfo=UTC)


def test_a_merge_counts_as_one_step_of_the_branch(origin: Any, clone: Path) -> None:
    """Only first parents are walked: what a side branch did is seen as the merge's change."""
    root = origin.commit(ONE)
    side = origin.commit(TWO, root, branch=None)
    side = origin.commit(TWO | {"x": b"x"}, side, branch=None)
    trunk = origin.commit(ONE | {"y": b"y"}, root)
    merge = origin.commit(TWO | {"x": b"x", "y": b"y"}, trunk, side)
    with Repository.open(origin.url, "main", clone) as repository:
        assert [r.commit for r in repository.revisions(root, merge)] == [trunk, merge]
        assert [r.parent for r in repository.revisions(root, merge)] == [root, trunk]


def test_a_rewound_branch_is_a_value(origin: Any, clone: Path) -> None:
    """A forced push that drops the known commit is told apart from going forwards."""
    root = origin.commit(ONE)
    dropped = origin.commit(TWO, root)
    with Repository.open(origin.url, "main", clone) as repository:
        forced = origin.commit(ONE | {"z": b"z"}, root)
        assert repository.fetch() == forced
        assert repository.revisions(dropped, forced) == Rewound(dropped, forced)
        assert repository.revisions(dropped, root) == Rewound(dropped, root)


def test_a_known_commit_that_comes_back_as_a_second_parent_is_a_rewind(
    origin: Any, clone: Path
) -> None:
    """Ancestry is not enough: the chain that was accepted must be the first-parent chain."""
    root = origin.commit(ONE)
    known = origin.commit(TWO, root)
    other = origin.commit(ONE | {"z": b"z"}, root, branch=None)
    swapped = origin.commit(TWO, other, known)
    with Repository.open(origin.url, "main", clone) as repository:
        assert repository.revisions(known, swapped) == Rewound(known, swapped)


def test_a_known_commit_that_no_longer_exists_is_a_rewind(origin: Any, clone: Path) -> None:
    """After a new clone of a rewritten repository the old commit is not even there."""
    head = origin.commit(ONE)
    with Repository.open(origin.url, "main", clone) as repository:
        assert repository.revisions("ab" * 20, head) == Rewound("ab" * 20, head)


def test_a_tree_lists_regular_files_below_the_folder(origin: Any, clone: Path) -> None:
    """Paths are relative to the sub-folder; sizes and executable files are as git has them."""
    head = origin.commit({"pki/a.yaml": b"abc", "pki/t/b.sh": ("100755", b""), "other": b"o"})
    with Repository.open(origin.url, "main", clone) as repository:
        listing = repository.tree(head, "pki")
        assert [(e.path, e.mode, e.size) for e in listing.entries] == [
            ("a.yaml", "100644", 3),
            ("t/b.sh", "100755", 0),
        ]
        assert listing.problems == ()
        assert len(repository.tree(head).entries) == 3


def test_a_commit_without_the_folder_is_a_problem(origin: Any, clone: Path) -> None:
    """A missing folder must not look like a tree in which everything was deleted."""
    head = origin.commit({"pki": b"a file of that name"})
    with Repository.open(origin.url, "main", clone) as repository:
        assert [p.code for p in repository.tree(head, "pki").problems] == ["PKI1307"]
        assert [p.code for p in repository.tree(head, "else/where").problems] == ["PKI1307"]


def test_changes_name_both_blobs(origin: Any, clone: Path) -> None:
    """Added, changed and removed files, and nothing about the others."""
    first = origin.commit(ONE)
    second = origin.commit(TWO, first)
    with Repository.open(origin.url, "main", clone) as repository:
        before = {e.path: e.blob for e in repository.tree(first).entries}
        after = {e.path: e.blob for e in repository.tree(second).entries}
        path = "tenants/vcc/services/argus.yaml"
        assert repository.changed(first, second).changes == (
            Change("README.md", before["README.md"], ""),
            Change("cas/root.yaml", "", after["cas/root.yaml"]),
            Change(path, before[path], after[path]),
        )
        assert repository.changed(first, second, "cas").changes == (
            Change("root.yaml", "", after["cas/root.yaml"]),
        )


def test_without_a_former_commit_everything_is_a_change(origin: Any, clone: Path) -> None:
    """The first commit is its difference to nothing."""
    head = origin.commit(ONE)
    with Repository.open(origin.url, "main", clone) as repository:
        entries = repository.tree(head).entries
        assert repository.changed(None, head).changes == tuple(
            Change(entry.path, "", entry.blob) for entry in entries
        )


def test_blobs_are_read_by_id(origin: Any, clone: Path) -> None:
    """More blobs than are asked for at once, among them an empty one and one of binary data."""
    contents = {f"f{n:04}": f"{n}\n".encode() for n in range(400)}
    contents |= {"empty": b"", "binary": bytes(range(256)) * 700}
    head = origin.commit(contents)
    with Repository.open(origin.url, "main", clone) as repository:
        blobs = {entry.path: entry.blob for entry in repository.tree(head).entries}
        read = repository.read(blobs.values())
    assert {path: read.found[blob] for path, blob in blobs.items()} == contents
    assert read.oversized == {}


def test_an_absent_blob_is_a_failure_of_the_world(origin: Any, clone: Path) -> None:
    """The reader survives it and goes on with the next question."""
    head = origin.commit(ONE)
    with Repository.open(origin.url, "main", clone) as repository:
        with pytest.raises(WorldFailed, match="lacks the blob"):
            repository.read(["ab" * 20])
        assert repository.head() == head


def test_a_sha256_repository_reads_the_same(sha256_origin: Any, clone: Path) -> None:
    """Object ids of 64 digits, from clone to blob."""
    first = sha256_origin.commit(ONE)
    head = sha256_origin.commit(TWO, first)
    with Repository.open(sha256_origin.url, "main", clone) as repository:
        assert repository.fetch() == head
        assert len(head) == 64
        assert len(repository.revisions(None, head)) == 2  # type: ignore[arg-type]
        changes = repository.changed(None, head).changes
        assert repository.read([changes[0].after]).found[changes[0].after] == b"root\n"


def test_it_works_from_within_a_hook(
    origin: Any, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook is told which repository it serves; that must not become our repository."""
    head = origin.commit(ONE)
    names = subprocess.run(
        ["git", "rev-parse", "--local-env-vars"], check=True, capture_output=True, text=True
    ).stdout.split()
    for name in {*names, "GIT_TEMPLATE_DIR", "GIT_ALLOW_PROTOCOL"} - UNSET:
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    with Repository.open(origin.url, "main", clone) as repository:
        assert repository.fetch() == head
        assert len(repository.tree(head).entries) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_local_repository_of_another_user_is_trusted_by_name(origin: Any, clone: Path) -> None:
    """The forge's user owns the repository, the service's user reads it: the usual host."""
    head = origin.commit(ONE)
    for path in (origin.folder, *origin.folder.rglob("*")):
        os.chown(path, 65534, 65534)
    with Repository.open(origin.url, "main", clone) as repository:
        assert repository.fetch() == head


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_clone_of_another_user_is_refused(origin: Any, clone: Path) -> None:
    """Its configuration could run commands as us."""
    origin.commit(ONE)
    Repository.open(origin.url, "main", clone).close()
    os.chown(clone, 65534, 65534)
    with pytest.raises(WorldFailed, match="another user"):
        Repository.open(origin.url, "main", clone)
