"""Random names under random name constraints, as real chains, judged by others and by us.

RFC 5280 section 4.2.1.10. Each chain is root, constrained CA and leaf. What we would sign, OpenSSL,
Java and pyca have to accept; what we refuse they may accept, because we shut out what the clause
leaves open. A judge is asked about the types of names that it can judge.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from pki_schema.x509 import names, oids
from pki_schema.x509.constraints import Typed, shut_out
from pki_schema.x509.der import tlv
from tests.conformance.programs import Said, run

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = ec.derive_private_key(0x1234567, ec.SECP256R1())
LEAVES = 10
"""Names that are tried under one CA."""

GRAMMARS: dict[str, Callable[[str], str | None]] = {
    "dns": names.dns_fault,
    "email": names.email_fault,
    "ip": names.ip_fault,
    "uri": names.uri_fault,
    "upn": names.email_fault,
    "directory": lambda _: None,
}


@dataclass(frozen=True, kw_only=True)
class Constrained:
    """A CA's subtrees, its certificate, and names with the certificates it gave them."""

    permitted: tuple[Typed, ...]
    excluded: tuple[Typed, ...]
    certificate: x509.Certificate
    leaves: tuple[tuple[Typed, x509.Certificate], ...]

    def permits(self, name: Typed) -> bool:
        """Our own verdict: the name is one, and no subtree shuts it out."""
        return GRAMMARS[name[0]](name[1]) is None and (
            shut_out(name, permitted=self.permitted, excluded=self.excluded) is None
        )


Judge = Callable[[Sequence[Constrained], Path], list[list[str]]]
"""All CAs in; for each of their leaves why it is refused, or nothing."""


# ------------------------------------------------------------------------- names and subtrees


LABELS = ("a", "b", "ab", "x-a", "xn--bcher-kva", "1")
TOPS = ("b", "ab", "com")


def host(random: Random) -> str:
    return ".".join([*random.choices(LABELS, k=random.randint(1, 3)), random.choice(TOPS)])


def address(random: Random) -> str:
    if random.random() < 0.6:
        return f"10.{random.choice((0, 1, 128))}.{random.choice((0, 7))}.{random.choice((0, 255))}"
    return str(ipaddress.IPv6Address((0xFD << 120) | (random.randrange(4) << 64) | 1))


def network(random: Random) -> str:
    inside = address(random)
    longest = 128 if ":" in inside else 32
    bits = random.choice((0, 8, 9, 15, 16, 31, 32, 64, 66, 128))
    return str(ipaddress.ip_network(f"{inside}/{min(bits, longest)}", strict=False))


def uri(random: Random) -> str:
    at = random.choice((host, host, host, address))(random)
    at = f"[{at}]" if ":" in at else at
    scheme = random.choice(("https", "spiffe", "x-own"))
    port = random.choice(("", "", ":8443", ":"))
    user = random.choice(("", "", "", "b@", f"{host(random)}@"))
    path = random.choice(("", "/", f"/{host(random)}", f"/?{host(random)}", "//a.b", "?a.b"))
    return random.choice((f"{scheme}://{user}{at}{port}{path}",) * 5 + (f"urn:{at}", f"pki:{at}/a"))


def distinguished(random: Random) -> str:
    unit = f"OU={random.choice('ab')}," if random.random() < 0.5 else ""
    return f"{unit}O={random.choice(('VCC', 'vcc', 'Other'))}"


def local_part(random: Random) -> str:
    return random.choice(("ada", "ada", "ada", "Ada", "Ada", "b", "b", '"a@b.com"'))


NAMES: dict[str, Callable[[Random], str]] = {
    "dns": lambda random: random.choice(("",) * 9 + ("*.",)) + host(random),
    "ip": address,
    "email": lambda random: f"{local_part(random)}@{host(random)}",
    "uri": uri,
    "upn": lambda random: f"ada@{host(random)}",
    "directory": distinguished,
}


def domain(random: Random) -> str:
    """A host, its tail, what lies below it, the same in capitals; rarely nothing of this."""
    whole = host(random)
    tail = whole.partition(".")[2]
    odd = ("", ".", f".{tail}", f"{whole}.", "a..b", "10.0.0.0", "a_b.com")
    if random.random() < 0.03:
        return random.choice(odd)
    return random.choice((whole, tail, tail, tail.partition(".")[2] or tail, tail.upper()))


def hosts(random: Random) -> str:
    """The same for mail and URIs, where a leading dot has a meaning."""
    return random.choice(("", "", ".")) + domain(random)


