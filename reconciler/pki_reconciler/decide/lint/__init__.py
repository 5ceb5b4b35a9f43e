"""The linter: every object is read afresh from its bytes and judged before anything is signed.

Belongs here: rules (one per file, each citing the clause it enforces, each with a code of the 5xxx
range), the books that collect them, what they need to read drafts, and the proof that they speak
up (``canary``). A second judge, pkilint, has a folder of its own (``pkix``). Must not be here:
building, policy about who may have what, and trust in anything the builder said except to compare
with it.

Codes: 50xx certificates, 51xx CRLs, 52xx OCSP answers.
"""

from pki_reconciler.decide.lint.contexts import AnswerContext, CertificateContext, CrlContext
from pki_reconciler.decide.lint.pkix.sample import Sample
from pki_reconciler.decide.lint.rulebook import answer_rules, certificate_rules, crl_rules

__all__ = [
    "AnswerContext",
    "CertificateContext",
    "CrlContext",
    "Sample",
    "answer_rules",
    "certificate_rules",
    "crl_rules",
]
