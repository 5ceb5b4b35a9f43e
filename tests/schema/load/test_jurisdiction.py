"""What an object that governs may say of others: tenants, CAs, signers."""

from collections.abc import Callable

import pytest

from pki_schema.errors import Severity
from pki_schema.load import load

Files = dict[str, bytes]
Changed = Callable[..., Files]
MATRIX = "tenants/vcc/communication/matrix.yaml"
TSA = "timestamping/vcc.yaml"


def errors(files: Files) -> list[tuple[str, str, int]]:
    problems = load(files)[0].problems
    return [
        (p.code, p.position.path, p.position.line) for p in problems if p.severity is Severity.ERROR
    ]


def policy(kind: str, spec: str) -> bytes:
    head = f"apiVersion: pki.vcc.local/v1\nkind: {kind}\nmetadata: {{name: extra}}\nspec:\n"
    return (head + spec).encode()


@pytest.mark.parametrize(
    ("folder", "spec", "expected"),
    [
        ("communication", "  rules: [{from: [vcc/argus-backend], to: [vcc/pki-server]}]\n", []),
        (
            "communication",
            "  rules: [{from: [nobody/argus], to: [vcc/pki-server]}]\n",
            ["PKI3001", "PKI4081"],
        ),
        (
            "communication",
            "  rules: [{from: [partner/exchange], to: [vcc/pki-server]}]\n",
            ["PKI4081"],
        ),
        ("communication", "  rules: [{from: [vcc/pki-server], to: [partner/exchange]}]\n", []),
        (
            "tenants/vcc/communication",
            "  rules: [{from: [partner/exchange], to: [pki-server]}]\n",
            ["PKI4081"],
        ),
        (
            "tenants/vcc/communication",
            "  rules: [{from: [pki-server], to: [partner/exchange]}]\n",
            ["PKI4080"],
        ),
        (
            "tenants/partner/communication",
            "  rules: [{from: [vcc/pki-server], to: [exchange]}]\n",
            [],
        ),
    ],
)
def test_who_is_called_grants_and_a_strict_tenant_lets_nobody_in(
    shipped: Files, folder: str, spec: str, expected: list[str]
) -> None:
    """VCC is strict, the partner federated: VCC may be granted to call it, not the reverse."""
    files = {**shipped, f"{folder}/extra.yaml": policy("CommunicationPolicy", spec)}
    assert [code for code, *_ in errors(files)] == expected


def test_a_tenant_that_becomes_strict_closes_what_it_granted(
    shipped: Files, changed: Changed
) -> None:
    grant = policy("CommunicationPolicy", "  rules: [{from: [vcc/pki-server], to: [exchange]}]\n")
    path = "tenants/partner/communication/extra.yaml"
    files = changed("tenants/partner/tenant.yaml", "federated", "strict")
    assert errors({**files, path: grant}) == [("PKI4081", path, 5)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("policies/extra.yaml", []),
        ("tenants/partner/policies/extra.yaml", []),
        ("tenants/vcc/policies/extra.yaml", ["PKI4082"]),
    ],
)
def test_a_tenants_policy_is_about_that_tenant(
    shipped: Files, path: str, expected: list[str]
) -> None:
    spec = "  selector: {tenants: [partner]}\n  constraints: {maxNames: 1}\n"
    assert [c for c, *_ in errors({**shipped, path: policy("Policy", spec)})] == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("issuerRef: vcc-time", "issuerRef: vcc-signing", ("PKI3004", TSA, 8)),
        ("issuerRef: vcc-time", "issuerRef: vcc-tim", ("PKI3001", TSA, 8)),
        ("usagePeriod: 365d", "usagePeriod: 3650d", ("PKI4086", TSA, 10)),
        ("algorithm: P-384", "algorithm: P-256", ("PKI4086", TSA, 10)),
    ],
)
def test_ca_template_and_key_make_a_timestamp_unit(
    changed: Changed, old: str, new: str, expected: tuple[str, str, int]
) -> None:
    assert expected in errors(changed(TSA, old, new))


def test_a_timestamp_units_template_is_for_nothing_else(changed: Changed) -> None:
    files = changed(TSA, "template: vcc-tsa", "template: vcc-code-signing")
    assert ("PKI4085", TSA, 9) in errors(files)


def test_the_documentation_arc_is_pointed_out(shipped: Files, changed: Changed) -> None:
    """It works, and is nobody's: RFC 5612."""
    found = [p for p in load(shipped)[0].problems if p.code == "PKI4087"]
    assert [(p.severity, p.position.path) for p in found] == [(Severity.WARNING, TSA)]
    own = changed(TSA, "policy: 1.3.6.1.4.1.32473.3.1", "policy: 1.3.6.1.4.1.324731.3.1")
    assert not any(p.code == "PKI4087" for p in load(own)[0].problems)