def mail_tree(random: Random) -> str:
    if random.random() < 0.03:
        return f"@{host(random)}"
    return random.choice((hosts, hosts, hosts, NAMES["email"]))(random)


def uri_tree(random: Random) -> str:
    if random.random() < 0.03:
        return random.choice((uri(random), f"{host(random)}:8443"))
    return hosts(random)


TREES: dict[str, Callable[[Random], str]] = {
    "dns": domain,
    "ip": network,
    "email": mail_tree,
    "uri": uri_tree,
    "upn": NAMES["upn"],
    "directory": distinguished,
}
KINDS = ("dns", "dns", "ip", "email", "email", "uri", "uri", "uri", "upn", "directory")


def general_name(kind: str, value: str) -> x509.GeneralName:
    match kind:
        case "dns":
            return x509.DNSName(value)
        case "email":  # the builder of pyca would not write an empty one
            return x509.RFC822Name._init_without_validation(value)
        case "uri":
            return x509.UniformResourceIdentifier(value)
        case "ip" if "/" in value:
            return x509.IPAddress(ipaddress.ip_network(value))
        case "ip":
            return x509.IPAddress(ipaddress.ip_address(value))
        case "upn":
            oid = x509.ObjectIdentifier(oids.USER_PRINCIPAL_NAME)
            return x509.OtherName(oid, tlv(0x0C, value.encode()))
        case _:
            return x509.DirectoryName(x509.Name.from_rfc4514_string(value))


# ------------------------------------------------------------------------- chains


def certificate(
    subject: x509.Name, issuer: x509.Name, *extensions: tuple[x509.ExtensionType, bool]
) -> x509.Certificate:
    """Signed by the one key that everybody has here."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    return builder.sign(KEY, hashes.SHA256())


def authority(name: str, issuer: str, *more: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    return certificate(
        common_name(name),
        common_name(issuer),
        (x509.BasicConstraints(True, None), True),
        (usage, True),
        (x509.SubjectKeyIdentifier.from_public_key(KEY.public_key()), False),
        *more,
    )


def common_name(value: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, value)])


ROOT = authority("root", "root")


def leaf(issuer: x509.Name, kind: str, value: str) -> x509.Certificate:
    """Named by its subject if it is a directory name, else by its one alternative name."""
    key = x509.AuthorityKeyIdentifier.from_issuer_public_key(KEY.public_key())
    usage = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH])
    if kind == "directory":
        subject = x509.Name.from_rfc4514_string(value)
        return certificate(subject, issuer, (key, False), (usage, False))
    alternative = x509.SubjectAlternativeName([general_name(kind, value)])
    return certificate(x509.Name([]), issuer, (alternative, True), (key, False), (usage, False))


@cache
def constrained(pairs: int) -> tuple[Constrained, ...]:
    """As many pairs of a name and constraints, always the same ones."""
    random = Random(5280)
    return tuple(islice(_constrained(random), pairs // LEAVES))


def _constrained(random: Random) -> Iterator[Constrained]:
    number = 0
    while True:
        number += 1
        kinds = random.choices(KINDS, k=random.randint(1, 3))
        permitted, excluded = (
            tuple(
                (kind, TREES[kind](random))
                for kind in kinds
                for _ in range(random.choice(how_many))
            )
            for how_many in ((0, 1, 1, 2, 3), (0, 0, 1, 2))
        )
        if not permitted and not excluded:
            continue
        limits = x509.NameConstraints(
            [general_name(*tree) for tree in permitted] or None,
            [general_name(*tree) for tree in excluded] or None,
        )
        above = authority(f"CA {number}", "root", (limits, True))
        named = [_name(random, kinds) for _ in range(LEAVES)]
        yield Constrained(
            permitted=permitted,
            excluded=excluded,
            certificate=above,
            leaves=tuple((name, leaf(above.subject, *name)) for name in named),
        )


def _name(random: Random, kinds: Sequence[str]) -> Typed:
    """Mostly of a type that is constrained."""
    kind = random.choice((*kinds, *kinds, random.choice(KINDS)))
    return kind, NAMES[kind](random)


# ------------------------------------------------------------------------- the judges


def asked_openssl(authorities: Sequence[Constrained], folder: Path) -> list[list[str]]:
    """Many CAs and their leaves in one process: each leaf finds its CA by name."""
    root, cas = folder / "root.pem", folder / "cas.pem"
    root.write_bytes(ROOT.public_bytes(Encoding.PEM))
    found = []
    for some in _in_parts(authorities, 20):
        cas.write_bytes(b"".join(above.certificate.public_bytes(Encoding.PEM) for above in some))
        files = []
        for number, above in enumerate(some):
            files.append([folder / f"{number}-{at}.pem" for at in range(len(above.leaves))])
            for file, (_, given) in zip(files[-1], above.leaves, strict=True):
                file.write_bytes(given.public_bytes(Encoding.PEM))
        said = run(
            *("openssl", "verify", "-attime", str(int(NOW.timestamp())), "-CAfile", root),
            *("-untrusted", cas, *(file for below in files for file in below)),
        )
        found += [[_refusal(said, file) for file in below] for below in files]
    return found


def _refusal(said: Said, file: Path) -> str:
    if f"{file}: OK" in said.stdout.splitlines():
        return ""
    before, told, _ = said.stderr.partition(f"error {file}: verification failed")
    assert told, said.stderr
    return before.splitlines()[-1]


def _in_parts(authorities: Sequence[Constrained], size: int) -> Iterator[Sequence[Constrained]]:
    for start in range(0, len(authorities), size):
        yield authorities[start : start + size]


JAVA = """
import java.io.ByteArrayInputStream;
import java.nio.file.*;
import java.security.cert.*;
import java.util.*;

