"""Promise 6: one planner, pure; incremental equals full, when judging, planning and rendering."""

from __future__ import annotations

import hashlib
import io
import random
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pki_reconciler.act import bundles, units
from pki_reconciler.decide.plan import plan
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.scratch import copy
from pki_reconciler.loop import Outcome
from pki_reconciler.observe.advance import advance
from pki_reconciler.observe.git import Repository
from pki_reconciler.observe.manifests import ManifestCache
from pki_reconciler.observe.slices import owner
from pki_schema.desired import Identity, Meaning, Resolved
from pki_schema.errors import Position, has_errors
from pki_schema.instants import Instant
from pki_schema.issued import Touched
from pki_schema.load import load
from pki_schema.load.private_keys import secrets
from pki_schema.load.tree import slice_of
from pki_schema.planned import Plan
from tests.properties.faults import FAULTS, Heal, Spoil, faulty
from tests.properties.organisation import (
    EVENTFUL,
    SERVICES,
    Declare,
    Nursery,
    Revoke,
    Scene,
    Step,
    explored,
    histories,
    steps,
)
from tests.published import is_page

# Planning


def everything(reader: Reader, now: Instant) -> Touched:
    """What a cycle would look at if it looked at everything."""
    keys = reader.keys()
    return msgspec.structs.replace(
        reader.touched(now),
        subjects=reader.subjects(),
        blocked=frozenset(k.spki for k in keys if k.blocked),
        owners={k.spki: k.owner for k in keys if k.owner},
    )


def decided(found: Plan) -> tuple[object, ...]:
    """What a plan does and keeps back; whom it waits for is told of those looked at only."""
    return (found.actions, sorted(found.held, key=lambda h: (h.code, h.message)))


def foreseen(scene: Scene) -> Plan:
    """What ``plan`` says: commits judged on a copy of the ledger; nothing is written."""
    world = scene.world
    now = world.clock.now()
    with (
        copy(world.ledger_path) as scratch,
        Repository.open(
            f"file://{world.tree}", "main", world.root / "state" / "repository.git"
        ) as repository,
    ):
        advance(
            repository,
            ManifestCache(world.root / "state" / "cache"),
            path=".",
            head=repository.fetch(),
            reader=scratch.reader,
            record=lambda judged: scratch.record(judged, now),
        )
        return plan(scratch.reader.touched(now), now)


def check_planning(scene: Scene) -> None:
    now = scene.world.clock.now()
    with scene.world.host() as host:
        host.observe(now)
        touched = host.ledger.reader.touched(now)
        assert decided(plan(touched, now)) == decided(
            plan(everything(host.ledger.reader, now), now)
        )


def plan_and_act(nursery: Nursery, history: Sequence[Step]) -> None:
    with nursery.scene() as scene:

        def look() -> None:
            check_planning(scene)
            scene.reconcile()
            check_planning(scene)
            check_quiet(scene)

        scene.play(history, between=look)


def check_quiet(scene: Scene) -> None:
    before = dict(scene.public)
    second = scene.reconcile().done
    assert (second.signed, second.crls, second.answers) == (0, 0, 0)
    assert (second.written, second.published) == (0, 0)
    assert scene.public == before


@explored(2)
@example(history=EVENTFUL)
@given(history=histories())
def test_incremental_plans_are_full_plans_and_a_second_reconcile_is_quiet(
    nursery: Nursery, history: list[Step]
) -> None:
    """Looking at what is touched decides the same as looking at every subject; and right after a
    reconcile, another signs 0, writes 0, publishes 0.
    """
    plan_and_act(nursery, history)


@pytest.mark.slow
@explored(10)
@given(history=histories(most=10, waits=(1, 30, 150, 1500)))
def test_incremental_plans_are_full_plans_at_length(nursery: Nursery, history: list[Step]) -> None:
    plan_and_act(nursery, history)


@explored(2)
@example(history=EVENTFUL, seed=0)
@given(history=histories(least=1, most=4), seed=st.integers(0, 9))
def test_planning_is_pure(nursery: Nursery, history: list[Step], seed: int) -> None:
    """As of the same instant two runs are byte-identical, whatever the order of what they are
    given; and the ledger file is as it was.
    """
    with nursery.scene() as scene:
        scene.play(history)
        before = hashlib.sha256(scene.world.ledger_path.read_bytes()).digest()
        first, second = foreseen(scene), foreseen(scene)
        assert first.canonical() == second.canonical()
        assert hashlib.sha256(scene.world.ledger_path.read_bytes()).digest() == before
        with scene.world.reader() as reader:
            now = scene.world.clock.now()
            whole = everything(reader, now)
        subjects = list(whole.subjects)
        random.Random(seed).shuffle(subjects)
        shuffled = msgspec.structs.replace(whole, subjects=tuple(subjects))
        assert plan(shuffled, now).canonical() == plan(whole, now).canonical()


