"""Private keys that a push brings: in the tree, beside it, and in what is in it no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pki_reconciler.observe.git import Repository
from pki_reconciler.observe.pushed import Pushed

KEY = b"text\n  -----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n"
ONE = {"a.yaml": b"a\n"}


def told(clone: Path, origin: Any, since: str | None, head: str, path: str = ".") -> list[str]:
    """Code, path and place of each problem, in order."""
    with Repository.open(origin.url, "main", clone) as repository:
        repository.fetch()
        present = [entry.blob for entry in repository.tree(head, path).entries]
        found = list(Pushed(repository, path=path).problems(since, head, present=present))
        return sorted(f"{p.code} {p.position}" for p in found)


def test_a_key_that_the_next_commit_removed_is_found(origin: Any, clone: Path) -> None:
    """The first commit was seen on its own and refused, or both came together: no difference."""
    first = origin.commit(ONE)
    second = origin.commit({**ONE, "old.key": KEY}, first)
    third = origin.commit(ONE, second)
    assert told(clone, origin, first, third) == ["PKI6340 old.key:2:3"]


def test_a_key_that_was_overwritten_is_found(origin: Any, clone: Path) -> None:
    first = origin.commit(ONE)
    second = origin.commit({"a.yaml": KEY}, first)
    third = origin.commit({"a.yaml": b"b\n"}, second)
    assert told(clone, origin, first, third) == ["PKI6340 a.yaml:2:3"]


def test_a_key_on_a_merged_branch_is_found(origin: Any, clone: Path) -> None:
    """The merge is judged by its difference to its first parent, which has nothing of it."""
    first = origin.commit(ONE)
    side = origin.commit({**ONE, "b.key": KEY}, first, branch=None)
    cleaned = origin.commit(ONE, side, branch=None)
    on_main = origin.commit({"a.yaml": b"b\n"}, first)
    merge = origin.commit({"a.yaml": b"b\n"}, on_main, cleaned)
    assert told(clone, origin, first, merge) == ["PKI6340 b.key:2:3"]


def test_a_key_before_the_first_accepted_commit_is_found(origin: Any, clone: Path) -> None:
    first = origin.commit({"a.key": KEY})
    second = origin.commit(ONE, first)
    assert told(clone, origin, None, second) == ["PKI6340 a.key:2:3"]


def test_what_was_accepted_is_not_searched_again(origin: Any, clone: Path) -> None:
    """An older program may have accepted it, or a rule may have been added since."""
    first = origin.commit({"a.key": KEY})
    second = origin.commit(ONE, first)
    third = origin.commit({}, second)
    assert told(clone, origin, second, third) == []


def test_a_key_in_a_message_is_found(origin: Any, clone: Path) -> None:
    """With the line within the message; the signature of a commit is no private key."""
    first = origin.commit(ONE)
    tree = origin.git("rev-parse", f"{first}^{{tree}}")
    message = "Rotate\n\n" + KEY.decode()
    head = origin.git("commit-tree", tree, "-p", first, "-m", message)
    origin.git("update-ref", "refs/heads/main", head)
    assert told(clone, origin, first, head) == [f"PKI6341 commit {head[:12]}:4:3"]


def test_the_tree_itself_is_searched_by_others(origin: Any, clone: Path) -> None:
    """One key, one message."""
    first = origin.commit(ONE)
    second = origin.commit({**ONE, "b.key": KEY}, first)
    assert told(clone, origin, first, second) == []


def test_only_the_folder_of_the_desired_state_counts(origin: Any, clone: Path) -> None:
    """A program's own test data lies beside it; its paths are those in the folder."""
    first = origin.commit({"pki/a.yaml": b"a\n"})
    both = {"pki/a.yaml": b"a\n", "pki/b.key": KEY, "tests/c.key": KEY + b"other"}
    second = origin.commit(both, first)
    third = origin.commit({"pki/a.yaml": b"a\n"}, second)
    assert told(clone, origin, first, third, "pki") == ["PKI6340 b.key:2:3"]


@pytest.mark.parametrize("path", [".", "pki"])
def test_a_sha256_repository_is_searched_the_same(
    sha256_origin: Any, clone: Path, path: str
) -> None:
    first = sha256_origin.commit({"pki/a.yaml": b"a\n"})
    second = sha256_origin.commit({"pki/a.yaml": b"a\n", "pki/b.key": KEY}, first)
    third = sha256_origin.commit({"pki/a.yaml": b"a\n"}, second)
    found = {".": "PKI6340 pki/b.key:2:3", "pki": "PKI6340 b.key:2:3"}
    assert told(clone, sha256_origin, first, third, path) == [found[path]]


def test_what_is_too_large_is_passed_over(origin: Any, clone: Path) -> None:
    """Never held in memory; in the tree it would be refused for its size."""
    first = origin.commit(ONE)
    second = origin.commit({**ONE, "b.key": KEY + b"\n" * 1_100_000}, first)
    third = origin.commit(ONE, second)
    assert told(clone, origin, first, third) == []
