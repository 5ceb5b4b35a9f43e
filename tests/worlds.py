"""A world to test in: a real Git repository, a real ledger, and fakes for the rest.

``World.shipped(tmp_path)`` is the VCC organisation with a key and a CSR per service, not yet
reconciled. Change files, ``commit``, move the clock, ``reconcile``, and look at what came out.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

from cryptography import x509

from pki_publishers.targets import DirectoryTarget
from pki_publishers.targets.target import Target
from pki_reconciler.demo import organisation
from pki_reconciler.keys.store import KeyStore
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.records import Accepted, Refused
from pki_reconciler.ledger.write import Ledger
from pki_reconciler.loop import Host, Outcome, reconcile
from pki_reconciler.observe.advance import Observed, advance
from pki_reconciler.observe.git import Repository
from pki_reconciler.observe.manifests import ManifestCache
from pki_schema.errors import Position
from pki_schema.instants import Instant
from pki_schema.issued import IssuedCertificate
from pki_schema.load import load
from pki_schema.load.tree import RequestPath
from tests.fakes import FixedClock, InMemoryKeyStore, InMemoryTarget, SeededEntropy

SHIPPED = Path(__file__).parents[1] / "desired-state"


@dataclass(kw_only=True)
class World:
    """``tree`` is the author's work tree, ``hosts`` where services keep their keys."""

    root: Path
    clock: FixedClock = field(default_factory=FixedClock)
    entropy: SeededEntropy = field(default_factory=SeededEntropy)
    keys: KeyStore = field(default_factory=InMemoryKeyStore)
    targets: Mapping[str, Target] = field(default_factory=lambda: {"public": InMemoryTarget()})
    revocations_limit: int | None = None
    weak_keys: frozenset[bytes] = frozenset()
    leap: timedelta | None = None
    """Any time is believed, unless a test asks for more."""
    steady: Callable[[], float | None] = lambda: None

    @property
    def tree(self) -> Path:
        return self.root / "desired-state"

    @property
    def hosts(self) -> Path:
        return self.root / "hosts"

    @property
    def public(self) -> Path:
        """Where ``on_disk`` worlds publish."""
        return self.root / "public"

    @property
    def ledger_path(self) -> Path:
        return self.root / "state" / "ledger.sqlite3"

    @classmethod
    def empty(cls, root: Path) -> Self:
        """No commit, an empty ledger."""
        world = cls(root=root)
        world.tree.mkdir(parents=True)
        (root / "state").mkdir(mode=0o700)
        (root / "state" / "cache").mkdir(mode=0o700)
        Ledger.create(world.ledger_path, entropy=world.entropy).close()
        return world

    @classmethod
    def shipped(cls, root: Path, *, requests: bool = True) -> Self:
        """The shipped organisation, committed; with ``requests`` every service has its CSR."""
        world = cls.empty(root)
        shutil.copytree(SHIPPED, world.tree, dirs_exist_ok=True)
        if requests:
            world.make_requests()
        world.commit("The organisation")
        return world

    def on_disk(self) -> Self:
        """Publish into ``public`` instead of memory."""
        self.targets = {"public": DirectoryTarget(self.public)}
        return self

    def make_requests(self) -> None:
        """A key and a CSR for every service certificate that has none."""
        files = {
            path.relative_to(self.tree).as_posix(): path.read_bytes()
            for path in self.tree.rglob("*")
            if path.is_file() and ".git" not in path.parts
        }
        for item in organisation.wanted(load(files)[0].state):
            if not (self.tree / organisation.request_path(item.spot.identity)).exists():
                organisation.make_keys(self.tree, self.hosts, item)

    def new_key(self, tenant: str, service: str, certificate: str = "default") -> None:
        """The host of a service makes a new key and CSR (P-256)."""
        folder = self.hosts / tenant / service
        for old in folder.glob(f"{certificate}.*"):
            old.unlink()
        spot = RequestPath(tenant, service, certificate)
        organisation.make_keys(
            self.tree, self.hosts, organisation.Wanted(spot=spot, algorithm="P-256")
        )

    def write(self, path: str, text: str) -> None:
        """Write a file of the tree."""
        file = self.tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text in a file of the tree; it must be there exactly once."""
        text = (self.tree / path).read_text()
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {path}"
        self.write(path, text.replace(old, new))

    def remove(self, path: str) -> None:
        (self.tree / path).unlink()

    def revoke(self, name: str, target: str, reason: str, more: str = "") -> None:
        """Declare a revocation; ``target`` is a flow mapping: ``{tenant: vcc, service: x}``."""
        self.write(
            f"revocations/{name}.yaml",
            "apiVersion: pki.vcc.local/v1\nkind: Revocation\n"
            f"metadata: {{name: {name}}}\nspec:\n  target: {target}\n  reason: {reason}\n{more}",
        )

    def commit(self, message: str = "A change") -> str:
        """Commit everything in the tree."""
        return organisation.commit_all(self.tree, message)

    def git(self, *arguments: str) -> str:
        """What git says about the tree's repository."""
        command = ["git", "-C", str(self.tree), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    @contextmanager
    def host(self) -> Iterator[Host]:
        """The host as the verbs put it together, with this world's fakes."""
        with (
            Ledger.open(self.ledger_path, entropy=self.entropy) as ledger,
            Repository.open(
                f"file://{self.tree}", "main", self.root / "state" / "repository.git"
            ) as repository,
        ):
            ledger.above([place.mark() for place in (self.keys, *self.targets.values())])

            def observe(now: Instant) -> Observed:
                def record(judged: Accepted | Refused) -> None:
                    with ledger.transaction(now) as transaction:
                        transaction.append([judged], commit=judged.commit)

                return advance(
                    repository,
                    ManifestCache(self.root / "state" / "cache"),
                    path=".",
                    head=repository.fetch(),
                    reader=ledger.reader,
                    record=record,
                )

            yield Host(
                clock=self.clock,
                entropy=self.entropy,
                ledger=ledger,
                keys=self.keys,
                targets=self.targets,
                observe=observe,
                revocations_limit=self.revocations_limit,
                limit_origin=Position("vcc-pki.toml"),
                seconds=lambda: 0.0,
                weak_keys=self.weak_keys,
                steady=self.steady,
                leap=self.leap,
            )

    def reconcile(self, **later: float) -> Outcome:
        """Reconcile once, after moving the clock by ``days=…`` and the like."""
        self.clock.advance(**later)
        with self.host() as host:
            return reconcile(host)

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        with Reader.open(self.ledger_path) as reader:
            yield reader

    def certificates(
        self, tenant: str, service: str, name: str = "default"
    ) -> list[IssuedCertificate]:
        """Everything a service certificate ever was, oldest first."""
        from pki_schema.desired import certificate_identity

        with self.reader() as reader:
            return list(reader.certificates_of(certificate_identity(tenant, service, name)))

    def crl(self, ca: str) -> x509.CertificateRevocationList:
        """The current CRL of a CA's newest generation."""
        with self.reader() as reader:
            authority = max(
                (a for a in reader.authorities().values() if a.name == ca),
                key=lambda a: a.generation,
            )
        assert authority.crl is not None
        return x509.load_der_x509_crl(authority.crl.der)
