"""From values to public objects, one function per unit. A full render is these over everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache

import msgspec

from pki_publishers import layout
from pki_publishers.encodings import Json, certs_only, pem
from pki_publishers.layout import Class
from pki_publishers.release import PublicObject
from pki_schema import instants
from pki_schema.instants import DAY, Instant
from pki_schema.issued import CertificateState, IssuedAnswer, IssuedAuthority, IssuedCertificate

_HOUR = timedelta(hours=1)
_MOMENT = timedelta(seconds=1)


class File(Json, frozen=True, kw_only=True):
    """Where a file is and the SHA-256 (hex) of its bytes."""

    path: str
    sha256: str


class Current(Json, frozen=True, kw_only=True):
    """``current.json``: what a service certificate is right now, and where its files are.

    Instants are RFC 3339 in UTC, ``serial`` is lower-case hex, ``spki_sha256`` names the key.
    ``staple`` tells a reader whether the staple it fetched belongs to this certificate. A
    ``revocation_reason`` of ``certificateHold`` may end.
    """

    tenant: str
    service: str
    certificate: str
    state: str
    set: str
    files: Mapping[str, File]
    serial: str
    not_before: str
    not_after: str
    spki_sha256: str
    issuer: str
    issuer_certificate: str
    trust_anchor: str
    crl: str
    crl_chain: str
    renewal_info: str
    commit: str
    renew_at: str | None = None
    revoked_at: str | None = None
    revocation_reason: str | None = None
    staple: File | None = None


class Window(Json, frozen=True, kw_only=True):
    """From when to when a certificate is best replaced, RFC 3339 in UTC."""

    start: str
    end: str


class RenewalInfo(Json, frozen=True, kw_only=True):
    """When to look for a certificate's successor (RFC 9773 section 4.2)."""

    suggested_window: Window


class AuthoritySummary(Json, frozen=True, kw_only=True):
    """One CA key in ``status.json``; the ``crl_*`` fields are absent before its first CRL."""

    name: str
    generation: int
    stem: str
    not_after: str
    crl_number: int | None = None
    crl_this_update: str | None = None
    crl_next_update: str | None = None


class Summary(Json, frozen=True, kw_only=True):
    """``status.json``: the commit, the CAs, how many certificates are in which state."""

    commit: str
    authorities: tuple[AuthoritySummary, ...] = ()
    certificates: Mapping[str, int] = {}


def stem_of(authority: IssuedAuthority) -> str:
    """The name of this CA key in paths."""
    return layout.stem(authority.name, authority.ski)


def summarise(authority: IssuedAuthority) -> AuthoritySummary:
    """What ``status.json`` says about a CA key."""
    crl = authority.crl
    return AuthoritySummary(
        name=authority.name,
        generation=authority.generation,
        stem=stem_of(authority),
        not_after=instants.render(authority.certificate.not_after),
        crl_number=crl.number if crl else None,
        crl_this_update=instants.render(crl.this_update) if crl else None,
        crl_next_update=instants.render(crl.next_update) if crl else None,
    )


def render_authority(
    authority: IssuedAuthority, *, issuers: Sequence[bytes]
) -> tuple[PublicObject, ...]:
    """The CA's certificate, and all certificates (DER) of its key for chain building.

    ``issuers`` without the CA's own certificate is completed by it.
    """
    stem, own = stem_of(authority), authority.certificate.der
    bundle = certs_only({own, *issuers})
    unit = f"authority/{authority.spki}"
    return (
        PublicObject(layout.aia_path(stem), own, Class.AUTHORITY, unit),
        PublicObject(layout.aia_p7c_path(stem), bundle, Class.AUTHORITY, unit),
    )


def render_crl(
    authority: IssuedAuthority, *, chain: Sequence[IssuedAuthority]
) -> tuple[PublicObject, ...]:
    """The CA's CRL, and with it those of its ancestors (``chain``: parent first, root last).

    nginx, PostgreSQL and curl want the CRLs of *all* levels in one file. It is left out while one
    of them is missing, because with an incomplete file they refuse everybody. When a CA's CRL
    changes, its descendants' units are to be rendered again.
    """
    if authority.crl is None:
        return ()
    stem, number, unit = stem_of(authority), authority.crl.number, f"crl/{authority.spki}"
    own = PublicObject(layout.crl_path(stem), authority.crl.der, Class.STATUS, unit, number)
    crls = [one.crl for one in (authority, *chain)]
    if None in crls:
        return (own,)
    body = b"".join(pem("X509 CRL", crl.der) for crl in crls if crl)
    return (own, PublicObject(layout.crl_chain_path(stem), body, Class.STATUS, unit, number))


