"""What is known about a PKI from outside: the entries of its ledger and the bytes it published.

``Evidence.gathered`` reads both without touching either. ``picture`` is what two PKIs with the same
history have in common, ``contradictions`` what may never be, ``unrest`` what may not be left over
once a reconcile has come to its end.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7
from cryptography.x509 import ocsp

from pki_reconciler.ledger import fold, tables
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.records import (
    AnswersIntended,
    AnswersIssued,
    BatchAbandoned,
    CertificateExpired,
    CertificateIntended,
    CertificateIssued,
    CrlIntended,
    CrlIssued,
    Record,
    Revoked,
    SerialBurnt,
)
from pki_schema.desired import Identity, from_canonical

Key = tuple[str, str]
"""An issuer's key and a serial."""

R = TypeVar("R")

OWN_TABLES = frozenset({"lease", "outbox", "published", "rendered"})
"""The writer's own, and what is read again from the targets: no fold of the entries."""

VOLATILE = frozenset(
    {
        *("set", "files", "serial", "notBefore", "notAfter"),
        *("renewAt", "renewalInfo", "revokedAt", "staple"),
    }
)
"""What ``current.json`` says about one certificate and not about its kind."""

_STEM = re.compile(r"-[0-9a-f]{8}(?=[./']|$)")
_SET = re.compile(r"/[0-9a-f]{16}/")
_RENEWAL = re.compile(r"renewal-info/[^.]+\.([^.]+)")
_ANSWER = re.compile(r"ocsp/(.+)-[0-9a-f]{8}/([0-9a-f]+)\.(sha1|sha256)\.der")


@dataclass(frozen=True)
class Stored:
    """An entry of the ledger."""

    seq: int
    at: int
    record: Record


