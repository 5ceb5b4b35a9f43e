"""What has to be written, in which order, and what must never be: decided before anything is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from cryptography import x509

from pki_publishers.layout import INDEX_PATH
from pki_publishers.release import PublicObject, Release, age
from pki_schema.instants import Instant

_KIND = attrgetter("kind")


@dataclass(frozen=True)
class Published:
    """What a target holds at a path: SHA-256 (hex) of the bytes and their ``number``."""

    digest: str
    number: int = 0


@dataclass(frozen=True)
class Regression:
    """A refused object: readers would go back to what they have already left behind.

    ``number`` would replace ``published``. Equal numbers mean two different CRLs with one number
    (RFC 5280 section 5.2.3).
    """

    path: str
    unit: str
    number: int
    published: int


@dataclass(frozen=True)
class Batch:
    """What to do to a target: each phase durable before the next one begins.

    Every object of a unit with a ``refused`` object is held back: ``held`` are all their paths,
    which must not be taken for published.
    """

    phases: tuple[tuple[PublicObject, ...], ...] = ()
    unchanged: int = 0
    refused: tuple[Regression, ...] = ()
    held: frozenset[str] = frozenset()


def arrange(release: Release, published: Mapping[str, Published]) -> Batch:
    """Compare a release with what a target holds; what is there with the same bytes is skipped.

    Phases follow ``layout.Class``, objects within a phase their path, from the last to the first: a
    staple comes before ``current.json``; ``index.html`` is the last of all. ``ValueError`` when a
    release has two different objects for one path.
    """
    wanted = _by_path(release)
    regressions = (_regression(one, published.get(path)) for path, one in wanted.items())
    refused = tuple(sorted(filter(None, regressions), key=lambda regression: regression.path))
    units = {regression.unit for regression in refused}
    allowed = [one for one in wanted.values() if one.unit not in units]
    changed = [one for one in allowed if not _is_there(one, published.get(one.path))]
    changed.sort(key=_named_later, reverse=True)
    changed.sort(key=_KIND)  # which keeps the order of paths
    return Batch(
        phases=tuple(tuple(phase) for _, phase in groupby(changed, key=_KIND)),
        unchanged=len(allowed) - len(changed),
        refused=refused,
        held=frozenset(one.path for one in wanted.values() if one.unit in units),
    )


def observed(path: str, body: bytes) -> Published:
    """What a target holds, told from the bytes alone: for a ledger that lost its memory."""
    known = age(path, body)
    return Published(hashlib.sha256(body).hexdigest(), known.number if known else 0)


@dataclass(frozen=True)
class Listed:
    """An entry of a published CRL. ``on_hold`` is the one way to be there that may end."""

    serial: int
    revoked_at: Instant
    on_hold: bool


def entries_lost(
    previous: bytes,
    following: bytes,
    *,
    may_leave: Callable[[Listed], bool],
    holds: Collection[int] = (),
) -> tuple[int, ...]:
    """Serials on the CRL ``previous`` that are missing on ``following`` and may not leave it.

    To be asked before overwriting what a target holds: a full CRL is complete. ``may_leave`` knows
    which certificates have expired (and were on one further CRL, RFC 5280 section 3.3) or were
    released from hold; a CRL does not. ``holds`` are the serials that ``following`` has on hold: if
    they were there for ever, that is lost, too. Both are CRLs in DER, or chains of CRLs in PEM;
    ``ValueError`` if one cannot be read.
    """
    before, after = _listed(previous), _listed(following)
    gone = [_entry(before[key]) for key in before.keys() - after.keys()]
    kept = [_entry(before[key]) for key in before.keys() & after.keys() if key[1] in holds]
    lost = {one.serial for one in gone if not may_leave(one)}
    return tuple(sorted(lost | {one.serial for one in kept if not one.on_hold}))


_PEM_END = b"-----END X509 CRL-----\n"


def _entry(entry: x509.RevokedCertificate) -> Listed:
    reasons = [e.value.reason for e in entry.extensions if isinstance(e.value, x509.CRLReason)]
    on_hold = reasons == [x509.ReasonFlags.certificate_hold]
    return Listed(entry.serial_number, entry.revocation_date_utc, on_hold)


def pem_crls(chain: bytes) -> list[bytes]:
    """The CRLs of a chain, each in PEM; ``chain`` may be anything."""
    return [part + _PEM_END for part in chain.split(_PEM_END) if part.strip()]


def _listed(crls: bytes) -> dict[tuple[bytes, int], x509.RevokedCertificate]:
    """Every entry of one CRL in DER or several in PEM, by issuer (DER) and serial."""
    if crls.startswith(b"-----BEGIN"):
        parsed = [x509.load_pem_x509_crl(part) for part in pem_crls(crls)]
    else:
        parsed = [x509.load_der_x509_crl(crls)]
    return {
        (issuer, entry.serial_number): entry
        for crl in parsed
        for issuer in [crl.issuer.public_bytes()]
        for entry in crl
    }


def _named_later(one: PublicObject) -> tuple[bool, str]:
    """A key for objects of one phase, those that name others first."""
    return one.path != INDEX_PATH, one.path


def _by_path(release: Release) -> dict[str, PublicObject]:
    wanted: dict[str, PublicObject] = {}
    for one in release.objects:
        if wanted.setdefault(one.path, one) != one:
            raise ValueError(f"{one.path} was rendered twice, differently")
    return wanted


def _regression(one: PublicObject, there: Published | None) -> Regression | None:
    if there is None or _is_there(one, there) or one.number > there.number:
        return None
    # A chain keeps its first CRL's number when an ancestor's CRL changes, and an answer its second
    # when a certificate is revoked right after a refresh; only a CRL's number is its name.
    if one.number == there.number and not one.path.endswith(".crl"):
        return None
    return Regression(one.path, one.unit, one.number, there.number)


def _is_there(one: PublicObject, there: Published | None) -> bool:
    return there is not None and there.digest == one.digest
