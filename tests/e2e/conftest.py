"""``world``: the shipped organisation after its first reconcile, a fresh copy for every test.

It is reconciled once per test process and copied, which is the same and quicker.
"""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

import pytest

from tests.worlds import World


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The original. It is copied and never touched."""
    world = World.shipped(tmp_path_factory.mktemp("settled"))
    outcome = world.reconcile()
    assert not outcome.held
    return world


@pytest.fixture
def world(settled: World, tmp_path: Path) -> World:
    """A copy that a test may do anything with."""
    root = tmp_path / "world"
    shutil.copytree(settled.root, root)
    return World(
        root=root,
        clock=copy.copy(settled.clock),
        entropy=copy.copy(settled.entropy),
        keys=copy.deepcopy(settled.keys),
        targets={name: copy.deepcopy(target) for name, target in settled.targets.items()},
    )
