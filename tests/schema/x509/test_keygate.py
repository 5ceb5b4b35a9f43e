"""Which keys pass the gate, and under which code each class of weak keys is refused."""

import hashlib
import time
from collections.abc import Callable, Iterator
from itertools import combinations, count, islice
from math import gcd, isqrt, prod

import pytest
from asn1crypto.keys import ECDomainParameters
from asn1crypto.parser import emit
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from hypothesis import example, given
from hypothesis import strategies as st

from pki_schema.x509.algorithms import ALGORITHMS, algorithm_of, spki_der
from pki_schema.x509.keygate import LARGEST, KeyFault, digest, judge

P1, P2, P3 = (2**1536 - k for k in (3453, 4977, 7769))
"""The three largest primes below 2^1536."""
Q1, Q2 = (2**2048 - k for k in (1557, 2543))
"""The two largest below 2^2048."""
BELOW_70000 = [n for n in range(2, 70_000) if all(n % d for d in range(2, isqrt(n) + 1))]
SMALL_PRIMES = prod(BELOW_70000)

ED25519_PRIME = 2**255 - 19
RSA, EC = "2a864886f70d010101", "2a8648ce3d0201"
P256, P384, P521 = "2a8648ce3d030107", "2b81040022", "2b81040023"
ED25519, ML_DSA_44 = "2b6570", "608648016503040311"
CODES = {"PKI4053"} | {f"PKI40{number}" for number in range(60, 73)}


def sequence(*parts: bytes) -> bytes:
    return emit(0, 1, 16, b"".join(parts))


