"""nginx, as a server that demands a certificate of its clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conformance import programs
from tests.conformance.relying_parties.evidence import Presented
from tests.conformance.relying_parties.tls import Ask, by_server
from tests.conformance.relying_parties.verdicts import Verdict, told

NO_CRL = "client SSL certificate verify error: (3:unable to get certificate CRL)"
"""nginx goes on to the last error: where no root is found, none of the root's CRL is either."""

WORDS = {
    "client SSL certificate verify error: (23:certificate revoked)": Verdict.REVOKED,
    "client SSL certificate verify error: (10:certificate has expired)": Verdict.EXPIRED,
    NO_CRL: Verdict.UNTRUSTED,
    "client SSL certificate verify error: (26:unsuitable certificate purpose": Verdict.MISUSED,
}


@contextmanager
def opened(server: Presented, trusting: Presented, folder: Path) -> Iterator[Ask]:
    block = (
        f"  server {{\n    listen ADDRESS ssl;\n    server_name {server.host};\n"
        f"    ssl_certificate {server.fullchain};\n    ssl_certificate_key {server.key};\n"
        f"    ssl_verify_client on;\n    ssl_client_certificate {trusting.anchor};\n"
        f"    ssl_verify_depth 3;\n    ssl_crl {trusting.crls};\n"
        '    location / { return 200 "welcome\\n"; }\n  }\n'
    )
    with programs.nginx(folder, block) as running:

        def ask(client: Presented) -> Verdict:
            """It completes the handshake and answers 400; why is in its log."""
            before = running.log.stat().st_size if running.log.exists() else 0
            said = programs.run(
                *("curl", "--silent", "--show-error", "--cacert", server.anchor),
                *("--resolve", f"{server.host}:{running.port}:127.0.0.1"),
                *("--cert", client.fullchain, "--key", client.key),
                f"https://{server.host}:{running.port}/",
            )
            if said.stdout == "welcome\n":
                return Verdict.ACCEPTED
            assert "400 The SSL certificate error" in said.stdout, said.text
            return told(running.log.read_bytes()[before:].decode(), WORDS)

        yield ask


judge = by_server(opened)
