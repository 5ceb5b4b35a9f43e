"""One manifest: bytes to a declared object, or to every problem at once with its exact place."""

import subprocess
import sys
import time

import pytest

from pki_schema.desired import Identity
from pki_schema.errors import Severity
from pki_schema.fields import Duration
from pki_schema.kinds import DECLARED_ONLY, SPECS, ServiceSpec
from pki_schema.load.documents import Document, decode

PATH = "desired-state/tenants/vcc/services/clara.yaml"
HEAD = "apiVersion: pki.vcc.local/v1\nkind: {kind}\nmetadata:\n  name: example\nspec:\n"

SERVICE = """\
apiVersion: pki.vcc.local/v1
kind: Service
metadata:
  name: clara
  labels:
    team: justice
spec:
  template: vcc-service
  dnsNames:
    - clara.vcc.local
  endpoints: [https://clara.vcc.local:8002]
  trustLevel: high
  duration: 90d
"""

SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBDQZiIbqNvAsTgSUbfWQ5PZ2y6JOg2bDOyqbeBbxQgt"

GOOD = {
    "CertificateAuthority": """\
  subject: [{C: DE}, {O: VCC}, {CN: VCC Root CA G1}]
  privateKey: {algorithm: P-384}
  duration: 7305d
  issuesFor: 5479d
  baseURLs: [http://pki.vcc.internal]
  crl: {validity: 365d, refresh: 180d}
  offline: true
""",
    "CertificateTemplate": """\
  issuers: [vcc-services]
  subject: [{O: "${organization}"}, {CN: "${service_name}.${zone}"}]
  names: {dnsNames: ["${service_name}.${zone}"]}
  nameTypes: [dns, uri]
  usages: [digital signature, server auth]
  duration: 90d
  maxDuration: 365d
  renewBefore: 30d
""",
    "Tenant": """\
  organization: VCC
  zone: vcc.local
  dnsSuffixes: [vcc.internal]
  certificateAuthorities: [vcc-services]
  limits: {revocations: 3}
""",
    "Service": "  template: vcc-service\n",
    "Revocation": "  target: {ca: vcc-services, serial: '0a:1B'}\n  reason: keyCompromise\n",
    "Publication": "  baseURLs: [http://pki.vcc.internal]\n  retention: P30D\n",
    "Policy": "  constraints: {maxDuration: 90d}\n",
    "CommunicationPolicy": "  rules: [{from: [vcc/argus], to: [partner/exchange]}]\n",
    "TimestampAuthority": """\
  issuerRef: vcc-time
  template: vcc-tsa
  privateKey: {algorithm: P-384, usagePeriod: 365d}
  policy: 1.3.6.1.4.1.32473.3.1
  accuracy: {millis: 500}
""",
    "TrustBundle": """\
  authorities: [vcc-root]
  formats: [pem, spiffe]
  trustDomain: vcc.local
""",
    "RoleBinding": f"""\
  role: cert_manager
  tenants: [vcc]
  principals: [{{name: ada, sshKey: {SSH_KEY}}}]
""",
    "Approval": f"""\
  reviewHash: "{"3f" * 32}"
  tenant: vcc
  expires: 2026-11-25T12:00:00Z
  signatures: [{{principal: ada, signature: U1NIU0lHAAAAAQ==}}]
""",
    "ChangeWindow": '  mode: freeze\n  weekly: {days: [Sat], at: "22:00", duration: 6h}\n',
}


def manifest(kind: str, spec: str) -> Document:
    return decode(PATH, "b10b", (HEAD.format(kind=kind) + spec).encode())


def told(document: Document) -> list[str]:
    return [str(problem).removeprefix(f"{PATH}:") for problem in document.problems]


def test_a_document_knows_what_where_and_of_which_bytes() -> None:
    """The identity's tenant comes from the path below the root of the desired state."""
    path = "tenants/vcc/services/clara.yaml"
    declared = decode(path, "b10b", SERVICE.encode()).declared
    assert declared is not None
    assert (declared.identity, declared.blob) == (Identity("Service", "vcc", "clara"), "b10b")
    assert str(declared.position) == f"{path}:1:1"
    assert str(declared.positions["spec", "dnsNames", 0]) == f"{path}:10:7"


