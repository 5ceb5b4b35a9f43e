"""What objects say of each other: whether it exists, whether it is allowed, whether it fits.

Every check looks from one object at what it reaches, so that a changed object and those that refer
to it can be judged without the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from operator import itemgetter

from pki_schema.desired import Declared, DesiredState, Identity
from pki_schema.errors import Problem, Severity, in_reading_order
from pki_schema.kinds import (
    ApprovalSpec,
    CertificateAuthoritySpec,
    CertificateTemplateSpec,
    CommunicationPolicySpec,
    PolicySpec,
    PublicationSpec,
    RoleBindingSpec,
    ServiceSpec,
    TimestampAuthoritySpec,
    TrustBundleSpec,
)
from pki_schema.load.entitlement import entitlement_problems
from pki_schema.load.fitting import authority_problems, template_problems
from pki_schema.load.inherit import Templates
from pki_schema.load.jurisdiction import (
    approval_problems,
    communication_problems,
    policy_problems,
    principal_problems,
    timestamp_problems,
    trust_problems,
)
from pki_schema.load.lineage import lineage
from pki_schema.load.links import links, references_of
from pki_schema.load.tree import at, nearest
from pki_schema.x509 import oids

__all__ = ["check_references", "references_of"]


def check_references(
    state: DesiredState, subjects: Collection[Identity] | None
) -> tuple[Problem, ...]:
    """Everything wrong between objects; with ``subjects``, only at these.

    The state must then hold what they reach by ``references_of``, and need hold nothing else.
    """
    judged = [
        declared
        for identity, declared in sorted(state.objects.items(), key=itemgetter(0))
        if subjects is None or identity in subjects
    ]
    templates = Templates(state)
    problems = [p for declared in judged for p in _checked(state, templates, declared)]
    problems += _dangling(state, judged)
    problems += _same_subjects(state, judged)
    problems += _unserved(state, judged, whole=subjects is None)
    return in_reading_order(problems)


def _checked(state: DesiredState, templates: Templates, declared: Declared) -> Iterator[Problem]:
    match declared.spec:
        case CertificateAuthoritySpec() as spec:
            line = lineage(state, declared)
            if line.problem:
                yield line.problem
            yield from authority_problems(state, templates, declared, spec)
        case CertificateTemplateSpec():
            line = lineage(state, declared)
            if line.problem:
                yield line.problem
            yield from templates.problems(declared.identity.name)
            complete = templates.complete(declared.identity.name)
            if complete is not None:
                yield from template_problems(state, declared, complete)
        case ServiceSpec():
            yield from entitlement_problems(state, templates, declared)
        case _:
            yield from _governing(state, templates, declared)


def _governing(state: DesiredState, templates: Templates, declared: Declared) -> Iterator[Problem]:
    match declared.spec:
        case PolicySpec() as spec:
            yield from policy_problems(declared, spec)
        case CommunicationPolicySpec() as spec:
            yield from communication_problems(state, declared, spec)
        case TimestampAuthoritySpec() as spec:
            yield from timestamp_problems(templates, declared, spec)
        case TrustBundleSpec() as spec:
            yield from trust_problems(state, declared, spec)
        case ApprovalSpec() as spec:
            yield from approval_problems(state, declared, spec)
        case RoleBindingSpec():
            yield from principal_problems(state, declared)


def _dangling(state: DesiredState, judged: Collection[Declared]) -> Iterator[Problem]:
    """References to nothing (PKI3001), with what may have been meant. What is there and cannot be
    read has told its own author.
    """
    missing = [
        (declared, identity, path)
        for declared in judged
        for identity, path in links(declared)
        if identity not in state.objects and identity not in state.unreadable
    ]
    hints: dict[Identity, str] = {}
    for identity in {identity for _, identity, _ in missing}:
        beside = (identity.kind, identity.tenant)
        known = [o.name for o in state.objects if (o.kind, o.tenant) == beside]
        hints[identity] = nearest(identity.name, known)
    for declared, identity, path in missing:
        where = f" in tenant {identity.tenant}" if identity.tenant else ""
        message = f'there is no {identity.kind} "{identity.name}"{where}'
        # What is revoked may be long gone from the tree: the ledger knows it. And no service's
        # owner shall be kept from ending it by what others say of it.
        lenient = declared.identity.kind == "Revocation" or identity.kind == "Service"
        severity = Severity.WARNING if lenient else Severity.ERROR
        position = at(declared, *path)
        yield Problem(position, "PKI3001", message, hints[identity], severity)


def _same_subjects(state: DesiredState, judged: Collection[Declared]) -> Iterator[Problem]:
    """Two CAs of one name share a CRL scope, and relying parties mix them up (PKI4010)."""
    by_subject: defaultdict[tuple[tuple[str, str], ...], list[Declared]] = defaultdict(list)
    for _, declared in sorted(state.objects.items(), key=itemgetter(0)):
        if isinstance(declared.spec, CertificateAuthoritySpec):
            by_subject[_compared(declared.spec)].append(declared)
    identities = {declared.identity for declared in judged}
    for group in by_subject.values():
        for declared in group:
            other = next((d for d in group if d.identity != declared.identity), None)
            if other is not None and declared.identity in identities:
                message = f'CA "{other.identity.name}" ({other.position}) has the same subject'
                hint = "give each CA a common name of its own"
                yield Problem(at(declared, "spec", "subject"), "PKI4010", message, hint)


def _compared(spec: CertificateAuthoritySpec) -> tuple[tuple[str, str], ...]:
    """A subject as names are compared: case and runs of spaces count for nothing (RFC 5280 7.1)."""
    return tuple(
        (oids.NAME_ATTRIBUTES.get(key, key), " ".join(value.split()).casefold())
        for rdn in spec.subject
        for key, value in rdn.items()
    )


def _unserved(
    state: DesiredState, judged: Collection[Declared], *, whole: bool
) -> Iterator[Problem]:
    publications = [d.spec for d in state.objects.values() if isinstance(d.spec, PublicationSpec)]
    if not publications and not whole:
        return
    if any(identity.kind == "Publication" for identity in state.unreadable):
        return  # what it would serve is not known
    served = {url for publication in publications for url in publication.base_urls}
    for declared in judged:
        if isinstance(declared.spec, CertificateAuthoritySpec):
            for i, url in enumerate(declared.spec.base_urls):
                if url not in served:
                    yield Problem(
                        at(declared, "spec", "baseURLs", i),
                        "PKI3010",
                        f"no Publication serves {url}, which goes into certificates",
                        nearest(url, served),
                        Severity.WARNING,
                    )
