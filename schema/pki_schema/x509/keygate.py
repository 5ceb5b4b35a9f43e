"""The key gate: which public keys may be certified at all, whoever asks and for whatever purpose.

Every key passes here twice: when a signing request is read, and when the certificate is linted
before it is signed. What goes in are the octets of a SubjectPublicKeyInfo, which may be hostile;
what comes out is the name of its algorithm, or the first fault found, with a code per class:

=======  ===========================================================================================
PKI4053  an algorithm, curve or size that is not in ``ALGORITHMS``
PKI4060  not the DER of a SubjectPublicKeyInfo, or more than ``LARGEST`` octets
PKI4061  wrong or missing algorithm parameters
PKI4062  explicit EC parameters
PKI4063  a compressed or hybrid point
PKI4064  the point at infinity
PKI4065  a point that is not on its curve
PKI4066  an Ed25519 point that is not of the large prime order
PKI4067  a modulus whose length is not a multiple of 8 bits
PKI4068  an even modulus
PKI4069  an exponent other than 65537
PKI4070  a modulus with a small prime factor
PKI4071  a modulus of two primes that are close to each other
PKI4072  a modulus made by the faulty generator of ROCA
PKI4073  a key on a list of weak keys, such as Debian's of 2006 to 2008 (CVE-2008-0166)
=======  ===========================================================================================

Only a list can tell Debian's keys, and it comes from the host. Not judged: whether a modulus is
itself prime or shares a factor with others'. What was revoked as compromised, the ledger knows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache
from math import gcd, isqrt, prod
from typing import cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from pki_schema.x509 import der
from pki_schema.x509.algorithms import ALGORITHMS, PublicKey, spki_der

LARGEST = 4096
"""Octets of a SubjectPublicKeyInfo; one with ML-DSA-87, the largest there is, has 2,614."""

EXPONENT = 65_537
"""TR-02102-1 and FIPS 186-5 appendix A.1.1 allow odd numbers between 2^16 and 2^256. All software
of today takes this one; small ones helped forgers, and behind a huge one may be a small secret."""

_SMALL = 70_000
"""Prime factors below this are looked for; SP 800-89 section 5.3.3 asks for those below 752."""

_FERMAT_ROUNDS = 100
"""CA/Browser Forum, Baseline Requirements section 6.1.1.3: what 100 rounds can factor is weak."""

_INTEGER, _BIT_STRING, _OID, _SEQUENCE = 0x02, 0x03, 0x06, 0x30
_NULL = bytes.fromhex("0500")
_RSA = bytes.fromhex("06092a864886f70d010101")  # 1.2.840.113549.1.1.1, RFC 3279 section 2.3.1
_EC = bytes.fromhex("06072a8648ce3d0201")  # 1.2.840.10045.2.1, RFC 5480 section 2.1.1
_CURVES = {
    bytes.fromhex("06082a8648ce3d030107"): ("P-256", 32),
    bytes.fromhex("06052b81040022"): ("P-384", 48),
    bytes.fromhex("06052b81040023"): ("P-521", 66),
    bytes.fromhex("06092b2403030208010107"): ("brainpoolP256r1", 32),  # RFC 5639 section 4.1
    bytes.fromhex("06092b240303020801010b"): ("brainpoolP384r1", 48),
    bytes.fromhex("06092b240303020801010d"): ("brainpoolP512r1", 64),
}
"""Named curves by the OID that is their parameter, with the octets of a coordinate."""

_WITHOUT_PARAMETERS = {
    bytes.fromhex("06032b6570"): ("Ed25519", 32),  # RFC 8410 section 3
    bytes.fromhex("0609608648016503040311"): ("ML-DSA-44", 1312),  # RFC 9881
    bytes.fromhex("0609608648016503040312"): ("ML-DSA-65", 1952),
    bytes.fromhex("0609608648016503040313"): ("ML-DSA-87", 2592),
}
"""Algorithms whose parameters are absent, with the octets of a key."""

_ANEW = "make a new key pair with a current OpenSSL, e.g. of the kind P-256"


@dataclass(frozen=True)
class KeyFault:
    """Why a key is not certified: the class of its weakness as a stable code, in words, a cure."""

    code: str
    message: str
    hint: str = _ANEW


def judge(spki: bytes, weak: frozenset[bytes] = frozenset()) -> str | KeyFault:
    """The name in ``ALGORITHMS`` of a key in DER SubjectPublicKeyInfo, or why it is refused.

    ``weak`` holds the ``digest`` of keys whose private halves everybody can have.
    """
    verdict = _judged(spki)
    if not isinstance(verdict, KeyFault) and weak and digest(spki) in weak:
        message = "the key is on a list of weak keys, whose private halves everybody can have"
        return KeyFault("PKI4073", message)
    return verdict


@lru_cache(maxsize=4096)  # of new services, every key comes twice
def _judged(spki: bytes) -> str | KeyFault:
    verdict = _at_a_glance(spki) or _by_its_parts(spki)
    if isinstance(verdict, KeyFault):
        return verdict
    return verdict if _is_read_as(verdict, spki) else _unread(verdict)


def _at_a_glance(spki: bytes) -> str | None:
    """The curve of a key with the octets of a flawless one before its coordinates, as nearly every
    one has.
    """
    for name, octets, head in _points():
        if len(spki) == octets and spki.startswith(head):
            return name
    return None


def _by_its_parts(spki: bytes) -> str | KeyFault:
    try:
        algorithm, parameters, key = _taken_apart(spki)
        if algorithm == _RSA:
            return _judge_rsa(parameters, key)
        if algorithm == _EC:
            return _judge_ec(parameters, key)
        return _judge_plain(algorithm, parameters, key)
    except ValueError:
        return _malformed()


def digest(spki: bytes) -> bytes | None:
    """By what lists of weak keys name a key: the SHA-256 of an RSA modulus, or of the x coordinate
    of a point, each in the fewest octets; ``None`` for other keys. ``ValueError`` for what is none.
    """
    algorithm, _, key = _taken_apart(spki)
    if algorithm == _RSA:
        number = _unsigned(_elements(key)[0])
    elif algorithm == _EC:
        number = int.from_bytes(key[1 : 1 + len(key) // 2], "big")
    else:
        return None
    return hashlib.sha256(number.to_bytes((number.bit_length() + 7) // 8, "big")).digest()


def _is_read_as(name: str, spki: bytes) -> bool:
    """Whether pyca reads these octets as a key of this algorithm and writes the same again."""
    try:
        key = cast("PublicKey", load_der_public_key(spki))
    except (ValueError, UnsupportedAlgorithm):
        return False
    return ALGORITHMS[name].matches(key) and spki_der(key) == spki


def _unread(name: str) -> KeyFault:
    """What it means that pyca refuses a key whose form is right: of a point, that it is none."""
    if any(name == curve for curve, _ in _CURVES.values()):
        # SP 800-56A section 5.6.2.3.3; the curves have cofactor 1, so its order is right too.
        return KeyFault("PKI4065", "the point is not on its curve")
    return _malformed()


# ---------------------------------------------------------------- the SubjectPublicKeyInfo


def _taken_apart(spki: bytes) -> tuple[bytes, bytes, bytes]:
    """Algorithm (its OID element), parameters (element or nothing) and key (RFC 5280 4.1.2.7).

    ``ValueError`` unless all of it is DER; what is within parameters is not looked at.
    """
    if len(spki) > LARGEST:
        raise ValueError("too large")
    identifier, bits = _elements(spki)
    algorithm, *parameters = _elements(identifier)
    key = _content(bits, _BIT_STRING)
    if algorithm[0] != _OID or key[:1] != b"\0":
        raise ValueError("not an algorithm and whole octets")
    return algorithm, b"".join(parameters), key[1:]


def _content(element: bytes, tag: int) -> bytes:
    """The content of one element with this tag; ``ValueError`` unless its length is DER."""
    _, start, end = der.header(element)
    if der.tlv(tag, element[start:end]) != element:
        raise ValueError("another tag, a length that is not DER, or octets behind the end")
    return element[start:end]


def _elements(sequence: bytes) -> tuple[bytes, ...]:
    """The elements of a SEQUENCE; ``ValueError`` unless the length of each is DER."""
    content = _content(sequence, _SEQUENCE)
    found: list[bytes] = []
    start = 0
    while start < len(content):
        tag, _, end = der.header(content, start)
        found.append(content[start:end])
        _content(found[-1], tag)
        start = end
    return tuple(found)


def _unsigned(element: bytes) -> int:
    """The value of an INTEGER that is not negative, in the fewest octets (X.690 section 8.3.2)."""
    content = _content(element, _INTEGER)
    value = int.from_bytes(content, "big")
    if len(content) != value.bit_length() // 8 + 1:
        raise ValueError("a negative number or too many octets")
    return value


def _malformed() -> KeyFault:
    return KeyFault("PKI4060", "the key is not the DER of a SubjectPublicKeyInfo")


def _not_listed(kind: str) -> KeyFault:
    return KeyFault("PKI4053", f"{kind} is not on the list", f"use {', '.join(ALGORITHMS)}")


def _wrong_parameters(should: str) -> KeyFault:
    return KeyFault("PKI4061", f"the parameters of the key's algorithm are not {should}")


# ---------------------------------------------------------------- RSA


def _judge_rsa(parameters: bytes, key: bytes) -> str | KeyFault:
    """RFC 3279 section 2.3.1 and RFC 8017 section A.1.1; the cheap questions first."""
    if parameters != _NULL:
        return _wrong_parameters("NULL")
    modulus, exponent = map(_unsigned, _elements(key))
    name = f"RSA-{modulus.bit_length()}"
    if modulus.bit_length() % 8:
        return KeyFault("PKI4067", f"a modulus of {modulus.bit_length()} bits, no multiple of 8")
    if name not in ALGORITHMS:
        return _not_listed(name)
    if exponent != EXPONENT:
        return KeyFault("PKI4069", f"the RSA exponent is {_exponent_fault(exponent)}")
    return _modulus_fault(modulus) or name


def _exponent_fault(exponent: int) -> str:
    if exponent % 2 == 0:
        return "even"
    if exponent < EXPONENT:
        return f"{exponent}, which is too small"
    return "huge" if exponent >> 256 else f"not {EXPONENT}"


def _modulus_fault(modulus: int) -> KeyFault | None:
    """Why others can factor this modulus, or ``None``."""
    if modulus % 2 == 0:
        return KeyFault("PKI4068", "the modulus is even")
    if gcd(modulus, _small_primes_product()) > 1:
        return KeyFault("PKI4070", f"the modulus has a prime factor below {_SMALL}")
    if _has_close_factors(modulus):
        return KeyFault("PKI4071", "the modulus is of two close primes: Fermat's method factors it")
    if _is_of_roca(modulus):
        hint = "the chip's generator is faulty: make the key elsewhere, or of the kind P-256"
        return KeyFault("PKI4072", "the modulus has the fingerprint of ROCA (CVE-2017-15361)", hint)
    return None


@cache
def _primes(below: int) -> tuple[int, ...]:
    """The odd primes below a number, by Eratosthenes' sieve."""
    sieve = bytearray([1]) * below
    for number in range(3, isqrt(below) + 1, 2):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, below, number)))
    return tuple(number for number in range(3, below, 2) if sieve[number])


