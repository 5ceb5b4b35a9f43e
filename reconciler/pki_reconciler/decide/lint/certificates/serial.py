"""PKI5002: the serial number."""

from __future__ import annotations

from collections.abc import Iterator

from pki_reconciler.chain import CertificateFacts, Rule
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import CertificateDraft, on_certificate

CODE = "PKI5002"

LEAST_BITS = 120
"""A serial drawn from 159 random bits is shorter than this once in 2^39. A shorter one is a counter
or a broken source of entropy, which no foreign linter notices."""

MOST_BITS = 159  # RFC 5280 section 4.1.2.2: positive, at most 20 octets with the sign bit


def serial(_context: CertificateContext) -> Rule[CertificateFacts]:
    """Positive, at most 20 octets, long enough to have been random, and the one recorded."""

    def check(draft: CertificateDraft, facts: CertificateFacts) -> Iterator[str]:
        number = draft.certificate.serial_number
        if number <= 0 or number.bit_length() > MOST_BITS:
            yield f"serial {number:x} is not positive or longer than 20 octets"
        elif number.bit_length() < LEAST_BITS:
            yield f"serial {number:x} has only {number.bit_length()} bits, so it is not random"
        if number != facts.serial:
            yield f"serial {number:x} is not the recorded {facts.serial:x}"

    return on_certificate(CODE, check)
