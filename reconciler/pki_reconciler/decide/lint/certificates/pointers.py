"""PKI5019: where relying parties find the CRL, the OCSP answers and the issuer."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID as AccessMethod

from pki_publishers import layout
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.shared import Shared, SharedRule, on_shared

CODE = "PKI5019"

_Access = tuple[x509.ObjectIdentifier, str]


def pointers(context: CertificateContext) -> SharedRule:
    """CDP and AIA exactly as the issuer declares them, none in roots, never critical.

    RFC 5280 sections 4.2.1.13 and 4.2.2.1. One distribution point with all URLs as full names;
    reasons or another CRL issuer would need a partitioned or an indirect CRL.
    """

    declared = {status: _declared(context, status) for status in (False, True)}

    def check(shared: Shared) -> Iterator[str]:
        crls, expected = declared[shared.profile.status_pointers]
        points = shared.extension(x509.CRLDistributionPoints)
        if (_urls(points.value) if points else []) != crls:
            yield "the CRL distribution point is not as declared"
        access = shared.extension(x509.AuthorityInformationAccess)
        found = [
            (description.access_method, _url(description.access_location))
            for description in (access.value if access else ())
        ]
        if found != expected:
            yield "the authority information access is not as declared"
        if (points and points.critical) or (access and access.critical):
            yield "pointers are never critical"

    return on_shared(CODE, check)


def _declared(context: CertificateContext, status: bool) -> tuple[list[str], list[_Access]]:
    issuer = context.issuer
    if issuer is None:
        return [], []
    bases, stem = issuer.settings.base_urls, issuer.stem
    crls = [f"{base}/{layout.crl_path(stem)}" for base in bases if status]
    answered = status and issuer.settings.ocsp.mode == "presigned"
    answers = [(AccessMethod.OCSP, f"{base}/{layout.ocsp_path(stem)}") for base in bases]
    issuers = [(AccessMethod.CA_ISSUERS, f"{base}/{layout.aia_path(stem)}") for base in bases]
    return crls, [*(answers if answered else ()), *issuers]


def _urls(points: x509.CRLDistributionPoints) -> list[str]:
    first, *more = points
    if more or first.reasons or first.crl_issuer or not first.full_name:
        return ["not one point with full names only"]
    return [_url(name) for name in first.full_name]


def _url(name: x509.GeneralName) -> str:
    return name.value if isinstance(name, x509.UniformResourceIdentifier) else repr(name)