def integer(value: int) -> bytes:
    return emit(0, 0, 2, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(content: str) -> bytes:
    return emit(0, 0, 6, bytes.fromhex(content))


NULL = emit(0, 0, 5, b"")


def spki(algorithm: str, parameters: bytes, key: bytes, *, unused: bytes = b"\0") -> bytes:
    """A SubjectPublicKeyInfo, made without any of the product's code."""
    return sequence(sequence(oid(algorithm), parameters), emit(0, 0, 3, unused + key))


def rsa_key(modulus: int, exponent: int = 65537) -> bytes:
    return spki(RSA, NULL, sequence(integer(modulus), integer(exponent)))


def point(curve: str, key: bytes) -> bytes:
    return spki(EC, oid(curve), key)


def ed25519(y: int, sign: int = 0) -> bytes:
    return spki(ED25519, b"", (y | sign << 255).to_bytes(32, "little"))


def bits(key: ec.EllipticCurvePublicKey, form: PublicFormat) -> bytes:
    return key.public_bytes(Encoding.X962, form)


G256 = ec.derive_private_key(1, ec.SECP256R1()).public_key()
AFFINE = bits(G256, PublicFormat.UncompressedPoint)


def code(key: bytes) -> str | None:
    """The code under which a key is refused, which then has a message and a cure."""
    verdict = judge(key)
    if isinstance(verdict, str):
        return None
    assert verdict.message
    assert verdict.hint
    return verdict.code


def rough(number: int) -> int:
    """The next number without a small prime factor, which is as good as a prime here."""
    number |= 1
    while gcd(number, SMALL_PRIMES) > 1:
        number += 2
    return number


FAR = rough(2**1535 + 2**1534)
"""Far from the primes above."""


RSA_KEYS = {"RSA-3072": rsa_key(P1 * FAR), "RSA-4096": rsa_key(Q1 * rough(2**2047 + 2**2046))}
PASSED = {
    name: RSA_KEYS.get(name) or spki_der(algorithm.generate().public_key())
    for name, algorithm in ALGORITHMS.items()
}


def refused(*keys: bytes) -> set[str | None]:
    return {code(key) for key in keys}


# ---------------------------------------------------------------- what passes


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_key_of_every_kind_on_the_list_passes_under_its_name(name: str) -> None:
    assert judge(PASSED[name]) == name


# ---------------------------------------------------------------- the list


@pytest.mark.parametrize("size", [512, 1024, 2048, 3080, 7680, 8192, 16_384])
def test_an_rsa_size_off_the_list(size: int) -> None:
    assert code(rsa_key((1 << size) - 1)) == "PKI4053"


@pytest.mark.parametrize(
    "curve",
    ["2a8648ce3d030101", "2b81040021", "2b8104000a", "2b240303020801010e", "2b8104001f"],
    ids=["P-192", "P-224", "secp256k1", "brainpoolP512t1", "secp192k1"],
)
def test_a_curve_off_the_list(curve: str) -> None:
    assert code(point(curve, AFFINE)) == "PKI4053"


@pytest.mark.parametrize(
    ("algorithm", "size"),
    [("2b6571", 57), ("2b656e", 32), ("2a864886f70d01010a", 400), ("608648016503040314", 32)],
    ids=["Ed448", "X25519", "RSASSA-PSS", "SLH-DSA"],
)
def test_an_algorithm_off_the_list(algorithm: str, size: int) -> None:
    assert code(spki(algorithm, b"", bytes(size))) == "PKI4053"


# ---------------------------------------------------------------- form


def test_what_is_not_the_der_of_a_key() -> None:
    good = PASSED["P-256"]
    two = sequence(integer(P1 * FAR), integer(65537))

    assert (
        refused(
            b"",
            b"\x30",
            b"\x30\x00",
            good[:-1],
            good + b"\0",
            b"\x30\x80" + good[2:] + b"\0\0",  # indefinite length
            b"\x30\x81" + good[1:],  # a length in more octets than needed
            b"\x31" + good[1:],
            good.replace(bytes.fromhex("0607"), bytes.fromhex("068107")),
            sequence(sequence(), emit(0, 0, 3, b"\0" + AFFINE)),
            sequence(sequence(NULL, NULL), emit(0, 0, 3, b"\0" + AFFINE)),
            sequence(good[2:-66], emit(0, 0, 3, b"\0" + AFFINE), NULL),
            spki(EC, oid(P256), AFFINE, unused=b""),
            spki(EC, oid(P256), AFFINE, unused=b"\1"),
            spki(RSA, NULL, two, unused=b"\7"),
            sequence(good[2:-66], emit(0, 0, 4, b"\0" + AFFINE)),
        )
        == {"PKI4060"}
    )


def test_an_rsa_key_that_is_not_two_positive_integers() -> None:
    modulus, exponent = integer(P1 * FAR), integer(65537)
    longer = emit(0, 0, 2, b"\0" + (P1 * FAR).to_bytes(385, "big"))
    negative = emit(0, 0, 2, (P1 * FAR).to_bytes(384, "big"))

    assert refused(
        spki(RSA, NULL, b""),
        spki(RSA, NULL, sequence(modulus)),
        spki(RSA, NULL, sequence(modulus, exponent, exponent)),
        spki(RSA, NULL, sequence(modulus, exponent) + b"\0"),
        spki(RSA, NULL, sequence(modulus, NULL)),
        spki(RSA, NULL, sequence(longer, exponent)),
        spki(RSA, NULL, sequence(negative, exponent)),
        spki(RSA, NULL, sequence(emit(0, 0, 2, b""), exponent)),
    ) == {"PKI4060"}


def test_a_key_of_another_length_than_its_algorithm_has() -> None:
    assert refused(
        *(spki(ED25519, b"", bytes(size)) for size in (0, 31, 33)),
        *(spki(ML_DSA_44, b"", bytes(size)) for size in (0, 1311, 1313, 1952)),
        *(
            point(P256, key)
            for key in (b"", b"\4", AFFINE[:-1], AFFINE + b"\0", b"\5" + AFFINE[1:])
        ),
        point(P384, AFFINE),
    ) == {"PKI4060"}


def test_a_key_above_the_largest_is_not_looked_into() -> None:
    assert code(rsa_key((1 << 8 * LARGEST) - 1)) == "PKI4060"
    assert code(bytes(LARGEST + 1)) == "PKI4060"


def test_wrong_or_missing_parameters() -> None:
    numbers = sequence(integer(P1 * FAR), integer(65537))

    assert refused(
        spki(RSA, b"", numbers),
        spki(RSA, oid(P256), numbers),
        spki(RSA, sequence(), numbers),
        spki(RSA, NULL + NULL, numbers),
        spki(EC, b"", AFFINE),
        spki(EC, NULL, AFFINE),  # implicitCurve
        spki(ED25519, NULL, bytes(32)),
        spki(ML_DSA_44, NULL, bytes(1312)),
    ) == {"PKI4061"}


# ---------------------------------------------------------------- curves


def test_explicit_parameters_even_of_a_listed_curve() -> None:
    """CVE-2020-0601: with a generator of one's own, everybody's key is one's own."""
    prime, a, b = 2**256 - 2**224 + 2**192 + 2**96 - 1, -3, 0x5AC635D8
    curve = {"a": (a % prime).to_bytes(32, "big"), "b": b.to_bytes(32, "big")}
    explicit = ECDomainParameters(
        name="specified",
        value={
            "version": 1,
            "field_id": {"field_type": "prime_field", "parameters": prime},
            "curve": curve,
            "base": AFFINE,
            "order": 2**256 - 5,
            "cofactor": 1,
        },
    )

    assert code(spki(EC, explicit.dump(), AFFINE)) == "PKI4062"


def test_a_point_without_both_coordinates() -> None:
    compressed = bits(G256, PublicFormat.CompressedPoint)

    assert refused(
        point(P256, compressed),
        point(P256, b"\2" + compressed[1:]),
        point(P256, b"\6" + AFFINE[1:]),
        point(P256, b"\7" + AFFINE[1:]),
    ) == {"PKI4063"}


def test_the_point_at_infinity() -> None:
    assert refused(*(point(curve, b"\0") for curve in (P256, P384, P521))) == {"PKI4064"}


def test_a_point_that_is_not_on_its_curve() -> None:
    g521 = ec.derive_private_key(1, ec.SECP521R1()).public_key()
    numbers = g521.public_numbers()
    above = (numbers.x + 2**521 - 1).to_bytes(66, "big") + numbers.y.to_bytes(66, "big")
    other_curve = bits(
        ec.derive_private_key(1, ec.BrainpoolP256R1()).public_key(), PublicFormat.UncompressedPoint
    )

    assert refused(
        point(P256, AFFINE[:-1] + bytes([AFFINE[-1] ^ 1])),
        point(P256, b"\4" + bytes(64)),
        point(P256, other_curve),
        point(P521, b"\4" + above),  # the generator, but x is not below the prime
    ) == {"PKI4065"}


ORDER_8 = (
    int.from_bytes(
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
    ),
    int.from_bytes(
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
    ),
)


def test_the_eight_ed25519_points_of_small_order() -> None:
    """Whoever has such a key needs no private one: it verifies signatures that anybody makes."""
    order_1, order_2 = ed25519(1), ed25519(ED25519_PRIME - 1)
    order_4 = [ed25519(0, sign) for sign in (0, 1)]
    order_8 = [ed25519(y, sign) for y in ORDER_8 for sign in (0, 1)]

    assert refused(order_1, order_2, *order_4, *order_8) == {"PKI4066"}


def test_an_ed25519_point_with_a_part_of_small_order() -> None:
    """A good key plus the point (0, -1) is (-x, -y): some verifiers take it, others do not."""
    good = int.from_bytes(PASSED["Ed25519"][-32:], "little")
    y, sign = good & ((1 << 255) - 1), good >> 255

    assert code(ed25519(y, sign)) is None
    assert code(ed25519(y, 1 - sign)) is None
    assert refused(*(ed25519(ED25519_PRIME - y, sign) for sign in (0, 1))) == {"PKI4066"}


def test_an_ed25519_point_that_is_none_or_is_not_written_canonically() -> None:
    d = -121665 * pow(121666, -1, ED25519_PRIME)
    none = next(
        y
        for y in range(2, 99)
        if pow((y * y - 1) * (d * y * y + 1), ED25519_PRIME // 2, ED25519_PRIME) != 1
    )

    assert refused(
        ed25519(none),
        ed25519(ED25519_PRIME),  # 0 in other octets
        ed25519(ED25519_PRIME + 1),
        ed25519(2**255 - 1, 1),
        ed25519(1, 1),  # x is 0, which has no sign
        ed25519(ED25519_PRIME - 1, 1),
    ) == {"PKI4065"}


# ---------------------------------------------------------------- RSA


@pytest.mark.parametrize("size", [1023, 2047, 3071, 3073, 4095, 4097])
def test_a_modulus_that_is_no_multiple_of_8_bits(size: int) -> None:
    assert code(rsa_key((1 << size) - 1)) == "PKI4067"


def test_an_even_modulus() -> None:
    assert refused(rsa_key(P1 * FAR - 1), rsa_key(1 << 4095)) == {"PKI4068"}


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 17, 65535, 65536, 65539, 2**256 + 1, P1])
def test_an_exponent_that_nobody_should_have(exponent: int) -> None:
    assert code(rsa_key(P1 * FAR, exponent)) == "PKI4069"


