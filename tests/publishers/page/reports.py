"""Reports to render: a small organisation on a quiet day, and what may be wrong with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from pki_schema.desired import Identity
from pki_schema.instants import DAY
from pki_schema.reported import (
    AuthorityStatus,
    CertificateStatus,
    Delivery,
    Health,
    PublicationStatus,
    Report,
    ResponderStatus,
    Sync,
)
from tests.fakes import EPOCH as NOW

HOUR = timedelta(hours=1)


def certificate(
    service: str, tenant: str = "vcc", name: str = "default", **more: Any
) -> CertificateStatus:
    """Issued a month ago, to be renewed in twenty days."""
    usual: dict[str, Any] = {
        "identity": Identity("Certificate", tenant, f"{service}/{name}"),
        "sync": Sync.SYNCED,
        "health": Health.HEALTHY,
        "delivery": Delivery.PUBLISHED,
        "conditions": (),
        "commit": "c" * 40,
        "issuer": "issuing",
        "issuer_stem": "issuing-0a1b2c3d",
        "serial": "1f2e3d",
        "issued_at": NOW - 30 * DAY,
        "issued_for": "c" * 40,
        "plan": "d" * 64,
        "not_before": NOW - 30 * DAY,
        "not_after": NOW + 60 * DAY,
        "renew_at": NOW + 20 * DAY,
    }
    return CertificateStatus(**{**usual, **more})


def authority(name: str, parent: str = "", generation: int = 1, **more: Any) -> AuthorityStatus:
    """A CA with a CRL of today."""
    usual: dict[str, Any] = {
        "name": name,
        "generation": generation,
        "spki": "ab" * 32,
        "stem": f"{name}-0a1b2c3d",
        "parent": parent,
        "state": "valid",
        "health": Health.HEALTHY,
        "offline": not parent,
        "not_after": NOW + 3650 * DAY,
        "certificates": 2,
        "crl_number": 17,
        "crl_this_update": NOW - HOUR,
        "crl_next_update": NOW + 7 * DAY,
        "crl_due": NOW + DAY,
    }
    return AuthorityStatus(**{**usual, **more})


QUIET = Report(
    now=NOW,
    commit="c" * 40,
    accepted_at=NOW - DAY,
    authorities=(authority("root"), authority("issuing", "root")),
    responders=(
        ResponderStatus(
            authority="issuing",
            generation=1,
            sync=Sync.SYNCED,
            health=Health.HEALTHY,
            delivery=Delivery.PUBLISHED,
            conditions=(),
            serial="77",
            not_after=NOW + 25 * DAY,
            renew_at=NOW + 15 * DAY,
        ),
    ),
    certificates=(
        certificate("exchange", "partner"),
        certificate("api"),
        certificate("web"),
        certificate("web", name="internal"),
    ),
    publications=(
        PublicationStatus(
            name="public", delivery=Delivery.PUBLISHED, base_urls=("http://pki.test.internal",)
        ),
    ),
    next_due=NOW + DAY,
)


def report(**changes: Any) -> Report:
    """The quiet day with these fields otherwise."""
    return msgspec.structs.replace(QUIET, **changes)
