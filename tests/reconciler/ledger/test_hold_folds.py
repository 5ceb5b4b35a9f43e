"""What the ledger makes of holds: one certificate, and everybody who holds it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pki_reconciler.ledger import records
from pki_schema.errors import WorldFailed
from pki_schema.issued import CertificateState

HOLD = "certificateHold"


@pytest.fixture
def ca(world: Any) -> str:
    return str(world.authority("root"))


@pytest.fixture
def serial(world: Any, make: SimpleNamespace, ca: str) -> int:
    """A certificate in use."""
    meaning = make.service("a")
    world.accept("c1", meanings=(meaning,))
    [serial] = world.issue(meaning, issuer=ca)
    world.crl(ca, 1)
    return int(serial)


def state(world: Any, ca: str, serial: int) -> tuple[str, str]:
    found = world.ledger.reader.certificate(ca, serial)
    return str(found.state), found.reason


def test_released_it_is_as_if_nothing_had_been(world: Any, ca: str, serial: int) -> None:
    """But for the instant of the release, by which a CRL knows that the entry may leave."""
    before = world.ledger.reader.certificate(ca, serial)
    world.revoke(ca, serial, reason=HOLD)
    world.crl(ca, 2)
    world.later(hours=1)
    world.release(ca, serial)
    after = world.ledger.reader.certificate(ca, serial)
    assert after.released_at == world.now
    assert after.revoked_at is None
    assert world.touched().crls_due == (ca,)
    assert world.ledger.reader.revoked(ca) == ()
    assert [c.serial for c in world.ledger.reader.released(ca)] == [serial]
    assert (after.state, after.not_after) == (before.state, before.not_after)


def test_nothing_but_a_hold_is_released(world: Any, ca: str, serial: int) -> None:
    world.revoke(ca, serial, reason="cessationOfOperation")
    world.release(ca, serial)
    assert state(world, ca, serial) == ("revoked", "cessationOfOperation")
    assert world.ledger.reader.released(ca) == ()


def test_a_hold_made_final_keeps_its_date_and_is_never_released(
    world: Any, ca: str, serial: int
) -> None:
    """X.509: the revocation date is the date on which it was placed on hold."""
    world.revoke(ca, serial, reason=HOLD)
    since = world.now
    world.later(days=1)
    world.revoke(ca, serial, reason="keyCompromise", by="s")
    world.release(ca, serial)
    world.release(ca, serial, by="s")
    [found] = world.ledger.reader.revoked(ca)
    assert (found.reason, found.revoked_at) == ("keyCompromise", since)


def test_what_is_final_does_not_become_a_hold(world: Any, ca: str, serial: int) -> None:
    world.revoke(ca, serial, reason="superseded")
    world.revoke(ca, serial, reason=HOLD, by="s")
    world.release(ca, serial, by="s")
    assert state(world, ca, serial) == ("revoked", "superseded")


def test_the_last_holder_that_lets_go_frees_it(world: Any, ca: str, serial: int) -> None:
    """In whatever order; a stranger's release is none."""
    for name in ("r", "s"):
        world.revoke(ca, serial, reason=HOLD, by=name)
    for name, expected in (("nobody", "revoked"), ("r", "revoked"), ("s", "valid")):
        world.release(ca, serial, by=name)
        assert state(world, ca, serial)[0] == expected


def test_held_and_made_final_in_one_breath(world: Any, ca: str, serial: int) -> None:
    """Two records of one transaction about one serial: the second meets what the first did."""
    fields = {"issuer": ca, "serial": f"{serial:x}", "revoked_at": 0, "cause": "git"}
    world.append(
        records.Revoked(**fields, reason=HOLD, revocation="r"),
        records.Revoked(**fields, reason="superseded", revocation="s"),
    )
    assert state(world, ca, serial) == ("revoked", "superseded")


def test_a_hold_is_counted_once(world: Any, make: SimpleNamespace, ca: str, serial: int) -> None:
    """Not by a second holder, not when it becomes final; held anew after a release, it is."""
    world.accept("c2", objects=(make.facts("Tenant", "vcc", revocations_limit=9),))

    def spent() -> int:
        return int(world.touched().allowances["vcc"].spent)

    world.revoke(ca, serial, reason=HOLD)
    world.revoke(ca, serial, reason=HOLD, by="s")
    assert spent() == 1
    world.release(ca, serial)
    world.release(ca, serial, by="s")
    assert spent() == 1
    world.revoke(ca, serial, reason=HOLD)
    world.revoke(ca, serial, reason="superseded")
    assert spent() == 2


def test_held_again_it_is_no_longer_released(world: Any, ca: str, serial: int) -> None:
    world.revoke(ca, serial, reason=HOLD)
    world.release(ca, serial)
    world.later(hours=1)
    world.revoke(ca, serial, reason=HOLD)
    [found] = world.ledger.reader.revoked(ca)
    assert (found.revoked_at, found.released_at) == (world.now, None)
    assert world.ledger.reader.released(ca) == ()


def test_what_expired_on_hold_stays_listed(world: Any, ca: str, serial: int) -> None:
    world.revoke(ca, serial, reason=HOLD)
    world.later(days=91)
    world.append(records.CertificateExpired(issuer=ca, serial=f"{serial:x}"))
    world.release(ca, serial)
    assert world.ledger.reader.certificate(ca, serial).state is CertificateState.REVOKED
    assert [c.serial for c in world.ledger.reader.revoked(ca)] == [serial]


def test_what_was_never_issued_is_not_released(world: Any, ca: str) -> None:
    with pytest.raises(WorldFailed, match="which was not issued"):
        world.release(ca, 0xDEAD)


def test_a_ledger_of_before_knows_its_suspensions_by_name(
    world: Any, make: SimpleNamespace, ca: str, serial: int
) -> None:
    """They are final, and older than anything that is named from now on."""
    subject = make.service("a").subject
    with world.ledger._engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE object SET held_by = '[\"old\"]' WHERE kind = 'Certificate'"
        )
    assert world.ledger.reader.subject(subject).held_by == ("old",)
    world.accept("c2", meanings=(make.replace(make.service("a"), resume_after=("old",)),))
    assert world.ledger.reader.subject(subject).held_by == ()
