"""The kinds that govern issuance: each rule once kept and once broken, with its exact place."""

import pytest

from pki_schema.errors import Severity
from pki_schema.load.documents import decode

HEAD = "apiVersion: pki.vcc.local/v1\nkind: {kind}\nmetadata:\n  name: example\nspec:\n"
KEYS = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBDQZiIbqNvAsTgSUbfWQ5PZ2y6JOg2bDOyqbeBbxQgt",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHV4/SF6jctJb2PNa5YmFWtiKiTuvRdGlNQiQD/Q8YzG",
]
Faults = list[tuple[str, int, int]]


def faults(kind: str, spec: str, path: str = "a.yaml") -> Faults:
    """Codes with their lines and columns; the spec begins in line 6."""
    document = decode(path, "", (HEAD.format(kind=kind) + spec).encode())
    problems = [p for p in document.problems if p.severity is not Severity.NOTICE]
    return [(p.code, p.position.line, p.position.column) for p in problems]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("  constraints: {maxNames: 3}\n", []),
        ("  allowed: {nameTypes: [dns]}\n", []),
        ("  validations: [{expression: 'true', message: x}]\n", []),
        ("  selector: {tenants: [vcc]}\n", [("PKI2260", 6, 3)]),
        ("  constraints: {minDuration: 90d, maxDuration: 30d}\n", [("PKI2261", 6, 30)]),
        ("  constraints: {maxNames: 0}\n", [("PKI2261", 6, 27)]),
        ("  constraints: {maxNames: 3}\n  validationActions: []\n", [("PKI2262", 7, 22)]),
        ("  constraints: {maxNames: 3}\n  validationActions: [Deny, Warn]\n", [("PKI2262", 7, 22)]),
        (
            "  constraints: {maxNames: 3}\n"
            "  tests: [{name: a, given: {}, expect: Allow}, {name: b, given: {}, expect: Warn}]\n",
            [("PKI2263", 7, 77)],
        ),
        ("  validations: [{expression: '', message: x}]\n", [("PKI2028", 6, 30)]),
    ],
)
def test_a_policy(spec: str, expected: Faults) -> None:
    """It refuses something, and its tests can come out as they say."""
    assert faults("Policy", spec) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("  rules: [{from: [vcc/a], to: [partner/b]}]\n", []),
        ("  rules: []\n", []),
        ("  rules: [{from: [], to: [vcc/b]}]\n", [("PKI2265", 6, 18)]),
        ("  rules: [{from: [vcc/a], to: [b]}]\n", [("PKI2266", 6, 32)]),
        ("  rules: [{from: [vcc/a/b], to: [vcc/b]}]\n", [("PKI2022", 6, 19)]),
        ("  rules: [{from: [vcc/a], to: [vcc/b], operations: [Read]}]\n", [("PKI2023", 6, 53)]),
    ],
)
def test_a_communication_policy(spec: str, expected: Faults) -> None:
    """Outside every tenant a service is named with its tenant."""
    assert faults("CommunicationPolicy", spec, "communication/a.yaml") == expected


def test_in_a_tenants_folder_its_own_services_need_no_tenant() -> None:
    spec = "  rules: [{from: [a], to: [b]}]\n"
    assert faults("CommunicationPolicy", spec, "tenants/vcc/communication/a.yaml") == []


TSA = """\
  issuerRef: vcc-time
  template: vcc-tsa
  privateKey: {algorithm: P-384, usagePeriod: 365d}
  policy: 1.3.6.1.4.1.99999.1
"""


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("", []),
        ("  accuracy: {seconds: 1, millis: 999, micros: 1}\n", []),
        ("  accuracy: {}\n", [("PKI2270", 10, 13)]),
        ("  accuracy: {seconds: -1}\n", [("PKI2270", 10, 13)]),
        ("  accuracy: {millis: 1000}\n", [("PKI2270", 10, 13)]),
        ("  accuracy: {seconds: 61}\n", [("PKI2270", 10, 23)]),
        ("  digests: []\n", [("PKI2271", 10, 12)]),
        ("  digests: [sha1]\n", [("PKI2104", 10, 13)]),
        ("  documentTypes: [{name: a}, {name: a}]\n", [("PKI2272", 10, 37)]),
    ],
)
def test_a_timestamp_authority(spec: str, expected: Faults) -> None:
    """RFC 3161 section 2.4.2: millis and micros are below 1,000."""
    assert faults("TimestampAuthority", TSA + spec) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("  authorities: [a]\n", []),
        ("  authorities: [a]\n  formats: [spiffe]\n  trustDomain: vcc.local\n", []),
        ("  authorities: []\n", [("PKI2275", 6, 16)]),
        ("  authorities: [a, b, a]\n", [("PKI2275", 6, 23)]),
        ("  authorities: [a]\n  formats: []\n", [("PKI2275", 7, 12)]),
        ("  authorities: [a]\n  formats: [spiffe]\n", [("PKI2276", 7, 12)]),
        ("  authorities: [a]\n  trustDomain: vcc.local\n", [("PKI2276", 7, 16)]),
        ("  authorities: [a]\n  formats: [jks]\n", [("PKI2104", 7, 13)]),
    ],
)
def test_a_trust_bundle(spec: str, expected: Faults) -> None:
    assert faults("TrustBundle", spec) == expected


