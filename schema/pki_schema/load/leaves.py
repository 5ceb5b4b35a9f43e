"""What a service's certificate means: template, tenant, issuer and CSR put together.

Everything is judged even while the CSR is missing, so that an author learns it with the first
commit; only then is there a ``Meaning``, or a subject that waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from msgspec import structs

from pki_schema.desired import Declared, DesiredState, Identity, Meaning, SigningRequest
from pki_schema.errors import Position, Problem, Severity, has_errors
from pki_schema.fields import Duration
from pki_schema.load.complete import CompleteTemplate
from pki_schema.load.inherit import Templates
from pki_schema.load.naming import Names, Subject, name_it
from pki_schema.load.profiles import plain
from pki_schema.load.requests import CertificateRequestFacts, Facts, read_requests
from pki_schema.load.tree import at, request_path
from pki_schema.load.wanted import Offers, Wanted

_AT_ONCE: Final = 256
"""Certificates whose CSRs are read together, which is quicker; see ``read_requests``."""


@dataclass(frozen=True)
class Waiting:
    """A subject that is declared and cannot be certified yet."""

    identity: Identity
    position: Position


def resolve_certificates(
    offers: Offers, services: Iterable[Declared]
) -> Iterator[Meaning | Waiting | Problem]:
    """The meaning of each certificate of these services, or that it waits; and what is wrong.

    Nothing of those where a reference dangles or is not allowed: ``references`` says so.
    """
    all_wanted = chain.from_iterable(map(offers.wanted, services))
    while few := list(islice(all_wanted, _AT_ONCE)):
        for wanted, facts in zip(few, _request_facts(offers.state, few), strict=True):
            yield from _resolved(offers.templates, wanted, facts)


def _resolved(
    templates: Templates, wanted: Wanted, facts: Facts | None
) -> Iterator[Meaning | Waiting | Problem]:
    identity, service, certificate = wanted.identity, wanted.service, wanted.certificate
    subject, names, misnamed = name_it(wanted)
    problems = [*misnamed, *_time_problems(wanted)]
    yield from problems
    if certificate.key_origin != "csr":
        message = f'keyOrigin "{certificate.key_origin}" is declared; nothing acts on it yet'
        position = wanted.problem("keyOrigin", "PKI3031", message).position
        yield Problem(position, "PKI3031", message, severity=Severity.NOTICE)
        yield Waiting(identity, at(service, "metadata", "name"))
        return
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
            yield _meaning(templates, wanted, subject, names, facts)


def _time_problems(wanted: Wanted) -> Iterator[Problem]:
    duration, renew_before = _times(wanted)
    terms = wanted.terms
    template, issuer = terms.template, terms.issuer.identity.name
    if duration > template.max_duration:
        longest = Duration(template.max_duration)
        message = (
            f'{Duration(duration)} is longer than template "{template.name}" allows: {longest}'
        )
        yield wanted.problem("duration", "PKI4027", message)
    if duration > terms.authority.longest_child:
        longest = terms.authority.longest_child
        message = f'{Duration(duration)} is longer than CA "{issuer}" gives: {longest}'
        yield wanted.problem("duration", "PKI4029", message)
    if renew_before >= duration:
        message = "renewBefore is not shorter than the duration: it would renew without end"
        yield wanted.problem("renewBefore", "PKI4028", message)


def _times(wanted: Wanted) -> tuple[int, int]:
    """Duration and renewBefore in seconds; a template's renewBefore shrinks with the life."""
    certificate, template = wanted.certificate, wanted.terms.template
    duration = int(certificate.duration or template.duration)
    if certificate.renew_before is not None:
        return duration, int(certificate.renew_before)
    return duration, template.renew_before if template.renew_before < duration else duration // 3


def _request_facts(state: DesiredState, few: Sequence[Wanted]) -> Iterator[Facts | None]:
    """Of the CSR of each in turn, or what is wrong with it; ``None`` while there is none, or is to
    be none.
    """
    requests = [
        state.requests.get(wanted.identity) if wanted.certificate.key_origin == "csr" else None
        for wanted in few
    ]
    read = iter(read_requests(request for request in requests if request))
    for wanted, request in zip(few, requests, strict=True):
        yield _allowed(wanted.terms.template, request, next(read)) if request else None


def _allowed(template: CompleteTemplate, request: SigningRequest, facts: Facts) -> Facts:
    if isinstance(facts, tuple) or facts.algorithm in template.algorithms:
        return facts
    message = f'template "{template.name}" does not allow {facts.algorithm} keys'
    hint = f"use one of: {', '.join(template.algorithms)}"
    return (Problem(Position(request.path), "PKI4031", message, hint),)


def _meaning(
    templates: Templates,
    wanted: Wanted,
    subject: Subject,
    names: Names,
    facts: CertificateRequestFacts,
) -> Meaning:
    terms = wanted.terms
    duration, renew_before = _times(wanted)
    return Meaning(
        subject=wanted.identity,
        profile=structs.replace(
            templates.profile(terms.template, facts.algorithm),
            issuer=str.__str__(terms.issuer.identity.name),
            subject=subject,
            names=names,
            duration=duration,
            spki=facts.spki_der,
        ),
        renew_before=renew_before,
        template=str.__str__(terms.template.name),
        suspended=wanted.spec.suspend,
        resume_after=plain(wanted.spec.resume_after),
        origin=at(wanted.service, "metadata", "name"),
    )
