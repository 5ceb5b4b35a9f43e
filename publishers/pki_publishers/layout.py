"""Every public path, and what a reader is told about it: media type, write order, cache rule.

Paths are relative to the base URL, without a leading slash. They are frozen for ever, because
certificates carry them: a form may be added here, never changed or taken away.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from email.utils import format_datetime
from enum import IntEnum
from functools import lru_cache

from pki_schema import instants
from pki_schema.instants import Instant

ANSWER_ALGORITHMS = ("sha1", "sha256")
"""The CertID hashes answers are made for: what clients send, and what RFC 9919 recommends."""

STATUS_PATH = "status.json"

INDEX_PATH = "index.html"
"""The status page; ``/`` is served as this."""

CALENDAR_PATH = "expiry.ics"
"""When what is certified ends, for calendars."""

PAGES_FOLDER = "status/"
"""Below it is what the status page tells of each tenant."""

CACERTS_PATH = ".well-known/est/cacerts"
"""The CA certificates for EST clients (RFC 7030 section 4.1)."""

TRUST_FOLDER = "trust/"
"""Below it are the trust bundles, each in a folder of its own name."""


class Class(IntEnum):
    """What an object is to its readers, in the order in which objects are written.

    What others refer to comes first and what refers to others last, so that no reader is ever sent
    to a file that is not there yet. Deletions come after all of these, and after a grace period, in
    the opposite order.
    """

    AUTHORITY = 1
    STATUS = 2
    TRUST = 3
    RENEWAL = 4
    SET = 5
    POINTER = 6


@dataclass(frozen=True, kw_only=True)
class CacheRule:
    """How long a reader may keep an object: at most ``max_age`` seconds.

    ``by_validity``: the object says itself when it ends; then at most a quarter of what is left.
    """

    max_age: int
    directives: tuple[str, ...] = ("public",)
    by_validity: bool = False


@dataclass(frozen=True, kw_only=True)
class Place:
    """One form of path and everything that follows from it.

    ``retry_after``: in seconds, when a reader that waits for something new should ask again.
    """

    form: re.Pattern[str]
    kind: Class
    content_type: str
    cache: CacheRule
    retry_after: int | None = None

    @property
    def immutable(self) -> bool:
        """Whether what stands at such a path never changes."""
        return self.kind is Class.SET


_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_STEM = rf"{_LABEL}-[0-9a-f]{{8}}"
_SERIAL = r"[1-9a-f][0-9a-f]{0,39}"
_CERTIFICATE = rf"svc/{_LABEL}/{_LABEL}/{_LABEL}"
_SET = rf"{_CERTIFICATE}/[0-9a-f]{{16}}"

_DAY = CacheRule(max_age=86_400)
_MINUTE = CacheRule(max_age=60)
_FIVE_MINUTES = CacheRule(max_age=300)
_FOR_EVER = CacheRule(max_age=31_536_000, directives=("public", "immutable"))
_CRL = CacheRule(max_age=3_600, by_validity=True)
# RFC 9919 (as RFC 5019 section 6.2): these directives, and max-age short of nextUpdate.
_ANSWER = CacheRule(
    max_age=3_600, directives=("public", "no-transform", "must-revalidate"), by_validity=True
)
_ANSWER_TYPE = "application/ocsp-response"
_PEM_CHAIN = "application/pem-certificate-chain"  # RFC 8555 section 9.1
_PEM_FILE = "application/x-pem-file"
_HTML = "text/html; charset=utf-8"
_BASE64URL = r"[A-Za-z0-9_-]"
_RENEWAL = rf"{_BASE64URL}{{1,86}}\.{_BASE64URL}{{1,28}}"
# RFC 9773 section 4.3.2: six hours are a reasonable time between two looks.
_SIX_HOURS = 21_600


def _place(
    form: str, kind: Class, content_type: str, cache: CacheRule, retry_after: int | None = None
) -> Place:
    return Place(
        form=re.compile(form),
        kind=kind,
        content_type=content_type,
        cache=cache,
        retry_after=retry_after,
    )


ANSWER = _place(
    rf"ocsp/{_STEM}/{_SERIAL}\.(?:sha1|sha256)\.der", Class.STATUS, _ANSWER_TYPE, _ANSWER
)
"""Stored OCSP answers; what the OCSP service replies is treated like one."""

PLACES: tuple[Place, ...] = (
    # RFC 5280 sections 4.2.1.13 and 4.2.2.1: the media types of what AIA and CDP point to.
    _place(rf"aia/{_STEM}\.cer", Class.AUTHORITY, "application/pkix-cert", _DAY),
    _place(rf"aia/{_STEM}\.p7c", Class.AUTHORITY, "application/pkcs7-mime", _DAY),
    _place(rf"crl/{_STEM}\.crl", Class.STATUS, "application/pkix-crl", _CRL),
    _place(rf"crl/{_STEM}\.chain\.pem", Class.STATUS, _PEM_FILE, _CRL),
    ANSWER,
    _place(rf"trust/{_LABEL}/bundle\.pem", Class.TRUST, _PEM_FILE, _FIVE_MINUTES),
    _place(rf"trust/{_LABEL}/bundle\.p12", Class.TRUST, "application/pkcs12", _FIVE_MINUTES),
    _place(rf"trust/{_LABEL}/spiffe\.json", Class.TRUST, "application/json", _FIVE_MINUTES),
    # RFC 7030 section 4.1.3.
    _place(re.escape(CACERTS_PATH), Class.TRUST, "application/pkcs7-mime", _DAY),
    _place(
        rf"{_SET}/(?:cert|chain|fullchain)\.pem",
        Class.SET,
        _PEM_CHAIN,
        _FOR_EVER,
    ),
    # RFC 8551 section 3.2.2: certificates without anything signed.
    _place(rf"{_SET}/bundle\.p7b", Class.SET, "application/pkcs7-mime", _FOR_EVER),
    _place(rf"{_CERTIFICATE}/current\.json", Class.POINTER, "application/json", _MINUTE),
    _place(rf"{_CERTIFICATE}/fullchain\.pem\.issuer", Class.POINTER, _PEM_CHAIN, _MINUTE),
    _place(
        rf"{_CERTIFICATE}/(?:staple\.der|fullchain\.pem\.ocsp)",
        Class.POINTER,
        _ANSWER_TYPE,
        _ANSWER,
    ),
    _place(
        rf"renewal-info/{_RENEWAL}",
        Class.RENEWAL,
        "application/json",
        _MINUTE,
        retry_after=_SIX_HOURS,
    ),
    _place(re.escape(STATUS_PATH), Class.POINTER, "application/json", _MINUTE),
    _place(
        rf"{re.escape(INDEX_PATH)}|status/(?:{_LABEL}/)?{_LABEL}\.html",
        Class.POINTER,
        _HTML,
        _MINUTE,
    ),
    # RFC 5545 section 8.1.
    _place(re.escape(CALENDAR_PATH), Class.POINTER, "text/calendar; charset=utf-8", _MINUTE),
)


def place(path: str) -> Place | None:
    """What a path is; ``None`` for anything that is never published."""
    return next((known for known in PLACES if known.form.fullmatch(path)), None)


@lru_cache(maxsize=256)
def stem(ca: str, ski_hex: str) -> str:
    """The name of one key of a CA in paths: the CA's name and 8 hex digits of the key identifier.

    The key is part of it because generations of a CA have files of their own.
    """
    return _checked(f"{ca}-{ski_hex[:8].lower()}", _STEM)


def is_stem(text: str) -> bool:
    """Whether a text has the form of a ``stem``."""
    return re.fullmatch(_STEM, text) is not None


@lru_cache(maxsize=256)
def aia_path(of: str) -> str:
    """The CA's certificate in DER (AIA caIssuers)."""
    return f"aia/{_checked(of, _STEM)}.cer"


