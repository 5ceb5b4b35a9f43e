"""PKI40xx but CSRs: what tenants, templates and CAs allow."""

from __future__ import annotations

from pki_schema.catalogue.entries import Entry, entry
from pki_schema.catalogue.examples import (
    CSR,
    authority,
    service,
    template,
    tenant,
    text,
    together,
)

ENTRIES: tuple[Entry, ...] = (
    entry(
        4001,
        title="The tenant may not use this CA",
        meaning=(
            "certificateAuthorities in the tenant lists which CAs may certify it. A service "
            "cannot choose another one for itself."
        ),
        example=service("issuerRef: vcc-root", "issuerRef: vcc-services"),
        cure=("Use one of the CAs in the hint, or have the PKI team add this one to the tenant."),
    ),
    entry(
        4002,
        title="The tenant may not use this template",
        meaning=(
            "templates in the tenant lists what its services may be made from. A new template is "
            "open to nobody until a tenant names it."
        ),
        example=service("template: vcc-tsa", "template: vcc-service"),
        cure=("Use a template of the tenant, or have it added at the place that the hint names."),
    ),
    entry(
        4010,
        title="Two CAs have the same subject",
        meaning=(
            "A CRL is found by the issuer's name (RFC 5280 section 5), so two keys under one name "
            "hide each other's revocations. Case and runs of spaces do not tell names apart "
            "(section 7.1)."
        ),
        example=authority(
            "subject: [{C: DE}, {O: VCC}, {CN: VCC Root CA G1}]",
            "subject: [{C: DE}, {O: VCC}, {CN: VCC Services CA G1}]",
        ),
        cure=(
            "Give each CA a common name of its own, with its generation, e.g. VCC Services CA G2."
        ),
    ),
    entry(
        4011,
        title="A CA lives longer than its parent gives",
        meaning=(
            "A parent gives at most what is left of its duration after issuesFor. Validity is "
            "never clamped, so what is declared has to fit."
        ),
        example=authority("duration: 3650d", "duration: 1825d"),
        cure="Shorten the CA's duration, or the issuesFor of its parent.",
    ),
    entry(
        4012,
        title="The path length leaves no room for this CA",
        meaning=(
            "pathLength counts the CAs that may follow (RFC 5280 section 4.2.1.9). A CA below one "
            "with 0 is refused by clients, and each further one has a lower number."
        ),
        example=together(
            authority("pathLength: 1", name="vcc-root"), authority("pathLength: 1", "pathLength: 0")
        ),
        cure=("Write a pathLength below that of the parent, or put the CA under another one."),
    ),
    entry(
        4013,
        title="A CA for purposes that its parent is not for",
        meaning=(
            "Extended key usages of a CA bound all that lies below: every large client reads them "
            "so. What goes beyond the parent would never be accepted."
        ),
        example=together(
            authority("usages: [server auth, client auth, timestamping]", name="vcc-root"),
            authority(
                "usages: [server auth, client auth, timestamping, code signing]",
                "usages: [server auth, client auth, timestamping]",
            ),
        ),
        cure=("Use some of the parent's usages; if the parent has any, this CA needs some, too."),
    ),
    entry(
        4014,
        title="A usage that is not for CAs",
        meaning=(
            "The key usages of a CA are fixed: cert sign and crl sign. And ocsp signing would let "
            "it answer for its own issuer (RFC 6960 section 4.2.2.2)."
        ),
        example=authority(
            "usages: [server auth, client auth, timestamping, ocsp signing]",
            "usages: [server auth, client auth, timestamping]",
        ),
        cure="Leave it out; usages of a CA are the extended ones of what it issues.",
    ),
    entry(
        4015,
        title="Not a template for OCSP responders",
        meaning=(
            "A responder's certificate has the usage ocsp signing and ocsp-nocheck (RFC 6960 "
            "sections 4.2.2.2 and 4.2.2.2.1). With any other template clients refuse the answers."
        ),
        example=authority(
            "ocsp: {mode: presigned, template: vcc-tsa}",
            "ocsp: {mode: presigned, template: vcc-ocsp}",
        ),
        cure=(
            "Name a template with ocsp signing as its purpose and ocspNoCheck: true, e.g. vcc-ocsp."
        ),
    ),
    entry(
        4016,
        title="A template for purposes that its CA is not for",
        meaning=(
            "Extended key usages of a CA bound what it certifies (CA/Browser Forum BR 7.1.2.8). A "
            "certificate with others is refused by clients."
        ),
        example=authority(
            "usages: [server auth, timestamping]",
            "usages: [server auth, client auth, timestamping]",
        ),
        cure=(
            "Remove the usage from the template, take another issuer, or add it to the CA before "
            "its certificate is made."
        ),
    ),
    entry(
        4017,
        title="A template or responder that its CA cannot give so long",
        meaning=(
            "The CA gives at most what is left of its duration after issuesFor. The template asks "
            "for more."
        ),
        example=authority("issuesFor: 1800d", "issuesFor: 1460d"),
        cure="Shorten the duration of the template, or issuesFor of the CA.",
    ),
    entry(
        4018,
        title="A template demands a staple that its CA cannot give",
        meaning=(
            "With must-staple (RFC 7633) clients break off a handshake without an OCSP answer. "
            "The CA signs none, so no service could ever be reached."
        ),
        example=template('extraExtensions: [{oid: 1.3.6.1.5.5.7.1.24, value: "MAMCAQU="}]'),
        cure="Give the CA ocsp with mode presigned, or leave the extension out.",
    ),
    entry(
        4020,
        title="A template widens its parent",
        meaning=(
            "A child may only narrow: fewer usages, issuers, name types, algorithms and extensions "
            "(except must-staple, which only demands), shorter lives, stricter flags. Else what "
            "the parent's reviewers refused would come back by extending it."
        ),
        example=template(
            "extends: vcc-service\nduration: 365d",
            "extends: vcc-service\nduration: 60d",
            name="web",
        ),
        cure=("Ask for no more than the parent, or change the parent, with its reviewers."),
    ),
    entry(
        4021,
        title="A name of a type that the template does not allow",
        meaning=(
            "nameTypes closes all types of alternative names that it does not list, so that a "
            "template for servers cannot make certificates for mail."
        ),
        example=service("emailAddresses: [api@vcc.local]", "uris: [spiffe://vcc.local/api]"),
        cure="Remove the name, or use a template that allows names of this type.",
    ),
    entry(
        4022,
        title="The name does not belong to the tenant",
        meaning=(
            "A tenant names what lies in its zone, its suffixes, networks and mail domains, and "
            "SPIFFE IDs of its own trust domain. Anything else is another organisation's."
        ),
        example=service("dnsNames: [api.example.org]", "dnsNames: [web.api.vcc.local]"),
        cure=(
            "Use a name of the tenant, or have the suffix or range delegated to it in its "
            "tenant.yaml."
        ),
    ),
    entry(
        4023,
        title="A name of a required type is missing",
        meaning=(
            "requiredNames asks for at least one name of these types. Clients of the template's "
            "purpose would find nothing to compare with."
        ),
        example=template(
            'names: -\nsubject: [{CN: "${service_name}"}]',
            'subject: [{CN: "${service_name}"}]',
        ),
        cure="Give the service a name in one of the fields of the hint.",
    ),
    entry(
        4024,
        title="A common name that looks like a host",
        meaning=(
            "Old verifiers read a common name with dots like a DNS name (RFC 6125 section 6.4.4). "
            "Then it has to be among the alternative names, where it is judged as one."
        ),
        example=template(
            'subject: [{CN: "www.${zone}"}]', 'subject: [{CN: "${service_name}.${zone}"}]'
        ),
        cure="Add the name to dnsNames, or write a common name without dots.",
    ),
    entry(
        4025,
        title="The certificate names nobody",
        meaning=(
            "There is neither a subject nor an alternative name, so nobody could say whose "
            "certificate it is (RFC 5280 section 4.1.2.6)."
        ),
        example=template(
            "subject: []\nnames: -\nrequiredNames: -",
            'subject: [{CN: "${service_name}"}]\nnames: -\nrequiredNames: -',
        ),
        cure="Give the template a subject, or a name to every certificate.",
    ),
    entry(
        4026,
        title="A name outside of a CA's name constraints",
        meaning=(
            "Clients check every name against the constraints of every CA above (RFC 5280 section "
            "4.2.1.10). A common name of one word may be read as a host's, too."
        ),
        example=authority(
            "nameConstraints: {permitted: {dnsDomains: [vcc.internal]}}",
            "nameConstraints: {permitted: {dnsDomains: [vcc.local]}}",
        ),
        cure=(
            "Use a name within the constraints, or another CA. To widen them raise the CA's "
            "generation."
        ),
    ),
    entry(
        4027,
        title="Longer than the template allows",
        meaning=(
            "A service may ask for a life up to maxDuration of its template, or its duration "
            "where there is no maxDuration."
        ),
        example=service("duration: 365d", "duration: 180d"),
        cure="Ask for less, or use another template.",
    ),
    entry(
        4028,
        title="renewBefore is not shorter than the certificate's life",
        meaning=(
            "A certificate is renewed when renewBefore is left. If that is all of it, each "
            "renewal would be due at once."
        ),
        example=service("duration: 30d\nrenewBefore: 30d", "duration: 30d\nrenewBefore: 10d"),
        cure=("Make renewBefore shorter than the duration, or leave it out for a third."),
    ),
    entry(
        4029,
        title="Longer than the CA gives",
        meaning=(
            "The CA gives at most what is left of its duration after issuesFor, so that nothing "
            "outlives it. Validity is never clamped."
        ),
        example=together(
            authority("issuesFor: 1705d"), service("duration: 150d", "duration: 120d")
        ),
        cure=("Ask for no more than the message says, or have the CA's issuesFor shortened."),
    ),
    entry(
        4030,
        title="Two certificates have the same key",
        meaning=(
            "One key stands for one identity. Else revoking the key of one would end the other, "
            "and each could pass for the other."
        ),
        example=together(
            service(
                "certificates: [{template: vcc-service}, {name: client, template: vcc-service}]",
                "certificates: [{template: vcc-service}]",
            ),
            text("tenants/vcc/csr/api.client.pem", CSR),
        ),
        cure="Make a key and a CSR for each certificate.",
    ),
    entry(
        4031,
        title="A key that the template does not allow",
        meaning=(
            "The CSR's key is of the list, but the template narrows the list further for its "
            "purpose."
        ),
        example=template(
            "privateKey: {algorithms: [P-384]}", "privateKey: {algorithms: [P-256, P-384]}"
        ),
        cure="Make a key of a kind in the hint and commit its CSR.",
    ),
    entry(
        4040,
        title="The tenant's quota is exceeded",
        meaning=(
            "quotas.certificates bounds how many certificates a tenant declares at a time, "
            "counted over all its services."
        ),
        example=tenant("quotas: {certificates: 0}", "quotas: {certificates: 10}"),
        cure=("Remove certificates that nobody needs, or have the quota raised at the place told."),
    ),
)
