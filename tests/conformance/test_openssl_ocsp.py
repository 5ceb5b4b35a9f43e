"""`openssl ocsp` against a running `vcc-pki serve`, over what is published and nothing else.

openssl judges the signature: the root is its only anchor, and the issuer's published certificate is
all it has to find the responder's issuer.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conformance.programs import PATIENCE, Said, openssl, run, served
from tests.conformance.published import Held, Published, an_hour_old, reconcile_now

pytestmark = pytest.mark.debian("openssl", "git")

HASHES = ("sha1", "sha256")
REVOKED = "vcc/clara-backend"


@dataclass(frozen=True, kw_only=True)
class Service:
    """A published folder and the port at which it is served."""

    published: Published
    port: int

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def ask(self, held: Held, algorithm: str, **other: Path) -> Said:
        """What openssl is told about a certificate; ``issuer`` and ``anchor`` may be others."""
        issuer, anchor = other.get("issuer", held.issuer), other.get("anchor", held.anchor)
        return openssl(
            *("ocsp", f"-{algorithm}", "-issuer", issuer, "-cert", held.cert),
            *("-url", self.url(held.ocsp), "-CAfile", anchor, "-verify_other", held.issuer),
        )

    def exchange(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            headers = {"Content-Type": "application/ocsp-request"} if body else {}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The organisation, an hour old, of which one certificate was revoked just now."""
    world = an_hour_old(tmp_path_factory.mktemp("ocsp"))
    world.revoke("clara", "{tenant: vcc, service: clara-backend}", "keyCompromise")
    world.commit()
    reconcile_now(world)
    with served(world) as port:
        yield Service(published=Published(world), port=port)


def request(held: Held, algorithm: str, to: Path) -> bytes:
    """The request that openssl would send, without a nonce."""
    openssl(
        *("ocsp", "-no_nonce", f"-{algorithm}", "-issuer", held.issuer),
        *("-cert", held.cert, "-reqout", to),
    )
    return to.read_bytes()


@pytest.mark.parametrize("algorithm", HASHES)
def test_every_certificate_that_was_not_revoked_is_good(service: Service, algorithm: str) -> None:
    """Signed by the CA's responder; that openssl's nonce does not come back it only remarks."""
    names = service.published.names() - {REVOKED}
    assert len(names) == 12
    for name in sorted(names):
        held = service.published.held(name)
        said = service.ask(held, algorithm)
        assert said.code == 0, said.text
        assert said.stdout.startswith(f"{held.cert}: good\n"), said.text
        assert said.stderr.splitlines() == ["WARNING: no nonce in response", "Response verify OK"]


@pytest.mark.parametrize("algorithm", HASHES)
def test_a_revoked_certificate_is_revoked_with_its_reason(service: Service, algorithm: str) -> None:
    held = service.published.held(REVOKED)
    said = service.ask(held, algorithm)
    assert said.stdout.startswith(f"{held.cert}: revoked\n"), said.text
    assert "\tReason: keyCompromise\n" in said.stdout
    assert "\tRevocation Time: " in said.stdout
    assert "Response verify OK" in said.stderr


def test_an_answer_is_worth_nothing_under_another_root(service: Service) -> None:
    """What the other tests' "Response verify OK" is about."""
    held = service.published.held("vcc/argus-backend")
    other = service.published.held("partner/exchange").anchor
    said = service.ask(held, "sha1", anchor=other)
    assert said.code == 1
    assert "Response Verify Failure" in said.text


@pytest.mark.parametrize("algorithm", HASHES)
@pytest.mark.parametrize("serial", ["1", "0xC0FFEE", "0x7" + 39 * "f", "0x" + 60 * "f"])
def test_a_serial_that_was_never_issued_is_unauthorized(
    service: Service, algorithm: str, serial: str
) -> None:
    held = service.published.held("vcc/argus-backend")
    said = openssl(
        *("ocsp", f"-{algorithm}", "-issuer", held.issuer, "-serial", serial),
        *("-url", service.url(held.ocsp), "-CAfile", held.anchor, "-verify_other", held.issuer),
    )
    assert "Responder Error: unauthorized (6)" in said.text
    assert "good" not in said.text


