"""One look at one target, and what all parts of it need."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography import x509

from pki_publishers.targets.marks import Mark
from pki_publishers.targets.target import Target
from pki_reconciler.act.cycle import Cycle
from pki_reconciler.act.ground import doubted
from pki_reconciler.decide import belief
from pki_reconciler.decide.build import Issuer
from pki_reconciler.decide.build.extensions import DER
from pki_reconciler.grounds import open_doubts
from pki_reconciler.ledger.records import AuthorityRecovered, KeyRecorded, Record
from pki_schema import instants
from pki_schema.desired import Identity, Meaning
from pki_schema.issued import IssuedCrl
from pki_schema.x509.algorithms import algorithm_of, spki_der


@dataclass
class Look:
    """``marks`` are what all places told, for a doubt that begins here; ``evidence`` is what was
    found, in words.
    """

    cycle: Cycle
    name: str
    target: Target
    marks: Collection[Mark]
    evidence: list[str] = field(default_factory=list)

    @cached_property
    def meanings(self) -> Mapping[Identity, tuple[Meaning, ...]]:
        """All that subjects were ever declared to be, newest first."""
        return self.cycle.ledger.reader.meanings_ever()

    def issuers(self) -> list[Issuer]:
        """The CA generations that the ledger knows by now."""
        return [Issuer.of(a) for a in self.cycle.authorities().values()]

    def spare_keys(self) -> list[bytes]:
        """The keys (DER SPKI) in the store that are no known CA's; what does not open is passed
        over.
        """
        found: list[bytes] = []
        with self.cycle.going_on():
            for name in self.cycle.keys.unused(self.cycle.authorities()):
                with self.cycle.going_on():
                    found.append(spki_der(self.cycle.keys.open(name).public_key()))
        return found

    def note(
        self, records: Sequence[Record], words: str, statuses: Iterable[IssuedCrl] = ()
    ) -> None:
        """Record what was found, behind the doubt that it gives rise to."""
        cycle = self.cycle
        self.evidence.append(words)
        begins = () if open_doubts(cycle.ledger.reader) else (doubted([words], self.marks),)
        with cycle.ledger.transaction(cycle.now) as transaction:
            transaction.append([*begins, *records], commit=cycle.commit, plan=cycle.plan)
            transaction.put_statuses(statuses)


def meant(
    certificate: x509.Certificate, meanings: Iterable[Meaning], issuer: Issuer | None
) -> Meaning | None:
    """The newest of these meanings that makes exactly this certificate."""
    return next((m for m in meanings if belief.is_meant(certificate, m, issuer)), None)


def is_declared_so(certificate: x509.Certificate, meaning: Meaning) -> bool:
    """A CA or responder keeps its name and its kind of key, whatever else is declared by now."""
    algorithm = algorithm_of(certificate.public_key())
    return (
        algorithm is not None
        and algorithm.name == meaning.profile.key_algorithm
        and belief.has_subject(certificate, meaning)
    )


def own(
    certificate: x509.Certificate, meaning: Meaning, issuer: Issuer | None, spki: bytes
) -> list[Record]:
    """A certificate of a key of ours, and that key."""
    offline = meaning.authority is not None and meaning.authority.offline
    key = KeyRecorded(
        spki=spki,
        algorithm=meaning.profile.key_algorithm,
        purpose="authority" if meaning.authority else "responder",
        owner=meaning.subject,
        locator="offline" if offline else "online",
    )
    return [key, AuthorityRecovered(**facts(certificate, issuer), meaning=meaning)]


def facts(certificate: x509.Certificate, issuer: Issuer | None) -> dict[str, Any]:
    """What ``Recovered`` says of a certificate; without ``issuer`` it is its own."""
    spki = sha256(spki_der(certificate.public_key()))
    return {
        "issuer": issuer.spki if issuer else spki,
        "serial": f"{certificate.serial_number:x}",
        "spki": spki,
        "not_before": instants.to_epoch(certificate.not_valid_before_utc),
        "not_after": instants.to_epoch(certificate.not_valid_after_utc),
        "tbs_digest": sha256(certificate.tbs_certificate_bytes),
        "der": certificate.public_bytes(DER),
    }


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
