"""A small host on the eve of an ``apply`` that does a little of everything."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.evidence import Evidence
from tests.e2e.mortals import Mortals, Point
from tests.e2e.seccomp import CHANGING
from tests.installation import Installation

KEPT = frozenset({"argus-backend", "pki-server", "exchange"})
"""Services; the fewer there are, the more points fit into the time."""


@dataclass(frozen=True)
class Eve:
    """A host just before an ``apply`` that makes a CA with its keys, issues, revokes and publishes;
    the ``calls`` of that run when nothing fails, and what it leads to.
    """

    host: Installation
    calls: tuple[Point, ...]
    expected: dict[str, object]
    before: frozenset[str]
    """Digests of what was published before."""


def prepared(folder: Path, mortals: Mortals) -> Eve:
    """Below a folder that is kept."""
    host = Installation.prepare(folder / "host")
    (host.tree / "tenants/vcc/communication/matrix.yaml").unlink()
    for service in host.tree.glob("tenants/*/services/*.yaml"):
        if service.stem not in KEPT:
            service.unlink()
            for request in service.parents[1].glob(f"csr/{service.stem}.*"):
                request.unlink()
    host.commit("A small organisation")
    assert mortals.run(["init"], host.root).code == 0
    assert mortals.run(["apply"], host.root).code == 0
    host.revoke("exchange-1", "{tenant: partner, service: exchange}", "superseded")
    authority = (host.tree / "cas/vcc-services.yaml").read_text()
    other = authority.replace("vcc-services", "vcc-devices").replace("Services CA", "Devices CA")
    (host.tree / "cas/vcc-devices.yaml").write_text(other)
    host.commit("A CA, and a revocation")
    before = frozenset(map(digest, Evidence.gathered(host.root, folder).files.values()))
    undisturbed = host.copy(folder / "undisturbed")
    run = mortals.run(["apply"], undisturbed.root, watched=CHANGING)
    assert run.code == 0, run.stderr
    end = Evidence.gathered(undisturbed.root, folder)
    assert end.unrest() == []
    return Eve(host, run.calls, end.picture(), before)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
