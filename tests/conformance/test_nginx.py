"""nginx, configured with published files: stapling, and mutual TLS between services.

Keys are those of the hosts. What nginx trusts, checks against and staples comes from the published
folder alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.programs import Nginx, Said, nginx, openssl, run
from tests.conformance.published import Held, Published, an_hour_old, reconcile_now

pytestmark = pytest.mark.debian("nginx", "curl", "openssl", "git")

ARGUS, COVINA = "argus-backend.vcc.local", "covina-backend.vcc.local"
EXCHANGE = "exchange.partner.internal"
"""A server of the other tenant."""

REVOKED = "client SSL certificate verify error: (23:certificate revoked)"
NO_CRL = "client SSL certificate verify error: (3:unable to get certificate CRL)"
UNKNOWN = "client SSL certificate verify error: (20:unable to get local issuer certificate)"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The organisation as it was published; nothing here changes it."""
    return Published(an_hour_old(tmp_path_factory.mktemp("nginx")))


def server(held: Held, host: str, more: str = "") -> str:
    """A server block as the README of the publishers tells operators to write it."""
    return (
        f"  server {{\n    listen ADDRESS ssl;\n    server_name {host};\n"
        f"    ssl_certificate {held.fullchain};\n    ssl_certificate_key {held.key};\n{more}"
        '    location / { return 200 "$ssl_client_verify $ssl_client_s_dn\\n"; }\n  }\n'
    )


def stapling(held: Held) -> str:
    return f"    ssl_stapling on;\n    ssl_stapling_file {held.staple};\n"


def trusting(held: Held) -> str:
    """Clients of the same root."""
    return (
        f"    ssl_verify_client on;\n    ssl_client_certificate {held.anchor};\n"
        "    ssl_verify_depth 3;\n"
    )


def mutual(held: Held) -> str:
    """Clients of the same root, checked against the CRLs of all levels."""
    return f"{trusting(held)}    ssl_crl {held.crls};\n"


def curl(to: Nginx, host: str, *arguments: str | Path) -> Said:
    return run(
        *("curl", "--silent", "--show-error", "--write-out", "%{http_code}"),
        *("--resolve", f"{host}:{to.port}:127.0.0.1", *arguments, f"https://{host}:{to.port}/"),
    )


def call(to: Nginx, host: str, server_: Held, client: Held) -> Said:
    """What a service does: it presents its certificate and trusts the server's root."""
    return curl(
        *(to, host, "--cacert", server_.anchor),
        *("--cert", client.fullchain, "--key", client.key),
    )


def dn(service: str) -> str:
    organization = "O=VCC - Veritas Control Center,ST=Brandenburg,C=DE"
    return f"CN={service}.vcc.local,OU=Services,{organization}"


@pytest.mark.parametrize("version", ["tls1_2", "tls1_3"])
def test_the_first_handshake_carries_a_good_staple(
    published: Published, version: str, tmp_path: Path
) -> None:
    """What `openssl s_client` sees of a server that nobody has asked before."""
    argus = published.held("vcc/argus-backend")
    with nginx(tmp_path / "nginx", server(argus, ARGUS, stapling(argus))) as running:
        said = openssl(
            *("s_client", "-connect", f"127.0.0.1:{running.port}", "-servername", ARGUS),
            *("-status", "-CAfile", argus.anchor, "-verify_hostname", ARGUS),
            *("-verify_return_error", f"-{version}"),
        )
    assert "OCSP Response Status: successful (0x0)" in said.text, said.text
    assert "Cert Status: good" in said.text
    assert "Verify return code: 0 (ok)" in said.text


def test_curl_that_insists_on_a_staple_succeeds_at_the_first_attempt(
    published: Published, tmp_path: Path
) -> None:
    """It verifies the staple itself; of a server without one it says so (91)."""
    argus = published.held("vcc/argus-backend")
    insisting = ("--cert-status", "--cacert", argus.anchor)
    with nginx(tmp_path / "stapling", server(argus, ARGUS, stapling(argus))) as running:
        said = curl(running, ARGUS, *insisting)
    assert (said.code, said.stdout) == (0, "NONE \n200"), said.text
    with nginx(tmp_path / "plain", server(argus, ARGUS)) as running:
        assert curl(running, ARGUS, *insisting).code == 91


