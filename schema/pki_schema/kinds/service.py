"""``Service``: something that runs and needs certificates."""

from __future__ import annotations

from typing import Literal

import msgspec

from pki_schema.fields import DnsName, Duration, EmailAddress, IpAddress, Name, Text, Uri
from pki_schema.kinds.envelope import Strict

KeyOrigin = Literal["csr", "sealed", "enrolled"]


class ServiceCertificate(Strict, frozen=True, kw_only=True):
    """One certificate of a service. Names listed here are added to those of the template."""

    name: Name = msgspec.field(default_factory=lambda: Name("default"))
    template: Name
    issuer_ref: Name | None = None
    dns_names: tuple[DnsName, ...] = ()
    ip_addresses: tuple[IpAddress, ...] = ()
    uris: tuple[Uri, ...] = msgspec.field(default=(), name="uris")
    email_addresses: tuple[EmailAddress, ...] = ()
    user_principal_names: tuple[Text, ...] = ()
    duration: Duration | None = None
    renew_before: Duration | None = None
    parameters: dict[str, Text] = {}
    key_origin: KeyOrigin = "csr"


class ServiceSpec(Strict, frozen=True, kw_only=True):
    """Short form: ``template`` and its neighbours describe the one certificate called ``default``.

    Long form: ``certificates``. Exactly one of the two. ``suspend`` stops every action for the
    service; ``resume_after`` names the revocations after which it may be certified again.
    """

    certificates: tuple[ServiceCertificate, ...] = ()
    template: Name | None = None
    issuer_ref: Name | None = None
    dns_names: tuple[DnsName, ...] = ()
    ip_addresses: tuple[IpAddress, ...] = ()
    uris: tuple[Uri, ...] = msgspec.field(default=(), name="uris")
    email_addresses: tuple[EmailAddress, ...] = ()
    user_principal_names: tuple[Text, ...] = ()
    duration: Duration | None = None
    renew_before: Duration | None = None
    parameters: dict[str, Text] = {}
    key_origin: KeyOrigin = "csr"
    description: Text | None = None
    endpoints: tuple[Uri, ...] = ()
    health_url: Uri | None = msgspec.field(default=None, name="healthURL")
    trust_level: Literal["low", "medium", "high"] = "medium"
    suspend: bool = False
    resume_after: tuple[Name, ...] = ()
