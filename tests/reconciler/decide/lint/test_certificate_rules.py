"""One bad certificate per rule, which that rule alone refuses; and good ones that none refuses."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from types import SimpleNamespace

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type

from pki_reconciler.chain import Linted, lint
from pki_reconciler.decide.lint import CertificateContext, certificate_rules, rulebook
from pki_schema.desired import Constraints, Profile, Subtrees
from pki_schema.x509 import der
from pki_schema.x509.algorithms import spki_der
from tests.reconciler.decide.samples import EVERY_ONE, NOTHING

DAY = 86_400
# The largest primes below 2^1536 and below 3 * 2^1534.
CLOSE, DISTANT = 2**1536 - 3453, 3 * 2**1534 - 721
OTHER_CA = {"parent": "vcc-services", "duration": 100 * DAY, "name": "vcc-below"}


@pytest.fixture(scope="module")
def at(world, root, services, below_root, below_services, tampering):
    """Everything a vector may need, and the leaf that most of them spoil."""
    return SimpleNamespace(
        world=world,
        root=root,
        services=services,
        below_root=below_root,
        below_services=below_services,
        tampering=tampering,
        leaf=world.unsigned(world.leaf_meaning(), services),
    )


def leaf(at, **profile):
    return at.world.unsigned(at.world.leaf_meaning(**profile), at.services), at.below_services


def spoilt(at, **changes):
    key = at.services.public_key
    return at.tampering.certificate(at.leaf, key, **changes), at.below_services


def spoilt_issuing(at, **changes):
    unsigned = at.world.unsigned(at.world.issuing_meaning(), at.root)
    return at.tampering.certificate(unsigned, at.root.public_key, **changes), at.below_root


def certified(at, meaning, public_key):
    unsigned = at.world.unsigned(meaning, at.services, public_key=public_key)
    return unsigned, at.below_services


def leaf_for(at, spki):
    """A leaf for octets that may be no key, which its request is said to have."""
    meaning = at.world.leaf_meaning(spki=spki)
    return at.world.unsigned(meaning, at.services, spki=spki), at.below_services


def rsa_key(modulus, exponent=65_537):
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def reencoded(at, was, becomes):
    """The leaf with other octets (hex) that pyca reads as the same, of the same length."""
    draft = at.leaf.draft.replace(bytes.fromhex(was), bytes.fromhex(becomes))
    assert draft != at.leaf.draft
    return at.tampering.drafted(at.leaf, draft), at.below_services


def with_unique_identifier(at):
    """RFC 5280 section 4.1.2.8: subjectUniqueID, which must not be used, and which pyca reads."""
    *parts, extensions = der.elements(at.leaf.tbs)
    tbs = der.tlv(0x30, b"".join(parts) + der.tlv(0x82, b"\0\1") + extensions)
    _, algorithm, signature = der.elements(at.leaf.draft)
    draft = der.tlv(0x30, tbs + algorithm + signature)
    assert x509.load_der_x509_certificate(draft).extensions
    return at.tampering.drafted(at.leaf, draft), at.below_services


GOOD = {
    "a root": lambda at: (
        at.world.unsigned(at.world.authority_meaning("vcc-root"), None),
        CertificateContext(now=at.world.now, issuer=None),
    ),
    "an issuing CA": lambda at: (
        at.world.unsigned(at.world.issuing_meaning(), at.root),
        at.below_root,
    ),
    "an issuing CA with all kinds of subtrees": lambda at: (
        at.world.unsigned(
            at.world.issuing_meaning(
                name_constraints=Constraints(
                    permitted=Subtrees(dns=("a.b",), email=("a.b",), uri=("a.b",)),
                    excluded=Subtrees(ip=("0.0.0.0/0", "::/0")),
                )
            ),
            at.root,
        ),
        at.below_root,
    ),
    "a responder": lambda at: (
        at.world.unsigned(at.world.responder_meaning(), at.services),
        at.below_services,
    ),
    "a leaf": lambda at: (at.leaf, at.below_services),
    "a leaf without a subject": lambda at: leaf(at, subject=()),
    "a leaf without alternative names": lambda at: leaf(at, names=()),
    "a leaf with a name of every type": lambda at: leaf(
        at,
        names=(
            ("dns", "argus-backend.vcc.local"),
            ("email", "argus@vcc.local"),
            ("ip", "2001:db8::1"),
            ("upn", "müller@vcc.local"),
            ("uri", "spiffe://vcc.local/argus"),
        ),
    ),
    "a leaf for the key of its request": lambda at: (
        at.world.unsigned(
            at.world.leaf_meaning(spki=spki_der(key := at.world.key("P-256"))),
            at.services,
            public_key=key,
        ),
        at.below_services,
    ),
    "an RSA leaf that may encipher": lambda at: leaf(
        at, key_algorithm="RSA-3072", key_usages=("digital signature", "key encipherment")
    ),
    "an RSA leaf whose primes are far apart": lambda at: certified(
        at, at.world.leaf_meaning(key_algorithm="RSA-3072"), rsa_key(CLOSE * DISTANT)
    ),
    "an ML-DSA leaf": lambda at: leaf(at, key_algorithm="ML-DSA-65"),
}

BAD = {
    "PKI5001 signed by another key": lambda at: (
        replace(at.leaf, signer=at.root.spki),
        at.below_services,
    ),
    "PKI5001 other bytes than those linted": lambda at: (
        replace(at.leaf, tbs=at.leaf.tbs[:-1] + b"\0"),
        at.below_services,
    ),
    "PKI5001 an octet after the end": lambda at: (
        replace(at.leaf, draft=at.leaf.draft + b"\0"),
        at.below_services,
    ),
    "PKI5001 a unique identifier before the extensions": with_unique_identifier,
    "PKI5001 an element behind the key": lambda at: leaf_for(
        at, spki_der(at.world.key("P-256")) + b"\5\0"
    ),
    "PKI5002 a short serial": lambda at: (
        at.world.unsigned(at.world.leaf_meaning(), at.services, serial=5),
        at.below_services,
    ),
    "PKI5002 not the recorded serial": lambda at: spoilt(at, serial_number=1 << 149),
    "PKI5003 a second too long": lambda at: spoilt(
        at, not_valid_after=at.leaf.facts.not_after + timedelta(seconds=1)
    ),
    "PKI5003 not of now": lambda at: (
        at.leaf,
        replace(at.below_services, now=at.world.now + timedelta(seconds=1)),
    ),
    "PKI5004 outlives its issuer": lambda at: leaf(at, duration=1827 * DAY),
    "PKI5005 another hash": lambda at: spoilt(at, digest=hashes.SHA512()),
    "PKI5006 the issuer's name in another string type": lambda at: spoilt(
        at,
        issuer_name=x509.Name(
            [
                x509.NameAttribute(a.oid, a.value, _ASN1Type.PrintableString)
                for a in at.services.subject
            ]
        ),
    ),
    "PKI5007 the issuer's own name": lambda at: leaf(
        at, subject=tuple((a.oid.dotted_string, a.value) for a in at.services.subject)
    ),
    "PKI5008 the name of another CA key": lambda at: (
        at.world.unsigned(at.world.issuing_meaning(), at.root),
        replace(
            at.below_root,
            authority_names={at.services.subject.public_bytes(): at.services.spki},
        ),
    ),
    "PKI5009 another issuer's key identifier": lambda at: spoilt(
        at,
        drop=[x509.AuthorityKeyIdentifier],
        add=[(x509.AuthorityKeyIdentifier(at.root.ski, None, None), False)],
    ),
    "PKI5009 no subject key identifier": lambda at: spoilt(at, drop=[x509.SubjectKeyIdentifier]),
    "PKI5010 basic constraints in a leaf": lambda at: spoilt(
        at, add=[(x509.BasicConstraints(False, None), True)]
    ),
    "PKI5010 a CA that does not say so": lambda at: spoilt_issuing(
        at, drop=[x509.BasicConstraints]
    ),
    "PKI5011 the key usage is not critical": lambda at: spoilt(
        at,
        drop=[x509.KeyUsage],
        add=[
            (x509.KeyUsage(True, False, False, False, False, False, False, False, False), False),
        ],
    ),
    "PKI5011 an EC key that enciphers": lambda at: leaf(
        at, key_usages=("digital signature", "key encipherment")
    ),
    "PKI5011 a leaf that signs CRLs": lambda at: leaf(
        at, key_usages=("crl sign", "digital signature")
    ),
    "PKI5012 a CA below path length 0": lambda at: (
        at.world.unsigned(at.world.issuing_meaning(**OTHER_CA), at.services),
        at.below_services,
    ),
    "PKI5013 a purpose is missing": lambda at: spoilt(
        at,
        drop=[x509.ExtendedKeyUsage],
        add=[(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH]), False)],
    ),
    "PKI5013 critical though not declared so": lambda at: spoilt(
        at,
        drop=[x509.ExtendedKeyUsage],
        add=[
            (
                x509.ExtendedKeyUsage(
                    [
                        x509.ExtendedKeyUsageOID.CLIENT_AUTH,
                        x509.ExtendedKeyUsageOID.SERVER_AUTH,
                    ]
                ),
                True,
            )
        ],
    ),
    "PKI5013 any purpose, below a CA without limits": lambda at: (
        at.world.unsigned(
            at.world.leaf_meaning(extended_key_usages=("2.5.29.37.0",)),
            at.root,
        ),
        at.below_root,
    ),
    "PKI5014 a purpose that its issuer lacks": lambda at: leaf(
        at, extended_key_usages=("code signing",)
    ),
    "PKI5015 a responder that has to be checked": lambda at: (
        at.world.unsigned(at.world.responder_meaning(ocsp_no_check=False), at.services),
        at.below_services,
    ),
    "PKI5015 OCSP signing beside another purpose": lambda at: (
        at.world.unsigned(
            at.world.responder_meaning(extended_key_usages=("client auth", "ocsp signing")),
            at.services,
        ),
        at.below_services,
    ),
    "PKI5015 a CA that signs answers": lambda at: (
        at.world.unsigned(
            at.world.issuing_meaning(extended_key_usages=("ocsp signing",), ocsp_no_check=True),
            at.root,
        ),
        at.below_root,
    ),
    "PKI5016 critical beside a subject": lambda at: spoilt(
        at,
        drop=[x509.SubjectAlternativeName],
        add=[(x509.SubjectAlternativeName([x509.DNSName("argus-backend.vcc.local")]), True)],
    ),
    "PKI5016 a name more": lambda at: spoilt(
        at,
        drop=[x509.SubjectAlternativeName],
        add=[
            (
                x509.SubjectAlternativeName(
                    [x509.DNSName("argus-backend.vcc.local"), x509.DNSName("clara.vcc.local")]
                ),
                False,
            )
        ],
    ),
    "PKI5015 a service that would answer for its CA": lambda at: leaf(
        at,
        extended_key_usages=("ocsp signing",),
        extended_key_usage_critical=True,
        ocsp_no_check=True,
    ),
    "PKI5017 an empty label": lambda at: leaf(at, names=(("dns", "a..vcc.local"),)),
    "PKI5017 a wildcard": lambda at: leaf(at, names=(("dns", "*.vcc.local"),)),
    "PKI5017 NUL": lambda at: leaf(at, names=(("dns", "argus\0.vcc.local"),)),
    "PKI5018 a common name that Java reads as a host's": lambda at: leaf(
        at, subject=(("2.5.4.3", "argus"),), names=(("uri", "spiffe://vcc.local/vcc/argus"),)
    ),
    "PKI5018 outside of the zones": lambda at: leaf(at, names=(("dns", "argus.example.com"),)),
    "PKI5018 a suffix without its dot": lambda at: leaf(at, names=(("dns", "evilvcc.local"),)),
    "PKI5019 no distribution point": lambda at: spoilt(at, drop=[x509.CRLDistributionPoints]),
    "PKI5019 a pointer that nobody declared": lambda at: spoilt(
        at,
        drop=[x509.AuthorityInformationAccess],
        add=[
            (
                x509.AuthorityInformationAccess(
                    [
                        x509.AccessDescription(
                            x509.AuthorityInformationAccessOID.CA_ISSUERS,
                            x509.UniformResourceIdentifier("http://elsewhere.example.com/ca.cer"),
                        )
                    ]
                ),
                False,
            )
        ],
    ),
    "PKI5020 not the key of the request": lambda at: leaf(at, spki=spki_der(at.world.key("P-256"))),
    "PKI5020 its issuer's own key": lambda at: (
        at.world.unsigned(
            at.world.leaf_meaning(key_algorithm="P-384"),
            at.services,
            public_key=at.services.public_key,
        ),
        at.below_services,
    ),
    "PKI5020 another kind of key": lambda at: (
        at.world.unsigned(
            at.world.leaf_meaning(), at.services, public_key=at.world.key("brainpoolP256r1")
        ),
        at.below_services,
    ),
    "PKI5020 a leaf's modulus with a small factor": lambda at: certified(
        at, at.world.leaf_meaning(key_algorithm="RSA-3072"), rsa_key(3**1938)
    ),
    "PKI5020 an RSA exponent other than the usual one": lambda at: certified(
        at, at.world.leaf_meaning(key_algorithm="RSA-3072"), rsa_key(CLOSE * DISTANT, 65_539)
    ),
    "PKI5020 a responder's key of small order": lambda at: certified(
        at,
        at.world.responder_meaning(key_algorithm="Ed25519"),
        ed25519.Ed25519PublicKey.from_public_bytes(b"\1" + bytes(31)),
    ),
    "PKI5020 an issuing CA's modulus of close primes": lambda at: (
        at.world.unsigned(
            at.world.issuing_meaning(key_algorithm="RSA-3072"),
            at.root,
            public_key=rsa_key(CLOSE * CLOSE),
        ),
        at.below_root,
    ),
    "PKI5020 a root's modulus of close primes": lambda at: (
        at.world.unsigned(
            at.world.authority_meaning("vcc-root", key_algorithm="RSA-3072"),
            None,
            public_key=rsa_key(CLOSE * CLOSE),
        ),
        CertificateContext(now=at.world.now, issuer=None),
    ),
    "PKI5021 another subject": lambda at: spoilt(
        at,
        subject_name=x509.Name(
            [x509.NameAttribute(x509.NameOID.COMMON_NAME, "clara-backend.vcc.local")]
        ),
    ),
    "PKI5021 another string type": lambda at: spoilt(
        at,
        subject_name=x509.Name(
            [
                x509.NameAttribute(a.oid, a.value, _ASN1Type.PrintableString)
                for a in x509.load_der_x509_certificate(at.leaf.draft).subject
            ]
        ),
    ),
    "PKI5021 an organisation that is too long": lambda at: leaf(
        at, subject=(("2.5.4.10", "x" * 65),)
    ),
    "PKI5022 no policy": lambda at: spoilt(at, drop=[x509.CertificatePolicies]),
    "PKI5022 any policy in a leaf": lambda at: leaf(at, policies=(("2.5.29.32.0", ""),)),
    "PKI5023 a CA without its name constraints": lambda at: spoilt_issuing(
        at, drop=[x509.NameConstraints]
    ),
    "PKI5024 an extension in BER": lambda at: reencoded(at, "0403020780", "0403020680"),
    "PKI5024 an extension that nobody judged": lambda at: spoilt(
        at, add=[(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)]
    ),
}


@pytest.mark.parametrize("vector", GOOD.values(), ids=GOOD)
def test_good(at, vector):
    unsigned, context = vector(at)
    verdict = lint(unsigned, certificate_rules(context, EVERY_ONE))
    assert isinstance(verdict, Linted), verdict.findings


@pytest.mark.parametrize("name", BAD)
def test_bad(at, name):
    unsigned, context = BAD[name](at)
    verdict = lint(unsigned, certificate_rules(context, NOTHING))
    assert not isinstance(verdict, Linted)
    assert {finding.code for finding in verdict.findings} == {name[:7]}, verdict.findings


def test_every_rule_has_a_bad_vector():
    """One rule, one code; every code is provoked above."""
    rules = rulebook.CERTIFICATE_RULES + rulebook.SHARED_CERTIFICATE_RULES
    expected = {f"PKI50{n:02}" for n in range(1, len(rules) + 1)}
    assert {name[:7] for name in BAD} == expected


def test_subtrees_of_every_kind_are_enforced(at):
    """Mail by host, URI by host, IP by network; excluded wins; each CA of the chain counts."""
    constraints = Constraints(
        permitted=Subtrees(dns=("vcc.local",), email=("vcc.local",), uri=("vcc.local",)),
        excluded=Subtrees(dns=("secret.vcc.local",), ip=("10.0.0.0/8",)),
    )
    meaning = at.world.issuing_meaning(name_constraints=constraints, name="vcc-limited")
    limited = at.world.issuer(meaning, at.root)
    context = CertificateContext(now=at.world.now, issuer=limited)
    verdicts = {}
    for kind, value in (
        ("dns", "a.vcc.local"),
        ("dns", "a.secret.vcc.local"),
        ("email", "a@vcc.local"),
        ("email", "a@mail.vcc.local"),
        ("uri", "https://vcc.local/x"),
        ("uri", "https://vcc.local.example.com/x"),
        ("uri", "urn:vcc:argus"),
        ("ip", "192.0.2.1"),
        ("ip", "10.1.2.3"),
    ):
        unsigned = at.world.unsigned(at.world.leaf_meaning(names=((kind, value),)), limited)
        verdict = lint(unsigned, certificate_rules(context, NOTHING))
        verdicts[value] = [] if isinstance(verdict, Linted) else [f.code for f in verdict.findings]
    assert {value for value, codes in verdicts.items() if codes} == {
        "a.secret.vcc.local",
        "a@mail.vcc.local",
        "https://vcc.local.example.com/x",
        "urn:vcc:argus",
        "10.1.2.3",
    }
    assert {code for codes in verdicts.values() for code in codes} == {"PKI5018"}


def test_a_limit_two_floors_up_still_counts(at):
    """Name constraints and path lengths of ancestors bind what their CAs certify."""
    top = at.world.issuer(
        at.world.authority_meaning(
            "vcc-top",
            path_length=1,
            name_constraints=Constraints(permitted=Subtrees(dns=("vcc.internal",))),
        ),
        None,
    )
    middle_meaning = at.world.authority_meaning("vcc-middle", parent="vcc-top")
    middle = at.world.issuer(middle_meaning, top)
    ancestors = (top.certificate.public_bytes(Encoding.DER),)
    context = CertificateContext(now=at.world.now, issuer=middle, ancestors=ancestors)
    for meaning, code in (
        (at.world.leaf_meaning(), "PKI5018"),
        (at.world.issuing_meaning(**OTHER_CA), "PKI5012"),
    ):
        verdict = lint(at.world.unsigned(meaning, middle), certificate_rules(context, NOTHING))
        assert [finding.code for finding in verdict.findings] == [code]


def test_a_draft_that_is_not_der_breaks_one_rule_and_no_other(at):
    """Nothing falls over on garbage: it is one finding, not an exception."""
    garbage = replace(at.leaf, draft=b"\x30\x03\x02\x01\x05")
    verdict = lint(garbage, certificate_rules(at.below_services, NOTHING))
    assert [finding.code for finding in verdict.findings] == ["PKI5001"]


def test_facts_are_compared_with_the_bytes(at):
    """What the ledger would record is not believed either."""
    facts = replace(at.leaf.facts, spki=at.root.spki, not_after=at.world.now)
    meaning = msgspec.structs.replace(
        facts.meaning, profile=msgspec.structs.replace(facts.meaning.profile, duration=DAY)
    )
    wrong = replace(at.leaf, facts=replace(facts, meaning=meaning))
    verdict = lint(wrong, certificate_rules(at.below_services, NOTHING))
    assert {finding.code for finding in verdict.findings} == {"PKI5003", "PKI5020"}


def codes(unsigned, rules):
    verdict = lint(unsigned, rules)
    return [] if isinstance(verdict, Linted) else [finding.code for finding in verdict.findings]


def used(at, context):
    """Rules at work: certificates of every kind have been judged by them, and some have passed."""
    rules = certificate_rules(context, NOTHING)
    for meaning in (at.world.leaf_meaning(), at.world.responder_meaning()):
        lint(at.world.unsigned(meaning, at.services), rules)
    lint(at.world.unsigned(at.world.issuing_meaning(), at.root), rules)
    return rules


@pytest.mark.parametrize("name", BAD)
def test_bad_after_good_ones(at, name):
    """What one certificate was found to be says nothing about another one."""
    unsigned, context = BAD[name](at)
    assert set(codes(unsigned, used(at, context))) == {name[:7]}


@pytest.mark.parametrize("name", ["a leaf", "a leaf with a name of every type", "a responder"])
def test_good_after_good_ones(at, name):
    unsigned, context = GOOD[name](at)
    assert codes(unsigned, used(at, context)) == []


def test_whatever_octet_is_another_one_is_judged_as_if_it_were_the_first_of_its_kind(at):
    """As a wrong builder would have it: what is signed is cut from the wrong draft."""
    rules = used(at, at.below_services)
    other = at.world.unsigned(at.world.leaf_meaning(), at.services)
    assert codes(other, rules) == []
    whole = other.draft
    for place, bit in product(range(len(whole)), (0x01, 0x10)):
        draft = whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :]
        try:
            changed = at.tampering.drafted(other, draft)
        except ValueError:  # not even its outer parts can be told apart
            continue
        found = codes(changed, rules)
        assert found == codes(changed, certificate_rules(at.below_services, NOTHING)), place
        # The constant in place of the signature is nothing that gets signed.
        assert found or changed.tbs == other.tbs, place


def test_what_is_recorded_is_not_overlooked_after_good_ones(at):
    rules = used(at, at.below_services)
    facts = at.leaf.facts
    for changes in (
        {"serial": facts.serial + 1},
        {"spki": at.root.spki},
        {"issuer": at.root.spki},
        {"not_before": facts.not_before - timedelta(seconds=1)},
        {"not_after": facts.not_after + timedelta(seconds=1)},
        *(
            {
                "meaning": msgspec.structs.replace(
                    facts.meaning,
                    profile=msgspec.structs.replace(facts.meaning.profile, **{field: value}),
                )
            }
            for field, value in OTHERWISE.items()
        ),
    ):
        assert codes(replace(at.leaf, facts=replace(facts, **changes)), rules), changes


OTHERWISE = {
    "subject": (("2.5.4.3", "clara"),),
    "names": (("dns", "clara.vcc.local"),),
    "ca": True,
    "key_usages": ("digital signature", "key agreement"),
    "extended_key_usages": ("server auth",),
    "extended_key_usage_critical": True,
    "name_constraints": Constraints(permitted=Subtrees(dns=("vcc.local",))),
    "policies": (),
    "extra_extensions": (("1.3.6.1.4.1.32473.1", False, b"\x05\x00"),),
    "ocsp_no_check": True,
    "status_pointers": False,
    "duration": 91 * DAY,
    "key_algorithm": "P-384",
    "spki": b"another",
}
"""Of what a leaf is declared to be, each part declared otherwise."""


def test_every_part_of_a_profile_that_shows_in_a_leaf_is_declared_otherwise_above(at):
    shown = set(Profile.__struct_fields__) - {"issuer", "path_length", "key_reuse"}
    assert set(OTHERWISE) == shown
