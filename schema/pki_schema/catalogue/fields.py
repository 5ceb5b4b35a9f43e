"""PKI20xx: what one value says."""

from __future__ import annotations

from pki_schema.catalogue.entries import Entry, entry
from pki_schema.catalogue.examples import (
    TEMPLATE,
    approval,
    authority,
    communication,
    manifest,
    policy,
    principals,
    publication,
    revocation,
    role,
    service,
    template,
    tenant,
    text,
    window,
)


def _literal(line: str) -> str:
    """The template of the service with its subject in one line."""
    kept = [field for field in TEMPLATE.splitlines() if not field.startswith("subject:")]
    spec = "\n".join([*kept, f'literalSubject: "{line}"', ""])
    return manifest("CertificateTemplate", "vcc-service", spec)


ENTRIES: tuple[Entry, ...] = (
    entry(
        2001,
        title="A text that is empty or too long",
        meaning=(
            "Free text stands in certificates, logs and tables. It is one line of 1 to 512 "
            "characters."
        ),
        example=service('description: ""', "description: Monitoring"),
        cure="Write something in one line, or leave the field out.",
    ),
    entry(
        2002,
        title="Not a name",
        meaning=(
            "Names of objects stand in paths, URLs and identities, so they are DNS labels (RFC "
            "1123): 1 to 63 lower-case letters, digits and inner hyphens."
        ),
        example=service("issuerRef: VCC_Services", "issuerRef: vcc-services"),
        cure=("Write it with lower-case letters, digits and hyphens, e.g. argus-backend."),
    ),
    entry(
        2007,
        title="Not a duration",
        meaning=(
            "A duration is a number with its unit, w, d, h, m or s, or ISO 8601 such as P90D; "
            "from one second to 100 years. Months and years are refused because they have no "
            "fixed length, and a certificate's life has."
        ),
        example=service("duration: 90days", "duration: 90d"),
        cure=(
            "Write the number and one letter, e.g. 90d for 90 days or 12h. Say 365d instead of a "
            "year."
        ),
    ),
    entry(
        2010,
        title="Not a DNS name",
        meaning=(
            "DNS names are fully qualified, in lower case, as IDNA2008 A-labels and without a dot "
            "at the end (RFC 1123, RFC 5890). Every name has one spelling, so two spellings "
            "cannot pass for two names. Wildcards, ports and IP addresses are none."
        ),
        example=service("dnsNames: [API.vcc.local]", "dnsNames: [web.api.vcc.local]"),
        cure=(
            "Write the full name in lower case, e.g. api.vcc.local. A name in Unicode is written "
            "as the hint shows it."
        ),
    ),
    entry(
        2011,
        title="Not a mail address",
        meaning=(
            "Mail addresses in certificates are an ASCII local part, @ and a DNS name in lower "
            "case (RFC 5280 section 4.2.1.6). Quoted local parts and addresses at IP addresses "
            "are refused."
        ),
        example=tenant(
            "contacts: [{name: Ada, email: ada@VCC.local}]",
            "contacts: [{name: Ada, email: ada@vcc.local}]",
        ),
        cure="Write local-part@domain with the domain in lower case.",
    ),
    entry(
        2012,
        title="Not a URI",
        meaning=(
            "URIs are absolute and canonical (RFC 3986): scheme and host in lower case, nothing "
            "encoded that need not be, no user, fragment or dot segments. A name in a certificate "
            "is compared octet by octet."
        ),
        example=service("uris: [spiffe://VCC.local/api]", "uris: [spiffe://vcc.local/api]"),
        cure="Write it as the hint shows, e.g. spiffe://vcc.local/vcc/api.",
    ),
    entry(
        2013,
        title="Not a base URL for published files",
        meaning=(
            "CRLs and CA certificates are fetched by plain http, because an https URL inside a "
            "certificate would need that PKI to check itself (RFC 5280 section 8 warns of the "
            "loop). Paths hang below it, so it has no query and no slash at the end."
        ),
        example=publication(
            "baseURLs: [https://pki.vcc.internal/]", "baseURLs: [http://pki.vcc.internal]"
        ),
        cure=("Write http://host, with a port or path if need be, and without a slash at the end."),
    ),
    entry(
        2014,
        title="Not a network",
        meaning=(
            "Networks are CIDR in canonical form: address and prefix length, with no bit set "
            "behind the prefix. With such a bit nobody knows whether the host or the network was "
            "meant."
        ),
        example=tenant("ipRanges: [172.21.0.10/16]", "ipRanges: [172.21.0.0/16]"),
        cure=(
            "Write the first address of the network and its length, e.g. 172.21.0.0/16, or /32 "
            "for one host."
        ),
    ),
    entry(
        2015,
        title="Not an IP address",
        meaning=(
            "Addresses are written in canonical text (RFC 5952 for IPv6), without zone, port or "
            "leading zeros. IPv4 inside of IPv6 is written as IPv4."
        ),
        example=service("ipAddresses: [172.021.0.10]", "ipAddresses: [172.21.0.10]"),
        cure="Write the address as the hint shows it.",
    ),
    entry(
        2016,
        title="Not an object identifier",
        meaning=(
            "Object identifiers are numbers with dots (X.660): the first is 0, 1 or 2, and no "
            "number has a leading zero. Names such as id-kp-serverAuth are not read."
        ),
        example=template("policies: [{oid: vcc-policy}]", "policies: [{oid: 1.2.276.0.99.1}]"),
        cure="Write the dotted form, from an arc that is assigned to the operator.",
    ),
    entry(
        2017,
        title="Not a usage",
        meaning=(
            "Usages are words as cert-manager has them (digital signature, server auth) or an "
            "OID. anyExtendedKeyUsage is refused: it would allow every use of the key."
        ),
        example=template(
            "usages: [digital signature, serverAuth]", "usages: [digital signature, server auth]"
        ),
        cure="Use one of the words in the hint, or the OID of the purpose.",
    ),
    entry(
        2018,
        title="Not a key algorithm of the list",
        meaning=(
            "There is one closed list of algorithms: RSA-3072 and RSA-4096, the NIST and "
            "brainpool curves, Ed25519 and ML-DSA. Each is known to be strong enough and is "
            "handled in every place."
        ),
        example=template(
            "privateKey: {algorithms: [RSA-2048]}", "privateKey: {algorithms: [P-256]}"
        ),
        cure="Use one of the names in the hint, e.g. P-256.",
    ),
    entry(
        2019,
        title="Not a serial number",
        meaning=(
            "Serials are hexadecimal text of at most 20 octets and above zero (RFC 5280 section "
            "4.1.2.2). Serials that were decimal in one place and hexadecimal in another have "
            "made revocations miss."
        ),
        example=revocation(
            "target: {ca: vcc-services, serial: 4f3x}",
            'target: {ca: vcc-services, serial: "4f3a09c1"}',
        ),
        cure=(
            "Copy it from openssl x509 -noout -serial and quote it; colons and capitals are read, "
            "too."
        ),
    ),
    entry(
        2020,
        title="Not the digest of a key",
        meaning=(
            "A key is named by the SHA-256 of its DER SubjectPublicKeyInfo, 64 digits in "
            "lower-case hexadecimal. A fingerprint of the certificate is something else, and "
            "changes with every renewal."
        ),
        example=revocation('target: {key: "0c0c"}', f'target: {{key: "{"0c" * 32}"}}'),
        cure=("Write what openssl pkey -pubin -outform DER | sha256sum says of the public key."),
    ),
    entry(
        2021,
        title="Not an instant",
        meaning=(
            "Instants are RFC 3339 with a zone, in whole seconds. Without a zone it would be "
            "another moment on each host."
        ),
        example=revocation("invalidityDate: 2026-11-22", "invalidityDate: 2026-11-22T21:00:00Z"),
        cure="Write date, T, time and zone, e.g. 2026-11-22T21:00:00Z.",
    ),
    entry(
        2022,
        title="Not a service",
        meaning=(
            "A service is named within its tenant, or as tenant/name from elsewhere. Both are "
            "names of objects."
        ),
        example=communication(
            "rules: [{from: [vcc/api/default], to: [api]}]",
            "rules: [{from: [vcc/api], to: [api]}]",
        ),
        cure=("Write e.g. argus-backend, or vcc/argus-backend for a service of another tenant."),
    ),
    entry(
        2023,
        title="Not a word",
        meaning=(
            "Operations, purposes and document types are exchanged between programs, which "
            "compare them exactly: a lower-case letter, then letters, digits, _ and -, 63 at "
            "most."
        ),
        example=communication(
            "rules: [{from: [api], to: [api], operations: [Health Check]}]",
            "rules: [{from: [api], to: [api], operations: [health_check]}]",
        ),
        cure="Write it like health_check.",
    ),
    entry(
        2024,
        title="Not a SHA-256",
        meaning=(
            "A review hash is the SHA-256 that plan prints, 64 digits in lower-case hexadecimal. "
            "A shortened one could stand for several plans."
        ),
        example=approval("reviewHash: 3F3F3F", f"reviewHash: {'3f' * 32}"),
        cure="Copy the whole hash from the plan.",
    ),
    entry(
        2025,
        title="Not an SSH public key",
        meaning=(
            "Who signs commits is known by an SSH key: Ed25519 or ECDSA, in software or on a "
            "security key. RSA keys are too long to be compared by eye. The encoded key has to "
            "begin with its own type (RFC 4253 section 6.6), or it was cut or mixed up."
        ),
        example=role("principals: [{name: ada, sshKey: ada@vcc.local}]", principals("ada")),
        cure="Copy the first two words of the .pub file, without the comment.",
    ),
    entry(
        2026,
        title="Not an SSH signature",
        meaning=(
            "An approval holds the signature that ssh-keygen -Y sign makes, as one line of base64 "
            "that begins with SSHSIG. The lines BEGIN and END are left out."
        ),
        example=approval(
            "signatures: [{principal: ada, signature: signed by Ada}]",
            "signatures: [{principal: ada, signature: U1NIU0lHAAAAAQ==}]",
        ),
        cure=(
            "Sign the review hash with ssh-keygen -Y sign and write the lines between BEGIN and "
            "END as one."
        ),
    ),
    entry(
        2027,
        title="Not a time of day",
        meaning=(
            "Hours of a weekly window are 00:00 to 23:59 in UTC. They are quoted, because YAML "
            "1.1 tools read 22:00 as the number 1320."
        ),
        example=window(
            "starts: -\nends: -\nweekly: {days: [Sat], at: 10 pm, duration: 6h}",
            'starts: -\nends: -\nweekly: {days: [Sat], at: "22:00", duration: 6h}',
        ),
        cure='Write hours and minutes in quotes, e.g. "22:00".',
    ),
    entry(
        2028,
        title="Not an expression",
        meaning=(
            "A rule in CEL has 1 to 512 characters; an empty one would allow or refuse everything."
        ),
        example=policy(
            'validations: [{expression: "", message: Too many names}]',
            "validations: [{expression: size(certificate.dnsNames) <= 3, message: Too many names}]",
        ),
        cure=("Write the rule, e.g. size(certificate.dnsNames) <= 3, or leave validations out."),
    ),
    entry(
        2030,
        title="A part of a subject is not one attribute",
        meaning=(
            "A subject is an ordered list, and each part is one attribute. Several in one part "
            "would be a multi-valued name, which clients compare differently."
        ),
        example=authority(
            "subject: [{O: VCC, CN: VCC Services CA G1}]",
            "subject: [{O: VCC}, {CN: VCC Services CA G1}]",
        ),
        cure=("Give each attribute braces of its own: [{O: VCC}, {CN: VCC Root CA G1}]."),
    ),
    entry(
        2031,
        title="Not a name attribute",
        meaning=(
            "Subjects are made of CN, serialNumber, C, L, ST, street, O, OU and DC, as RFC 4519 "
            "spells them. Others would be encoded in a way that clients do not agree on."
        ),
        example=authority(
            "subject: [{CommonName: VCC Services CA}]", "subject: [{CN: VCC Services CA}]"
        ),
        cure="Use the short name in the hint; capitals count.",
    ),
    entry(
        2032,
        title="A subject's attribute is too long",
        meaning=(
            "RFC 5280 appendix A.1 bounds attributes: 64 characters for CN, O, OU and "
            "serialNumber, 2 for C, 128 for the others. It is counted with variables replaced."
        ),
        example=authority(
            f"subject: [{{CN: The Certification Authority of {'a very long name ' * 3}}}]",
            "subject: [{CN: VCC Services CA G1}]",
        ),
        cure="Shorten the text, or a name that one of its variables stands for.",
    ),
    entry(
        2033,
        title="Not a country or domain component",
        meaning=(
            "C is an ISO 3166 code of two capital letters (X.520 section 6.3.1), DC is one DNS "
            "label. Others are encoded with the same types, and then no client finds the name."
        ),
        example=authority(
            "subject: [{C: de}, {CN: VCC Services CA G1}]",
            "subject: [{C: DE}, {CN: VCC Services CA G1}]",
        ),
        cure=("Write two capital letters such as DE, and one DC for each label of a domain."),
    ),
    entry(
        2034,
        title="A CA without a subject",
        meaning=(
            "A CA's subject is the issuer of all that it certifies, and RFC 5280 section 4.1.2.6 "
            "asks for one that is not empty."
        ),
        example=authority("subject: []", "subject: [{O: VCC}, {CN: VCC Services CA G1}]"),
        cure="Give the CA a subject, at least a CN that no other CA has.",
    ),
    entry(
        2038,
        title="Not a subject in one line",
        meaning=(
            "literalSubject is a name as RFC 4514 writes it: attributes with =, separated by "
            "commas, the last one of the certificate first; a comma inside a value is \\,."
        ),
        example=text(
            "templates/vcc-service.yaml",
            _literal("CN:${service_name}"),
            _literal("CN=${service_name}.${zone},O=VCC"),
        ),
        cure="Write e.g. CN=${service_name},O=VCC,C=DE, or use subject, a list.",
    ),
    entry(
        2040,
        title="Not a mail subtree",
        meaning=(
            "A mail subtree of name constraints is a host, all hosts below a domain when it "
            "begins with a dot, or one mailbox (RFC 5280 section 4.2.1.10). A host stands for "
            "mail to it alone."
        ),
        example=authority(
            "nameConstraints: {permitted: {emailDomains: ['@vcc.local']}}",
            "nameConstraints: {permitted: {emailDomains: [vcc.local]}}",
        ),
        cure=(
            "Write vcc.local for that host, or .vcc.local for all below; give both if both are "
            "meant."
        ),
    ),
    entry(
        2041,
        title="Not a URI subtree",
        meaning=(
            "A URI subtree of name constraints is a host, or all hosts below a domain when it "
            "begins with a dot (RFC 5280 section 4.2.1.10). It has no scheme and no path."
        ),
        example=authority(
            "nameConstraints: {permitted: {uriDomains: ['https://vcc.local']}}",
            "nameConstraints: {permitted: {uriDomains: [vcc.local]}}",
        ),
        cure="Write the host alone, e.g. api.vcc.local, or .vcc.local for all below.",
    ),
)
