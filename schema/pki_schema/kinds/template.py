"""``CertificateTemplate``: what certificates of one purpose have in common."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from pki_schema.fields import Duration, Name, Oid, Text, Usage
from pki_schema.kinds.envelope import Strict, about
from pki_schema.kinds.parts import DistinguishedName, KeyRule, PolicyInformation

NameType = Literal["dns", "ip", "uri", "email", "upn", "other"]


class OtherName(Strict, frozen=True, kw_only=True):
    """A name of a type that only its users know (RFC 5280 section 4.2.1.6, ``otherName``)."""

    oid: Annotated[Oid, about("The type of the name.", "1.3.6.1.4.1.99999.1")]
    utf8_value: Annotated[
        Text,
        about("The name as UTF8String; variables are replaced.", "node-${service_name}"),
    ]


class ExtraExtension(Strict, frozen=True, kw_only=True):
    """An extension that nothing else here makes (RFC 5280 section 4.2)."""

    oid: Annotated[Oid, about("The extension's object identifier.", "1.3.6.1.5.5.7.1.24")]
    critical: Annotated[
        bool, about("Whether software that does not know it has to refuse.", False)
    ] = False
    value: Annotated[str, about("Base64 of its value in DER; this one is must-staple.", "MAMCAQU=")]


class TemplateNames(Strict, frozen=True, kw_only=True):
    """Names of every certificate of a template; ``${service_name}`` and its like are replaced."""

    dns_names: Annotated[
        tuple[Text, ...], about("DNS names, fully qualified.", ["${service_name}.${zone}"])
    ] = ()
    ip_addresses: Annotated[tuple[Text, ...], about("IP addresses.", ["172.21.0.10"])] = ()
    uris: Annotated[
        tuple[Text, ...],
        about("URIs.", ["spiffe://${spiffe_domain}/${tenant}/${service_name}"]),
    ] = msgspec.field(default=(), name="uris")
    email_addresses: Annotated[
        tuple[Text, ...], about("Mail addresses.", ["${admin_id}@vcc.internal"])
    ] = ()
    user_principal_names: Annotated[
        tuple[Text, ...], about("Microsoft user principal names.", ["${admin_id}@vcc.internal"])
    ] = ()
    other_names: Annotated[
        tuple[OtherName, ...],
        about(
            "Names of other types, which templates alone can give.",
            [{"oid": "1.3.6.1.4.1.99999.1", "utf8Value": "node-${service_name}"}],
        ),
    ] = ()


class CertificateTemplateSpec(Strict, frozen=True, kw_only=True):
    """A field left out is inherited from ``extends``; a child may only narrow its parent.

    ``issuers`` are the CAs that may issue from the template; a responder's template has none,
    because every CA issues its own. ``name_types`` closes all other name types, ``required_names``
    asks for at least one name of one of these types. ``status_pointers`` false leaves out CDP and
    AIA OCSP (an OCSP responder with ``ocsp_no_check`` needs none).
    """

    extends: Annotated[
        Name | None, about("The template whose fields are inherited.", "vcc-code-signing")
    ] = None
    issuers: Annotated[
        tuple[Name, ...] | None, about("The CAs that may issue from it.", ["vcc-services"])
    ] = None
    subject: DistinguishedName | None = None
    literal_subject: Annotated[
        Text | None,
        about(
            "The subject in one line (RFC 4514), the last attribute first; instead of subject.",
            "CN=${service_name},O=VCC,C=DE",
        ),
    ] = None
    names: Annotated[
        TemplateNames | None,
        about("Names of every certificate.", {"dnsNames": ["${service_name}.${zone}"]}),
    ] = None
    name_types: Annotated[
        tuple[NameType, ...] | None,
        about("The types of names a certificate may have; no others.", ["dns", "uri"]),
    ] = None
    required_names: Annotated[
        tuple[NameType, ...] | None,
        about("At least one name of one of these types.", ["dns"]),
    ] = None
    usages: Annotated[
        tuple[Usage, ...] | None,
        about(
            "Key usages and extended key usages, in words or as an OID.",
            ["digital signature", "server auth"],
        ),
    ] = None
    extended_key_usage_critical: Annotated[
        bool | None, about("Whether software that does not know a usage has to refuse.", True)
    ] = None
    policies: Annotated[
        tuple[PolicyInformation, ...] | None,
        about("Certificate policies.", [{"oid": "1.3.6.1.4.1.32473.1.1"}]),
    ] = None
    extra_extensions: Annotated[
        tuple[ExtraExtension, ...] | None,
        about(
            "Extensions that nothing else makes; a child template adds none but must-staple.",
            [{"oid": "1.3.6.1.5.5.7.1.24", "value": "MAMCAQU="}],
        ),
    ] = None
    private_key: Annotated[
        KeyRule | None, about("Which keys are certified.", {"algorithms": ["P-256"]})
    ] = None
    duration: Annotated[
        Duration | None, about("How long a certificate is valid unless its service asks.", "90d")
    ] = None
    max_duration: Annotated[Duration | None, about("The most a service may ask for.", "365d")] = (
        None
    )
    renew_before: Annotated[
        Duration | None, about("How long before its end it is renewed; a third if left out.", "30d")
    ] = None
    ocsp_no_check: Annotated[
        bool | None, about("For OCSP responders: nobody asks for their own status.", True)
    ] = None
    status_pointers: Annotated[
        bool | None, about("False leaves out where CRL and OCSP are found.", True)
    ] = None
    parameters: Annotated[
        tuple[str, ...] | None,
        about("Variables that a service has to give a value for.", ["signer_name"]),
    ] = None
