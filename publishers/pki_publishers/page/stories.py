"""One certificate's story, as a page tells it: declared, planned, signed, published, due."""

from __future__ import annotations

from typing import NamedTuple

from pki_publishers import layout
from pki_publishers.page.tenants import Service
from pki_schema.instants import Instant
from pki_schema.reported import CertificateStatus, Delivery, Health, Sync

DIGITS = 12
"""Of a commit's or a plan's name."""


class Story(NamedTuple):
    """``pointer`` leads to what is published of it, from the page where it is told."""

    name: str
    sync: Sync
    health: Health
    note: str
    commit: str
    plan: str
    issued_at: Instant | None
    serial: str
    issuer: str
    issuer_stem: str
    not_after: Instant | None
    published: bool
    pointer: str
    renew_at: Instant | None


def stories(service: Service, *, root: str) -> list[Story]:
    """Of each of a service's certificates; ``root`` leads from the page to the publication's."""
    return [_story(service.name, one, root) for one in service.certificates]


def _story(service: str, one: CertificateStatus, root: str) -> Story:
    name = one.identity.name.partition("/")[2]
    return Story(
        name=name,
        sync=one.sync,
        health=one.health,
        note=one.note,
        commit=one.commit[:DIGITS],
        plan=one.plan[:DIGITS],
        issued_at=one.issued_at,
        serial=one.serial,
        issuer=one.issuer,
        issuer_stem=one.issuer_stem,
        not_after=one.not_after,
        published=one.delivery is not Delivery.NONE,
        pointer=root + layout.current_path(one.identity.tenant, service, name),
        renew_at=one.renew_at,
    )
