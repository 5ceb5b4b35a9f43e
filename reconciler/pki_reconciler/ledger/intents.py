"""What is written down before a key is used, made from what was linted; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pki_reconciler.chain import AnswerFacts, CertificateFacts, CrlFacts, Linted
from pki_reconciler.ledger import refs
from pki_reconciler.ledger.records import AnswersIntended, CertificateIntended, CrlIntended
from pki_schema.instants import to_epoch

FULL = "*"
"""The scope of a full CRL."""


def certificate(linted: Linted[CertificateFacts], *, commit: str, plan: str) -> CertificateIntended:
    """These very bytes, with all that recovery needs to sign them again."""
    unsigned = linted.unsigned
    facts = unsigned.facts
    return CertificateIntended(
        issuer=facts.issuer,
        serial=refs.hexadecimal(facts.serial),
        meaning=facts.meaning,
        spki=facts.spki,
        not_before=to_epoch(facts.not_before),
        not_after=to_epoch(facts.not_after),
        tbs=unsigned.tbs,
        algorithm=unsigned.algorithm,
        key_algorithm=unsigned.key_algorithm,
        plan=plan,
        commit=commit,
        cause=facts.cause,
        reason=facts.reason,
    )


def crl(linted: Linted[CrlFacts], *, commit: str, plan: str) -> CrlIntended:
    """One full CRL."""
    facts = linted.unsigned.facts
    return CrlIntended(
        issuer=facts.issuer,
        scope=FULL,
        number=facts.number,
        tbs_digest=linted.unsigned.digest(),
        this_update=to_epoch(facts.this_update),
        next_update=to_epoch(facts.next_update),
        regular=facts.regular,
        plan=plan,
        commit=commit,
    )


def answers(
    issuer: str, linted: Sequence[Linted[AnswerFacts]], *, commit: str, plan: str
) -> AnswersIntended:
    """A whole batch; its digest is SHA-256 over the TBS digests (32 octets each) in this order."""
    digests = b"".join(bytes.fromhex(item.unsigned.digest()) for item in linted)
    return AnswersIntended(
        issuer=issuer,
        signer=linted[0].unsigned.signer,
        content_digest=hashlib.sha256(digests).hexdigest(),
        count=len(linted),
        plan=plan,
        commit=commit,
    )
