"""Worlds for properties: one is made, every example gets a copy."""

from __future__ import annotations

import pytest

from tests.properties.organisation import Nursery


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Nursery:
    return Nursery(tmp_path_factory.mktemp("nursery"))
