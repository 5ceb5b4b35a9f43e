"""What an object refers to, and where it says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from pki_schema.desired import GLOBAL, Declared, Identity
from pki_schema.kinds import (
    CertificateAuthoritySpec,
    CertificateTemplateSpec,
    PublicationSpec,
    RevocationSpec,
    ServiceSpec,
    TenantSpec,
)
from pki_schema.kinds.service import ServiceCertificate

Path = tuple[str | int, ...]


def references_of(declared: Declared) -> tuple[Identity, ...]:
    """The objects this one refers to, sorted; a CSR is no object."""
    return tuple(sorted({identity for identity, _ in links(declared)}))


def certificates_of(declared: Declared) -> tuple[tuple[Path, ServiceCertificate], ...]:
    """A service's certificates in the long form, each with its path inside the document."""
    spec = declared.spec
    if not isinstance(spec, ServiceSpec):
        return ()
    if spec.template is None:
        return tuple((("spec", "certificates", i), c) for i, c in enumerate(spec.certificates))
    shared = [name for name in ServiceCertificate.__struct_fields__ if name != "name"]
    return ((("spec",), ServiceCertificate(**{name: getattr(spec, name) for name in shared})),)


def authority(name: str) -> Identity:
    return Identity("CertificateAuthority", GLOBAL, str.__str__(name))


def template(name: str) -> Identity:
    return Identity("CertificateTemplate", GLOBAL, str.__str__(name))


def tenant(name: str) -> Identity:
    return Identity("Tenant", GLOBAL, str.__str__(name))


def links(declared: Declared) -> Iterator[tuple[Identity, Path]]:
    """What an object refers to, each with the place where it says so."""
    match declared.spec:
        case None | PublicationSpec():
            return iter(())
        case CertificateAuthoritySpec() as spec:
            return _authority_links(spec)
        case CertificateTemplateSpec() as spec:
            return _template_links(spec)
        case TenantSpec() as spec:
            return _tenant_links(spec)
        case ServiceSpec():
            return _service_links(declared)
        case RevocationSpec() as spec:
            return _targets(spec)
        case other:
            assert_never(other)


def _authority_links(spec: CertificateAuthoritySpec) -> Iterator[tuple[Identity, Path]]:
    if spec.parent is not None:
        yield authority(spec.parent), ("spec", "parent")
    if spec.ocsp.template is not None:
        yield template(spec.ocsp.template), ("spec", "ocsp", "template")


def _template_links(spec: CertificateTemplateSpec) -> Iterator[tuple[Identity, Path]]:
    if spec.extends is not None:
        yield template(spec.extends), ("spec", "extends")
    for i, name in enumerate(spec.issuers or ()):
        yield authority(name), ("spec", "issuers", i)


def _tenant_links(spec: TenantSpec) -> Iterator[tuple[Identity, Path]]:
    for i, name in enumerate(spec.certificate_authorities):
        yield authority(name), ("spec", "certificateAuthorities", i)
    for i, name in enumerate(spec.templates):
        yield template(name), ("spec", "templates", i)


def _service_links(declared: Declared) -> Iterator[tuple[Identity, Path]]:
    if declared.identity.tenant:
        yield tenant(declared.identity.tenant), ("metadata", "name")
    for path, certificate in certificates_of(declared):
        yield template(certificate.template), (*path, "template")
        if certificate.issuer_ref is not None:
            yield authority(certificate.issuer_ref), (*path, "issuerRef")


def _targets(spec: RevocationSpec) -> Iterator[tuple[Identity, Path]]:
    target = spec.target
    if target.ca is not None:
        yield authority(target.ca), ("spec", "target", "ca")
    if target.authority is not None:
        yield authority(target.authority), ("spec", "target", "authority")
    if target.template is not None:
        yield template(target.template), ("spec", "target", "template")
    if target.tenant is not None:
        yield tenant(target.tenant), ("spec", "target", "tenant")
        if target.service is not None:
            service = Identity("Service", str.__str__(target.tenant), str.__str__(target.service))
            yield service, ("spec", "target", "service")
