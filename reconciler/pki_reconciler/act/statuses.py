"""CRLs and OCSP answers: what is due is built, linted, intended, signed and recorded.

Work is taken from the ledger rather than from the plan's list, because the waves before this one
have added to it: a new certificate's first answer is due the moment it is recorded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from pki_reconciler.act import units
from pki_reconciler.act.cycle import BATCH, Cycle
from pki_reconciler.chain import AnswerFacts, Intended, Linted, Rejected, Signed, Signer, lint, sign
from pki_reconciler.decide.build import (
    Issuer,
    build_answer,
    build_crl,
    entries_for,
    next_number,
    status_of,
)
from pki_reconciler.decide.lint import (
    AnswerContext,
    CrlContext,
    Sample,
    answer_rules,
    crl_rules,
)
from pki_reconciler.ledger.records import AnswersIssued, CrlIssued
from pki_schema.desired import AuthoritySettings, authority_identity
from pki_schema.errors import WorldFailed
from pki_schema.issued import (
    CertificateState,
    IssuedAnswer,
    IssuedAuthority,
    IssuedCertificate,
    IssuedCrl,
)
from pki_schema.planned import Held

FULL = "*"
"""The scope of a full CRL: everything its issuer signed."""

ALGORITHMS = ("sha1", "sha256")


def refresh(cycle: Cycle) -> None:
    """Sign every CRL that is due, roots first, then every answer that is due.

    A key that is not there (an offline root's, say) keeps nobody else's status waiting.
    """
    touched = cycle.ledger.reader.touched(cycle.now)
    due = [touched.authorities[i] for i in touched.crls_due if i in touched.authorities]
    sample = cycle.sample(len(due))
    for authority in sorted(due, key=lambda a: (_settings(a).depth, a.name, a.generation)):
        with cycle.going_on():
            _crl(cycle, authority, sample)
    authorities = cycle.authorities()
    by_issuer: dict[str, list[IssuedCertificate]] = {}
    for certificate in touched.answers_due:
        by_issuer.setdefault(certificate.issuer, []).append(certificate)
    sample = cycle.sample(len(touched.answers_due) * len(ALGORITHMS))
    for issuer, certificates in sorted(by_issuer.items()):
        with cycle.going_on():
            _answers(cycle, authorities, authorities[issuer], certificates, sample)


def _crl(cycle: Cycle, authority: IssuedAuthority, sample: Sample) -> None:
    settings = _settings(authority)
    previous = authority.crl
    regular = previous is None or _is_scheduled(cycle, authority, previous)
    revoked = cycle.ledger.reader.revoked(authority.spki)
    unsigned = build_crl(
        Issuer.of(authority),
        entries=entries_for(
            revoked,
            previous_regular=previous.regular_at if previous else None,
            keep_expired=settings.crl.keep_expired,
        ),
        number=next_number(cycle.now, authority.last_number, settings.crl.number_floor),
        now=cycle.now,
        regular=regular,
    )
    context = CrlContext(
        now=cycle.now,
        issuer=Issuer.of(authority),
        predecessor=previous.der if previous else None,
        last_number=authority.last_number,
        may_leave=_may_leave(authority, revoked),
        released=frozenset(c.serial for c in cycle.ledger.reader.released(authority.spki)),
    )
    verdict = lint(unsigned, crl_rules(context, sample))
    if isinstance(verdict, Rejected):
        cycle.done.rejected.append(_refused(authority, verdict))
        return
    key = cycle.keys.open(authority.spki)
    with cycle.signing():
        intended = cycle.ledger.intend_crl(
            verdict, at=cycle.now, commit=cycle.commit, plan=cycle.plan
        )
        signed = sign(intended, key, verify=True)
    facts = signed.facts
    crl = IssuedCrl(
        issuer=authority.spki,
        number=facts.number,
        this_update=facts.this_update,
        next_update=facts.next_update,
        regular_at=cycle.now if regular or previous is None else previous.regular_at,
        der=signed.der,
    )
    record = CrlIssued(
        issuer=authority.spki,
        scope=FULL,
        number=facts.number,
        content_digest=hashlib.sha256(signed.der).hexdigest(),
    )
    with cycle.ledger.transaction(cycle.now) as transaction:
        transaction.append([record], commit=cycle.commit, plan=cycle.plan)
        transaction.put_statuses([crl])
        units.keep(
            cycle, transaction, units.crls_below(authority.spki, transaction.reader.authorities())
        )
    cycle.done.crls += 1


def _is_scheduled(cycle: Cycle, authority: IssuedAuthority, previous: IssuedCrl) -> bool:
    """Whether the clock alone would ask for this CRL now."""
    return (cycle.now - previous.this_update).total_seconds() >= _settings(authority).crl.refresh


def _may_leave(authority: IssuedAuthority, revoked: Sequence[IssuedCertificate]) -> frozenset[int]:
    """Serials that may be missing although the predecessor has them: seen once after their end."""
    if authority.crl is None or _settings(authority).crl.keep_expired:
        return frozenset()
    regular = authority.crl.regular_at
    return frozenset(c.serial for c in revoked if c.not_after < regular)


def _answers(
    cycle: Cycle,
    authorities: Mapping[str, IssuedAuthority],
    authority: IssuedAuthority,
    certificates: Sequence[IssuedCertificate],
    sample: Sample,
) -> None:
    """Answers for both CertID hashes, in batches of one intent each."""
    responder = authority.responder
    if responder is None:
        cycle.done.rejected.append(_no_responder(authority))
        return
    signer = Signer(cycle.keys.open(responder.spki))
    remaining = iter(certificates)
    while batch := list(islice(remaining, BATCH // len(ALGORITHMS))):
        linted = list(_linted(cycle, authority, responder, batch, sample))
        if not linted:
            continue
        with cycle.signing():
            intended = cycle.ledger.intend_answers(
                authority.spki, linted, at=cycle.now, commit=cycle.commit, plan=cycle.plan
            )
            # One sample a batch is verified; every answer is small, the key is a file key.
            signed = [signer.sign(item, verify=i == 0) for i, item in enumerate(intended)]
        _conclude(cycle, authorities, authority, intended[0], signed, batch)


def _linted(
    cycle: Cycle,
    authority: IssuedAuthority,
    responder: IssuedCertificate,
    certificates: Sequence[IssuedCertificate],
    sample: Sample,
) -> Iterator[Linted[AnswerFacts]]:
    issuer = Issuer.of(authority)
    statuses = {c.serial: status_of(c) for c in certificates}
    rules = answer_rules(
        AnswerContext(now=cycle.now, issuer=issuer, responder=responder.der, statuses=statuses),
        sample,
    )
    for serial, status in statuses.items():
        for algorithm in ALGORITHMS:
            unsigned = build_answer(
                issuer,
                responder.der,
                serial=serial,
                status=status,
                algorithm=algorithm,
                now=cycle.now,
                validity=_settings(authority).ocsp.validity,
            )
            verdict = lint(unsigned, rules)
            if isinstance(verdict, Rejected):
                cycle.done.rejected.append(_refused(authority, verdict))
            else:
                yield verdict


def _conclude(
    cycle: Cycle,
    authorities: Mapping[str, IssuedAuthority],
    authority: IssuedAuthority,
    intended: Intended[AnswerFacts],
    signed: Sequence[Signed[AnswerFacts]],
    certificates: Sequence[IssuedCertificate],
) -> None:
    answers = [
        IssuedAnswer(
            issuer=s.facts.issuer,
            serial=s.facts.serial,
            algorithm=s.facts.algorithm,
            this_update=s.facts.this_update,
            next_update=s.facts.next_update,
            der=s.der,
        )
        for s in signed
    ]
    digests = b"".join(hashlib.sha256(s.der).digest() for s in signed)
    record = AnswersIssued(
        issuer=authority.spki,
        intent=intended.seq,
        content_digest=hashlib.sha256(digests).hexdigest(),
        count=len(signed),
    )
    with cycle.ledger.transaction(cycle.now) as transaction:
        transaction.append([record], commit=cycle.commit, plan=cycle.plan)
        transaction.put_statuses(answers)
        units.keep(cycle, transaction, units.answers(authority, answers))
        with_der = transaction.reader.with_der(certificates)
        units.keep(
            cycle,
            transaction,
            units.stapled(transaction.reader, authorities, with_der, answers),
        )
    cycle.done.answers += len(signed)


def _settings(authority: IssuedAuthority) -> AuthoritySettings:
    settings = authority.meaning.authority
    if settings is None:
        raise WorldFailed(f"the ledger has no settings for {authority.name}")
    return settings


def _refused(authority: IssuedAuthority, rejected: Rejected) -> Held:
    return Held(
        code=rejected.findings[0].code,
        message=f"status of {authority.name}: {'; '.join(f.message for f in rejected.findings)}",
        remedy="the status published before stays; see the finding",
        origin=authority.meaning.origin,
        actions=(),
    )


def _no_responder(authority: IssuedAuthority) -> Held:
    subject = authority_identity(authority.name, authority.generation)
    state = CertificateState.VALID
    return Held(
        code="PKI6007",
        message=f"{subject} has no {state} OCSP responder, so its answers cannot be signed",
        remedy="see why the responder's certificate was not issued",
        origin=authority.meaning.origin,
        actions=(),
    )
