"""What a service's certificate means: template, tenant, issuer and CSR put together.

Everything is judged even while the CSR is missing, so that an author learns it with the first
commit; only then is there a ``Meaning``, or a subject that waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pki_schema.desired import Declared, DesiredState, Identity, Meaning, Profile
from pki_schema.errors import Position, Problem, Severity, has_errors
from pki_schema.fields import Duration
from pki_schema.kinds.service import ServiceCertificate
from pki_schema.load.authorities import key_usages, plain, policies
from pki_schema.load.inherit import Templates
from pki_schema.load.links import Path
from pki_schema.load.naming import Names, Subject, name_it
from pki_schema.load.requests import CertificateRequestFacts, read_request
from pki_schema.load.tree import at, request_path
from pki_schema.load.wanted import Wanted, find_wanted


@dataclass(frozen=True)
class Waiting:
    """A subject that is declared and cannot be certified yet."""

    identity: Identity
    position: Position


def resolve_certificate(
    state: DesiredState,
    templates: Templates,
    *,
    service: Declared,
    path: Path,
    certificate: ServiceCertificate,
) -> Iterator[Meaning | Waiting | Problem]:
    """The meaning of one certificate of a service, or that it waits; and what is wrong with it.

    Nothing where a reference dangles or is not allowed: ``references`` says so.
    """
    wanted = find_wanted(state, templates, service, path, certificate)
    if wanted is None:
        return
    subject, names, misnamed = name_it(wanted)
    problems = [*misnamed, *_time_problems(wanted)]
    yield from problems
    if certificate.key_origin != "csr":
        message = f'keyOrigin "{certificate.key_origin}" is declared; nothing acts on it yet'
        position = wanted.problem("keyOrigin", "PKI3031", message).position
        yield Problem(position, "PKI3031", message, severity=Severity.NOTICE)
        yield Waiting(wanted.identity, at(service, "metadata", "name"))
        return
    identity = wanted.identity
    facts = _request_facts(wanted)
    if isinstance(facts, tuple):
        yield from facts
    elif facts is None:
        expected = request_path(identity)
        position = at(service, "metadata", "name")
        message = f"{identity.name} waits for its CSR {expected}"
        yield Problem(position, "PKI3030", message, severity=Severity.WARNING)
        yield Waiting(identity, position)
    else:
        yield from facts.notices
        if not has_errors(problems):
            yield _meaning(wanted, subject, names, facts)


def _time_problems(wanted: Wanted) -> Iterator[Problem]:
    duration, renew_before = _times(wanted)
    template, issuer = wanted.template, wanted.issuer.identity.name
    if duration > template.max_duration:
        longest = Duration(template.max_duration)
        message = (
            f'{Duration(duration)} is longer than template "{template.name}" allows: {longest}'
        )
        yield wanted.problem("duration", "PKI4027", message)
    if duration > wanted.authority.longest_child:
        longest = wanted.authority.longest_child
        message = f'{Duration(duration)} is longer than CA "{issuer}" gives: {longest}'
        yield wanted.problem("duration", "PKI4029", message)
    if renew_before >= duration:
        message = "renewBefore is not shorter than the duration: it would renew without end"
        yield wanted.problem("renewBefore", "PKI4028", message)


def _times(wanted: Wanted) -> tuple[int, int]:
    """Duration and renewBefore in seconds; a template's renewBefore shrinks with the life."""
    certificate, template = wanted.certificate, wanted.template
    duration = int(certificate.duration or template.duration)
    if certificate.renew_before is not None:
        return duration, int(certificate.renew_before)
    return duration, template.renew_before if template.renew_before < duration else duration // 3


def _request_facts(
    wanted: Wanted,
) -> CertificateRequestFacts | tuple[Problem, ...] | None:
    request = wanted.state.requests.get(wanted.identity)
    if request is None:
        return None
    facts = read_request(request)
    if isinstance(facts, tuple) or facts.algorithm in wanted.template.algorithms:
        return facts
    message = f'template "{wanted.template.name}" does not allow {facts.algorithm} keys'
    hint = f"use one of: {', '.join(wanted.template.algorithms)}"
    return (Problem(Position(request.path), "PKI4031", message, hint),)


def _meaning(
    wanted: Wanted, subject: Subject, names: Names, facts: CertificateRequestFacts
) -> Meaning:
    template = wanted.template
    duration, renew_before = _times(wanted)
    return Meaning(
        subject=wanted.identity,
        profile=Profile(
            issuer=str.__str__(wanted.issuer.identity.name),
            subject=subject,
            names=names,
            key_usages=key_usages(template, facts.algorithm),
            extended_key_usages=plain(tuple(template.extended_key_usages)),
            extended_key_usage_critical=template.extended_key_usage_critical,
            policies=policies(template.policies),
            extra_extensions=template.extra_extensions,
            ocsp_no_check=template.ocsp_no_check,
            status_pointers=template.status_pointers,
            duration=duration,
            key_algorithm=facts.algorithm,
            spki=facts.spki_der,
        ),
        renew_before=renew_before,
        template=str.__str__(template.name),
        suspended=wanted.spec.suspend,
        resume_after=plain(wanted.spec.resume_after),
        origin=at(wanted.service, "metadata", "name"),
    )
