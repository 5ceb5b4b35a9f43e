"""What a spec says against itself: each rule once kept and once broken, with its exact place."""

import base64
from typing import get_args

import pytest

from pki_schema.kinds.revocation import Reason
from pki_schema.load.documents import decode

HEAD = "apiVersion: pki.vcc.local/v1\nkind: {kind}\nmetadata:\n  name: example\nspec:\n"
AUTHORITY = """\
  subject: [{C: DE}, {CN: VCC Root CA G1}]
  privateKey: {algorithm: P-384}
  duration: 365d
  issuesFor: 90d
  baseURLs: [http://pki.vcc.internal]
"""
KEY = "ab" * 32


def faults(kind: str, spec: str) -> list[tuple[str, int, int]]:
    document = decode("a.yaml", "", (HEAD.format(kind=kind) + spec).encode())
    assert document.declared is not None, document.problems
    return [(p.code, p.position.line, p.position.column) for p in document.problems]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("  template: a\n", []),
        ("  certificates: [{template: a}]\n", []),
        ("  certificates: [{template: a}, {name: b, template: a}]\n  suspend: true\n", []),
        ("  certificates: []\n  template: a\n", []),
        ("  suspend: true\n", [("PKI2201", 6, 3)]),
        ("  {}\n", [("PKI2201", 6, 3)]),
        ("  certificates: []\n", [("PKI2201", 6, 3)]),
        ("  certificates: [{template: a}]\n  template: b\n", [("PKI2202", 7, 13)]),
        (
            "  certificates: [{template: a}]\n  dnsNames: []\n  keyOrigin: csr\n",
            [("PKI2202", 7, 13), ("PKI2202", 8, 14)],
        ),
        (
            "  certificates:\n  - {name: a, template: a}\n  - {name: a, template: b}\n",
            [("PKI2203", 8, 12)],
        ),
        ("  certificates:\n  - {template: a}\n  - {template: b}\n", [("PKI2203", 8, 5)]),
        (
            "  certificates:\n  - {template: a}\n  - {name: default, template: b}\n",
            [("PKI2203", 8, 12)],
        ),
    ],
)
def test_a_service_has_one_form_and_distinct_names(
    spec: str, expected: list[tuple[str, int, int]]
) -> None:
    """Short form or list, exactly one; even a default value beside the list would say nothing."""
    assert faults("Service", spec) == expected


@pytest.mark.parametrize(
    "target",
    [
        "ca: a, serial: 0a",
        "tenant: a, service: b",
        "tenant: a, service: b, certificate: c",
        "authority: a",
        "template: a",
        f"key: {KEY}",
    ],
)
def test_the_ways_to_name_what_is_revoked(target: str) -> None:
    assert faults("Revocation", f"  target: {{{target}}}\n  reason: superseded\n") == []


@pytest.mark.parametrize(
    "target",
    [
        "",
        "ca: a",
        "serial: 0a",
        "tenant: a",
        "service: b",
        "service: b, certificate: c",
        "ca: a, serial: 0a, template: t",
        "authority: a, template: t",
        f"authority: a, key: {KEY}",
        "ca: a, serial: 0a, tenant: a, service: b",
    ],
)
def test_half_or_two_targets_are_none(target: str) -> None:
    """What is revoked is irreversible, so it must not depend on which field somebody read first."""
    spec = f"  target: {{{target}}}\n  reason: superseded\n"
    assert faults("Revocation", spec) == [("PKI2210", 6, 11)]


