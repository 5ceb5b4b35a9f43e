"""What one tenant declares reaches nothing of another: every kind, in both directions.

What a tenant declares is what stands in its folder. Each row puts an object there that reaches for
something of the other tenant. It is refused at its place; or it is passed over because no object of
its kind counts there, and then the whole tree means what it meant before.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki_schema.errors import Severity
from pki_schema.fields import DnsName, EmailAddress
from pki_schema.kinds import SPECS, TenantSpec
from pki_schema.load import load
from pki_schema.load.belonging import foreign
from pki_schema.load.tree import GLOBAL_FOLDERS

ROOT = Path(__file__).parents[2] / "desired-state"
SHIPPED = {
    path.relative_to(ROOT).as_posix(): path.read_bytes()
    for path in ROOT.rglob("*")
    if path.is_file()
}
STATE, MEANT = load(SHIPPED)
PAIRS = [("vcc", "partner"), ("partner", "vcc")]
HAS = {
    "vcc": {"zone": "vcc.local", "ca": "vcc-services", "service": "argus-backend"},
    "partner": {"zone": "partner.internal", "ca": "partner-services", "service": "exchange"},
}
OWN_TEMPLATE = "vcc-service"
NOT_FOR = {"partner": "vcc-admin", "vcc": "vcc-ocsp"}
"""A template that the tenant may not use."""


def manifest(kind: str, spec: str, name: str = "reaching") -> bytes:
    head = f"apiVersion: pki.vcc.local/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n"
    return (head + spec).encode()


def errors(files: dict[str, bytes]) -> list[tuple[str, str, int, int]]:
    return [
        (p.code, p.position.path, p.position.line, p.position.column)
        for p in load({**SHIPPED, **files})[0].problems
        if p.severity is Severity.ERROR
    ]


# ------------------------------------------------------------------ the kinds a tenant has

REACHING: dict[str, list[tuple[str, str, str]]] = {
    "Service": [
        ("its zone", "  dnsNames: [a.{zone}]\n", "6:14 PKI4022"),
        ("its zone itself", "  dnsNames: [{zone}]\n", "6:14 PKI4022"),
        ("its zone behind a hyphen", "  dnsNames: [evil-{zone}]\n", "6:14 PKI4022"),
        ("its zone as a prefix", "  dnsNames: [a.{zone}.example.org]\n", "6:14 PKI4022"),
        ("its zone in a web address", '  uris: ["https://a.{zone}/x"]\n', "6:10 PKI4022"),
        ("its SPIFFE domain", '  uris: ["spiffe://{zone}/x"]\n', "6:10 PKI4022"),
        ("its CA", "  issuerRef: {ca}\n", "6:14 PKI4001"),
    ],
    "Policy": [
        ("itself", "  selector: {{tenants: [{other}]}}\n", "5:24 PKI4082"),
        ("both", "  selector: {{tenants: [{own}, {other}]}}\n", "5:{after} PKI4082"),
    ],
    "CommunicationPolicy": [
        ("its service", "  rules: [{{from: [{mine}], to: [{other}/{service}]}}]\n", "PKI4080"),
    ],
}
FOLDERS = {"Service": "services", "Policy": "policies", "CommunicationPolicy": "communication"}


def rows() -> list[object]:
    return [
        pytest.param(own, other, kind, *row[1:], id=f"{own} to {other}: {kind}, {row[0]}")
        for own, other in PAIRS
        for kind, reaching in REACHING.items()
        for row in reaching
    ]


@pytest.mark.parametrize(("own", "other", "kind", "spec", "told"), rows())
def test_an_object_of_a_tenant_that_reaches_for_another_is_refused(
    own: str, other: str, kind: str, spec: str, told: str
) -> None:
    words = {"own": own, "other": other, "mine": HAS[own]["service"], **HAS[other]}
    text = spec.format(**words)
    if kind == "Service":
        text = f"  template: {OWN_TEMPLATE}\n" + text
    elif kind == "Policy":
        text += "  constraints: {maxNames: 1}\n"
    path = f"tenants/{own}/{FOLDERS[kind]}/reaching.yaml"
    data = manifest(kind, text)
    where, _, code = told.rpartition(" ")
    if where:
        line, column = where.format(after=24 + len(own) + 2).split(":")
    else:
        line, column = "5", str(data.decode().splitlines()[4].index(f"{other}/") + 1)
    assert errors({path: data}) == [(code, path, int(line), int(column))]


@pytest.mark.parametrize(("own", "other"), PAIRS)
def test_a_template_that_is_not_granted_is_refused(own: str, other: str) -> None:
    path = f"tenants/{own}/services/reaching.yaml"
    data = manifest("Service", f"  template: {NOT_FOR[own]}\n")
    assert errors({path: data}) == [("PKI4002", path, 5, 13)]


@pytest.mark.parametrize(("own", "other"), PAIRS)
@pytest.mark.parametrize("field", ["tenant", "namespace", "owner"])
def test_a_tenant_cannot_be_named_but_by_the_folder(own: str, other: str, field: str) -> None:
    """Neither in the metadata nor in the spec; a label is a label."""
    path = f"tenants/{own}/services/reaching.yaml"
    good = manifest("Service", f"  template: {OWN_TEMPLATE}\n").decode()
    there = good.replace("{name", f"{{{field}: {other}, name")
    assert errors({path: there.encode()}) == [("PKI2101", path, 3, 12)]
    assert errors({path: f"{good}  {field}: {other}\n".encode()}) == [("PKI2101", path, 6, 3)]
    labelled = good.replace("reaching}", f"reaching, labels: {{tenant: {other}}}}}")
    loaded, resolved = load({**SHIPPED, path: labelled.encode()})
    assert not [p for p in loaded.problems if p.severity is Severity.ERROR]
    new = resolved.pending.keys() - MEANT.pending.keys()
    assert {identity.tenant for identity in new} == {own}


@pytest.mark.parametrize(("own", "other"), PAIRS)
def test_a_service_of_the_same_name_is_another_service(own: str, other: str) -> None:
    """It gets a name in its own tenant's zone and never the other's CSR."""
    name = HAS[other]["service"]
    path = f"tenants/{own}/services/reaching.yaml"
    loaded, resolved = load(
        {**SHIPPED, path: manifest("Service", f"  template: {OWN_TEMPLATE}\n", name)}
    )
    assert not [p for p in loaded.problems if p.severity is Severity.ERROR]
    new = resolved.pending.keys() - MEANT.pending.keys()
    assert [(i.tenant, i.name) for i in new] == [(own, f"{name}/default")]
    assert MEANT.pending.keys() < resolved.pending.keys()


# ------------------------------------------------------------------ the kinds a tenant has not

ELSEWHERE = sorted(SPECS.keys() - FOLDERS.keys() - {"Tenant"})


def shipped_manifest(kind: str) -> bytes:
    """A good object of a kind, under a name of its own."""
    if kind == "Revocation":
        return manifest(kind, "  target: {authority: vcc-root}\n  reason: cACompromise\n")
    if kind == "Approval":
        digest, later = "3f" * 32, "2026-11-25T12:00:00Z"
        signed = "  signatures: [{principal: security-officer, signature: U1NIU0lHAAAAAQ==}]\n"
        return manifest(kind, f'  reviewHash: "{digest}"\n  expires: {later}\n{signed}')
    [folder] = [folder for folder, of in GLOBAL_FOLDERS.items() if of == kind]
    path = sorted(
        path for path in SHIPPED if path.startswith(f"{folder}/") and "README" not in path
    )[0]
    return re.sub(rb"metadata: \{name: [a-z-]+", b"metadata: {name: reaching", SHIPPED[path])


@pytest.mark.parametrize(("own", "other"), PAIRS)
@pytest.mark.parametrize("kind", ELSEWHERE)
def test_an_object_that_governs_counts_in_no_tenants_folder(
    own: str, other: str, kind: str
) -> None:
    """In a folder of its kind's own name it is passed over with a warning; among services it is an
    error; what the tree means is what it meant before, either way.
    """
    [folder] = [folder for folder, of in GLOBAL_FOLDERS.items() if of == kind]
    data = shipped_manifest(kind)
    path = f"tenants/{own}/{folder}/reaching.yaml"
    loaded, resolved = load({**SHIPPED, path: data})
    assert [(p.code, p.severity) for p in loaded.problems if p.position.path == path] == [
        ("PKI1103", Severity.WARNING)
    ]
    assert loaded.state.objects.keys() == STATE.state.objects.keys()
    assert (resolved.meanings, resolved.pending) == (MEANT.meanings, MEANT.pending)
    among = f"tenants/{own}/services/reaching.yaml"
    line = data.decode().splitlines().index(f"kind: {kind}") + 1
    assert ("PKI1104", among, line, 7) in errors({among: data})


@pytest.mark.parametrize(("own", "other"), PAIRS)
def test_a_tenant_is_declared_in_its_own_folder_only(own: str, other: str) -> None:
    """Else one could take the other's zone, CAs and templates for itself."""
    data = SHIPPED[f"tenants/{other}/tenant.yaml"]
    for path in (f"tenants/{own}/services/tenant.yaml", f"tenants/{own}/policies/tenant.yaml"):
        assert "PKI1104" in {code for code, at, *_ in errors({path: data}) if at == path}
    mine = f"tenants/{own}/tenant.yaml"
    assert "PKI1105" in {code for code, at, *_ in errors({mine: data}) if at == mine}
    for path in (f"tenants/{own}/sub/tenant.yaml", f"tenants/{own}/tenants/{other}/tenant.yaml"):
        loaded, resolved = load({**SHIPPED, path: data})
        assert loaded.state.objects == STATE.state.objects
        assert resolved.pending == MEANT.pending


