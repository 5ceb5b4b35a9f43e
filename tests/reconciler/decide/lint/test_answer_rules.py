"""One bad OCSP answer per rule, most of them accepted by every client tried; and good ones."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import ocsp

from pki_reconciler.chain import Linted, lint
from pki_reconciler.decide.build import GOOD as STATUS_GOOD
from pki_reconciler.decide.build import CertificateStatus, build_answer, capture
from pki_reconciler.decide.lint import answer_rules, rulebook
from pki_schema.x509 import der
from pki_schema.x509.algorithms import ALGORITHMS
from tests.reconciler.decide.samples import EVERY_ONE, NOTHING

HOUR = timedelta(hours=1)
SEQUENCE = 0x30


@pytest.fixture(scope="module")
def at(world, root, services, responder, answer_context, tampering):
    return SimpleNamespace(
        world=world,
        root=root,
        services=services,
        responder=responder,
        context=answer_context,
        tampering=tampering,
    )


def built(at, *, issuer=None, responder=None, **changes):
    values = {
        "serial": 77,
        "status": STATUS_GOOD,
        "algorithm": "sha1",
        "now": at.world.now,
        "validity": 4 * 86_400,
    }
    return build_answer(issuer or at.services, responder or at.responder, **values | changes)


def answered_by(at, meaning, issuer):
    """An answer by another responder, who is the expected one."""
    other = at.world.finished(at.world.unsigned(meaning, issuer))
    return built(at, responder=other), replace(at.context, responder=other)


def twice(at):
    """The same single response two times: ResponseData { responderID, producedAt, responses }."""
    unsigned = built(at)
    responder, produced, responses = der.elements(unsigned.tbs)
    (single,) = der.elements(responses)
    tbs = der.tlv(SEQUENCE, responder + produced + der.tlv(SEQUENCE, single + single))
    return at.tampering.answer(unsigned, tbs), at.context


def with_nonce(at):
    """Built by pyca with a nonce; producedAt is set right afterwards."""
    unsigned = built(at)
    certificate = x509.load_der_x509_certificate(at.responder)
    read = ocsp.load_der_ocsp_response(unsigned.draft)
    response = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            read.issuer_name_hash,
            read.issuer_key_hash,
            77,
            read.hash_algorithm,
            ocsp.OCSPCertStatus.GOOD,
            unsigned.facts.this_update,
            unsigned.facts.next_update,
            None,
            None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
        .add_extension(x509.OCSPNonce(bytes(32)), critical=False)
        .sign(capture(certificate.public_key()), ALGORITHMS["P-256"].digest)
    )
    parts = der.elements(response.tbs_response_bytes)
    produced = der.elements(unsigned.tbs)[1]
    tbs = der.tlv(SEQUENCE, parts[0] + produced + b"".join(parts[2:]))
    return at.tampering.answer(unsigned, tbs), at.context


def produced_later(at):
    unsigned = built(at)
    responder, produced, responses = der.elements(unsigned.tbs)
    later = der.tlv(produced[0], (at.world.now + HOUR).strftime("%Y%m%d%H%M%SZ").encode())
    tbs = der.tlv(SEQUENCE, responder + later + responses)
    return at.tampering.answer(unsigned, tbs), at.context


def revoked(at, **changes):
    status = CertificateStatus(at.world.now - HOUR, "keyCompromise")
    return replace(at.context, statuses={77: replace(status, **changes)})


GOOD = {
    "good, hashed with SHA-1": lambda at: (built(at), at.context),
    "good, hashed with SHA-256": lambda at: (built(at, algorithm="sha256"), at.context),
    "revoked": lambda at: (
        built(at, status=CertificateStatus(at.world.now - HOUR, "keyCompromise")),
        revoked(at),
    ),
    "revoked for no particular reason": lambda at: (
        built(at, status=CertificateStatus(at.world.now - HOUR, "unspecified")),
        revoked(at, reason="unspecified"),
    ),
}

BAD = {
    "PKI5201 signed by another key": lambda at: (
        replace(built(at), signer=at.services.spki),
        at.context,
    ),
    "PKI5201 other bytes than those linted": lambda at: (
        replace(built(at), tbs=built(at, serial=78).tbs),
        at.context,
    ),
    "PKI5201 an octet after the end": lambda at: (
        replace(built(at), draft=built(at).draft + b"\0"),
        at.context,
    ),
    "PKI5202 two answers": twice,
    "PKI5202 somebody's nonce": with_nonce,
    "PKI5203 about another issuer's certificate": lambda at: (
        replace(built(at, issuer=at.root), facts=built(at).facts),
        at.context,
    ),
    "PKI5203 about another serial": lambda at: (
        replace(built(at, serial=78), facts=built(at).facts),
        at.context,
    ),
    "PKI5204 certified by another CA": lambda at: answered_by(
        at, at.world.responder_meaning(), at.root
    ),
    "PKI5204 not for OCSP": lambda at: answered_by(at, at.world.leaf_meaning(), at.services),
    "PKI5204 its status would have to be asked": lambda at: answered_by(
        at, at.world.responder_meaning(ocsp_no_check=False), at.services
    ),
    "PKI5204 not the one that is expected": lambda at: (
        built(at),
        replace(
            at.context,
            responder=at.world.finished(
                at.world.unsigned(
                    at.world.responder_meaning(),
                    at.services,
                    public_key=x509.load_der_x509_certificate(at.responder).public_key(),
                )
            ),
        ),
    ),
    "PKI5205 from the past": lambda at: (
        built(at, now=at.world.now - timedelta(minutes=1)),
        at.context,
    ),
    "PKI5205 produced in the future": produced_later,
    "PKI5205 valid for longer than declared": lambda at: (
        built(at, validity=4 * 86_400 + 1),
        at.context,
    ),
    "PKI5206 good though it is revoked": lambda at: (built(at), revoked(at)),
    "PKI5206 good though it was never issued": lambda at: (built(at, serial=78), at.context),
    "PKI5206 revoked for another reason": lambda at: (
        built(at, status=CertificateStatus(at.world.now - HOUR, "superseded")),
        revoked(at),
    ),
}


@pytest.mark.parametrize("vector", GOOD.values(), ids=GOOD)
def test_good(at, vector):
    unsigned, context = vector(at)
    verdict = lint(unsigned, answer_rules(context, EVERY_ONE))
    assert isinstance(verdict, Linted), verdict.findings


@pytest.mark.parametrize("name", BAD)
def test_bad(at, name):
    unsigned, context = BAD[name](at)
    verdict = lint(unsigned, answer_rules(context, NOTHING))
    assert not isinstance(verdict, Linted)
    assert {finding.code for finding in verdict.findings} == {name[:7]}, verdict.findings


def test_every_rule_has_a_bad_vector():
    expected = {f"PKI52{n:02}" for n in range(1, len(rulebook.ANSWER_RULES) + 1)}
    assert {name[:7] for name in BAD} == expected


def other_serials(at, *serials):
    """Rules at work: an answer about 77 has passed, and others are known to exist."""
    rules = answer_rules(
        replace(at.context, statuses=dict.fromkeys((77, *serials), STATUS_GOOD)), NOTHING
    )
    assert isinstance(lint(built(at), rules), Linted)
    return rules


@pytest.mark.parametrize("name", BAD)
def test_bad_after_a_good_one(at, name):
    """What one answer was found to be says nothing about another one."""
    unsigned, context = BAD[name](at)
    rules = answer_rules(context, NOTHING)
    for serial in context.statuses:
        lint(built(at, serial=serial), rules)
    verdict = lint(unsigned, rules)
    assert not isinstance(verdict, Linted)
    assert {finding.code for finding in verdict.findings} == {name[:7]}, verdict.findings


@pytest.mark.parametrize("serial", [76, 78, 127, 128, 2**158 + 1])
def test_good_after_a_good_one(at, serial):
    verdict = lint(built(at, serial=serial), other_serials(at, serial))
    assert isinstance(verdict, Linted), verdict.findings


def test_no_octet_is_overlooked_after_a_good_one(at):
    """Whatever octet is another one, in the draft or in what would be signed."""
    rules = other_serials(at, 78)
    unsigned = built(at, serial=78)
    for field in ("draft", "tbs"):
        octets = getattr(unsigned, field)
        for place in range(len(octets)):
            changed = octets[:place] + bytes([octets[place] ^ 1]) + octets[place + 1 :]
            try:
                verdict = lint(replace(unsigned, **{field: changed}), rules)
            except UnsupportedAlgorithm:  # a hash that has no name
                continue
            # The constant in place of the signature is nothing that gets signed.
            in_signature = field == "draft" and _said(changed) == unsigned.tbs
            assert not isinstance(verdict, Linted) or in_signature, place


def _said(draft):
    try:
        return ocsp.load_der_ocsp_response(draft).tbs_response_bytes
    except ValueError:
        return None


def test_what_goes_along_is_not_overlooked_after_a_good_one(at):
    unsigned = built(at, serial=78)
    for changes in (
        {"signer": at.services.spki},
        {"key_algorithm": "P-384"},
        {"algorithm": unsigned.algorithm + b"\0"},
        {"certificates": ()},
        {"facts": replace(unsigned.facts, issuer=at.root.spki)},
        {"facts": replace(unsigned.facts, serial=77)},
        {"facts": replace(unsigned.facts, algorithm="sha256")},
        {"facts": replace(unsigned.facts, this_update=at.world.now - HOUR)},
        {"facts": replace(unsigned.facts, next_update=at.world.now + HOUR)},
    ):
        verdict = lint(replace(unsigned, **changes), other_serials(at, 78))
        assert not isinstance(verdict, Linted), changes
