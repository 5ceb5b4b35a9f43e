"""What a CSR file must be before its key is certified."""

import base64
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from asn1crypto.algos import RSASSAPSSParams, SignedDigestAlgorithm
from asn1crypto.core import Null, ObjectIdentifier, OctetString, UTF8String
from asn1crypto.keys import ECDomainParameters
from asn1crypto.parser import emit
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st

from pki_schema.desired import SigningRequest
from pki_schema.errors import Position, Severity
from pki_schema.load.requests import (
    LARGEST,
    CertificateRequestFacts,
    read_request,
    read_requests,
)
from pki_schema.x509.algorithms import ALGORITHMS

MINE = "pki:vcc/api"
PATH = "tenants/vcc/csr/api.pem"
EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
P256 = ObjectIdentifier("1.2.840.10045.3.1.7").dump()
NULL = Null().dump()
Csr = Callable[..., bytes]


def read(pem: bytes) -> CertificateRequestFacts | tuple[str, ...]:
    """The facts, or the codes of the problems, all of which stand at the start of the file."""
    found = read_request(
        SigningRequest(
            tenant="vcc", service="api", certificate="default", path=PATH, blob="", pem=pem
        )
    )
    if isinstance(found, CertificateRequestFacts):
        return found
    assert {problem.position for problem in found} == {Position(PATH)}
    return tuple(problem.code for problem in found)


def test_a_request_that_names_its_service_gives_its_key(
    csr: Csr, p256: ec.EllipticCurvePrivateKey
) -> None:
    spki = p256.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    assert read(csr(p256, [MINE])) == CertificateRequestFacts(spki, "P-256")


@pytest.mark.parametrize(
    "uris",
    [
        [],
        ["pki:vcc/other"],
        ["pki:partner/api"],
        [MINE, "pki:vcc/other"],
        [MINE, MINE],
        ["pki:vcc/api/"],
        ["spiffe://vcc.local/vcc/api"],
    ],
)
def test_a_request_made_for_another_service_is_refused(
    csr: Csr, p256: ec.EllipticCurvePrivateKey, uris: list[str]
) -> None:
    """Else anybody could have a key of theirs certified under a file name of somebody else."""
    assert read(csr(p256, uris)) == ("PKI4055",)


def test_several_requests_are_read_in_their_order_and_each_as_by_itself(
    csr: Csr, p256: ec.EllipticCurvePrivateKey
) -> None:
    """Also beside one that is none, one of another service and one that pyca refuses."""
    pems = [
        csr(p256, [MINE]),
        b"none",
        csr(p256, ["pki:vcc/other"]),
        pem(b"0\0"),
        csr(p256, [MINE]),
    ]
    requests = [
        SigningRequest(tenant="vcc", service="api", certificate="one", path=PATH, blob="", pem=one)
        for one in pems
    ]

    found = read_requests(requests)

    assert found == [read_request(request) for request in requests]
    told = [one if isinstance(one, CertificateRequestFacts) else one[0].code for one in found]
    assert told[1:4] == ["PKI4051", "PKI4055", "PKI4052"]
    assert told[0] == told[4] == read(pems[0])


def test_other_names_are_ignored_and_the_author_is_told(
    csr: Csr, p256: ec.EllipticCurvePrivateKey
) -> None:
    found = read(csr(p256, [MINE], more=[x509.DNSName("*.example.com")]))

    assert isinstance(found, CertificateRequestFacts)
    assert [(p.code, p.severity) for p in found.notices] == [("PKI4056", Severity.NOTICE)]
    assert "ignored in the CSR: other names;" in found.notices[0].message


def test_whatever_else_a_request_asks_for_is_ignored_and_named(
    csr: Csr, p256: ec.EllipticCurvePrivateKey
) -> None:
    """A CA, other purposes, an extension nobody knows: the facts are those of a modest request."""
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(MINE)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    for extension in (
        x509.BasicConstraints(ca=True, path_length=9),
        names,
        x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CODE_SIGNING]),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.7"), b"whatever"),
    ):
        builder = builder.add_extension(extension, critical=True)
    found = read(builder.sign(p256, hashes.SHA256()).public_bytes(Encoding.PEM))

    assert isinstance(found, CertificateRequestFacts)
    assert replace(found, notices=()) == read(csr(p256, [MINE]))
    assert [(p.code, p.severity) for p in found.notices] == [("PKI4056", Severity.NOTICE)]
    assert (
        "ignored in the CSR: basic constraints, extended key usage, extension 1.3.6.1.4.1.32473.7;"
        in found.notices[0].message
    )


