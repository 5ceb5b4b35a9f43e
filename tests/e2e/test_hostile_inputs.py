"""Hostile commits, row by row: refused at the right place, and everything else goes on.

Every row is a commit on the reconciled organisation. Two days later, when CRLs and answers are due,
it is told with its code at its file, line and column: in a tenant's folder that tenant stands still
and the run exits with 3, elsewhere the commit is refused and the run exits with 1. Nothing is
signed from it, status is refreshed all the same, and the commit that removes it heals.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import AttributeOID

from pki_reconciler.act.certify import _serial
from pki_reconciler.act.cycle import Cycle
from pki_reconciler.cli import apply
from pki_reconciler.loop import Outcome
from pki_reconciler.ports import SystemEntropy
from pki_schema.errors import Severity
from pki_schema.load.strict_yaml import DEEPEST, MOST_VALUES
from pki_schema.load.tree import slice_of
from pki_schema.x509.algorithms import spki_der
from tests.published import Published
from tests.worlds import World

SERVICES = "tenants/vcc/services"
FILE = f"{SERVICES}/hostile.yaml"
ARGUS = f"{SERVICES}/argus-backend.yaml"
CSR = "tenants/vcc/csr/argus-backend.pem"
HEAD = (
    "apiVersion: pki.vcc.local/v1\n"
    "kind: Service\n"
    "metadata: {name: hostile}\n"
    "spec:\n"
    "  template: vcc-service\n"
)
WITHIN = 15
"""Keys and values that stand before the first of a list in line 6."""


@dataclass(frozen=True)
class Row:
    """What is committed, and what is told of it."""

    name: str
    spoil: Callable[[World], object]
    told: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


# ------------------------------------------------------------------ YAML


def yaml(name: str, data: str | bytes, told: str, *, file: str = FILE) -> Row:
    octets = data if isinstance(data, bytes) else data.encode()

    def write(world: World) -> None:
        path = world.tree / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)

    found = [one.split(" ") for one in told.split(", ")]
    return Row(name, write, tuple(f"{file}:{place}: error[{code}]" for place, code in found))


AUTHORITY = HEAD.replace("kind: Service", "kind: CertificateAuthority")
YAML = [
    yaml("a duplicate key", HEAD + "  template: vcc-admin\n", "6:3 PKI1015"),
    yaml("an alias", HEAD + "  uris: &a [x]\n  dnsNames: *a\n", "6:9 PKI1011, 7:13 PKI1011"),
    yaml("a list within itself", HEAD + "  uris: &a [*a]\n", "6:9 PKI1011, 6:13 PKI1011"),
    yaml(
        "a billion laughs",
        HEAD + "  a: &a [x]\n  b: &b [*a, *a]\n",
        "6:6 PKI1011, 7:6 PKI1011, 7:10 PKI1011, 7:14 PKI1011",
    ),
    yaml("a merge key", HEAD + "  <<: {suspend: false}\n", "6:3 PKI1012"),
    yaml("a tag", HEAD + "  duration: !!str 90d\n", "6:13 PKI1013"),
    yaml("a tag of Python", HEAD + "  uris: !!python/object:os.x {}\n", "6:9 PKI1013"),
    yaml("a truth value for text", HEAD + "  description: true\n", "6:16 PKI2103"),
    yaml("a number for text", HEAD + "  description: 12\n", "6:16 PKI2103"),
    yaml("NO for a truth value", HEAD + "  suspend: NO\n", "6:12 PKI2103"),
    yaml("012 for a duration", HEAD + "  duration: 012\n", "6:13 PKI2007"),
    yaml("1:30 for a duration", HEAD + "  duration: 1:30\n", "6:13 PKI2007"),
    yaml("a date for a duration", HEAD + "  duration: 2026-11-23\n", "6:13 PKI2007"),
    yaml("NUL", HEAD + "  description: a\0b\n", "6:17 PKI1005"),
    yaml("NUL by an escape", HEAD + '  description: "a\\0b"\n', "6:16 PKI1005"),
    yaml("a direction override", HEAD + "  description: a\u202eb\n", "6:17 PKI1005"),
    yaml("a direction override in a comment", HEAD + "# \u202eb\n", "6:3 PKI1005"),
    yaml("a zero-width character", HEAD + "  description: a\u200bb\n", "6:17 PKI1005"),
    yaml("a mebibyte and an octet", HEAD + "#" * (1024**2 + 1 - len(HEAD)), "1:1 PKI1304"),
    yaml("a depth of 33", HEAD + "  uris: " + "[" * 31, f"6:{9 + DEEPEST - 2} PKI1007"),
    yaml(
        "a hundred thousand entries",
        HEAD + "  uris: [" + "a," * 100_000 + "]\n",
        f"6:{10 + 2 * (MOST_VALUES - WITHIN)} PKI1008",
    ),
    yaml("a number of 5,000 digits", HEAD + f"  suspend: {'9' * 5000}\n", "6:12 PKI1017"),
    yaml("UTF-16", HEAD.encode("utf-16"), "1:1 PKI1003"),
    yaml("a byte order mark", b"\xef\xbb\xbf" + HEAD.encode(), "1:1 PKI1002"),
    yaml("no UTF-8", HEAD.encode() + b"  description: caf\xe9\n", "6:19 PKI1004"),
    yaml("two documents", HEAD + "---\n" + HEAD, "6:1 PKI1010"),
    yaml("a directive", "%YAML 1.1\n---\n" + HEAD, "1:1 PKI1014"),
    yaml("a tab for indentation", HEAD + "\tsuspend: true\n", "6:1 PKI1001"),
    yaml("nothing", "", "1:1 PKI1009"),
    yaml("an unknown field", HEAD + "  colour: blue\n", "6:3 PKI2101"),
    yaml("an unknown field of metadata", HEAD.replace("{name", "{tenant: x, name"), "3:12 PKI2101"),
    yaml("an unknown kind", HEAD.replace("Service", "Deployment"), "2:7 PKI2105"),
    yaml("an unknown version", HEAD.replace("/v1", "/v2"), "1:13 PKI2106"),
    yaml(
        "a CA among a tenant's services",
        "apiVersion: pki.vcc.local/v1\nkind: TrustBundle\nmetadata: {name: x}\n"
        "spec: {authorities: [vcc-root], formats: [pem]}\n",
        "2:7 PKI1104",
    ),
    yaml(
        "a tenant in the folder of another",
        "apiVersion: pki.vcc.local/v1\nkind: Tenant\nmetadata: {name: evil}\n"
        "spec: {organization: Evil, zone: evil.local}\n",
        "3:18 PKI1105",
        file="tenants/other/tenant.yaml",
    ),
]
"""What is told of one file; nothing is told of any other."""


# ------------------------------------------------------------------ trees

ONE_FILE, LINK, SUBMODULE, FOLDER = "100644", "120000", "160000", "40000"


def git(world: World, *arguments: str, data: bytes = b"") -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_AUTHOR_NAME": "Author",
        "GIT_AUTHOR_EMAIL": "author@vcc.local",
        "GIT_COMMITTER_NAME": "Author",
        "GIT_COMMITTER_EMAIL": "author@vcc.local",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    command = ["git", "-C", str(world.tree), *arguments]
    done = subprocess.run(command, env=environment, input=data, capture_output=True, check=True)
    return done.stdout.decode(errors="surrogateescape").strip()


def graft(world: World, *entries: tuple[str, bytes, bytes]) -> None:
    """Commit the tree with more entries at its root: mode, name and content. No work tree, no index
    and no checks of git's stand between.
    """
    lines = os.fsencode(git(world, "ls-tree", "-z", "HEAD"))
    for mode, name, content in entries:
        named = content.decode(errors="replace")
        if mode == FOLDER:
            blob = git(world, "hash-object", "-w", "--stdin", data=content)
            inside = f"100644 blob {blob}\tfile.yaml\0".encode()
            named = git(world, "mktree", "-z", data=inside)
        elif mode != SUBMODULE:
            named = git(world, "hash-object", "-w", "--stdin", data=content)
        kind = {FOLDER: "tree", SUBMODULE: "commit"}.get(mode, "blob")
        lines += f"{mode} {kind} {named}\t".encode() + name + b"\0"
    tree = git(world, "mktree", "-z", data=lines)
    commit = git(world, "commit-tree", tree, "-p", "HEAD", "-m", "A hostile tree")
    git(world, "update-ref", "refs/heads/main", commit)


def tree(name: str, *told: str, entries: Iterable[tuple[str, bytes, bytes]]) -> Row:
    found = [line.rpartition(" ") for line in told]
    given = tuple(entries)
    return Row(
        name,
        lambda world: graft(world, *given),
        tuple(f"{place}: error[{code}]" for place, _, code in found),
    )


def graft_message(world: World) -> None:
    message = "Rotate\n\n-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n"
    commit = git(world, "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", message)
    git(world, "update-ref", "refs/heads/main", commit)


def key_rows() -> list[Row]:
    key = ec.derive_private_key(0x1234567, ec.SECP256R1())
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return [
        tree("a private key", "x.txt:2:3 PKI6101", entries=[(ONE_FILE, b"x.txt", b"\n  " + pem)]),
        tree("a private key in DER", "x.bin:1:1 PKI6101", entries=[(ONE_FILE, b"x.bin", der)]),
        Row("a private key in a message", graft_message, ("commit: error[PKI6341]",)),
    ]


KEYS = key_rows()


TREES = [
    tree("a symbolic link", "x.yaml:1:1 PKI1301", entries=[(LINK, b"x.yaml", b"/etc/passwd")]),
    tree("a submodule", "x:1:1 PKI1302", entries=[(SUBMODULE, b"x", b"1" * 40)]),
    tree("a folder above", "../file.yaml:1:1 PKI1101", entries=[(FOLDER, b"..", b"a: b\n")]),
    tree(
        "two paths that differ in case",
        *("readme.md:1:1 PKI1102", "README.md:1:1 PKI1102"),
        entries=[(ONE_FILE, b"readme.md", b"")],
    ),
    tree(
        "two paths that differ in their form of Unicode",
        *("\u00e9:1:1 PKI1101", "e\u0301:1:1 PKI1101"),
        *("\u00e9:1:1 PKI1102", "e\u0301:1:1 PKI1102"),
        entries=[(ONE_FILE, "\u00e9".encode(), b""), (ONE_FILE, "e\u0301".encode(), b"")],
    ),
    tree(
        "a path that is no UTF-8",
        "caf\\xe9.yaml:1:1 PKI1303",
        entries=[(ONE_FILE, b"caf\xe9.yaml", b"")],
    ),
    tree("a line break", "a\\nb.yaml:1:1 PKI1303", entries=[(ONE_FILE, b"a\nb.yaml", b"")]),
]


# ------------------------------------------------------------------ CSRs

MINE = "pki:vcc/argus-backend"
FIXED = ec.derive_private_key(0xABCDEF, ec.SECP256R1())


def request(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    uri: str = MINE,
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(names, critical=False)
    return builder.sign(key, digest or hashes.SHA256()).public_bytes(Encoding.PEM)


def handed_in(world: World, octets: bytes, path: str = CSR) -> None:
    (world.tree / path).write_bytes(octets)


def csr(name: str, make: Callable[[], bytes], code: str) -> Row:
    return Row(name, lambda world: handed_in(world, make()), (f"{CSR}:1:1: error[{code}]",))


def tampered() -> bytes:
    der = bytearray(x509.load_pem_x509_csr(request(FIXED)).public_bytes(Encoding.DER))
    der[-1] ^= 1
    return x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM)


def with_a_password() -> bytes:
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(MINE)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, b"a secret")
    return builder.sign(FIXED, hashes.SHA256()).public_bytes(Encoding.PEM)


def of_close_primes() -> bytes:
    """The largest primes below 2^1536."""
    p, q = (2**1536 - k for k in (3453, 4977))
    d = pow(65537, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(65537, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
    return request(numbers.private_key())


def key_of_another(world: World) -> None:
    pem = (world.hosts / "vcc" / "clara-backend" / "default.key.pem").read_bytes()
    key = load_pem_private_key(pem, None)
    assert isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey))
    handed_in(world, request(key))
    world.write(f"{SERVICES}/clara-backend.yaml", touched(world, "clara-backend"))


def touched(world: World, service: str) -> str:
    return (world.tree / f"{SERVICES}/{service}.yaml").read_text() + "\n# and again\n"


CSRS = [
    csr("no CSR at all", lambda: b"not a CSR\n", "PKI4051"),
    csr("two at once", lambda: request(FIXED) * 2, "PKI4051"),
    csr("no PKCS#10", lambda: request(FIXED).replace(b"\nMI", b"\nMA", 1), "PKI4052"),
    csr("more than 16 KiB", lambda: request(FIXED) + b"\n" * 16_384, "PKI4050"),
    csr("made for another service", lambda: request(FIXED, "pki:vcc/x"), "PKI4055"),
    csr("made for another tenant", lambda: request(FIXED, "pki:partner/x"), "PKI4055"),
    csr("not signed by its own key", tampered, "PKI4054"),
    csr("RSA of 2,048 bits", lambda: request(rsa.generate_private_key(65537, 2048)), "PKI4053"),
    csr("RSA with exponent 3", lambda: request(rsa.generate_private_key(3, 3072)), "PKI4069"),
    csr("RSA of close primes", of_close_primes, "PKI4071"),
    csr("P-192", lambda: request(ec.derive_private_key(5, ec.SECP192R1())), "PKI4053"),
    csr("SHA-224", lambda: request(FIXED, digest=hashes.SHA224()), "PKI4074"),
    csr("a challenge password", with_a_password, "PKI4078"),
    Row(
        "the key of another service",
        key_of_another,
        (
            f"{ARGUS}:5:18: error[PKI4030]",
            f"{SERVICES}/clara-backend.yaml:5:18: error[PKI4030]",
        ),
    ),
]


# ------------------------------------------------------------------ what happens


def errors(outcome: Outcome) -> list[str]:
    refused = [
        str(problem)
        for refusal in outcome.observed.refused
        for problem in refusal.problems
        if problem.severity is Severity.ERROR
    ]
    return refused + [text for fault in outcome.observed.faults for text in fault.problems]


def place(line: str) -> str:
    """``file:line:column: error[code]``, and of a commit not which one."""
    return re.sub(r"^commit [0-9a-f]{12}:3:1", "commit", line.partition("] ")[0] + "]")


def went_on(world: World, before: Published, after: Published) -> None:
    """CRLs and answers of every CA that is online are newer, and good for a while."""
    for ca in ("vcc-services", "vcc-people", "vcc-signing", "vcc-time", "partner-services"):
        assert after.crl_number(ca) > before.crl_number(ca)
        next_update = after.crl(ca).next_update_utc
        assert next_update is not None
        assert next_update > world.clock.now()
    certificate = after.certificate("argus-backend")
    assert after.ocsp_states(certificate) == {"GOOD"}
    for answer in after.answers(certificate):
        assert answer.this_update_utc == world.clock.now()


def refused(world: World, row: Row) -> str:
    """Commit a row, let two days go by, and look at everything but the cure; the accepted head."""
    accepted = git(world, "rev-parse", "HEAD")
    before = Published.of(world)
    row.spoil(world)
    if git(world, "rev-parse", "HEAD") == accepted:
        world.commit("Hostile")
    outcome = world.reconcile(days=2)
    assert sorted({place(line) for line in errors(outcome)}) == sorted(row.told)
    whole = not slice_of(row.told[0].partition(":")[0])
    assert apply.exit_code(outcome) == (1 if whole else 3)
    assert (outcome.plans[-1].commit == accepted) == whole
    assert [fault.since for fault in outcome.observed.faults] == ([] if whole else [accepted])
    assert outcome.done.signed == 0
    went_on(world, before, Published.of(world))
    return accepted


def restored(world: World, accepted: str) -> str:
    """A further commit whose tree is the accepted one."""
    tree = git(world, "rev-parse", f"{accepted}^{{tree}}")
    commit = git(world, "commit-tree", tree, "-p", "HEAD", "-m", "Mended")
    git(world, "update-ref", "refs/heads/main", commit)
    git(world, "reset", "--quiet", "--hard")
    return commit


def sampled(rows: list[Row], *always: str) -> list[object]:
    """The rows as parameters, of which only some are run every time."""
    return [
        pytest.param(row, id=row.name, marks=() if row.name in always else pytest.mark.slow)
        for row in rows
    ]


@pytest.mark.parametrize(
    "row",
    [
        *sampled(YAML, "a duplicate key", "an unknown field"),
        *sampled(TREES, "a symbolic link", "two paths that differ in case"),
        *sampled(CSRS, "no CSR at all", "not signed by its own key"),
    ],
)
def test_a_hostile_commit_is_refused_and_the_next_one_heals(world: World, row: Row) -> None:
    accepted = refused(world, row)
    mended = restored(world, accepted)
    outcome = world.reconcile(minutes=1)
    assert (outcome.observed.accepted, outcome.observed.refused) == ((mended,), ())
    assert outcome.observed.faults == ()
    assert apply.exit_code(outcome) == 0
    assert outcome.done.signed == 0


@pytest.mark.parametrize("row", sampled(KEYS, "a private key"))
def test_a_private_key_is_refused_until_it_is_out_of_the_branch(world: World, row: Row) -> None:
    """Deleting the file leaves it to whoever clones; history that never was accepted may change."""
    accepted = refused(world, row)
    restored(world, accepted)
    outcome = world.reconcile(minutes=1)
    assert outcome.observed.accepted == ()
    assert {p.code for p in outcome.observed.refused[-1].problems} <= {"PKI6340", "PKI6341"}
    assert apply.exit_code(outcome) == 1
    git(world, "reset", "--quiet", "--hard", accepted)
    world.edit(ARGUS, "trustLevel: high", "trustLevel: medium")
    healed = world.commit()
    outcome = world.reconcile(minutes=1)
    assert outcome.observed.accepted == (healed,)
    assert outcome.observed.rewound is None
    assert apply.exit_code(outcome) == 0


# ------------------------------------------------------------------ keys


def key_of(world: World, tenant: str, service: str) -> ec.EllipticCurvePrivateKey:
    pem = (world.hosts / tenant / service / "default.key.pem").read_bytes()
    key = load_pem_private_key(pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def waiting(outcome: Outcome) -> list[tuple[str, str]]:
    return [(str(w.subject), w.reason) for w in outcome.plans[-1].waiting]


LOST = "its key was revoked as compromised; commit a CSR with a new key"


@pytest.mark.parametrize("gone", [False, True], ids=["current", "replaced since"])
def test_a_key_revoked_as_compromised_is_not_certified_for_another_service(
    world: World, gone: bool
) -> None:
    """Of its tenant, also when the service that had it has long had another."""
    lost = key_of(world, "vcc", "clara-backend")
    world.revoke("lost", "{tenant: vcc, service: clara-backend}", "keyCompromise")
    world.commit()
    world.reconcile(hours=1)
    if gone:
        world.new_key("vcc", "clara-backend")
        world.commit()
        assert world.reconcile(hours=1).done.signed == 1
    before = Published.of(world).certificate("argus-backend")
    handed_in(world, request(lost))
    world.commit()
    outcome = world.reconcile(hours=1)
    assert ("Certificate/vcc/argus-backend/default", LOST) in waiting(outcome)
    assert outcome.done.signed == 0
    assert Published.of(world).certificate("argus-backend") == before


def test_a_key_revoked_as_compromised_is_not_certified_for_another_tenant(world: World) -> None:
    lost = key_of(world, "vcc", "clara-backend")
    world.revoke("lost", "{tenant: vcc, service: clara-backend}", "keyCompromise")
    world.commit()
    world.reconcile(hours=1)
    path = "tenants/partner/csr/exchange.pem"
    handed_in(world, request(lost, "pki:partner/exchange"), path)
    world.commit()
    outcome = world.reconcile(hours=1)
    assert ("Certificate/partner/exchange/default", LOST) in waiting(outcome)
    assert outcome.done.signed == 0


def test_a_key_blocked_before_anybody_had_it_is_not_certified(world: World) -> None:
    """A revocation may name a key by its digest alone, e.g. of a list of known weak keys."""
    weak = ec.derive_private_key(0xDEBA, ec.SECP256R1())
    digest = hashlib.sha256(spki_der(weak.public_key())).hexdigest()
    world.revoke("weak", f'{{key: "{digest}"}}', "keyCompromise")
    world.commit()
    world.reconcile(hours=1)
    handed_in(world, request(weak))
    world.commit()
    outcome = world.reconcile(hours=1)
    assert [subject for subject, _ in waiting(outcome)] == ["Certificate/vcc/argus-backend/default"]
    assert outcome.done.signed == 0


@pytest.mark.parametrize("ca", ["vcc-services", "vcc-root"])
@pytest.mark.parametrize("revoked", [False, True], ids=["in use", "compromised"])
def test_no_ca_key_is_certified_for_a_service(world: World, ca: str, revoked: bool) -> None:
    """Its holder can prove to have it, and still: nobody could tell a leaf's signature from a CA's.

    The same of another tenant's service, and whether or not the key is known to be lost.
    """
    with world.reader() as reader:
        spki = next(a.spki for a in reader.authorities().values() if a.name == ca)
    key = world.keys.open(spki)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    if revoked:
        world.revoke("lost", f'{{key: "{spki}"}}', "keyCompromise")
        world.commit()
        world.reconcile(hours=1)
    before = Published.of(world).certificate("exchange", tenant="partner")
    path = "tenants/partner/csr/exchange.pem"
    handed_in(world, request(key, "pki:partner/exchange", hashes.SHA384()), path)
    world.commit()
    outcome = world.reconcile(hours=1)
    assert "Certificate/partner/exchange/default" in dict(waiting(outcome))
    assert Published.of(world).certificate("exchange", tenant="partner") == before


@pytest.mark.parametrize("whose", ["vcc", "partner"])
def test_a_key_that_another_service_has_is_not_certified(world: World, whose: str) -> None:
    """Of the same tenant or of another, though the commit touches nothing of the other's."""
    name = {"vcc": "clara-backend", "partner": "exchange"}[whose]
    handed_in(world, request(key_of(world, whose, name)))
    world.commit()
    outcome = world.reconcile(hours=1)
    reason = (
        f"its key belongs to Certificate/{whose}/{name}/default; commit a CSR with a key of its own"
    )
    assert waiting(outcome) == [("Certificate/vcc/argus-backend/default", reason)]
    assert outcome.done.signed == 0


