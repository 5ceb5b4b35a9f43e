"""The OCSP core: any bytes get a well-formed reply, and only what was issued gets "good"."""

import base64
import random
from datetime import timedelta
from urllib.parse import quote

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp as pyca

from pki_publishers.server import ocsp
from pki_schema.x509.der import header, tlv

DER = serialization.Encoding.DER


@pytest.fixture
def ask(estate, now):
    """Ask the responder of the issuing CA, which has both answers for the one leaf."""
    answers = {
        (estate.leaf.serial, algorithm): estate.issuing.answer(estate.leaf, algorithm).der
        for algorithm in ("sha1", "sha256")
    }

    def ask(request: bytes, at=now) -> ocsp.Reply:
        return ocsp.answer(
            request,
            authority=estate.issuing.issued.certificate.der,
            lookup=lambda serial, algorithm: answers.get((serial, algorithm)),
            now=at,
        )

    return ask


def request_with(estate, *extensions, critical=False) -> bytes:
    builder = pyca.OCSPRequestBuilder().add_certificate(
        x509.load_der_x509_certificate(estate.leaf.der), estate.issuing.certificate, hashes.SHA1()
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.build().public_bytes(DER)


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()], ids=lambda h: h.name)
def test_an_issued_serial_gets_its_answer_for_either_hash(ask, estate, algorithm):
    reply = ask(estate.issuing.request(estate.leaf, algorithm))
    response = pyca.load_der_ocsp_response(reply.body)
    assert response.certificate_status is pyca.OCSPCertStatus.GOOD
    assert (response.serial_number, response.hash_algorithm.name) == (
        estate.leaf.serial,
        algorithm.name,
    )


def test_errors_are_five_octets():
    """RFC 6960 section 4.2.1: a status alone, without responseBytes."""
    errors = [ocsp.MALFORMED, ocsp.INTERNAL_ERROR, ocsp.TRY_LATER, ocsp.UNAUTHORIZED]
    assert [reply.body.hex() for reply in errors] == [
        "30030a0101",
        "30030a0102",
        "30030a0103",
        "30030a0106",
    ]


def test_a_serial_never_issued_is_unauthorized(ask, estate):
    other = msgspec.structs.replace(estate.leaf, der=estate.issuing.certify("api", 0x777).der)
    assert ask(estate.issuing.request(other)) == ocsp.UNAUTHORIZED


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()], ids=lambda h: h.name)
def test_a_ca_of_the_same_name_with_another_key_is_unauthorized(ask, estate, stranger, algorithm):
    theirs = stranger.certify("api", estate.leaf.serial)
    assert ask(stranger.request(theirs, algorithm)) == ocsp.UNAUTHORIZED


def test_the_same_key_under_another_name_is_unauthorized(ask, estate):
    request = pyca.load_der_ocsp_request(estate.issuing.request(estate.leaf))
    swapped = (
        pyca.OCSPRequestBuilder()
        .add_certificate_by_hash(
            bytes(20), request.issuer_key_hash, request.serial_number, hashes.SHA1()
        )
        .build()
    )
    assert ask(swapped.public_bytes(DER)) == ocsp.UNAUTHORIZED


@pytest.mark.parametrize(
    "algorithm", [hashes.SHA384(), hashes.SHA512(), hashes.SHA224()], ids=lambda h: h.name
)
def test_a_hash_we_make_no_answers_for_is_unauthorized(ask, estate, algorithm):
    assert ask(estate.issuing.request(estate.leaf, algorithm)) == ocsp.UNAUTHORIZED


def test_an_unknown_hash_is_unauthorized(ask, estate):
    """The OID of MD5 in place of SHA-1's; hashes of the wrong length do not matter."""
    request = estate.issuing.request(estate.leaf).replace(
        bytes.fromhex("06052b0e03021a"), bytes.fromhex("06052b0e03021b")
    )
    assert ask(request) == ocsp.UNAUTHORIZED


