"""Pulses made by hand: a quiet day, and what may stand otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from pki_reconciler.daemon.pulse import Pulse, Tally
from pki_schema.desired import Identity
from pki_schema.instants import Instant
from pki_schema.reported import (
    AuthorityStatus,
    CertificateStatus,
    Delivery,
    Doubt,
    Failure,
    Health,
    HeldStatus,
    Report,
    ResponderStatus,
    SliceStatus,
    Sync,
)
from tests.fakes import EPOCH


def certificate(
    name: str, health: Health = Health.HEALTHY, sync: Sync = Sync.SYNCED
) -> CertificateStatus:
    return CertificateStatus(
        identity=Identity(kind="Certificate", tenant="alpha", name=f"{name}/default"),
        sync=sync,
        health=health,
        delivery=Delivery.PUBLISHED,
        conditions=(),
    )


def authority(
    name: str = "issuing",
    health: Health = Health.HEALTHY,
    certificates: int = 1,
    sync: Sync = Sync.SYNCED,
) -> AuthorityStatus:
    return AuthorityStatus(
        name=name,
        generation=1,
        spki="5" * 64,
        stem=name,
        parent="root",
        state="valid",
        health=health,
        sync=sync,
        offline=False,
        not_after=EPOCH + timedelta(days=365),
        certificates=certificates,
    )


def responder(health: Health, sync: Sync = Sync.SYNCED) -> ResponderStatus:
    return ResponderStatus(
        authority="issuing",
        generation=1,
        sync=sync,
        health=health,
        delivery=Delivery.PUBLISHED,
        conditions=(),
    )


def held(
    code: str = "PKI6001", origin: str = "a.yaml:3:1", message: str = "6, not 5"
) -> HeldStatus:
    return HeldStatus(code=code, message=message, remedy="commit a limit", origin=origin)


def fault(tenant: str = "alpha", commit: str = "c" * 40) -> SliceStatus:
    problem = "tenants/alpha/x.yaml:1:1: error[PKI1001] no YAML"
    return SliceStatus(tenant=tenant, commit=commit, since="", problems=(problem,), count=2)


def failure(resource: str = "repository", attempts: int = 2, message: str = "away") -> Failure:
    return Failure(resource=resource, message=message, remedy="look", attempts=attempts)


DOUBT = Doubt(what="clock", evidence="it leapt by 3 d", remedy="vcc-pki doctor --confirm clock")


def pulse(
    *,
    seconds: float = 0,
    certificates: Mapping[str, tuple[Health, Sync]] | None = None,
    authorities: tuple[AuthorityStatus, ...] = (authority(),),
    responders: tuple[ResponderStatus, ...] = (),
    holds: tuple[HeldStatus, ...] = (),
    slices: tuple[SliceStatus, ...] = (),
    doubts: tuple[Doubt, ...] = (),
    failures: tuple[Failure, ...] = (),
    refused: Iterable[str] = (),
    rewound: str = "",
    fetched: bool = True,
) -> Pulse:
    """How it stands so many seconds after the beginning."""
    at: Instant = EPOCH + timedelta(seconds=seconds)
    report = Report(
        now=at,
        commit="a" * 40,
        authorities=authorities,
        responders=responders,
        certificates=tuple(certificate(n, *how) for n, how in (certificates or {}).items()),
        held=holds,
        slices=slices,
        doubts=doubts,
    )
    return Pulse(
        at=at,
        result="success",
        seconds=0.1,
        report=report,
        tally=Tally(),
        failures=failures,
        refused=tuple(refused),
        rewound=rewound,
        fetched_at=at if fetched else None,
    )