def test_only_a_ca_suffers_ca_compromise() -> None:
    """RFC 5280 section 5.3.1: cACompromise is about the key of a CA, and it is its own."""
    spec = "  target: {{{}}}\n  reason: cACompromise\n"
    assert faults("Revocation", spec.format("authority: a")) == []
    assert faults("Revocation", spec.format("template: a")) == [("PKI2211", 7, 11)]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("", []),
        ("  pathLength: 0\n  generation: 2\n", []),
        ("  ocsp: {mode: presigned, template: vcc-ocsp}\n", []),
        ("  offline: true\n", []),
        ("  generation: 0\n", [("PKI2220", 11, 15)]),
        ("  pathLength: -1\n", [("PKI2221", 11, 15)]),
        ("  crl: {validity: 1d, refresh: 24h}\n", [("PKI2223", 11, 32)]),
        ("  crl: {validity: 1d}\n", [("PKI2223", 11, 8)]),
        ("  crl: {numberFloor: -1}\n", [("PKI2224", 11, 22)]),
        ("  ocsp: {mode: signed}\n", [("PKI2225", 11, 16)]),
        ("  ocsp: {mode: live}\n", [("PKI2226", 11, 9), ("PKI2109", 11, 16)]),
        ("  ocsp: {mode: live, template: vcc-ocsp}\n", [("PKI2109", 11, 16)]),
        ("  crl: {validity: 7d, overlap: 6d}\n", []),
        ("  crl: {validity: 7d, overlap: 7d}\n", [("PKI2223", 11, 32)]),
        ("  crl: {refresh: 1d, overlap: 6d}\n", [("PKI2229", 11, 31)]),
        ("  crl: {shards: 1, delta: false}\n", []),
        ("  crl: {shards: 16}\n", [("PKI2109", 11, 17)]),
        ("  crl: {shards: 0}\n", [("PKI2239", 11, 17)]),
        ("  crl: {shards: 1025}\n", [("PKI2239", 11, 17), ("PKI2109", 11, 17)]),
        ("  crl: {delta: true}\n", [("PKI2109", 11, 16)]),
        ("  signatureAlgorithm: ECDSA-SHA384\n", []),
        ("  signatureAlgorithm: ECDSA-SHA512\n", [("PKI2109", 11, 23)]),
        ("  signatureAlgorithm: RSA-SHA256\n", [("PKI2207", 11, 23), ("PKI2109", 11, 23)]),
        ("  crossSigns: [partner-root]\n", [("PKI2109", 11, 15)]),
        ("  crossSigns: [b, b]\n", [("PKI2208", 11, 19), ("PKI2109", 11, 15)]),
        ("  ocsp: {mode: presigned}\n", [("PKI2226", 11, 9)]),
        ("  ocsp: {mode: presigned, template: a}\n  offline: true\n", [("PKI2227", 11, 16)]),
        ("  ocsp: {validity: 2d}\n", [("PKI2228", 11, 9)]),
        ("  ocsp: {validity: 1d, refreshAt: 1d}\n", [("PKI2228", 11, 35)]),
    ],
)
def test_a_certificate_authority(spec: str, expected: list[tuple[str, int, int]]) -> None:
    """Numbers in range, every refresh before the end, answers only from who can give them.

    Where the offending field has its default, the mapping around it is the place.
    """
    assert faults("CertificateAuthority", AUTHORITY + spec) == expected