def test_a_client_with_published_crls_refuses_a_revoked_server(tmp_path: Path) -> None:
    """And one that insists on a staple refuses the new staple, which says so."""
    world = an_hour_old(tmp_path / "world")
    published = Published(world)
    argus = published.held("vcc/argus-backend")
    checking = ("--cacert", argus.anchor, "--crlfile", argus.crls)
    with nginx(tmp_path / "before", server(argus, ARGUS, stapling(argus))) as running:
        assert curl(running, ARGUS, *checking).stdout == "NONE \n200"
    world.revoke("argus", "{tenant: vcc, service: argus-backend}", "cessationOfOperation")
    world.commit()
    reconcile_now(world)
    with nginx(tmp_path / "after", server(argus, ARGUS, stapling(argus))) as running:
        said = curl(running, ARGUS, *checking)
        assert (said.code, said.stdout) == (60, "000")
        assert "certificate revoked" in said.stderr
        said = curl(running, ARGUS, "--cacert", argus.anchor, "--cert-status")
        assert (said.code, said.stdout) == (91, "000")
        assert "SSL certificate revocation reason: cessationOfOperation" in said.stderr


def test_two_services_know_each_other_until_one_is_revoked(tmp_path: Path) -> None:
    """With the newly published CRLs nginx refuses the revoked client, and no other."""
    world = an_hour_old(tmp_path / "world")
    published = Published(world)
    covina, clara, veritas = (
        published.held(f"vcc/{name}")
        for name in ("covina-backend", "clara-backend", "veritas-backend")
    )
    servers = server(covina, COVINA, mutual(covina))
    with nginx(tmp_path / "before", servers) as running:
        said = call(running, COVINA, covina, clara)
        assert said.stdout == f"SUCCESS {dn('clara-backend')}\n200", said.text
        anonymous = curl(running, COVINA, "--cacert", covina.anchor)
        assert anonymous.stdout.endswith("400"), anonymous.text
    world.revoke("clara", "{tenant: vcc, service: clara-backend}", "keyCompromise")
    world.commit()
    reconcile_now(world)
    with nginx(tmp_path / "after", servers) as running:
        refused = call(running, COVINA, covina, clara)
        accepted = call(running, COVINA, covina, veritas)
    assert refused.stdout.endswith("400")
    assert "SUCCESS" not in refused.stdout
    assert REVOKED in running.log.read_text()
    assert accepted.stdout == f"SUCCESS {dn('veritas-backend')}\n200", accepted.text


@pytest.mark.parametrize(("admitting", "remark"), [(trusting, UNKNOWN), (mutual, NO_CRL)])
def test_a_server_of_two_tenants_admits_each_to_its_own_side_only(
    published: Published, admitting: Callable[[Held], str], remark: str, tmp_path: Path
) -> None:
    """One nginx, one address, two names: each trusts its own tenant's root and no other.

    Trust alone keeps the other's clients out; a missing CRL is only what nginx, which goes on to
    the last error, remarks where it is to check CRLs as well.
    """
    covina, clara = published.held("vcc/covina-backend"), published.held("vcc/clara-backend")
    exchange = published.held("partner/exchange")
    ours = server(covina, COVINA, admitting(covina))
    theirs = server(exchange, EXCHANGE, admitting(exchange))
    with nginx(tmp_path / "nginx", ours + theirs) as running:
        assert call(running, COVINA, covina, clara).stdout.startswith("SUCCESS ")
        assert call(running, EXCHANGE, exchange, exchange).stdout.startswith("SUCCESS ")
        assert remark not in running.log.read_text()
        strangers = [
            call(running, COVINA, covina, exchange),
            call(running, EXCHANGE, exchange, clara),
        ]
    for said in strangers:
        assert said.stdout.endswith("400")
        assert "SUCCESS" not in said.stdout
    assert running.log.read_text().count(remark) == len(strangers)