def test_a_request_not_signed_by_its_own_key_is_refused(
    csr: Csr, p256: ec.EllipticCurvePrivateKey
) -> None:
    der = bytearray(base64.b64decode(b"".join(csr(p256, [MINE]).splitlines()[1:-1])))
    der[-1] ^= 1

    assert read(pem(bytes(der))) == ("PKI4054",)


@pytest.mark.parametrize("bits", [1024, 2048])
def test_a_key_off_the_list_is_refused(csr: Csr, bits: int) -> None:
    assert read(csr(rsa.generate_private_key(65537, bits), [MINE])) == ("PKI4053",)


def test_a_file_is_exactly_one_request(csr: Csr, p256: ec.EllipticCurvePrivateKey) -> None:
    good = csr(p256, [MINE])

    for wrong in (good + good, b"note\n" + good, good + b"note", b"", b"\xff\xfe", good[:-30]):
        assert read(wrong) == ("PKI4051",)


def test_surrounding_blanks_and_windows_line_ends_are_nothing(
    csr: Csr, p256: ec.EllipticCurvePrivateKey
) -> None:
    good = csr(p256, [MINE])

    assert read(b"\n" + good.replace(b"\n", b"\r\n") + b"\r\n") == read(good)


def test_size_is_judged_before_anything_is_parsed(
    csr: Csr, p256: ec.EllipticCurvePrivateKey
) -> None:
    assert read(csr(p256, [MINE]) + b"\n" * LARGEST) == ("PKI4050",)


# ---------------------------------------------------------------- the key