@pytest.mark.parametrize("factor", [3, 5, 251, 751, 757, 65_537, 69_997])
def test_a_modulus_with_a_small_prime_factor(factor: int) -> None:
    modulus = factor * ((1 << 3072) // factor)
    assert code(rsa_key(modulus if modulus % 2 else modulus - factor)) == "PKI4070"


def test_a_modulus_of_close_primes() -> None:
    """CVE-2022-26320; the square of a prime is the closest."""
    assert refused(*map(rsa_key, (P1 * P2, P1 * P3, P2 * P3, P1 * P1, Q1 * Q2, Q2 * Q2))) == {
        "PKI4071"
    }


def rounds(modulus: int) -> Iterator[tuple[int, int]]:
    """Fermat's method without a bound: the number of each round, and what is left in it."""
    first = isqrt(modulus - 1) + 1
    return ((a - first + 1, a * a - modulus) for a in range(first, 2 * first))


@pytest.mark.parametrize(("last", "expected"), [(99, "PKI4071"), (100, "PKI4071"), (101, None)])
def test_a_hundred_rounds_of_fermats_method_and_not_one_more(
    last: int, expected: str | None
) -> None:
    """Of the factors a - b and a + b, b is about the root of 2a times the rounds it takes."""
    a = P1 - 2**1520
    b = isqrt(a * (2 * last - 1))
    while gcd((a - b) * (a + b), SMALL_PRIMES) > 1:
        b += 1
    modulus = (a - b) * (a + b)

    found = next(number for number, rest in rounds(modulus) if isqrt(rest) ** 2 == rest)

    assert (found, code(rsa_key(modulus))) == (last, expected)


def roca_prime(size: int, primes: int, below: int, power: int) -> int:
    """Infineon's form: k M + (65537^a mod M), where M is the product of the first primes."""
    product = prod(BELOW_70000[:primes])
    return ((1 << size) // product - 1 - below) * product + pow(65537, power, product)


def rough_multiple(primes: int, power: int) -> int:
    """A number of 1536 bits of the same form, with fewer primes, without a small factor."""
    numbers = (roca_prime(1536, primes, (power << 1300) + n, power) for n in count())
    return next(number for number in numbers if gcd(number, SMALL_PRIMES) == 1)


def test_a_modulus_made_by_the_generator_of_roca() -> None:
    short = [roca_prime(1536, 126, *made) for made in ((39, 1000), (48, 1001))]
    long = [roca_prime(2048, 225, *made) for made in ((65, 1000), (249, 1001))]

    assert all(pow(2, prime, prime) == 2 for prime in short + long)
    # Far enough apart for it to be ROCA and nothing else.
    assert all(next(islice(rounds(prod(pair)), 200, None)) for pair in (short, long))
    assert refused(rsa_key(prod(short)), rsa_key(prod(long))) == {"PKI4072"}


def test_half_of_the_fingerprint_of_roca_is_none() -> None:
    """One prime of that form, or two that are of it modulo the small primes only."""
    one = roca_prime(1536, 126, 39, 1000)
    alike = [rough_multiple(30, power) for power in (1000, 1001)]

    assert code(rsa_key(one * FAR)) is None
    assert code(rsa_key(prod(alike))) is None


# ---------------------------------------------------------------- whatever comes


def checked(octets: bytes) -> None:
    """A verdict, and where it is good: pyca reads the same key and writes the same octets."""
    verdict = judge(octets)
    if isinstance(verdict, KeyFault):
        assert verdict.code in CODES
        return
    key = load_der_public_key(octets)
    algorithm = algorithm_of(key)
    assert algorithm is not None
    assert algorithm.name == verdict
    assert key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == octets


@given(st.binary(max_size=700))
@example(b"\x30\x84\xff\xff\xff\xff")
@example(sequence(sequence(b"\x1f\x81\x01\x00")))
def test_no_octets_make_it_raise(octets: bytes) -> None:
    checked(octets)


@given(st.sampled_from(sorted(PASSED)), st.data())
def test_no_mutation_of_a_good_key_makes_it_raise(name: str, data: st.DataObject) -> None:
    octets = bytearray(PASSED[name])
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([len(octets), len(octets), data.draw(st.integers(0, 99))]))
    checked(bytes(octets[:cut]))


@given(
    st.sampled_from([RSA, EC, ED25519, ML_DSA_44, "2b6571"]),
    st.sampled_from([b"", NULL, oid(P256), oid(P521), sequence(), b"\x30\x80"]),
    st.one_of(
        st.binary(max_size=140),
        st.binary(min_size=32, max_size=32),
        st.builds(lambda xy: b"\4" + xy, st.binary(min_size=64, max_size=64)),
        st.builds(
            lambda n, e: sequence(integer(n), integer(e)),
            st.integers(-(2**64), 2**64) | st.integers(2**3071, 2**3072 - 1),
            st.integers(-5, 2**40) | st.just(65537),
        ),
    ),
)
def test_no_well_formed_nonsense_makes_it_raise(
    algorithm: str, parameters: bytes, key: bytes
) -> None:
    checked(spki(algorithm, parameters, key))


# ---------------------------------------------------------------- false alarms and time


def good_moduli(size: int, keys: int) -> list[int]:
    """All products of two of the primes of so many keys from OpenSSL."""
    made = [rsa.generate_private_key(65537, size).private_numbers() for _ in range(keys)]
    primes = [prime for numbers in made for prime in (numbers.p, numbers.q)]
    return [p * q for p, q in combinations(primes, 2) if (p * q).bit_length() == size]


@pytest.mark.slow
def test_ten_thousand_good_keys_without_a_false_alarm_and_each_within_50_ms() -> None:
    makers: list[tuple[str, Callable[[], bytes]]] = [
        (name, lambda name=name: spki_der(ALGORITHMS[name].generate().public_key()))
        for name in ALGORITHMS
        if not name.startswith("RSA")
    ]
    keys = [(name, make()) for name, make in makers for _ in range(900)]
    for size, pool in ((3072, 23), (4096, 15)):
        keys += [(f"RSA-{size}", rsa_key(modulus)) for modulus in good_moduli(size, pool)]
    assert len(keys) >= 10_000
    longest = 0.0
    for name, key in keys:
        before = time.thread_time()
        verdict = judge(key)
        longest = max(longest, time.thread_time() - before)
        assert verdict == name

    assert longest < 0.05


# ---------------------------------------------------------------- lists of weak keys


def test_an_rsa_key_on_a_list_is_named_by_its_modulus() -> None:
    """Reckoned here from pyca's number, as those who publish such lists do."""
    key = rsa.generate_private_key(65537, 3072).public_key()
    modulus = key.public_numbers().n
    listed = frozenset({hashlib.sha256(modulus.to_bytes(384, "big")).digest()})
    verdict = judge(spki_der(key), listed)
    assert isinstance(verdict, KeyFault)
    assert verdict.code == "PKI4073"
    assert judge(spki_der(key)) == "RSA-3072"
    other = rsa.generate_private_key(65537, 3072).public_key()
    assert judge(spki_der(other), listed) == "RSA-3072"


@pytest.mark.parametrize("x_begins_with_zero", [False, True])
def test_an_elliptic_key_on_a_list_is_named_by_its_x_coordinate(x_begins_with_zero: bool) -> None:
    """In the fewest octets: a coordinate that begins with zeros has them left out."""
    keys = (
        ec.derive_private_key(n, ec.SECP256R1()).public_key()
        for n in count(1 + 2 * x_begins_with_zero)
    )
    key = next(k for k in keys if (k.public_numbers().x < 1 << 248) is x_begins_with_zero)
    x = key.public_numbers().x
    octets = x.to_bytes((x.bit_length() + 7) // 8, "big")
    verdict = judge(spki_der(key), frozenset({hashlib.sha256(octets).digest()}))
    assert isinstance(verdict, KeyFault)
    assert verdict.code == "PKI4073"


def test_other_kinds_of_keys_are_on_no_list() -> None:
    for name in ("Ed25519", "ML-DSA-44"):
        key = spki_der(ALGORITHMS[name].generate().public_key())
        assert digest(key) is None
        assert judge(key, frozenset({b""})) == name
