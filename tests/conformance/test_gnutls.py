"""GnuTLS, a second opinion of other descent: chains with CRLs, and staples."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.programs import run
from tests.conformance.published import Held, Published, an_hour_old, reconcile_now

pytestmark = pytest.mark.debian("certtool", "ocsptool", "git")


def trusted(held: Held) -> bool:
    """Whether certtool trusts the published chain under the root and the CRLs of all levels."""
    said = run(
        *("certtool", "--verify", "--load-ca-certificate", held.anchor),
        *("--load-crl", held.crls, "--infile", held.fullchain),
    )
    verdict = next(line for line in said.stdout.splitlines() if line.startswith("Chain verif"))
    revoked = "NOT trusted. The certificate chain is revoked. " in verdict
    assert revoked or verdict.endswith(": Verified. The certificate is trusted. "), said.text
    assert said.code == int(revoked)
    return not revoked


def status(held: Held) -> str:
    """What ocsptool reads from the staple, whose signature it has checked under the issuer."""
    said = run(
        *("ocsptool", "--verify-response", "--load-response", held.staple),
        *("--load-trust", held.issuer),
    )
    assert "Verifying OCSP Response: Success." in said.text, said.text
    return said.stdout.partition("Certificate Status: ")[2].partition("\n")[0]


def test_gnutls_trusts_everything_but_what_was_revoked(tmp_path: Path) -> None:
    world = an_hour_old(tmp_path)
    published = Published(world)
    everything = published.names()
    assert {name for name in everything if trusted(published.held(name))} == everything
    assert {status(published.held(name)) for name in everything} == {"good"}
    world.revoke("clara", "{tenant: vcc, service: clara-backend}", "keyCompromise")
    world.commit()
    reconcile_now(world)
    revoked = {"vcc/clara-backend"}
    assert {name for name in everything if not trusted(published.held(name))} == revoked
    answered = {name: status(published.held(name)) for name in everything}
    assert {name for name, word in answered.items() if word == "revoked"} == revoked
    assert {name for name, word in answered.items() if word == "good"} == everything - revoked
