"""CAs whose certificates are published, whose keys the store has, and which the ledger lacks."""

from __future__ import annotations

from collections.abc import Iterable

from pki_publishers import layout
from pki_reconciler.act.readback.looks import Look, is_declared_so, meant, own
from pki_reconciler.decide import belief
from pki_reconciler.decide.build import Issuer
from pki_reconciler.decide.build.extensions import key_identifier
from pki_reconciler.ledger.records import Record
from pki_schema.desired import Identity, Meaning
from pki_schema.x509.algorithms import load_spki, spki_der


def read_authorities(look: Look, *, thoroughly: bool) -> None:
    """The CA generations that are declared, or with ``thoroughly`` ever were, and have no
    certificate. Where they are published follows from their names and keys.
    """
    wanted = _wanted(look, thoroughly=thoroughly)
    keys = look.spare_keys() if wanted else []
    for subject in wanted:
        for spki in keys:
            records = _authority(look, subject, spki)
            if records:
                look.note(records, f"{look.name} has the certificate of {subject}")


def _wanted(look: Look, *, thoroughly: bool) -> list[Identity]:
    """Parents before children."""
    if not thoroughly and not any(map(_is_authority, look.cycle.ledger.reader.uncertified())):
        return []
    there = {a.certificate.subject for a in look.cycle.authorities().values()}
    found = [s for s in look.meanings if _is_authority(s) and s not in there]
    depth = {s: m.authority.depth for s in found for m in look.meanings[s] if m.authority}
    return sorted(found, key=lambda s: (depth.get(s, 0), s))


def _is_authority(subject: Identity) -> bool:
    return subject.kind == "AuthorityCertificate"


def _authority(look: Look, subject: Identity, spki: bytes) -> list[Record]:
    stem = layout.stem(subject.name.partition("/")[0], key_identifier(spki).hex())
    body = look.target.read(layout.aia_path(stem), most=belief.LARGEST_CERTIFICATE + 1)
    meanings = look.meanings[subject]
    for issuer in _parents(look, meanings) if body else ():
        signer = issuer.public_key if issuer else load_spki(spki)
        certificate = belief.certificate_of(body or b"", (signer,))
        if certificate is None or spki_der(certificate.public_key()) != spki:
            continue
        meaning = meant(certificate, meanings, issuer) or meanings[0]
        if is_declared_so(certificate, meaning):
            return own(certificate, meaning, issuer, spki)
    return []


def _parents(look: Look, meanings: Iterable[Meaning]) -> list[Issuer | None]:
    """Who may have signed for a CA: the known generations of its parent; a root itself."""
    names = {meaning.profile.issuer for meaning in meanings}
    found: list[Issuer | None] = [i for i in look.issuers() if i.name in names]
    return [*found, *([None] if "" in names else [])]
