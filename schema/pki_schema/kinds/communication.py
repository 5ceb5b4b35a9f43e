"""``CommunicationPolicy``: who may call whom, for proxies and services to enforce."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from pki_schema.fields import ServiceReference, Text, Word
from pki_schema.kinds.envelope import Strict, about


class CommunicationRule(Strict, frozen=True, kw_only=True):
    """Every caller of ``callers`` may call every service of ``services``."""

    callers: Annotated[
        tuple[ServiceReference, ...],
        about("Who calls: services, tenant/service for another tenant's.", ["argus-backend"]),
    ] = msgspec.field(name="from")
    services: Annotated[
        tuple[ServiceReference, ...], about("Who is called.", ["covina-backend"])
    ] = msgspec.field(name="to")
    operations: Annotated[
        tuple[Word, ...], about("For what; everything if empty.", ["health_check"])
    ] = ()
    isolation: Annotated[
        Literal["low", "medium", "high"], about("How closely it is watched.", "high")
    ] = "medium"
    purpose: Annotated[Word | None, about("The purpose it is for.", "vcc_monitoring")] = None


class CommunicationPolicySpec(Strict, frozen=True, kw_only=True):
    """What no rule allows is forbidden. Rules of all policies add up.

    Below ``tenants/<t>/`` a bare name is a service of that tenant, and only its own services can
    be opened to others.
    """

    description: Annotated[Text | None, about("For people.", "The zero-trust matrix")] = None
    rules: Annotated[
        tuple[CommunicationRule, ...],
        about(
            "What is allowed.",
            [{"from": ["vcc/argus-backend"], "to": ["vcc/covina-backend"]}],
        ),
    ]
