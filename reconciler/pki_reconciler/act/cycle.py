"""One cycle: the values that stay the same while it runs, and the count of what it did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pki_publishers.release import PublicObject
from pki_reconciler.decide.build.issuer import Issuer
from pki_reconciler.decide.footing import May
from pki_reconciler.decide.lint import Sample
from pki_reconciler.keys.store import KeyStore
from pki_reconciler.ledger.write import Ledger
from pki_reconciler.ports import Entropy
from pki_schema.errors import Fenced, LedgerFailed, WorldFailed
from pki_schema.instants import Instant
from pki_schema.issued import IssuedAuthority
from pki_schema.planned import Held

BATCH = 1_000
"""Items per intent and per result: one durable transaction each (decision 13 of the design)."""


@dataclass
class Done:
    """What a reconcile did.

    ``signed`` counts certificates; CRLs and OCSP answers are counted apart. ``revoked`` are also
    those put on hold, ``released`` those valid again.

    ``rejected`` is what rules refused, ``failed`` what the world did not do, tried again next time.
    ``began`` is how many entries the ledger had counted before; ``written`` counts those since,
    ``published`` files, whose paths are ``objects``.
    ``fresh`` keeps what was rendered until it is published, by target and path: after a crash it is
    empty and the outbox's units are rendered again.
    """

    began: int = 0
    signed: int = 0
    crls: int = 0
    answers: int = 0
    revoked: int = 0
    released: int = 0
    published: int = 0
    written: int = 0
    objects: list[str] = field(default_factory=list)
    rejected: list[Held] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    fresh: dict[tuple[str, str], PublicObject] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """``now`` was taken once. ``targets`` are the names of the publications bound on this host,
    ``weak_keys`` the digests of keys that it never certifies. ``may`` is what it may do, ``blind``
    are the places that do not tell who wrote there last, and why (the key store: the empty name).
    """

    now: Instant
    commit: str
    plan: str
    ledger: Ledger
    keys: KeyStore
    entropy: Entropy
    targets: tuple[str, ...]
    done: Done
    weak_keys: frozenset[bytes] = frozenset()
    may: May = May.EVERYTHING
    blind: Mapping[str, str] = field(default_factory=dict)

    def authorities(self) -> Mapping[str, IssuedAuthority]:
        """Every CA generation as the ledger knows it at this moment, by issuer."""
        return self.ledger.reader.authorities()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """What the world does not do inside is reported; what comes after the block goes on.

        ``Fenced`` ends the cycle: nothing after the block is this process's to do any more. So does
        a ledger that fails: whatever comes after the block would have to be written there first.
        """
        try:
            yield
        except (Fenced, LedgerFailed):
            raise
        except WorldFailed as failure:
            if failure.message not in self.done.failed:
                self.done.failed.append(failure.message)

    @contextmanager
    def signing(self) -> Iterator[None]:
        """Inside it nobody else signs with these keys, and nobody has who came later.

        Raises ``Fenced`` or ``WorldFailed`` before anything is intended.
        """
        if "" in self.blind:
            raise WorldFailed(self.blind[""])
        with self.keys.held(self.ledger.mark(self.now)):
            yield

    def sample(self, total: int) -> Sample:
        """Which of this many objects the second judge of the linter looks at."""
        return Sample(total, self.entropy.token(16))

    def keep(self, objects: Sequence[PublicObject], targets: Iterable[str]) -> None:
        """Remember what was rendered for these targets until the end of the cycle."""
        self.done.fresh.update(
            ((target, item.path), item) for target in targets for item in objects
        )


def newest(authorities: Mapping[str, IssuedAuthority], name: str) -> IssuedAuthority | None:
    """The latest generation of a CA."""
    return max(
        (a for a in authorities.values() if a.name == name),
        key=lambda a: a.generation,
        default=None,
    )


def line_of(authorities: Mapping[str, IssuedAuthority], issuer: str) -> tuple[IssuedAuthority, ...]:
    """A CA generation and its ancestors, itself first, the root last."""
    line: list[IssuedAuthority] = []
    current = authorities.get(issuer)
    while current is not None and current not in line:
        line.append(current)
        current = authorities.get(current.parent) if current.parent != current.spki else None
    return tuple(line)


def issuer_value(authority: IssuedAuthority) -> Issuer:
    """What the builders need to know about an issuing CA."""
    return Issuer.of(authority)