@cache
def _small_primes_product() -> int:
    return prod(_primes(_SMALL))


def _has_close_factors(modulus: int) -> bool:
    """Fermat's method: whether a² - modulus is a square for one of the first a from its root on."""
    first = isqrt(modulus - 1) + 1
    for a in range(first, first + _FERMAT_ROUNDS):
        rest = a * a - modulus
        if isqrt(rest) ** 2 == rest:
            return True
    return False


@cache
def _roca_residues() -> tuple[tuple[int, frozenset[int]], ...]:
    """For each prime up to 167 the powers of 65537, which are all that ROCA's moduli leave there.

    Nemec et al., "The Return of Coppersmith's Attack" (CCS 2017), section 3: both primes are
    65537^a modulo the product of the first 39 primes, of more for longer keys.
    """
    return tuple(
        (prime, frozenset(pow(65537, power, prime) for power in range(prime)))
        for prime in _primes(168)
    )


def _is_of_roca(modulus: int) -> bool:
    return all(modulus % prime in residues for prime, residues in _roca_residues())


# ---------------------------------------------------------------- elliptic curves


@cache
def _points() -> tuple[tuple[str, int, bytes], ...]:
    """Of each curve how many octets a key has, and those before its coordinates."""
    keys = {
        name: der.tlv(
            _SEQUENCE,
            der.tlv(_SEQUENCE, _EC + curve) + der.tlv(_BIT_STRING, b"\0\4" + bytes(2 * size)),
        )
        for curve, (name, size) in _CURVES.items()
    }
    sizes = dict(_CURVES.values())
    return tuple((name, len(key), key[: -2 * sizes[name]]) for name, key in keys.items())


