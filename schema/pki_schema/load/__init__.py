"""Reading a repository: from paths and bytes to what they mean, with every problem at once.

Belongs here, in the order of reading:

* ``tree``: the layout of a repository; ``private_keys`` found in it
* ``strict_yaml``, ``documents``, ``specs``, ``explain``: a manifest by itself
* ``requests``: a CSR by itself
* ``links``, ``references``: what objects say of each other; ``entitlement`` of tenants, ``fitting``
  of CAs and templates, ``governance`` and ``jurisdiction`` of the kinds that govern issuance
* ``lineage``, ``inherit``, ``narrowing``, ``complete``, ``profiles``: templates with their parents
* ``resolve``, with ``authorities`` and ``leaves``: what all of it means; ``wanted``, ``naming``,
  ``substitute`` and ``belonging`` for a certificate and its names
* ``provenance``: who set which value

Does not belong here: Git, the disk, the clock, what has been issued.

Nothing raises for what an author wrote. ``load`` reads a whole tree; a caller that knows what
changed uses ``assemble``, ``check_references`` and ``resolve`` with the objects concerned.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from pki_schema.desired import (
    Declared,
    DesiredState,
    Identity,
    Loaded,
    Resolved,
    SigningRequest,
)
from pki_schema.errors import Position, Problem, in_reading_order
from pki_schema.load import tree
from pki_schema.load.documents import Document, decode
from pki_schema.load.private_keys import secrets
from pki_schema.load.references import check_references, references_of
from pki_schema.load.requests import LARGEST, read_request
from pki_schema.load.resolve import resolve

__all__ = [
    "Document",
    "assemble",
    "check_references",
    "decode",
    "load",
    "read_request",
    "references_of",
    "resolve",
    "signing_request",
]


def load(
    files: Mapping[str, bytes],
    *,
    blobs: Mapping[str, str] | None = None,
    decoded: Mapping[str, Document] | None = None,
) -> tuple[Loaded, Resolved]:
    """Read a whole tree.

    ``files`` maps paths, relative to the root of the desired state, to contents. ``blobs`` are
    Git's blob ids by path, reckoned where missing; ``decoded`` are manifests already decoded, by
    path. The bytes of every file are searched for private keys, decoded or not.
    ``Loaded.problems`` are all problems, those of ``Resolved`` included.
    """
    known, blobs = decoded or {}, blobs or {}
    documents: list[Document] = []
    requests: list[SigningRequest] = []
    problems: list[Problem] = list(tree.twins(files))
    parsed = 0
    for path, data in sorted(files.items()):
        found = secrets(path, data)
        spot = tree.classify(path)
        problems += found
        if isinstance(spot, tree.Ignored):
            problems += [spot.problem] if spot.problem else []
        elif found:
            continue  # its text must not come up in a message
        elif isinstance(spot, tree.RequestPath):
            requests.append(signing_request(spot, path, blobs.get(path) or _blob(data), data))
        elif path in known:
            documents.append(known[path])
        else:
            documents.append(decode(path, blobs.get(path) or _blob(data), data))
            parsed += 1
    loaded = assemble(documents, requests)
    resolved = resolve(loaded.state)
    problems += (*loaded.problems, *check_references(loaded.state, None), *resolved.problems)
    return Loaded(state=loaded.state, problems=in_reading_order(problems), parsed=parsed), resolved


def assemble(documents: Iterable[Document], requests: Iterable[SigningRequest]) -> Loaded:
    """Objects and CSRs by identity, with the problems of the documents and of where they stand.

    Of two objects with one identity the first by path stays, and both are errors.
    """
    objects: dict[Identity, Declared] = {}
    wanted: dict[Identity, SigningRequest] = {}
    problems: list[Problem] = []
    unreadable: set[Identity] = set()
    for document in sorted(documents, key=lambda d: d.path):
        problems += document.problems
        if document.declared is None:
            unreadable |= tree.presumed(document.path, document.name)
            continue
        identity, misplaced = tree.place(document.declared)
        problems += misplaced
        declared = _identified(document.declared, identity)
        if identity in objects:
            problems += _twice(objects[identity], declared)
            continue
        objects[identity] = declared
    for request in sorted(requests, key=lambda r: r.path):
        spot = tree.RequestPath(request.tenant, request.service, request.certificate)
        other = wanted.setdefault(spot.identity, request)
        if other is not request:
            problems += _two_requests(other, request)
    missing = frozenset(unreadable - objects.keys())
    state = DesiredState(objects=objects, unreadable=missing, requests=wanted)
    return Loaded(state=state, problems=in_reading_order(problems))


def signing_request(spot: tree.RequestPath, path: str, blob: str, data: bytes) -> SigningRequest:
    """A CSR file as a value; of an oversized one just enough is kept to refuse it."""
    return SigningRequest(
        tenant=spot.tenant,
        service=spot.service,
        certificate=spot.certificate,
        path=path,
        blob=blob,
        pem=data[: LARGEST + 1],
    )


def _identified(declared: Declared, identity: Identity) -> Declared:
    if declared.identity == identity:
        return declared
    return Declared(
        identity=identity,
        spec=declared.spec,
        position=declared.position,
        blob=declared.blob,
        positions=declared.positions,
    )


def _twice(first: Declared, second: Declared) -> Iterator[Problem]:
    for here, there in ((first, second), (second, first)):
        message = f"{here.identity} is declared twice"
        other = tree.at(there, "metadata", "name")
        position = tree.at(here, "metadata", "name")
        yield Problem(position, "PKI3006", message, f"the other one is at {other}")


def _two_requests(first: SigningRequest, second: SigningRequest) -> Iterator[Problem]:
    for here, there in ((first, second), (second, first)):
        message = "two CSRs for one certificate"
        yield Problem(Position(here.path), "PKI3007", message, f"the other one is {there.path}")


def _blob(data: bytes) -> str:
    """Git's name for these bytes, so that a tree from a disk has the ids of one from Git."""
    digest = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()