def test_every_kind_has_been_tried() -> None:
    assert {*REACHING, *ELSEWHERE, "Tenant"} == set(SPECS)
    assert len(SPECS) == 13


# ------------------------------------------------------------------ suffixes, label by label

LABELS = st.from_regex(r"\A[a-z][a-z0-9]{0,5}\Z")
OWNER = TenantSpec(organization="VCC", zone=DnsName("vcc.local"))  # type: ignore[arg-type]


def under(labels: list[str]) -> bool:
    return labels[-2:] == ["vcc", "local"]


@given(
    st.lists(
        LABELS | st.sampled_from(["vcc", "local", "evilvcc", "vcc-local"]), min_size=2, max_size=5
    )
)
def test_a_name_is_a_tenants_if_its_last_labels_are(labels: list[str]) -> None:
    name = DnsName(".".join(labels))
    assert (foreign("dns", name, OWNER) is None) == under(labels)
    mail = EmailAddress(f"ada@{name}")
    assert (foreign("email", mail, OWNER) is None) == under(labels)
    assert (foreign("uri", f"https://{name}/vcc.local", OWNER) is None) == under(labels)
    assert (foreign("uri", f"spiffe://{name}/a", OWNER) is None) == (labels == ["vcc", "local"])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("evilvcc.local", "PKI4022"),
        ("vcc.local.example.org", "PKI4022"),
        ("a.vcc.local.partner.example", "PKI4022"),
        ("vcc.local.", "PKI2010"),
        ("*.vcc.local", "PKI2010"),
        ("*.local", "PKI2010"),
        (".vcc.local", "PKI2010"),
        ("VCC.local", "PKI2010"),
        ("xn--vcc.local", "PKI4022"),
        ("vcc\uff0elocal", "PKI2010"),
    ],
)
def test_tricks_with_suffixes(name: str, code: str) -> None:
    path = "tenants/partner/services/reaching.yaml"
    data = manifest("Service", f'  template: {OWN_TEMPLATE}\n  dnsNames: ["{name}"]\n')
    assert errors({path: data}) == [(code, path, 6, 14)]