def _judge_ec(parameters: bytes, key: bytes) -> str | KeyFault:
    """RFC 5480 sections 2.1.1 and 2.2: a named curve, and a point with both its coordinates."""
    if parameters[:1] == bytes([_SEQUENCE]):
        hint = "name the curve: openssl ec -param_enc named_curve"
        return KeyFault("PKI4062", "the curve is given by explicit parameters", hint)
    if parameters[:1] != bytes([_OID]):
        return _wrong_parameters("the name of a curve")
    if parameters not in _CURVES:
        return _not_listed("the key's curve")
    name, size = _CURVES[parameters]
    if key == b"\0":
        return KeyFault("PKI4064", "the key is the point at infinity")
    if key[:1] in (b"\2", b"\3", b"\6", b"\7"):
        hint = "write both coordinates: openssl ec -conv_form uncompressed"
        return KeyFault("PKI4063", "the key is a compressed or hybrid point", hint)
    return name if key[:1] == b"\4" and len(key) == 1 + 2 * size else _malformed()


def _judge_plain(algorithm: bytes, parameters: bytes, key: bytes) -> str | KeyFault:
    """Algorithms without parameters; of ML-DSA every string of the right length is a key."""
    if algorithm not in _WITHOUT_PARAMETERS:
        return _not_listed("the key's algorithm")
    name, size = _WITHOUT_PARAMETERS[algorithm]
    if parameters:
        return _wrong_parameters("absent")
    if len(key) != size:
        return _malformed()
    return (_ed25519_fault(key) if name == "Ed25519" else None) or name


