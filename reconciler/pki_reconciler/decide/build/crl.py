"""CRLs: from entries, a number and an instant to bytes to be signed. Always full, never deltas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509

from pki_reconciler.chain import CrlFacts, Unsigned
from pki_reconciler.decide.build.capture import capture
from pki_reconciler.decide.build.extensions import DER
from pki_reconciler.decide.build.issuer import Issuer
from pki_schema.instants import Instant, to_epoch
from pki_schema.issued import CertificateState, IssuedCertificate
from pki_schema.x509 import der, oids
from pki_schema.x509.algorithms import ALGORITHMS

_GENERALIZED_TIME = 0x18


@dataclass(frozen=True)
class CrlEntry:
    """One line of a CRL. ``reason`` is RFC 5280's word; empty and ``unspecified`` are the same."""

    serial: int
    revoked_at: Instant
    reason: str = ""
    invalidity_date: Instant | None = None


def build_crl(
    issuer: Issuer, *, entries: Sequence[CrlEntry], number: int, now: Instant, regular: bool
) -> Unsigned[CrlFacts]:
    """Lay out a full CRL of everything this issuer's key has signed.

    thisUpdate is ``now``, never earlier: a backdated CRL would claim to know a past it is not
    from. nextUpdate is the declared validity later, but not after the issuer's own end, when
    nobody could check the signature. Raises ``ValueError`` for an issuer that has ended, a reason
    that is none, and a number above 159 bits.
    """
    next_update = min(now + timedelta(seconds=issuer.settings.crl.validity), issuer.not_after)
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=issuer.subject,
        extensions=_extensions(issuer, number),
        # All at once: the builder copies its whole list for every entry that is added to it, so
        # adding one by one would take time that grows with the square of the number of entries.
        revoked_certificates=[_revoked(e) for e in sorted(entries, key=lambda e: e.serial)],
    )
    draft = (
        builder.last_update(now)
        .next_update(next_update)
        .sign(capture(issuer.public_key), ALGORITHMS[issuer.key_algorithm].digest)  # type: ignore[arg-type]
        .public_bytes(DER)
    )
    tbs, algorithm = der.taken_apart(draft)
    return Unsigned(
        facts=CrlFacts(
            issuer=issuer.spki,
            number=number,
            this_update=now,
            next_update=next_update,
            regular=regular,
        ),
        draft=draft,
        tbs=tbs,
        algorithm=algorithm,
        signer=issuer.spki,
        key_algorithm=issuer.key_algorithm,
    )


def entries_for(
    certificates: Iterable[IssuedCertificate],
    *,
    previous_regular: Instant | None,
    keep_expired: bool,
) -> tuple[CrlEntry, ...]:
    """What has to be on the next CRL, sorted by serial.

    Everything revoked, and every burnt serial, whatever became of it since. An expired certificate
    leaves only when a *regular* CRL (``previous_regular`` is the thisUpdate of the last one) was
    issued after its end: it has to be seen there once more (RFC 5280 section 3.3). With
    ``keep_expired`` nothing ever leaves.
    """
    listed = (
        certificate
        for certificate in certificates
        if certificate.revoked_at is not None
        or certificate.state in {CertificateState.REVOKED, CertificateState.BURNT}
    )
    return tuple(
        sorted(
            (
                _entry(certificate)
                for certificate in listed
                if keep_expired
                or previous_regular is None
                or previous_regular <= certificate.not_after
            ),
            key=lambda entry: entry.serial,
        )
    )


def next_number(now: Instant, last: int, floor: int) -> int:
    """The number of the next CRL: it grows even if the ledger was lost or the clock went back.

    ``last`` is the highest number ever intended or published, ``floor`` the declared least one.
    """
    return max(to_epoch(now), last + 1, floor)


def _entry(certificate: IssuedCertificate) -> CrlEntry:
    return CrlEntry(
        serial=certificate.serial,
        # A burnt serial was never revoked; it was wrong from its beginning.
        revoked_at=certificate.revoked_at or certificate.not_before,
        reason=certificate.reason,
        invalidity_date=certificate.invalidity_date,
    )


def _revoked(entry: CrlEntry) -> x509.RevokedCertificate:
    found: list[x509.Extension[Any]] = []
    # RFC 5280 section 5.3.1: ``unspecified`` is said by saying nothing.
    if entry.reason not in {"", "unspecified"}:
        found.append(_reason(entry.reason))
    if entry.invalidity_date:
        date = x509.InvalidityDate(entry.invalidity_date)
        found.append(x509.Extension(date.oid, False, date))
    return (
        x509.RevokedCertificateBuilder(extensions=found)
        .serial_number(entry.serial)
        .revocation_date(entry.revoked_at)
        .build()
    )


@lru_cache(maxsize=16)
def _reason(word: str) -> x509.Extension[x509.CRLReason]:
    if word == "removeFromCRL":  # RFC 5280 section 5.3.1: only in delta CRLs
        raise ValueError("a full CRL removes nothing")
    reason = x509.CRLReason(x509.ReasonFlags(word))
    return x509.Extension(reason.oid, False, reason)


def _extensions(issuer: Issuer, number: int) -> list[x509.Extension[Any]]:
    """RFC 5280 sections 5.2.1 and 5.2.3, and X.509 (2019) section 9.5.2.8; none is critical."""
    values: list[x509.ExtensionType] = [
        x509.AuthorityKeyIdentifier(issuer.ski, None, None),
        x509.CRLNumber(number),
    ]
    if issuer.settings.crl.keep_expired:
        values.append(expired_certs_on_crl(issuer.not_before))
    return [x509.Extension(value.oid, False, value) for value in values]


def expired_certs_on_crl(since: Instant) -> x509.UnrecognizedExtension:
    """Certificates that expired from ``since`` on stay on this CRL."""
    return x509.UnrecognizedExtension(
        x509.ObjectIdentifier(oids.EXPIRED_CERTS_ON_CRL),
        der.tlv(_GENERALIZED_TIME, since.strftime("%Y%m%d%H%M%SZ").encode()),
    )