def test_without_a_ca_certificate_everything_is_unauthorized(estate, now):
    request = estate.issuing.request(estate.leaf)
    reply = ocsp.answer(request, authority=None, lookup=lambda *_: b"", now=now)
    assert reply == ocsp.UNAUTHORIZED


def test_an_unreadable_ca_certificate_is_an_internal_error(estate, now):
    request = estate.issuing.request(estate.leaf)
    reply = ocsp.answer(request, authority=b"torn", lookup=lambda *_: b"", now=now)
    assert reply == ocsp.INTERNAL_ERROR


def test_an_answer_past_its_next_update_is_not_served(ask, estate, now):
    request = estate.issuing.request(estate.leaf)
    end = now + timedelta(days=4)
    assert ask(request, at=end - timedelta(seconds=1)).age is not None
    assert ask(request, at=end) == ocsp.TRY_LATER


def test_a_stored_answer_about_another_serial_is_not_served(estate, now):
    other = estate.issuing.answer(estate.issuing.certify("other", 0x55), "sha1").der
    reply = ocsp.answer(
        estate.issuing.request(estate.leaf),
        authority=estate.issuing.issued.certificate.der,
        lookup=lambda *_: other,
        now=now,
    )
    assert reply == ocsp.INTERNAL_ERROR


def test_a_torn_stored_answer_is_not_served(estate, now):
    reply = ocsp.answer(
        estate.issuing.request(estate.leaf),
        authority=estate.issuing.issued.certificate.der,
        lookup=lambda *_: b"\x30\x82",
        now=now,
    )
    assert reply == ocsp.INTERNAL_ERROR


@pytest.mark.parametrize("size", [1, 8, 16, 32, 33, 64, 128])
def test_nonces_of_allowed_length_do_not_change_the_answer(ask, estate, size):
    plain = ask(request_with(estate))
    assert ask(request_with(estate, x509.OCSPNonce(bytes(size)))) == plain
    assert plain.age is not None


@pytest.mark.parametrize("size", [0, 129, 1024])
def test_nonces_of_forbidden_length_are_malformed(ask, estate, size):
    """RFC 9654 section 2.1."""
    assert ask(request_with(estate, x509.OCSPNonce(bytes(size)))) == ocsp.MALFORMED


ACCEPTABLE = x509.UnrecognizedExtension(
    x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.4"), bytes.fromhex("300b06092b0601050507300101")
)


def test_unknown_extensions_are_ignored_unless_critical(ask, estate):
    assert ask(request_with(estate, ACCEPTABLE)).age is not None
    assert ask(request_with(estate, ACCEPTABLE, critical=True)) == ocsp.UNAUTHORIZED


def with_certids(request: bytes, count: int) -> bytes:
    """The request with its one CertID ``count`` times over."""
    _, tbs, _ = header(request)
    _, listed, _ = header(request, tbs)
    _, first, end = header(request, listed)
    return tlv(0x30, tlv(0x30, tlv(0x30, request[first:end] * count)))


@pytest.mark.parametrize("count", [0, 2, 20])
def test_exactly_one_certid(ask, estate, count):
    request = estate.issuing.request(estate.leaf)
    assert ask(with_certids(request, 1)).age is not None
    assert ask(with_certids(request, count)) == ocsp.MALFORMED


def test_a_request_above_the_cap_is_not_parsed(ask, estate):
    request = with_certids(estate.issuing.request(estate.leaf), 80)
    assert len(request) > ocsp.MAX_REQUEST
    assert ask(request) == ocsp.MALFORMED


def test_truncated_and_padded_requests_are_malformed(ask, estate):
    request = estate.issuing.request(estate.leaf)
    damaged = [request[:size] for size in range(len(request))] + [request + b"\0"]
    assert {ask(one) for one in damaged} == {ocsp.MALFORMED}


