"""The kinds of the desired state, one file per kind: what an author may write.

A spec here is what stands in one file, decoded and nothing more. What it *means* together with its
template, tenant and CA is ``pki_schema.desired``; whether its references exist,
``pki_schema.load``.
"""

from __future__ import annotations

from pki_schema.kinds.approval import ApprovalSpec
from pki_schema.kinds.authority import CertificateAuthoritySpec
from pki_schema.kinds.communication import CommunicationPolicySpec
from pki_schema.kinds.envelope import API_VERSION, Envelope, Metadata
from pki_schema.kinds.policy import PolicySpec
from pki_schema.kinds.publication import PublicationSpec
from pki_schema.kinds.revocation import RevocationSpec
from pki_schema.kinds.role import RoleBindingSpec
from pki_schema.kinds.service import ServiceSpec
from pki_schema.kinds.template import CertificateTemplateSpec
from pki_schema.kinds.tenant import TenantSpec
from pki_schema.kinds.timestamping import TimestampAuthoritySpec
from pki_schema.kinds.trust import TrustBundleSpec
from pki_schema.kinds.window import ChangeWindowSpec

Spec = (
    CertificateAuthoritySpec
    | CertificateTemplateSpec
    | TenantSpec
    | ServiceSpec
    | RevocationSpec
    | PublicationSpec
    | PolicySpec
    | CommunicationPolicySpec
    | TimestampAuthoritySpec
    | TrustBundleSpec
    | RoleBindingSpec
    | ApprovalSpec
    | ChangeWindowSpec
)

SPECS: dict[str, type[Spec]] = {
    "CertificateAuthority": CertificateAuthoritySpec,
    "CertificateTemplate": CertificateTemplateSpec,
    "Tenant": TenantSpec,
    "Service": ServiceSpec,
    "Revocation": RevocationSpec,
    "Publication": PublicationSpec,
    "Policy": PolicySpec,
    "CommunicationPolicy": CommunicationPolicySpec,
    "TimestampAuthority": TimestampAuthoritySpec,
    "TrustBundle": TrustBundleSpec,
    "RoleBinding": RoleBindingSpec,
    "Approval": ApprovalSpec,
    "ChangeWindow": ChangeWindowSpec,
}
"""Every kind there is, by name."""

DECLARED_ONLY: frozenset[str] = frozenset(
    {
        "Policy",
        "CommunicationPolicy",
        "TimestampAuthority",
        "RoleBinding",
        "Approval",
        "ChangeWindow",
    }
)
"""Kinds that are read and judged like all others, and not yet acted on: every reader is told so."""

__all__ = [
    "API_VERSION",
    "DECLARED_ONLY",
    "SPECS",
    "ApprovalSpec",
    "CertificateAuthoritySpec",
    "CertificateTemplateSpec",
    "ChangeWindowSpec",
    "CommunicationPolicySpec",
    "Envelope",
    "Metadata",
    "PolicySpec",
    "PublicationSpec",
    "RevocationSpec",
    "RoleBindingSpec",
    "ServiceSpec",
    "Spec",
    "TenantSpec",
    "TimestampAuthoritySpec",
    "TrustBundleSpec",
]
