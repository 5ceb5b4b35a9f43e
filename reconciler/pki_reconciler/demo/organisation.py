"""What hosts and a forge would bring: service keys and CSRs, more services, a Git repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from pki_schema.desired import DesiredState, Identity, SigningRequest
from pki_schema.errors import WorldFailed
from pki_schema.export import schemas
from pki_schema.kinds import ServiceSpec
from pki_schema.load.inherit import Templates
from pki_schema.load.links import certificates_of
from pki_schema.load.tree import RequestPath, request_path
from pki_schema.x509.algorithms import ALGORITHMS

FLEET = "fleet"
"""The tenant that holds services added for measuring."""

_TENANT = """\
apiVersion: pki.vcc.local/v1
kind: Tenant
metadata: {{name: fleet}}
spec:
  organization: VCC - Veritas Control Center
  zone: fleet.vcc.internal
  certificateAuthorities: [vcc-services]
  templates: [vcc-service]
  quotas: {{certificates: {count}}}
"""
_SERVICE = """\
apiVersion: pki.vcc.local/v1
kind: Service
metadata: {{name: {name}}}
spec:
  template: vcc-service
"""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A service certificate that needs a key: where its CSR belongs and of which algorithm."""

    spot: RequestPath
    algorithm: str


def wanted(state: DesiredState) -> Iterator[Wanted]:
    """Every service certificate whose key comes by CSR, with its template's first algorithm."""
    templates = Templates(state)
    for identity, declared in sorted(state.objects.items()):
        if not isinstance(declared.spec, ServiceSpec):
            continue
        for _, certificate in certificates_of(declared):
            template = templates.complete(certificate.template)
            if template and certificate.key_origin == "csr":
                yield Wanted(
                    spot=RequestPath(identity.tenant, identity.name, str(certificate.name)),
                    algorithm=template.algorithms[0],
                )


def fleet_name(number: int) -> str:
    """The name of the fleet's service of this number, from 1."""
    return f"service-{number:05d}"


def add_fleet(tree: Path, count: int) -> None:
    """Write a tenant with ``count`` services into a desired-state tree."""
    services = tree / "tenants" / FLEET / "services"
    services.mkdir(parents=True)
    (services.parent / "tenant.yaml").write_text(_TENANT.format(count=count))
    for number in range(1, count + 1):
        name = fleet_name(number)
        (services / f"{name}.yaml").write_text(_SERVICE.format(name=name))


def make_keys(tree: Path, hosts: Path, of: Wanted) -> SigningRequest:
    """What a host does: a key that stays there (0600), and a CSR that goes to the repository.

    The CSR names its service in a URI, so that nobody can hand in another's.
    """
    spot = of.spot
    key = ALGORITHMS[of.algorithm].generate()
    request = (
        x509.CertificateSigningRequestBuilder(
            subject_name=x509.Name([]),
            extensions=[
                x509.Extension(
                    x509.SubjectAlternativeName.oid,
                    True,
                    x509.SubjectAlternativeName(
                        [x509.UniformResourceIdentifier(f"pki:{spot.tenant}/{spot.service}")]
                    ),
                )
            ],
        )
        .sign(key, ALGORITHMS[of.algorithm].digest)  # type: ignore[arg-type]
        .public_bytes(serialization.Encoding.PEM)
    )
    folder = hosts / spot.tenant / spot.service
    folder.mkdir(parents=True, exist_ok=True)
    _write_key(
        folder / f"{spot.certificate}.key.pem",
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    (folder / f"{spot.certificate}.csr.pem").write_bytes(request)
    path = tree / request_path(spot.identity)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(request)
    return SigningRequest(
        tenant=spot.tenant,
        service=spot.service,
        certificate=spot.certificate,
        path=request_path(spot.identity),
        blob="",
        pem=request,
    )


def _write_key(path: Path, pem: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(pem)


def copy_tree(source: Path, tree: Path) -> None:
    """The desired state without anything hidden, as an operator would begin a repository."""
    if not (source / "cas").is_dir():
        raise WorldFailed(f"{source} is no desired state: it has no cas/", "name one with --from")
    shutil.copytree(source, tree, ignore=shutil.ignore_patterns(".*"), symlinks=True)


def write_schemas(folder: Path) -> None:
    """The JSON Schemas that the first line of each manifest names, for editors."""
    folder.mkdir(parents=True)
    for name, body in schemas().items():
        (folder / name).write_bytes(body)


def commit_all(tree: Path, message: str) -> str:
    """Commit everything in a work tree as the demo's operator; returns the commit."""
    if not (tree / ".git").exists():
        _git(tree, "init", "--quiet", "--initial-branch=main")
    _git(tree, "add", "--all")
    _git(tree, "commit", "--quiet", f"--message={message}")
    return _git(tree, "rev-parse", "HEAD").strip()


_IDENTITY: Mapping[str, str] = {
    "GIT_AUTHOR_NAME": "VCC PKI demo",
    "GIT_AUTHOR_EMAIL": "pki-demo@vcc.local",
    "GIT_COMMITTER_NAME": "VCC PKI demo",
    "GIT_COMMITTER_EMAIL": "pki-demo@vcc.local",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


def _git(tree: Path, *arguments: str) -> str:
    try:
        result = subprocess.run(
            ["git", "-C", str(tree), *arguments],
            env={"PATH": os.environ.get("PATH", os.defpath), **_IDENTITY},
            capture_output=True,
            text=True,
            check=True,
        )
    except FileNotFoundError:
        raise WorldFailed("git is not installed", "on Debian: apt-get install git") from None
    except subprocess.CalledProcessError as error:
        raise WorldFailed(f"git {arguments[0]} failed: {error.stderr.strip()[:200]}") from None
    return result.stdout


def subject_of(of: Wanted) -> Identity:
    """The certificate a key is for."""
    return of.spot.identity