def holders(*keys: str) -> str:
    people = "".join(f"    - name: p{i}\n      sshKey: {key}\n" for i, key in enumerate(keys))
    return f"  principals:\n{people}"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("  role: pki_super_admin\n" + holders(KEYS[0]), []),
        ("  role: auditor\n  tenants: [vcc]\n" + holders(*KEYS), []),
        (
            "  role: service_account\n  tenants: [vcc]\n  services: [vcc/a]\n" + holders(KEYS[0]),
            [],
        ),
        ("  role: pki_super_admin\n  tenants: [vcc]\n" + holders(KEYS[0]), [("PKI2281", 7, 12)]),
        ("  role: auditor\n" + holders(KEYS[0]), [("PKI2281", 6, 9)]),
        ("  role: service_account\n  tenants: [vcc]\n" + holders(KEYS[0]), [("PKI2282", 6, 9)]),
        (
            "  role: auditor\n  tenants: [vcc]\n  services: [vcc/a]\n" + holders(KEYS[0]),
            [("PKI2282", 8, 13)],
        ),
        (
            "  role: service_account\n  tenants: [vcc]\n  services: [b/a]\n" + holders(KEYS[0]),
            [("PKI2283", 8, 14)],
        ),
        ("  role: auditor\n  tenants: [vcc]\n  principals: []\n", [("PKI2280", 8, 15)]),
        (
            "  role: auditor\n  tenants: [vcc]\n" + holders(KEYS[0], KEYS[0]),
            [("PKI2284", 12, 15)],
        ),
        (
            "  role: auditor\n  tenants: [vcc]\n" + holders(KEYS[0] + " ada@host"),
            [("PKI2025", 10, 15)],
        ),
        ("  role: auditor\n  tenants: [vcc]\n" + holders("ssh-rsa AAAA"), [("PKI2025", 10, 15)]),
        (
            "  role: auditor\n  tenants: [vcc]\n"
            + holders(KEYS[0].replace("ssh-ed25519 ", "ecdsa-sha2-nistp256 ")),
            [("PKI2025", 10, 15)],
        ),
    ],
)
def test_a_role_binding(spec: str, expected: Faults) -> None:
    """Who holds it, and where; a key says its own type."""
    assert faults("RoleBinding", spec) == expected


APPROVAL = f'  reviewHash: "{"3f" * 32}"\n  expires: 2026-11-25T12:00:00Z\n'


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("  signatures: [{principal: a, signature: U1NIU0lHAAAAAQ==}]\n", []),
        ("  signatures: []\n", [("PKI2285", 8, 15)]),
        (
            "  signatures:\n"
            "    - {principal: a, signature: U1NIU0lHAAAAAQ==}\n"
            "    - {principal: a, signature: U1NIU0lHAAAAAQ==}\n",
            [("PKI2285", 10, 19)],
        ),
        ("  signatures: [{principal: a, signature: AAAA}]\n", [("PKI2026", 8, 42)]),
    ],
)
def test_an_approval(spec: str, expected: Faults) -> None:
    """Who signs twice counts once."""
    assert faults("Approval", APPROVAL + spec) == expected


ONCE = "  mode: freeze\n  starts: 2026-12-23T00:00:00Z\n"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (ONCE + "  ends: 2026-12-24T00:00:00Z\n", []),
        (ONCE, [("PKI2290", 6, 3)]),
        (ONCE + "  ends: 2026-12-23T00:00:00Z\n", [("PKI2291", 8, 9)]),
        (
            ONCE + '  weekly: {days: [Sat], at: "22:00", duration: 6h}\n',
            [("PKI2290", 6, 3)],
        ),
        ('  mode: maintenance\n  weekly: {days: [], at: "22:00", duration: 6h}\n',
         [("PKI2292", 7, 18)]),
        ('  mode: maintenance\n  weekly: {days: [Sat], at: "22:00", duration: 7d}\n',
         [("PKI2292", 7, 48)]),
        ('  mode: maintenance\n  weekly: {days: [Sat], at: "24:00", duration: 7h}\n',
         [("PKI2027", 7, 29)]),
    ],
)  # fmt: skip
def test_a_change_window(spec: str, expected: Faults) -> None:
    """Once or every week, and it comes to an end."""
    assert faults("ChangeWindow", spec) == expected