def test_a_weak_key_is_refused_though_its_holder_proves_to_have_it(csr: Csr) -> None:
    """The gate's own tests have a sample of each class."""
    p, q = (2**1536 - k for k in (3453, 4977))  # the largest primes there, so they are close
    d = pow(65537, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(65537, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)

    assert read(csr(numbers.private_key(), [MINE])) == ("PKI4071",)
    assert read(csr(rsa.generate_private_key(3, 3072), [MINE])) == ("PKI4069",)


def test_a_key_that_pyca_would_take_or_not_even_read_is_refused_for_what_it_is(
    p256: ec.EllipticCurvePrivateKey,
) -> None:
    public = p256.public_key()
    compressed = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    uncompressed = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    explicit = ECDomainParameters(
        name="specified",
        value={
            "version": 1,
            "field_id": {"field_type": "prime_field", "parameters": 2**255 - 19},
            "curve": {"a": b"\1", "b": b"\2"},
            "base": uncompressed,
            "order": 2**252,
        },
    )

    assert read(pem(request(p256, key=(P256, compressed)))) == ("PKI4063",)
    assert read(pem(request(p256, key=(P256, uncompressed[:-1] + b"\0")))) == ("PKI4065",)
    assert read(pem(request(p256, key=(explicit.dump(), uncompressed)))) == ("PKI4062",)


# ---------------------------------------------------------------- form


@pytest.mark.parametrize("name", ["sha1_ecdsa", "sha224_ecdsa", "md5_rsa", "sha1_rsa", "md2_rsa"])
def test_a_signature_over_a_weak_hash_proves_nothing(
    p256: ec.EllipticCurvePrivateKey, name: str
) -> None:
    assert read(pem(request(p256, algorithm=signature(name)))) == ("PKI4074",)


@pytest.mark.parametrize(("name", "digest"), [("sha1", hashes.SHA1()), ("sha256", hashes.SHA256())])
def test_a_weak_hash_is_found_within_rsassa_pss_too(
    rsa3072: rsa.RSAPrivateKey, name: str, digest: hashes.HashAlgorithm
) -> None:
    """For pyca both of these signatures are valid."""
    parameters = RSASSAPSSParams(
        {
            "hash_algorithm": {"algorithm": name},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": name}},
            "salt_length": 20,
        }
    )
    scheme = padding.PSS(padding.MGF1(digest), 20)
    made = request(
        rsa3072,
        algorithm=signature("rsassa_pss", parameters),
        sign=lambda data: rsa3072.sign(data, scheme, digest),
    )

    assert x509.load_der_x509_csr(made).is_signature_valid
    assert (read(pem(made)) == ("PKI4074",)) == (name == "sha1")


def test_everything_wrong_with_key_and_form_is_said_at_once() -> None:
    key = ec.derive_private_key(5, ec.SECP256K1())

    made = request(key, algorithm=signature("sha1_ecdsa"), attributes=[OWNER, OWNER])

    assert read(pem(made)) == ("PKI4053", "PKI4074", "PKI4076")


def test_no_extension_twice(p256: ec.EllipticCurvePrivateKey) -> None:
    twice = attribute(EXTENSION_REQUEST, sequence(MINE_EXTENSION, MINE_EXTENSION))

    assert read(pem(request(p256, attributes=[twice]))) == ("PKI4075",)


def sequence(*parts: bytes) -> bytes:
    return emit(0, 1, 16, b"".join(parts))


def attribute(kind: str, *values: bytes) -> bytes:
    return sequence(ObjectIdentifier(kind).dump(), emit(0, 1, 17, b"".join(sorted(values))))


def other(number: int, *values: bytes) -> bytes:
    return attribute(f"1.3.6.1.4.1.32473.{number}", *values)


def octets(size: int) -> bytes:
    return bytes(OctetString(bytes(size)).dump())


def signature(name: str, parameters: Any = None) -> bytes:
    """The AlgorithmIdentifier of a signature."""
    return bytes(SignedDigestAlgorithm({"algorithm": name, "parameters": parameters}).dump())


MINE_EXTENSION = sequence(
    ObjectIdentifier("2.5.29.17").dump(),
    OctetString(
        x509.SubjectAlternativeName([x509.UniformResourceIdentifier(MINE)]).public_bytes()
    ).dump(),
)
OWNER = attribute(EXTENSION_REQUEST, sequence(MINE_EXTENSION))


@pytest.mark.parametrize(
    "more",
    [
        [OWNER],
        [attribute("1.3.6.1.4.1.311.2.1.14", sequence(MINE_EXTENSION))],
        [other(number, NULL) for number in range(16)],
        [other(1, octets(4_096))],
        [other(number, octets(800)) for number in range(6)],
        [other(1)],
        [other(1, NULL, octets(1))],
    ],
    ids=["twice", "in two ways", "too many", "too long", "too long together", "none", "several"],
)
def test_attributes_out_of_bounds(p256: ec.EllipticCurvePrivateKey, more: list[bytes]) -> None:
    assert read(pem(request(p256, attributes=[OWNER, *more]))) == ("PKI4076",)


def test_attributes_within_bounds_are_nothing(p256: ec.EllipticCurvePrivateKey) -> None:
    """Windows adds its version, the program and the provider."""
    attributes = [OWNER, *(other(number, octets(250)) for number in range(15))]

    assert isinstance(read(pem(request(p256, attributes=attributes))), CertificateRequestFacts)


def test_a_request_is_der_to_the_last_bit(p256: ec.EllipticCurvePrivateKey) -> None:
    """For pyca the last bits of a signature need not count, if they are 0."""
    made = next(made for made in iter(lambda: request(p256), b"") if made[-1] & 1 == 0)
    length = len(x509.load_der_x509_csr(made).signature)

    assert isinstance(read(pem(made)), CertificateRequestFacts)
    assert read(pem(made[: -length - 1] + b"\1" + made[-length:])) == ("PKI4077",)


def test_the_text_around_the_octets_is_strict(csr: Csr, p256: ec.EllipticCurvePrivateKey) -> None:
    good = csr(p256, [MINE])
    begin, *body, end = good.splitlines()

    for lines in ([*body, b"AA=="], [body[0][1:], *body[1:]], [b"=", *body]):
        assert read(b"\n".join([begin, *lines, end]) + b"\n") == ("PKI4052",)
    assert read(good.replace(b"BEGIN CERT", b"BEGIN NEW CERT")) == ("PKI4051",)
    assert read(good.replace(b" CERT", b" NEW CERT")) == read(good)


# ---------------------------------------------------------------- whatever comes


def test_no_mutation_of_a_request_raises_or_brings_another_key(
    csr: Csr, p256: ec.EllipticCurvePrivateKey
) -> None:
    """Whatever pyca thinks of hostile DER, an author gets problems and not a traceback."""
    der = base64.b64decode(b"".join(csr(p256, [MINE]).splitlines()[1:-1]))

    for position in range(len(der)):
        for value in (0x00, 0x05, 0x30, 0x80, 0xFF, der[position] ^ 1):
            mutant = der[:position] + bytes([value]) + der[position + 1 :]
            found = read(pem(mutant))
            assert mutant == der or not isinstance(found, CertificateRequestFacts)


@given(st.binary(max_size=400))
@example(b"0\x82\x01\x00")
def test_no_octets_raise(data: bytes) -> None:
    assert not isinstance(read(pem(data)), CertificateRequestFacts)


@given(
    key=st.binary(max_size=100),
    attributes=st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=40)), max_size=4),
    algorithm=st.sampled_from(["sha256_ecdsa", "sha256_rsa", "ed25519", "sha1_ecdsa"]),
)
def test_no_request_around_nonsense_raises(
    p256: ec.EllipticCurvePrivateKey,
    key: bytes,
    attributes: list[tuple[int, bytes]],
    algorithm: str,
) -> None:
    made = request(
        p256,
        key=(P256, key),
        algorithm=signature(algorithm),
        attributes=[OWNER, *(other(n, OctetString(value).dump()) for n, value in attributes)],
    )

    assert not isinstance(read(pem(made)), CertificateRequestFacts)


