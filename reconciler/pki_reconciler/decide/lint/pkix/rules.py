"""PKI5025, 5026, 5111, 5207: what pkilint finds in certificates, pairs, CRLs and OCSP answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cryptography.hazmat.primitives.serialization import Encoding

from pki_reconciler.chain import AnswerFacts, CertificateFacts, CrlFacts, Finding, Rule, Unsigned
from pki_reconciler.decide.lint.contexts import AnswerContext, CertificateContext, CrlContext
from pki_reconciler.decide.lint.pkix import judges
from pki_reconciler.decide.lint.pkix.allowed import counting
from pki_reconciler.decide.lint.pkix.judges import Remark
from pki_reconciler.decide.lint.pkix.sample import Sample, certificate_shape
from pki_schema.x509 import der

CERTIFICATE = "PKI5025"
PAIR = "PKI5026"
CRL = "PKI5111"
ANSWER = "PKI5207"

_SEQUENCE = 0x30
_ENTRIES = 5
"""Where ``revokedCertificates`` stands in a ``TBSCertList`` that has it (RFC 5280 section 5.1)."""

_DIGITS = re.compile(rb"[0-9]{14}Z")


def certificate(context: CertificateContext, sample: Sample) -> Rule[CertificateFacts]:
    """The PKIX profile, and the edge from the issuer if there is another one."""
    issuer = context.issuer.certificate.public_bytes(Encoding.DER) if context.issuer else None

    def rule(unsigned: Unsigned[CertificateFacts]) -> tuple[Finding, ...]:
        if not sample.takes(certificate_shape(unsigned.facts), unsigned.tbs):
            return ()
        if issuer is None:
            alone = judges.certificate(unsigned.draft)
            return tuple(_findings(CERTIFICATE, counting(alone, root=True)))
        alone, paired = judges.below(issuer, unsigned.draft)
        return (
            *_findings(CERTIFICATE, counting(alone)),
            *_findings(PAIR, counting(paired)),
        )

    return rule


def crl(context: CrlContext, sample: Sample) -> Rule[CrlFacts]:
    """The PKIX profile; of a long CRL every kind of entry and one in a hundred."""

    def rule(unsigned: Unsigned[CrlFacts]) -> tuple[Finding, ...]:
        if not sample.takes(context.issuer.spki, unsigned.tbs):
            return ()
        try:
            draft = shortened(unsigned.draft, unsigned.digest().encode())
        except ValueError:  # it cannot be taken apart: then whole, for pkilint to refuse
            draft = unsigned.draft
        return tuple(_findings(CRL, counting(judges.crl(draft))))

    return rule


def answer(context: AnswerContext, sample: Sample) -> Rule[AnswerFacts]:
    """RFC 6960."""

    def rule(unsigned: Unsigned[AnswerFacts]) -> tuple[Finding, ...]:
        facts = unsigned.facts
        status = context.statuses.get(facts.serial)
        says = (status.reason, status.revoked_at is None) if status else None
        shape = (facts.issuer, facts.algorithm, says)
        if not sample.takes(shape, unsigned.tbs):
            return ()
        return tuple(_findings(ANSWER, counting(judges.answer(unsigned.draft))))

    return rule


def shortened(crl_der: bytes, seed: bytes) -> bytes:
    """A CRL (DER) with the entries that are judged, in their order; raises ``ValueError``.

    pkilint takes 0.16 ms for an entry: 16 s for the CRL of a mass revocation, that must not wait.
    """
    tbs, algorithm = der.taken_apart(crl_der)
    parts = list(der.elements(tbs))
    if len(parts) <= _ENTRIES or parts[_ENTRIES][0] != _SEQUENCE:
        return crl_der
    entries = der.elements(parts[_ENTRIES])
    sample = Sample(len(entries), seed)
    taken = [entry for entry in entries if sample.takes(_entry_shape(entry), entry)]
    if len(taken) == len(entries):
        return crl_der
    parts[_ENTRIES] = der.tlv(_SEQUENCE, b"".join(taken))
    return der.signed(der.tlv(_SEQUENCE, b"".join(parts)), algorithm, bytes(64))


def _entry_shape(entry: bytes) -> tuple[object, ...]:
    """The kind of its date, and its extensions without the digits of a date in them."""
    _serial, date, *extensions = der.elements(entry)
    return (date[0], *(_DIGITS.sub(b"", e) for e in extensions))


def _findings(code: str, remarks: tuple[Remark, ...]) -> Iterator[Finding]:
    for remark in remarks:
        yield Finding(code, str(remark))
