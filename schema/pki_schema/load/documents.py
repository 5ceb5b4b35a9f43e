"""One manifest file: its bytes to a declared object and what its author should know.

What a path means to a repository is ``tree``'s matter, what objects say of each other
``references``'. Here a file is judged by itself.
"""

from __future__ import annotations

import hashlib

import msgspec

from pki_schema.desired import GLOBAL, Declared, Identity
from pki_schema.errors import Position, Problem, Severity, in_reading_order
from pki_schema.kinds import API_VERSION, DECLARED_ONLY, SPECS, Envelope, Spec
from pki_schema.load import tree
from pki_schema.load.ahead import declared_only
from pki_schema.load.characters import MOST_PROBLEMS
from pki_schema.load.decoding import convert
from pki_schema.load.explain import explain
from pki_schema.load.positions import Positions, named, pack, position, unpack
from pki_schema.load.specs import check
from pki_schema.load.strict_yaml import Tree, read

CACHE_VERSION = 1
"""To be raised with every change to ``strict_yaml``; what follows it is done again anyway."""


class Document(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One file as far as it could be understood.

    ``declared`` is ``None`` when the file is no object; then ``name`` is what its metadata say, if
    anything. With errors in ``problems`` it may still be one that must not be acted on. ``packed``
    is the strict YAML's tree, empty if there was none.
    """

    path: str
    blob: str
    declared: Declared | None = None
    name: str = ""
    problems: tuple[Problem, ...] = ()
    packed: bytes = b""


class _Cached(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A document without its path. ``faults`` are those of the YAML, as (line, column, ...)."""

    version: int
    blob: str
    packed: bytes
    faults: tuple[tuple[int, int, str, str, str], ...]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Cached)
_SUM = 16


def decode(path: str, blob: str, data: bytes) -> Document:
    """Read a manifest. ``blob`` names the bytes in Git. Raises nothing for what the file holds."""
    found, problems = read(path, data)
    if found is None:
        return Document(path=path, blob=blob, problems=_capped(path, problems))
    return _understood(path, blob, found, pack(found))


def to_cache(document: Document) -> bytes:
    """A document as bytes that ``from_cache`` reads under any path, for this version only.

    Holds the tree, so that the verdict on it is always today's.
    """
    faults: tuple[tuple[int, int, str, str, str], ...] = ()
    if not document.packed:
        faults = tuple(_plain(p) for p in document.problems if p.severity is Severity.ERROR)
    body = _ENCODER.encode(_Cached(CACHE_VERSION, document.blob, document.packed, faults))
    return _digest(body) + body


def from_cache(data: bytes, path: str) -> Document | None:
    """The document that ``decode`` would make of the same file at ``path``.

    ``None`` for anything torn, damaged or written by another version.
    """
    body = data[_SUM:]
    if _digest(body) != data[:_SUM]:
        return None
    try:
        cached = _DECODER.decode(body)
        if cached.version != CACHE_VERSION:
            return None
        if not cached.packed:
            problems = tuple(
                Problem(Position(path, line, column), code, message, hint)
                for line, column, code, message, hint in cached.faults
            )
            return Document(path=path, blob=cached.blob, problems=_capped(path, problems))
        found = unpack(cached.packed)
    except msgspec.DecodeError:
        return None
    return _understood(path, cached.blob, found, cached.packed)


def _understood(path: str, blob: str, found: Tree, packed: bytes) -> Document:
    try:
        identity, spec = _converted(path, found.value)
    except msgspec.ValidationError as refusal:
        declared = None
        problems = explain(found.value, Positions(path, packed), str(refusal))
    else:
        declared = Declared(
            identity=identity,
            spec=spec,
            position=position(path, found.marks[0]),
            blob=blob,
            positions=Positions(path, packed, name=named(path, found)),
        )
        problems = (*check(declared), *_notices(declared))
    return Document(
        path=path,
        blob=blob,
        declared=declared,
        name="" if declared else _name(found.value),
        problems=_capped(path, problems),
        packed=packed,
    )


def _converted(path: str, value: object) -> tuple[Identity, Spec]:
    """What the document declares; raises ``msgspec.ValidationError`` at the first fault."""
    envelope = convert(value, Envelope)
    kind = envelope.kind
    if envelope.api_version != API_VERSION:
        raise msgspec.ValidationError("unknown apiVersion")
    if kind not in SPECS:
        raise msgspec.ValidationError("unknown kind")
    spot = tree.classify(path)
    tenant = spot.tenant if isinstance(spot, tree.ManifestPath) else GLOBAL
    return Identity(kind, tenant, envelope.metadata.name), convert(envelope.spec, SPECS[kind])


def _name(value: object) -> str:
    """The name in a document that may be anything."""
    metadata = value.get("metadata") if isinstance(value, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else ""


def _notices(declared: Declared) -> tuple[Problem, ...]:
    if declared.identity.kind not in DECLARED_ONLY:
        return tuple(
            Problem(
                tree.at(declared, "spec", *path),
                "PKI2109",
                f"{'.'.join(path)} is declared, not yet acted on{instead}",
                severity=Severity.NOTICE,
            )
            for path, instead in declared_only(declared.spec)
        )
    message = f"{declared.identity.kind} is declared, not yet acted on"
    where = tree.at(declared, "kind")
    return (Problem(where, "PKI2107", message, severity=Severity.NOTICE),)


def _capped(path: str, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    if len(problems) < MOST_PROBLEMS:
        return problems
    message = f"only {MOST_PROBLEMS} problems are told of one file; there may be more"
    notice = Problem(Position(path), "PKI2108", message, severity=Severity.NOTICE)
    return in_reading_order((*problems[:MOST_PROBLEMS], notice))


def _plain(problem: Problem) -> tuple[int, int, str, str, str]:
    position = problem.position
    return (position.line, position.column, problem.code, problem.message, problem.hint)


def _digest(body: bytes) -> bytes:
    """Against torn and rotten files; who may write to the cache may also write to Git's objects."""
    return hashlib.blake2b(body, digest_size=_SUM).digest()
