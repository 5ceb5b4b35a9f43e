"""PKI5020: the certified key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import rsa

from pki_reconciler.chain import CertificateFacts, Rule
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import CertificateDraft, on_certificate
from pki_schema.x509.algorithms import algorithm_of

CODE = "PKI5020"


def public_key(context: CertificateContext) -> Rule[CertificateFacts]:
    """On the closed list, the kind that was declared, the request's own, and no CA's above.

    For RSA the exponent is 65537 (TR-02102-1, and FIPS 186-5 section 5.4 for its range).
    """

    def check(draft: CertificateDraft, facts: CertificateFacts) -> Iterator[str]:
        profile = facts.meaning.profile
        algorithm = algorithm_of(draft.public_key)
        if algorithm is None or algorithm.name != profile.key_algorithm:
            kind = algorithm.name if algorithm else "not on the list of algorithms"
            yield f"the key is {kind}, declared is {profile.key_algorithm}"
        key = draft.public_key
        if isinstance(key, rsa.RSAPublicKey) and key.public_numbers().e != 65_537:
            yield "the RSA exponent is not 65537"
        if profile.spki is not None and draft.spki != profile.spki:
            yield "the key is not the one of the signing request"
        digest = hashlib.sha256(draft.spki).hexdigest()
        if digest != facts.spki:
            yield "the key is not the recorded one"
        if context.issuer and digest == context.issuer.spki:
            yield "the key is its issuer's own"

    return on_certificate(CODE, check)
