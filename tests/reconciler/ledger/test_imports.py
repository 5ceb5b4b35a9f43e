"""What importing costs and what it can do."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("pki_reconciler.ledger", ["sqlalchemy", "alembic"]),
        (
            "pki_reconciler.ledger.read",
            [
                "alembic",
                "pki_reconciler.ledger.write",
                "pki_reconciler.ledger.transactions",
                "pki_reconciler.ledger.deliveries",
                "pki_reconciler.ledger.fold",
            ],
        ),
        ("pki_reconciler.ledger.write", ["alembic"]),
    ],
)
def test_an_import_brings_no_more_than_it_needs(module: str, absent: list[str]) -> None:
    """The package itself is free, reading brings nothing that writes, opening no migrations."""
    code = f"import sys, {module}; print(*(m for m in {absent!r} if m in sys.modules))"
    path = os.pathsep.join(filter(None, sys.path))
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert result.stdout.split() == []