/** Of each line of base64 (anchor first, then CA and leaf) whether the path is valid. */
class Judge {
    static final CertificateFactory X509 = factory();

    static CertificateFactory factory() {
        try {
            return CertificateFactory.getInstance("X.509");
        } catch (CertificateException e) {
            throw new IllegalStateException(e);
        }
    }

    static X509Certificate read(String text) throws Exception {
        byte[] der = Base64.getDecoder().decode(text);
        return (X509Certificate) X509.generateCertificate(new ByteArrayInputStream(der));
    }

    public static void main(String[] arguments) throws Exception {
        List<String> lines = Files.readAllLines(Path.of(arguments[0]));
        Set<TrustAnchor> anchors = Set.of(new TrustAnchor(read(lines.get(0)), null));
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXParameters parameters = new PKIXParameters(anchors);
        parameters.setRevocationEnabled(false);
        parameters.setDate(new Date(Long.parseLong(arguments[1]) * 1000));
        StringBuilder said = new StringBuilder();
        for (String line : lines.subList(1, lines.size())) {
            String[] parts = line.split(" ");
            try {
                List<X509Certificate> path = List.of(read(parts[1]), read(parts[0]));
                validator.validate(X509.generateCertPath(path), parameters);
                said.append("valid");
            } catch (CertificateException | CertPathValidatorException | RuntimeException e) {
                said.append(e.toString().replace('\\n', ' '));
            }
            said.append('\\n');
        }
        System.out.print(said);
    }
}
"""


def asked_java(authorities: Sequence[Constrained], folder: Path) -> list[list[str]]:
    """PKIX of the JDK, compiled once; in parts, as it verifies every signature anew."""
    source = folder / "Judge.java"
    source.write_text(JAVA)
    compiled = run("javac", "-d", folder, source)
    assert compiled.code == 0, compiled.text
    return [told for some in _in_parts(authorities, 200) for told in _told_by_java(some, folder)]


def _told_by_java(authorities: Sequence[Constrained], folder: Path) -> Iterator[list[str]]:
    chains = folder / "chains"
    lines = [_base64(ROOT)]
    for above in authorities:
        lines += [f"{_base64(above.certificate)} {_base64(given)}" for _, given in above.leaves]
    chains.write_text("\n".join(lines))
    said = run("java", "-cp", folder, "Judge", chains, str(int(NOW.timestamp())))
    assert said.code == 0, said.text
    answers = said.stdout.splitlines()
    assert len(answers) == len(lines) - 1
    for above in authorities:
        told, answers = answers[: len(above.leaves)], answers[len(above.leaves) :]
        yield ["" if answer == "valid" else answer for answer in told]


def _base64(given: x509.Certificate) -> str:
    return base64.b64encode(given.public_bytes(Encoding.DER)).decode()


def asked_pyca(authorities: Sequence[Constrained], _folder: Path) -> list[list[str]]:
    """The verifier of pyca, without its rules for the public web."""
    anything, either = ExtensionPolicy.permit_all(), Criticality.AGNOSTIC
    verifier = (
        PolicyBuilder()
        .store(Store([ROOT]))
        .time(NOW)
        .extension_policies(
            ca_policy=anything.require_present(x509.BasicConstraints, either, None),
            ee_policy=anything.require_present(x509.SubjectAlternativeName, either, None),
        )
        .build_client_verifier()
    )

    def refusal(above: Constrained, given: x509.Certificate) -> str:
        try:
            verifier.verify(given, [above.certificate])
        except VerificationError as error:
            return str(error)
        return ""

    return [[refusal(above, given) for _, given in above.leaves] for above in authorities]


JUDGES = [
    pytest.param(asked_openssl, marks=pytest.mark.debian("openssl"), id="openssl"),
    pytest.param(asked_java, marks=pytest.mark.debian("java", "javac"), id="java"),
    pytest.param(asked_pyca, id="pyca"),
]


def is_judged(judge: Judge, above: Constrained, kind: str) -> bool:
    """Not all types of names: pyca knows three, and refuses all below a directory subtree."""
    limited = {tree_kind for tree_kind, _ in (*above.permitted, *above.excluded)}
    return judge is not asked_pyca or (
        kind in {"dns", "email", "ip"} and "directory" not in limited
    )


def is_listed(judge: Judge, above: Constrained, name: Typed) -> bool:
    """Differences that are the judge's fault.

    Java 17 takes a network of prefix length 0 to contain addresses of the other family too, or
    falls over it (``sun.security.x509.IPAddressName.constrains`` compares the longer address with
    the mask of the shorter). RFC 5280 section 4.2.1.10: 8 octets for IPv4, 32 for IPv6.
    """
    other = "0.0.0.0/0" if ":" in name[1] else "::/0"
    whole = ("ip", other) in (*above.permitted, *above.excluded)
    return judge is asked_java and name[0] == "ip" and whole


def refused_alone(judge: Judge, authorities: Sequence[Constrained], folder: Path) -> list[str]:
    """What we would sign and this judge refuses, but for what is listed."""
    answers = judge(authorities, folder)
    return [
        f"{name}: {answer}; permitted {above.permitted}, excluded {above.excluded}"
        for above, told in zip(authorities, answers, strict=True)
        for (name, _), answer in zip(above.leaves, told, strict=True)
        if answer and above.permits(name) and is_judged(judge, above, name[0])
        if not is_listed(judge, above, name)
    ]


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("pairs", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_nothing_is_permitted_that_others_refuse(judge: Judge, pairs: int, tmp_path: Path) -> None:
    assert refused_alone(judge, constrained(pairs), tmp_path) == []


def test_the_pairs_are_worth_asking_about() -> None:
    """Of every type that can be decided there are names we permit, and names we shut out."""
    found = {
        (kind, above.permits((kind, value)))
        for above in constrained(300)
        for (kind, value), _ in above.leaves
        if any(kind == tree for tree, _ in (*above.permitted, *above.excluded))
    }
    decided = {
        (kind, verdict) for kind in ("dns", "ip", "email", "uri") for verdict in (True, False)
    }
    assert found == {*decided, ("upn", False), ("directory", False)}


COMMON_NAMES = {
    "a.vcc.local": ("", ""),
    "Argus Backend": ("", ""),
    "a.example.com": ("java", "openssl"),
    "10.0.0.1": ("", "openssl"),
    # Not refused by us: a common name of one label is nobody's host name but to Java.
    "argus-backend": ("java", ""),
}
"""Who refuses a certificate with this common name and a URI below a CA for ``vcc.local``."""


@pytest.mark.debian("java", "javac", "openssl")
def test_a_common_name_is_a_dns_name_to_some(tmp_path: Path) -> None:
    """Where there is no DNS name beside it; the linter counts it too, but for the one listed."""
    limits = x509.NameConstraints([x509.DNSName("vcc.local")], None)
    above = authority("CA", "root", (limits, True))
    uri_name = x509.SubjectAlternativeName([general_name("uri", "spiffe://vcc.local/a")])
    key = x509.AuthorityKeyIdentifier.from_issuer_public_key(KEY.public_key())
    leaves = tuple(
        (
            ("directory", value),
            certificate(common_name(value), above.subject, (uri_name, False), (key, False)),
        )
        for value in COMMON_NAMES
    )
    only = Constrained(permitted=(), excluded=(), certificate=above, leaves=leaves)
    (java,), (openssl,) = asked_java([only], tmp_path), asked_openssl([only], tmp_path)
    assert {
        value: ("java" if first else "", "openssl" if second else "")
        for value, first, second in zip(COMMON_NAMES, java, openssl, strict=True)
    } == COMMON_NAMES
