"""PKI5011: the key usage."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pki_reconciler.chain import CertificateFacts, Rule
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import CertificateDraft, on_certificate
from pki_schema.x509 import oids

CODE = "PKI5011"

_CA_USAGES = {"cert sign", "crl sign"}


def key_usage(_context: CertificateContext) -> Rule[CertificateFacts]:
    """Critical, as declared, keyCertSign exactly in CAs, and possible with that kind of key.

    RFC 5280 section 4.2.1.3; for encipherment and agreement RFC 8813 section 3, RFC 9295
    section 3 and RFC 9881 section 5.
    """

    def check(draft: CertificateDraft, facts: CertificateFacts) -> Iterator[str]:
        found = draft.extension(x509.KeyUsage)
        if found is None or not found.critical:
            yield "the key usage is missing or not critical"
            return
        profile = facts.meaning.profile
        usages = _words(found.value)
        if usages != set(profile.key_usages):
            yield f"key usages {_listed(usages)}, declared are {_listed(set(profile.key_usages))}"
        if profile.ca and usages != _CA_USAGES:
            yield f"a CA's key usages are {_listed(usages)} instead of {_listed(_CA_USAGES)}"
        if not profile.ca and (not usages or usages & _CA_USAGES):
            yield f"key usages {_listed(usages)} in a certificate that is no CA's"
        yield from _impossible(usages, draft.public_key)

    return on_certificate(CODE, check)


def _impossible(usages: set[str], key: object) -> Iterator[str]:
    if usages & {"key encipherment", "data encipherment"} and not isinstance(key, rsa.RSAPublicKey):
        yield "only RSA keys encipher"
    if "key agreement" in usages and not isinstance(key, ec.EllipticCurvePublicKey):
        yield "only keys on elliptic curves agree"


def _words(value: x509.KeyUsage) -> set[str]:
    words = {word for word, attribute in oids.KEY_USAGES.items() if getattr(value, attribute)}
    # These two are defined only beside keyAgreement, and nobody can declare them.
    if value.key_agreement and (value.encipher_only or value.decipher_only):
        words.add("encipher or decipher only")
    return words


def _listed(usages: set[str]) -> str:
    return ", ".join(sorted(usages)) or "none"
