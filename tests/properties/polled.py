"""Histories of several tenants as commits of one repository, and what polling them comes to.

Nothing is signed here: commits are judged into a copy of a ledger, and revocations carried out in
it, which is all that must not depend on when somebody looks.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pki_reconciler.decide.plan import plan
from pki_reconciler.ledger.records import (
    Accepted,
    KeyBlocked,
    Refused,
    RevocationResolved,
    Revoked,
)
from pki_reconciler.ledger.scratch import Scratch, copy
from pki_reconciler.observe.advance import advance
from pki_reconciler.observe.git import Repository
from pki_reconciler.observe.manifests import ManifestCache
from pki_reconciler.observe.transfers import remote
from pki_schema.desired import Identity, certificate_identity
from pki_schema.instants import Instant, to_epoch
from pki_schema.planned import Action, Verb
from pki_schema.reported import SliceStatus
from tests.properties.organisation import REASONS, Scene, manifest

KEY = "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n"
TENANTS = ("alpha", "beta", "gamma")
NAMES = {"alpha": ("web", "api"), "beta": ("db", "new"), "gamma": ("app", "new")}
CERTIFIED = {
    certificate_identity(*service, "default")
    for service in (("alpha", "web"), ("alpha", "api"), ("beta", "db"), ("gamma", "app"))
}
"""Before the histories begin."""
Files = dict[str, str]


@dataclass
class Author:
    """Changes a tree at random: good and bad, of each tenant and of what is global."""

    files: Files
    chance: random.Random
    named: list[str] = field(default_factory=list)

    def commit(self) -> Files:
        """One or two changes; the whole tree after them."""
        for _ in range(self.chance.randint(1, 2)):
            self.chance.choice(DEEDS)(self)
        return dict(self.files)

    def service(self) -> tuple[str, str]:
        tenant = self.chance.choice(TENANTS)
        return tenant, self.chance.choice(NAMES[tenant])

    def declare(self) -> None:
        tenant, name = self.service()
        more = f"  duration: {self.chance.choice((60, 90, 120))}d\n"
        if self.named and self.chance.random() < 0.3:
            more += f"  resumeAfter: [{', '.join(self.named)}]\n"
        text = manifest("Service", name, f"  template: service\n{more}")
        self.files[f"tenants/{tenant}/services/{name}.yaml"] = text

    def remove(self) -> None:
        tenant, name = self.service()
        self.files.pop(f"tenants/{tenant}/services/{name}.yaml", None)

    def spoil(self) -> None:
        tenant = self.chance.choice(TENANTS)
        text = self.chance.choice(
            ("spec: [\n", KEY, manifest("Service", "odd", "  template: no\n"))
        )
        self.files[f"tenants/{tenant}/services/odd.yaml"] = text

    def mend(self) -> None:
        self.files.pop(f"tenants/{self.chance.choice(TENANTS)}/services/odd.yaml", None)

    def spoil_globally(self) -> None:
        self.files["templates/odd.yaml"] = "spec: [\n"

    def mend_globally(self) -> None:
        self.files.pop("templates/odd.yaml", None)

    def change_template(self) -> None:
        path, longest = "templates/service.yaml", self.chance.choice((100, 180))
        self.files[path] = re.sub(
            r"maxDuration: \d+d", f"maxDuration: {longest}d", self.files[path]
        )

    def change_quota(self) -> None:
        path = f"tenants/{self.chance.choice(TENANTS)}/tenant.yaml"
        quota = self.chance.choice((1, 20))
        self.files[path] = re.sub(
            r"certificates: \d+}", f"certificates: {quota}}}", self.files[path]
        )

    def revoke(self) -> None:
        tenant, name = self.service()
        label = f"r{len(self.named) + 1}"
        self.named.append(label)
        target = self.chance.choice(
            (f"{{tenant: {tenant}, service: {name}}}",) * 4 + ("{template: special}",)
        )
        spec = f"  target: {target}\n  reason: {self.chance.choice(REASONS)}\n"
        self.files[f"revocations/{label}.yaml"] = manifest("Revocation", label, spec)

    def revert(self) -> None:
        for path in [path for path in self.files if path.startswith("revocations/")]:
            del self.files[path]


DEEDS: tuple[Callable[[Author], None], ...] = (
    *(Author.declare, Author.remove, Author.spoil, Author.spoil, Author.mend, Author.mend),
    *(Author.spoil_globally, Author.mend_globally, Author.mend_globally, Author.change_template),
    *(Author.change_quota, Author.revoke, Author.revoke, Author.revert),
)


@dataclass(frozen=True, kw_only=True)
class Polled:
    """What a way of polling came to. ``slices`` are the accepted commits, each with who stood still
    and where. ``ended`` are the certified identities that revocations mean, whether they were
    carried out or are held; of two that mean the same one the later finds nothing left to end.
    """

    slices: tuple[object, ...]
    refused: tuple[str, ...]
    standing: tuple[SliceStatus, ...]
    declared: object
    ended: frozenset[Identity]
    blocked: frozenset[str]


@dataclass
class Library:
    """Many histories upon one reconciled organisation, in its own repository."""

    model: Scene
    root: Path

    def write(self, seeds: Sequence[int], *, commits: int) -> dict[int, list[str]]:
        """The commits of each history, oldest first; git is asked once."""
        folder = self.model.world.tree
        base = self.model.world.git("rev-parse", "HEAD").strip()
        listed = self.model.world.git("ls-files").split()
        files = {path: (folder / path).read_text() for path in listed}
        stream = b"".join(self._stream(files, base, seeds, commits))
        marks = self.root / "marks"
        subprocess.run(
            ["git", "-C", str(folder), "fast-import", "--quiet", f"--export-marks={marks}"],
            input=stream,
            check=True,
        )
        ids = dict(line.split() for line in marks.read_text().splitlines())
        numbers = iter(range(1, len(ids) + 1))
        return {seed: [ids[f":{next(numbers)}"] for _ in range(commits)] for seed in seeds}

    def _stream(
        self, files: Files, base: str, seeds: Sequence[int], commits: int
    ) -> Iterator[bytes]:
        mark = 0
        for seed in seeds:
            author = Author(dict(files), random.Random(seed))
            for number in range(commits):
                mark += 1
                yield f"commit refs/heads/h{seed}\nmark :{mark}\n".encode()
                yield f"committer A <a@b> {mark} +0000\ndata 1\nx\n".encode()
                yield f"from {base}\n".encode() if number == 0 else b""
                yield b"deleteall\n"
                for path, text in author.commit().items():
                    body = text.encode()
                    yield f"M 100644 inline {path}\ndata {len(body)}\n".encode() + body + b"\n"

    def polled(self, heads: Sequence[str]) -> Polled:
        """Look at these heads, one after the other."""
        world = self.model.world
        slices: list[object] = []
        refused: list[str] = []
        meant: set[Identity] = set()
        now = world.clock.now()
        source = remote(f"file://{world.tree}", "main")

        def record(judged: Accepted | Refused) -> None:
            scratch.record(judged, now)
            if isinstance(judged, Accepted):
                still = tuple((fault.slice, fault.since) for fault in judged.faulty)
                slices.append((judged.commit, still))
            else:
                refused.append(judged.commit)

        with (
            copy(world.ledger_path) as scratch,
            Repository(source, world.tree / ".git") as repository,
        ):
            for head in heads:
                observed = advance(
                    repository,
                    ManifestCache(self.root / "cache"),
                    path=".",
                    head=head,
                    reader=scratch.reader,
                    record=record,
                )
                assert not observed.rewound
                carry_out(scratch, now, meant)
            reader = scratch.reader
            keys = reader.keys()
            return Polled(
                slices=tuple(slices),
                refused=tuple(dict.fromkeys(refused)),
                standing=reader.faults(),
                declared=reader.declared(),
                ended=frozenset(meant & CERTIFIED),
                blocked=frozenset(key.spki for key in keys if key.blocked),
            )


def carry_out(scratch: Scratch, now: Instant, meant: set[Identity]) -> None:
    """Revoke what the plan revokes; ``meant`` is added to, also what is held."""
    found = plan(scratch.reader.touched(now), now)
    held = [action for one in found.held for action in one.actions]
    for action in (*found.actions, *held):
        if action.verb is Verb.REVOKE:
            meant |= {*(ref.subject for ref in action.certificates), *action.suspends}
    for action in found.actions:
        if action.verb is Verb.REVOKE:
            for record in _revocation(action, now):
                scratch.record(record, now)


def _revocation(
    action: Action, now: Instant
) -> Iterator[Revoked | KeyBlocked | RevocationResolved]:
    name = action.subject.name
    for ref in action.certificates:
        yield Revoked(
            issuer=ref.issuer,
            serial=ref.serial,
            revoked_at=to_epoch(now),
            reason=action.revocation_reason,
            revocation=name,
            cause=str(action.cause),
        )
    for spki in action.blocks:
        yield KeyBlocked(spki=spki, revocation=name)
    yield RevocationResolved(
        name=name,
        commit=action.commit,
        serials=tuple((ref.issuer, ref.serial) for ref in action.certificates),
        suspended=action.suspends,
        state="revoked",
    )
