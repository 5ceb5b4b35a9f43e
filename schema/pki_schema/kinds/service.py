"""``Service``: something that runs and needs certificates."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from pki_schema.fields import DnsName, Duration, EmailAddress, IpAddress, Name, Text, Uri
from pki_schema.kinds.envelope import Strict, about

_TEMPLATE = about("The template it is made from.", "vcc-service")

IssuerRef = Annotated[
    Name | None, about("The issuing CA, where the template names several.", "vcc-services")
]
DnsNames = Annotated[
    tuple[DnsName, ...], about("DNS names beside those of the template.", ["api.vcc.internal"])
]
IpAddresses = Annotated[
    tuple[IpAddress, ...], about("IP addresses, of the tenant's ranges.", ["172.21.0.10"])
]
Uris = Annotated[
    tuple[Uri, ...], about("URIs beside those of the template.", ["spiffe://vcc.local/vcc/api"])
]
EmailAddresses = Annotated[tuple[EmailAddress, ...], about("Mail addresses.", ["ada@vcc.internal"])]
UserPrincipalNames = Annotated[
    tuple[Text, ...], about("Microsoft user principal names.", ["ada@vcc.internal"])
]
Life = Annotated[
    Duration | None, about("How long it is valid, at most the template's maxDuration.", "30d")
]
RenewBefore = Annotated[Duration | None, about("How long before its end it is renewed.", "10d")]
Parameters = Annotated[
    dict[str, Text], about("Values for the template's variables.", {"signer_name": "Covina"})
]
KeyOrigin = Annotated[
    Literal["csr", "sealed", "enrolled"],
    about("Where the key is made: csr, at the host, which commits a signing request.", "csr"),
]


class ServiceCertificate(Strict, frozen=True, kw_only=True):
    """One certificate of a service. Names listed here are added to those of the template."""

    name: Annotated[Name, about("Tells the certificates of a service apart.", "client")] = (
        msgspec.field(default_factory=lambda: Name("default"))
    )
    template: Annotated[Name, _TEMPLATE]
    issuer_ref: IssuerRef = None
    dns_names: DnsNames = ()
    ip_addresses: IpAddresses = ()
    uris: Uris = msgspec.field(default=(), name="uris")
    email_addresses: EmailAddresses = ()
    user_principal_names: UserPrincipalNames = ()
    duration: Life = None
    renew_before: RenewBefore = None
    parameters: Parameters = {}
    key_origin: KeyOrigin = "csr"


class ServiceSpec(Strict, frozen=True, kw_only=True):
    """Short form: ``template`` and its neighbours describe the one certificate called ``default``.

    Long form: ``certificates``. Exactly one of the two. ``suspend`` stops every action for the
    service; ``resume_after`` names the revocations after which it may be certified again.
    """

    certificates: Annotated[
        tuple[ServiceCertificate, ...],
        about(
            "The long form, for more than one certificate.",
            [{"name": "server", "template": "vcc-service"}],
        ),
    ] = ()
    template: Annotated[Name | None, _TEMPLATE] = None
    issuer_ref: IssuerRef = None
    dns_names: DnsNames = ()
    ip_addresses: IpAddresses = ()
    uris: Uris = msgspec.field(default=(), name="uris")
    email_addresses: EmailAddresses = ()
    user_principal_names: UserPrincipalNames = ()
    duration: Life = None
    renew_before: RenewBefore = None
    parameters: Parameters = {}
    key_origin: KeyOrigin = "csr"
    description: Annotated[Text | None, about("What it is, for people.", "Security monitoring")] = (
        None
    )
    endpoints: Annotated[
        tuple[Uri, ...], about("Where it is reached.", ["https://argus-backend.vcc.local:8004"])
    ] = ()
    health_url: Annotated[
        Uri | None,
        about("Where it says how it is.", "https://argus-backend.vcc.local:8004/health"),
    ] = msgspec.field(default=None, name="healthURL")
    trust_level: Annotated[
        Literal["low", "medium", "high"], about("How much depends on it.", "high")
    ] = "medium"
    suspend: Annotated[bool, about("True stops every action for the service.", True)] = False
    resume_after: Annotated[
        tuple[Name, ...],
        about("Revocations after which it may be certified again.", ["argus-moved"]),
    ] = ()
