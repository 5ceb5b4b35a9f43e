"""The proof that the linter speaks up: known-bad objects that it must refuse, each for each reason.

A linter that has gone silent (a library changed, severities read the wrong way round, a rule book
emptied) passes everything and looks as if all were well. So it is shown faults before it is
trusted with anything else. The objects are constants: no builder of ours has a part in them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import TypeVar

from cryptography import x509

from pki_reconciler.chain import (
    AnswerFacts,
    CertificateFacts,
    CrlFacts,
    F,
    Linted,
    Rule,
    Unsigned,
    lint,
)
from pki_reconciler.decide.build.answer import GOOD
from pki_reconciler.decide.build.issuer import Issuer
from pki_reconciler.decide.lint.contexts import AnswerContext, CertificateContext, CrlContext
from pki_reconciler.decide.lint.pkix.sample import Sample
from pki_reconciler.decide.lint.rulebook import answer_rules, certificate_rules, crl_rules
from pki_schema.desired import AuthoritySettings, Identity, Meaning, Profile
from pki_schema.errors import Position
from pki_schema.instants import Instant, parse
from pki_schema.kinds.parts import CrlSettings, OcspSettings
from pki_schema.x509 import der

CERTIFICATE = base64.b64decode(
    "MIIBmDCCAT2gAwIBAgIBATAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZjYW5hcnkwIBcNMjYwMTAxMDAwMDAw"
    "WhgPMjEzNTA3MDkwMDAwMDBaMBExDzANBgNVBAMMBmNhbmFyeTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA"
    "BI5TO2+gv3tGJbswZnwB+2B++fi4qA/vWzAGKHAxh7Kjc+sdveAzGDZtBp+DpvWQAFPHNjPLBBshxV4ahsH0"
    "ALSjgYMwgYAwCQYDVR0TBAIwADALBgNVHQ8EBAMCAgQwEgYDVR0lAQH/BAgwBgYEVR0lADAPBgNVHREECDAG"
    "ggRhLi5iMB0GA1UdDgQWBBQxMTExMTExMTExMTExMTExMTExMTAiBgNVHSMBAf8EGDAWgBQyMjIyMjIyMjIy"
    "MjIyMjIyMjIyMjAKBggqhkjOPQQDAgNJADBGAiEAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAC"
    "IQCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
)
"""No CA but may sign certificates, in a key usage that is not critical; a DNS name with an empty
label; any extended key usage; another key's identifier, critical; serial 1; 109 years.
"""

CRL = base64.b64decode(
    "MIHTMHoCAQEwCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGY2FuYXJ5Fw0yNjAxMDEwMDAwMDBaFw0yNjAxMDIw"
    "MDAwMDBaMCUwIwIBBRcNMjYwMTAxMDAwMDAwWjAPMA0GA1UdFQEB/wQDCgEAoBEwDzANBgNVHRQBAf8EAwIB"
    "ATAKBggqhkjOPQQDAgNJADBGAiEAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACIQCAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
)
"""Without authority key identifier, its number critical, an entry with a critical reason 0."""

ANSWER = base64.b64decode(
    "MIIBHAoBAKCCARUwggERBgkrBgEFBQcwAQEEggECMIH/MIGlohYEFMzSs+r1kIhpsKHqyD1tiVmGMZvNGA8y"
    "MDI2MTEyNDAwMTEzNFowejB4MDowCQYFKw4DAhoFAAQUUmX35bDIlW0bl3GQP9vE3/FgYZsEFMzSs+r1kIhp"
    "sKHqyD1tiVmGMZvNAgEBoRYYDzIwMjYwMTAxMDAwMDAwWqADCgEAGA8yMDI2MDEwMTAwMDAwMFqgERgPMjAy"
    "NTAxMDIwMDAwMDBaMAoGCCqGSM49BAMCA0kAMEYCIQCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAIhAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""Its nextUpdate lies a year before its thisUpdate; revoked where the ledger says good."""