def test_scalars_are_decoded_by_meaning() -> None:
    declared = decode(PATH, "", SERVICE.replace("90d", "2160h").encode()).declared
    assert declared is not None
    assert isinstance(declared.spec, ServiceSpec)
    assert declared.spec.duration == Duration.parse("P90D")


def test_the_line_in_the_design() -> None:
    """Editors, CI annotations and people rely on this form, character by character."""
    document = decode(PATH, "", SERVICE.replace("90d", "90days").encode())
    assert [str(problem) for problem in document.problems] == [
        "desired-state/tenants/vcc/services/clara.yaml:13:13: error[PKI2007] "
        'duration "90days" is not a duration; write 90d'
    ]
    assert document.declared is None


@pytest.mark.parametrize("kind", SPECS)
def test_a_good_example_of_each_kind(kind: str) -> None:
    document = manifest(kind, GOOD[kind])
    assert [p for p in document.problems if p.severity is not Severity.NOTICE] == []
    assert document.declared is not None
    assert isinstance(document.declared.spec, SPECS[kind])


@pytest.mark.parametrize("kind", sorted(DECLARED_ONLY))
def test_kinds_without_effect_are_recognised_and_say_so(kind: str) -> None:
    """An author must not believe that a policy is enforced because nobody complained."""
    document = manifest(kind, GOOD[kind])
    (problem,) = document.problems
    assert (problem.code, problem.severity) == ("PKI2107", Severity.NOTICE)
    assert (problem.position.line, problem.position.column) == (2, 7)


