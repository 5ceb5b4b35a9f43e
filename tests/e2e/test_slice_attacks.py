"""What a tenant tries with its own folder: it harms itself, and nobody else's changes wait for it.

Every attack comes in one commit with a change of another tenant and one of what is global, which
count as if it were not there.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.three_tenants import OTHERS, certificates, copied, faults, retired, three
from tests.properties.organisation import Scene, manifest

WEB, API, DB = OTHERS
KEY = "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n"
HERE = "tenants/alpha"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Copied, never touched."""
    return three(tmp_path_factory.mktemp("three") / "world")


@pytest.fixture
def scene(model: Scene, tmp_path: Path) -> Scene:
    return copied(model, tmp_path / "world")


def git(scene: Scene, *arguments: str, data: bytes = b"") -> str:
    """Plumbing, as an author of its own, that no setting of this host reaches."""
    who = {
        f"GIT_{role}_{what}": "a@b"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": os.devnull,
        **who,
    }
    command = ["git", "-C", str(scene.world.tree), *arguments]
    done = subprocess.run(command, env=environment, input=data, capture_output=True, check=True)
    return done.stdout.decode().strip()


def write(path: str, text: str) -> Callable[[Scene], None]:
    return lambda scene: scene.world.write(path, text)


def link(path: str) -> Callable[[Scene], None]:
    return lambda scene: (scene.world.tree / path).symlink_to("/etc/passwd")


def no_folder(scene: Scene) -> None:
    """A link in place of its folder; what is global in it goes with it."""
    git(scene, "rm", "-r", "--quiet", HERE)
    (scene.world.tree / HERE).symlink_to("../cas")


ATTACKS: dict[str, tuple[Callable[[Scene], None], str]] = {
    "a second spelling of its declaration": (write(f"{HERE}/Tenant.yaml", "{}\n"), "PKI1101"),
    "a path that cannot be": (write(f"{HERE}/services/Ä.yaml", "a: 1\n"), "PKI1101"),
    "a path too deep": (write(f"{HERE}/services/a/b/c/d/e.yaml", "a: 1\n"), "PKI1101"),
    "a link": (link(f"{HERE}/services/link.yaml"), "PKI1301"),
    "a link for its folder": (no_folder, "PKI1301"),
    "too large a file": (write(f"{HERE}/services/big.yaml", "#" * 1_100_000), "PKI1304"),
    "a private key": (write(f"{HERE}/services/key.yaml", KEY), "PKI6101"),
    "a private key that nobody asked for": (write(f"{HERE}/notes.txt", KEY), "PKI6101"),
    "a CA with the name of the root": (
        write(
            f"{HERE}/services/ca.yaml",
            manifest(
                "CertificateAuthority",
                "mine",
                "  subject: [{CN: Small Root CA G1}]\n  privateKey: {algorithm: P-256}\n"
                "  duration: 3653d\n  issuesFor: 1826d\n  baseURLs: [http://pki.test.internal]\n",
            ),
        ),
        "PKI1104",
    ),
    "a tenant that is another": (
        write(f"{HERE}/services/beta.yaml", manifest("Tenant", "beta", "  zone: beta.internal\n")),
        "PKI2102",
    ),
    "another tenant's name": (
        write(
            f"{HERE}/services/odd.yaml",
            manifest("Service", "odd", "  template: service\n  dnsNames: [x.beta.internal]\n"),
        ),
        "PKI4022",
    ),
}


def others_change(scene: Scene) -> None:
    """One of another tenant, one of the root CA, one of every service's template."""
    scene.declare(DB, more="  duration: 60d\n")
    scene.world.edit("cas/root.yaml", "refresh: 180d", "refresh: 170d")
    scene.template("20d")


def expect_others_went_on(scene: Scene) -> None:
    assert certificates(scene) == {
        "alpha/web": ["valid"],
        "alpha/api": ["valid"],
        "beta/db": ["valid", "valid"],
        "gamma/app": ["valid"],
    }
    assert retired(scene) == set()
    with scene.world.reader() as reader:
        refresh = {
            a.name: a.meaning.authority.crl.refresh
            for a in reader.authorities().values()
            if a.meaning.authority
        }
    assert refresh["root"] == 170 * 86_400


