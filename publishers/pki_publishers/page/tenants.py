"""Tenants and their services: the sums, and which service is told on which page.

A tenant of up to ``MOST_ON_ONE`` services has one page. A larger one is cut into parts, each named
by its first service. Where a part begins is told from the name of the service alone, so that a
service that comes or goes changes the part it is in and no other.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from pki_publishers import layout
from pki_schema.instants import Instant
from pki_schema.reported import CertificateStatus, Health, Report, Sync

MOST_ON_ONE = 256
USUAL_PART = 128
LARGEST_PART = 512

QUIET = frozenset({Health.HEALTHY, Health.RETIRED, Health.SUSPENDED})
"""As its author wants it."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service's name and its certificates."""

    name: str
    certificates: tuple[CertificateStatus, ...]

    @property
    def troubled(self) -> bool:
        """Whether somebody should look."""
        return any(needs_care(one) for one in self.certificates)


@dataclass(frozen=True, kw_only=True)
class Part:
    """The services that are told on the page at ``path``."""

    path: str
    services: tuple[Service, ...]

    @property
    def troubled(self) -> int:
        """How many of them somebody should look at."""
        return sum(one.troubled for one in self.services)


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A tenant's services and sums. ``parts`` is empty while its own page has room for all."""

    name: str
    services: tuple[Service, ...]
    parts: tuple[Part, ...]
    health: Mapping[Health, int]
    sync: Mapping[Sync, int]
    next_renewal: Instant | None
    next_end: Instant | None

    @property
    def path(self) -> str:
        """Where its page is."""
        return layout.tenant_page_path(self.name)

    def place(self, service: Service) -> str:
        """Where the story of one of its services is."""
        if not self.parts:
            return f"{self.path}#{service.name}"
        nth = bisect_right(self.parts, service.name, key=lambda part: part.services[0].name)
        return f"{self.parts[nth - 1].path}#{service.name}"

    @property
    def certificates(self) -> int:
        """How many there are."""
        return sum(self.health.values())

    @property
    def troubled(self) -> tuple[Service, ...]:
        """The services that somebody should look at."""
        return tuple(one for one in self.services if one.troubled)


def needs_care(one: CertificateStatus) -> bool:
    """Whether it does not stand as it should, and will not by itself within a cycle."""
    return one.health not in QUIET or one.sync not in (Sync.SYNCED, Sync.UNKNOWN)


def tenants(report: Report, names: Iterable[str]) -> tuple[Tenant, ...]:
    """By name: those that are declared (``names``), and those that have certificates."""
    shown = (one for one in report.certificates if not _is_past(one, report.now))
    found = {name: list(of) for name, of in groupby(shown, _tenant)}
    return tuple(
        _summed(name, found.get(name, []), report.now) for name in sorted({*names, *found})
    )


def _is_past(one: CertificateStatus, now: Instant) -> bool:
    """Retired, and its last certificate has ended."""
    return one.health is Health.RETIRED and (one.not_after is None or one.not_after <= now)


def _tenant(one: CertificateStatus) -> str:
    return one.identity.tenant


def _summed(name: str, certificates: Sequence[CertificateStatus], now: Instant) -> Tenant:
    services = tuple(
        Service(name=service, certificates=tuple(of))
        for service, of in groupby(certificates, lambda c: c.identity.name.partition("/")[0])
    )
    return Tenant(
        name=name,
        services=services,
        parts=tuple(parts(name, services)) if len(services) > MOST_ON_ONE else (),
        health=Counter(one.health for one in certificates),
        sync=Counter(one.sync for one in certificates),
        next_renewal=min((c.renew_at for c in certificates if c.renew_at), default=None),
        next_end=min(
            (c.not_after for c in certificates if c.not_after and c.not_after > now), default=None
        ),
    )


def parts(tenant: str, services: Sequence[Service]) -> Iterator[Part]:
    """Services in order, cut before those whose name says so; none is larger than the largest."""
    part: list[Service] = []
    for service in services:
        if part and (
            len(part) == LARGEST_PART or zlib.crc32(service.name.encode()) % USUAL_PART == 0
        ):
            yield _part(tenant, part)
            part = []
        part.append(service)
    if part:
        yield _part(tenant, part)


def _part(tenant: str, services: Sequence[Service]) -> Part:
    return Part(path=layout.part_page_path(tenant, services[0].name), services=tuple(services))