def request(
    signer: Any,
    *,
    key: tuple[bytes, bytes] | None = None,
    algorithm: bytes | None = None,
    attributes: Sequence[bytes] | None = None,
    sign: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """A PKCS#10 request in DER, made by hand; it is signed with SHA-256, whatever it says.

    ``key`` are parameters and point of an EC key that stands there in place of the signer's own.
    """
    public = signer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key:
        kind = sequence(ObjectIdentifier("1.2.840.10045.2.1").dump(), key[0])
        public = sequence(kind, emit(0, 0, 3, b"\0" + key[1]))
    asked = emit(2, 1, 0, b"".join(sorted(attributes or [OWNER])))
    info = sequence(b"\2\1\0", sequence(), public, asked)
    sign = sign or (lambda data: bytes(signer.sign(data, ec.ECDSA(hashes.SHA256()))))
    return sequence(info, algorithm or signature("sha256_ecdsa"), emit(0, 0, 3, b"\0" + sign(info)))


def pem(der: bytes) -> bytes:
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE REQUEST-----\n" + body + b"-----END CERTIFICATE REQUEST-----\n"


@pytest.mark.slow
def test_no_request_takes_50_ms(csr: Csr, p256: ec.EllipticCurvePrivateKey) -> None:
    """Good ones of every kind of key, and the largest that are hostile, in processor time."""
    owner = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(MINE)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(owner, critical=False)
    files = [
        builder.sign(kind.generate(), kind.digest).public_bytes(Encoding.PEM)  # type: ignore[arg-type]
        for kind in ALGORITHMS.values()
    ]
    files += [pem(request(p256, attributes=[OWNER, *more])) for more in hostile_attributes()]
    files += [csr(p256, [MINE] * 60), b"-----BEGIN CERTIFICATE REQUEST-----\n" * 455]
    files += [pem(b"\x30\x80" * 6_000), pem(b"\x30\x82\xff\xff" * 3_000)]
    read(files[0])  # tables are made once
    for file in files:
        assert len(file) <= LARGEST
        for _ in range(3):
            began = time.thread_time()
            read(file)
            assert time.thread_time() - began < 0.05


def hostile_attributes() -> list[list[bytes]]:
    return [
        [other(number, NULL) for number in range(500)],
        [other(1, octets(11_000))],
        [other(1, *(octets(size) for size in range(1, 120)))],
        [other(1, b"\x06\x82\x20\x00" + b"\x81" * 8_191 + b"\x01")],
    ]


def test_a_challenge_password_is_a_secret_in_the_open(p256: ec.EllipticCurvePrivateKey) -> None:
    """RFC 2985 section 5.4.1: whoever knew it could have asked for the revocation."""
    password = attribute("1.2.840.113549.1.9.7", UTF8String("a secret").dump())

    assert read(pem(request(p256, attributes=[OWNER, password]))) == ("PKI4078",)
