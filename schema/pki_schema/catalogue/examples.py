"""The small tree that examples change, and short ways to change it.

A spec is written as lines, one field a line, so that an example names only what it has different.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pki_schema.catalogue.entries import Declared

_FIELD = re.compile(r"(\w+):")

SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBDQZiIbqNvAsTgSUbfWQ5PZ2y6JOg2bDOyqbeBbxQgt"


def principals(*names: str) -> str:
    """The line of a role that all of these hold, with one key."""
    return f"principals: [{', '.join(f'{{name: {name}, sshKey: {SSH_KEY}}}' for name in names)}]"


CSR = """\
-----BEGIN CERTIFICATE REQUEST-----
MIHjMIGLAgEAMAAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAT5i/jVF5DIInIm
wTz8DPFBDz9vECpZMg8SH635CsAW3zYriab/qZMsaMtykkfzMSeJuR+g6HBUyDrs
SX2uERC5oCkwJwYJKoZIhvcNAQkOMRowGDAWBgNVHREEDzANhgtwa2k6dmNjL2Fw
aTAKBggqhkjOPQQDAgNHADBEAiBoGHWh9kp2lMJllonygOEosM9P3TnnLYbHoPPy
MytOpgIgZarQ1x+ZomB/tRcJms8iijNSfRgFrBJYHI+HentJlXY=
-----END CERTIFICATE REQUEST-----
"""
"""For the service api of tenant vcc; the key was thrown away."""

WEB_CSR = """\

