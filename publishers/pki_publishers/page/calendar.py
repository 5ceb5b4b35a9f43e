"""When certificates, CAs and OCSP responders end, as a calendar (RFC 5545) to subscribe to.

What is renewed moves on by itself, because an event's UID names what ends and not the certificate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from pki_publishers import layout
from pki_publishers.layout import Class
from pki_publishers.page import UNIT
from pki_publishers.page.expiry import ENDED, living
from pki_publishers.release import PublicObject
from pki_schema.instants import Instant
from pki_schema.reported import CertificateStatus, Report

MOST_A_DAY: Final = 20
"""Of more certificates of a tenant that end on one day there is one event for all."""
MOST_NAMES: Final = 50
LINE: Final = 75
"""Octets in a line, its end not counted (RFC 5545 section 3.1)."""
DOMAIN: Final = "vcc-pki"


def calendar(report: Report) -> PublicObject:
    """The same bytes for the same ends, whenever it is asked for."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//VCC-PKI//Expiries//EN",
        # RFC 7986 sections 5.1, 5.7.
        "NAME:VCC-PKI expiries",
        "X-WR-CALNAME:VCC-PKI expiries",
        "REFRESH-INTERVAL;VALUE=DURATION:PT12H",
        *_issuers(report),
        *_services(report),
        "END:VCALENDAR",
    ]
    body = "".join(f"{folded(line)}\r\n" for line in lines).encode()
    return PublicObject(layout.CALENDAR_PATH, body, Class.POINTER, UNIT)


def _issuers(report: Report) -> Iterator[str]:
    for one in report.authorities:
        if one.health not in ENDED and one.not_after > report.now:
            name = f"CA {one.name} G{one.generation}"
            yield from event(
                uid=f"ca/{one.name}/{one.generation}",
                at=one.not_after,
                stamp=one.not_after,
                summary=f"{name} ends",
                description="Its successor has to issue well before.",
                category="CA",
            )
    for responder in report.responders:
        end = responder.not_after
        if end and end > report.now and responder.health not in ENDED:
            name = f"OCSP responder of {responder.authority} G{responder.generation}"
            yield from event(
                uid=f"responder/{responder.authority}/{responder.generation}",
                at=end,
                stamp=end,
                summary=f"{name} ends",
                description="It is renewed by itself before.",
                category="OCSP",
            )


def _services(report: Report) -> Iterator[str]:
    """By tenant and day; the certificates of a report are in the order of their tenants."""
    for tenant, of in groupby(living(report), lambda ending: ending[1].identity.tenant):
        ending = sorted(of, key=lambda one: one[0])
        for day, certificates in groupby(ending, lambda one: one[0].date()):
            found = list(certificates)
            if len(found) <= MOST_A_DAY:
                for at, one in found:
                    yield from _one(one, at)
            else:
                yield from _many(tenant, day.isoformat(), [c for _, c in found], found[0][0])


def _one(one: CertificateStatus, end: Instant) -> Iterator[str]:
    name = f"{one.identity.tenant}/{one.identity.name}"
    renewed = "It is renewed by itself before." if one.renew_at else "It will not be renewed."
    return event(
        uid=f"certificate/{name}",
        at=end,
        stamp=one.not_before or end,
        summary=f"{name.removesuffix('/default')}: certificate ends",
        description=f"Serial {one.serial} by {one.issuer}. {renewed}",
        category="certificate",
    )


def _many(tenant: str, day: str, found: list[CertificateStatus], end: Instant) -> Iterator[str]:
    named = ", ".join(one.identity.name.removesuffix("/default") for one in found[:MOST_NAMES])
    more = f" and {len(found) - MOST_NAMES} more" if len(found) > MOST_NAMES else ""
    return event(
        uid=f"certificates/{tenant}/{day}",
        at=end,
        stamp=max(one.not_before or end for one in found),
        summary=f"{tenant}: {len(found)} certificates end",
        description=f"{named}{more}",
        category="certificate",
    )


def event(
    *, uid: str, at: Instant, stamp: Instant, summary: str, description: str, category: str
) -> Iterator[str]:
    """The lines of one event. Without an end it takes no time (RFC 5545 section 3.6.1).

    ``stamp`` is when it was last changed: of what a certificate says, the certificate's beginning.
    """
    yield "BEGIN:VEVENT"
    yield f"UID:{escaped(uid)}@{DOMAIN}"
    yield f"DTSTAMP:{_utc(stamp)}"
    yield f"DTSTART:{_utc(at)}"
    yield f"SUMMARY:{escaped(summary)}"
    yield f"DESCRIPTION:{escaped(description)}"
    yield f"CATEGORIES:{escaped(category)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _utc(at: Instant) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}"


_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})
_CONTROLS = dict.fromkeys((*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F))


def escaped(text: str) -> str:
    """RFC 5545 section 3.3.11; controls, which TEXT may not have, are left out."""
    return text.translate(_CONTROLS).translate(_ESCAPES)


def folded(line: str) -> str:
    """In pieces of at most ``LINE`` octets, none cut within a character (RFC 5545 section 3.1)."""
    if len(line) <= LINE and line.isascii():
        return line
    return "\r\n ".join(_pieces(line))


def _pieces(line: str) -> Iterable[str]:
    piece, size = "", 0
    for character in line:
        octets = len(character.encode())
        # From the second line on a space is a part of the line.
        if size + octets > LINE:
            yield piece
            piece, size = "", 1
        piece += character
        size += octets
    yield piece