@dataclass
class Evidence:
    """The entries in order, the published files by path, and a copy of the ledger to be asked."""

    entries: list[Stored]
    files: dict[str, bytes]
    ledger: Path
    staged: list[str] = field(default_factory=list)

    @classmethod
    def gathered(cls, root: Path, aside: Path) -> Evidence:
        """Of the world in a folder. The ledger is copied to ``aside``, because even reading one
        that was left by a crash changes files beside it.
        """
        folder = Path(tempfile.mkdtemp(dir=aside))
        for file in (root / "state").glob("ledger.sqlite3*"):
            shutil.copyfile(file, folder / file.name)
        ledger = folder / "ledger.sqlite3"
        with sqlite3.connect(ledger) as connection:
            rows = connection.execute("SELECT seq, at, body FROM entry ORDER BY seq").fetchall()
        connection.close()
        found = {p.relative_to(root / "public").as_posix(): p for p in files_below(root / "public")}
        return cls(
            entries=[
                Stored(seq, at, from_canonical(body.encode(), Record))  # type: ignore[arg-type]
                for seq, at, body in rows
            ],
            files={
                n: p.read_bytes()
                for n, p in found.items()
                if not n.startswith((".staging/", ".fence"))
            },
            ledger=ledger,
            staged=[name for name in found if name.startswith(".staging/")],
        )

    def of(self, kind: type[R]) -> list[tuple[int, R]]:
        """All entries of a kind with their numbers."""
        return [(e.seq, e.record) for e in self.entries if isinstance(e.record, kind)]

    @cached_property
    def intents(self) -> dict[Key, CertificateIntended]:
        return {(r.issuer, r.serial): r for _, r in self.of(CertificateIntended)}

    @cached_property
    def burnt(self) -> set[Key]:
        return {(r.issuer, r.serial) for _, r in self.of(SerialBurnt)}

    @cached_property
    def issued(self) -> dict[bytes, Key]:
        """Every certificate that exists, by its DER."""
        return {r.der: (r.issuer, r.serial) for _, r in self.of(CertificateIssued)}

    def left_open(self) -> dict[Key, CertificateIntended]:
        """Certificates intended and neither issued nor burnt: what a crash may leave."""
        closed = {*self.issued.values(), *self.burnt}
        return {key: intent for key, intent in self.intents.items() if key not in closed}

    def published_certificates(self) -> Iterator[tuple[str, bytes]]:
        """Every certificate that readers can fetch, in DER, with the path of its file."""
        for path, body in self.files.items():
            if path.endswith(".cer"):
                yield path, body
            elif path.endswith(".p7c"):
                for one in pkcs7.load_der_pkcs7_certificates(body):
                    yield path, one.public_bytes(Encoding.DER)
            elif path.startswith("svc/") and path.endswith(".pem"):
                for one in x509.load_pem_x509_certificates(body):
                    yield path, one.public_bytes(Encoding.DER)

    def published_crls(self) -> Iterator[tuple[str, bytes]]:
        for path, body in self.files.items():
            if path.endswith(".crl"):
                yield path, body

    def published_answers(self) -> Iterator[tuple[str, ocsp.OCSPResponse]]:
        for path, body in self.files.items():
            if path.startswith("ocsp/") or path.endswith(("/staple.der", ".ocsp")):
                yield path, ocsp.load_der_ocsp_response(body)

    # What may never be

    def contradictions(self) -> list[str]:
        """Everything that no crash may bring about, not even for a moment."""
        return [
            *self._second_contents(),
            *self._without_intent(),
            *self._numbers(),
            *self._unknown_bytes(),
            *self._revoked_twice(),
        ]

    def _second_contents(self) -> Iterator[str]:
        contents: dict[Key, set[bytes]] = defaultdict(set)
        for _, record in self.of(CertificateIntended):
            contents[record.issuer, record.serial].add(record.tbs)
        yield from (f"two TBS for {key}" for key, found in contents.items() if len(found) > 1)
        numbers = Counter((r.issuer, r.scope, r.number) for _, r in self.of(CrlIntended))
        yield from (f"two CRLs for {key}" for key, count in numbers.items() if count > 1)

    def _without_intent(self) -> Iterator[str]:
        """Every result has one intent, earlier, with the bytes that were then signed."""
        open_certificates: dict[Key, bytes] = {}
        open_crls: dict[tuple[str, int], int] = {}
        open_batches: dict[int, object] = {}
        for entry in self.entries:
            match entry.record:
                case CertificateIntended(issuer=issuer, serial=serial, tbs=tbs):
                    open_certificates[issuer, serial] = tbs
                case CertificateIssued(issuer=issuer, serial=serial, der=der):
                    tbs = open_certificates.pop((issuer, serial), b"")
                    if x509.load_der_x509_certificate(der).tbs_certificate_bytes != tbs:
                        yield f"entry {entry.seq} is a certificate that was not intended"
                case SerialBurnt(issuer=issuer, serial=serial):
                    if open_certificates.pop((issuer, serial), None) is None:
                        yield f"entry {entry.seq} burns a serial that was not open"
                case CrlIntended(issuer=issuer, number=number):
                    open_crls[issuer, number] = entry.seq
                    open_batches[entry.seq] = entry.record
                case CrlIssued(issuer=issuer, number=number):
                    if open_batches.pop(open_crls.get((issuer, number), 0), None) is None:
                        yield f"entry {entry.seq} is a CRL that was not intended"
                case AnswersIntended():
                    open_batches[entry.seq] = entry.record
                case AnswersIssued(intent=intent) | BatchAbandoned(intent=intent):
                    if open_batches.pop(intent, None) is None:
                        yield f"entry {entry.seq} closes what was not open"

    def _numbers(self) -> Iterator[str]:
        last: dict[str, int] = {}
        for seq, record in self.of(CrlIntended):
            if record.number <= last.get(record.issuer, 0):
                yield f"entry {seq}: CRL number {record.number} is not above the last one"
            last[record.issuer] = record.number

    def _unknown_bytes(self) -> Iterator[str]:
        """Whatever readers can fetch was recorded before."""
        for path, der in self.published_certificates():
            if der not in self.issued:
                yield f"{path}: a certificate that the ledger does not know"
        crls = {r.content_digest: (r.issuer, r.number) for _, r in self.of(CrlIssued)}
        promised = {(r.issuer, r.number): r.tbs_digest for _, r in self.of(CrlIntended)}
        for path, der in self.published_crls():
            key = crls.get(hashlib.sha256(der).hexdigest())
            tbs = x509.load_der_x509_crl(der).tbs_certlist_bytes
            if key is None or promised[key] != hashlib.sha256(tbs).hexdigest():
                yield f"{path}: a CRL that the ledger does not know"
        serials = {int(serial, 16) for _, serial in self.intents}
        for path, answer in self.published_answers():
            if answer.serial_number not in serials:
                yield f"{path}: an answer for a serial that was never intended"
            for one in answer.certificates:
                if one.public_bytes(Encoding.DER) not in self.issued:
                    yield f"{path}: a responder that the ledger does not know"

    def _revoked_twice(self) -> Iterator[str]:
        times = Counter((r.issuer, r.serial) for _, r in self.of(Revoked))
        yield from (f"{key} was revoked {count} times" for key, count in times.items() if count > 1)

    # What may not be left

    def unrest(self) -> list[str]:
        """Everything that a finished reconcile would still have to do, or forgot."""
        with Reader.open(self.ledger) as reader:
            left = [
                *(f"open intent {i.seq}" for i in reader.open_intents()),
                *(f"open batch {b.seq}" for b in reader.open_batches()),
                *(f"not published: {o.path}" for o in reader.outbox("public")),
            ]
            stands = {path: row.digest for path, row in reader.published("public").items()}
        there = {path: hashlib.sha256(body).hexdigest() for path, body in self.files.items()}
        return [
            *left,
            *(f"{path} is not what was acknowledged" for path in _differing(stands, there)),
            *(f"left behind: {name}" for name in self.staged),
            *self._incomplete_crls(),
            *self._unlike_replay(),
        ]

    def _incomplete_crls(self) -> Iterator[str]:
        """Each published CRL has every serial of its issuer that was revoked or burnt by then."""
        crls = {r.content_digest: r.issuer for _, r in self.of(CrlIssued)}
        for path, der in self.published_crls():
            crl = x509.load_der_x509_crl(der)
            issuer = crls.get(hashlib.sha256(der).hexdigest(), "")
            for i, serial in (*self._ended, *self.burnt):
                alive = self.intents[i, serial].not_after > crl.last_update_utc.timestamp()
                found = crl.get_revoked_certificate_by_serial_number(int(serial, 16))
                if i == issuer and alive and found is None:
                    yield f"{path} lacks {serial}"

    @cached_property
    def _ended(self) -> dict[Key, str]:
        return {(r.issuer, r.serial): r.reason for _, r in self.of(Revoked)}

    def _unlike_replay(self) -> Iterator[str]:
        """A ledger folded anew from the entries has the same rows."""
        live, again = sa.create_engine(f"sqlite:///{self.ledger}"), sa.create_engine("sqlite://")
        tables.METADATA.create_all(again)
        with live.connect() as source, again.connect() as destination:
            fold.replay(source, destination)
            for name, table in tables.METADATA.tables.items():
                if name not in OWN_TABLES and _rows(source, table) != _rows(destination, table):
                    yield f"replay gives other rows of {name}"
        live.dispose()
        again.dispose()

    # What two histories have in common

    def picture(self) -> dict[str, object]:
        """Everything but serials, times, fresh keys and burnt entries."""
        return {
            "subjects": self._subjects(),
            "revoked": self._revoked(),
            "paths": Counter(filter(None, map(self._form, self.files))),
            "answers": self._answers(),
            "pointers": self._pointers(),
            "status": self._status(),
            **self._memory(),
        }

    def _subjects(self) -> dict[str, object]:
        with Reader.open(self.ledger) as reader:
            subjects = reader.subjects()
            current = {
                c.key: c.der for c in reader.with_der([s.current for s in subjects if s.current])
            }
        return {
            str(s.identity): (
                str(s.current.state) if s.current else None,
                bool(s.declared),
                s.retired,
                s.held_by,
                _content(s.identity, current[s.current.key]) if s.current else None,
            )
            for s in subjects
        }

    def _revoked(self) -> Counter[tuple[str, ...]]:
        found: Counter[tuple[str, ...]] = Counter()
        for path, der in self.published_crls():
            issuer = self._signer_of(der)
            for entry in x509.load_der_x509_crl(der):
                key = (issuer, f"{entry.serial_number:x}")
                if key not in self.burnt:
                    reasons = [e.value for e in entry.extensions]
                    found[_STEM.sub("", path), self._subject(key), repr(reasons)] += 1
        return found

    def _signer_of(self, crl: bytes) -> str:
        digest = hashlib.sha256(crl).hexdigest()
        return next((r.issuer for _, r in self.of(CrlIssued) if r.content_digest == digest), "")

    def _subject(self, key: Key) -> str:
        return str(self.intents[key].meaning.subject) if key in self.intents else "unknown"

    def _by_serial(self, serial: int) -> Key:
        return next((key for key in self.intents if int(key[1], 16) == serial), ("", ""))

    def _form(self, path: str) -> str | None:
        """A path with its subject instead of its serial; ``None`` for what is about a burnt one."""
        answer = _ANSWER.fullmatch(path)
        if answer:
            key = self._by_serial(int(answer[2], 16))
            subject = self._subject(key)
            return None if key in self.burnt else f"ocsp/{answer[1]}/{subject}.{answer[3]}"
        renewal = _RENEWAL.fullmatch(path)
        if renewal:
            octets = base64.urlsafe_b64decode(renewal[1] + "=" * (-len(renewal[1]) % 4))
            key = self._by_serial(int.from_bytes(octets, "big"))
            return None if key in self.burnt else f"renewal-info/{self._subject(key)}"
        return _SET.sub("/SET/", _STEM.sub("", path))

    def _answers(self) -> Counter[tuple[str, ...]]:
        found: Counter[tuple[str, ...]] = Counter()
        for path, answer in self.published_answers():
            form = self._form(path)
            if form:
                found[form, answer.certificate_status.name, str(answer.revocation_reason)] += 1
        return found

    def _pointers(self) -> dict[str, object]:
        """``current.json`` by path, with the key only (every service brings its own)."""
        return {
            path: {
                name: _STEM.sub("", value) if isinstance(value, str) else value
                for name, value in json.loads(body).items()
                if name not in VOLATILE
            }
            for path, body in self.files.items()
            if path.endswith("/current.json")
        }

    def _status(self) -> object:
        status = json.loads(self.files["status.json"])
        counts = {k: v for k, v in status["certificates"].items() if k != "burnt"}
        names = sorted((a["name"], a["generation"]) for a in status["authorities"])
        return status["commit"], counts, names

    def _memory(self) -> dict[str, object]:
        """What the next reconciles will go by: what is due, marked for deletion, spent, blocked."""
        with Reader.open(self.ledger) as reader:
            marked = [p for p, row in reader.published("public").items() if row.delete_after]
            keys = reader.keys()
        with sqlite3.connect(self.ledger) as connection:
            due = connection.execute("SELECT ref, work FROM due").fetchall()
            spent = dict(connection.execute("SELECT scope, sum(count) FROM tally GROUP BY scope"))
        connection.close()
        expired = Counter(
            self._subject((r.issuer, r.serial)) for _, r in self.of(CertificateExpired)
        )
        return {
            "marked": Counter(filter(None, map(self._form, marked))),
            "due": Counter(filter(None, (self._work(*row) for row in due))),
            "spent": spent,
            "expired": expired,
            "blocked": Counter((str(k.owner), k.blocked) for k in keys if k.blocked),
        }

    def _work(self, ref: str, work: str) -> tuple[str, str] | None:
        issuer, _, serial = ref.partition("/")
        if (issuer, serial) in self.burnt:
            return None
        if (issuer, serial) in self.intents:
            return self._subject((issuer, serial)), work
        return self._owners.get(ref, ref), work

    @cached_property
    def _owners(self) -> dict[str, str]:
        """Who has a key, of those that were certified."""
        return {record.spki: str(record.meaning.subject) for record in self.intents.values()}