def render_answers(stem: str, answers: Iterable[IssuedAnswer]) -> tuple[PublicObject, ...]:
    """OCSP answers under the CA key's stem; the answers for one serial are one unit."""
    return tuple(
        PublicObject(
            layout.answer_path(stem, f"{answer.serial:x}", answer.algorithm),
            answer.der,
            Class.STATUS,
            f"answer/{answer.issuer}/{answer.serial:x}",
            instants.to_epoch(answer.this_update),
        )
        for answer in answers
    )


def render_certificate(
    certificate: IssuedCertificate,
    *,
    chain: Sequence[IssuedAuthority],
    staple: IssuedAnswer | None,
    commit: str,
    renew_at: Instant | None,
) -> tuple[PublicObject, ...]:
    """A service certificate's set, its pointer and its staple.

    ``chain`` runs from the issuer to the root. ``staple`` is the answer for the *SHA-1* CertID:
    OpenSSL's clients look their certificate up in a staple by SHA-1 and ignore any other. Of a
    revoked certificate ``state`` says so and the staple is the revoked answer. A burnt serial has
    no bytes and renders to nothing.
    """
    if not certificate.der:
        return ()
    names = _named(certificate)
    _, files = _set_of(certificate, chain)
    issuer = _in_pem(Class.POINTER, chain[0].certificate.der).at(
        layout.haproxy_issuer_path(*names), _unit(names)
    )
    changing = render_stapled(
        certificate, chain=chain, staple=staple, commit=commit, renew_at=renew_at
    )
    return (*files, issuer, *changing)


def render_stapled(
    certificate: IssuedCertificate,
    *,
    chain: Sequence[IssuedAuthority],
    staple: IssuedAnswer | None,
    commit: str,
    renew_at: Instant | None,
) -> tuple[PublicObject, ...]:
    """The part of ``render_certificate`` that changes with the staple: it, and the pointer."""
    if not certificate.der:
        return ()
    names = _named(certificate)
    set_id, files = _set_of(certificate, chain)
    stapled = _staple(staple, names=names)
    stem = stem_of(chain[0])
    current = Current(
        tenant=names[0],
        service=names[1],
        certificate=names[2],
        state=str(certificate.state.value),
        set=set_id,
        files={one.path.rsplit("/", 1)[1]: _file(one) for one in files},
        serial=f"{certificate.serial:x}",
        not_before=instants.render(certificate.not_before),
        not_after=instants.render(certificate.not_after),
        spki_sha256=certificate.spki,
        issuer=chain[0].name,
        issuer_certificate=layout.aia_path(stem),
        trust_anchor=layout.aia_path(stem_of(chain[-1])),
        crl=layout.crl_path(stem),
        crl_chain=layout.crl_chain_path(stem),
        renewal_info=layout.renewal_path(chain[0].ski, certificate.serial),
        commit=commit,
        renew_at=instants.render(renew_at) if renew_at else None,
        revoked_at=instants.render(certificate.revoked_at) if certificate.revoked_at else None,
        revocation_reason=certificate.reason or None,
        staple=_file(stapled[0]) if stapled else None,
    )
    pointer = PublicObject(layout.current_path(*names), current.body(), Class.POINTER, _unit(names))
    return (*stapled, pointer)


def render_renewal(
    certificate: IssuedCertificate,
    *,
    issuer: IssuedAuthority,
    renew_at: Instant | None,
    in_use: bool,
) -> tuple[PublicObject, ...]:
    """When the holder of a service certificate is to fetch the one that takes its place.

    A day from ``renew_at``, so that not everybody comes at once; at the end of its life where the
    clock will not renew it. A window in the past means now (RFC 9773 section 4.2): of what has been
    revoked or is not ``in_use`` any more it is the certificate's first hour. What has expired
    renders to nothing.
    """
    if certificate.state is CertificateState.EXPIRED:
        return ()
    first, last = certificate.not_before, certificate.not_after
    if certificate.state is not CertificateState.VALID or not in_use:
        start, end = first, min(first + _HOUR, last)
    else:
        start = max(first, last - _HOUR) if renew_at is None else renew_at
        end = min(start + DAY, start + max(last - start, _MOMENT) / 4)
    window = Window(start=instants.render(start), end=instants.render(max(end, start + _MOMENT)))
    return (
        PublicObject(
            layout.renewal_path(issuer.ski, certificate.serial),
            RenewalInfo(suggested_window=window).body(),
            Class.RENEWAL,
            f"renewal/{certificate.issuer}/{certificate.serial:x}",
        ),
    )


