"""What a CSR file must be before its key is certified."""

import base64
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki_schema.desired import SigningRequest
from pki_schema.errors import Position, Severity
from pki_schema.load.requests import LARGEST, CertificateRequestFacts, read_request

MINE = "pki:vcc/api"
PATH = "tenants/vcc/csr/api.pem"
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


def test_other_names_are_ignored_and_the_author_is_told(
    csr: Csr, p256: ec.EllipticCurvePrivateKey
) -> None:
    found = read(csr(p256, [MINE], more=[x509.DNSName("*.example.com")]))

    assert isinstance(found, CertificateRequestFacts)
    assert [(p.code, p.severity) for p in found.notices] == [("PKI4056", Severity.NOTICE)]


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


def test_no_mutation_of_a_request_raises_or_brings_another_key(
    csr: Csr, p256: ec.EllipticCurvePrivateKey
) -> None:
    """Whatever pyca thinks of hostile DER, an author gets problems and not a traceback.

    The one mutation it takes is a wrong count of unused bits in the signature, which is no harm.
    """
    good = csr(p256, [MINE])
    der = base64.b64decode(b"".join(good.splitlines()[1:-1]))

    for position in range(len(der)):
        for value in (0x00, 0x05, 0x30, 0x80, 0xFF, der[position] ^ 1):
            mutant = der[:position] + bytes([value]) + der[position + 1 :]
            found = read(pem(mutant))
            assert found == read(good) or not isinstance(found, CertificateRequestFacts)


def pem(der: bytes) -> bytes:
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE REQUEST-----\n" + body + b"-----END CERTIFICATE REQUEST-----\n"
