"""Trust bundles as their readers need them: PEM, a trust store for Java, SPIFFE, EST."""

import base64
import json
import re

import jwt
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from pki_publishers import trust
from pki_publishers.layout import Class
from pki_schema.fields import DnsName, Duration, Name
from pki_schema.kinds import TrustBundleSpec
from tests.publishers.conftest import make_authority

SPEC = TrustBundleSpec(
    authorities=(Name("root"),),
    formats=("pem", "pkcs12", "spiffe"),
    trust_domain=DnsName("vcc.local"),
    refresh_hint=Duration(600),
)


def rendered(*members, spec=SPEC, sequence=7):
    objects = trust.render_bundle("vcc", spec, members=members, sequence=sequence)
    return {one.path.rpartition("/")[2]: one for one in objects}


@pytest.fixture(scope="module")
def roots():
    """Two generations of one CA, the new one first."""
    second = msgspec.structs.replace(make_authority("root", 2).issued, generation=2)
    return second, make_authority("root", 1).issued


def test_a_bundle_is_in_the_formats_that_are_asked_for(roots):
    assert set(rendered(*roots)) == {"bundle.pem", "bundle.p12", "spiffe.json"}
    only = msgspec.structs.replace(SPEC, formats=("pem",), trust_domain=None)
    assert set(rendered(*roots, spec=only)) == {"bundle.pem"}


def test_a_bundle_is_one_unit_and_is_written_before_what_needs_it(roots):
    objects = rendered(*roots).values()
    assert {one.unit for one in objects} == {"bundle/vcc"}
    assert {one.kind for one in objects} == {Class.TRUST}


def test_old_and_new_roots_overlap_in_the_order_of_their_generations(roots):
    read = x509.load_pem_x509_certificates(rendered(*roots)["bundle.pem"].body)
    assert [c.serial_number for c in read] == [1, 2]


def test_the_same_members_make_the_same_bytes(roots):
    """In any order: otherwise every reconcile would publish a new file."""
    assert rendered(*roots) == rendered(*reversed(roots))


def test_a_bundle_without_a_member_is_no_file():
    assert rendered() == {}


def test_a_trust_store_is_read_without_a_password(roots):
    store = pkcs12.load_pkcs12(rendered(*roots)["bundle.p12"].body, None)
    names = {c.friendly_name: c.certificate.serial_number for c in store.additional_certs}
    assert names == {b"root-g1": 1, b"root-g2": 2}
    assert (store.key, store.cert) == (None, None)


def test_spiffe_keys_are_those_of_the_certificates(roots):
    """SPIFFE Trust Domain and Bundle, section 4.2: use, and one certificate each."""
    bundle = json.loads(rendered(*roots)["spiffe.json"].body)
    assert (bundle["spiffe_sequence"], bundle["spiffe_refresh_hint"]) == (7, 600)
    assert len(bundle["keys"]) == 2
    for key in bundle["keys"]:
        assert key["use"] == "x509-svid"
        (der,) = key["x5c"]
        certificate = x509.load_der_x509_certificate(base64.b64decode(der))
        # The reader takes a JWK for a signature's key unless its use says something else.
        read = jwt.PyJWK({**key, "use": "sig"}).key
        assert read == certificate.public_key()


def test_a_spiffe_bundle_is_numbered_by_its_sequence(roots):
    objects = rendered(*roots, sequence=9)
    assert {name: one.number for name, one in objects.items()} == {
        "bundle.pem": 0,
        "bundle.p12": 0,
        "spiffe.json": 9,
    }


@pytest.mark.parametrize(
    ("key", "members"),
    [
        (ec.generate_private_key(ec.SECP521R1()), {"kty", "crv", "x", "y"}),
        (ed25519.Ed25519PrivateKey.generate(), {"kty", "crv", "x"}),
        (rsa.generate_private_key(65537, 3072), {"kty", "n", "e"}),
        (ec.generate_private_key(ec.BrainpoolP256R1()), None),
        (mldsa.MLDSA44PrivateKey.generate(), None),
    ],
    ids=["P-521", "Ed25519", "RSA", "brainpool", "ML-DSA"],
)
def test_a_key_has_the_members_of_its_kind(key, members):
    certificate = make_authority("root", 1, key=key).issued
    keys = json.loads(rendered(certificate)["spiffe.json"].body)["keys"]
    assert [set(one) - {"use", "x5c"} for one in keys] == ([members] if members else [])


def test_est_clients_get_all_ca_certificates_in_base64(estate):
    """RFC 7030 section 4.1.3: a certs-only CMS, in base64 with line breaks."""
    authorities = [estate.root.issued, estate.issuing.issued]
    item = trust.render_cacerts("vcc", authorities=authorities)
    assert (item.path, item.kind) == (".well-known/est/cacerts", Class.TRUST)
    assert re.fullmatch(rb"(?:[A-Za-z0-9+/=]{1,76}\n)+", item.body)
    read = pkcs7.load_der_pkcs7_certificates(base64.b64decode(item.body))
    assert {c.serial_number for c in read} == {a.certificate.serial for a in authorities}
