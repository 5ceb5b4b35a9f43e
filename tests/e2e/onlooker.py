"""Somebody who looks at a publication every hour and believes nothing but its bytes.

``look`` reads what changed since the last look, ``faults`` collects what may never be: something
expired, a number or a time that goes back, an entry that leaves a CRL too early, a revoked
certificate that is good again, a pointer that leads nowhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509 import ocsp

RETENTION = timedelta(days=30)
"""How long certificates may stay after their end: somebody may still have to look."""

LONGEST = timedelta(days=91)
"""After so long a serial of which no certificate was ever published has expired, too."""

NEVER = datetime.max.replace(tzinfo=UTC)

_FIRST = re.compile(r"aia/.*\.cer|svc/.*/cert\.pem")
_CRL = re.compile(r"crl/(.*)\.crl")
_ANSWER = re.compile(r"ocsp/.*/.*\.der|svc/.*/(?:staple\.der|fullchain\.pem\.ocsp)")
_END = b"-----END X509 CRL-----"


@dataclass(frozen=True)
class Pointer:
    """What a ``current.json`` says, with the certificate that it leads to."""

    certificate: x509.Certificate
    state: str
    renew_at: datetime | None

    @property
    def serial(self) -> int:
        return self.certificate.serial_number

    def is_renewed_by(self, other: Pointer) -> bool:
        """Whether the other one has the same key, names and duration under another serial."""
        return self.serial != other.serial and _content(self.certificate) == _content(
            other.certificate
        )


@dataclass(frozen=True)
class Renewal:
    """A successor that came by the clock: when it was due, when it was there, when it had to be."""

    path: str
    due: datetime
    seen: datetime
    end: datetime


@dataclass
class Onlooker:
    """Looks at the folder ``public``. ``released`` are serials that may leave their CRL early, if
    they were on hold there; ``serials`` is what each pointer ever led to.
    """

    public: Path
    faults: list[str] = field(default_factory=list)
    renewals: list[Renewal] = field(default_factory=list)
    released: set[int] = field(default_factory=set)
    pointers: dict[str, Pointer] = field(default_factory=dict)
    serials: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    crls: dict[str, x509.CertificateRevocationList] = field(default_factory=dict)
    objects: int = 0
    _digests: dict[str, str] = field(default_factory=dict)
    _ends: dict[str, datetime] = field(default_factory=dict)
    _authorities: dict[str, x509.Certificate] = field(default_factory=dict)
    _not_after: dict[int, datetime] = field(default_factory=dict)
    _listed: dict[int, datetime] = field(default_factory=dict)
    _answers: dict[str, ocsp.OCSPResponse] = field(default_factory=dict)
    _soonest: datetime = NEVER

    def look(
        self,
        now: datetime,
        changed: Iterable[str],
        *,
        lingers: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """Read these paths, and see whether anything has expired, whoever changed it or not.

        What ``lingers`` nobody could take away yet; it is looked at again.
        """
        listed = set(self._listed)
        paths = sorted(changed, key=lambda path: (not _FIRST.fullmatch(path), path))
        for path in paths:
            file = self.public / path
            if file.is_file():
                self._read(path, file.read_bytes(), now)
            else:
                self._forget(path, now)
        if self._listed.keys() != listed:
            self._agree(now)
        if paths:
            self._soonest = min(self._ends.values(), default=NEVER)
        if self._soonest <= now:
            for path, end in list(self._ends.items()):
                if end <= now and not lingers(path):
                    self._tell(now, f"{path} ended at {end}")
                    self._ends[path] = NEVER  # told once
            self._soonest = min(self._ends.values(), default=NEVER)

    def look_at_all(self, now: datetime) -> None:
        """Whether there is anything that was never announced, or that changed in silence."""
        there = {
            path.relative_to(self.public).as_posix(): path
            for path in self.public.rglob("*")
            if path.is_file() and not path.relative_to(self.public).parts[0].startswith(".s")
        }
        there.pop(".fence", None)
        for path in there.keys() ^ self._digests.keys():
            self._tell(now, f"{path} came or went in silence")
        for path in there.keys() & self._digests.keys():
            if hashlib.sha256(there[path].read_bytes()).hexdigest() != self._digests[path]:
                self._tell(now, f"{path} changed in silence")

    def is_listed(self, serial: int) -> bool:
        """Whether a CRL has it now."""
        return any(
            crl.get_revoked_certificate_by_serial_number(serial) for crl in self.crls.values()
        )

    def is_over(self, serial: int, now: datetime) -> bool:
        """Whether the certificate has expired."""
        return self._not_after.get(serial, NEVER) <= now

    def overdue(self, now: datetime) -> Iterator[str]:
        """Pointers whose certificate was to be renewed by now."""
        for path, pointer in self.pointers.items():
            if pointer.state == "valid" and pointer.renew_at and pointer.renew_at <= now:
                yield path

    # Reading

    def _tell(self, now: datetime, fault: str) -> None:
        self.faults.append(f"{now:%Y-%m-%d %H:%M} {fault}")

    def _read(self, path: str, body: bytes, now: datetime) -> None:
        self.objects += 1
        self._digests[path] = hashlib.sha256(body).hexdigest()
        crl = _CRL.fullmatch(path)
        if crl:
            self._crl(path, crl[1], x509.load_der_x509_crl(body), now)
        elif _ANSWER.fullmatch(path):
            self._answer(path, ocsp.load_der_ocsp_response(body), now)
        elif path.endswith("/current.json"):
            self._pointer(path, json.loads(body), now)
        elif path.endswith(".chain.pem"):
            parts = [part + _END for part in body.split(_END)[:-1]]
            self._ends[path] = min(_next(x509.load_pem_x509_crl(part)) for part in parts)
        elif path.endswith("/cert.pem"):
            self._learn(x509.load_pem_x509_certificate(body))
        elif path.startswith("aia/") and path.endswith(".cer"):
            certificate = x509.load_der_x509_certificate(body)
            self._authorities[path[4:-4]] = certificate
            self._learn(certificate)
            self._ends[path] = certificate.not_valid_after_utc + RETENTION + timedelta(hours=2)
        elif path.startswith("trust/") and path.endswith("/bundle.pem"):
            self._ends[path] = _earliest(x509.load_pem_x509_certificates(body))
        elif path == ".well-known/est/cacerts":
            self._ends[path] = _earliest(pkcs7.load_der_pkcs7_certificates(base64.b64decode(body)))

    def _learn(self, certificate: x509.Certificate) -> None:
        self._not_after[certificate.serial_number] = certificate.not_valid_after_utc

    def _crl(
        self, path: str, stem: str, crl: x509.CertificateRevocationList, now: datetime
    ) -> None:
        before = self.crls.get(path)
        if not crl.is_signature_valid(self._authorities[stem].public_key()):  # type: ignore[arg-type]
            self._tell(now, f"{path} is signed by somebody else")
        if crl.last_update_utc > now:
            self._tell(now, f"{path} comes from the future")
        serials = {entry.serial_number for entry in crl}
        if before is not None:
            if _number(crl) <= _number(before) or crl.last_update_utc < before.last_update_utc:
                self._tell(now, f"{path} goes back")
            for entry in before:
                if entry.serial_number not in serials:
                    self._left(path, entry, before, now)
        for serial in serials:
            self._listed.setdefault(serial, now)
        self.crls[path] = crl
        self._ends[path] = _next(crl)

    def _left(
        self,
        path: str,
        entry: x509.RevokedCertificate,
        before: x509.CertificateRevocationList,
        now: datetime,
    ) -> None:
        """An entry may leave once a CRL that was made after the certificate's end has had it, or
        as soon as it is on hold no longer.
        """
        serial = entry.serial_number
        since = self._listed.pop(serial)
        end = self._not_after.get(serial, since + LONGEST)
        released = serial in self.released and _is_hold(entry)
        if not released and end > before.last_update_utc:
            self._tell(now, f"{path} lost {serial:x}, which ends at {end}")

    def _answer(self, path: str, answer: ocsp.OCSPResponse, now: datetime) -> None:
        before = self._answers.get(path)
        end = answer.next_update_utc
        good = answer.certificate_status is ocsp.OCSPCertStatus.GOOD
        if end is None or not answer.certificates:
            self._tell(now, f"{path} has no end, or no responder")
            return
        if answer.this_update_utc > now:
            self._tell(now, f"{path} comes from the future")
        if answer.certificates[0].not_valid_after_utc < end:
            self._tell(now, f"{path} outlives its responder")
        if before is not None and before.serial_number == answer.serial_number:
            if answer.this_update_utc < before.this_update_utc:
                self._tell(now, f"{path} goes back")
            revoked = before.certificate_status is ocsp.OCSPCertStatus.REVOKED
            if good and revoked and answer.serial_number not in self.released:
                self._tell(now, f"{path} is good again")
        self._answers[path] = answer
        self._ends[path] = end

    def _agree(self, now: datetime) -> None:
        """No answer calls good what a CRL has."""
        for path, answer in self._answers.items():
            good = answer.certificate_status is ocsp.OCSPCertStatus.GOOD
            if good and self.is_listed(answer.serial_number):
                self._tell(now, f"{path} calls good what is revoked")

    def _pointer(self, path: str, said: dict[str, Any], now: datetime) -> None:
        file = said["files"]["cert.pem"]
        target = self.public / file["path"]
        body = target.read_bytes() if target.is_file() else b""
        if hashlib.sha256(body).hexdigest() != file["sha256"]:
            self._tell(now, f"{path} leads nowhere")
            return
        certificate = x509.load_pem_x509_certificate(body)
        renew_at = datetime.fromisoformat(said["renewAt"]) if "renewAt" in said else None
        pointer, before = Pointer(certificate, said["state"], renew_at), self.pointers.get(path)
        if before is not None:
            if certificate.not_valid_before_utc < before.certificate.not_valid_before_utc:
                self._tell(now, f"{path} goes back")
            was_well = before.state == "valid" and not self.is_listed(before.serial)
            if was_well and before.renew_at and before.is_renewed_by(pointer):
                end = before.certificate.not_valid_after_utc
                self.renewals.append(Renewal(path, before.renew_at, now, end))
        self.pointers[path] = pointer
        self.serials[path].add(pointer.serial)
        if pointer.state == "valid":
            self._ends[path] = certificate.not_valid_after_utc
        else:
            self._ends.pop(path, None)

    def _forget(self, path: str, now: datetime) -> None:
        """A file that is gone: allowed once what it was about is over."""
        self._digests.pop(path, None)
        self._ends.pop(path, None)
        crl = _CRL.fullmatch(path)
        if crl and self._authorities[crl[1]].not_valid_after_utc > now:
            self._tell(now, f"{path} is gone before its CA")
        if crl:
            self.crls.pop(path, None)
        answer = self._answers.pop(path, None)
        if path.startswith("ocsp/") and answer and not self.is_over(answer.serial_number, now):
            self._tell(now, f"{path} is gone before its certificate")
        pointer = self.pointers.pop(path, None)
        if pointer and pointer.certificate.not_valid_after_utc > now:
            self._tell(now, f"{path} is gone before its certificate")


def _content(certificate: x509.Certificate) -> tuple[object, ...]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return certificate.public_key(), tuple(names), lasts


def _is_hold(entry: x509.RevokedCertificate) -> bool:
    return any(
        e.value.reason is x509.ReasonFlags.certificate_hold
        for e in entry.extensions
        if isinstance(e.value, x509.CRLReason)
    )


def _number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _next(crl: x509.CertificateRevocationList) -> datetime:
    return crl.next_update_utc or datetime.min.replace(tzinfo=UTC)


def _earliest(certificates: Iterable[x509.Certificate]) -> datetime:
    return min((c.not_valid_after_utc for c in certificates), default=NEVER)
