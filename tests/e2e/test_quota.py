"""A tenant's quota counts the whole tenant, however few files a commit touches."""

from __future__ import annotations

from pathlib import Path

from tests.worlds import World

SERVICE = """\
apiVersion: pki.vcc.local/v1
kind: Service
metadata: {{name: {name}}}
spec: {{template: vcc-service, issuerRef: partner-services}}
"""


def test_a_service_beyond_the_quota_stops_its_tenant(tmp_path: Path) -> None:
    """Each commit adds one service; the judge looks at that one file and still counts them all."""
    world = World.shipped(tmp_path)
    tenant = (world.tree / "tenants/partner/tenant.yaml").read_text()
    assert "quotas:" in tenant
    quota = tenant.split("certificates: ")[-1].split("}")[0]
    world.edit(
        "tenants/partner/tenant.yaml",
        f"quotas: {{certificates: {quota}}}",
        "quotas: {certificates: 2}",
    )
    world.commit()
    world.reconcile()
    world.write("tenants/partner/services/one.yaml", SERVICE.format(name="one"))
    world.commit()
    assert not world.reconcile().observed.faults
    world.write("tenants/partner/services/two.yaml", SERVICE.format(name="two"))
    world.commit()
    observed = world.reconcile().observed
    [fault] = observed.faults
    assert fault.tenant == "partner"
    assert "error[PKI4040]" in fault.problems[0]
    assert not observed.refused
    world.remove("tenants/partner/services/one.yaml")
    world.commit()
    assert not world.reconcile().observed.faults
