"""What a spec says against itself, one function per kind; each looks at one object and no other.

The kinds that govern issuance have theirs in ``governance``.
Types, formats and unknown fields are judged before, references afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from pki_schema.desired import Declared
from pki_schema.errors import Problem, in_reading_order
from pki_schema.fields import Duration
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
from pki_schema.kinds.template import TemplateNames
from pki_schema.load import governance
from pki_schema.load.characters import shown
from pki_schema.load.subjects import Fault, subject_faults, variable_faults, variable_name_faults
from pki_schema.load.tree import at

SHORTEST_RETENTION = Duration(3_600)
"""Pointers may be kept for a minute by each cache on the way, and what they name is read after."""

_TARGETS = (
    {"ca", "serial"},
    {"tenant", "service"},
    {"tenant", "service", "certificate"},
    {"authority"},
    {"template"},
    {"key"},
)
_TARGETS_CURE = (
    "give ca and serial, or tenant and service (and certificate), or authority, template or key"
)
_WRITTEN = {f.name: f.encode_name for f in msgspec.structs.fields(ServiceCertificate)}
_SHORT_FORM = tuple(written for name, written in _WRITTEN.items() if name != "name")


def check(declared: Declared) -> tuple[Problem, ...]:
    """Everything a decoded object says against itself (PKI2030 to 2033, PKI22xx), with places."""
    faults = _CHECKS[type(declared.spec)](declared, declared.spec)
    found = [
        Problem(at(declared, "spec", *path), code, message, hint)
        for path, code, message, hint in faults
    ]
    return in_reading_order(found) if found else ()


def _service(spec: ServiceSpec, declared: Declared) -> Iterator[Fault]:
    if not spec.certificates:
        if spec.template is None:
            hint = "give a template, or a list of certificates with a template each"
            yield (), "PKI2201", "the service asks for no certificate", hint
        return
    for name in _SHORT_FORM:
        if ("spec", name) in declared.positions:
            message = f"{name} stands beside certificates, where it would say nothing"
            yield (name,), "PKI2202", message, "move it into the certificates it is for"
    first: dict[str, int] = {}
    for index, certificate in enumerate(spec.certificates):
        if first.setdefault(certificate.name, index) != index:
            message = f'two certificates are called "{certificate.name}"'
            yield ("certificates", index, "name"), "PKI2203", message, "give each a name of its own"


def _revocation(spec: RevocationSpec) -> Iterator[Fault]:
    target = spec.target
    given = {n for n in target.__struct_fields__ if getattr(target, n) is not None}
    if given not in _TARGETS:
        words = " and ".join(sorted(given)) or "nothing"
        yield ("target",), "PKI2210", f"{words} is no target of a revocation", _TARGETS_CURE
    if spec.reason == "cACompromise" and target.authority is None:
        message = "cACompromise is said of a CA's own certificates"  # RFC 5280 section 5.3.1
        hint = "name the CA with authority, or use keyCompromise"
        yield ("reason",), "PKI2211", message, hint
    if spec.state != "revoked":
        # Better refused than passed over: who writes this expects relying parties to notice.
        message = f"state {spec.state} is recognised, and nothing acts on it yet"
        yield ("state",), "PKI2212", message, "use state: revoked"


def _authority(spec: CertificateAuthoritySpec) -> Iterator[Fault]:
    if spec.lifecycle == "revoked":
        message = "a CA is revoked by a Revocation with a reason, not by its lifecycle"
        hint = "declare a Revocation with target {authority: …}; keep lifecycle: retired"
        yield ("lifecycle",), "PKI2226", message, hint
    yield from subject_faults(spec.subject)
    if spec.generation < 1:
        yield ("generation",), "PKI2220", f"{spec.generation} is no generation", "count from 1"
    if spec.path_length is not None and spec.path_length < 0:
        message = f"the pathLength {spec.path_length} is negative"
        hint = "0 allows no CA below; leave it out for any number"
        yield ("pathLength",), "PKI2221", message, hint
    if spec.issues_for >= spec.duration:
        message = f"the CA lives for {spec.duration} and could never issue for {spec.issues_for}"
        yield ("issuesFor",), "PKI2222", message, "issuesFor is shorter than the duration"
    if spec.crl.refresh >= spec.crl.validity:
        message = f"a CRL valid for {spec.crl.validity} would be out before its refresh"
        yield ("crl", "refresh"), "PKI2223", message, "refresh is shorter than validity"
    if spec.crl.number_floor < 0:
        yield ("crl", "numberFloor"), "PKI2224", "a CRL number is not negative", ""
    yield from _answers(spec)


def _answers(spec: CertificateAuthoritySpec) -> Iterator[Fault]:
    ocsp = spec.ocsp
    if ocsp.mode not in {"none", "presigned"}:
        message = f'the OCSP mode "{shown(ocsp.mode)}" is not offered'
        yield ("ocsp", "mode"), "PKI2225", message, "use none or presigned"
    if ocsp.mode == "presigned" and ocsp.template is None:
        hint = "name its template, e.g. template: vcc-ocsp"
        yield ("ocsp",), "PKI2226", "pre-signed answers need a responder", hint
    if ocsp.mode != "none" and spec.offline:
        message = "an offline CA cannot renew its responder"
        yield ("ocsp", "mode"), "PKI2227", message, "leave ocsp out"
    if ocsp.refresh_at >= ocsp.validity:
        message = f"an answer valid for {ocsp.validity} would be out before its refresh"
        yield ("ocsp", "refreshAt"), "PKI2228", message, "refreshAt is shorter than validity"


def _template(spec: CertificateTemplateSpec) -> Iterator[Fault]:
    yield from subject_faults(spec.subject or ())
    names = spec.names or TemplateNames()
    for field in msgspec.structs.fields(TemplateNames):
        for index, text in enumerate(getattr(names, field.name)):
            yield from variable_faults(("names", field.encode_name, index), text)
    for index, name in enumerate(spec.parameters or ()):
        yield from variable_name_faults(("parameters", index), name)
    if spec.duration is None:
        return
    if spec.max_duration is not None and spec.duration > spec.max_duration:
        message = f"the duration {spec.duration} is longer than maxDuration, {spec.max_duration}"
        yield ("duration",), "PKI2232", message, ""
    if spec.renew_before is not None and spec.renew_before >= spec.duration:
        message = f"renewBefore {spec.renew_before} is not shorter than duration {spec.duration}"
        yield ("renewBefore",), "PKI2233", message, ""


def _tenant(spec: TenantSpec) -> Iterator[Fault]:
    for path, count in (
        (("limits", "revocations"), spec.limits.revocations),
        (("quotas", "certificates"), spec.quotas.certificates),
    ):
        if count < 0:
            yield path, "PKI2240", f"{path[-1]} is {count}", "the least is 0, which allows none"


def _publication(spec: PublicationSpec) -> Iterator[Fault]:
    if not spec.base_urls:
        message = "nobody finds a publication without a base URL"
        yield ("baseURLs",), "PKI2250", message, "write e.g. [http://pki.vcc.internal]"
    if spec.retention < SHORTEST_RETENTION:
        message = (
            f"after {spec.retention} there may be readers with the pointer to what was deleted"
        )
        yield ("retention",), "PKI2251", message, f"the least is {SHORTEST_RETENTION}"


_CHECKS: dict[type[Spec], Callable[[Declared, Any], Iterator[Fault]]] = {
    CertificateAuthoritySpec: lambda _, spec: _authority(spec),
    CertificateTemplateSpec: lambda _, spec: _template(spec),
    TenantSpec: lambda _, spec: _tenant(spec),
    ServiceSpec: lambda declared, spec: _service(spec, declared),
    RevocationSpec: lambda _, spec: _revocation(spec),
    PublicationSpec: lambda _, spec: _publication(spec),
    PolicySpec: lambda _, spec: governance.policy(spec),
    CommunicationPolicySpec: lambda declared, spec: governance.communication(
        spec, tenant=declared.identity.tenant
    ),
    TimestampAuthoritySpec: lambda _, spec: governance.timestamping(spec),
    TrustBundleSpec: lambda _, spec: governance.trust(spec),
    RoleBindingSpec: lambda _, spec: governance.roles(spec),
    ApprovalSpec: lambda _, spec: governance.approval(spec),
    ChangeWindowSpec: lambda _, spec: governance.window(spec),
}
"""Every kind; one that is missing here fails its first test."""