def sampled(names: Iterable[str], *always: str) -> list[object]:
    """The names as parameters, of which only some are run every time."""
    return [pytest.param(n, marks=() if n in always else pytest.mark.slow) for n in names]


@pytest.mark.parametrize(
    "name",
    sampled(
        sorted(ATTACKS),
        "a second spelling of its declaration",
        "a link for its folder",
        "a CA with the name of the root",
    ),
)
def test_it_harms_itself_alone(scene: Scene, name: str) -> None:
    attack, code = ATTACKS[name]
    others_change(scene)
    attack(scene)
    commit = scene.commit()
    outcome = scene.reconcile(minutes=1)
    assert (outcome.observed.accepted, outcome.observed.refused) == ((commit,), ())
    told = [text for fault in outcome.observed.faults for text in fault.problems]
    assert any(f"error[{code}]" in text for text in told), told
    assert [fault.tenant for fault in outcome.observed.faults] == ["alpha"]
    expect_others_went_on(scene)


@pytest.mark.slow
def test_a_heap_of_files_is_its_own_fault(scene: Scene) -> None:
    """A million paths in a dozen trees that name each other: git has them in a kilobyte."""
    others_change(scene)
    scene.commit()
    blob = git(scene, "hash-object", "-w", "--stdin", data=b"a\n")
    heap = git(scene, "mktree", data=f"100644 blob {blob}\tx.txt\n".encode())
    for _ in range(20):
        heap = git(scene, "mktree", data=f"040000 tree {heap}\ta\n040000 tree {heap}\tb\n".encode())
    commit = grafted(scene, f"{HERE}/services", heap)
    outcome = scene.reconcile(minutes=1)
    assert (outcome.observed.accepted[-1], outcome.observed.refused) == (commit, ())
    [fault] = outcome.observed.faults
    assert (fault.tenant, fault.problems) == (
        "alpha",
        ("tenants/alpha:1:1: error[PKI1305] there are more than 100000 files",),
    )
    expect_others_went_on(scene)
    assert scene.reconcile(minutes=1).done.written == 0


def grafted(scene: Scene, path: str, tree: str) -> str:
    """Commit a tree in place of a folder: no work tree and no index could hold it."""
    parts = path.split("/")
    for depth in range(len(parts), 0, -1):
        above, name = "/".join(parts[: depth - 1]), parts[depth - 1]
        listed = git(scene, "ls-tree", f"HEAD:{above}").splitlines()
        kept = [line for line in listed if line.partition("\t")[2] != name]
        lines = [*kept, f"040000 tree {tree}\t{name}", ""]
        tree = git(scene, "mktree", data="\n".join(lines).encode())
    commit = git(scene, "commit-tree", tree, "-p", "HEAD", "-m", "A heap")
    git(scene, "update-ref", "refs/heads/main", commit)
    return commit


@dataclass(frozen=True)
class Side:
    """A branch that is merged, with what its commits had and the merge has not."""

    message: str = "On the side"
    path: str = ""


SIDES = {
    "in a global file": Side(path="README.md"),
    "in a CA's file": Side(path="cas/root.yaml"),
    "in its folder": Side(path=f"{HERE}/web.key"),
    "in a message": Side(message=f"Rotate\n\n{KEY}"),
}


@pytest.mark.parametrize("name", sampled(SIDES, "in a CA's file"))
def test_a_key_on_a_branch_that_is_merged_is_the_fault_of_who_merges(
    scene: Scene, name: str
) -> None:
    """What the merge changes is one tenant's alone; whoever reviewed it saw nothing else."""
    side = SIDES[name]
    others_change(scene)
    scene.commit()
    scene.reconcile(minutes=1)
    git(scene, "checkout", "--quiet", "-b", "side")
    if side.path:
        scene.world.write(side.path, KEY)
        scene.world.commit()
        scene.world.remove(side.path)
        git(scene, "checkout", "--quiet", "main", "--", ".")
    scene.declare(WEB, more="  duration: 61d\n")
    git(scene, "add", "--all")
    git(scene, "commit", "--quiet", "--message", side.message)
    git(scene, "checkout", "--quiet", "main")
    git(scene, "merge", "--quiet", "--no-ff", "--message", "Merge", "side")
    commit = git(scene, "rev-parse", "HEAD")
    outcome = scene.reconcile(minutes=1)
    assert (outcome.observed.accepted, outcome.observed.refused) == ((commit,), ())
    assert list(faults(scene)) == ["alpha"]
    expect_others_went_on(scene)


