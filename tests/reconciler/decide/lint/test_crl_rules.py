"""One bad CRL per rule, most of them good to every foreign linter; and good ones."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from cryptography import x509

from pki_reconciler.chain import Linted, lint
from pki_reconciler.decide.build import CrlEntry, build_crl
from pki_reconciler.decide.lint import crl_rules, rulebook
from pki_schema.x509 import der
from tests.reconciler.decide.samples import EVERY_ONE, NOTHING

HOUR = timedelta(hours=1)
SEQUENCE = 0x30


@pytest.fixture(scope="module")
def at(world, root, services, crl_context, tampering):
    return SimpleNamespace(
        world=world, root=root, services=services, context=crl_context, tampering=tampering
    )


def built(at, *serials, issuer=None, **changes):
    entries = [CrlEntry(serial, at.world.now - HOUR, "keyCompromise") for serial in serials]
    values = {"entries": entries, "number": 5, "now": at.world.now, "regular": True}
    return build_crl(issuer or at.services, **values | changes)


def held(at, *serials, **changes):
    """On hold since an hour before."""
    since = at.world.now - HOUR
    entries = [CrlEntry(serial, since, "certificateHold") for serial in serials]
    return built(at, entries=entries, **changes)


def after_hold(at, *serials, **changes):
    """The context in which these were on hold on the CRL before."""
    before = held(at, *serials, number=4, now=at.world.now - HOUR)
    return replace(at.context, predecessor=before.draft, **changes)


def spoilt(at, *serials, **changes):
    return at.tampering.crl(built(at, *serials), at.services.public_key, **changes), at.context


def after(at, *serials, **changes):
    """The context in which a CRL with these serials, number 4, was published an hour ago."""
    before = built(at, *serials, number=4, now=at.world.now - HOUR)
    return replace(at.context, predecessor=before.draft, **changes)


def with_reason(at, reason):
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(9)
        .revocation_date(at.world.now)
        .add_extension(x509.CRLReason(reason), critical=False)
        .build()
    )
    return spoilt(at, entries=[entry])


def keeping(at):
    return at.world.with_crl(at.services, keep_expired=True)


GOOD = {
    "an empty one": lambda at: (built(at), at.context),
    "the first entries": lambda at: (built(at, 3, 7), at.context),
    "one more than before": lambda at: (built(at, 3, 7), after(at, 3)),
    "one has left": lambda at: (
        built(at, 7),
        after(at, 3, 7, may_leave=frozenset({3})),
    ),
    "one was released": lambda at: (built(at), after_hold(at, 3, released=frozenset({3}))),
    "one was released where expired ones are kept": lambda at: (
        built(at, issuer=keeping(at)),
        replace(after_hold(at, 3, released=frozenset({3})), issuer=keeping(at)),
    ),
    "one was released before and is on hold again": lambda at: (
        held(at, 3),
        after_hold(at, 3, released=frozenset({3})),
    ),
    "a hold became final": lambda at: (built(at, 3), after_hold(at, 3)),
    "one that keeps expired certificates": lambda at: (
        built(at, 3, issuer=keeping(at)),
        replace(at.context, issuer=keeping(at)),
    ),
    "a root's": lambda at: (
        built(at, 3, issuer=at.root),
        replace(at.context, issuer=at.root),
    ),
}

BAD = {
    "PKI5101 recorded under another issuer": lambda at: (
        replace(built(at), facts=replace(built(at).facts, issuer=at.root.spki)),
        at.context,
    ),
    "PKI5101 other bytes than those linted": lambda at: (
        replace(built(at), tbs=built(at, 3).tbs),
        at.context,
    ),
    "PKI5101 not DER": lambda at: (replace(built(at), draft=b"\x30\x00"), at.context),
    "PKI5102 another issuer's key identifier": lambda at: spoilt(
        at,
        drop=[x509.AuthorityKeyIdentifier],
        add=[(x509.AuthorityKeyIdentifier(at.root.ski, None, None), False)],
    ),
    "PKI5103 the number of its predecessor": lambda at: (built(at, number=4), after(at)),
    "PKI5103 below a number that was lost": lambda at: (
        built(at),
        replace(at.context, last_number=5),
    ),
    "PKI5103 no number": lambda at: spoilt(at, drop=[x509.CRLNumber]),
    "PKI5104 older than its predecessor": lambda at: (
        built(at, now=at.world.now - 2 * HOUR),
        replace(after(at), now=at.world.now - 2 * HOUR),
    ),
    "PKI5104 from the future": lambda at: (
        built(at, now=at.world.now + HOUR),
        at.context,
    ),
    "PKI5105 valid for longer than declared": lambda at: (
        built(at),
        replace(at.context, issuer=at.world.with_crl(at.services, validity=86_400)),
    ),
    "PKI5106 an entry got lost": lambda at: (built(at, 7), after(at, 3, 7)),
    "PKI5106 an expired entry got lost where all are kept": lambda at: (
        built(at, 7, issuer=keeping(at)),
        replace(after(at, 3, 7, may_leave=frozenset({3})), issuer=keeping(at)),
    ),
    "PKI5106 a hold ended that nobody released": lambda at: (built(at), after_hold(at, 3)),
    "PKI5106 another one was released": lambda at: (
        held(at, 4),
        after_hold(at, 3, 4, released=frozenset({4})),
    ),
    "PKI5106 released although it was final": lambda at: (
        built(at),
        after(at, 3, released=frozenset({3})),
    ),
    "PKI5106 final, and now only on hold": lambda at: (
        held(at, 3),
        after(at, 3, released=frozenset({3})),
    ),
    "PKI5106 nobody knows what was there": lambda at: (
        built(at),
        replace(at.context, predecessor=b"\x30\x00"),
    ),
    "PKI5107 a serial twice": lambda at: (built(at, 3, 3), at.context),
    "PKI5107 revoked in the future": lambda at: (
        built(at, entries=[CrlEntry(3, at.world.now + HOUR)]),
        at.context,
    ),
    "PKI5108 unspecified": lambda at: with_reason(at, x509.ReasonFlags.unspecified),
    "PKI5108 removed": lambda at: with_reason(at, x509.ReasonFlags.remove_from_crl),
    "PKI5109 a delta": lambda at: spoilt(at, add=[(x509.DeltaCRLIndicator(1), True)]),
    "PKI5109 for users only": lambda at: spoilt(
        at,
        add=[
            (
                x509.IssuingDistributionPoint(None, None, True, False, None, False, False),
                True,
            )
        ],
    ),
    "PKI5110 it does not say that it keeps": lambda at: (
        built(at),
        replace(at.context, issuer=keeping(at)),
    ),
    "PKI5110 it says so and does not": lambda at: (
        built(at, issuer=keeping(at)),
        at.context,
    ),
}


@pytest.mark.parametrize("vector", GOOD.values(), ids=GOOD)
def test_good(at, vector):
    unsigned, context = vector(at)
    verdict = lint(unsigned, crl_rules(context, EVERY_ONE))
    assert isinstance(verdict, Linted), verdict.findings


@pytest.mark.parametrize("name", BAD)
def test_bad(at, name):
    unsigned, context = BAD[name](at)
    verdict = lint(unsigned, crl_rules(context, NOTHING))
    assert not isinstance(verdict, Linted)
    assert {finding.code for finding in verdict.findings} == {name[:7]}, verdict.findings


def test_every_rule_has_a_bad_vector():
    expected = {f"PKI51{n:02}" for n in range(1, len(rulebook.CRL_RULES) + 1)}
    assert {name[:7] for name in BAD} == expected


def test_an_empty_list_is_refused(at):
    """RFC 5280 section 5.1.2.6; the builders never write one, so it is put in after nextUpdate."""
    unsigned = built(at)
    parts = der.elements(unsigned.tbs)
    tbs = der.tlv(SEQUENCE, b"".join((*parts[:5], der.tlv(SEQUENCE, b""), *parts[5:])))
    draft = der.signed(tbs, unsigned.algorithm, bytes(64))
    verdict = lint(replace(unsigned, tbs=tbs, draft=draft), crl_rules(at.context, NOTHING))
    assert [finding.code for finding in verdict.findings] == ["PKI5107"]
