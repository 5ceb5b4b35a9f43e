"""``Tenant``: an organisation, the names it owns and what it may use."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from pki_schema.fields import DnsName, IpRange, Name, Text
from pki_schema.kinds.envelope import Strict, about
from pki_schema.kinds.parts import Contact, Limits, Quotas


class TenantSpec(Strict, frozen=True, kw_only=True):
    """``zone`` is the tenant's own DNS zone, ``dns_suffixes`` everything delegated to it.

    ``spiffe_domain`` defaults to the zone. An empty list of CAs or templates allows none.
    """

    organization: Annotated[
        Text, about("Its name, as certificates say it.", "VCC - Veritas Control Center")
    ]
    zone: Annotated[DnsName, about("Its own DNS zone.", "vcc.local")]
    dns_suffixes: Annotated[
        tuple[DnsName, ...], about("What else is delegated to it.", ["vcc.internal"])
    ] = ()
    ip_ranges: Annotated[tuple[IpRange, ...], about("Its networks.", ["172.20.0.0/16"])] = ()
    email_domains: Annotated[
        tuple[DnsName, ...],
        about("Its mail domains; its zone and suffixes if empty.", ["vcc.internal"]),
    ] = ()
    spiffe_domain: Annotated[
        DnsName | None, about("Its SPIFFE trust domain; its zone if left out.", "vcc.local")
    ] = None
    isolation: Annotated[
        Literal["strict", "collaborative", "federated"],
        about("Who may be let in: nobody, anybody, or who is granted it.", "strict"),
    ] = "strict"
    certificate_authorities: Annotated[
        tuple[Name, ...], about("The CAs that may certify it.", ["vcc-services"])
    ] = ()
    templates: Annotated[tuple[Name, ...], about("The templates it may use.", ["vcc-service"])] = ()
    contacts: Annotated[
        tuple[Contact, ...], about("Whom to ask.", [{"name": "VCC platform team"}])
    ] = ()
    limits: Annotated[Limits, about("How much may happen within 24 hours.", {"revocations": 5})] = (
        msgspec.field(default_factory=Limits)
    )
    quotas: Annotated[Quotas, about("How much it may declare.", {"certificates": 200})] = (
        msgspec.field(default_factory=Quotas)
    )
