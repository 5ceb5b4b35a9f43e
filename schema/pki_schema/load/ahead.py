"""Fields that are read and judged, and that nothing acts on yet: every author is told so."""

from __future__ import annotations

from collections.abc import Iterator

from pki_schema.kinds import CertificateAuthoritySpec, CertificateTemplateSpec, Spec
from pki_schema.x509.algorithms import ALGORITHMS


def declared_only(spec: Spec) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where below ``spec`` such a field asks for something, and what happens instead."""
    match spec:
        case CertificateAuthoritySpec():
            yield from _of_authority(spec)
        case CertificateTemplateSpec() if spec.private_key and spec.private_key.max_age is not None:
            yield ("privateKey", "maxAge"), "; a new key comes with its host's next CSR"


def _of_authority(spec: CertificateAuthoritySpec) -> Iterator[tuple[tuple[str, ...], str]]:
    if spec.crl.delta:
        yield ("crl", "delta"), "; every CRL is a full one"
    if spec.crl.shards > 1:
        yield ("crl", "shards"), "; every entry is on the one CRL"
    if spec.ocsp.mode == "live":
        yield ("ocsp", "mode"), "; answers are signed in advance"
    if spec.cross_signs:
        yield ("crossSigns",), ""
    own = ALGORITHMS[spec.private_key.algorithm].signature
    if spec.signature_algorithm not in (None, own):
        yield ("signatureAlgorithm",), f"; it signs with {own}"