def folder(certificate: IssuedCertificate) -> str:
    """Where the sets, the pointer and the staple of a service certificate are."""
    return layout.certificate_folder(*_named(certificate))


def pointer_paths(certificate: IssuedCertificate) -> tuple[str, ...]:
    """What stands beside the sets of a service certificate, staples apart."""
    names = _named(certificate)
    return layout.current_path(*names), layout.haproxy_issuer_path(*names)


def staple_paths(certificate: IssuedCertificate) -> tuple[str, ...]:
    """Where the answer to staple is for a service certificate, under each of its names."""
    names = _named(certificate)
    return layout.staple_path(*names), layout.haproxy_staple_path(*names)


def render_status(summary: Summary) -> PublicObject:
    """``status.json``; the authorities are put in the order of name and generation."""
    ordered = tuple(sorted(summary.authorities, key=lambda one: (one.name, one.generation)))
    body = msgspec.structs.replace(summary, authorities=ordered).body()
    return PublicObject(layout.STATUS_PATH, body, Class.POINTER, "status")


def _set_of(
    certificate: IssuedCertificate, chain: Sequence[IssuedAuthority]
) -> tuple[str, tuple[PublicObject, ...]]:
    between = tuple(one.certificate.der for one in chain if one.certificate.issuer != one.spki)
    return _set(certificate.der, between=between, names=_named(certificate))


@lru_cache(maxsize=4_096)  # asked for again when the first answers are there to be stapled
def _set(
    certificate: bytes, *, between: tuple[bytes, ...], names: tuple[str, str, str]
) -> tuple[str, tuple[PublicObject, ...]]:
    """The immutable files and the name of their folder, which is the hash of what is in them.

    PEM with the leaf first (RFC 8446 section 4.4.2), the root left out.
    """
    unit = _unit(names)
    leaf = pem("CERTIFICATE", certificate)
    above = _in_pem(Class.SET, *between)
    full = PublicObject("", leaf + above.body, Class.SET, unit)
    set_id = full.digest[:16]
    paths = layout.certificate_set(*names, set_id)
    bundle = certs_only({certificate, *between})
    return set_id, (
        PublicObject(paths.cert, leaf, Class.SET, unit),
        # An empty chain.pem would keep servers from starting; below a root there is none.
        *([above.at(paths.chain, unit)] if between else ()),
        full.at(paths.fullchain, unit),
        PublicObject(paths.p7b, bundle, Class.SET, unit),
    )


@lru_cache(maxsize=256)  # a CA's is the same beside all certificates below it
def _in_pem(kind: Class, *certificates: bytes) -> PublicObject:
    """Certificates (DER) one after the other, not at any path yet."""
    return PublicObject("", b"".join(pem("CERTIFICATE", der) for der in certificates), kind, "")


def _staple(
    staple: IssuedAnswer | None, *, names: tuple[str, str, str]
) -> tuple[PublicObject, ...]:
    if staple is None:
        return ()
    if staple.algorithm != "sha1":
        raise ValueError("a staple is the answer for the SHA-1 CertID")
    return tuple(
        PublicObject(
            path,
            staple.der,
            Class.POINTER,
            _unit(names),
            instants.to_epoch(staple.this_update),
        )
        for path in (layout.staple_path(*names), layout.haproxy_staple_path(*names))
    )


def _file(one: PublicObject) -> File:
    return File(path=one.path, sha256=one.digest)


def _unit(names: tuple[str, str, str]) -> str:
    return "/".join(("certificate", *names))


def _named(certificate: IssuedCertificate) -> tuple[str, str, str]:
    """Tenant, service and certificate name; ``ValueError`` for other kinds of certificates."""
    subject = certificate.subject
    if subject.kind != "Certificate":
        raise ValueError(f"{subject} is no service's certificate")
    service, _, name = subject.name.partition("/")
    return subject.tenant, service, name
