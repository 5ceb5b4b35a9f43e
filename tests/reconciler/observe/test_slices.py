"""Whose a path is, whose a problem is, and what is kept of a slice that stands still."""

from __future__ import annotations

from typing import Any

import pytest

from pki_reconciler.observe import slices
from pki_reconciler.observe.breadth import between, differing, listed
from pki_reconciler.observe.git import Repository
from pki_reconciler.observe.trees import Change
from pki_schema.errors import Position, Problem, Severity
from pki_schema.load.tree import slice_of


@pytest.mark.parametrize(
    ("path", "tenant"),
    [
        ("tenants/a/services/web.yaml", "a"),
        ("tenants/a/csr/web.pem", "a"),
        ("tenants/a/README.md", "a"),
        ("tenants/a/Tenant.yaml", "a"),
        ("tenants/a/tenant.yml", "a"),
        ("tenants/a/tenant.yaml/x", "a"),
        ("tenants/a/tenants/b/services/web.yaml", "a"),
        ("tenants/a", "a"),
        ("tenants/a/tenant.yaml", ""),
        ("tenants", ""),
        ("tenants/README.md", ""),
        ("tenants/A/services/web.yaml", ""),
        ("tenants/\u0430/services/web.yaml", ""),
        ("tenants//services/web.yaml", ""),
        ("tenants/../cas/root.yaml", ""),
        ("Tenants/a/services/web.yaml", ""),
        ("cas/tenants/a/x.yaml", ""),
        ("commit 0123456789ab", ""),
        (".", ""),
    ],
)
def test_a_tenants_folder_is_its_slice_but_for_its_declaration(path: str, tenant: str) -> None:
    assert slice_of(path) == tenant


@pytest.mark.parametrize(
    ("path", "code", "tenant"),
    [
        ("tenants/a/tenant.yaml", "PKI4040", "a"),
        ("tenants/a/tenant.yaml", "PKI1102", "a"),
        ("tenants/a/tenant.yaml", "PKI3001", ""),
        ("tenants/A/tenant.yaml", "PKI1102", ""),
        ("tenants/a/services/web.yaml", "PKI3001", "a"),
        ("templates/web.yaml", "PKI3001", ""),
    ],
)
def test_a_problem_is_whose_the_file_is_but_for_what_its_files_bring_about(
    path: str, code: str, tenant: str
) -> None:
    assert slices.owner(Problem(Position(path), code, "wrong")) == tenant


def test_of_a_fault_the_first_errors_are_kept_cut_and_keys_before_the_rest() -> None:
    wrong = [Problem(Position(f"f{n:02}"), "PKI1001", "x" * 2_000) for n in range(20)]
    key = Problem(Position("z"), "PKI6101", "the file holds a private key")
    warning = Problem(Position("a"), "PKI1103", "ignored", severity=Severity.WARNING)
    kept = slices.fault("a", [*wrong, key, warning], since="c")
    assert (len(kept.problems), kept.count, kept.since) == (10, 21, "c")
    assert kept.problems[0] == str(key)
    assert {len(text) for text in kept.problems[1:]} == {slices.LONGEST_TOLD}


# ------------------------------------------------------------------ too many files

SMALL = {"cas/root.yaml": b"a", "tenants/a/tenant.yaml": b"b", "tenants/b/services/x.yaml": b"c"}
MANY: dict[str | bytes, bytes] = {
    **SMALL,
    **{f"tenants/a/services/{n}.yaml": b"x" for n in range(4)},
}


def test_a_tenant_with_too_many_files_has_none_but_its_declaration(origin: Any, clone: Any) -> None:
    head = origin.commit(MANY)
    with Repository.open(origin.url, "main", clone) as repository:
        repository.fetch()
        found = listed(repository, head, ".", most=3)
        assert {entry.path for entry in found.listing.entries} == set(SMALL)
        assert [str(p) for p in found.listing.problems] == [
            "tenants/a:1:1: error[PKI1305] there are more than 3 files"
        ]
        assert found.overfull == {"a"}
        assert listed(repository, head, ".", most=4).overfull == frozenset()


def test_two_lists_say_what_git_says_and_leave_out_whom_they_are_told_to(
    origin: Any, clone: Any
) -> None:
    first = origin.commit(MANY)
    changed = {**SMALL, "tenants/a/tenant.yaml": b"other", "tenants/b/services/x.yaml": b"d"}
    second = origin.commit(changed, first)
    with Repository.open(origin.url, "main", clone) as repository:
        repository.fetch()
        old, new = listed(repository, first, "."), listed(repository, second, ".")
        for still, count in (((), 6), (("a",), 2), (("a", "b"), 1)):
            said = differing(repository, first, new, still=still).changes
            assert sorted(said, key=str) == sorted(between(old, new, still=still).changes, key=str)
            assert len(said) == count
        everything = differing(repository, None, new).changes
        assert {change.path for change in everything} == set(SMALL)
        assert all(isinstance(c, Change) and not c.before for c in everything)
