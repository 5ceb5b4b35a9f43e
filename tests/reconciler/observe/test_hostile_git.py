"""What a repository, a URL or a remote can try: refused, reported or harmless, never obeyed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from pki_reconciler.observe.git import Repository
from pki_reconciler.observe.processes import failure
from pki_schema.errors import WorldFailed

ONE = {"a.yaml": b"a\n"}
FILE, LINK, SUBMODULE = "100644", "120000", "160000"


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c 'touch {canary}'",
        "ext::sh -c touch% {canary}",
        "fd::17",
        "--upload-pack=touch {canary}",
        "-x",
        "http://host.example/pki.git",
        "git://host.example/pki.git",
        "ftp://host.example/pki.git",
        "ssh://-oProxyCommand=touch {canary}/pki.git",
        "ssh://-oProxyCommand=touch@host.example/pki.git",
        "-oProxyCommand=touch:pki.git",
        "https://user:hunter2hunter2@host.example/pki.git",
        "file://host.example/pki.git",
        "https:///pki.git",
        "/srv/pki.git\n--upload-pack=touch {canary}",
        "",
    ],
)
def test_a_url_of_another_kind_never_reaches_git(url: str, tmp_path: Path, clone: Path) -> None:
    """Nothing runs, nothing is made, and a password is not repeated."""
    canary = tmp_path / "canary"
    with pytest.raises(WorldFailed, match="URL") as caught:
        Repository.open(url.replace("{canary}", str(canary)), "main", clone)
    assert "hunter2" not in f"{caught.value} {caught.value.remedy}"
    assert not canary.exists()
    assert not clone.parent.exists()


@pytest.mark.parametrize(
    "branch",
    [
        *("--upload-pack=touch", "-x", "", "a..b", "a b", "a~1", "a^", "a:b", "a?", "*", "a["),
        *("a\\b", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.", "@", "a@{1}", "a\nb"),
        *("a\x7f", "ä" * 201),
    ],
)
def test_a_branch_git_would_not_allow_never_reaches_git(
    branch: str, origin: Any, clone: Path
) -> None:
    """The rules of git-check-ref-format(1), before git is started."""
    origin.commit(ONE)
    with pytest.raises(WorldFailed, match="branch"):
        Repository.open(origin.url, branch, clone)
    assert not clone.exists()


def test_links_submodules_and_odd_paths_are_problems_not_files(origin: Any, clone: Path) -> None:
    """Each is named with its path; the regular files around them are still listed."""
    head = origin.commit(ONE)
    files = {
        **ONE,
        "link.yaml": (LINK, b"/etc/passwd"),
        "module": (SUBMODULE, head.encode()),
        b"caf\xe9.yaml": b"latin-1",
        "line\nbreak.yaml": b"x",
        "ok.yaml": b"ok\n",
    }
    head = origin.commit(files, head)
    found = {
        ("PKI1301", "link.yaml"),
        ("PKI1302", "module"),
        ("PKI1303", "caf\\xe9.yaml"),
        ("PKI1303", "line\\nbreak.yaml"),
    }
    with Repository.open(origin.url, "main", clone) as repository:
        listing = repository.tree(head)
        assert {(p.code, p.position.path) for p in listing.problems} == found
        assert [entry.path for entry in listing.entries] == ["a.yaml", "ok.yaml"]
        difference = repository.changed(None, head)
        assert {(p.code, p.position.path) for p in difference.problems} == found
        assert [change.path for change in difference.changes] == ["a.yaml", "ok.yaml"]


def test_a_file_that_becomes_a_link_is_a_problem_and_gone(origin: Any, clone: Path) -> None:
    """Its former content must not be taken for its present one."""
    first = origin.commit(ONE)
    second = origin.commit({"a.yaml": (LINK, b"b.yaml")}, first)
    with Repository.open(origin.url, "main", clone) as repository:
        difference = repository.changed(first, second)
        assert [p.code for p in difference.problems] == ["PKI1301"]
        assert [(c.path, c.after) for c in difference.changes] == [("a.yaml", "")]
        back = repository.changed(second, first)
        assert back.problems == ()
        assert [(c.path, c.before) for c in back.changes] == [("a.yaml", "")]


def test_a_file_above_the_cap_is_a_problem_and_is_never_held(origin: Any, clone: Path) -> None:
    """Listing names it, reading skips over it and answers the next question correctly."""
    head = origin.commit({"big": b"x" * 3_000_000, "small": b"s"})
    with Repository.open(origin.url, "main", clone) as repository:
        assert [p.code for p in repository.tree(head).problems] == ["PKI1304"]
        blobs = {c.path: c.after for c in repository.changed(None, head).changes}
        read = repository.read([blobs["big"], blobs["small"]], 1000)
        assert read.oversized == {blobs["big"]: 3_000_000}
        assert read.found == {blobs["small"]: b"s"}


def test_too_many_files_are_one_problem(origin: Any, clone: Path) -> None:
    """Reading stops at the limit instead of running out of memory."""
    head = origin.commit({f"f{n}": b"" for n in range(4)})
    with Repository.open(origin.url, "main", clone) as repository:
        listing = repository.tree(head, most=3)
        assert [p.code for p in listing.problems] == ["PKI1305"]
        assert listing.entries == ()
        assert [p.code for p in repository.changed(None, head, most=3).problems] == ["PKI1305"]
        assert len(repository.tree(head, most=4).entries) == 4


def test_filters_and_attributes_of_the_tree_have_no_effect(
    origin: Any, clone: Path, tmp_path: Path
) -> None:
    """Bytes are the blob's own: no smudge command runs, no line end is converted."""
    canary = tmp_path / "canary"
    attributes = b"*.yaml filter=evil text eol=crlf ident working-tree-encoding=UTF-16\n"
    origin.git("config", "filter.evil.smudge", f"touch {canary}")
    head = origin.commit({".gitattributes": attributes, "a.yaml": b"$Id$\nlf\n"})
    with Repository.open(origin.url, "main", clone) as repository:
        blobs = {e.path: e.blob for e in repository.tree(head).entries}
        assert repository.read([blobs["a.yaml"]]).found[blobs["a.yaml"]] == b"$Id$\nlf\n"
    assert not canary.exists()