def differences(found: object, expected: object, where: str = "") -> list[str]:
    """Where two pictures differ, a line each."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return [
            line
            for name in sorted(found.keys() | expected.keys(), key=str)
            for line in differences(found.get(name), expected.get(name), f"{where}/{name}")
        ]
    return [] if found == expected else [f"{where} is {found}, not {expected}"]


def files_below(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _differing(left: dict[str, str], right: dict[str, str]) -> list[str]:
    return sorted(path for path in left.keys() | right.keys() if left.get(path) != right.get(path))


def _content(subject: Identity, der: bytes) -> tuple[object, ...]:
    """What a certificate says, but for its serial, its times and keys that are made anew."""
    one = x509.load_der_x509_certificate(der)
    key = one.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return (
        one.subject.rfc4514_string(),
        one.issuer.rfc4514_string(),
        hashlib.sha256(key).hexdigest() if subject.kind == "Certificate" else "a key of its own",
        str(one.not_valid_after_utc - one.not_valid_before_utc),
        tuple(filter(None, map(_meaning, one.extensions))),
    )


def _meaning(extension: x509.Extension[Any]) -> tuple[str, bool, str] | None:
    """An extension, but for what names a key."""
    match extension.value:
        case x509.AuthorityKeyIdentifier() | x509.SubjectKeyIdentifier():
            return None
        case x509.CRLDistributionPoints() | x509.AuthorityInformationAccess() as pointers:
            text = _STEM.sub("", repr(pointers))
        case value:
            text = value.public_bytes().hex()
    return extension.oid.dotted_string, extension.critical, text


def _rows(connection: sa.Connection, table: sa.Table) -> list[tuple[Any, ...]]:
    """All rows; without what only signed bytes can tell (``ledger.fold`` says what that is)."""
    found = []
    for row in connection.execute(sa.select(table)):
        values = dict(row._mapping)
        if table.name == "due" and values["work"] == "answer":
            values |= {"at": None, "cause": None}
        if table.name == "status":
            if values["kind"] != "crl":
                continue
            values["bytes"] = None
        found.append(tuple(values.items()))
    return sorted(found, key=repr)
