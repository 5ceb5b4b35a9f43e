"""The key gate (PKI4053, PKI4060 to PKI4073): which public keys are never certified."""

from __future__ import annotations

from pki_schema.catalogue.entries import Entry, Told, entry

ENTRIES: tuple[Entry, ...] = (
    entry(
        4053,
        title="A kind of key that is not on the list",
        meaning=(
            "Algorithm, curve or size is none of the closed list. RSA below 3072 bits, P-192 and "
            "DSA are too weak; secp256k1 and others are not read by common clients."
        ),
        example=Told("$ openssl req -new -newkey rsa:2048 -addext subjectAltName=URI:pki:vcc/web"),
        cure=(
            "Make a key of the list in the hint, e.g. openssl genpkey -algorithm EC -pkeyopt "
            "ec_paramgen_curve:P-256."
        ),
    ),
    entry(
        4060,
        title="The key is not a DER SubjectPublicKeyInfo",
        meaning=(
            "The octets of the key are malformed, not DER, or more than 4,096 (RFC 5280 section "
            "4.1.2.7). They stand in the certificate and in the key's digest, so there is one "
            "form only."
        ),
        example=Told("A request whose Ed25519 key has 31 octets instead of 32"),
        cure="Make a new key pair with a current OpenSSL and a CSR of it.",
    ),
    entry(
        4061,
        title="Wrong parameters of the key's algorithm",
        meaning=(
            "RSA has NULL as parameters (RFC 3279 section 2.3.1), an elliptic curve its name, "
            "Ed25519 and ML-DSA none (RFC 8410, RFC 9881). Some verifiers refuse anything else."
        ),
        example=Told("An RSA key whose AlgorithmIdentifier leaves out NULL"),
        cure="Make the key anew with a current OpenSSL.",
    ),
    entry(
        4062,
        title="A curve given by explicit parameters",
        meaning=(
            "With explicit parameters a curve may look like a known one and have another base "
            "point, which once let forged certificates pass (CVE-2020-0601). RFC 5480 section "
            "2.1.1 allows names alone."
        ),
        example=Told("$ openssl ecparam -name prime256v1 -param_enc explicit -genkey -out web.key"),
        cure=(
            "Name the curve: openssl ec -in web.key -param_enc named_curve, then make the CSR "
            "again."
        ),
    ),
    entry(
        4063,
        title="A compressed or hybrid point",
        meaning=(
            "Of a point both coordinates are written (RFC 5480 section 2.2). Many clients cannot "
            "read the other forms, and one key would have several digests."
        ),
        example=Told("$ openssl ec -in web.key -conv_form compressed -out web.key"),
        cure=("Write the key with openssl ec -conv_form uncompressed, then make the CSR again."),
    ),
    entry(
        4064,
        title="The point at infinity",
        meaning=(
            "It is the neutral element of the curve: every signature by it could be made by "
            "anybody."
        ),
        example=Told("A request whose public key is the one octet 00"),
        cure=("Find out where this key comes from; make a new one with a current OpenSSL."),
    ),
    entry(
        4065,
        title="A point that is not on its curve",
        meaning=(
            "Computing with such a point happens on another, weak curve (SP 800-56A section "
            "5.6.2.3.3). No honest generator makes one."
        ),
        example=Told("A P-256 key with one bit of its second coordinate changed"),
        cure=("Make a new key pair; see whether the device that made this one is damaged."),
    ),
    entry(
        4066,
        title="An Ed25519 point outside of the large prime order",
        meaning=(
            "Honest keys are multiples of the base point. Points of small order have signatures "
            "that fit every message, and mixed ones verify with some libraries and not with "
            "others."
        ),
        example=Told("A request with the public key 0100…00, which is a point of order 1"),
        cure="Make a new key: openssl genpkey -algorithm ed25519.",
    ),
    entry(
        4067,
        title="An RSA modulus of a length that is no multiple of 8",
        meaning=(
            "Moduli have 3072 or 4096 bits. One of 3071 comes from a generator that does not set "
            "the highest bits of its primes."
        ),
        example=Told("An RSA modulus of 3071 bits"),
        cure=("Make a new key with openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072."),
    ),
    entry(
        4068,
        title="An even RSA modulus",
        meaning=(
            "A modulus is the product of two large primes, so it is odd. An even one has the "
            "factor 2."
        ),
        example=Told("A modulus whose last bit was flipped by a faulty memory"),
        cure=("Make a new key pair, and test the memory of the device that made this one."),
    ),
    entry(
        4069,
        title="An RSA exponent other than 65537",
        meaning=(
            "All software of today uses 65537. Small exponents helped forgers, and behind a huge "
            "one may be a small secret."
        ),
        example=Told(
            "$ openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -pkeyopt "
            "rsa_keygen_pubexp:3"
        ),
        cure="Make the key anew and leave the exponent at its default.",
    ),
    entry(
        4070,
        title="An RSA modulus with a small prime factor",
        meaning=(
            "A factor below 70,000 is found in no time, and with it the private key. SP 800-89 "
            "section 5.3.3 asks for a look at those below 752."
        ),
        example=Told(
            "A modulus that is divisible by 3, from a generator without a test for primes"
        ),
        cure="Make the key on another machine or with another program.",
    ),
    entry(
        4071,
        title="An RSA modulus of two close primes",
        meaning=(
            "Fermat's method factors it within 100 rounds (CA/Browser Forum Baseline Requirements "
            "section 6.1.1.3). Some printers searched for the second prime right behind the "
            "first."
        ),
        example=Told("n = p · q, where q is the next prime above p"),
        cure="Make the key with OpenSSL instead of the device.",
    ),
    entry(
        4072,
        title="An RSA modulus of the faulty ROCA generator",
        meaning=(
            "Chips with this library made moduli that can be factored (CVE-2017-15361). The "
            "residues of the modulus give it away."
        ),
        example=Told("A key made on a smart card of 2012 to 2017 with the affected chip"),
        cure=(
            "Make the key outside of the chip, or make it of the kind P-256, and update the "
            "chip's software."
        ),
    ),
    entry(
        4073,
        title="A key on a list of weak keys",
        meaning=(
            "Debian's OpenSSL made one of 32,768 keys for each size from 2006 to 2008 "
            "(CVE-2008-0166); whoever has the list has the private key. The host names such lists "
            "in its vcc-pki.toml: [lint] weak_key_lists = [...]."
        ),
        example=Told("A key that openssl of Debian 4.0 made"),
        cure="Make a new key pair with a current OpenSSL, and revoke what the old one was in.",
    ),
)
