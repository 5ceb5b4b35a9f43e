"""PKI5011: the key usage."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.shared import Shared, SharedRule, on_shared
from pki_schema.x509 import der, oids

CODE = "PKI5011"

_CA_USAGES = {"cert sign", "crl sign"}
_RSA = bytes.fromhex("06092a864886f70d010101")  # RFC 3279 section 2.3.1
_EC = bytes.fromhex("06072a8648ce3d0201")  # RFC 5480 section 2.1.1


def key_usage(_context: CertificateContext) -> SharedRule:
    """Critical, as declared, keyCertSign exactly in CAs, and possible with that kind of key.

    RFC 5280 section 4.2.1.3; for encipherment and agreement RFC 8813 section 3, RFC 9295
    section 3 and RFC 9881 section 5.
    """

    def check(shared: Shared) -> Iterator[str]:
        found = shared.extension(x509.KeyUsage)
        if found is None or not found.critical:
            yield "the key usage is missing or not critical"
            return
        profile = shared.profile
        usages = _words(found.value)
        if usages != set(profile.key_usages):
            yield f"key usages {_listed(usages)}, declared are {_listed(set(profile.key_usages))}"
        if profile.ca and usages != _CA_USAGES:
            yield f"a CA's key usages are {_listed(usages)} instead of {_listed(_CA_USAGES)}"
        if not profile.ca and (not usages or usages & _CA_USAGES):
            yield f"key usages {_listed(usages)} in a certificate that is no CA's"
        yield from _impossible(usages, shared.key_algorithm)

    return on_shared(CODE, check)


def _impossible(usages: set[str], key_algorithm: bytes) -> Iterator[str]:
    enciphers = usages & {"key encipherment", "data encipherment"}
    agrees = "key agreement" in usages
    kind = der.elements(key_algorithm, 1)[0] if enciphers or agrees else b""
    if enciphers and kind != _RSA:
        yield "only RSA keys encipher"
    if agrees and kind != _EC:
        yield "only keys on elliptic curves agree"


def _words(value: x509.KeyUsage) -> set[str]:
    words = {word for word, attribute in oids.KEY_USAGES.items() if getattr(value, attribute)}
    # These two are defined only beside keyAgreement, and nobody can declare them.
    if value.key_agreement and (value.encipher_only or value.decipher_only):
        words.add("encipher or decipher only")
    return words


def _listed(usages: set[str]) -> str:
    return ", ".join(sorted(usages)) or "none"
