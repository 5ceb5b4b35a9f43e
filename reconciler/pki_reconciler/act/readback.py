"""Reading back what is published and this ledger does not know, as far as it is to be believed.

CAs first, parents before children: what a key of ours has signed counts, and nothing else does.
Then what they have signed: certificates before CRLs, so that an entry finds its certificate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from cryptography import x509

from pki_publishers import layout, render
from pki_publishers.targets.marks import Mark
from pki_publishers.targets.target import Target
from pki_reconciler.act.certify import load_spki
from pki_reconciler.act.cycle import Cycle
from pki_reconciler.act.ground import Bearings, Places, doubted
from pki_reconciler.decide import belief
from pki_reconciler.decide.belief import PublishedCrl
from pki_reconciler.decide.build import Issuer
from pki_reconciler.decide.build.extensions import DER, key_identifier
from pki_reconciler.grounds import open_doubts
from pki_reconciler.ledger.records import (
    AuthorityRecovered,
    CertificateIssued,
    CertificateRecovered,
    CrlRecovered,
    KeyRecorded,
    Record,
    RevocationRecovered,
)
from pki_schema import instants
from pki_schema.desired import Identity, Meaning, responder_identity
from pki_schema.issued import IssuedAuthority, IssuedCrl
from pki_schema.x509.algorithms import algorithm_of, spki_der

FULL = "*"
PROBES = 8
"""Answers that are looked at for a responder's certificate, for each CA."""


