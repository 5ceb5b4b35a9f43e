"""The small organisation with a third tenant, whose service is of a template of its own."""

from __future__ import annotations

from pathlib import Path

from pki_schema.desired import Identity
from tests.properties import organisation
from tests.properties.organisation import Scene, manifest

APP = ("gamma", "app")
OTHERS = (("alpha", "web"), ("alpha", "api"), ("beta", "db"))
GAMMA = """\
  organization: Gamma
  zone: gamma.internal
  certificateAuthorities: [issuing]
  templates: [%s]
  quotas: {certificates: 20}
"""


def gamma(scene: Scene, *templates: str) -> None:
    """Let the third tenant use these templates."""
    text = manifest("Tenant", "gamma", GAMMA % ", ".join(templates))
    scene.world.write("tenants/gamma/tenant.yaml", text)


def app(scene: Scene, template: str) -> None:
    text = manifest("Service", "app", f"  template: {template}\n")
    scene.world.write(scene.path(APP), text)


def three(root: Path) -> Scene:
    """Declared and reconciled."""
    scene = Scene.small(root)
    own = (scene.world.tree / "templates/service.yaml").read_text()
    scene.world.write("templates/special.yaml", own.replace("{name: service}", "{name: special}"))
    gamma(scene, "service", "special")
    app(scene, "special")
    scene.world.new_key(*APP)
    scene.commit()
    outcome = scene.reconcile()
    assert not outcome.observed.faults
    return scene


def copied(model: Scene, root: Path) -> Scene:
    """The same again, and independent."""
    return organisation._copied(model, root)


def faults(scene: Scene) -> dict[str, str]:
    """Who stands still by now, with the first thing that each is told."""
    with scene.world.reader() as reader:
        return {fault.tenant: fault.problems[0] for fault in reader.faults()}


def certificates(scene: Scene) -> dict[str, list[str]]:
    """The states of what each service ever had, oldest first."""
    return {
        f"{tenant}/{name}": [str(c.state) for c in scene.world.certificates(tenant, name)]
        for tenant, name in (*OTHERS, APP)
    }


def retired(scene: Scene) -> set[Identity]:
    with scene.world.reader() as reader:
        return {s.identity for s in reader.subjects() if s.retired}