_SAID_BY_PKILINT = {
    "certificate": (
        "pkilint pkix.ee_certificate_keycertsign_keyusage_set",  # an ERROR
        "pkilint pkix.key_usage_extension_not_critical",  # a WARNING
        "pkilint pkix.issuer_and_subject_key_identifier_not_equal",
    ),
    "CRL": (
        "pkilint pkix.authority_key_identifier_missing",
        "pkilint pkix.crl_reason_code_extension_critical",
    ),
    "OCSP answer": ("pkilint pkix.ocsp_negative_validity_period",),
}
_SAID_BY_US = {
    "certificate": ("PKI5002", "PKI5009", "PKI5010", "PKI5011", "PKI5013", "PKI5017"),
    "CRL": ("PKI5102", "PKI5103", "PKI5107", "PKI5108"),
    "OCSP answer": ("PKI5204", "PKI5205", "PKI5206"),
}


def unnoticed() -> tuple[str, ...]:
    """The seeded faults that pass; empty when the linter is awake."""
    now = parse("2026-01-01T00:00:00Z")
    return (
        *_passed("certificate", _certificate(now), certificate_rules(_below_itself(now), _ALL)),
        *_passed("CRL", _crl(now), crl_rules(CrlContext(now=now, issuer=_issuer()), _ALL)),
        *_passed("OCSP answer", _answer(now), answer_rules(_answering(now), _ALL)),
    )


def _passed(name: str, unsigned: Unsigned[F], rules: Sequence[Rule[F]]) -> Iterator[str]:
    verdict = lint(unsigned, rules)
    findings = () if isinstance(verdict, Linted) else verdict.findings
    codes = {finding.code for finding in findings}
    for code in _SAID_BY_US[name]:
        if code not in codes:
            yield f"{name}: {code} was not found"
    for remark in _SAID_BY_PKILINT[name]:
        if not any(finding.message.startswith(f"{remark} ") for finding in findings):
            yield f"{name}: {remark} was not found"


_Facts = TypeVar("_Facts", CertificateFacts, CrlFacts, AnswerFacts)

_ALL = Sample(0, b"")
"""Every object is judged."""

_PROFILE = Profile(issuer="", subject=(), duration=86_400, key_algorithm="P-256")
_MEANING = Meaning(
    subject=Identity("Certificate", "", "canary"),
    profile=_PROFILE,
    renew_before=0,
    origin=Position("canary"),
)
_SETTINGS = AuthoritySettings(
    name="canary",
    generation=1,
    parent="",
    depth=0,
    issues_for=0,
    base_urls=(),
    crl=CrlSettings(),
    ocsp=OcspSettings(),
    offline=False,
    lifecycle="active",
)


def _issuer() -> Issuer:
    return Issuer.with_certificate(x509.load_der_x509_certificate(CERTIFICATE), _SETTINGS)


def _below_itself(now: Instant) -> CertificateContext:
    return CertificateContext(now=now, issuer=_issuer())


def _answering(now: Instant) -> AnswerContext:
    return AnswerContext(now=now, issuer=_issuer(), responder=CERTIFICATE, statuses={1: GOOD})


def _certificate(now: Instant) -> Unsigned[CertificateFacts]:
    facts = CertificateFacts(
        issuer="",
        serial=1,
        subject=_MEANING.subject,
        meaning=_MEANING,
        spki="",
        not_before=now,
        not_after=now,
        cause="",
        reason="",
    )
    tbs, algorithm = der.taken_apart(CERTIFICATE)
    return _unsigned(facts, CERTIFICATE, tbs, algorithm)


def _crl(now: Instant) -> Unsigned[CrlFacts]:
    facts = CrlFacts(issuer="", number=2, this_update=now, next_update=now, regular=True)
    tbs, algorithm = der.taken_apart(CRL)
    return _unsigned(facts, CRL, tbs, algorithm)


def _answer(now: Instant) -> Unsigned[AnswerFacts]:
    facts = AnswerFacts(issuer="", serial=1, algorithm="sha1", this_update=now, next_update=now)
    return _unsigned(facts, ANSWER, b"", b"")


def _unsigned(facts: _Facts, draft: bytes, tbs: bytes, algorithm: bytes) -> Unsigned[_Facts]:
    return Unsigned(
        facts=facts, draft=draft, tbs=tbs, algorithm=algorithm, signer="", key_algorithm="P-256"
    )