# Edwards25519, RFC 8032 section 5.1: points in extended coordinates (X, Y, Z, T).
_Point = tuple[int, int, int, int]
_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_NEUTRAL: _Point = (0, 1, 1, 0)


def _ed25519_fault(key: bytes) -> KeyFault | None:
    """Honest keys are multiples of the base point, so the prime order takes them to the neutral.

    Points of small order sign anything; points with a part of small order verify here, not there.
    """
    point = _decoded(key)
    if point is None:
        return KeyFault("PKI4065", "the point is not on its curve")
    if _is_neutral(point) or not _is_neutral(_multiple(_ORDER, point)):
        return KeyFault("PKI4066", "the Ed25519 point is not of the large prime order")
    return None


def _decoded(key: bytes) -> _Point | None:
    """RFC 8032 section 5.1.3, refusing what is not canonical."""
    sign, y = key[31] >> 7, int.from_bytes(key, "little") & ((1 << 255) - 1)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if y >= _P or (x * x - square) % _P or (x == 0 and sign):
        return None
    x = x if x & 1 == sign else _P - x
    return x, y, 1, x * y % _P


def _sum(one: _Point, two: _Point) -> _Point:
    """RFC 8032 section 5.1.4; complete, so doubling and the neutral element are no special case."""
    a = (one[1] - one[0]) * (two[1] - two[0]) % _P
    b = (one[1] + one[0]) * (two[1] + two[0]) % _P
    c = 2 * _D * one[3] * two[3] % _P
    d = 2 * one[2] * two[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiple(factor: int, point: _Point) -> _Point:
    result = _NEUTRAL
    for bit in bin(factor)[2:]:
        result = _sum(result, result)
        if bit == "1":
            result = _sum(result, point)
    return result


def _is_neutral(point: _Point) -> bool:
    return point[0] == 0 and (point[1] - point[2]) % _P == 0
