"""A hold and its end, as openssl sees them in what is published and served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.conformance.programs import Said, openssl, served
from tests.conformance.published import Held, Published, an_hour_old, reconcile_now
from tests.worlds import World

pytestmark = [pytest.mark.debian("openssl", "git"), pytest.mark.slow]

SERVICE = "vcc/argus-backend"
TARGET = "{tenant: vcc, service: argus-backend}"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What openssl says of one certificate by CRL and by OCSP."""

    verified: Said
    asked: Said


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Seen]]:
    """The same certificate on hold, released, on hold again and made final."""
    world = an_hour_old(tmp_path_factory.mktemp("hold"))
    held = Published(world).held(SERVICE)
    seen = {}
    with served(world) as port:
        for name, state, reason in (
            ("held", "held", "certificateHold"),
            ("released", "released", "certificateHold"),
            ("held again", "held", "certificateHold"),
            ("final", "revoked", "cessationOfOperation"),
        ):
            _declare(world, state, reason)
            seen[name] = Seen(verified=_verify(held), asked=_ask(held, port))
        yield seen


def _declare(world: World, state: str, reason: str) -> None:
    world.revoke("laptop", TARGET, reason, f"  state: {state}\n")
    world.commit()
    reconcile_now(world)


def _verify(held: Held) -> Said:
    return openssl(
        *("verify", "-x509_strict", "-crl_check_all", "-CAfile", held.anchor),
        *("-CRLfile", held.crls, "-untrusted", held.chain, held.cert),
    )


def _ask(held: Held, port: int) -> Said:
    return openssl(
        *("ocsp", "-no_nonce", "-issuer", held.issuer, "-cert", held.cert),
        *("-url", f"http://127.0.0.1:{port}{held.ocsp}"),
        *("-CAfile", held.anchor, "-verify_other", held.issuer),
    )


@pytest.mark.parametrize("name", ["held", "held again"])
def test_on_hold_it_is_revoked(life: dict[str, Seen], name: str) -> None:
    seen = life[name]
    assert seen.verified.code != 0
    assert "certificate revoked" in seen.verified.text
    assert ": revoked\n" in seen.asked.stdout
    assert "\tReason: certificateHold\n" in seen.asked.stdout
    assert seen.asked.stderr == "Response verify OK\n"


def test_released_it_is_good(life: dict[str, Seen]) -> None:
    seen = life["released"]
    assert (seen.verified.code, seen.verified.stdout.endswith(": OK\n")) == (0, True)
    assert ": good\n" in seen.asked.stdout


def test_made_final_it_is_revoked_since_the_hold(life: dict[str, Seen]) -> None:
    """The date is that of the second hold, the reason that of now."""
    seen, before = life["final"], life["held again"]
    assert "certificate revoked" in seen.verified.text
    assert "\tReason: cessationOfOperation\n" in seen.asked.stdout
    times = [
        line
        for one in (seen, before)
        for line in one.asked.stdout.splitlines()
        if line.startswith("\tRevocation Time:")
    ]
    assert len(times) == 2
    assert times[0] == times[1]