def test_one_name_has_one_key_and_one_key_one_name(changed: Changed, shipped: Files) -> None:
    """In all bindings together: a role is held by somebody who can be told apart."""
    path, other = "roles/auditors.yaml", "roles/pki-admins.yaml"
    assert errors(changed(path, "name: security-officer", "name: pki-lead")) == [
        ("PKI4088", path, 11),
        ("PKI4088", other, 11),
    ]
    [key] = [line for line in shipped[other].decode().splitlines() if "sshKey" in line]
    [old] = [line for line in shipped[path].decode().splitlines() if "sshKey" in line]
    assert errors(changed(path, old, key)) == [("PKI4088", path, 11), ("PKI4088", other, 11)]


def test_a_stranger_who_approves_is_pointed_out(shipped: Files) -> None:
    spec = (
        f'  reviewHash: "{"3f" * 32}"\n  expires: 2026-11-25T12:00:00Z\n'
        "  signatures: [{principal: security-oficer, signature: U1NIU0lHAAAAAQ==}]\n"
    )
    files = {**shipped, "approvals/extra.yaml": policy("Approval", spec)}
    [found] = [p for p in load(files)[0].problems if p.code == "PKI3011"]
    assert (found.position.line, found.severity) == (7, Severity.WARNING)
    assert found.hint == 'did you mean "security-officer"?'


@pytest.mark.parametrize(
    ("path", "old", "new", "code"),
    [
        ("trust/vcc.yaml", "[vcc-root]", "[vcc-roots]", "PKI3001"),
        ("policies/few-names.yaml", "[vcc-service, ", "[vcc-servic, ", "PKI3001"),
        ("policies/partner-short-lives.yaml", "{tenants: [partner]}", "{tenants: [p]}", "PKI3001"),
        ("roles/auditors.yaml", "[vcc, partner]", "[vcc, partners]", "PKI3001"),
        ("windows/year-end.yaml", "  mode: freeze", "  mode: freeze\n  tenants: [x]", "PKI3001"),
    ],
)
def test_references_are_resolved(
    changed: Changed, path: str, old: str, new: str, code: str
) -> None:
    assert [(c, p) for c, p, _ in errors(changed(path, old, new))] == [(code, path)]


@pytest.mark.parametrize(
    ("path", "old", "new", "hint"),
    [
        (
            "roles/covina-accounts.yaml",
            "vcc/covina-ingestion]",
            "vcc/covina-ingest]",
            'did you mean "covina-ingestion"?',
        ),
        (
            MATRIX,
            "[covina-backend, clara-backend,",
            "[covina-backend, clara-back,",
            'did you mean "clara-backend"?',
        ),
    ],
)
def test_a_service_that_is_not_there_is_pointed_out(
    changed: Changed, path: str, old: str, new: str, hint: str
) -> None:
    """No error: nobody shall be kept from ending a service by what others say of it."""
    problems = load(changed(path, old, new))[0].problems
    found = [p for p in problems if p.code == "PKI3001"]
    assert [(p.position.path, p.hint, p.severity) for p in found] == [
        (path, hint, Severity.WARNING)
    ]


def test_what_refers_to_a_faulty_file_is_not_told_that_it_is_missing(changed: Changed) -> None:
    """One fault, one message: the file is there, and its own author is told."""
    files = changed(
        "tenants/vcc/services/covina-backend.yaml", "trustLevel: high", "trustLevel: enormous"
    )
    told = [p for p in load(files)[0].problems if p.code in ("PKI2104", "PKI3001")]
    assert [p.code for p in told] == ["PKI2104"]
    files["tenants/vcc/services/covina-backend.yaml"] = b"kind: [\n"
    told = [p for p in load(files)[0].problems if p.code.startswith(("PKI1", "PKI3001"))]
    assert [p.position.path for p in told] == ["tenants/vcc/services/covina-backend.yaml"]


def test_nor_are_its_csr_and_those_whom_it_would_serve(shipped: dict[str, bytes]) -> None:
    """A CSR has its service, a CA its publication: in a file that cannot be read just now."""
    for path in ("tenants/vcc/services/covina-backend.yaml", "publications/public.yaml"):
        csr = {"tenants/vcc/csr/covina-backend.pem": b"not looked at here"}
        files = {**shipped, **csr, path: shipped[path] + b"  nonsense: 1\n"}
        told = {p.code for p in load(files)[0].problems if p.position.path != path}
        assert not told & {"PKI3010", "PKI3032"}, path
