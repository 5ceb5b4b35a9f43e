"""What a ledger in doubt may publish: what takes nothing back."""

from __future__ import annotations

import pytest

from pki_publishers import layout
from pki_publishers.layout import Class
from pki_publishers.release import PublicObject
from pki_reconciler.act.doubtless import doubtless
from tests.fakes import InMemoryTarget

STEM = layout.stem("issuing", "0a1b2c3d" * 5)
SET = layout.certificate_set("t", "s", "c", "0" * 16)
POINTER = layout.current_path("t", "s", "c")
RENEWAL = layout.renewal_path("0a1b2c3d" * 5, 4711)
OBJECTS = [
    PublicObject(layout.aia_path(STEM), b"ca", Class.AUTHORITY, "authority/k"),
    PublicObject(layout.crl_path(STEM), b"crl", Class.STATUS, "crl/k", 7),
    PublicObject(RENEWAL, b"{}", Class.RENEWAL, "renewal/k/4711"),
    PublicObject(SET.cert, b"cert", Class.SET, "certificate/t/s/c"),
    PublicObject(POINTER, b"{}", Class.POINTER, "certificate/t/s/c"),
    PublicObject(layout.STATUS_PATH, b"{}", Class.POINTER, "status"),
]


def published(**there: bytes) -> set[str]:
    return {item.path for item in doubtless(InMemoryTarget(dict(there)), OBJECTS)}


def test_a_new_pointer_comes_with_everything_it_names() -> None:
    assert published() == {item.path for item in OBJECTS} - {layout.STATUS_PATH}


@pytest.mark.parametrize("other", [b"{}", b"not ours"])
def test_a_pointer_to_something_else_stays_and_so_does_what_belongs_to_it(other: bytes) -> None:
    found = published(**{POINTER: other, RENEWAL: b"other", layout.aia_path(STEM): b"other"})
    assert found == {layout.crl_path(STEM)}