def test_what_a_csr_asks_for_is_in_no_certificate(world: World) -> None:
    """A CA, another purpose, another name: only the key is taken from it."""
    before = Published.of(world).certificate("argus-backend")
    names = [x509.UniformResourceIdentifier(MINE), x509.DNSName("evil.example")]
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "evil.example")])
    )
    for extension in (
        x509.SubjectAlternativeName(names),
        x509.BasicConstraints(ca=True, path_length=None),
        x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
        x509.OCSPNoCheck(),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.7"), b"\5\0"),
    ):
        builder = builder.add_extension(extension, critical=True)
    made = builder.sign(FIXED, hashes.SHA256()).public_bytes(Encoding.PEM)
    handed_in(world, made)
    world.commit()
    assert world.reconcile(hours=1).done.signed == 1
    after = Published.of(world).certificate("argus-backend")
    assert after.public_key() == FIXED.public_key()
    assert after.subject == before.subject
    keyed = {x509.SubjectKeyIdentifier.oid}
    assert {e.oid: e.value for e in after.extensions if e.oid not in keyed} == {
        e.oid: e.value for e in before.extensions if e.oid not in keyed
    }


# ------------------------------------------------------------------ nothing is executed


def test_attributes_hooks_and_modules_of_a_tree_run_nothing(world: World) -> None:
    """Files that git obeys in a work tree are files without a meaning here."""
    canary = world.root / "canary"
    script = f"#!/bin/sh\ntouch {canary}\n"
    world.write(".gitattributes", "*.yaml filter=evil diff=evil merge=evil text eol=crlf ident\n")
    world.write(".gitconfig", f'[filter "evil"]\n\tsmudge = touch {canary}\n')
    world.write(
        ".gitmodules", f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch% {canary}"\n'
    )
    for path in (".githooks/post-checkout", ".lfsconfig", ".husky/reference-transaction"):
        world.write(path, script)
        (world.tree / path).chmod(0o755)
    (world.tree / ".git/hooks").mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction", "post-update"):
        hook = world.tree / ".git/hooks" / name
        hook.write_text(script)
    accepted = world.commit()
    for name in ("post-checkout", "reference-transaction", "post-update"):
        (world.tree / ".git/hooks" / name).chmod(0o755)
    outcome = world.reconcile(minutes=1)
    assert outcome.observed.accepted == (accepted,)
    assert apply.exit_code(outcome) == 0
    assert outcome.done.signed == 0
    assert not canary.exists()