def test_ber_is_malformed(ask, estate):
    """Indefinite and non-minimal lengths."""
    content = estate.issuing.request(estate.leaf)[2:]
    assert ask(b"\x30\x80" + content + b"\0\0") == ocsp.MALFORMED
    assert ask(b"\x30\x82\0" + bytes([len(content)]) + content) == ocsp.MALFORMED


def test_deep_nesting_and_long_oids_are_malformed(ask):
    nested = b""
    for _ in range(1000):
        nested = tlv(0x30, nested)
    oid = tlv(0x30, tlv(0x30, tlv(0x30, tlv(0x30, tlv(0x30, tlv(0x06, b"\x2a" * 3900))))))
    assert ask(nested[:4096]) == ask(oid) == ocsp.MALFORMED


def test_no_flipped_bit_gets_an_answer_for_another_certid(ask, estate):
    """Every single bit of a request with a nonce, and 3,000 seeded heavier mutations."""
    request = request_with(estate, x509.OCSPNonce(bytes(16)))
    asked = certid(request)
    flips = [
        bytes(b ^ (1 << bit) if at == where else b for at, b in enumerate(request))
        for where in range(len(request))
        for bit in range(8)
    ]
    chance = random.Random(2026)
    heavier = [mutated(request, chance) for _ in range(3000)]
    for one in (*flips, *heavier):
        reply = ask(one)
        if reply.age is None:
            assert reply in (ocsp.MALFORMED, ocsp.UNAUTHORIZED)
        else:
            assert certid(one) == asked


def certid(request: bytes):
    parsed = pyca.load_der_ocsp_request(request)
    return parsed.issuer_name_hash, parsed.issuer_key_hash, parsed.serial_number


def mutated(request: bytes, chance: random.Random) -> bytes:
    data = bytearray(request)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data.insert(at, chance.randrange(256))
            case 2:
                del data[at]
            case _:
                data[at:at] = chance.randbytes(chance.randint(1, 40))
    return bytes(data)


def test_noise_is_malformed(ask):
    chance = random.Random(6960)
    noise = (chance.randbytes(chance.randint(0, 300)) for _ in range(2000))
    assert {ask(one) for one in noise} == {ocsp.MALFORMED}


def test_hashes_are_those_openssl_and_pyca_send(estate):
    request = pyca.load_der_ocsp_request(estate.issuing.request(estate.leaf))
    known = ocsp.issuer_hashes(estate.issuing.issued.certificate.der)
    assert known["sha1"] == (request.issuer_name_hash, request.issuer_key_hash)


# Bytes whose base64 has every awkward character: + / and padding.
AWKWARD = bytes.fromhex("30fbffbf fbef beff fb")


@pytest.mark.parametrize(
    "path",
    [
        quote(base64.b64encode(AWKWARD), safe=""),
        base64.b64encode(AWKWARD).decode(),
        "/" + quote(base64.b64encode(AWKWARD), safe=""),
        "//" + base64.b64encode(AWKWARD).decode(),
        base64.urlsafe_b64encode(AWKWARD).decode(),
        base64.b64encode(AWKWARD).decode().rstrip("="),
        quote(quote(base64.b64encode(AWKWARD), safe=""), safe=""),
        base64.b64encode(AWKWARD).decode().replace("+", "%20"),
        quote(base64.encodebytes(AWKWARD), safe=""),
    ],
    ids=[
        "percent-encoded",
        "raw",
        "slash before",
        "slashes before",
        "url-safe",
        "unpadded",
        "encoded twice",
        "plus became space",
        "line break",
    ],
)
def test_get_requests_are_read_as_clients_send_them(path):
    assert ocsp.decoded(path) == AWKWARD


@pytest.mark.parametrize("path", ["MA*=", "A", "M", "%ff", "a" * 9000, "M\u00e9=="])
def test_what_is_no_base64_is_none(path):
    assert ocsp.decoded(path) is None