@pytest.mark.parametrize("kind", SPECS)
def test_no_kind_takes_a_field_it_does_not_know(kind: str) -> None:
    document = manifest(kind, GOOD[kind] + "  anything: goes\n")
    assert [p.code for p in document.problems] == ["PKI2101"]


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        (
            "Service",
            "  template: vcc-service\n  dnsName: [a.vcc.local]\n",
            ['7:3: error[PKI2101] unknown field "dnsName"; did you mean "dnsNames"?'],
        ),
        (
            "CertificateAuthority",
            "  subject: [{CN: X}]\n",
            [
                f'6:3: error[PKI2102] spec lacks the field "{name}"'
                for name in ("baseURLs", "duration", "issuesFor", "privateKey")
            ],
        ),
        (
            "CertificateAuthority",
            GOOD["CertificateAuthority"].replace("{algorithm: P-384}", "{}"),
            ['7:15: error[PKI2102] privateKey lacks the field "algorithm"'],
        ),
        (
            "CertificateAuthority",
            GOOD["CertificateAuthority"] + "  generation: two\n  pathLength: '1'\n",
            [
                '13:15: error[PKI2103] generation must be a whole number, not "two"; '
                "write plain decimal digits, unquoted",
                '14:15: error[PKI2103] pathLength must be a whole number, not "1"; '
                "write plain decimal digits, unquoted",
            ],
        ),
        (
            "Service",
            "  template: 123\n",
            ['6:13: error[PKI2103] template must be text, not the number 123; quote it: "123"'],
        ),
        (
            "Service",
            "  template: true\n",
            ['6:13: error[PKI2103] template must be text, not true; quote it: "true"'],
        ),
        (
            "Service",
            "  template: a\n  duration: 90\n",
            ["7:13: error[PKI2103] duration must be text, not the number 90; write 90d"],
        ),
        (
            "Service",
            "  template: a\n  suspend: yes\n",
            ['7:12: error[PKI2103] suspend must be true or false, not "yes"; write true'],
        ),
        (
            "Service",
            "  template: a\n  dnsNames: a.vcc.local\n",
            [
                '7:13: error[PKI2103] dnsNames must be a list, not "a.vcc.local"; '
                "write it as a list: [a.vcc.local]"
            ],
        ),
        (
            "Service",
            "  template: a\n  dnsNames:\n  uris: [1, {a: b}]\n",
            [
                "7:12: error[PKI2103] dnsNames must be a list, not nothing; "
                "write a value, or leave the field out",
                "8:10: error[PKI2103] uris[0] must be text, not the number 1",
                "8:13: error[PKI2103] uris[1] must be text, not a mapping",
            ],
        ),
        (
            "Service",
            "  template: a\n  trustLevel: hihg\n  keyOrigin: 7\n",
            [
                '7:15: error[PKI2104] trustLevel cannot be "hihg"; did you mean "high"?',
                "8:14: error[PKI2104] keyOrigin cannot be the number 7; "
                "use one of: csr, enrolled, sealed",
            ],
        ),
        (
            "Service",
            "  template: a\n  parameters: {count: 3, name: Clara}\n",
            ['7:23: error[PKI2103] count must be text, not the number 3; quote it: "3"'],
        ),
        (
            "Service",
            "  template: a\n  description: >\n    folded\n    text\n",
            [
                '7:16: error[PKI2001] "folded text\\n" is not one line of text; '
                "write it on one line; a folded block needs >- instead of >"
            ],
        ),
        (
            "Tenant",
            "  organization: VCC\n  zone: VCC.local\n  ipRanges: [10.0.0.1/8]\n",
            [
                '7:9: error[PKI2010] DNS name "VCC.local" has the label "VCC", which is not '
                "letters, digits and inner hyphens; write a fully qualified name in lower case, "
                "e.g. argus-backend.vcc.local",
                '8:14: error[PKI2014] "10.0.0.1/8" is not a network; write e.g. 172.21.0.0/16',
            ],
        ),
        (
            "Revocation",
            "  target: {ca: a, serial: 0x1F}\n  reason: keyCompromised\n",
            [
                '6:27: error[PKI2019] "0x1F" is not a serial number; quote it, in hexadecimal',
                '7:11: error[PKI2104] reason cannot be "keyCompromised"; '
                'did you mean "keyCompromise"?',
            ],
        ),
        (
            "Publication",
            "  baseURLs: [https://pki.vcc.internal]\n  retention: 1 month\n",
            [
                '6:14: error[PKI2013] base URL "https://pki.vcc.internal" is not plain http; '
                "write e.g. http://pki.vcc.internal",
                '7:14: error[PKI2007] duration "1 month" is not a duration; '
                "months and years have no fixed length; write 30d",
            ],
        ),
        (
            "CertificateTemplate",
            "  nameTypes: [dns, dsn]\n"
            "  names: {dnsName: []}\n"
            "  privateKey: {algorithms: [P-385]}\n",
            [
                '6:20: error[PKI2104] nameTypes[1] cannot be "dsn"; did you mean "dns"?',
                '7:11: error[PKI2101] unknown field "dnsName"; did you mean "dnsNames"?',
                '8:29: error[PKI2018] "P-385" is not a key algorithm; use one of: ',
            ],
        ),
    ],
)
def test_a_bad_example_says_what_to_write(kind: str, spec: str, expected: list[str]) -> None:
    """Place, code, offending text and cure; every kind has its row."""
    found = told(manifest(kind, spec))
    assert len(found) == len(expected)
    assert [text.startswith(start) for text, start in zip(found, expected, strict=True)] == [
        True for _ in expected
    ], found


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("[a]\n", ["1:1: error[PKI2103] the document must be a mapping, not a list"]),
        ("text\n", ['1:1: error[PKI2103] the document must be a mapping, not "text"']),
        (
            "kind: Servcie\n",
            [
                '1:1: error[PKI2102] the document lacks the field "apiVersion"',
                '1:1: error[PKI2102] the document lacks the field "metadata"',
                '1:1: error[PKI2102] the document lacks the field "spec"',
                '1:7: error[PKI2105] "Servcie" is not a kind; did you mean "Service"?',
            ],
        ),
        (
            SERVICE.replace("pki.vcc.local/v1", "cert-manager.io/v1"),
            [
                '1:13: error[PKI2106] apiVersion "cert-manager.io/v1" is not known; '
                "write pki.vcc.local/v1"
            ],
        ),
        (
            SERVICE.replace("kind: Service", "kind: Deployment"),
            [
                '2:7: error[PKI2105] "Deployment" is not a kind; use one of: CertificateAuthority, '
                "CertificateTemplate, Tenant, Service, Revocation, Publication, Policy, "
                "CommunicationPolicy, TimestampAuthority, "
                "TrustBundle, RoleBinding, Approval, ChangeWindow"
            ],
        ),
        (
            SERVICE.replace("name: clara", "name: Clara_1").replace("team: justice", "team: 1"),
            [
                '4:9: error[PKI2002] "Clara_1" is not a name; use 1 to 63 lower-case letters, '
                "digits and hyphens, e.g. argus-backend",
                '6:11: error[PKI2103] team must be text, not the number 1; quote it: "1"',
            ],
        ),
        (
            SERVICE + "status: {}\n",
            [
                '14:1: error[PKI2101] unknown field "status"; '
                "use one of: apiVersion, kind, metadata, spec"
            ],
        ),
    ],
)
def test_a_bad_envelope(data: str, expected: list[str]) -> None:
    """What stands around the spec is judged in the same words."""
    assert told(decode(PATH, "", data.encode())) == expected


