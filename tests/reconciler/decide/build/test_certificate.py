"""A certificate says what its meaning says, and nothing else."""

import hashlib
from datetime import timedelta
from itertools import product

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from cryptography.x509.oid import ExtensionOID

from pki_reconciler.decide.build import BACKDATE, build_certificate
from pki_reconciler.decide.build.form import laid_out
from pki_schema.desired import Constraints, Subtrees
from pki_schema.x509.algorithms import spki_der


def read(unsigned):
    return x509.load_der_x509_certificate(unsigned.draft)


def values(unsigned, kind):
    return read(unsigned).extensions.get_extension_for_class(kind).value


def order(unsigned):
    return [extension.oid for extension in read(unsigned).extensions]


@pytest.fixture(scope="module")
def leaf(world, services):
    return world.unsigned(world.leaf_meaning(), services)


def test_the_bytes_to_be_signed_are_those_of_the_draft(leaf):
    certificate = read(leaf)
    assert certificate.tbs_certificate_bytes == leaf.tbs
    assert leaf.algorithm.hex() == "300a06082a8648ce3d040303"  # ecdsa-with-SHA384


def test_the_facts_name_the_issuer_and_both_keys(leaf, services, world):
    public_key = read(leaf).public_key()
    assert leaf.facts.issuer == leaf.signer == services.spki
    assert leaf.facts.spki == hashlib.sha256(spki_der(public_key)).hexdigest()
    assert leaf.key_algorithm == "P-384"


def test_equal_input_gives_equal_bytes(world, services):
    """A plan may be computed twice; what would be signed must not differ."""
    key = world.key("P-256")
    first, second = (
        world.unsigned(world.leaf_meaning(), services, public_key=key, serial=1 << 140)
        for _ in range(2)
    )
    assert first == second


def test_validity_is_the_declared_duration_to_the_second(leaf, world):
    """Both ends count, so the last second is one before a full number of days."""
    certificate = read(leaf)
    assert certificate.not_valid_before_utc == world.now - BACKDATE
    lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lasts + timedelta(seconds=1) == timedelta(days=90)


def test_validity_is_never_clamped(world, services):
    """Too little life left in the issuer is for the linter to refuse, not for us to hide."""
    unsigned = world.unsigned(world.leaf_meaning(duration=9999 * 86_400), services)
    assert read(unsigned).not_valid_after_utc > services.not_after


def test_the_order_of_extensions_is_fixed(leaf):
    assert order(leaf) == [
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    ]


def test_a_root_points_nowhere_and_signs_itself(world):
    unsigned = world.unsigned(world.authority_meaning("vcc-root"), None)
    certificate = read(unsigned)
    assert certificate.issuer == certificate.subject
    assert unsigned.signer == unsigned.facts.issuer == unsigned.facts.spki
    assert order(unsigned) == [
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ]


def test_key_identifiers_follow_method_1_and_the_issuer(leaf, services):
    own = x509.SubjectKeyIdentifier.from_public_key(read(leaf).public_key())
    assert values(leaf, x509.SubjectKeyIdentifier) == own
    expected = x509.AuthorityKeyIdentifier(services.ski, None, None)
    assert values(leaf, x509.AuthorityKeyIdentifier) == expected


def test_all_base_urls_are_names_of_one_distribution_point(leaf, services):
    (point,) = values(leaf, x509.CRLDistributionPoints)
    assert [name.value for name in point.full_name] == [
        f"http://pki.vcc.internal/crl/{services.stem}.crl",
        f"http://pki2.vcc.internal/crl/{services.stem}.crl",
    ]


def test_aia_names_the_responder_first(leaf, services):
    access = values(leaf, x509.AuthorityInformationAccess)
    assert [(d.access_method, d.access_location.value) for d in access] == [
        (Access.OCSP, f"http://pki.vcc.internal/ocsp/{services.stem}"),
        (Access.OCSP, f"http://pki2.vcc.internal/ocsp/{services.stem}"),
        (Access.CA_ISSUERS, f"http://pki.vcc.internal/aia/{services.stem}.cer"),
        (Access.CA_ISSUERS, f"http://pki2.vcc.internal/aia/{services.stem}.cer"),
    ]


def test_below_an_offline_ca_there_is_no_ocsp(world, root):
    access = values(world.unsigned(world.issuing_meaning(), root), x509.AuthorityInformationAccess)
    assert {d.access_method for d in access} == {Access.CA_ISSUERS}


def test_a_responder_points_to_its_issuer_only(world, services):
    unsigned = world.unsigned(world.responder_meaning(), services)
    access = values(unsigned, x509.AuthorityInformationAccess)
    assert {d.access_method for d in access} == {Access.CA_ISSUERS}
    assert ExtensionOID.CRL_DISTRIBUTION_POINTS not in order(unsigned)
    assert ExtensionOID.OCSP_NO_CHECK in order(unsigned)


def test_alternative_names_are_critical_exactly_without_a_subject(world, services, leaf):
    bare = world.unsigned(world.leaf_meaning(subject=()), services)
    criticality = [
        read(u).extensions.get_extension_for_class(x509.SubjectAlternativeName).critical
        for u in (leaf, bare)
    ]
    assert criticality == [False, True]