def test_hooks_and_commands_of_the_remote_are_not_run(
    origin: Any, clone: Path, tmp_path: Path
) -> None:
    """Neither its hooks nor what its configuration names, at clone and at fetch."""
    canary = tmp_path / "canary"
    script = f"#!/bin/sh\ntouch {canary}\n"
    hooks = origin.folder / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-merge"):
        (hooks / name).write_text(script)
        (hooks / name).chmod(0o755)
    (tmp_path / "evil").write_text(script)
    (tmp_path / "evil").chmod(0o755)
    first = origin.commit(ONE)
    canary.unlink(missing_ok=True)  # our own plumbing obeys the hooks
    for key in ("uploadpack.packObjectsHook", "core.fsmonitor", "core.sshCommand"):
        origin.git("config", key, str(tmp_path / "evil"))
    with Repository.open(origin.url, "main", clone) as repository:
        assert repository.fetch() == first
    assert not canary.exists()


def test_hooks_in_the_clone_are_not_run(origin: Any, clone: Path, tmp_path: Path) -> None:
    """Should one get there, a fetch that moves the branch still leaves it alone."""
    canary = tmp_path / "canary"
    first = origin.commit(ONE)
    with Repository.open(origin.url, "main", clone) as repository:
        (clone / "hooks").mkdir(exist_ok=True)
        hook = clone / "hooks" / "reference-transaction"
        hook.write_text(f"#!/bin/sh\ntouch {canary}\n")
        hook.chmod(0o755)
        second = origin.commit({}, first)
        assert repository.fetch() == second
    assert not canary.exists()


def test_only_object_ids_are_questions(origin: Any, clone: Path) -> None:
    """Options, ranges and line breaks in place of an id are refused before git sees them."""
    head = origin.commit(ONE)
    with Repository.open(origin.url, "main", clone) as repository:
        for odd in ("--all", "HEAD", f"{head}\n{head}", head[:10], f"^{head}", ""):
            with pytest.raises(WorldFailed, match="no object id"):
                repository.revisions(None, odd)
            with pytest.raises(WorldFailed, match="no object id"):
                repository.tree(odd)
            with pytest.raises(WorldFailed, match="no object id"):
                repository.changed(head, odd)
            with pytest.raises(WorldFailed, match="no object id"):
                repository.read([odd])


def test_a_folder_with_a_line_break_is_no_second_question(origin: Any, clone: Path) -> None:
    """It is absent, and the reader's answers stay in step with its questions."""
    head = origin.commit(ONE)
    with Repository.open(origin.url, "main", clone) as repository:
        assert [p.code for p in repository.tree(head, "a\nb").problems] == ["PKI1307"]
        assert repository.head() == head


def test_an_author_cannot_write_a_book(origin: Any, clone: Path) -> None:
    """Names are cut and cleaned: they end in logs and on terminals."""
    head = origin.commit(ONE, author="x" * 100_000)
    other = origin.commit(ONE, head, author="red \x1b[31m alert")
    with Repository.open(origin.url, "main", clone) as repository:
        revisions = repository.revisions(None, other)
    assert isinstance(revisions, tuple)
    assert len(revisions[0].author) < 250
    assert "\x1b" not in revisions[1].author


def test_a_claimed_time_out_of_range_is_cut(origin: Any, clone: Path) -> None:
    """A commit may claim any second; a date it must stay."""
    tree = origin.git("rev-parse", f"{origin.commit(ONE)}^{{tree}}")
    who = "x <x@vcc.example> 99999999999999 +0000"
    body = f"tree {tree}\nauthor {who}\ncommitter {who}\n\nx\n".encode()
    head = origin.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", data=body)
    origin.git("update-ref", "refs/heads/main", head)
    with Repository.open(origin.url, "main", clone) as repository:
        revisions = repository.revisions(None, head)
    assert isinstance(revisions, tuple)
    assert revisions[0].time.year in {1970, 9999}


def test_a_remote_that_never_answers_is_given_up(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the given patience the command and its children are killed."""
    monkeypatch.setenv("GIT_SSH_COMMAND", "sleep 60;:")
    started = time.monotonic()
    with pytest.raises(WorldFailed, match=r"took longer than 0\.5 s"):
        Repository.open("git@host.example:pki.git", "main", clone, patience=0.5)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "remote: x\nfatal: unable to access 'https://u:hunter2@h/p.git/': refused\nmore",
            "fatal: unable to access 'https://***@h/p.git/': refused",
        ),
        ("fatal: https://h/p.git?private_token=hunter2 gone", "fatal: https://h/p.git?*** gone"),
        ("fatal: \x1b[31mred\x07", "fatal:  [31mred "),
        ("", "no reason given"),
    ],
)
def test_what_git_says_is_one_line_without_credentials(said: str, shown: str) -> None:
    """The first telling line, cleaned of users, passwords, queries and control characters."""
    assert str(failure("fetch", said)) == f"git fetch failed: {shown}"


def test_what_git_says_is_short() -> None:
    """A remote may send a megabyte; a log line gets 300 characters of it."""
    for piece in ("x", "://", "@://"):
        assert len(str(failure("fetch", "error: " + piece * 300_000))) < 330
