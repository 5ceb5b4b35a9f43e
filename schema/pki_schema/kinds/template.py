"""``CertificateTemplate``: what certificates of one purpose have in common."""

from __future__ import annotations

from typing import Literal

import msgspec

from pki_schema.fields import Duration, Name, Text, Usage
from pki_schema.kinds.envelope import Strict
from pki_schema.kinds.parts import KeyRule, PolicyInformation, RelativeName

NameType = Literal["dns", "ip", "uri", "email", "upn"]


class TemplateNames(Strict, frozen=True, kw_only=True):
    """Names of every certificate of a template; ``${service_name}`` and its like are replaced."""

    dns_names: tuple[Text, ...] = ()
    ip_addresses: tuple[Text, ...] = ()
    uris: tuple[Text, ...] = msgspec.field(default=(), name="uris")
    email_addresses: tuple[Text, ...] = ()
    user_principal_names: tuple[Text, ...] = ()


class CertificateTemplateSpec(Strict, frozen=True, kw_only=True):
    """A field left out is inherited from ``extends``; a child may only narrow its parent.

    ``issuers`` are the CAs that may issue from the template; a responder's template has none,
    because every CA issues its own. ``name_types`` closes all other name types, ``required_names``
    asks for at least one name of one of these types. ``status_pointers`` false leaves out CDP and
    AIA OCSP (an OCSP responder with ``ocsp_no_check`` needs none).
    """

    extends: Name | None = None
    issuers: tuple[Name, ...] | None = None
    subject: tuple[RelativeName, ...] | None = None
    names: TemplateNames | None = None
    name_types: tuple[NameType, ...] | None = None
    required_names: tuple[NameType, ...] | None = None
    usages: tuple[Usage, ...] | None = None
    extended_key_usage_critical: bool | None = None
    policies: tuple[PolicyInformation, ...] | None = None
    private_key: KeyRule | None = None
    duration: Duration | None = None
    max_duration: Duration | None = None
    renew_before: Duration | None = None
    ocsp_no_check: bool | None = None
    status_pointers: bool | None = None
    parameters: tuple[str, ...] | None = None