@pytest.mark.parametrize("algorithm", HASHES)
@pytest.mark.parametrize("wrong", ["vcc-people", "vcc-root", "partner-services"])
def test_a_certificate_asked_about_under_another_issuer_is_never_good(
    service: Service, algorithm: str, wrong: str
) -> None:
    """Neither at the service of its own CA nor at that of the other one."""
    held = service.published.held("vcc/argus-backend")
    other = service.published.authority(wrong)
    for path in (held.ocsp, f"/ocsp/{other.stem}"):
        said = openssl(
            *("ocsp", f"-{algorithm}", "-issuer", other.pem, "-cert", held.cert),
            *("-url", service.url(path), "-CAfile", held.anchor, "-verify_other", other.pem),
        )
        assert "Responder Error: unauthorized (6)" in said.text
        assert "good" not in said.text


@pytest.mark.parametrize("algorithm", HASHES)
def test_get_and_post_give_the_published_answer_byte_for_byte(
    service: Service, algorithm: str, tmp_path: Path
) -> None:
    """GET as RFC 6960 appendix A.1 has it, with every reserved character percent-encoded."""
    for name in sorted(service.published.names()):
        held = service.published.held(name)
        asked = request(held, algorithm, tmp_path / "request.der")
        encoded = quote(base64.b64encode(asked), safe="")
        file = f"{held.ocsp}/{held.serial:x}.{algorithm}.der"
        stored = (service.published.root / file.removeprefix("/")).read_bytes()
        assert service.exchange("POST", held.ocsp, asked) == (200, stored)
        assert service.exchange("GET", f"{held.ocsp}/{encoded}") == (200, stored)
        assert service.exchange("GET", file) == (200, stored)


@pytest.mark.debian("curl")
def test_curl_gets_by_get_what_openssl_accepts(service: Service, tmp_path: Path) -> None:
    held = service.published.held(REVOKED)
    asked, answer = tmp_path / "request.der", tmp_path / "answer.der"
    encoded = quote(base64.b64encode(request(held, "sha256", asked)), safe="")
    fetched = run("curl", "-sSf", "-o", answer, service.url(f"{held.ocsp}/{encoded}"))
    assert fetched.code == 0, fetched.text
    said = openssl(
        *("ocsp", "-sha256", "-no_nonce", "-respin", answer, "-issuer", held.issuer),
        *("-cert", held.cert, "-CAfile", held.anchor, "-verify_other", held.issuer),
    )
    assert said.stdout.startswith(f"{held.cert}: revoked\n"), said.text
    assert said.stderr == "Response verify OK\n"


def test_the_staple_is_the_answer_for_sha1(service: Service) -> None:
    """OpenSSL's clients look their certificate up in a staple by SHA-1."""
    for name in sorted(service.published.names()):
        held = service.published.held(name)
        file = f"{held.ocsp}/{held.serial:x}.sha1.der"
        assert service.exchange("GET", file) == (200, held.staple.read_bytes())


def test_every_pointer_in_a_certificate_leads_to_what_it_says(service: Service) -> None:
    """Under the base URL: its CRL, and the certificate of its issuer, which verifies it."""
    for name in sorted(service.published.names()):
        held = service.published.held(name)
        status, crl = service.exchange("GET", held.pointer_to_crl)
        assert (status, crl) == (200, held.crl.read_bytes())
        status, issuer = service.exchange("GET", held.pointer_to_issuer)
        assert status == 200
        authority = service.published.root / held.pointer_to_issuer.removeprefix("/")
        assert issuer == authority.read_bytes()
        said = openssl("verify", "-partial_chain", "-trusted", held.issuer, held.cert)
        assert said.code == 0, said.text
