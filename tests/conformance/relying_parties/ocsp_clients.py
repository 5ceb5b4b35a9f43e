"""Six programs that ask the OCSP service which a certificate names, each in its own way."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pki_publishers.server import Limits, create_server
from pki_reconciler.ports import SystemClock
from tests.conformance import programs
from tests.conformance.programs import PATIENCE, openssl, run
from tests.conformance.published import Held, reconcile_now
from tests.conformance.relying_parties import java, strongswan, vfychain
from tests.conformance.relying_parties.certtool import PURPOSES
from tests.conformance.relying_parties.evidence import Role
from tests.conformance.relying_parties.verdicts import Verdict, told
from tests.worlds import World

GOOD, REVOKED = "vcc/argus-backend", "vcc/clara-backend"
CA = "cas/vcc-services.yaml"

Client = Callable[[Held, str, Path], Verdict]
"""A certificate, the URL of the service that it names, and an empty folder, in."""


def made(root: Path, port: int) -> World:
    """The organisation with its OCSP service at a port of this machine; one service is revoked."""
    world = World.shipped(root).on_disk()
    world.edit(CA, "baseURLs: [http://pki.vcc.internal]", f"baseURLs: [http://127.0.0.1:{port}]")
    world.commit("An OCSP service on this machine")
    world.clock.instant = SystemClock().now()
    assert not world.reconcile(hours=-1).held
    world.revoke("clara", "{tenant: vcc, service: clara-backend}", "keyCompromise")
    world.commit()
    reconcile_now(world)
    return world


@contextmanager
def served(listener: socket.socket, world: World) -> Iterator[None]:
    """The server over what a world has published, on a socket that is there already."""
    server = create_server(world.public, now=SystemClock().now, limits=Limits())
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


def ask_openssl(held: Held, url: str, _folder: Path) -> Verdict:
    said = openssl(
        *("ocsp", "-issuer", held.issuer, "-cert", held.cert, "-url", url),
        *("-CAfile", held.anchor, "-verify_other", held.issuer),
    )
    assert "Response verify OK" in said.stderr, said.text
    return told(said.stdout, {": good\n": Verdict.ACCEPTED, ": revoked\n": Verdict.REVOKED})


def ask_gnutls(held: Held, url: str, _folder: Path) -> Verdict:
    said = run(
        *("ocsptool", f"--ask={url}", "--load-cert", held.cert, "--load-issuer", held.issuer),
        *("--load-trust", held.issuer),
    )
    assert "Verifying OCSP Response: Success." in said.text, said.text
    words = {
        "Certificate Status: good\n": Verdict.ACCEPTED,
        "Certificate Status: revoked\n": Verdict.REVOKED,
    }
    return told(said.stdout, words)


def ask_strongswan(held: Held, _url: str, folder: Path) -> Verdict:
    files = {"leaf": held.cert, "issuer": held.issuer, "anchor": held.anchor}
    for name, file in files.items():
        openssl("x509", "-in", file, "-outform", "DER", "-out", folder / f"{name}.der")
    code, text = strongswan.pki(
        folder,
        *("--verify", "--online", "--in", folder / "leaf.der"),
        *("--cacert", folder / "anchor.der", "--cacert", folder / "issuer.der"),
        ocsp=True,
    )
    assert "ocsp response correctly signed by" in text, text
    words = {
        "certificate trusted, lifetimes valid": Verdict.ACCEPTED,
        "certificate was revoked on": Verdict.REVOKED,
    }
    verdict = told(text, words)
    assert (code == 0) == (verdict is Verdict.ACCEPTED), text
    return verdict


def ask_java(held: Held, _url: str, folder: Path) -> Verdict:
    cases = folder / "cases"
    moment = str(int(SystemClock().now().timestamp()) + 60)
    line = (str(held.fullchain), str(held.anchor), "", moment, PURPOSES[Role.SERVER])
    cases.write_text("\t".join(line) + "\n")
    said = run("java", java.SOURCE, cases)
    return told(said.stdout, {"valid": Verdict.ACCEPTED, "REVOKED ": Verdict.REVOKED})


def ask_nss(held: Held, _url: str, folder: Path) -> Verdict:
    database = vfychain.made(held.anchor, held.issuer, folder)
    said = run(
        *("vfychain", "-d", database, "-pp", "-u", "1"),
        *("-g", "leaf", "-m", "ocsp", "-s", "failIfNoInfo", "-a", held.cert, held.chain),
    )
    return told(said.text, vfychain.WORDS)


def ask_nginx(held: Held, _url: str, folder: Path) -> Verdict:
    """As a client of an nginx that has the client's certificate checked."""
    host = f"{held.name.partition('/')[2]}.vcc.local"
    block = (
        f"  server {{\n    listen ADDRESS ssl;\n    server_name {host};\n"
        f"    ssl_certificate {held.fullchain};\n    ssl_certificate_key {held.key};\n"
        f"    ssl_verify_client on;\n    ssl_client_certificate {held.anchor};\n"
        "    ssl_verify_depth 3;\n    ssl_ocsp leaf;\n"
        '    location / { return 200 "welcome\\n"; }\n  }\n'
    )
    with programs.nginx(folder / "nginx", block) as running:
        said = run(
            *("curl", "--silent", "--show-error", "--cacert", held.anchor),
            *("--resolve", f"{host}:{running.port}:127.0.0.1"),
            *("--cert", held.fullchain, "--key", held.key, f"https://{host}:{running.port}/"),
        )
        if said.stdout == "welcome\n":
            return Verdict.ACCEPTED
        words = {"client SSL certificate verify error: certificate revoked": Verdict.REVOKED}
        return told(running.log.read_text(), words)


CLIENTS: dict[str, tuple[Client, tuple[str, ...]]] = {
    "openssl": (ask_openssl, ("openssl",)),
    "gnutls": (ask_gnutls, ("ocsptool",)),
    "strongswan": (ask_strongswan, ("pki", "openssl")),
    "java": (ask_java, ("java", "javac")),
    "nss": (ask_nss, ("vfychain", "certutil")),
    "nginx": (ask_nginx, ("nginx", "curl")),
}
"""Each with the programs that it needs."""