@pytest.mark.parametrize("issues_for", ["365d", "8760h", "366d"])
def test_a_ca_outlives_what_it_issues(issues_for: str) -> None:
    spec = AUTHORITY.replace("90d", issues_for)
    assert faults("CertificateAuthority", spec) == [("PKI2222", 9, 14)]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("[{C: DE}, {ST: Brandenburg}, {L: Potsdam}, {DC: vcc}, {serialNumber: '1'}]", []),
        ("[{CN: a, O: b}]", [("PKI2030", 6, 13)]),
        ("[{}]", [("PKI2030", 6, 13)]),
        ("[{cn: a}]", [("PKI2031", 6, 18)]),
        ("[{CommonName: a}]", [("PKI2031", 6, 26)]),
        ("[{C: de}]", [("PKI2033", 6, 17)]),
        ("[{C: DEU}]", [("PKI2033", 6, 17)]),
        ("[{C: NO}]", []),
    ],
)
def test_a_subject_is_a_list_of_single_known_attributes(
    subject: str, expected: list[tuple[str, int, int]]
) -> None:
    """Norway included, which YAML 1.1 took for "false"."""
    spec = AUTHORITY.replace("[{C: DE}, {CN: VCC Root CA G1}]", subject)
    assert faults("CertificateAuthority", spec) == expected
    assert faults("CertificateTemplate", f"  subject: {subject}\n") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("${service_name}.${zone}", []),
        ("plain.vcc.local", []),
        ("cost-$5", []),
        ("$${literal", []),
        ("${service_name", ["PKI2230"]),
        ("${a${b}}", ["PKI2230"]),
        ("${}", ["PKI2231"]),
        ("${service-name}", ["PKI2231"]),
        ("${Zone}", ["PKI2231"]),
        ("${ zone }", ["PKI2231"]),
        ("${zone:-x}", ["PKI2231"]),
    ],
)
def test_the_grammar_of_variables(name: str, expected: list[str]) -> None:
    """``${name}`` and nothing cleverer; whether there is such a variable is asked later."""
    names = f"  names: {{dnsNames: ['{name}']}}\n"
    subject = f"  subject: [{{CN: '{name}'}}]\n"
    assert faults("CertificateTemplate", names) == [(code, 6, 22) for code in expected]
    assert faults("CertificateTemplate", subject) == [(code, 6, 18) for code in expected]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("  duration: 90d\n  maxDuration: 90d\n  renewBefore: 89d\n", []),
        ("  renewBefore: 90d\n  maxDuration: 30d\n", []),
        ("  duration: 90d\n  maxDuration: 30d\n", [("PKI2232", 6, 13)]),
        ("  duration: 90d\n  renewBefore: 2160h\n", [("PKI2233", 7, 16)]),
        ("  parameters: [model_name, model-name]\n", [("PKI2231", 6, 28)]),
        ('  literalSubject: "CN=${service_name},O=VCC\\\\, Potsdam,C=DE"\n', []),
        ('  literalSubject: "CN:x"\n', [("PKI2038", 6, 19)]),
        ('  literalSubject: "CN=x+O=y"\n', [("PKI2030", 6, 19)]),
        ('  literalSubject: "CN=x,1.2.3.4=y"\n', [("PKI2031", 6, 19)]),
        ('  literalSubject: "CN=x,OU=#0c0161"\n', [("PKI2038", 6, 19)]),
        ("  literalSubject: CN=x,C=de\n", [("PKI2033", 6, 19)]),
        ("  subject: [{CN: x}]\n  literalSubject: CN=x\n", [("PKI2234", 7, 19)]),
        ("  privateKey: {maxAge: 90d}\n  duration: 90d\n", [("PKI2109", 6, 24)]),
        (
            "  privateKey: {maxAge: 89d}\n  duration: 90d\n",
            [("PKI2209", 6, 24), ("PKI2109", 6, 24)],
        ),
    ],
)
def test_a_template(spec: str, expected: list[tuple[str, int, int]]) -> None:
    """Durations are compared where both stand here; what is inherited is compared later."""
    assert faults("CertificateTemplate", spec) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("  limits: {revocations: 0}\n", []),
        ("  limits: {revocations: -1}\n", [("PKI2240", 8, 25)]),
        ("  quotas: {certificates: -1}\n", [("PKI2240", 8, 26)]),
    ],
)
def test_a_tenant(spec: str, expected: list[tuple[str, int, int]]) -> None:
    assert faults("Tenant", "  organization: VCC\n  zone: vcc.local\n" + spec) == expected


def test_a_publication_can_be_found() -> None:
    assert faults("Publication", "  baseURLs: []\n") == [("PKI2250", 6, 13)]


def test_what_readers_were_just_pointed_to_stays_for_an_hour() -> None:
    spec = "  baseURLs: [http://pki.vcc.internal]\n  retention: {}\n"
    assert faults("Publication", spec.format("59m")) == [("PKI2251", 7, 14)]
    assert faults("Publication", spec.format("1h")) == []


