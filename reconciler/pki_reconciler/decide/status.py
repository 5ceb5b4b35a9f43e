"""Which CRLs and OCSP answers are to be signed: what is due, and what other actions ask for."""

from __future__ import annotations

from collections.abc import Sequence

from pki_schema.desired import Identity, authority_identity
from pki_schema.issued import CertificateState, IssuedAuthority, IssuedCertificate, Touched
from pki_schema.planned import Action, Cause, CertificateRef, Verb, Wave

CERTIFYING = frozenset({Verb.ISSUE, Verb.RENEW, Verb.REISSUE})


def status_actions(actions: Sequence[Action], touched: Touched) -> tuple[Action, ...]:
    """One ``sign-crl`` and one ``sign-answers`` per CA generation that needs them."""
    return (*_crls(actions, touched), *_answers(actions, touched))


def expiries(touched: Touched) -> tuple[Action, ...]:
    """Certificates whose notAfter has passed, per CA generation: their status ends."""
    by_issuer: dict[str, list[IssuedCertificate]] = {}
    for certificate in touched.expiring:
        by_issuer.setdefault(certificate.issuer, []).append(certificate)
    return tuple(
        Action(
            wave=Wave.STATUS,
            verb=Verb.EXPIRE,
            subject=_generation(touched.authorities[issuer]),
            cause=Cause.CLOCK,
            reason=f"{_certificates(len(certificates))} past notAfter",
            certificates=_refs(certificates),
        )
        for issuer, certificates in sorted(by_issuer.items())
        if issuer in touched.authorities
    )


def _crls(actions: Sequence[Action], touched: Touched) -> list[Action]:
    wanted: dict[Identity, tuple[Cause, str]] = {}
    for issuer in touched.crls_due:
        if issuer in touched.authorities:
            authority = touched.authorities[issuer]
            first = authority.crl is None
            wanted[_generation(authority)] = (Cause.CLOCK, "first CRL" if first else "due")
    for action in actions:
        if action.wave is Wave.AUTHORITY and action.verb is Verb.ISSUE:
            wanted[action.subject] = (action.cause, "first CRL")
        for certificate in _restated(action):
            if certificate.issuer in touched.authorities:
                generation = _generation(touched.authorities[certificate.issuer])
                reason = "release" if action.verb is Verb.RELEASE else "revocation"
                wanted[generation] = (action.cause, reason)
    return [
        Action(wave=Wave.STATUS, verb=Verb.SIGN_CRL, subject=subject, cause=cause, reason=reason)
        for subject, (cause, reason) in wanted.items()
    ]


def _answers(actions: Sequence[Action], touched: Touched) -> list[Action]:
    due: dict[Identity, set[CertificateRef]] = {}
    fresh: dict[Identity, int] = {}
    newest: dict[str, Identity | None] = {}
    for certificate in touched.answers_due:
        if certificate.issuer in touched.authorities:
            subject = _generation(touched.authorities[certificate.issuer])
            due.setdefault(subject, set()).update(_refs([certificate]))
    for action in actions:
        if action.wave is Wave.REVOCATION:
            for ref in _restated(action):
                authority = touched.authorities.get(ref.issuer)
                if authority and _answers_for(authority):
                    due.setdefault(_generation(authority), set()).add(ref)
        elif action.wave is Wave.LEAF and action.verb in CERTIFYING and action.meaning:
            issuer = action.meaning.profile.issuer
            if issuer not in newest:
                newest[issuer] = _newest(issuer, actions, touched)
            if generation := newest[issuer]:
                fresh[generation] = fresh.get(generation, 0) + 1
    return [
        Action(
            wave=Wave.STATUS,
            depth=1,  # after every CRL: an answer must never be newer than the list it mirrors
            verb=Verb.SIGN_ANSWERS,
            subject=subject,
            cause=Cause.CLOCK,
            reason=_certificates(len(due.get(subject, ())) + fresh.get(subject, 0)),
            certificates=tuple(sorted(due.get(subject, ()))),
        )
        for subject in sorted(due.keys() | fresh.keys())
    ]


def _restated(action: Action) -> tuple[CertificateRef, ...]:
    """The certificates of which CRLs and answers have to say something else."""
    if action.verb is Verb.REVOKE:
        return action.certificates  # what was on hold gets another reason
    return action.changed if action.verb in (Verb.HOLD, Verb.RELEASE) else ()


def _certificates(count: int) -> str:
    return f"{count} certificate{'' if count == 1 else 's'}"


def _newest(name: str, actions: Sequence[Action], touched: Touched) -> Identity | None:
    """The CA generation that new certificates of a CA will come from, if it answers OCSP."""
    planned = [
        a.meaning.authority
        for a in actions
        if a.wave is Wave.AUTHORITY and a.meaning and a.meaning.authority
    ]
    settings = [
        *(s for s in planned if s.name == name),
        *(a.meaning.authority for a in touched.authorities.values() if a.name == name),
    ]
    known = [s for s in settings if s is not None and s.ocsp.mode == "presigned"]
    latest = max(known, key=lambda s: s.generation, default=None)
    return authority_identity(latest.name, latest.generation) if latest else None


def _answers_for(authority: IssuedAuthority) -> bool:
    settings = authority.meaning.authority
    return (
        settings is not None
        and settings.ocsp.mode == "presigned"
        and authority.certificate.state is not CertificateState.EXPIRED
    )


def _generation(authority: IssuedAuthority) -> Identity:
    return authority_identity(authority.name, authority.generation)


def _refs(certificates: Sequence[IssuedCertificate]) -> tuple[CertificateRef, ...]:
    return tuple(sorted(CertificateRef(c.issuer, f"{c.serial:x}", c.subject) for c in certificates))
