"""Worlds for every test to do anything with: made once per test process, and copied.

``world`` is the shipped organisation after its first reconcile; ``busy_day`` and ``eve`` say what
``day`` and ``eve`` are.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.busy_day import Day
from tests.e2e.eve import Eve, prepared
from tests.e2e.mortals import Mortals
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


ROOM = 256 * 1024 * 1024
"""What tests in memory need at most, in octets."""


def memory(otherwise: Path) -> Path:
    """A folder that is no disk, where waiting for one proves nothing and takes long."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > ROOM else otherwise


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory; without one a folder like ``tmp_path``."""
    with tempfile.TemporaryDirectory(dir=memory(tmp_path)) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def mortals() -> Iterator[Mortals]:
    with Mortals() as mortals:
        yield mortals


@pytest.fixture(scope="session")
def day(mortals: Mortals, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    kept = memory(tmp_path_factory.mktemp("busy"))
    with tempfile.TemporaryDirectory(dir=kept) as folder:
        yield Day.prepared(Path(folder), mortals)


@pytest.fixture(scope="session")
def eve(mortals: Mortals, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eve]:
    kept = memory(tmp_path_factory.mktemp("eve"))
    with tempfile.TemporaryDirectory(dir=kept) as folder:
        yield prepared(Path(folder), mortals)