# ------------------------------------------------------------------ serial numbers

SERIALS = 100_000
RANDOM_BITS = 159
"""Of the 160 bits that are 20 octets; the first is the sign, which is always 0."""


def test_serial_numbers_are_random_unique_and_of_twenty_octets() -> None:
    """As the product draws them, from the machine's own entropy: of each of the 159 bits that are
    not the sign, half are set, ± 1 % (six standard deviations).
    """
    cycle = cast("Cycle", SimpleNamespace(entropy=SystemEntropy()))
    serials = [_serial(cycle) for _ in range(SERIALS)]
    assert len(set(serials)) == SERIALS
    assert min(serials) > 0
    assert max(serials).bit_length() == RANDOM_BITS
    octets = b"".join(serial.to_bytes(20, "big") for serial in serials)
    shares = []
    for place in range(20):
        counted = Counter(octets[place::20])
        for bit in range(7, -1, -1):
            shares.append(sum(n for value, n in counted.items() if value >> bit & 1) / SERIALS)
    assert shares[0] == 0
    assert [share for share in shares[1:] if not 0.49 < share < 0.51] == []


def test_certificates_bear_such_serial_numbers(world: World) -> None:
    """Of all that was issued none is short, and none is there twice."""
    with world.reader() as reader:
        found = [c.serial for s in reader.subjects() for c in reader.certificates_of(s.identity)]
    assert len(found) == len(set(found)) > 10
    assert all(120 < serial.bit_length() <= RANDOM_BITS for serial in found)
