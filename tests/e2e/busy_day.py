"""A world on the eve of a busy day: one reconcile of more than twenty mixed changes is due in it.

What is tried out on that reconcile stands in ``test_crash``, ``test_storage`` and their like; each
takes a copy of the world.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pki_schema.instants import Instant, to_epoch
from tests.e2e.evidence import Evidence
from tests.e2e.mortals import Mortals, Point
from tests.e2e.reconcile_once import stored
from tests.e2e.seccomp import DURABLE
from tests.fakes import EPOCH
from tests.worlds import World

WRITE = "pwrite64"
"""How SQLite writes."""
YESTERDAY = EPOCH + timedelta(days=56, hours=20)
NOW = EPOCH + timedelta(days=60)
"""Three days on: every CRL, the responders, some answers and most services are due."""

LEFT_OUT = ("clara-backend", "covina-backend", "covina-ingestion", "veritas-backend", "vpb-backend")
"""Services that differ from others by their names only: each makes every point dearer."""

OF_OTHER_CAS = ("clara-models", "covina-signer")
"""They, the two CAs above them and the time-stamping CA do what others do as well."""

BEFORE = (
    "superseded",
    "ceased",
    "compromised",
    "lost",
    "resumed",
    "removed",
    "also-removed",
    "suspended",
    "renamed",
    "more-names",
    "shortened",
    "rekeyed",
    "renewed-earlier",
    "unchanged",
)


def service(name: str, tenant: str = "vcc", template: str = "vcc-service", more: str = "") -> str:
    return (
        f"apiVersion: pki.vcc.local/v1\nkind: Service\nmetadata: {{name: {name}}}\n"
        f"spec:\n  template: {template}\n{more}"
    )


def path(name: str, tenant: str = "vcc") -> str:
    return f"tenants/{tenant}/services/{name}.yaml"


def remove(world: World, name: str) -> None:
    world.remove(path(name))
    world.remove(f"tenants/vcc/csr/{name}.pem")


def make_smaller(world: World) -> None:
    """The shipped organisation, with one of each kind."""
    for name in (*LEFT_OUT, *OF_OTHER_CAS):
        remove(world, name)
    world.edit("tenants/vcc/tenant.yaml", ", vcc-signing, vcc-time]", "]")
    for name in ("code-signing", "clara-model", "tsa"):
        world.edit("tenants/vcc/tenant.yaml", f"    - vcc-{name}\n", "")
        world.remove(f"templates/vcc-{name}.yaml")
    for file in ("cas/vcc-signing", "cas/vcc-time", "timestamping/vcc"):
        world.remove(f"{file}.yaml")
    world.remove("tenants/vcc/communication/matrix.yaml")
    world.commit("A smaller organisation")


def live_until_yesterday(root: Path) -> None:
    """Eight weeks of an organisation: issued, renewed, revoked, rotated."""
    World.shipped(root)
    world = stored(root, EPOCH)
    make_smaller(world)
    # So that most answers are not due on the busy day; there are enough of the others.
    longer = "validity: 7d, refreshAt: 5d"
    world.edit("cas/vcc-services.yaml", "validity: 4d, refreshAt: 2d", longer)
    world.commit("Answers for a week")
    world.reconcile()
    for name in BEFORE:
        world.write(path(name), service(name))
    world.write(path("brief"), service("brief", more="  duration: 18d\n  renewBefore: 1d\n"))
    world.make_requests()
    world.commit("More services")
    world.reconcile(days=40)
    world.revoke("resumed-1", "{tenant: vcc, service: resumed}", "cessationOfOperation")
    remove(world, "brief")
    world.commit("An end, and a service that expires")
    world.clock.instant = YESTERDAY
    assert not world.reconcile().held


def change_much(world: World) -> str:
    """More than twenty changes of every kind in one commit."""
    for name in ("new-1", "new-2", "new-3"):
        world.write(path(name), service(name))
    world.write(path("new", "partner"), service("new"))
    world.write(path("renamed"), service("renamed", more="  dnsNames: [other.vcc.local]\n"))
    names = '  dnsNames: [a.vcc.internal]\n  uris: ["spiffe://vcc.local/vcc/more-names"]\n'
    world.write(path("more-names"), service("more-names", more=names))
    world.write(path("shortened"), service("shortened", more="  duration: 45d\n"))
    world.edit("templates/vcc-tls-client.yaml", "duration: 90d", "duration: 80d")
    world.new_key("vcc", "rekeyed")
    remove(world, "removed")
    remove(world, "also-removed")
    world.revoke("superseded-1", "{tenant: vcc, service: superseded}", "superseded")
    world.revoke("ceased-1", "{tenant: vcc, service: ceased}", "cessationOfOperation")
    world.revoke("lost-1", "{tenant: vcc, service: lost}", "keyCompromise")
    world.revoke("compromised-1", "{tenant: vcc, service: compromised}", "keyCompromise")
    world.new_key("vcc", "compromised")
    world.revoke("exchange-1", "{tenant: partner, service: exchange}", "affiliationChanged")
    world.write(path("resumed"), service("resumed", more="  resumeAfter: [resumed-1]\n"))
    # Nothing to be signed: taken over as it is.
    world.write(path("renewed-earlier"), service("renewed-earlier", more="  renewBefore: 31d\n"))
    world.edit("cas/partner-services.yaml", "refresh: 1d", "refresh: 12h")
    world.write(path("suspended"), service("suspended", more="  suspend: true\n"))
    # Certified again under its key: the chains of what it issued are new, and stand elsewhere.
    world.edit("cas/vcc-people.yaml", "policies: [{oid: 2.5.29.32.0}]", "policies: []")
    world.edit("cas/vcc-people.yaml", "refresh: 1d", "refresh: 12h")
    authority = (world.tree / "cas/vcc-services.yaml").read_text()
    template = (world.tree / "templates/vcc-service.yaml").read_text()
    world.write(
        "cas/vcc-devices.yaml",
        authority.replace("vcc-services", "vcc-devices").replace("Services CA", "Devices CA"),
    )
    world.write(
        "templates/vcc-device.yaml",
        template.replace("{name: vcc-service}", "{name: vcc-device}").replace(
            "[vcc-services, partner-services]", "[vcc-devices]"
        ),
    )
    world.edit(
        "tenants/vcc/tenant.yaml",
        "vcc-services, vcc-people",
        "vcc-services, vcc-devices, vcc-people",
    )
    world.edit(
        "tenants/vcc/tenant.yaml", "    - vcc-service\n", "    - vcc-service\n    - vcc-device\n"
    )
    world.write(path("device"), service("device", template="vcc-device"))
    world.make_requests()
    return world.commit("A busy day")


@dataclass(frozen=True)
class Day:
    """A world just before the busy reconcile, and what that leads to when nothing disturbs it.

    ``points`` are its durable calls in order, ``writes`` says how often the database writes, and
    ``gone`` are the published paths whose time is over.
    """

    folder: Path
    points: tuple[Point, ...]
    writes: int
    expected: dict[str, object]
    gone: frozenset[str]

    def again(self, root: Path, *, authors: bool = False) -> Path:
        """A copy of the world; with ``authors`` also of the repository, to be committed to."""
        root.mkdir()
        for name in ("state", "keys", "offline", "public"):
            shutil.copytree(self.folder / name, root / name)
        for name in ("desired-state", "hosts"):
            if authors:
                shutil.copytree(self.folder / name, root / name)
            else:
                (root / name).symlink_to(self.folder / name)
        return root

    @classmethod
    def prepared(cls, folder: Path, mortals: Mortals) -> Day:
        """Below a folder that is kept."""
        world = folder / "world"
        live_until_yesterday(world)
        change_much(stored(world, NOW))
        before = Evidence.gathered(world, folder)
        root = cls(world, (), 0, {}, frozenset()).again(folder / "undisturbed")
        run = mortals.run(reconciling(root), root, watched=(*DURABLE, WRITE))
        assert run.code == 0, run.stderr
        points = tuple(call for call in run.calls if call.call != WRITE)
        end = Evidence.gathered(root, folder)
        assert end.contradictions() == []
        assert end.unrest() == []
        shutil.rmtree(root)
        gone = frozenset(before.files.keys() - end.files.keys())
        return cls(world, points, len(run.calls) - len(points), end.picture(), gone)


def reconciling(root: Path, now: Instant = NOW, *mortal: str) -> list[str]:
    """The command, for ``Mortals``."""
    return ["tests.e2e.reconcile_once", str(root), str(to_epoch(now)), *mortal]
