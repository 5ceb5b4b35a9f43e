"""Responders: their certificates are published only inside the answers that they signed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cryptography import x509

from pki_publishers import layout
from pki_reconciler.act.readback.looks import Look, is_declared_so, meant, own, sha256
from pki_reconciler.decide import belief
from pki_reconciler.decide.build import Issuer
from pki_schema.desired import responder_identity
from pki_schema.issued import IssuedAuthority
from pki_schema.x509.algorithms import spki_der

PROBES = 8
"""Answers of a kind that are looked at for a responder's certificate, for each CA."""


def read_responders(look: Look) -> None:
    """Those that sign for our CAs with a key that the store has."""
    keys = {sha256(spki): spki for spki in look.spare_keys()}
    for authority in look.cycle.authorities().values():
        issuer = Issuer.of(authority)
        certificate = next(_found(look, authority, issuer), None)
        if certificate is not None and _is_new(look, certificate, issuer):
            _record(look, authority, issuer, certificate, keys)


def _found(look: Look, authority: IssuedAuthority, issuer: Issuer) -> Iterator[x509.Certificate]:
    for serial in _answered(look, authority):
        path = layout.answer_path(issuer.stem, f"{serial:x}", "sha256")
        body = look.target.read(path, most=belief.LARGEST_ANSWER + 1)
        der = belief.responder_of(body) if body else None
        certificate = belief.certificate_of(der, (issuer.public_key,)) if der else None
        if certificate is not None:
            yield certificate


def _answered(look: Look, authority: IssuedAuthority) -> list[int]:
    """Some serials that there should be answers for."""
    reader = look.cycle.ledger.reader
    below = [
        a.certificate
        for a in look.cycle.authorities().values()
        if a.parent == authority.spki != a.spki
    ]
    found = reader.certificates_in_use(look.cycle.now, issuers=[authority.spki])
    revoked = reader.revoked(authority.spki)
    return [c.serial for some in (below, found, revoked) for c in some[:PROBES]]


def _is_new(look: Look, certificate: x509.Certificate, issuer: Issuer) -> bool:
    return not look.cycle.ledger.reader.serials(issuer.spki, [certificate.serial_number])


def _record(
    look: Look,
    authority: IssuedAuthority,
    issuer: Issuer,
    certificate: x509.Certificate,
    keys: Mapping[str, bytes],
) -> None:
    spki = keys.get(sha256(spki_der(certificate.public_key())))
    meanings = look.meanings.get(responder_identity(authority.name, authority.generation), ())
    meaning = meant(certificate, meanings, issuer) or next(iter(meanings), None)
    if spki is not None and meaning is not None and is_declared_so(certificate, meaning):
        look.note(
            own(certificate, meaning, issuer, spki),
            f"{look.name} has answers of another responder of {authority.name}",
        )
