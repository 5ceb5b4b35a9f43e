"""From meanings to bytes that could be signed: certificates, CRLs and OCSP answers.

Belongs here: laying out to-be-signed bytes with pyca's builders and a capture key, which holds no
secret. Must not be here: judging the result (``decide.lint`` reads the bytes afresh and trusts
nothing said here), choosing serials or times (they are passed in), keys.
"""

from pki_reconciler.decide.build.answer import GOOD, CertificateStatus, build_answer, status_of
from pki_reconciler.decide.build.capture import capture
from pki_reconciler.decide.build.certificate import BACKDATE, build_certificate
from pki_reconciler.decide.build.crl import CrlEntry, build_crl, entries_for, next_number
from pki_reconciler.decide.build.issuer import Issuer

__all__ = [
    "BACKDATE",
    "GOOD",
    "CertificateStatus",
    "CrlEntry",
    "Issuer",
    "build_answer",
    "build_certificate",
    "build_crl",
    "capture",
    "entries_for",
    "next_number",
    "status_of",
]
