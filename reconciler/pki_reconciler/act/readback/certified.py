"""Service certificates that pointers name and the ledger lacks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pki_publishers import layout
from pki_reconciler.act.readback.looks import Look, facts, meant
from pki_reconciler.decide import belief
from pki_reconciler.decide.build import Issuer
from pki_reconciler.ledger.records import CertificateIssued, CertificateRecovered
from pki_schema.desired import Identity


def read_certificates(look: Look, *, thoroughly: bool) -> None:
    """What the pointers of services name: of those about to be certified for the first time, or
    with ``thoroughly`` of all that were ever declared.
    """
    issuers = look.issuers()
    for subject in _services(look, thoroughly=thoroughly) if issuers else ():
        found = _service(look, subject, issuers)
        if found:
            look.note([found], f"{look.name} has a certificate of {subject}")


def _services(look: Look, *, thoroughly: bool) -> list[Identity]:
    reader = look.cycle.ledger.reader
    found: Iterable[Identity] = look.meanings if thoroughly else reader.uncertified()
    return sorted(subject for subject in found if subject.kind == "Certificate")


def _service(
    look: Look, subject: Identity, issuers: Sequence[Issuer]
) -> CertificateRecovered | CertificateIssued | None:
    service, _, name = subject.name.partition("/")
    path = layout.current_path(subject.tenant, service, name)
    pointer = look.target.read(path, most=belief.LARGEST_POINTER + 1)
    named = belief.named_by(pointer, subject) if pointer else None
    if named is None:
        return None
    body = look.target.read(named.path, most=belief.LARGEST_CERTIFICATE + 1)
    keys = tuple(issuer.public_key for issuer in issuers)
    certificate = belief.certificate_of(body, keys) if body else None
    number = belief.signer_of(certificate, keys) if certificate else None
    if certificate is None or number is None or certificate.issuer != issuers[number].subject:
        return None
    issuer, serial = issuers[number], certificate.serial_number
    known = look.cycle.ledger.reader.serials(issuer.spki, [serial]).get(serial)
    said = facts(certificate, issuer)
    if known is None:
        meanings = look.meanings.get(subject, ())
        return CertificateRecovered(
            **said,
            subject=subject,
            commit=named.commit,
            meaning=meant(certificate, meanings, issuer),
            template=meanings[0].template if meanings else "",
        )
    if known.state == "intended" and known.tbs_digest == said["tbs_digest"]:
        # What a crash left open, and a ledger that was lost since has closed.
        return CertificateIssued(issuer=issuer.spki, serial=f"{serial:x}", der=said["der"])
    return None
