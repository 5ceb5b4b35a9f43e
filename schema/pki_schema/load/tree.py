"""The layout of a repository: which path may hold what, and what a path says about identity.

Paths are relative to the root of the desired state, with ``/``. A manifest's file name is free, its
folder is not: the folder says the kind and, below ``tenants/<t>/``, the tenant. A CSR's file name
is its identity.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from pki_schema.desired import GLOBAL, Declared, Identity, certificate_identity
from pki_schema.errors import FieldError, Position, Problem, Severity
from pki_schema.fields import Name

GLOBAL_FOLDERS: dict[str, str] = {
    "cas": "CertificateAuthority",
    "templates": "CertificateTemplate",
    "publications": "Publication",
    "revocations": "Revocation",
    "policies": "Policy",
    "communication": "CommunicationPolicy",
    "timestamping": "TimestampAuthority",
    "trust": "TrustBundle",
    "roles": "RoleBinding",
    "approvals": "Approval",
    "windows": "ChangeWindow",
}
TENANT_FOLDERS: dict[str, str] = {
    "services": "Service",
    "policies": "Policy",
    "communication": "CommunicationPolicy",
}
TENANT_FILE = "tenant.yaml"
"""The one file of a tenant's folder that is not the tenant's own; in one spelling, for whoever
guards it in the forge.
"""
TWIN = "PKI1102"
DEFAULT_CERTIFICATE = "default"
DEEPEST = 6

_SEGMENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
# A path without a fault, at one glance: nearly every one is.
_PLAIN_PATH = re.compile(rf"{_SEGMENT.pattern}(?:/{_SEGMENT.pattern}){{0,{DEEPEST - 1}}}")
_USUAL_PATH = 256
"""Characters of paths that are worth remembering."""


@dataclass(frozen=True)
class ManifestPath:
    """A manifest of ``kind``, belonging to ``tenant`` (empty: to none).

    ``name`` is the name the object must have, where the path says it.
    """

    kind: str
    tenant: str = GLOBAL
    name: str | None = None


@dataclass(frozen=True)
class RequestPath:
    """The CSR for one certificate of one service."""

    tenant: str
    service: str
    certificate: str

    @property
    def identity(self) -> Identity:
        return certificate_identity(self.tenant, self.service, self.certificate)


@dataclass(frozen=True)
class Ignored:
    """A file that says nothing. ``problem`` is what its author should know, if anything."""

    reason: str
    problem: Problem | None = None


def classify(path: str) -> ManifestPath | RequestPath | Ignored:
    """What the file at ``path`` is, by its path alone."""
    # Asked where a file is listed, where it is decoded, and of its object each time that is placed.
    return _remembered(path) if len(path) <= _USUAL_PATH else _classified(path)


def _classified(path: str) -> ManifestPath | RequestPath | Ignored:
    segments = path.split("/")
    if not _PLAIN_PATH.fullmatch(path) and (ignored := _outlandish(path, segments)):
        return ignored
    match segments:
        case ["tenants", tenant, name] if name == TENANT_FILE:
            return ManifestPath("Tenant", name=tenant)
        case ["tenants", tenant, "csr", name] if name.endswith(".pem"):
            return _request(tenant, name.removesuffix(".pem")) or _unread(path)
        case ["tenants", tenant, folder, *_, name] if _is_manifest(name):
            kind = TENANT_FOLDERS.get(folder)
            return ManifestPath(kind, tenant=tenant) if kind else _unread(path)
        case [folder, _, *_] if folder in GLOBAL_FOLDERS and _is_manifest(segments[-1]):
            return ManifestPath(GLOBAL_FOLDERS[folder])
        case _:
            return _unread(path)


_remembered = lru_cache(maxsize=8192)(_classified)


def slice_of(path: str) -> str:
    """The tenant whose slice a path is part of; empty for the global slice.

    A tenant's folder is its slice, but for the declaration of the tenant itself. A folder that no
    tenant could have is global.
    """
    root, _, below = path.partition("/")
    tenant, _, rest = below.partition("/")
    return tenant if root == "tenants" and rest != TENANT_FILE and Name.matches(tenant) else GLOBAL


def _outlandish(path: str, segments: list[str]) -> Ignored | None:
    """What a path that is not plain names, if it can name nothing that is read."""
    if any(s.startswith(".") and s not in {".", ".."} for s in segments):
        return Ignored("dotfile")
    if segments[-1] == "README.md":
        return Ignored("documentation")
    fault = _path_fault(segments)
    if fault:
        return Ignored(fault, Problem(Position(path), "PKI1101", f"the path {fault}"))
    return None


def request_path(subject: Identity) -> str:
    """Where the CSR of a service certificate belongs; the inverse of ``classify``."""
    service, certificate = subject.name.split("/")
    suffix = "" if certificate == DEFAULT_CERTIFICATE else f".{certificate}"
    return f"tenants/{subject.tenant}/csr/{service}{suffix}.pem"


def request_paths(subject: Identity) -> tuple[str, ...]:
    """Every path where the CSR of a service certificate may stand; two at once are an error."""
    service, certificate = subject.name.split("/")
    explicit = f"tenants/{subject.tenant}/csr/{service}.{certificate}.pem"
    return tuple(dict.fromkeys((request_path(subject), explicit)))


def place(declared: Declared) -> tuple[Identity, tuple[Problem, ...]]:
    """The identity an object has where it stands, and what is wrong with its place."""
    spot = classify(declared.position.path)
    kind, name = declared.identity.kind, str.__str__(declared.identity.name)
    if not isinstance(spot, ManifestPath):
        return declared.identity, (_misplaced(declared, "stands in no folder for manifests"),)
    identity = Identity(kind, spot.tenant, name)
    if kind != spot.kind:
        return identity, (_misplaced(declared, f"stands among objects of kind {spot.kind}"),)
    if spot.name is not None and name != spot.name:
        where = at(declared, "metadata", "name")
        message = f'tenant "{name}" stands in the folder of tenant "{spot.name}"'
        return identity, (Problem(where, "PKI1105", message, "give both the same name"),)
    return identity, ()


def at(declared: Declared, *path: str | int) -> Position:
    """The place of a field inside an object's file, or of the closest field around it."""
    for size in range(len(path), 0, -1):
        position = declared.positions.get(path[:size])
        if position is not None:
            return position
    return declared.position


