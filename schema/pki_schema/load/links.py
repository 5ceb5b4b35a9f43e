"""What an object refers to, and where it says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any

from pki_schema.desired import GLOBAL, Declared, Identity
from pki_schema.fields import Name
from pki_schema.kinds import (
    ApprovalSpec,
    CertificateAuthoritySpec,
    CertificateTemplateSpec,
    ChangeWindowSpec,
    CommunicationPolicySpec,
    PolicySpec,
    PublicationSpec,
    RevocationSpec,
    RoleBindingSpec,
    ServiceSpec,
    Spec,
    TenantSpec,
    TimestampAuthoritySpec,
    TrustBundleSpec,
)
from pki_schema.kinds.service import ServiceCertificate
from pki_schema.load.tree import DEFAULT_CERTIFICATE

Path = tuple[str | int, ...]

_SHARED = tuple(name for name in ServiceCertificate.__struct_fields__ if name != "name")
"""What the short form of a service says of its one certificate."""
_shared = attrgetter(*_SHARED)


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
    shared = dict(zip(_SHARED, _shared(spec), strict=True))
    return ((("spec",), ServiceCertificate(**shared)),)


def certificates_ask(declared: Declared) -> tuple[tuple[Path, Name, Name | None], ...]:
    """Template and issuer that the certificates of ``certificates_of`` name, for those who judge
    nothing else of them.
    """
    spec = declared.spec
    if not isinstance(spec, ServiceSpec):
        return ()
    if spec.template is None:
        return tuple(
            (("spec", "certificates", i), c.template, c.issuer_ref)
            for i, c in enumerate(spec.certificates)
        )
    return ((("spec",), spec.template, spec.issuer_ref),)


def certificate_names(declared: Declared) -> tuple[str, ...]:
    """What the certificates of ``certificates_of`` are called, for those who only count or name
    them.
    """
    spec = declared.spec
    if not isinstance(spec, ServiceSpec):
        return ()
    if spec.template is None:
        return tuple(str.__str__(certificate.name) for certificate in spec.certificates)
    return (DEFAULT_CERTIFICATE,)


def authority(name: str) -> Identity:
    return Identity("CertificateAuthority", GLOBAL, str.__str__(name))


def template(name: str) -> Identity:
    return Identity("CertificateTemplate", GLOBAL, str.__str__(name))


def trust_bundle(name: str) -> Identity:
    return Identity("TrustBundle", GLOBAL, str.__str__(name))


def tenant(name: str) -> Identity:
    return Identity("Tenant", GLOBAL, str.__str__(name))


def links(declared: Declared) -> Iterator[tuple[Identity, Path]]:
    """What an object refers to, each with the place where it says so."""
    return _LINKS[type(declared.spec)](declared, declared.spec)


def service(tenant_: str, name: str) -> Identity:
    return Identity("Service", str.__str__(tenant_), str.__str__(name))


def _each(
    kind: Callable[[str], Identity], names: Iterable[str], *path: str
) -> Iterator[tuple[Identity, Path]]:
    for i, name in enumerate(names):
        yield kind(name), (*path, i)


def _policy_links(spec: PolicySpec) -> Iterator[tuple[Identity, Path]]:
    selector = spec.selector
    yield from _each(tenant, selector.tenants, "spec", "selector", "tenants")
    yield from _each(template, selector.templates, "spec", "selector", "templates")
    yield from _each(authority, selector.authorities, "spec", "selector", "authorities")


def _communication_links(
    declared: Declared, spec: CommunicationPolicySpec
) -> Iterator[tuple[Identity, Path]]:
    if declared.identity.tenant:
        yield tenant(declared.identity.tenant), ("metadata", "name")
    for i, rule in enumerate(spec.rules):
        for side, references in (("from", rule.callers), ("to", rule.services)):
            for j, reference in enumerate(references):
                whose, name = reference.within(declared.identity.tenant)
                if whose:
                    yield tenant(whose), ("spec", "rules", i, side, j)
                    yield service(whose, name), ("spec", "rules", i, side, j)


def _timestamp_links(spec: TimestampAuthoritySpec) -> Iterator[tuple[Identity, Path]]:
    yield authority(spec.issuer_ref), ("spec", "issuerRef")
    yield template(spec.template), ("spec", "template")


def _approval_links(spec: ApprovalSpec) -> Iterator[tuple[Identity, Path]]:
    if spec.tenant is not None:
        yield tenant(spec.tenant), ("spec", "tenant")


def _binding_links(spec: RoleBindingSpec) -> Iterator[tuple[Identity, Path]]:
    yield from _each(tenant, spec.tenants, "spec", "tenants")
    for i, reference in enumerate(spec.services):
        whose, name = reference.within(GLOBAL)
        if whose:
            yield service(whose, name), ("spec", "services", i)


def _authority_links(spec: CertificateAuthoritySpec) -> Iterator[tuple[Identity, Path]]:
    if spec.parent is not None:
        yield authority(spec.parent), ("spec", "parent")
    if spec.ocsp.template is not None:
        yield template(spec.ocsp.template), ("spec", "ocsp", "template")
    for i, name in enumerate(spec.cross_signs):
        yield authority(name), ("spec", "crossSigns", i)


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
    for path, used, issuer in certificates_ask(declared):
        yield template(used), (*path, "template")
        if issuer is not None:
            yield authority(issuer), (*path, "issuerRef")


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


def _publication_links(spec: PublicationSpec) -> Iterator[tuple[Identity, Path]]:
    if spec.est_trust_bundle is not None:
        yield trust_bundle(spec.est_trust_bundle), ("spec", "estTrustBundle")


_LINKS: dict[type[Spec], Callable[[Declared, Any], Iterator[tuple[Identity, Path]]]] = {
    CertificateAuthoritySpec: lambda _, spec: _authority_links(spec),
    CertificateTemplateSpec: lambda _, spec: _template_links(spec),
    TenantSpec: lambda _, spec: _tenant_links(spec),
    ServiceSpec: lambda declared, _: _service_links(declared),
    RevocationSpec: lambda _, spec: _targets(spec),
    PublicationSpec: lambda _, spec: _publication_links(spec),
    PolicySpec: lambda _, spec: _policy_links(spec),
    CommunicationPolicySpec: _communication_links,
    TimestampAuthoritySpec: lambda _, spec: _timestamp_links(spec),
    TrustBundleSpec: lambda _, spec: _each(authority, spec.authorities, "spec", "authorities"),
    RoleBindingSpec: lambda _, spec: _binding_links(spec),
    ApprovalSpec: lambda _, spec: _approval_links(spec),
    ChangeWindowSpec: lambda _, spec: _each(tenant, spec.tenants, "spec", "tenants"),
}
"""Every kind, one way each; a kind that is missing here fails its first test."""
