"""What stays published, for how long, and what a new target gets."""

from __future__ import annotations

from pathlib import Path

from tests.fakes import InMemoryTarget
from tests.worlds import World


def _target(world: World, name: str = "public") -> InMemoryTarget:
    target = world.targets[name]
    assert isinstance(target, InMemoryTarget)
    return target


def test_a_target_bound_later_gets_everything(tmp_path: Path) -> None:
    """A full render is the same bytes as what was published bit by bit."""
    world = World.shipped(tmp_path)
    world.reconcile()
    world.reconcile(days=3)
    world.targets = {**world.targets, "mirror": InMemoryTarget()}
    world.reconcile()
    assert _target(world, "mirror").files == _target(world).files


def test_the_files_of_a_retired_service_outlive_its_certificate_by_the_retention(
    tmp_path: Path,
) -> None:
    """Until expiry nothing changes; then answers and staple go, after 30 days the rest."""
    world = World.shipped(tmp_path)
    world.reconcile()
    world.remove("tenants/vcc/services/vpb-backend.yaml")
    world.remove("tenants/vcc/csr/vpb-backend.pem")
    world.commit()
    world.reconcile(days=1)
    folder = "svc/vcc/vpb-backend/default/"

    def left() -> set[str]:
        return {path.rpartition("/")[2] for path in _target(world).files if path.startswith(folder)}

    everything = {"cert.pem", "chain.pem", "fullchain.pem", "current.json", "staple.der"}
    assert left() == everything
    world.reconcile(days=88)
    assert left() == everything
    world.reconcile(days=2)
    assert left() == everything - {"staple.der"}
    world.reconcile(days=31)
    assert left() == set()


def test_a_renewed_certificate_leaves_its_old_set_until_it_has_expired(tmp_path: Path) -> None:
    world = World.shipped(tmp_path)
    world.reconcile()
    world.reconcile(days=61)
    sets = [p for p in _target(world).files if p.startswith("svc/vcc/vpb-backend/default/")]
    assert sum(path.endswith("/cert.pem") for path in sets) == 2
    world.reconcile(days=30)
    world.reconcile(days=31)
    sets = [p for p in _target(world).files if p.startswith("svc/vcc/vpb-backend/default/")]
    assert sum(path.endswith("/cert.pem") for path in sets) == 2  # the first is gone, a third came


def test_an_emptied_target_is_brought_back(tmp_path: Path) -> None:
    """Somebody deletes the folder: the next reconcile writes every byte of it again."""
    world = World.shipped(tmp_path)
    world.reconcile()
    before = dict(_target(world).files)
    _target(world).files.clear()
    world.reconcile()
    assert _target(world).files == before


def test_a_target_put_back_to_an_older_state_is_brought_forward(tmp_path: Path) -> None:
    """A restored folder un-revokes; the newer CRL is written over it at once."""
    world = World.shipped(tmp_path)
    world.reconcile()
    older = dict(_target(world).files)
    world.revoke("lost", "{tenant: vcc, service: vpb-backend}", "keyCompromise")
    world.commit()
    world.reconcile(hours=1)
    newer = dict(_target(world).files)
    _target(world).files.clear()
    _target(world).files.update(older)
    world.reconcile(minutes=1)
    crls = {path for path in newer if path.startswith("crl/")}
    assert {p: _target(world).files[p] for p in crls} == {p: newer[p] for p in crls}


def test_a_restored_ledger_learns_revocations_from_git_again(tmp_path: Path) -> None:
    """Even one whose file was removed meanwhile: every accepted commit counts."""
    world = World.shipped(tmp_path)
    world.reconcile()
    saved = world.ledger_path.read_bytes()
    world.revoke("people", "{authority: vcc-people}", "cACompromise")
    world.commit()
    world.reconcile(hours=1)
    for path in world.ledger_path.parent.glob("ledger.sqlite3*"):
        path.unlink()
    world.ledger_path.write_bytes(saved)
    world.remove("revocations/people.yaml")
    world.commit()
    world.reconcile(days=2)
    assert len(world.crl("vcc-root")) == 1


def test_the_crl_of_a_ca_outlives_an_older_certificate_of_its_key(tmp_path: Path) -> None:
    """Certified again with the same key: the end of its first certificate ends nothing."""
    world = World.shipped(tmp_path)
    world.reconcile()
    world.edit("cas/vcc-people.yaml", "policies: [{oid: 2.5.29.32.0}]", "policies: []")
    world.commit()
    world.reconcile(days=200)
    crls = {p for p in _target(world).files if p.startswith("crl/vcc-people-")}
    world.reconcile(days=1630)
    assert len(crls) == 2
    assert crls <= _target(world).files.keys()