@dataclass
class Readback:
    """One look at one target. ``marks`` are what all places told, for a doubt that begins here."""

    cycle: Cycle
    name: str
    target: Target
    marks: Collection[Mark]
    evidence: list[str] = field(default_factory=list)

    def look(self, *, thoroughly: bool) -> None:
        """Record what is published here and unknown; a ledger that did not know is in doubt.

        ``thoroughly``: everything there may be; else what shows that a ledger is not the newest.
        """
        self._authorities()
        self._certificates(thoroughly=thoroughly)
        if thoroughly or open_doubts(self.cycle.ledger.reader):
            self._responders()
        self._crls()

    # CAs

    def _authorities(self) -> None:
        """The CA generations that are declared, or were, and have no certificate in the ledger."""
        known = self.cycle.authorities()
        there = {a.certificate.subject for a in known.values()}
        keys = self._spare_keys(known)
        if not keys:
            return
        wanted = [
            subject
            for subject in self._meanings
            if subject.kind == "AuthorityCertificate" and subject not in there
        ]
        depth = {s: m.authority.depth for s in wanted for m in self._meanings[s] if m.authority}
        for subject in sorted(wanted, key=lambda s: (depth.get(s, 0), s)):
            for spki in keys:
                records = self._authority(subject, spki)
                if records:
                    self._note(records, f"{self.name} has the certificate of {subject}")

    def _spare_keys(self, known: Collection[str]) -> list[bytes]:
        """The keys (DER SPKI) in the store that are no known CA's; those that do not open are
        passed over.
        """
        found: list[bytes] = []
        with self.cycle.going_on():
            for name in self.cycle.keys.unused(known):
                with self.cycle.going_on():
                    found.append(spki_der(self.cycle.keys.open(name).public_key()))
        return found

    def _authority(self, subject: Identity, spki: bytes) -> list[Record]:
        name = subject.name.partition("/")[0]
        stem = layout.stem(name, key_identifier(spki).hex())
        body = self.target.read(layout.aia_path(stem), most=belief.LARGEST_CERTIFICATE + 1)
        meanings = self._meanings[subject]
        for issuer in self._parents(meanings) if body else ():
            signer = issuer.public_key if issuer else load_spki(spki)
            certificate = belief.certificate_of(body or b"", (signer,))
            if certificate is None or spki_der(certificate.public_key()) != spki:
                continue
            meant = _meant(certificate, meanings, issuer) or meanings[0]
            if _is_declared_so(certificate, meant):
                return self._own(certificate, meant, issuer, spki)
        return []

    def _parents(self, meanings: Iterable[Meaning]) -> list[Issuer | None]:
        """Who may have signed for a CA: the known generations of its parent; a root itself."""
        names = {meaning.profile.issuer for meaning in meanings}
        found: list[Issuer | None] = [i for i in self._issuers() if i.name in names]
        return [*found, *([None] if "" in names else [])]

    def _own(
        self, certificate: x509.Certificate, meaning: Meaning, issuer: Issuer | None, spki: bytes
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
        facts = _facts(certificate, issuer.spki if issuer else "")
        return [key, AuthorityRecovered(**facts, meaning=meaning)]

    # What they certified

    def _certificates(self, *, thoroughly: bool) -> None:
        issuers = self._issuers()
        for subject in self._services(thoroughly=thoroughly):
            found = self._service(subject, issuers)
            if found:
                self._note([found], f"{self.name} has a certificate of {subject}")

    def _services(self, *, thoroughly: bool) -> Iterator[Identity]:
        """Whose pointers are read: of all that were ever declared, or those about to be certified
        for the first time.
        """
        for subject in self.cycle.ledger.reader.subjects():
            if subject.identity.kind == "Certificate" and (thoroughly or subject.current is None):
                yield subject.identity

    def _service(
        self, subject: Identity, issuers: Sequence[Issuer]
    ) -> CertificateRecovered | CertificateIssued | None:
        path = layout.current_path(*_names(subject))
        pointer = self.target.read(path, most=belief.LARGEST_POINTER + 1)
        named = belief.named_by(pointer, subject) if pointer else None
        if named is None:
            return None
        body = self.target.read(named.path, most=belief.LARGEST_CERTIFICATE + 1)
        keys = tuple(issuer.public_key for issuer in issuers)
        certificate = belief.certificate_of(body, keys) if body else None
        number = belief.signer_of(certificate, keys) if certificate else None
        if certificate is None or number is None:
            return None
        issuer = issuers[number]
        if certificate.issuer != issuer.subject:
            return None
        reader = self.cycle.ledger.reader
        serial = certificate.serial_number
        facts = _facts(certificate, issuer.spki)
        known = reader.serials(issuer.spki, [serial]).get(serial)
        if known is None:
            meanings = self._meanings.get(subject, ())
            return CertificateRecovered(
                **facts,
                subject=subject,
                commit=named.commit,
                meaning=_meant(certificate, meanings, issuer),
                template=meanings[0].template if meanings else "",
            )
        if known.state == "intended" and known.tbs_digest == facts["tbs_digest"]:
            return CertificateIssued(issuer=issuer.spki, serial=f"{serial:x}", der=facts["der"])
        return None

    def _responders(self) -> None:
        """The responders that sign for our CAs, as the answers that they signed bring them."""
        known = self.cycle.authorities()
        keys = {hashlib.sha256(k).hexdigest(): k for k in self._spare_keys(known)}
        for authority in known.values():
            issuer = Issuer.of(authority)
            for serial in self._answered(authority):
                path = layout.answer_path(issuer.stem, f"{serial:x}", "sha256")
                body = self.target.read(path, most=belief.LARGEST_ANSWER + 1)
                found = belief.responder_of(body) if body else None
                certificate = belief.certificate_of(found or b"", (issuer.public_key,))
                if certificate is None:
                    continue
                if self._is_new(certificate, issuer):
                    self._responder(authority, issuer, certificate, keys)
                break

    def _answered(self, authority: IssuedAuthority) -> list[int]:
        """Some serials that there should be answers for."""
        reader = self.cycle.ledger.reader
        below = [
            a.certificate
            for a in self.cycle.authorities().values()
            if a.parent == authority.spki != a.spki
        ]
        found = reader.certificates_in_use(self.cycle.now, issuers=[authority.spki])
        revoked = reader.revoked(authority.spki)
        return [c.serial for c in (*below, *found[:PROBES], *revoked[:PROBES])]

    def _is_new(self, certificate: x509.Certificate, issuer: Issuer) -> bool:
        serial = certificate.serial_number
        return not self.cycle.ledger.reader.serials(issuer.spki, [serial])

    def _responder(
        self,
        authority: IssuedAuthority,
        issuer: Issuer,
        certificate: x509.Certificate,
        keys: Mapping[str, bytes],
    ) -> None:
        subject = responder_identity(authority.name, authority.generation)
        spki = keys.get(hashlib.sha256(spki_der(certificate.public_key())).hexdigest())
        meanings = self._meanings.get(subject, ())
        meant = _meant(certificate, meanings, issuer) or next(iter(meanings), None)
        if spki is not None and meant is not None and _is_declared_so(certificate, meant):
            self._note(
                self._own(certificate, meant, issuer, spki),
                f"{self.name} has answers of another responder of {authority.name}",
            )

    # What they revoked

    def _crls(self) -> None:
        for authority in self.cycle.authorities().values():
            path = layout.crl_path(render.stem_of(authority))
            body = self.target.read(path, most=belief.LARGEST_CRL + 1)
            if body is None or (authority.crl and authority.crl.der == body):
                continue
            crl = belief.crl_of(body, Issuer.of(authority))
            if crl is not None and not self._is_known(authority, crl):
                self._crl(authority, crl)

    def _is_known(self, authority: IssuedAuthority, crl: PublishedCrl) -> bool:
        known = self.cycle.ledger.reader.crl_digest(authority.spki, crl.number)
        return known is not None and known in (crl.tbs_digest, _sha256(crl.der))

    def _crl(self, authority: IssuedAuthority, crl: PublishedCrl) -> None:
        """Its entries, and its number if that is above every known one."""
        words = f"{self.name} has CRL {crl.number} of {authority.name}, which this ledger did not"
        self._note([*self._revocations(authority, crl)], f"{words} sign")
        if crl.number <= authority.last_number:
            return
        record = CrlRecovered(
            issuer=authority.spki,
            scope=FULL,
            number=crl.number,
            content_digest=_sha256(crl.der),
            this_update=instants.to_epoch(crl.this_update),
            next_update=instants.to_epoch(crl.next_update),
        )
        status = IssuedCrl(
            issuer=authority.spki,
            number=crl.number,
            this_update=crl.this_update,
            next_update=crl.next_update,
            regular_at=self.cycle.ledger.reader.regular_at(authority.spki),
            der=crl.der,
        )
        self._note([record], f"{words} sign", [status])

    def _revocations(
        self, authority: IssuedAuthority, crl: PublishedCrl
    ) -> Iterator[RevocationRecovered]:
        """Entries that the ledger has not; what was released since is no entry any more."""
        known = self.cycle.ledger.reader.serials(
            authority.spki, (entry.serial for entry in crl.entries)
        )
        for entry in crl.entries:
            row = known.get(entry.serial)
            if row and row.state in ("revoked", "burnt"):
                continue
            if row and row.released_at and row.released_at >= crl.this_update:
                continue
            yield RevocationRecovered(
                issuer=authority.spki,
                serial=f"{entry.serial:x}",
                revoked_at=instants.to_epoch(entry.revoked_at),
                reason=entry.reason,
                invalidity_date=(
                    instants.to_epoch(entry.invalidity_date) if entry.invalidity_date else None
                ),
            )

    # Common to all

    @cached_property
    def _meanings(self) -> Mapping[Identity, tuple[Meaning, ...]]:
        return self.cycle.ledger.reader.meanings_ever()

    def _issuers(self) -> list[Issuer]:
        return [Issuer.of(a) for a in self.cycle.authorities().values()]

    def _note(
        self, records: Sequence[Record], words: str, statuses: Iterable[IssuedCrl] = ()
    ) -> None:
        """Record what was found, behind the doubt that it gives rise to."""
        cycle = self.cycle
        self.evidence.append(words)
        begins = () if open_doubts(cycle.ledger.reader) else (doubted([words], self.marks),)
        with cycle.ledger.transaction(cycle.now) as transaction:
            transaction.append([*begins, *records], commit=cycle.commit, plan=cycle.plan)
            transaction.put_statuses(statuses)


AGAIN = timedelta(minutes=10)
"""How often a place is looked at again while the ledger is in doubt."""


def read_back(cycle: Cycle, places: Places, bearings: Bearings, *, thoroughly: bool) -> None:
    """Look at every target that this process has not looked at, and in doubt from time to time, or
    when ``thoroughly`` asked.

    A target that cannot be read is told when it is written to, and looked at when it is back.
    """
    doubt = bool(open_doubts(cycle.ledger.reader))
    for name, target in sorted(places.targets.items()):
        last = bearings.looked.get(name)
        due = last is None or (doubt and (thoroughly or cycle.now - last >= AGAIN))
        if not due or name in places.blind:
            continue
        with cycle.going_on():
            look = Readback(cycle, name, target, places.seen)
            look.look(thoroughly=doubt)
            if look.evidence and not doubt:  # it has forgotten something: now see what
                look.look(thoroughly=True)
            bearings.looked[name] = cycle.now


def _names(subject: Identity) -> tuple[str, str, str]:
    service, _, name = subject.name.partition("/")
    return subject.tenant, service, name


def _meant(
    certificate: x509.Certificate, meanings: Iterable[Meaning], issuer: Issuer | None
) -> Meaning | None:
    """The newest of these meanings that makes exactly this certificate."""
    return next((m for m in meanings if belief.is_meant(certificate, m, issuer)), None)


def _is_declared_so(certificate: x509.Certificate, meaning: Meaning) -> bool:
    """A CA or responder keeps its name and its kind of key, whatever else is declared by now."""
    algorithm = algorithm_of(certificate.public_key())
    return (
        algorithm is not None
        and algorithm.name == meaning.profile.key_algorithm
        and belief.has_subject(certificate, meaning)
    )


def _facts(certificate: x509.Certificate, issuer: str) -> dict[str, Any]:
    """What ``Recovered`` says; an empty ``issuer`` is its own key."""
    spki = _sha256(spki_der(certificate.public_key()))
    return {
        "issuer": issuer or spki,
        "serial": f"{certificate.serial_number:x}",
        "spki": spki,
        "not_before": instants.to_epoch(certificate.not_valid_before_utc),
        "not_after": instants.to_epoch(certificate.not_valid_after_utc),
        "tbs_digest": _sha256(certificate.tbs_certificate_bytes),
        "der": certificate.public_bytes(DER),
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
