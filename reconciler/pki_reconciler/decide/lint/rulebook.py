"""Which rules an object has to pass: all of its folder, and those of the second judge."""

from __future__ import annotations

from collections.abc import Callable

from pki_reconciler.chain import AnswerFacts, CertificateFacts, CrlFacts, Rule
from pki_reconciler.decide.lint import answers, certificates, crls
from pki_reconciler.decide.lint.alike import alike
from pki_reconciler.decide.lint.contexts import AnswerContext, CertificateContext, CrlContext
from pki_reconciler.decide.lint.pkix import rules as pkix
from pki_reconciler.decide.lint.pkix.sample import Sample
from pki_reconciler.decide.lint.shared import SharedRule, once

CERTIFICATE_RULES: tuple[Callable[[CertificateContext], Rule[CertificateFacts]], ...] = (
    certificates.readable,
    certificates.serial,
    certificates.signature_algorithm,
    certificates.issuer_name,
    certificates.own_name,
    certificates.shared_name,
    certificates.key_identifiers,
    certificates.alternative_names,
    certificates.name_grammar,
    certificates.subtrees,
    certificates.public_key,
    certificates.subject_name,
)
SHARED_CERTIFICATE_RULES: tuple[Callable[[CertificateContext], SharedRule], ...] = (
    certificates.validity,
    certificates.issuer_validity,
    certificates.basic_constraints,
    certificates.key_usage,
    certificates.path_length,
    certificates.extended_key_usage,
    certificates.issuer_purposes,
    certificates.ocsp_signing,
    certificates.pointers,
    certificates.policies,
    certificates.name_constraints,
    certificates.known_extensions,
)
CRL_RULES: tuple[Callable[[CrlContext], Rule[CrlFacts]], ...] = (
    crls.readable,
    crls.issuer,
    crls.number,
    crls.this_update,
    crls.next_update,
    crls.complete,
    crls.entries,
    crls.reasons,
    crls.scope,
    crls.kept_expired,
)
ANSWER_RULES: tuple[Callable[[AnswerContext], Rule[AnswerFacts]], ...] = (
    answers.readable,
    answers.single,
    answers.certificate_id,
    answers.responder,
    answers.times,
    answers.status,
)


def certificate_rules(
    context: CertificateContext, sample: Sample
) -> tuple[Rule[CertificateFacts], ...]:
    """Our rules for certificates of one issuer at one instant, and pkilint on the sample."""
    return (
        *(rule(context) for rule in CERTIFICATE_RULES),
        once([rule(context) for rule in SHARED_CERTIFICATE_RULES]),
        pkix.certificate(context, sample),
    )


def crl_rules(context: CrlContext, sample: Sample) -> tuple[Rule[CrlFacts], ...]:
    """Our rules for the next CRL of one issuer, and pkilint on the sample."""
    return (*(rule(context) for rule in CRL_RULES), pkix.crl(context, sample))


def answer_rules(context: AnswerContext, sample: Sample) -> tuple[Rule[AnswerFacts], ...]:
    """Our rules for answers of one responder at one instant, and pkilint on the sample."""
    ours = [rule(context) for rule in ANSWER_RULES]
    return (alike(context, ours), pkix.answer(context, sample))