"""
"""For the service web."""

ROOT = """\
subject: [{C: DE}, {O: VCC}, {CN: VCC Root CA G1}]
privateKey: {algorithm: P-384}
duration: 3650d
issuesFor: 1825d
baseURLs: [http://pki.vcc.internal]
"""
AUTHORITY = """\
parent: vcc-root
subject: [{C: DE}, {O: VCC}, {CN: VCC Services CA G1}]
privateKey: {algorithm: P-256}
duration: 1825d
issuesFor: 1460d
baseURLs: [http://pki.vcc.internal]
"""
TEMPLATE = """\
issuers: [vcc-services]
subject: [{O: "${organization}"}, {CN: "${service_name}.${zone}"}]
names: {dnsNames: ["${service_name}.${zone}"]}
nameTypes: [dns, uri]
requiredNames: [dns]
usages: [digital signature, server auth, client auth]
privateKey: {algorithms: [P-256]}
duration: 90d
maxDuration: 180d
renewBefore: 30d
"""
RESPONDER = """\
subject: [{CN: "${ca_name} OCSP"}]
nameTypes: []
usages: [digital signature, ocsp signing]
ocspNoCheck: true
statusPointers: false
duration: 30d
"""
TIME_TEMPLATE = """\
issuers: [vcc-services]
subject: [{CN: "Time ${generation}"}]
nameTypes: []
usages: [digital signature, timestamping]
privateKey: {algorithms: [P-384]}
duration: 90d
"""
TENANT = """\
organization: VCC
zone: vcc.local
certificateAuthorities: [vcc-services]
templates: [vcc-service]
"""
SERVICE = "template: vcc-service\n"
PUBLICATION = "baseURLs: [http://pki.vcc.internal]\n"
REVOCATION = "target: {tenant: vcc, service: api}\nreason: superseded\n"
POLICY = "constraints: {maxDuration: 90d}\n"
COMMUNICATION = "rules: [{from: [api], to: [api]}]\n"
TIMESTAMPING = """\
issuerRef: vcc-services
template: vcc-tsa
privateKey: {algorithm: P-384, usagePeriod: 30d}
policy: 1.2.276.0.99.1
"""
TRUST = "authorities: [vcc-root]\n"
ROLE = f"role: auditor\ntenants: [vcc]\n{principals('ada')}\n"
APPROVAL = f"""\
reviewHash: {"3f" * 32}
expires: 2026-11-25T12:00:00Z
signatures: [{{principal: ada, signature: U1NIU0lHAAAAAQ==}}]
"""
WINDOW = "mode: freeze\nstarts: 2026-12-23T00:00:00Z\nends: 2027-01-04T00:00:00Z\n"


def manifest(kind: str, name: str, spec: str) -> str:
    """An object as it stands in its file."""
    lines = "".join(f"  {line}\n" for line in spec.splitlines())
    return f"apiVersion: pki.vcc.local/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{lines}"


BASE: Mapping[str, str] = {
    "cas/vcc-root.yaml": manifest("CertificateAuthority", "vcc-root", ROOT),
    "cas/vcc-services.yaml": manifest("CertificateAuthority", "vcc-services", AUTHORITY),
    "publications/public.yaml": manifest("Publication", "public", PUBLICATION),
    "templates/vcc-ocsp.yaml": manifest("CertificateTemplate", "vcc-ocsp", RESPONDER),
    "templates/vcc-service.yaml": manifest("CertificateTemplate", "vcc-service", TEMPLATE),
    "templates/vcc-tsa.yaml": manifest("CertificateTemplate", "vcc-tsa", TIME_TEMPLATE),
    "tenants/vcc/csr/api.pem": CSR,
    "tenants/vcc/services/api.yaml": manifest("Service", "api", SERVICE),
    "tenants/vcc/tenant.yaml": manifest("Tenant", "vcc", TENANT),
}
"""Two CAs, three templates, a tenant with one service and its CSR, and where it is published."""


def text(path: str, wrong: str, right: str | None = None) -> Declared:
    """A whole file, and what it says when cured."""
    return Declared(files={path: wrong}, cured={} if right is None else {path: right})


def service_without_csr() -> Declared:
    """A second service, web."""
    return text("tenants/vcc/services/web.yaml", manifest("Service", "web", SERVICE))


def together(*examples: Declared) -> Declared:
    """Several examples as one."""
    return Declared(
        files={path: file for one in examples for path, file in one.files.items()},
        cured={path: file for one in examples for path, file in one.cured.items()},
    )


def authority(wrong: str, right: str | None = None, *, name: str = "vcc-services") -> Declared:
    """A CA; the root is ``vcc-root``."""
    spec = ROOT if name == "vcc-root" else AUTHORITY
    return _changed(f"cas/{name}.yaml", "CertificateAuthority", spec, wrong, right)


def template(wrong: str, right: str | None = None, *, name: str = "vcc-service") -> Declared:
    """A template; any other than ``vcc-service`` and ``vcc-ocsp`` consists of these lines alone."""
    spec = {"vcc-service": TEMPLATE, "vcc-ocsp": RESPONDER}.get(name, "")
    return _changed(f"templates/{name}.yaml", "CertificateTemplate", spec, wrong, right)


def tenant(wrong: str, right: str | None = None, *, name: str = "vcc") -> Declared:
    """A tenant; any other than ``vcc`` consists of these lines alone."""
    spec = TENANT if name == "vcc" else ""
    return _changed(f"tenants/{name}/tenant.yaml", "Tenant", spec, wrong, right, name=name)


def service(wrong: str, right: str | None = None, *, name: str = "api") -> Declared:
    """A service; with ``certificates`` in the long form."""
    spec = "" if wrong.startswith("certificates:") else SERVICE
    return _changed(f"tenants/vcc/services/{name}.yaml", "Service", spec, wrong, right)


def publication(wrong: str, right: str | None = None) -> Declared:
    return _changed("publications/public.yaml", "Publication", PUBLICATION, wrong, right)


def revocation(wrong: str, right: str | None = None) -> Declared:
    return _changed("revocations/api-moved.yaml", "Revocation", REVOCATION, wrong, right)


def policy(wrong: str, right: str | None = None) -> Declared:
    return _changed("policies/short-lives.yaml", "Policy", POLICY, wrong, right)


def communication(wrong: str, right: str | None = None, *, folder: str = "") -> Declared:
    """Of tenant vcc, or of another ``folder``."""
    path = f"{folder or 'tenants/vcc/communication'}/matrix.yaml"
    return _changed(path, "CommunicationPolicy", COMMUNICATION, wrong, right)


def timestamping(wrong: str, right: str | None = None) -> Declared:
    return _changed("timestamping/vcc.yaml", "TimestampAuthority", TIMESTAMPING, wrong, right)


def trust(wrong: str, right: str | None = None) -> Declared:
    return _changed("trust/vcc.yaml", "TrustBundle", TRUST, wrong, right)


def role(wrong: str, right: str | None = None, *, name: str = "auditors") -> Declared:
    return _changed(f"roles/{name}.yaml", "RoleBinding", ROLE, wrong, right)


def approval(wrong: str, right: str | None = None) -> Declared:
    return _changed("approvals/api-moved.yaml", "Approval", APPROVAL, wrong, right)


def window(wrong: str, right: str | None = None) -> Declared:
    return _changed("windows/year-end.yaml", "ChangeWindow", WINDOW, wrong, right)


def _changed(
    path: str, kind: str, spec: str, wrong: str, right: str | None, *, name: str = ""
) -> Declared:
    """``spec`` with the lines of ``wrong`` instead of its own for these fields, or behind them."""
    name = name or path.rpartition("/")[2].removesuffix(".yaml")
    return text(
        path,
        manifest(kind, name, _laid_over(spec, wrong)),
        None if right is None else manifest(kind, name, _laid_over(spec, right)),
    )


def _laid_over(spec: str, lines: str) -> str:
    """Fields stand where they stood, new ones at the end; ``name: -`` leaves one out."""
    fields = _by_name(spec) | _by_name(lines)
    return "\n".join(line for line in fields.values() if not line.endswith(": -"))


def _by_name(lines: str) -> dict[str, str]:
    """A line by its field; one without a name, or that repeats one, by itself."""
    fields: dict[str, str] = {}
    for line in lines.splitlines():
        found = _FIELD.match(line)
        name = found[1] if found else line
        fields[line if name in fields else name] = line
    return fields
