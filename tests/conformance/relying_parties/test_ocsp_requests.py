"""OCSP as six programs ask for it: their recorded requests, and the programs themselves."""

from __future__ import annotations

import base64
import hashlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.client import HTTPResponse
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote

import pytest
from asn1crypto import ocsp as asn1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ReasonFlags, load_pem_x509_certificate, ocsp

from tests.conformance.programs import PATIENCE
from tests.conformance.published import Held, Published
from tests.conformance.relying_parties.ocsp_clients import CLIENTS, GOOD, REVOKED, made, served
from tests.conformance.relying_parties.verdicts import Verdict

pytestmark = pytest.mark.debian("git")

RECORDED = Path(__file__).parents[1] / "ocsp_requests"
NONCE, TYPES = "nonce", "acceptable_responses"
SHAPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "openssl": ("POST", (NONCE,)),
    "strongswan": ("POST", (NONCE, TYPES)),
    "gnutls": ("POST", ()),
    "java": ("GET", ()),
    "nginx": ("GET", ()),
    "nss": ("GET", (TYPES,)),
}
"""The method and the extensions of each request. All ask by SHA-1, and about one certificate."""

NEVER_ISSUED = 0x7E577E57 << 120


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A request in parts that make it up again: head lines, stem of the CA's service, DER."""

    method: str
    stem: str
    version: str
    fields: tuple[str, ...]
    der: bytes

    @classmethod
    def read(cls, octets: bytes) -> Self:
        head, _, body = octets.partition(b"\r\n\r\n")
        first, *fields = head.decode("ascii").split("\r\n")
        method, path, version = first.split(" ")
        _, folder, stem, *rest = path.split("/")
        assert folder == "ocsp"
        der = base64.b64decode(unquote(rest[0]), validate=True) if rest else body
        return cls(method=method, stem=stem, version=version, fields=tuple(fields), der=der)

    @property
    def octets(self) -> bytes:
        posted = self.method == "POST"
        rest = "" if posted else f"/{quote(base64.b64encode(self.der), safe='')}"
        lines = [f"{self.method} /ocsp/{self.stem}{rest} {self.version}", *self.fields, "", ""]
        return "\r\n".join(lines).encode("ascii") + (self.der if posted else b"")

    @property
    def request(self) -> asn1.TBSRequest:
        return asn1.OCSPRequest.load(self.der, strict=True)["tbs_request"]

    def about(self, name: bytes, key: bytes, serial: int) -> Self:
        """The same request with another CertID in it."""
        request = asn1.OCSPRequest.load(self.der, strict=True)
        cert_id = request["tbs_request"]["request_list"][0]["req_cert"]
        cert_id["issuer_name_hash"] = name
        cert_id["issuer_key_hash"] = key
        cert_id["serial_number"] = serial
        der = request.dump(force=True)
        old, new = f"Content-Length: {len(self.der)}", f"Content-Length: {len(der)}"
        fields = tuple(new if field == old else field for field in self.fields)
        return replace(self, der=der, fields=fields)


def recorded(program: str) -> Recorded:
    return Recorded.read((RECORDED / f"{program}.bin").read_bytes())


@dataclass(frozen=True, kw_only=True)
class Service:
    """A published folder and the port at which it is served."""

    published: Published
    port: int

    def url(self, held: Held) -> str:
        return f"http://127.0.0.1:{self.port}{held.ocsp}"

    def replay(self, program: str, held: Held, serial: int) -> ocsp.OCSPResponse:
        """The answer to what a program asked, about a serial of the CA of ``held``."""
        issuer = load_pem_x509_certificate(held.issuer.read_bytes())
        key = issuer.public_key().public_bytes(*KEY_FORMATS)
        asked = replace(recorded(program), stem=held.ocsp.rpartition("/")[2]).about(
            hashlib.sha1(issuer.subject.public_bytes()).digest(), hashlib.sha1(key).digest(), serial
        )
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.sendall(asked.octets)
            with HTTPResponse(connection) as response:
                response.begin()
                body = response.read()
        assert response.status == 200, body
        assert response.headers["Content-Type"] == "application/ocsp-response"
        return ocsp.load_der_ocsp_response(body)


KEY_FORMATS = (Encoding.X962, PublicFormat.UncompressedPoint)
"""A CertID hashes the key without its algorithm; the CAs here have elliptic curves."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        port = listener.getsockname()[1]
        world = made(tmp_path_factory.mktemp("ocsp") / "world", port)
        with served(listener, world):
            yield Service(published=Published(world), port=port)


def test_these_are_the_programs_and_all_that_is_recorded() -> None:
    assert {path.stem for path in RECORDED.glob("*.bin")} == SHAPES.keys() == CLIENTS.keys()


@pytest.mark.parametrize("program", SHAPES)
def test_the_recorded_request_has_the_shape_of_its_program(program: str) -> None:
    """One CertID by SHA-1, and these extensions; nonces are of 16 octets."""
    method, extensions = SHAPES[program]
    found = recorded(program)
    assert found.method == method
    (asked,) = found.request["request_list"]
    assert asked["req_cert"]["hash_algorithm"]["algorithm"].native == "sha1"
    sent = {
        each["extn_id"].native: each["extn_value"] for each in found.request["request_extensions"]
    }
    assert tuple(sent) == extensions
    assert all(len(sent[name].parsed.native) == 16 for name in sent if name == NONCE)


@pytest.mark.parametrize("program", SHAPES)
def test_putting_another_certid_in_changes_nothing_else(program: str) -> None:
    """With its own CertID a request is what was recorded, octet by octet."""
    found = recorded(program)
    (asked,) = found.request["request_list"]
    own = asked["req_cert"]
    same = found.about(
        own["issuer_name_hash"].native, own["issuer_key_hash"].native, own["serial_number"].native
    )
    assert same.octets == (RECORDED / f"{program}.bin").read_bytes()


@pytest.mark.parametrize("program", SHAPES)
def test_a_good_certificate_is_good(service: Service, program: str) -> None:
    """It is the stored answer, whatever was asked beside the CertID."""
    held = service.published.held(GOOD)
    answer = service.replay(program, held, held.serial)
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert answer.serial_number == held.serial
    assert answer.public_bytes(Encoding.DER) == held.staple.read_bytes()


@pytest.mark.parametrize("program", SHAPES)
def test_a_revoked_certificate_is_revoked(service: Service, program: str) -> None:
    held = service.published.held(REVOKED)
    answer = service.replay(program, held, held.serial)
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert answer.serial_number == held.serial
    assert answer.revocation_reason is ReasonFlags.key_compromise


@pytest.mark.parametrize("program", SHAPES)
def test_a_serial_that_was_never_issued_is_unauthorized(service: Service, program: str) -> None:
    answer = service.replay(program, service.published.held(GOOD), NEVER_ISSUED)
    assert answer.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    "program",
    [pytest.param(name, marks=pytest.mark.debian(*needs)) for name, (_, needs) in CLIENTS.items()],
)
@pytest.mark.parametrize(
    ("name", "verdict"), [(GOOD, Verdict.ACCEPTED), (REVOKED, Verdict.REVOKED)]
)
def test_the_program_itself_is_content_with_the_answer(
    service: Service, program: str, name: str, verdict: Verdict, tmp_path: Path
) -> None:
    """It asks the running server, checks the answer's signature, and knows what it says."""
    ask, _ = CLIENTS[program]
    held = service.published.held(name)
    assert ask(held, service.url(held), tmp_path) is verdict