def hold_faults(reason: str, state: str, target: str = "{tenant: vcc, service: api}") -> list[str]:
    """Which codes a Revocation gets."""
    spec = f"  target: {target}\n  reason: {reason}\n  state: {state}\n"
    return [code for code, _, _ in faults("Revocation", spec)]


def test_state_and_reason_go_together() -> None:
    """RFC 5280 section 5.3.1: certificateHold may be taken back, and nothing else may."""
    for reason in get_args(Reason):
        hold = reason == "certificateHold"
        target = "{authority: ca}" if reason == "cACompromise" else "{template: t}"
        held = [] if hold else ["PKI2212"]
        assert hold_faults(reason, "revoked", target) == (["PKI2212"] if hold else [])
        if reason != "cACompromise":
            assert hold_faults(reason, "held") == hold_faults(reason, "released") == held


def test_a_hold_without_a_state_is_refused() -> None:
    """It would be for ever, which certificateHold does not say."""
    spec = "  target: {template: t}\n  reason: certificateHold\n"
    assert [code for code, _, _ in faults("Revocation", spec)] == ["PKI2212"]


@pytest.mark.parametrize("state", ["held", "released"])
def test_a_ca_is_not_put_on_hold(state: str) -> None:
    assert hold_faults("certificateHold", state, "{authority: issuing}") == ["PKI2213"]


STAPLE = "{oid: 1.3.6.1.5.5.7.1.24, value: MAMCAQU=}"


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        (f"[{STAPLE}]", []),
        ("[{oid: 1.2.3.4, critical: true, value: BQA=}]", []),
        (f"[{STAPLE}, {STAPLE}]", [("PKI2236", 6, 71)]),
        *(
            (f"[{{oid: {oid}, value: BQA=}}]", [("PKI2235", 6, 27)])
            for oid in (
                *("2.5.29.19", "2.5.29.17", "2.5.29.54", "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.11"),
                *("1.3.6.1.5.5.7.48.1.5", "1.3.6.1.4.1.11129.2.4.3", "1.3.6.1.4.1.311.25.2"),
            )
        ),
        *(
            (f"[{{oid: 1.2.3.4, value: '{value}'}}]", [("PKI2237", 6, 43)])
            for value in (
                *("", "BQA", "BQA=\\n", " BQA=", "BQ==", "BQAA", "MAMCAQ==", "MAMCAgU=", "HwEA"),
                *("BYEBAA==", "MIADAgEFAAA=", "gAAAAAA="),
            )
        ),
    ],
)
def test_an_extension_of_a_templates_own(
    extensions: str, expected: list[tuple[str, int, int]]
) -> None:
    """Nothing that other fields make, and a value that is one element of DER: not cut off, nothing
    behind it, lengths in their shortest form, elements inside.
    """
    assert faults("CertificateTemplate", f"  extraExtensions: {extensions}\n") == expected


def test_an_extension_has_a_largest_size() -> None:
    def told(size: int) -> list[str]:
        value = base64.b64encode(b"\4\x82" + size.to_bytes(2, "big") + bytes(size)).decode()
        spec = f"  extraExtensions: [{{oid: 1.2.3.4, value: {value}}}]\n"
        return [code for code, *_ in faults("CertificateTemplate", spec)]

    assert told(4_092) == []
    assert told(4_093) == ["PKI2237"]


@pytest.mark.parametrize(
    ("oid", "expected"),
    [
        ("1.3.6.1.4.1.99999.1", []),
        ("1.3.6.1.4.1.311.20.2.3", [("PKI2238", 6, 30)]),
        ("1.3.6.1.5.5.7.8.9", [("PKI2238", 6, 30)]),
        ("1.3.6.1.5.2.2", [("PKI2238", 6, 30)]),
    ],
)
def test_other_names_are_not_names_that_have_a_field(
    oid: str, expected: list[tuple[str, int, int]]
) -> None:
    spec = f"  names: {{otherNames: [{{oid: {oid}, utf8Value: a@vcc.local}}]}}\n"
    assert faults("CertificateTemplate", spec) == expected
