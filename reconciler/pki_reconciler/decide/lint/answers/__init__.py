"""Rules for OCSP answers, one per file, for what clients accept and should not."""

from pki_reconciler.decide.lint.answers.certificate_id import certificate_id
from pki_reconciler.decide.lint.answers.readable import readable
from pki_reconciler.decide.lint.answers.responder import responder
from pki_reconciler.decide.lint.answers.single import single
from pki_reconciler.decide.lint.answers.status import status
from pki_reconciler.decide.lint.answers.times import times

__all__ = [
    "certificate_id",
    "readable",
    "responder",
    "single",
    "status",
    "times",
]
