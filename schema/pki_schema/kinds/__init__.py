"""The kinds of the desired state, one file per kind: what an author may write.

A spec here is what stands in one file, decoded and nothing more. What it *means* together with its
template, tenant and CA is ``pki_schema.desired``; whether its references exist,
``pki_schema.load``.
"""

from __future__ import annotations

from pki_schema.kinds.authority import CertificateAuthoritySpec
from pki_schema.kinds.envelope import API_VERSION, Envelope, Metadata
from pki_schema.kinds.publication import PublicationSpec
from pki_schema.kinds.revocation import RevocationSpec
from pki_schema.kinds.service import ServiceSpec
from pki_schema.kinds.template import CertificateTemplateSpec
from pki_schema.kinds.tenant import TenantSpec

Spec = (
    CertificateAuthoritySpec
    | CertificateTemplateSpec
    | TenantSpec
    | ServiceSpec
    | RevocationSpec
    | PublicationSpec
)

SPECS: dict[str, type[Spec]] = {
    "CertificateAuthority": CertificateAuthoritySpec,
    "CertificateTemplate": CertificateTemplateSpec,
    "Tenant": TenantSpec,
    "Service": ServiceSpec,
    "Revocation": RevocationSpec,
    "Publication": PublicationSpec,
}
"""The kinds that are acted on, by name."""

DECLARED_ONLY: frozenset[str] = frozenset(
    {
        "Policy",
        "CommunicationPolicy",
        "TimestampAuthority",
        "TrustBundle",
        "RoleBinding",
        "Approval",
        "ChangeWindow",
    }
)
"""Kinds recognised by name: their spec stays undecoded and every reader is told so."""

__all__ = [
    "API_VERSION",
    "DECLARED_ONLY",
    "SPECS",
    "CertificateAuthoritySpec",
    "CertificateTemplateSpec",
    "Envelope",
    "Metadata",
    "PublicationSpec",
    "RevocationSpec",
    "ServiceSpec",
    "Spec",
    "TenantSpec",
]
