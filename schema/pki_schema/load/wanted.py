"""One certificate of a service together with all it refers to."""

from __future__ import annotations

from dataclasses import dataclass

from pki_schema.desired import Declared, DesiredState, Identity, certificate_identity
from pki_schema.errors import Problem
from pki_schema.kinds import CertificateAuthoritySpec, ServiceSpec, TenantSpec
from pki_schema.kinds.service import ServiceCertificate
from pki_schema.load.complete import CompleteTemplate
from pki_schema.load.entitlement import issuer_of
from pki_schema.load.inherit import Constraints, Templates
from pki_schema.load.links import Path, authority, tenant
from pki_schema.load.tree import at


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One certificate of a service with all it refers to, found and allowed; ``constraints`` are
    those of the CAs above that constrain names.
    """

    state: DesiredState
    service: Declared
    spec: ServiceSpec
    path: Path
    certificate: ServiceCertificate
    owner: TenantSpec
    template: CompleteTemplate
    issuer: Declared
    authority: CertificateAuthoritySpec
    constraints: Constraints

    @property
    def identity(self) -> Identity:
        name = str.__str__(self.certificate.name)
        return certificate_identity(self.service.identity.tenant, self.service.identity.name, name)

    def problem(self, field: str | Path, code: str, message: str, hint: str = "") -> Problem:
        """A problem at a field of this certificate."""
        path = (field,) if isinstance(field, str) else field
        return Problem(at(self.service, *self.path, *path), code, message, hint)


def find_wanted(
    state: DesiredState,
    templates: Templates,
    service: Declared,
    path: Path,
    certificate: ServiceCertificate,
) -> Wanted | None:
    owner = state.objects.get(tenant(service.identity.tenant))
    complete = templates.complete(certificate.template)
    if not isinstance(service.spec, ServiceSpec) or owner is None or complete is None:
        return None
    if not isinstance(owner.spec, TenantSpec) or certificate.template not in owner.spec.templates:
        return None
    name = issuer_of(certificate, complete, owner.spec)
    issuer = state.objects.get(authority(name)) if name else None
    if issuer is None or not isinstance(issuer.spec, CertificateAuthoritySpec):
        return None
    return Wanted(
        state=state,
        service=service,
        spec=service.spec,
        path=path,
        certificate=certificate,
        owner=owner.spec,
        template=complete,
        issuer=issuer,
        authority=issuer.spec,
        constraints=templates.constraints_above(issuer),
    )
