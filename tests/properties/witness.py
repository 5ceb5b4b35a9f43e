"""What the ledger file and published bytes say, read without a line of the product.

The ledger is an SQLite file with one JSON document an entry; whoever audits it needs no more.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asn1crypto import crl, ocsp, x509
from cryptography.hazmat.primitives.asymmetric import ec

from pki_schema.x509.algorithms import PrivateKey
from tests.fakes import InMemoryKeyStore


@dataclass(frozen=True)
class Entry:
    seq: int
    kind: str
    commit: str
    body: dict[str, Any]


def entries(ledger: Path, *kinds: str) -> list[Entry]:
    """What is durable at this moment, oldest first; all kinds, or these."""
    wanted = f"WHERE kind IN ({','.join('?' * len(kinds))})" if kinds else ""
    query = f'SELECT seq, kind, "commit", body FROM entry {wanted} ORDER BY seq'
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection:
        return [
            Entry(seq, kind, commit, json.loads(body))
            for seq, kind, commit, body in connection.execute(query, kinds)
        ]


def ended(ledger: Path) -> set[tuple[str, str]]:
    """(issuer, serial) of what is revoked, burnt or on hold, expired or not: an entry for ever ends
    a certificate, a hold until all the names that hold it have released it.
    """
    final: set[tuple[str, str]] = set()
    holders: dict[tuple[str, str], set[str]] = {}
    for entry in entries(ledger, "revoked", "serial-burnt", "released"):
        key = (entry.body["issuer"], entry.body["serial"])
        if entry.kind == "released":
            holders.get(key, set()).discard(entry.body["revocation"])
        elif entry.body["reason"] == "certificateHold":
            holders.setdefault(key, set()).add(entry.body["revocation"])
        else:
            final.add(key)
    return final | {key for key, names in holders.items() if names}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tbs_of(path: str, body: bytes) -> bytes:
    """The signed part of a published certificate, CRL or OCSP answer, cut by asn1crypto."""
    if path.endswith(".crl"):
        return bytes(crl.CertificateList.load(body, strict=True)["tbs_cert_list"].dump())
    if path.endswith(".der"):
        answer = ocsp.OCSPResponse.load(body, strict=True)
        return bytes(answer.basic_ocsp_response["tbs_response_data"].dump())
    return bytes(x509.Certificate.load(body, strict=True)["tbs_certificate"].dump())


@dataclass(frozen=True)
class Signature:
    """One use of a key: the bytes, and what the ledger file held at that moment."""

    signer: str
    tbs: bytes
    intents: tuple[Entry, ...]

    def intent(self) -> Entry | None:
        """The entry that announced these bytes, if it was there. OCSP answers are announced by the
        batch: see ``announced_batches``.
        """
        for entry in reversed(self.intents):
            if entry.kind == "certificate-intended":
                if base64.b64decode(entry.body["tbs"]) == self.tbs:
                    return entry
            elif entry.kind == "crl-intended" and entry.body["tbs_digest"] == digest(self.tbs):
                return entry
        return None

    def is_answer(self) -> bool:
        """Whether the bytes are the ``ResponseData`` of an OCSP answer (RFC 6960 section 4.2.1)."""
        try:
            answer = ocsp.ResponseData.load(self.tbs, strict=True)
            return len(answer["responses"][0]["cert_id"].native) == 4
        except (ValueError, TypeError, KeyError, IndexError):
            return False

    def identity(self) -> tuple[str, str, int]:
        """What may be signed with one content only: a serial, or a CRL number, of an issuer."""
        intent = self.intent()
        assert intent is not None
        if intent.kind == "crl-intended":
            return self.signer, "crl", int(intent.body["number"])
        serial = x509.TbsCertificate.load(self.tbs, strict=True)["serial_number"].native
        assert serial == int(intent.body["serial"], 16)
        return self.signer, "certificate", serial


class Died(BaseException):
    """The process ends here."""


@dataclass
class WatchedKeyStore(InMemoryKeyStore):
    """Its keys look into the ledger file whenever they are used, and remember what they signed.

    ``dies_at`` ends the process right after that many signatures.
    """

    ledger: Path = Path()
    signatures: list[Signature] = field(default_factory=list)
    dies_at: int | None = None

    def open(self, spki: str) -> PrivateKey:
        key = super().open(spki)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return _WatchedKey(spki, key, self)

    def used(self, signer: str, tbs: bytes) -> None:
        intents = entries(self.ledger, "certificate-intended", "crl-intended", "answers-intended")
        self.signatures.append(Signature(signer, tbs, tuple(intents)))

    def signed(self) -> None:
        if self.dies_at is not None and len(self.signatures) >= self.dies_at:
            self.dies_at = None
            raise Died


class _WatchedKey(ec.EllipticCurvePrivateKey):
    """A key of a foreign class, as a token's would be."""

    def __init__(self, spki: str, key: ec.EllipticCurvePrivateKey, store: WatchedKeyStore) -> None:
        self._spki = spki
        self._key = key
        self._store = store

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        self._store.used(self._spki, bytes(data))
        signature = self._key.sign(data, signature_algorithm)
        self._store.signed()
        return signature

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._key.public_key()

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._key.curve

    @property
    def key_size(self) -> int:
        return self._key.key_size

    def _never(self, *_arguments: Any, **_options: Any) -> Any:
        raise AssertionError("asked a key for something else than a signature")

    exchange = private_numbers = private_bytes = __copy__ = __deepcopy__ = _never
