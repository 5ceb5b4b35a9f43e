"""What a power failure left of a world, judged: nothing that was said to be done may be gone."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pki_reconciler.ledger.records import KeyRecorded, Record
from pki_schema.desired import from_canonical

LEDGER = "state/ledger.sqlite3"

Versions = Mapping[str, Collection[str]]
"""SHA-256 of every whole content that a path has ever had."""


@dataclass(frozen=True)
class Books:
    """What the ledger says: how many entries it has, which keys, and what stands where.

    ``published`` are, by path, the digests of what was acknowledged and of what is on its way;
    without what may be deleted by now.
    """

    size: int
    keys: frozenset[str]
    published: Mapping[str, Collection[str]]


def books(files: Mapping[str, bytes], aside: Path, now: int) -> Books:
    """Open the ledger that was left, in a folder of its own. ``sqlite3.DatabaseError`` if it is
    damaged.
    """
    for old in aside.iterdir():
        old.unlink()
    for end in ("", "-wal"):  # never the -shm: what is in memory is made anew
        if f"{LEDGER}{end}" in files:
            (aside / f"ledger{end}").write_bytes(files[f"{LEDGER}{end}"])
    with closing(sqlite3.connect(aside / "ledger")) as database:
        verdict = database.execute("PRAGMA integrity_check").fetchall()
        size, last = database.execute("SELECT count(*), max(seq) FROM entry").fetchone()
        if verdict != [("ok",)] or size != last:
            raise sqlite3.DatabaseError(f"{verdict}, {size} entries up to {last}")
        keys = database.execute("SELECT body FROM entry WHERE kind = 'key'").fetchall()
        standing: dict[str, set[str]] = {}
        query = "SELECT path, digest FROM published WHERE delete_after IS NULL OR delete_after > ?"
        for path, digest in database.execute(query, (now,)):
            standing[path] = {digest}
        for path, digest in database.execute("SELECT path, digest FROM outbox"):
            if path in standing:
                standing[path].add(digest)
    records = [from_canonical(body.encode(), Record) for (body,) in keys]  # type: ignore[arg-type]
    spkis = {hashlib.sha256(r.spki).hexdigest() for r in records if isinstance(r, KeyRecorded)}
    return Books(size, frozenset(spkis), standing)


def damages(files: Mapping[str, bytes], found: Books, versions: Versions) -> Iterator[str]:
    """Torn files, false acknowledgements, pointers to nowhere, and keys that are gone."""
    digests = {path: hashlib.sha256(body).hexdigest() for path, body in files.items()}
    for path, digest in digests.items():
        if path.startswith("public/") and not path.startswith(
            ("public/.staging/", "public/.fence")
        ):
            if digest not in versions.get(path, ()):
                yield f"{path} is torn"
            elif path.endswith("/current.json"):
                yield from _astray(path, files, digests)
    for path, allowed in found.published.items():
        if digests.get(f"public/{path}") not in allowed:
            yield f"{path} was acknowledged and is not there"
    for spki in found.keys:
        there = [f"{folder}/{spki}.pem" for folder in ("keys", "offline")]
        if not any(digests.get(path) in versions.get(path, ()) for path in there):
            yield f"the key {spki} is gone"


def _astray(path: str, files: Mapping[str, bytes], digests: Mapping[str, str]) -> Iterator[str]:
    pointer = json.loads(files[path])
    for file in pointer["files"].values():
        if digests.get(f"public/{file['path']}") != file["sha256"]:
            yield f"{path} points to {file['path']}, which is not there"
    for name in ("issuerCertificate", "trustAnchor", "crl", "crlChain", "renewalInfo"):
        if f"public/{pointer[name]}" not in files:
            yield f"{path} points to {pointer[name]}, which is not there"
