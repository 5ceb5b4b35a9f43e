"""A reader who never stops: fetches every published path over and over, and keeps what is wrong."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509 import ocsp

from tests.e2e.evidence import files_below


@dataclass
class Poller:
    """Reads the folder ``public`` in a thread of its own while it is entered.

    ``faults`` are torn or contradictory objects and those that went back; ``missing`` are paths
    that were there once and then were not; ``rate`` is in reads a second.
    """

    public: Path
    faults: list[str] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    reads: int = 0
    rate: float = 0.0
    _seen: dict[str, bytes] = field(default_factory=dict)
    _ages: dict[str, tuple[int, float]] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._poll)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()

    def _poll(self) -> None:
        start = time.monotonic()
        last_round = False
        while not last_round:
            last_round = self._over.is_set()
            for path in self._seen.keys() | self._listed():
                self._fetch(path)
        self.rate = self.reads / (time.monotonic() - start)

    def _listed(self) -> set[str]:
        """What is not hidden: nobody is told of what still grows."""
        visible = [one for one in self.public.iterdir() if not one.name.startswith(".")]
        files = [*visible, *(path for one in visible for path in files_below(one))]
        return {path.relative_to(self.public).as_posix() for path in files if path.is_file()}

    def _read(self, path: str) -> bytes | None:
        self.reads += 1
        try:
            return (self.public / path).read_bytes()
        except FileNotFoundError:
            return None

    def _fetch(self, path: str) -> None:
        body = self._read(path)
        if body is None:
            if path in self._seen:
                self.missing.add(path)
            return
        if self._seen.get(path) != body:
            self._judge(path, body)
        if path.endswith("/current.json"):
            self._follow(path, body)
        self._seen[path] = body

    def _judge(self, path: str, body: bytes) -> None:
        """A new content must be whole, and younger than the one before."""
        try:
            age = _age(path, body)
        except ValueError as error:
            self.faults.append(f"{path} is torn: {error}")
            return
        before = self._ages.get(path)
        if age and before and (age < before if age[0] == 0 else age <= before):
            self.faults.append(f"{path} went from {before} to {age}")
        if age:
            self._ages[path] = age

    def _follow(self, path: str, body: bytes) -> None:
        """A pointer's files are there with the digests it names, and so is what it refers to."""
        pointer = json.loads(body)
        for file in pointer["files"].values():
            found = self._read(file["path"])
            if found is None or hashlib.sha256(found).hexdigest() != file["sha256"]:
                self.faults.append(f"{path} points to {file['path']}, which is something else")
        for name in ("issuerCertificate", "trustAnchor", "crl", "crlChain", "renewalInfo"):
            if self._read(pointer[name]) is None:
                self.faults.append(f"{path} points to {pointer[name]}, which is not there")


def _age(path: str, body: bytes) -> tuple[int, float] | None:
    """Number (0 without one) and thisUpdate; ``ValueError`` for what cannot be read."""
    match path.rpartition(".")[2]:
        case "crl":
            crl = x509.load_der_x509_crl(body)
            number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
            return number, crl.last_update_utc.timestamp()
        case "der":
            return 0, ocsp.load_der_ocsp_response(body).this_update_utc.timestamp()
        case "cer":
            x509.load_der_x509_certificate(body)
        case "p7c":
            pkcs7.load_der_pkcs7_certificates(body)
        case "json":
            json.loads(body)
        case "pem" if path.endswith(".chain.pem"):
            for part in body.split(b"-----BEGIN ")[1:]:
                x509.load_pem_x509_crl(b"-----BEGIN " + part)
        case "pem":
            x509.load_pem_x509_certificates(body)
    return None