def test_a_key_in_a_global_file_or_with_a_global_change_stops_the_commit(scene: Scene) -> None:
    scene.world.write("notes.txt", KEY)
    scene.commit()
    assert scene.reconcile(minutes=1).observed.refused
    scene.world.remove("notes.txt")
    scene.declare(WEB, more="  duration: 61d\n")
    scene.commit()
    outcome = scene.reconcile(minutes=1)
    assert (outcome.observed.accepted, len(outcome.observed.refused)) == ((), 2)


def test_deleting_a_pushed_key_does_not_get_its_csr_certified(scene: Scene) -> None:
    """Another CSR does. Whose commits come in between changes nothing."""
    scene.world.new_key(*WEB)
    scene.world.write(f"{HERE}/web.key", KEY)
    scene.commit()
    scene.reconcile(minutes=1)
    assert "error[PKI6101]" in faults(scene)["alpha"]
    scene.declare(DB, more="  duration: 60d\n")
    scene.commit()
    scene.reconcile(minutes=1)
    scene.world.remove(f"{HERE}/web.key")
    scene.commit()
    for days in (60, 61):
        scene.reconcile(minutes=1)
        assert "csr/web.pem:1:1: error[PKI6342]" in faults(scene)["alpha"]
        scene.template(f"{days - 40}d")
        scene.commit()
    assert len(certificates(scene)["alpha/web"]) == 1
    scene.world.new_key(*WEB)
    scene.commit()
    scene.reconcile(minutes=1)
    assert faults(scene) == {}
    assert len(certificates(scene)["alpha/web"]) == 2


def test_deleting_and_breaking_together_deletes_nothing(scene: Scene) -> None:
    """Nor does it make room in the quota for what comes with the mended tree."""
    for path in (scene.path(WEB), scene.csr(WEB)):
        scene.world.remove(path)
    for number in range(20):
        text = manifest("Service", f"more-{number}", "  template: service\n")
        scene.world.write(f"{HERE}/services/more-{number}.yaml", text)
    scene.commit()
    scene.reconcile(minutes=1)
    assert "declares 21 certificates; its quota is 20" in faults(scene)["alpha"]
    for path in (scene.path(API), scene.csr(API)):
        scene.world.remove(path)
    scene.world.write(f"{HERE}/services/odd.yaml", "spec: [\n")
    scene.commit()
    scene.reconcile(minutes=1)
    assert list(faults(scene)) == ["alpha"]
    assert retired(scene) == set()
    assert {str(i) for i in wanted(scene, "alpha")} == {
        "Certificate/alpha/web/default",
        "Certificate/alpha/api/default",
    }


def wanted(scene: Scene, tenant: str) -> set[object]:
    with scene.world.reader() as reader:
        return set(reader.certificates_of_tenant(tenant))


@pytest.mark.slow
def test_thousands_of_broken_files_are_read_no_further_than_is_told(scene: Scene) -> None:
    """What others commit meanwhile costs no more for them."""
    for number in range(300):
        scene.world.write(f"{HERE}/services/odd-{number}.yaml", f"spec: [ # {number}\n")
    others_change(scene)
    scene.commit()
    first = scene.reconcile(minutes=1).observed
    assert first.parsed < 120
    assert [fault.count for fault in first.faults] == [100]
    scene.declare(DB, more="  duration: 61d\n")
    scene.commit()
    second = scene.reconcile(minutes=1).observed
    assert (second.parsed, list(faults(scene))) == (1, ["alpha"])
