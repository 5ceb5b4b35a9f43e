"""One certificate of a service together with all it refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pki_schema.desired import Declared, DesiredState, Identity, certificate_identity
from pki_schema.errors import Problem
from pki_schema.kinds import CertificateAuthoritySpec, ServiceSpec, TenantSpec
from pki_schema.kinds.service import ServiceCertificate
from pki_schema.load.belonging import spiffe_domain
from pki_schema.load.complete import CompleteTemplate
from pki_schema.load.entitlement import issuer_of
from pki_schema.load.inherit import Constraints, Templates
from pki_schema.load.links import Path, authority, certificates_of, tenant
from pki_schema.load.substitute import PartlyNamed, partly_named
from pki_schema.load.tree import at


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What all certificates share that a tenant's services get from one template and one CA.

    ``constraints`` are those of the CAs above that constrain names. ``values`` are of the variables
    that are the same for all; ``subject`` is the template's, as far as these say it.
    """

    owner: TenantSpec
    template: CompleteTemplate
    issuer: Declared
    authority: CertificateAuthoritySpec
    constraints: Constraints
    values: Mapping[str, str]
    subject: PartlyNamed


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One certificate of a service, and the terms of it."""

    identity: Identity
    service: Declared
    spec: ServiceSpec
    path: Path
    certificate: ServiceCertificate
    terms: Terms

    def problem(self, field: str | Path, code: str, message: str, hint: str = "") -> Problem:
        """A problem at a field of this certificate."""
        path = (field,) if isinstance(field, str) else field
        return Problem(at(self.service, *self.path, *path), code, message, hint)


@dataclass
class Offers:
    """The terms there are in a state, each found when first asked for."""

    state: DesiredState
    templates: Templates
    _found: dict[tuple[str, str, str | None], Terms | None] = field(default_factory=dict)

    def wanted(self, service: Declared) -> Iterator[Wanted]:
        """What a service wants, without certificates of which a reference dangles or is not
        allowed: ``references`` says so.
        """
        whose, name = service.identity.tenant, service.identity.name
        for path, certificate in certificates_of(service):
            terms = self._terms(whose, certificate)
            if terms is not None and isinstance(service.spec, ServiceSpec):
                own = str.__str__(certificate.name)
                yield Wanted(
                    identity=certificate_identity(whose, name, own),
                    service=service,
                    spec=service.spec,
                    path=path,
                    certificate=certificate,
                    terms=terms,
                )

    def _terms(self, tenant: str, certificate: ServiceCertificate) -> Terms | None:
        asked = (tenant, certificate.template, certificate.issuer_ref)
        if asked not in self._found:
            self._found[asked] = self._sought(tenant, certificate)
        return self._found[asked]

    def _sought(self, whose: str, certificate: ServiceCertificate) -> Terms | None:
        owner = self.state.objects.get(tenant(whose))
        complete = self.templates.complete(certificate.template)
        if owner is None or not isinstance(owner.spec, TenantSpec) or complete is None:
            return None
        if certificate.template not in owner.spec.templates:
            return None
        name = issuer_of(certificate.issuer_ref, complete, owner.spec)
        issuer = self.state.objects.get(authority(name)) if name else None
        if issuer is None or not isinstance(issuer.spec, CertificateAuthoritySpec):
            return None
        values = _values(owner, owner.spec, issuer, issuer.spec)
        return Terms(
            owner=owner.spec,
            template=complete,
            issuer=issuer,
            authority=issuer.spec,
            constraints=self.templates.constraints_above(issuer),
            values=values,
            subject=partly_named(complete.subject, values),
        )


def _values(
    owner: Declared, tenant: TenantSpec, issuer: Declared, ca: CertificateAuthoritySpec
) -> Mapping[str, str]:
    values = {
        "tenant": owner.identity.name,
        "organization": tenant.organization,
        "zone": tenant.zone,
        "spiffe_domain": spiffe_domain(tenant),
        "ca_name": issuer.identity.name,
        "generation": str(int(ca.generation)),
    }
    return {name: str.__str__(value) for name, value in values.items()}
