"""What pkilint finds is a finding of ours, unless a line of the allow-list covers it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from pki_reconciler.chain import Linted, lint
from pki_reconciler.decide.build import CrlEntry, build_crl
from pki_reconciler.decide.lint import CertificateContext, CrlContext, Sample, certificate_rules
from pki_reconciler.decide.lint.pkix import rules
from pki_reconciler.decide.lint.pkix.allowed import ALLOWED, counting
from pki_reconciler.decide.lint.pkix.judges import Remark, crl
from pki_schema.desired import Constraints, Subtrees
from tests.reconciler.decide.samples import EVERY_ONE, NOTHING

SEVERAL = 2_000


def findings(at_or_unsigned, *books):
    verdict = lint(at_or_unsigned, books)
    return () if isinstance(verdict, Linted) else verdict.findings


def under(world, issuer):
    return CertificateContext(now=world.now, issuer=issuer)


def test_a_fault_of_a_certificate(world, services, tampering):
    """RFC 5280 section 4.2.1.2: a subject key identifier is not critical."""
    leaf = world.unsigned(world.leaf_meaning(), services)
    identifier = x509.SubjectKeyIdentifier(b"x" * 20)
    bad = tampering.certificate(
        leaf,
        services.public_key,
        drop=[x509.SubjectKeyIdentifier],
        add=[(identifier, True)],
    )
    (found,) = findings(bad, rules.certificate(under(world, services), EVERY_ONE))
    assert found.code == "PKI5025"
    assert found.message.startswith("pkilint pkix.certificate_skid_extension_critical at ")


def test_a_fault_between_a_certificate_and_its_issuer(world, root, services):
    """Alone it is faultless; but it is shown beside a CA that did not issue it."""
    leaf = world.unsigned(world.leaf_meaning(), services)
    found = findings(leaf, rules.certificate(under(world, root), EVERY_ONE))
    assert {finding.code for finding in found} == {"PKI5026"}
    assert {finding.message.split()[1] for finding in found} == {
        "pkix.issuer_and_subject_dn_not_binary_equal",
        "pkix.issuer_and_subject_key_identifier_not_equal",
    }


def test_what_is_not_in_the_sample_is_not_shown(world, services):
    garbage = replace(world.unsigned(world.leaf_meaning(), services), draft=b"\x30\x00")
    assert findings(garbage, rules.certificate(under(world, services), NOTHING)) == ()
    (found, _) = findings(garbage, rules.certificate(under(world, services), EVERY_ONE))
    assert found.message.startswith("pkilint unreadable at the whole object")


@pytest.mark.parametrize(
    "meaning",
    [
        {"names": (("uri", "spiffe://vcc.local/vcc/api"),)},
        {"names": (("dns", "api"),)},
        {"names": (("dns", "*.v"),)},
        {"names": (("uri", "https://api:8443/x"),)},
        {"names": (("email", "team@api"),)},
    ],
    ids=str,
)
def test_names_in_a_network_without_public_suffixes_are_no_fault(world, services, meaning):
    leaf = world.unsigned(world.leaf_meaning(**meaning), services)
    assert findings(leaf, rules.certificate(under(world, services), EVERY_ONE)) == ()


def test_nor_are_constraints_and_roots(world, root):
    constraints = Constraints(permitted=Subtrees(dns=("b",), email=("b",), uri=("a.b",)))
    ca = world.unsigned(world.issuing_meaning(name_constraints=constraints), root)
    assert findings(ca, rules.certificate(under(world, root), EVERY_ONE)) == ()
    alone = world.unsigned(world.authority_meaning("vcc-root"), None)
    assert findings(alone, rules.certificate(under(world, None), EVERY_ONE)) == ()


@pytest.mark.parametrize("name", ["a..b", "-a.b", "a_b.c", "a b.c", "a.b.", "x" * 64 + ".b"])
def test_names_that_no_network_has_are(world, services, name):
    leaf = world.unsigned(world.leaf_meaning(names=(("dns", name),)), services)
    found = findings(leaf, rules.certificate(under(world, services), EVERY_ONE))
    assert any("dNSName" in finding.message for finding in found)


def test_every_line_of_the_allow_list_has_a_reason_and_covers_no_other_code():
    for line in ALLOWED:
        assert len(line.reason) > 20
        assert counting((Remark("pkix.other", "a.b", "c"),)) != ()
    assert len({(line.code, line.path, line.message) for line in ALLOWED}) == len(ALLOWED)


def test_only_a_root_may_lack_the_key_identifier_of_its_issuer():
    absent = Remark("pkix.authority_key_identifier_extension_absent", "certificate", "")
    assert counting((absent,)) == (absent,)
    assert counting((absent,), root=True) == ()


def entries(world, count):
    return [
        CrlEntry(
            serial=0x1000 + index,
            revoked_at=world.now - timedelta(minutes=index % 60),
            reason="keyCompromise" if index % 2 else "superseded",
        )
        for index in range(count)
    ]


def listed(world, services, count):
    return build_crl(services, entries=entries(world, count), number=7, now=world.now, regular=True)


def test_a_crl_of_five_hundred_is_read_whole(world, services):
    draft = listed(world, services, 500).draft
    assert rules.shortened(draft, b"seed") == draft


def test_a_long_crl_is_read_with_every_kind_of_entry_and_some_more(world, services):
    unsigned = listed(world, services, SEVERAL)
    short = x509.load_der_x509_crl(rules.shortened(unsigned.draft, b"seed"))
    assert {e.extensions[0].value.reason.value for e in short} == {"keyCompromise", "superseded"}
    assert 2 <= len(short) <= SEVERAL / 20
    book = rules.crl(CrlContext(now=world.now, issuer=services), EVERY_ONE)
    assert findings(unsigned, book) == ()


def test_the_one_odd_entry_of_a_long_crl_is_found(world, services, tampering):
    """RFC 5280 section 5.3.1: a reason is not critical."""
    odd = (
        x509.RevokedCertificateBuilder()
        .serial_number(5)
        .revocation_date(world.now)
        .add_extension(x509.CRLReason(x509.ReasonFlags.superseded), critical=True)
        .build()
    )
    unsigned = listed(world, services, SEVERAL)
    usual = list(x509.load_der_x509_crl(unsigned.draft))
    bad = tampering.crl(unsigned, services.public_key, entries=[*usual, odd])
    book = rules.crl(CrlContext(now=world.now, issuer=services), EVERY_ONE)
    (found,) = findings(bad, book)
    assert (found.code, "crl_reason_code_extension_critical" in found.message) == ("PKI5111", True)


def test_pkilint_stumbling_is_no_acquittal():
    (remark,) = crl(b"\x30\x03\x02\x01\x05")
    assert remark.code


def test_the_books_of_the_linter_hold_the_second_judge(world, services):
    """Whoever lints with the ordinary book has asked pkilint too."""
    garbage = replace(world.unsigned(world.leaf_meaning(), services), draft=b"\x30\x00")
    found = findings(garbage, *certificate_rules(under(world, services), Sample(1, b"")))
    assert {"PKI5001", "PKI5025"} <= {finding.code for finding in found}
