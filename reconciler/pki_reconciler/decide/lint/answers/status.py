"""PKI5206: the status is what the ledger says."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.x509 import ocsp

from pki_reconciler.chain import AnswerFacts, Rule
from pki_reconciler.decide.build.answer import CertificateStatus
from pki_reconciler.decide.lint.contexts import AnswerContext
from pki_reconciler.decide.lint.drafts import AnswerDraft, on_answer

CODE = "PKI5206"


def status(context: AnswerContext) -> Rule[AnswerFacts]:
    """Good or revoked, when and why, as known; never good for a serial that is not known.

    RFC 6960 section 2.2. ``unspecified`` is left out as on CRLs.
    """

    def check(draft: AnswerDraft, facts: AnswerFacts) -> Iterator[str]:
        known = context.statuses.get(facts.serial)
        if known is None:
            yield f"serial {facts.serial:x} was not issued here"
            return
        for single in draft.singles:
            if (found := _said(single)) != _expected(known):
                yield f"serial {facts.serial:x}: the answer says {found}, the ledger {known}"

    return on_answer(CODE, check)


def _said(single: ocsp.OCSPSingleResponse) -> tuple[object, ...]:
    if single.certificate_status is not ocsp.OCSPCertStatus.REVOKED:
        return (single.certificate_status,)
    reason = single.revocation_reason
    return (
        single.certificate_status,
        single.revocation_time_utc,
        reason.value if reason else "",
    )


def _expected(known: CertificateStatus) -> tuple[object, ...]:
    if known.revoked_at is None:
        return (ocsp.OCSPCertStatus.GOOD,)
    reason = "" if known.reason == "unspecified" else known.reason
    return (ocsp.OCSPCertStatus.REVOKED, known.revoked_at, reason)
