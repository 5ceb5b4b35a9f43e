"""PKI405x and PKI407x: signing requests."""

from __future__ import annotations

from pki_schema.catalogue.entries import Entry, Told, entry
from pki_schema.catalogue.examples import (
    CSR,
    WEB_CSR,
    service_without_csr,
    text,
    together,
)

ENTRIES: tuple[Entry, ...] = (
    entry(
        4050,
        title="The CSR file is too large",
        meaning=(
            "A CSR file is read up to 16,384 octets; the largest honest one, with ML-DSA-87, has "
            "about 10,000. The bound stands before anything is parsed."
        ),
        example=Told("A .pem file to which the certificate, its chain and a report were appended"),
        cure="Commit the request alone, as openssl req -new writes it.",
    ),
    entry(
        4051,
        title="Not exactly one PEM certificate request",
        meaning=(
            "The file holds one block BEGIN CERTIFICATE REQUEST and nothing else. With two "
            "blocks, or text around them, readers could take different keys from it."
        ),
        example=text(
            "tenants/vcc/csr/api.pem",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            CSR,
        ),
        cure=("Commit the output of openssl req -new; not the certificate and not the key."),
    ),
    entry(
        4052,
        title="Not a well-formed PKCS#10 request",
        meaning=(
            "The PEM block does not hold a CertificationRequest (RFC 2986). It was cut, edited or "
            "made by a faulty program."
        ),
        example=text(
            "tenants/vcc/csr/api.pem",
            "-----BEGIN CERTIFICATE REQUEST-----\nMAMCAQA=\n-----END CERTIFICATE REQUEST-----\n",
            CSR,
        ),
        cure=("Make the request anew and look at it with openssl req -noout -text -verify."),
    ),
    entry(
        4054,
        title="The CSR is not signed by its own key",
        meaning=(
            "The signature of a CSR proves that its maker has the private key (RFC 2986 section "
            "3). Without that proof anybody could have somebody else's key certified."
        ),
        example=Told("A CSR whose SubjectPublicKeyInfo was replaced in an editor"),
        cure="Make the CSR anew with the private key that belongs to it.",
    ),
    entry(
        4055,
        title="The CSR was made for another service",
        meaning=(
            "A CSR names the one service it is for in a URI pki:tenant/service. Else a request "
            "could be copied under another file name, and its maker would get the certificate of "
            "that service."
        ),
        example=together(
            service_without_csr(),
            text("tenants/vcc/csr/web.pem", CSR, WEB_CSR),
        ),
        cure=(
            "Make the request with -addext subjectAltName=URI:pki:tenant/service, for this "
            "service and no other."
        ),
    ),
    entry(
        4056,
        title="The CSR asks for more, which is ignored",
        meaning=(
            "Names, usages and lives are declared in the service and its template, where they are "
            "reviewed. What a CSR asks for beside its key and its URI counts for nothing."
        ),
        example=Told(
            "$ openssl req -new -key web.key -subj / \\\n"
            "    -addext 'subjectAltName=URI:pki:vcc/web,DNS:web.vcc.local'"
        ),
        cure="Declare the name or usage in the service; the CSR may stay as it is.",
    ),
    entry(
        4074,
        title="The CSR is signed over a weak hash",
        meaning=(
            "SHA-1, MD5 and SHA-224 are refused: somebody could make two requests of one "
            "signature. SHA-256 and up count, also within RSASSA-PSS."
        ),
        example=Told(
            "$ openssl req -new -sha1 -key web.key -addext subjectAltName=URI:pki:vcc/web"
        ),
        cure="Sign it with SHA-256: openssl req -new -sha256.",
    ),
    entry(
        4075,
        title="The CSR asks for an extension twice",
        meaning=(
            "An extension stands in a request at most once (RFC 5280 section 4.2). Of two, "
            "programs read the first or the last."
        ),
        example=Told(
            "A request with two subjectAltName extensions, one of which names another service"
        ),
        cure="Make the CSR anew with each extension once.",
    ),
    entry(
        4076,
        title="The CSR's attributes are out of bounds",
        meaning=(
            "At most 16 attributes and 4,096 octets are read, each kind once and with one value "
            "(RFC 2986 section 4.1). More has no purpose here but to confuse a reader."
        ),
        example=Told("A request with the attribute extensionRequest twice"),
        cure="Make the CSR with openssl req -new, without attributes of your own.",
    ),
    entry(
        4077,
        title="The CSR is not DER",
        meaning=(
            "Written anew, the request has other octets (X.690 section 10). What is not in the "
            "one encoding can hide something from one reader and show it to another."
        ),
        example=Told("A request whose signature claims unused bits in its last octet"),
        cure="Make the request anew with a current program; openssl req writes DER.",
    ),
    entry(
        4078,
        title="The CSR holds a challenge password",
        meaning=(
            "The attribute challengePassword is a secret by which to revoke (RFC 2985 section "
            "5.4.1). In a repository everybody can read it, so it is burnt."
        ),
        example=Told("$ openssl req -new -key web.key\n…\nA challenge password []: swordfish"),
        cure=("Make the CSR without one, and change that password wherever else it is used."),
    ),
)