def test_all_problems_at_once_in_reading_order() -> None:
    """Who mends all that was told is done: envelope, fields, types and scalars together."""
    data = (
        SERVICE.replace("/v1", "/v2")
        .replace("name: clara", "name: 7")
        .replace("vcc-service", "VCC")
        .replace("clara.vcc.local\n", "*.vcc.local\n".replace("*", "'*"), 1)
        .replace(".local\n  endpoints", ".local'\n  endpoint")
        .replace("high", "top")
        .replace("90d", "3 months")
    )
    document = decode(PATH, "", data.encode())
    assert [(p.code, p.position.line, p.position.column) for p in document.problems] == [
        ("PKI2106", 1, 13),
        ("PKI2103", 4, 9),
        ("PKI2002", 8, 13),
        ("PKI2010", 10, 7),
        ("PKI2101", 11, 3),
        ("PKI2104", 12, 15),
        ("PKI2007", 13, 13),
    ]


def test_who_makes_thousands_of_mistakes_hears_of_a_hundred() -> None:
    document = manifest("Service", "  template: a\n  dnsNames: [" + "A.b, " * 5000 + "]\n")
    assert len(document.problems) == 101
    assert [p.code for p in document.problems if p.severity is Severity.NOTICE] == ["PKI2108"]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("  template: a\n  duration: " + "1d" * 500_000, id="a long duration"),
        pytest.param("  template: a\n  uris: ['http://" + "a" * 900_000 + "']", id="a long URI"),
        pytest.param(
            "  template: a\n  dnsNames: [" + "a.b, " * 9_900 + "A]", id="one fault among many names"
        ),
        pytest.param("".join(f"  k{i}: 1\n" for i in range(4_900)), id="unknown fields"),
    ],
)
def test_no_bad_file_costs_a_second(spec: str) -> None:
    """Well-formed YAML too; in processor time, and with every problem explained."""
    manifest("Service", "  x: 1\n")  # the validator is built once per process
    began = time.process_time()
    document = manifest("Service", spec)
    assert (document.declared, time.process_time() - began < 1) == (None, True)


def test_no_parser_sees_an_endless_scalar() -> None:
    (problem,) = manifest("Service", "  template: a\n  duration: " + "1s" * 257).problems
    assert (problem.code, "more than 512 characters" in problem.message) == ("PKI2007", True)


def test_a_good_document_never_loads_the_schema_validator() -> None:
    """A hundred thousand good files, and ``--help``, must not pay for explaining bad ones."""
    script = (
        "import sys\n"
        "from pki_schema.load.documents import decode\n"
        f"assert decode('a.yaml', '', {SERVICE.encode()!r}).problems == ()\n"
        "sys.exit('jsonschema' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
