"""PKI5020: the certified key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from pki_reconciler.chain import CertificateFacts, Rule
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import CertificateDraft, on_certificate
from pki_schema.x509.keygate import KeyFault, judge

CODE = "PKI5020"


def public_key(context: CertificateContext) -> Rule[CertificateFacts]:
    """Through the key gate, the kind that was declared, the request's own, and no CA's above.

    The gate is the one that signing requests pass; keys of CAs and responders first meet it here.
    """

    def check(draft: CertificateDraft, facts: CertificateFacts) -> Iterator[str]:
        profile = facts.meaning.profile
        verdict = judge(draft.spki, context.weak_keys)
        if isinstance(verdict, KeyFault):
            yield f"{verdict.message} ({verdict.code})"
        elif verdict != profile.key_algorithm:
            yield f"the key is {verdict}, declared is {profile.key_algorithm}"
        if profile.spki is not None and draft.spki != profile.spki:
            yield "the key is not the one of the signing request"
        digest = hashlib.sha256(draft.spki).hexdigest()
        if digest != facts.spki:
            yield "the key is not the recorded one"
        if context.issuer and digest == context.issuer.spki:
            yield "the key is its issuer's own"

    return on_certificate(CODE, check)