def test_every_type_of_name(world, services):
    names = (
        ("dns", "a.vcc.local"),
        ("email", "ops@vcc.internal"),
        ("ip", "2001:db8::1"),
        ("upn", "müller@vcc.local"),
        ("uri", "spiffe://vcc.local/argus"),
    )
    found = values(
        world.unsigned(world.leaf_meaning(names=names), services), x509.SubjectAlternativeName
    )
    dns, email, ip, upn, uri = found
    assert (dns.value, email.value, uri.value) == (names[0][1], names[1][1], names[4][1])
    assert str(ip.value) == "2001:db8::1"
    assert upn.value == b"\x0c\x11" + "müller@vcc.local".encode()


def test_name_constraints_per_type(world, root):
    constraints = Constraints(
        permitted=Subtrees(
            dns=("partner.internal",), email=("partner.internal",), uri=("partner.internal",)
        ),
        excluded=Subtrees(ip=("0.0.0.0/0", "::/0")),
    )
    unsigned = world.unsigned(world.issuing_meaning(name_constraints=constraints), root)
    found = values(unsigned, x509.NameConstraints)
    assert [type(name) for name in found.permitted_subtrees] == [
        x509.DNSName,
        x509.RFC822Name,
        x509.UniformResourceIdentifier,
    ]
    assert [str(name.value) for name in found.excluded_subtrees] == ["0.0.0.0/0", "::/0"]


@pytest.mark.parametrize("serial", [-1, 0, 1 << 159, 1 << 160])
def test_a_serial_that_is_not_positive_or_above_159_bits_cannot_be_built(world, services, serial):
    for issuer, meaning in ((services, world.leaf_meaning()), (None, world.authority_meaning("x"))):
        with pytest.raises(ValueError, match="159 bits"):
            world.unsigned(meaning, issuer, serial=serial)


@pytest.mark.parametrize("spki", [b"", b"\x30", b"\x30\x00", b"\x05\x00"])
def test_octets_that_are_no_key_cannot_be_built(world, services, spki):
    for issuer, meaning in ((services, world.leaf_meaning()), (None, world.authority_meaning("x"))):
        with pytest.raises(ValueError):
            world.unsigned(meaning, issuer, spki=spki)


OF_EVERY_KIND = {
    "a leaf": lambda world: world.leaf_meaning(),
    "a leaf with another name and another subject": lambda world: world.leaf_meaning(
        names=(("dns", "clara.vcc.local"),), subject=(("2.5.4.3", "clara"),)
    ),
    "a leaf with so many names that lengths take more octets": lambda world: world.leaf_meaning(
        names=tuple(("dns", f"host-{n:04}.vcc.local") for n in range(4_000))
    ),
    "a leaf with a name of every type": lambda world: world.leaf_meaning(
        names=(
            ("dns", "a.vcc.local"),
            ("email", "ops@vcc.internal"),
            ("ip", "2001:db8::1"),
            ("other", "1.3.6.1.4.1.32473.9;Argus"),
            ("upn", "müller@vcc.local"),
            ("uri", "spiffe://vcc.local/argus"),
        )
    ),
    "a leaf without a subject": lambda world: world.leaf_meaning(subject=()),
    "a leaf without names": lambda world: world.leaf_meaning(names=()),
    "a leaf with extensions of its template's own": lambda world: world.leaf_meaning(
        extra_extensions=(("1.3.6.1.4.1.32473.1", True, b"\x05\x00"),)
    ),
    "a leaf for the key of its request": lambda world: world.leaf_meaning(spki=b"declared"),
    "a leaf that ends after 2050": lambda world: world.leaf_meaning(duration=40 * 365 * 86_400),
    "an RSA leaf": lambda world: world.leaf_meaning(key_algorithm="RSA-3072"),
    "an ML-DSA leaf": lambda world: world.leaf_meaning(key_algorithm="ML-DSA-87"),
    "a CA": lambda world: world.issuing_meaning(),
    "a responder": lambda world: world.responder_meaning(),
}


@pytest.mark.parametrize("kind", OF_EVERY_KIND)
def test_what_is_filled_in_is_what_the_builder_would_have_laid_out(world, root, services, kind):
    """Octet for octet, whatever else was laid out in the same form before."""
    meaning = OF_EVERY_KIND[kind](world)
    public_key = world.key(meaning.profile.key_algorithm)
    for issuer, serial in product((root, services), (1, 127, 128, (1 << 159) - 1)):
        unsigned = world.unsigned(meaning, issuer, public_key=public_key, serial=serial)
        assert unsigned.draft == laid_out(
            meaning.profile,
            issuer=issuer,
            public_key=public_key,
            serial=serial,
            not_before=unsigned.facts.not_before,
            not_after=unsigned.facts.not_after,
        )


def test_the_cause_is_kept_for_the_ledger(world, services):
    unsigned = build_certificate(
        world.leaf_meaning(),
        issuer=services,
        spki=spki_der(world.key("P-256")),
        serial=world.serial(),
        now=world.now,
        cause="clock",
        reason="due",
    )
    assert (unsigned.facts.cause, unsigned.facts.reason) == ("clock", "due")
