"""What a spec says against itself, one function per kind; each looks at one object and no other.

The kinds that govern issuance have theirs in ``governance``.
Types, formats and unknown fields are judged before, references afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from pki_schema.desired import Declared
from pki_schema.errors import FieldError, Problem, in_reading_order
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
from pki_schema.kinds.revocation import HOLD
from pki_schema.kinds.service import ServiceCertificate
from pki_schema.kinds.template import TemplateNames
from pki_schema.load import governance
from pki_schema.load.characters import shown
from pki_schema.load.complete import name_texts
from pki_schema.load.extensions import extension_faults
from pki_schema.load.subjects import (
    Fault,
    literal_subject,
    subject_faults,
    variable_faults,
    variable_name_faults,
)
from pki_schema.load.tree import at
from pki_schema.x509 import oids
from pki_schema.x509.algorithms import ALGORITHMS

SHORTEST_RETENTION = Duration(3_600)
"""Pointers may be kept for a minute by each cache on the way, and what they name is read after."""

MOST_SHARDS = 1024

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
    yield from _hold(spec)


def _hold(spec: RevocationSpec) -> Iterator[Fault]:
    """RFC 5280 section 5.3.1 knows one reason that may be taken back, and it says only that."""
    if (spec.state == "revoked") == (spec.reason == HOLD):
        message = f"state {spec.state} and reason {spec.reason} do not go together"
        hint = "certificateHold goes with held and released, every other reason with revoked"
        yield ("state",), "PKI2212", message, hint
    if spec.state != "revoked" and spec.target.authority is not None:
        message = "a CA is not put on hold: all below it would fail and come back with it"
        hint = "revoke it, or put on hold what it issued"
        yield ("target",), "PKI2213", message, hint


def _authority(spec: CertificateAuthoritySpec, declared: Declared) -> Iterator[Fault]:
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
    yield from _crls(spec, declared)
    yield from _answers(spec)
    yield from _signatures(spec, declared.identity.name)


def _crls(spec: CertificateAuthoritySpec, declared: Declared) -> Iterator[Fault]:
    crl = spec.crl
    if crl.overlap is None and crl.refresh >= crl.validity:
        message = f"a CRL valid for {crl.validity} would be out before its refresh"
        yield ("crl", "refresh"), "PKI2223", message, "refresh is shorter than validity"
    if crl.overlap is not None:
        if crl.overlap >= crl.validity:
            message = f"a CRL valid for {crl.validity} cannot overlap the next by {crl.overlap}"
            yield ("crl", "overlap"), "PKI2223", message, "overlap is shorter than validity"
        if ("spec", "crl", "refresh") in declared.positions:
            message = "refresh and overlap are two ways to say one thing"
            yield ("crl", "overlap"), "PKI2229", message, "keep one of them"
    if crl.number_floor < 0:
        yield ("crl", "numberFloor"), "PKI2224", "a CRL number is not negative", ""
    if not 1 <= crl.shards <= MOST_SHARDS:
        message = f"{crl.shards} CRLs are no way to spread entries"
        yield ("crl", "shards"), "PKI2239", message, f"from 1 to {MOST_SHARDS}"


def _signatures(spec: CertificateAuthoritySpec, own_name: str) -> Iterator[Fault]:
    own = ALGORITHMS[spec.private_key.algorithm].signature
    asked = spec.signature_algorithm
    if asked is not None and asked.partition("-SHA")[0] != own.partition("-SHA")[0]:
        message = f"a {spec.private_key.algorithm} key makes no {asked} signatures"
        yield ("signatureAlgorithm",), "PKI2207", message, f"use {own}, or leave it out"
    seen = {own_name, spec.parent}
    for index, name in enumerate(spec.cross_signs):
        if name in seen:
            message = f'CA "{name}" certifies this one already'
            yield ("crossSigns", index), "PKI2208", message, "leave it out"
        seen.add(name)


def _answers(spec: CertificateAuthoritySpec) -> Iterator[Fault]:
    ocsp = spec.ocsp
    if ocsp.mode not in {"none", "presigned", "live"}:
        message = f'the OCSP mode "{shown(ocsp.mode)}" is not offered'
        yield ("ocsp", "mode"), "PKI2225", message, "use none, presigned or live"
    elif ocsp.mode != "none" and ocsp.template is None:
        hint = "name its template, e.g. template: vcc-ocsp"
        yield ("ocsp",), "PKI2226", "answers need a responder", hint
    if ocsp.mode != "none" and spec.offline:
        message = "an offline CA cannot renew its responder"
        yield ("ocsp", "mode"), "PKI2227", message, "leave ocsp out"
    if ocsp.refresh_at >= ocsp.validity:
        message = f"an answer valid for {ocsp.validity} would be out before its refresh"
        yield ("ocsp", "refreshAt"), "PKI2228", message, "refreshAt is shorter than validity"


def _template(spec: CertificateTemplateSpec) -> Iterator[Fault]:
    yield from subject_faults(spec.subject or ())
    if spec.literal_subject is not None:
        yield from _literal(spec, spec.literal_subject)
    names = spec.names or TemplateNames()
    for path, text in name_texts(names):
        yield from variable_faults(("names", *path), text)
    for index, other in enumerate(names.other_names):
        field = oids.RESERVED_OTHER_NAMES.get(other.oid)
        if field is not None:
            message = f"names of type {other.oid} have a form of their own"
            hint = f"use {field}" if field else "leave it out"
            yield ("names", "otherNames", index, "oid"), "PKI2238", message, hint
    yield from extension_faults(spec.extra_extensions or ())
    if spec.private_key and spec.private_key.max_age is not None:
        longest = spec.duration or spec.max_duration
        if longest is not None and spec.private_key.max_age < longest:
            message = "a key would have to go before its first certificate ends"
            yield ("privateKey", "maxAge"), "PKI2209", message, "at least the duration"
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


def _literal(spec: CertificateTemplateSpec, text: str) -> Iterator[Fault]:
    if spec.subject is not None:
        message = "subject and literalSubject are two ways to say one thing"
        yield ("literalSubject",), "PKI2234", message, "keep one of them"
    try:
        found = literal_subject(text)
    except FieldError as error:
        yield ("literalSubject",), error.code, error.message, error.hint
        return
    for _, code, message, hint in subject_faults(found):
        yield ("literalSubject",), code, message, hint


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
    CertificateAuthoritySpec: lambda declared, spec: _authority(spec, declared),
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