def test_what_plan_foresees_is_what_apply_does(nursery: Nursery) -> None:
    """CI and the daemon call one planner: the first plan of a reconcile is the one foreseen."""
    with nursery.scene() as scene:
        scene.play([Declare(SERVICES[3]), Revoke(SERVICES[0], "superseded")])
        expected = foreseen(scene)
        assert expected.actions
        outcome: Outcome = scene.reconcile()
        assert outcome.plans[0].canonical() == expected.canonical()


# Judging commits


def tree(scene: Scene, commit: str) -> Mapping[str, bytes]:
    command = ["git", "-C", str(scene.world.tree), "archive", commit]
    done = subprocess.run(command, check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        found = ((member.name, archive.extractfile(member)) for member in archive)
        return {name: file.read() for name, file in found if file}


def placeless(meanings: Mapping[Identity, Meaning]) -> Mapping[Identity, Meaning]:
    """Where something is written is no part of its meaning."""
    return {
        identity: msgspec.structs.replace(meaning, origin=Position(""))
        for identity, meaning in meanings.items()
    }


@dataclass(frozen=True)
class Rewrite(Step):
    """Take out of the branch what was not accepted, files and history: the remedy for a key."""

    def act(self, scene: Scene) -> None:
        with scene.world.reader() as reader:
            scene.world.git("reset", "--quiet", "--hard", str(reader.accepted()))
        scene.see()


Files = Mapping[str, bytes]


@dataclass
class Verdicts:
    """Looks at whole trees. ``trees`` are those seen, by commit, ``since`` is where faulty tenants
    stand, ``codes`` what they were told.
    """

    scene: Scene
    trees: dict[str, Files] = field(default_factory=dict)
    since: dict[str, str] = field(default_factory=dict)
    codes: dict[str, set[str]] = field(default_factory=dict)

    def check(self) -> None:
        """The head is accepted as far as its whole tree is free of errors, and then means the same:
        with the files of its faulty tenants as they were, until no further one is faulty.
        """
        now = self.scene.world.clock.now()
        with self.scene.world.host() as host:
            reader = host.ledger.reader
            before, former = str(reader.accepted()), reader.declared()
            if before not in self.trees:
                self.trees[before] = tree(self.scene, before)
            observed = host.observe(now)
            accepted = reader.accepted() == observed.head
            declared, faults = reader.declared(), reader.faults()
        self.trees[observed.head] = tree(self.scene, observed.head)
        told, resolved = self.expected(before, observed.head)
        assert accepted == ("" not in told), told
        if not accepted:
            assert declared == former
            assert [f.since for f in faults if not f.tenant] == [before]
            return
        self.since = {
            name: self.since.get(name) or (before if self.has_files(before, name) else "")
            for name in told
        }
        self.codes = dict(told)
        assert {f.tenant: f.since for f in faults} == self.since
        assert placeless(declared) == {
            **{i: m for i, m in placeless(former).items() if i.tenant in told},
            **{i: m for i, m in placeless(resolved.meanings).items() if i.tenant not in told},
        }

    def has_files(self, commit: str, tenant: str) -> bool:
        return any(path.startswith(f"tenants/{tenant}/") for path in self.trees[commit])

    def expected(self, before: str, head: str) -> tuple[Mapping[str, set[str]], Resolved]:
        """Who stands still, with the codes told, and what the rest of the commit means."""
        files = self.trees[head]
        own = self.pushed(before, head)
        told = {
            name: self.codes[name] | own.get(name, set()) for name in self.as_it_was(before, head)
        }
        while True:
            standing = {name: self.since.get(name, before) for name in told if name}
            loaded, resolved = load(self.composed(files, standing))
            found = {name: set(codes) for name, codes in own.items()}
            for problem in loaded.problems:
                if has_errors([problem]):
                    found.setdefault(owner(problem), set()).add(problem.code)
            fresh = {name: codes for name, codes in found.items() if name and name not in told}
            if not fresh:
                break
            told |= fresh
        return told | ({"": found[""]} if "" in found else {}), resolved

    def as_it_was(self, before: str, head: str) -> Iterator[str]:
        """Tenants whose errors stand in files that are the same, among global files that are."""
        old, new = self.trees[before], self.trees[head]
        changed = {
            slice_of(path) for path in old.keys() | new.keys() if old.get(path) != new.get(path)
        }
        if "" not in changed:
            yield from self.codes.keys() - changed

    def composed(self, files: Files, standing: Mapping[str, str]) -> Files:
        former = {
            path: body
            for name, commit in standing.items()
            for path, body in (self.trees[commit] if commit else {}).items()
            if slice_of(path) == name
        }
        return {p: b for p, b in files.items() if slice_of(p) not in standing} | former

    def pushed(self, before: str, head: str) -> Mapping[str, set[str]]:
        """Private keys that come with a commit, and CSRs that came with one."""
        found: dict[str, set[str]] = {}
        for commit in self.scene.world.git("rev-list", head, f"^{before}").split():
            for path, body in self.trees[commit].items():
                if secrets(path, body):
                    found.setdefault(slice_of(path), set()).add("PKI6340")
        for name in (name for name, codes in self.codes.items() if codes & KEY_CODES):
            folder, base = f"tenants/{name}/csr/", self.since[name]
            there = {b for p, b in self.trees[before].items() if p.startswith(folder)}
            for path, body in self.trees[head].items():
                kept = base and self.trees[base].get(path) == body
                if path.startswith(folder) and body in there and not kept:
                    found.setdefault(name, set()).add("PKI6342")
        return found


KEY_CODES = {"PKI6101", "PKI6340", "PKI6342"}


def judge(nursery: Nursery, history: Sequence[Step]) -> None:
    with nursery.scene() as scene:
        scene.play(history, between=Verdicts(scene).check)


def verdicts(most: int) -> st.SearchStrategy[list[Step]]:
    """Good commits, bad ones, and history taken back."""
    return st.lists(st.one_of(steps(), faulty(), st.builds(Rewrite)), min_size=3, max_size=most)


@explored(6)
@given(history=verdicts(8))
def test_a_commit_is_judged_as_its_whole_tree_would_be(
    nursery: Nursery, history: list[Step]
) -> None:
    """Looking at what changed comes to the verdict and to the meanings of looking at everything,
    slice by slice, good and bad commits mixed.
    """
    judge(nursery, history)


@pytest.mark.slow
@explored(40)
@given(history=verdicts(14))
def test_a_commit_is_judged_as_its_whole_tree_would_be_at_length(
    nursery: Nursery, history: list[Step]
) -> None:
    judge(nursery, history)


def test_a_key_is_in_the_branch_until_it_is_taken_out_of_it(nursery: Nursery) -> None:
    """Neither deleting the file nor a good tree upon it heals that; rewriting the history does."""
    key = Spoil("a key beside the manifests")
    judge(nursery, [key, Heal(), Declare(SERVICES[3]), Rewrite(), Declare(SERVICES[3])])


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_each_fault_is_judged_as_in_the_whole_tree(nursery: Nursery, fault: str) -> None:
    """One at a time, upon a tree without fault."""
    with nursery.scene() as scene:
        scene.play([Spoil(fault)], between=Verdicts(scene).check)


# Rendering


def rendered(reader: Reader) -> dict[str, bytes]:
    """Every unit there can be, from the ledger alone."""
    names: list[str] = []
    for issuer in reader.authorities():
        names += [f"authority/{issuer}", f"crl/{issuer}"]
        names += sorted({f"answer/{issuer}/{a.serial:x}" for a in reader.answers(issuer)})
    for subject in reader.subjects():
        if subject.identity.kind == "Certificate":
            names.append(f"certificate/{subject.identity.tenant}/{subject.identity.name}")
            names += [
                f"renewal/{c.issuer}/{c.serial:x}" for c in reader.certificates_of(subject.identity)
            ]
    return {item.path: item.body for name in names for item in units.by_name(reader, name)}


def check_rendering(scene: Scene) -> None:
    with scene.world.reader() as reader:
        whole = rendered(reader)
    public = dict(scene.public)
    assert {p for p, body in whole.items() if public.get(p) != body} == set()
    kept = {p for p in public.keys() - whole.keys() if len(p.split("/")) == 6}
    compared = {p for p in public if p.startswith((*bundles.FOLDERS, "status.json"))}
    pages = {p for p in public if is_page(p)}
    assert public.keys() - whole.keys() - kept - pages == compared


def render(nursery: Nursery, history: Sequence[Step]) -> None:
    with nursery.scene() as scene:

        def look() -> None:
            scene.reconcile()
            check_rendering(scene)

        scene.play(history, between=look)


@explored(2)
@example(history=EVENTFUL)
@given(history=histories(waits=(1, 30, 150, 800)))
def test_the_public_tree_is_a_full_render(nursery: Nursery, history: list[Step]) -> None:
    """What was written bit by bit is, to the byte, what rendering every unit from the ledger gives;
    besides it there are only the status page and sets of former certificates.
    """
    render(nursery, history)


@pytest.mark.slow
@explored(10)
@given(history=histories(most=10, waits=(1, 30, 150, 800)))
def test_the_public_tree_is_a_full_render_at_length(nursery: Nursery, history: list[Step]) -> None:
    render(nursery, history)


def test_revoking_a_former_certificate_shows_on_the_present_ones_pointer(nursery: Nursery) -> None:
    """It suspends the identity, so that the present certificate will not be renewed."""
    with nursery.scene() as scene:
        scene.play([Declare(SERVICES[0], 1)], between=scene.reconcile)
        former = scene.world.certificates(*SERVICES[0])[0]
        serial = f'{{ca: issuing, serial: "{former.serial:x}"}}'
        scene.world.revoke("former", serial, "cessationOfOperation")
        scene.commit()
        scene.reconcile()
        assert b"renewAt" not in scene.public["svc/alpha/web/default/current.json"]
        check_rendering(scene)
