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
