"""From objects to certificates wanted: one ``Meaning`` per subject, or a subject that waits."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from operator import itemgetter

from pki_schema.desired import (
    SUBJECT_KINDS,
    DesiredState,
    Identity,
    Meaning,
    Resolved,
)
from pki_schema.errors import Position, Problem, Severity, in_reading_order
from pki_schema.kinds import CertificateAuthoritySpec, TenantSpec
from pki_schema.load.authorities import resolve_authority
from pki_schema.load.inherit import Templates
from pki_schema.load.leaves import Waiting, resolve_certificates
from pki_schema.load.links import authority, certificate_names
from pki_schema.load.tree import at
from pki_schema.load.wanted import Offers

OVER_QUOTA = "PKI4040"
SHARED_KEY = "PKI4030"


def resolve(state: DesiredState, subjects: Collection[Identity] | None = None) -> Resolved:
    """Resolve all services and CAs, or those among ``subjects``.

    ``subjects`` are objects; the identity of a certificate stands for the object that declares it.
    The state must hold what they reach by ``references_of``, and their CSRs. What a broken
    reference touches is left out without a word here: ``check_references`` says it.
    """
    wanted = None if subjects is None else frozenset(_declaring(s) for s in subjects)
    offers = Offers(state, Templates(state))
    meanings: dict[Identity, Meaning] = {}
    pending: dict[Identity, Position] = {}
    problems: list[Problem] = []
    for found in _resolved(offers, wanted):
        match found:
            case Meaning():
                meanings[found.subject] = found
            case Waiting():
                pending[found.identity] = found.position
            case Problem():
                problems.append(found)
    problems += _shared_keys(meanings.values())
    problems += _over_quota(state, wanted)
    problems += _without_service(state, wanted)
    return Resolved(meanings=meanings, pending=pending, problems=in_reading_order(problems))


def _declaring(subject: Identity) -> Identity:
    """The object that declares a subject; an object declares itself."""
    if subject.kind not in SUBJECT_KINDS:
        return subject
    name = subject.name.partition("/")[0]
    return Identity("Service", subject.tenant, name) if subject.tenant else authority(name)


def _resolved(
    offers: Offers, wanted: frozenset[Identity] | None
) -> Iterator[Meaning | Waiting | Problem]:
    state = offers.state
    judged = [
        declared
        for identity, declared in sorted(state.objects.items(), key=itemgetter(0))
        if wanted is None or identity in wanted
    ]
    for declared in judged:
        if isinstance(declared.spec, CertificateAuthoritySpec):
            yield from resolve_authority(state, offers.templates, declared, declared.spec)
    yield from resolve_certificates(offers, judged)


def _shared_keys(meanings: Iterable[Meaning]) -> Iterator[Problem]:
    """One key, one subject: else revoking one identity's key would take the other's (PKI4030)."""
    by_key: defaultdict[bytes, list[Meaning]] = defaultdict(list)
    for meaning in meanings:
        if meaning.profile.spki is not None:
            by_key[meaning.profile.spki].append(meaning)
    for spki, group in by_key.items():
        for meaning in group:
            other = next((m for m in group if m.subject != meaning.subject), None)
            if other is not None:
                digest = hashlib.sha256(spki).hexdigest()[:16]
                message = f"{meaning.subject} has the key {digest}… of {other.subject}"
                hint = f"make a key for each; the other is declared at {other.origin}"
                yield Problem(meaning.origin, SHARED_KEY, message, hint)


def _over_quota(state: DesiredState, wanted: frozenset[Identity] | None) -> Iterator[Problem]:
    counts = Counter(
        declared.identity.tenant
        for declared in state.objects.values()
        for _ in certificate_names(declared)
    )
    for identity, owner in sorted(state.objects.items(), key=itemgetter(0)):
        if not isinstance(owner.spec, TenantSpec) or not _concerned(identity, wanted):
            continue
        count, quota = counts[identity.name], owner.spec.quotas.certificates
        if count > quota:
            position = at(owner, "spec", "quotas", "certificates")
            message = (
                f'tenant "{identity.name}" declares {count} certificates; its quota is {quota}'
            )
            yield Problem(position, OVER_QUOTA, message)


def _concerned(tenant: Identity, wanted: frozenset[Identity] | None) -> bool:
    return wanted is None or any(i == tenant or i.tenant == tenant.name for i in wanted)


def _without_service(state: DesiredState, wanted: frozenset[Identity] | None) -> Iterator[Problem]:
    """CSRs that no service asks for: harmless, and most often a misspelt file name."""
    if wanted is not None:
        return
    declared = {
        (o.identity.tenant, o.identity.name, name)
        for o in state.objects.values()
        for name in certificate_names(o)
    }
    for _, request in sorted(state.requests.items()):
        if Identity("Service", request.tenant, request.service) in state.unreadable:
            continue
        if (request.tenant, request.service, request.certificate) not in declared:
            message = (
                f'no service declares the certificate "{request.service}/{request.certificate}"'
            )
            position = Position(request.path)
            yield Problem(position, "PKI3032", message, severity=Severity.WARNING)
