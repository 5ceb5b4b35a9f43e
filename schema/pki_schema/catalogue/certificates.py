"""PKI50xx: the linter of certificates."""

from __future__ import annotations

from pki_schema.catalogue.entries import Entry, Told, entry

ENTRIES: tuple[Entry, ...] = (
    entry(
        5001,
        title="The certificate to be signed cannot be read back",
        meaning=(
            "The draft is read afresh as strict DER (X.690 section 10), version 3 (RFC 5280 "
            "section 4.1.2.1), with no octet too many, and for the issuer's own key. What was not "
            "read was not judged."
        ),
        example=Told("A builder appends an octet behind the last extension"),
        cure=("This is a fault of the program: report it with the plan. Nothing was signed."),
    ),
    entry(
        5002,
        title="The serial number",
        meaning=(
            "Serials are positive, of at most 20 octets (RFC 5280 section 4.1.2.2), drawn at "
            "random and the ones recorded. A short one is a counter or a broken source of "
            "entropy, and could be guessed."
        ),
        example=Told("error[PKI5002] serial 2a has only 6 bits, so it is not random"),
        cure=(
            "Check the host's source of entropy, /dev/urandom and the hypervisor, before anything "
            "else is signed."
        ),
    ),
    entry(
        5003,
        title="The validity period is not the declared one",
        meaning=(
            "A certificate lasts exactly as declared, both ends included (RFC 5280 section "
            "4.1.2.5), and begins within five minutes before now. One that claims more of the "
            "past could make an old signature look good."
        ),
        example=Told("error[PKI5003] lasts 7776001 s, declared are 7776000 s"),
        cure="Check the host's clock; if it is right, report a fault of the program.",
    ),
    entry(
        5004,
        title="The certificate would outlive its issuer",
        meaning=(
            "Its period lies within that of every certificate above (RFC 5280 section 6.1.3). "
            "Clients that check the whole chain at one time would refuse it for the rest."
        ),
        example=Told("A leaf of 90 days below a CA that ends in 60"),
        cure="Raise the CA's generation, or ask for a shorter duration.",
    ),
    entry(
        5005,
        title="The signature algorithm does not fit",
        meaning=(
            "The algorithm stands inside and outside of the signed part, and both are equal and "
            "fit the issuer's key (RFC 5280 sections 4.1.1.2 and 4.1.2.3). A difference is how "
            "signatures were once passed off as others."
        ),
        example=Told(
            "ecdsa-with-SHA256 inside and ecdsa-with-SHA384 outside, for a key of the kind P-384"
        ),
        cure=(
            "Compare privateKey.algorithm of the CA with the key in its store; report it if they "
            "agree."
        ),
    ),
    entry(
        5006,
        title="The issuer's name differs from that of its certificate",
        meaning=(
            "Clients find the issuer by its name, octet by octet (RFC 5280 sections 4.1.2.4 and "
            "7.1). Another string type is another name."
        ),
        example=Told("The CA's certificate has O as UTF8String, the draft as PrintableString"),
        cure=("Re-issue the CA's certificate from the declared subject under a new generation."),
    ),
    entry(
        5007,
        title="The subject has the name of its issuer",
        meaning=(
            "A certificate that is its own issuer by name, but signed by another key, is "
            "self-issued: RFC 5280 section 6.1.4 exempts it from path lengths and name "
            "constraints."
        ),
        example=Told(
            "A service whose template gives O: VCC and CN: VCC Services CA G1, below that CA"
        ),
        cure="Give the service's certificate a subject of its own.",
    ),
    entry(
        5008,
        title="Another CA key already bears this name",
        meaning=(
            "A CRL's scope is the issuer's name (RFC 5280 section 5). With two keys under one "
            "name the CRL of one hides the revocations of the other."
        ),
        example=Told("generation: 2 at a CA whose subject still says CN: VCC Services CA G1"),
        cure=("Give each generation a subject of its own, e.g. with … G2 in the common name."),
    ),
    entry(
        5009,
        title="The key identifiers",
        meaning=(
            "The subject's identifier is the SHA-1 of its key, the authority's that of the "
            "issuer's certificate, and neither is critical (RFC 5280 sections 4.2.1.1 and "
            "4.2.1.2). Clients build chains by them."
        ),
        example=Told("An imported CA whose subject key identifier is not the SHA-1 of its key"),
        cure="Re-issue the CA's certificate with an identifier by method 1.",
    ),
    entry(
        5010,
        title="Basic constraints",
        meaning=(
            "They make a certificate a CA's: critical, with the declared path length, and in "
            "nothing that is no CA (RFC 5280 section 4.2.1.9)."
        ),
        example=Told("error[PKI5010] path length None, declared is 0"),
        cure=(
            "Compare pathLength with the certificate that is to be replaced; without a difference "
            "report it."
        ),
    ),
    entry(
        5011,
        title="The key usage",
        meaning=(
            "Critical, as declared, with cert sign exactly in CAs, and possible for that kind of "
            "key (RFC 5280 section 4.2.1.3): only RSA keys encipher (RFC 8813 section 3), only "
            "elliptic curves agree."
        ),
        example=Told("usages: [key agreement, server auth] in a template that certifies RSA keys"),
        cure=("Correct usages of the template, or its algorithms, so that they fit each other."),
    ),
    entry(
        5012,
        title="The CA does not fit below the path lengths above",
        meaning=(
            "Each path length counts the CAs that may follow (RFC 5280 section 4.2.1.9), and the "
            "certificates above are already signed."
        ),
        example=Told(
            "A second level of CAs is declared below one that was signed with pathLength 0"
        ),
        cure=(
            "Put the CA under another parent, or raise the parent's generation with a larger "
            "pathLength."
        ),
    ),
    entry(
        5013,
        title="The extended key usage",
        meaning=(
            "As declared, each once, never anyExtendedKeyUsage and never empty (RFC 5280 section "
            "4.2.1.12). A leaf without a purpose may be used for all."
        ),
        example=Told(
            "usages: [digital signature] in a template, without server auth or another purpose"
        ),
        cure="Give the template at least one extended usage.",
    ),
    entry(
        5014,
        title="A purpose that the CAs above are not for",
        meaning=(
            "Extended key usages of a CA bound what lies below, in every large client, though RFC "
            "5280 leaves it open. The certificates above decide, as they were signed."
        ),
        example=Told(
            "code signing was added to a CA in Git; its certificate still has server auth alone"
        ),
        cure=(
            "Raise the CA's generation so that its new certificate has the purpose, or use "
            "another CA."
        ),
    ),
    entry(
        5015,
        title="A responder's certificate is good for nothing else",
        meaning=(
            "OCSPSigning and ocsp-nocheck stand only together, alone and in leaves of the key "
            "store (RFC 6960 sections 4.2.2.2 and 4.2.2.2.1). Who has such a key speaks for the "
            "CA."
        ),
        example=Told("A service asks for a template with the usages ocsp signing and server auth"),
        cure=("Separate the purposes, and leave the responder to the CA that names its template."),
    ),
    entry(
        5016,
        title="The alternative names are not the declared ones",
        meaning=(
            "All names and no others, never an empty list, critical exactly when there is no "
            "subject (RFC 5280 section 4.2.1.6)."
        ),
        example=Told("The draft lacks a name that the service declares"),
        cure=(
            "Compare the message with names of the template and the service; without a difference "
            "report it."
        ),
    ),
    entry(
        5017,
        title="A name that is none of its type",
        meaning=(
            "Every name follows the grammar of its type (RFC 5280 section 4.2.1.6 with RFC 1123, "
            "3986 and 5890). X.509 itself would carry a NUL or two dots in a row."
        ),
        example=Told('error[PKI5017] dns name "api..vcc.local" has an empty label'),
        cure=("Correct the name where it is declared, or the variable that it is made of."),
    ),
    entry(
        5018,
        title="A name outside of the constraints above",
        meaning=(
            "Each CA of the chain is asked on its own (RFC 5280 section 4.2.1.10), for "
            "alternative names, mail addresses in the subject, and a common name that could be a "
            "host's."
        ),
        example=Told("The CA was signed for vcc.local; the service names api.vcc.internal"),
        cure=(
            "Use a name that the certificates above permit, or raise the generation of the CA "
            "with new constraints."
        ),
    ),
    entry(
        5019,
        title="The pointers to CRL, OCSP and issuer",
        meaning=(
            "One distribution point with all URLs, and the access descriptions, exactly as the "
            "issuer declares them, none in roots, never critical (RFC 5280 sections 4.2.1.13 and "
            "4.2.2.1). They can never be changed afterwards."
        ),
        example=Told("baseURLs of the CA lists two hosts, the draft has one of them"),
        cure=(
            "Compare baseURLs and ocsp of the CA with the message; without a difference report it."
        ),
    ),
    entry(
        5020,
        title="The certified key",
        meaning=(
            "Keys of CAs and responders first meet the key gate here; a service's key is the one "
            "of its CSR. None is its issuer's own."
        ),
        example=Told("error[PKI5020] the key is RSA-3072, declared is P-256"),
        cure=(
            "Follow the code in brackets if there is one; else make the key anew as it is declared."
        ),
    ),
    entry(
        5021,
        title="The subject is not the declared one",
        meaning=(
            "Attributes, order and string types as declared, within the bounds of RFC 5280 "
            "appendix A.1; a CA has a name (sections 4.1.2.4 and 4.1.2.6)."
        ),
        example=Told(
            "serialNumber: Nr_7 in a subject: an underscore is no character of PrintableString"
        ),
        cure=("Correct the attribute that the message shows, within its alphabet and length."),
    ),
    entry(
        5022,
        title="The certificate policies",
        meaning=(
            "As declared, not critical, each once, anyPolicy only in CAs (RFC 5280 section "
            "4.2.1.4)."
        ),
        example=Told("policies: [{oid: 2.5.29.32.0}] in a template for services"),
        cure="Name the policies under which the certificate is issued, each once.",
    ),
    entry(
        5023,
        title="A CA's own name constraints",
        meaning=(
            "As declared, only in CAs, not empty, and of subtrees that clients read alike (RFC "
            "5280 section 4.2.1.10). OpenSSL passes over a subtree that is none, Java refuses the "
            "certificate."
        ),
        example=Told("nameConstraints: {permitted: {}} at a CA"),
        cure="Give subtrees, or leave nameConstraints out.",
    ),
    entry(
        5024,
        title="An extension that nobody declared",
        meaning=(
            "Only extensions that a rule judges go out, in DER, and ocsp-nocheck exactly where it "
            "is declared (RFC 5280 section 4.2). A client that does not know a critical one "
            "refuses the certificate."
        ),
        example=Told("error[PKI5024] extension 1.3.6.1.4.1.311.21.7 is not in use here"),
        cure="Report it: no field of a template leads to such an extension.",
    ),
    entry(
        5025,
        title="pkilint objects to the certificate",
        meaning=(
            "An independent linter reads the draft by the PKIX profile (RFC 5280 and those that "
            "amend it), beside our own rules. Two judges rarely miss the same thing."
        ),
        example=Told("error[PKI5025] pkix.…: the message names pkilint's own finding"),
        cure=(
            "Look up the finding in the message and correct the field that it is about; if the "
            "certificate is right, report it."
        ),
    ),
    entry(
        5026,
        title="pkilint objects to the certificate below its issuer",
        meaning=(
            "Each certificate is also judged together with that of its issuer: names, key "
            "identifiers and the rest of the edge between them. A root is judged with itself."
        ),
        example=Told(
            "The authority key identifier of an imported CA does not match the key of its root"
        ),
        cure=(
            "Correct what the finding names at the issuer or the subject; an issuer already "
            "signed needs a new generation."
        ),
    ),
)
