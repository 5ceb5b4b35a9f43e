"""What authors get wrong: one commit each, for histories about judging commits."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.properties.organisation import Scene, Step, manifest

SERVICE = "tenants/alpha/services/odd.yaml"
OTHER = "tenants/beta/services/odd.yaml"

FAULTS: dict[str, dict[str, str]] = {
    "not YAML": {SERVICE: "spec: [\n"},
    "unknown field": {SERVICE: manifest("Service", "odd", "  template: service\n  colour: red\n")},
    "no such template": {SERVICE: manifest("Service", "odd", "  template: absent\n")},
    "foreign name": {
        SERVICE: manifest(
            "Service", "odd", "  template: service\n  dnsNames: [odd.beta.internal]\n"
        )
    },
    "declared twice": {SERVICE: manifest("Service", "api", "  template: service\n")},
    "too long": {SERVICE: manifest("Service", "odd", "  template: service\n  duration: 400d\n")},
    "a key in a manifest": {SERVICE: "# -----BEGIN PRIVATE KEY-----\n"},
    "a key beside the manifests": {"notes/key.pem": "-----BEGIN EC PRIVATE KEY-----\n"},
    "a key in the documentation": {"README.md": "-----BEGIN PRIVATE KEY-----\n"},
    "a key for a CSR": {"tenants/alpha/csr/odd.pem": "-----BEGIN PRIVATE KEY-----\n"},
    "no CSR": {"tenants/alpha/csr/api.pem": "nonsense\n"},
    "template without issuer": {
        "templates/service.yaml": manifest(
            "CertificateTemplate", "service", "  issuers: [absent]\n  duration: 90d\n"
        )
    },
    "tenant without CA": {
        "tenants/alpha/tenant.yaml": manifest(
            "Tenant",
            "alpha",
            "  organization: Alpha\n  zone: alpha.internal\n  certificateAuthorities: []\n"
            "  templates: [service]\n",
        )
    },
    "tenant with another zone": {
        "tenants/alpha/tenant.yaml": manifest(
            "Tenant",
            "alpha",
            "  organization: Alpha\n  zone: beta.internal\n  certificateAuthorities: [issuing]\n"
            "  templates: [service]\n",
        )
    },
    "quota": {
        "tenants/beta/tenant.yaml": manifest(
            "Tenant",
            "beta",
            "  organization: Beta\n  zone: beta.internal\n  certificateAuthorities: [issuing]\n"
            "  templates: [service]\n  quotas: {certificates: 1}\n",
        )
    },
    "revoke nobody": {
        "revocations/odd.yaml": manifest(
            "Revocation",
            "odd",
            "  target: {tenant: alpha, service: absent}\n  reason: unspecified\n",
        )
    },
    "a file in a wrong place": {"services/odd.yaml": manifest("Service", "odd", "  template: x\n")},
    "spelling twins": {"tenants/alpha/services/WEB.yaml": manifest("Service", "odd", "  a: 1\n")},
    "a twin of the tenant's own file": {"tenants/alpha/Tenant.yaml": "{}\n"},
    "not YAML, in the other tenant": {OTHER: "spec: [\n"},
    "no such template, in the other tenant": {
        OTHER: manifest("Service", "odd", "  template: absent\n")
    },
    "a CA among services": {
        OTHER: manifest("CertificateAuthority", "odd", "  subject: [{CN: Small Root CA G1}]\n")
    },
    "in both tenants": {SERVICE: "spec: [\n", OTHER: "spec: [\n"},
    "a new tenant without a declaration": {
        "tenants/gamma/services/odd.yaml": manifest("Service", "odd", "  template: service\n")
    },
}


@dataclass(frozen=True)
class Spoil(Step):
    """Some of it is an error, some a warning, some nothing: what counts is one verdict."""

    fault: str

    def act(self, scene: Scene) -> None:
        for path, text in FAULTS[self.fault].items():
            scene.world.write(path, text)


@dataclass(frozen=True)
class Heal(Step):
    """Everything that may be spoilt is as it was at first."""

    def act(self, scene: Scene) -> None:
        for path in {path for files in FAULTS.values() for path in files}:
            (scene.world.tree / path).unlink(missing_ok=True)
        scene.template("30d")
        scene.limit("alpha", 50)
        scene.limit("beta", 50)
        if scene.is_declared(("alpha", "api")):
            scene.world.new_key("alpha", "api")


def faulty() -> st.SearchStrategy[Step]:
    return st.one_of(st.builds(Spoil, st.sampled_from(sorted(FAULTS))), st.builds(Heal))
