"""PKI5203: which certificate it is about."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from pki_reconciler.chain import AnswerFacts, Rule
from pki_reconciler.decide.lint.contexts import AnswerContext
from pki_reconciler.decide.lint.drafts import AnswerDraft, name_bytes, on_answer
from pki_schema.x509 import der
from pki_schema.x509.algorithms import spki_der

CODE = "PKI5203"

_ALGORITHMS = ("sha1", "sha256")


def certificate_id(context: AnswerContext) -> Rule[AnswerFacts]:
    """CertID names this issuer by name and key, and the recorded serial.

    RFC 6960 section 4.1.1: the name is hashed as encoded, the key without its BIT STRING header.
    """
    name = name_bytes(context.issuer.certificate)
    bit_string = der.elements(spki_der(context.issuer.public_key))[1]
    key = bit_string[der.header(bit_string)[1] + 1 :]
    expected = {
        algorithm: (hashlib.new(algorithm, name).digest(), hashlib.new(algorithm, key).digest())
        for algorithm in _ALGORITHMS
    }

    def check(draft: AnswerDraft, facts: AnswerFacts) -> Iterator[str]:
        for single in draft.singles:
            if single.hash_algorithm.name != facts.algorithm:
                yield f"hashed with {single.hash_algorithm.name}, recorded is {facts.algorithm}"
            hashes = (single.issuer_name_hash, single.issuer_key_hash)
            if hashes != expected.get(single.hash_algorithm.name):
                yield "the hashes are another issuer's"
            if single.serial_number != facts.serial:
                yield f"about serial {single.serial_number:x}, recorded is {facts.serial:x}"

    return on_answer(CODE, check)
