"""Private keys in files: in whatever encoding, and nothing public taken for one."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)
from hypothesis import given
from hypothesis import strategies as st

from pki_schema.errors import Severity
from pki_schema.load.private_keys import secrets
from pki_schema.x509.algorithms import ALGORITHMS

PATH = "notes/file.txt"
EC = ec.derive_private_key(0x1234567, ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
KEYS: dict[str, Any] = {
    "P-256": EC,
    "P-384": ec.derive_private_key(0x7654321, ec.SECP384R1()),
    "P-521": ec.derive_private_key(0x7654321, ec.SECP521R1()),
    "RSA": RSA,
    "Ed25519": ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))),
    "Ed448": ed448.Ed448PrivateKey.from_private_bytes(bytes(57)),
    "X25519": x25519.X25519PrivateKey.from_private_bytes(bytes(range(32))),
    "DSA": dsa.generate_private_key(1024),
    **{name: kind.generate() for name, kind in ALGORITHMS.items() if name.startswith("ML-DSA")},
}
OPEN, LOCKED = NoEncryption(), BestAvailableEncryption(b"a passphrase")
PEM, DER = Encoding.PEM, Encoding.DER
PKCS8, TRADITIONAL = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL


def written(
    key: Any, encoding: Encoding, form: PrivateFormat, lock: KeySerializationEncryption = OPEN
) -> bytes:
    return bytes(key.private_bytes(encoding, form, lock))


def indented(text: bytes, by: bytes) -> bytes:
    return b"".join(by + line + b"\n" for line in text.splitlines())


def base64url(number: int, size: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(size, "big")).rstrip(b"=").decode()


SCALAR = base64url(0x1234567, 32)
NUMBERS = EC.public_key().public_numbers()
PUBLIC_JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": base64url(NUMBERS.x, 32),
    "y": base64url(NUMBERS.y, 32),
}
ARMOURED = written(EC, PEM, PKCS8)
RAW = written(EC, DER, PKCS8)
IN_LINES = base64.encodebytes(written(RSA, DER, PKCS8))
STORE = pkcs12.serialize_key_and_certificates(b"name", EC, None, None, LOCKED)
OPENSSH_RAW = b"openssh-key-v1\0\0\0\0\4none\0\0\0\4none\0\0\0\0\0\0\0\1"
PPK = b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n"


def encodings() -> Iterator[tuple[str, bytes, int, int]]:
    """What it is, its octets, and the line and column where it begins."""
    for name, key in KEYS.items():
        yield f"PKCS#8 in PEM, {name}", written(key, PEM, PKCS8), 1, 1
        yield f"PKCS#8 in DER, {name}", written(key, DER, PKCS8), 1, 1
        yield f"PKCS#8 in base64, {name}", base64.b64encode(written(key, DER, PKCS8)), 1, 1
        yield f"PKCS#8 in hexadecimal, {name}", written(key, DER, PKCS8).hex().encode(), 1, 1
        yield f"encrypted PKCS#8 in PEM, {name}", written(key, PEM, PKCS8, LOCKED), 1, 1
        yield f"encrypted PKCS#8 in DER, {name}", written(key, DER, PKCS8, LOCKED), 1, 1
        locked = base64.b64encode(written(key, DER, PKCS8, LOCKED))
        yield f"encrypted PKCS#8 in base64, {name}", locked, 1, 1
    for name in ("P-256", "P-384", "P-521", "RSA", "DSA"):
        key = KEYS[name]
        yield f"PKCS#1 or SEC 1 in PEM, {name}", written(key, PEM, TRADITIONAL), 1, 1
        yield f"PKCS#1 or SEC 1 in DER, {name}", written(key, DER, TRADITIONAL), 1, 1
        plain = base64.b64encode(written(key, DER, TRADITIONAL))
        yield f"PKCS#1 or SEC 1 in base64, {name}", plain, 1, 1
    for name in ("P-256", "RSA", "Ed25519"):
        yield f"OpenSSH, {name}", written(KEYS[name], PEM, PrivateFormat.OpenSSH), 1, 1
    body = b"\n".join(written(KEYS["Ed25519"], PEM, PrivateFormat.OpenSSH).splitlines()[1:-1])
    yield "OpenSSH without its first line", body, 1, 1
    yield "OpenSSH in octets", OPENSSH_RAW, 1, 1
    yield "PEM with Windows line ends", ARMOURED.replace(b"\n", b"\r\n"), 1, 1
    yield "PEM in a block of YAML", b"spec:\n  key: |\n" + indented(ARMOURED, b"    "), 3, 5
    yield "PEM in a comment", b"a: b\n" + indented(ARMOURED, b"# "), 2, 3
    yield "PEM in quotes", b'key: "' + ARMOURED.replace(b"\n", b"\\n") + b'"\n', 1, 7
    yield "PEM with more blanks", ARMOURED.replace(b" PRIVATE KEY", b"  PRIVATE  KEY "), 1, 1
    yield "PEM in lower case", ARMOURED.lower(), 1, 1
    yield "PEM without its first line", ARMOURED.partition(b"\n")[2], 1, 1
    yield "only the last line", ARMOURED.splitlines()[-1], 1, 1
    yield "PEM after a certificate", b"-----END CERTIFICATE-----\n" + ARMOURED, 2, 1
    yield "PEM in UTF-16", ("x\n  " + ARMOURED.decode()).encode("utf-16-le"), 2, 3
    yield "PEM with umlauts before it", "\u00e4\u00f6\u00fc ".encode() + ARMOURED, 1, 5
    yield "PEM in base64", b"data:\n  tls.key: " + base64.b64encode(ARMOURED), 2, 12
    yield "base64 of DER in YAML", b"key: " + base64.b64encode(RAW) + b"\n", 1, 6
    yield "base64 for URLs", b"key=" + base64.urlsafe_b64encode(RAW), 1, 5
    yield "base64 of DER in lines", b"a:\n" + indented(IN_LINES, b"    "), 2, 5
    yield "base64 of DER in a list", b"a:\n" + indented(IN_LINES, b"  - "), 2, 5
    colons = ":".join(f"{octet:02X}" for octet in RAW).encode()
    yield "hexadecimal with colons", b"key: " + colons, 1, 6
    yield "DER behind other octets", b"\xff\x00\n\n" + RAW, 1, 1
    yield "PKCS#12", STORE, 1, 1
    yield "PKCS#12 in base64", base64.b64encode(STORE), 1, 1
    indefinite = bytes.fromhex("3080020103308006092a864886f70d010701a080")
    yield "PKCS#12 of indefinite length", indefinite, 1, 1
    yield "Java's key store", bytes.fromhex("feedfeed 00000002 00000001 00000001"), 1, 1
    yield "Java's other key store", bytes.fromhex("cececece 00000002 00000001 00000001"), 1, 1
    store = bytes.fromhex("feedfeed 00000002 00000001 00000001 0003616263")
    yield "Java's key store in base64", base64.b64encode(store), 1, 1
    yield "PuTTY", PPK, 1, 1
    yield "SSH2", b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n", 1, 1
    yield "PGP", b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ\n", 1, 1
    yield "PGP in octets, old", bytes.fromhex("950058 04 65000000 16 092b"), 1, 1
    yield "PGP in octets, new", bytes.fromhex("c558 04 65000000 1b 0101"), 1, 1
    yield "age", b"# created\nAGE-SECRET-KEY-1QQQQ\n", 2, 1
    yield "age, post-quantum", b"AGE-SECRET-KEY-PQ-1QQQQ\n", 1, 1
    yield "JWK", json.dumps({**PUBLIC_JWK, "d": SCALAR}).encode(), 1, 135
    yield "JWK in YAML", f"kty: EC\ncrv: P-256\nd: {SCALAR}\n".encode(), 3, 1
    yield "JWK of a shared secret", b'{"kty": "oct", "k": "' + SCALAR.encode() + b'"}', 1, 16
    yield "XML", b"<RSAKeyValue><Modulus>AQ</Modulus>\n<D>AQ</D></RSAKeyValue>", 2, 1
    yield "openssl -text", b"Private-Key: (256 bit)\npriv:\n    00:01\n", 1, 1
    yield "BIND", b"Private-key-format: v1.3\nAlgorithm: 13\n", 1, 1
    yield "WireGuard", b"[Interface]\nPrivateKey = " + base64.b64encode(bytes(32)), 2, 1
    yield "minisign", b"untrusted comment: minisign encrypted secret key\nRWRT\n", 1, 1


ENCODINGS = {name: (octets, line, column) for name, octets, line, column in encodings()}


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_private_key_is_found_in_any_encoding(name: str) -> None:
    """Where it begins is said, and none of it."""
    octets, line, column = ENCODINGS[name]

    (problem,) = secrets(PATH, octets)

    assert (problem.code, problem.severity) == ("PKI6101", Severity.ERROR)
    place = problem.position
    assert (place.path, place.line, place.column) == (PATH, line, column)
    text = octets.decode(errors="replace")
    assert [word for word in text.split() if len(word) > 15 and word in str(problem)] == []


@pytest.mark.parametrize("blanks", [0, 1, 2])
def test_a_key_within_a_file_in_base64_is_found(blanks: int) -> None:
    """As in a Secret of Kubernetes, wherever in a group of four characters it happens to begin."""
    file = b"# a file" + b" " * blanks + b"\n" + ARMOURED
    assert [p.code for p in secrets(PATH, base64.b64encode(file))] == ["PKI6101"]


# ---------------------------------------------------------------- what is public

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ca.vcc.local")])
BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def certificate(key: Any, serial: int = 5) -> x509.Certificate:
    digest = hashes.SHA256() if isinstance(key, (rsa.RSAPrivateKey, EC.__class__)) else None
    builder = x509.CertificateBuilder(NAME, NAME, key.public_key(), serial, BEGIN, END)
    usage = x509.BasicConstraints(ca=True, path_length=0)
    return builder.add_extension(usage, critical=True).sign(key, digest)


def request(key: Any) -> x509.CertificateSigningRequest:
    digest = hashes.SHA256() if isinstance(key, (rsa.RSAPrivateKey, EC.__class__)) else None
    return x509.CertificateSigningRequestBuilder(NAME).sign(key, digest)


def crl(key: Any) -> x509.CertificateRevocationList:
    digest = hashes.SHA256() if isinstance(key, (rsa.RSAPrivateKey, EC.__class__)) else None
    builder = x509.CertificateRevocationListBuilder(NAME, BEGIN, END)
    gone = x509.RevokedCertificateBuilder(serial_number=1, revocation_date=BEGIN).build()
    return builder.add_revoked_certificate(gone).sign(key, digest)


SIGNERS = [name for name in KEYS if name not in ("X25519", "DSA")]


def public() -> Iterator[tuple[str, bytes]]:
    spki, raw = PublicFormat.SubjectPublicKeyInfo, Encoding.DER
    for name in SIGNERS:
        key = KEYS[name]
        makers: dict[str, Callable[[Any], Any]] = {
            "certificate": certificate,
            "request": request,
            "CRL": crl,
        }
        for what, make in makers.items():
            made = make(key)
            yield f"{what}, {name}", made.public_bytes(PEM)
            yield f"{what} in DER, {name}", made.public_bytes(raw)
            yield f"{what} in base64, {name}", base64.b64encode(made.public_bytes(raw))
            yield f"{what} in hexadecimal, {name}", made.public_bytes(raw).hex().encode()
    for name, key in KEYS.items():
        for encoding in (PEM, raw):
            yield f"public key, {name}, {encoding}", key.public_key().public_bytes(encoding, spki)
        octets = key.public_key().public_bytes(raw, spki)
        yield f"public key in base64, {name}", base64.b64encode(octets)
    for encoding in (PEM, raw):
        octets = RSA.public_key().public_bytes(encoding, PublicFormat.PKCS1)
        yield f"public key in PKCS#1, {encoding}", octets
        bundle = pkcs7.serialize_certificates([certificate(EC)], encoding)
        yield f"PKCS#7, {encoding}", bundle
        signed = pkcs7.PKCS7SignatureBuilder().set_data(b"data")
        signed = signed.add_signer(certificate(EC), EC, hashes.SHA256())
        yield f"a signed message, {encoding}", signed.sign(encoding, [])
    for name in ("P-256", "RSA", "Ed25519"):
        line = KEYS[name].public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        yield f"public key of SSH, {name}", line + b" ada@vcc.local\n"
    yield "a set of public JWKs", json.dumps({"keys": [PUBLIC_JWK]}).encode()
    yield "a public PGP key", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDM\n"
    yield "a signature of SSH", b"-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ==\n"
    yield "an age file", b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24=\n"
    yield "an age recipient", b"age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq\n"
    yield "EC parameters", b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
    yield "a digest", ("3082" + "0a" * 30).encode()
    yield "a manifest", b"spec:\n  privateKey: {algorithms: [P-256]}\n"
    yield "a sentence", b"No private key may ever be committed; keep the private key on its host.\n"


PUBLIC = dict(public())


@pytest.mark.parametrize("name", PUBLIC)
def test_nothing_public_is_taken_for_a_private_key(name: str) -> None:
    assert secrets(PATH, PUBLIC[name]) == ()


@pytest.mark.parametrize("serial", [1, 0x7F, 2**63, 2**158])
def test_no_certificate_is_taken_for_one_because_of_its_serial(serial: int) -> None:
    assert secrets(PATH, certificate(EC, serial).public_bytes(DER)) == ()


@pytest.mark.parametrize(
    "octets",
    [gzip.compress(ARMOURED), bytes(range(32)), base64.b64encode(bytes(range(32)))],
    ids=["compressed", "a seed", "a seed in base64"],
)
def test_what_has_no_form_is_not_told(octets: bytes) -> None:
    """Said here because nobody should rely on it: such a file passes."""
    assert secrets(PATH, octets) == ()


@given(st.binary(max_size=2000))
def test_no_octets_make_it_raise(octets: bytes) -> None:
    assert len(secrets(PATH, octets)) <= 1


@pytest.mark.parametrize(
    "piece",
    [
        *(b"MHcCAQEEIAAAAAAAA ", b"MC4CAQAwBQYDK2Vw ", b"MIIEvQIBADANBgkqhkiG ", b"30 ", b"MIIB"),
        *(b"-----BEGIN ", b"-----BEGIN PRIVATE", b"-", b'kty "d":', b"PrivateKey  ", b"\x30"),
        *(b"\x30\x20\x02\x01\x00\x30\x05\x06", b"untrusted comment: secret key?", b"\0"),
    ],
)
def test_no_file_takes_long_to_search(piece: bytes) -> None:
    """A mebibyte of what begins like a key, in processor time."""
    data = piece * (1024 * 1024 // len(piece))
    began = time.process_time()
    secrets(PATH, data)
    assert time.process_time() - began < 1