def aia_p7c_path(of: str) -> str:
    """All certificates of that CA key, as a certs-only PKCS#7 in DER."""
    return f"aia/{_checked(of, _STEM)}.p7c"


@lru_cache(maxsize=256)
def crl_path(of: str) -> str:
    """The full CRL in DER (CRL distribution point)."""
    return f"crl/{_checked(of, _STEM)}.crl"


@lru_cache(maxsize=256)
def crl_chain_path(of: str) -> str:
    """The full CRLs of the CA and all its ancestors in PEM, for servers that read files."""
    return f"crl/{_checked(of, _STEM)}.chain.pem"


@lru_cache(maxsize=256)
def ocsp_path(of: str) -> str:
    """The OCSP service of a CA key (AIA ocsp); no trailing slash."""
    return f"ocsp/{_checked(of, _STEM)}"


def answer_path(of: str, serial_hex: str, algorithm: str) -> str:
    """The stored OCSP answer in DER; serial in lower-case hex without leading zeros."""
    if algorithm not in ANSWER_ALGORITHMS:
        raise ValueError(f"no answers for CertID hash {algorithm}")
    return f"{ocsp_path(of)}/{_checked(serial_hex, _SERIAL)}.{algorithm}.der"


@dataclass(frozen=True, kw_only=True)
class CertificateSet:
    """The paths of one service certificate's immutable set."""

    folder: str

    @property
    def cert(self) -> str:
        """The certificate alone."""
        return f"{self.folder}/cert.pem"

    @property
    def chain(self) -> str:
        """Its intermediates without the root; absent where a root issues."""
        return f"{self.folder}/chain.pem"

    @property
    def fullchain(self) -> str:
        """The certificate and its intermediates: what a TLS server is configured with."""
        return f"{self.folder}/fullchain.pem"

    @property
    def p7b(self) -> str:
        """What is in ``fullchain.pem``, as a certs-only CMS in DER (Windows, Java, appliances)."""
        return f"{self.folder}/bundle.p7b"