def presumed(path: str, name: str) -> set[Identity]:
    """What a faulty file may have been meant to declare: by the ``name`` in it, if that could be
    read, and by that of the file, which is usual.
    """
    spot = classify(path)
    if not isinstance(spot, ManifestPath):
        return set()
    stem = path.rpartition("/")[2].rpartition(".")[0]
    return {Identity(spot.kind, spot.tenant, n) for n in (name, spot.name or stem) if n}


def twins(paths: Iterable[str]) -> tuple[Problem, ...]:
    """Paths that some file systems hold for one (case, Unicode form): an error at each."""
    folded: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        folded[unicodedata.normalize("NFKC", path).casefold()].append(path)
    return tuple(
        Problem(Position(path), TWIN, f'the path differs from "{other}" in spelling only')
        for group in folded.values()
        for path, other in _with_another(group)
    )


def _with_another(group: list[str]) -> Iterator[tuple[str, str]]:
    if len(group) > 1:
        yield group[0], group[1]
        yield from ((path, group[0]) for path in group[1:])


def nearest(word: str, candidates: Collection[str]) -> str:
    """``did you mean "…"?``, what there is instead, or nothing: a hint for a wrong word."""
    close = difflib.get_close_matches(word, candidates, n=1)
    if close:
        return f'did you mean "{close[0]}"?'
    return f"use one of: {', '.join(sorted(candidates))}" if 0 < len(candidates) <= 12 else ""


def _path_fault(segments: list[str]) -> str | None:
    if len(segments) > DEEPEST:
        return f"has more than {DEEPEST} segments"
    for segment in segments:
        if not _SEGMENT.fullmatch(segment):
            return f"has the segment {segment[:64]!a}: use lower-case letters, digits and . _ -"
    return None


def _is_manifest(name: str) -> bool:
    return name.endswith((".yaml", ".yml"))


def _request(tenant: str, stem: str) -> RequestPath | None:
    service, dot, certificate = stem.partition(".")
    try:
        Name.parse(service)
        Name.parse(certificate if dot else DEFAULT_CERTIFICATE)
    except FieldError:
        return None
    return RequestPath(tenant, service, certificate if dot else DEFAULT_CERTIFICATE)


def _unread(path: str) -> Ignored:
    segments = path.split("/")
    within = segments[0] == "tenants" and len(segments) > 2
    folder = segments[2] if within else segments[0]
    known = (*TENANT_FOLDERS, "csr") if within else (*GLOBAL_FOLDERS, "tenants")
    hint = "" if folder in known else nearest(folder, known)
    if within and folder == "tenant.yml":
        hint = f"write {TENANT_FILE}"
    message = "the file is ignored: nothing of its name belongs here"
    return Ignored(
        "nothing of its name belongs here",
        Problem(Position(path), "PKI1103", message, hint, Severity.WARNING),
    )


def _misplaced(declared: Declared, where: str) -> Problem:
    kind = declared.identity.kind
    folders = [f for f, k in GLOBAL_FOLDERS.items() if k == kind]
    folders += [f"tenants/<tenant>/{f}" for f, k in TENANT_FOLDERS.items() if k == kind]
    belongs = " or ".join(f"{f}/" for f in folders) or "tenants/<tenant>/tenant.yaml"
    return Problem(at(declared, "kind"), "PKI1104", f"a {kind} {where}", f"it belongs in {belongs}")