@lru_cache(maxsize=256)  # asked for once for every file in it
def certificate_folder(tenant: str, service: str, certificate: str) -> str:
    """Where everything of one service certificate is: its sets, pointer and staple."""
    return "/".join(("svc", *(_checked(name, _LABEL) for name in (tenant, service, certificate))))


def certificate_set(tenant: str, service: str, certificate: str, set_id: str) -> CertificateSet:
    """``set_id`` is the first 16 hex digits of the SHA-256 of the set's ``fullchain.pem``.

    Of the whole chain, because an intermediate may be certified again below the same certificate.
    """
    folder = certificate_folder(tenant, service, certificate)
    return CertificateSet(folder=f"{folder}/{_checked(set_id, '[0-9a-f]{16}')}")


def current_path(tenant: str, service: str, certificate: str) -> str:
    """The pointer to a service certificate's current set."""
    return f"{certificate_folder(tenant, service, certificate)}/current.json"


def staple_path(tenant: str, service: str, certificate: str) -> str:
    """The OCSP answer in DER for a server to staple (nginx ``ssl_stapling_file``)."""
    return f"{certificate_folder(tenant, service, certificate)}/staple.der"


def haproxy_staple_path(tenant: str, service: str, certificate: str) -> str:
    """The same answer under the name by which HAProxy finds it beside ``fullchain.pem``."""
    return f"{certificate_folder(tenant, service, certificate)}/fullchain.pem.ocsp"


def haproxy_issuer_path(tenant: str, service: str, certificate: str) -> str:
    """The issuer's certificate in PEM, under the name by which HAProxy finds it.

    No part of the immutable set: below a root it is in no chain that would name another set.
    """
    return f"{certificate_folder(tenant, service, certificate)}/fullchain.pem.issuer"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The paths of one trust bundle."""

    folder: str

    @property
    def pem(self) -> str:
        """For whatever reads PEM."""
        return f"{self.folder}/bundle.pem"

    @property
    def p12(self) -> str:
        """A PKCS#12 trust store, without a password: for Java."""
        return f"{self.folder}/bundle.p12"

    @property
    def spiffe(self) -> str:
        """A SPIFFE bundle: for workloads and for other trust domains."""
        return f"{self.folder}/spiffe.json"


def bundle(name: str) -> Bundle:
    """Where a trust bundle is, by its name."""
    return Bundle(folder=f"{TRUST_FOLDER}{_checked(name, _LABEL)}")


def tenant_page_path(tenant: str) -> str:
    """What the status page tells of a tenant."""
    return f"{PAGES_FOLDER}{_checked(tenant, _LABEL)}.html"


def part_page_path(tenant: str, first: str) -> str:
    """A part of a large tenant's services, named by the first of them."""
    return f"{PAGES_FOLDER}{_checked(tenant, _LABEL)}/{_checked(first, _LABEL)}.html"


@lru_cache(maxsize=256)  # the pointer names it, and it is what is written there
def renewal_path(ski_hex: str, serial: int) -> str:
    """When a certificate is to be replaced (RFC 9773 section 4.1).

    The name is the issuer's key identifier and the octets of the serial's DER INTEGER, each in
    base64url without padding.
    """
    octets = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
    name = f"{_base64url(bytes.fromhex(ski_hex))}.{_base64url(octets)}"
    return f"renewal-info/{_checked(name, _RENEWAL)}"


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def headers(
    of: Place, *, now: Instant, validity: tuple[Instant, Instant] | None = None
) -> tuple[tuple[str, str], ...]:
    """The response headers of an object except its ETag.

    ``validity`` is (thisUpdate, nextUpdate), where the object carries them.
    """
    age = of.cache.max_age
    dates: tuple[tuple[str, str], ...] = ()
    if of.cache.by_validity and validity:
        this_update, next_update = validity
        left = max(0, instants.to_epoch(next_update) - instants.to_epoch(now))
        age = min(age, left // 4)
        dates = (("Last-Modified", http_date(this_update)), ("Expires", http_date(next_update)))
    control = ", ".join((f"max-age={age}", *of.cache.directives))
    again = (("Retry-After", str(of.retry_after)),) if of.retry_after is not None else ()
    return (("Content-Type", of.content_type), ("Cache-Control", control), *again, *dates)


def http_date(instant: Instant) -> str:
    """``Mon, 23 Nov 2026 17:47:53 GMT`` (RFC 9110 section 5.6.7)."""
    return format_datetime(instants.whole(instant), usegmt=True)


@lru_cache
def _compiled(form: str) -> re.Pattern[str]:
    return re.compile(form)


def _checked(text: str, form: str) -> str:
    """Names come from validated objects; a path is still never built from anything else."""
    if not _compiled(form).fullmatch(text):
        raise ValueError(f"{text[:80]!r} cannot stand in a public path")
    return text
