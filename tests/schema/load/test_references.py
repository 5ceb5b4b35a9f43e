"""What objects say of each other, judged on the shipped tree with one thing changed."""

from collections.abc import Callable

import pytest

from pki_schema.desired import Identity
from pki_schema.errors import Problem, Severity
from pki_schema.load import check_references, load, references_of

Files = dict[str, bytes]
Change = Callable[..., Files]

SERVICE = "tenants/vcc/services/argus-backend.yaml"
TENANT = "tenants/vcc/tenant.yaml"


def judged(files: Files, severity: Severity = Severity.ERROR) -> list[Problem]:
    """Without the policy of the shipped time-stamp authority, which is for documentation only."""
    loaded, _ = load(files)
    return [
        problem
        for problem in check_references(loaded.state, None)
        if problem.severity is severity and problem.code != "PKI4087"
    ]


def only(files: Files, severity: Severity = Severity.ERROR) -> Problem:
    (problem,) = judged(files, severity)
    return problem


def test_an_object_says_what_it_refers_to(shipped: Files) -> None:
    objects = load(shipped)[0].state.objects

    def names(kind: str, tenant: str, name: str) -> list[str]:
        return [str(i) for i in references_of(objects[Identity(kind, tenant, name)])]

    assert names("CertificateAuthority", "", "vcc-services") == [
        "CertificateAuthority/vcc-root",
        "CertificateTemplate/vcc-ocsp",
    ]
    assert names("CertificateTemplate", "", "vcc-clara-model") == [
        "CertificateTemplate/vcc-code-signing"
    ]
    assert names("Service", "vcc", "pki-server") == [
        "CertificateTemplate/vcc-service",
        "CertificateTemplate/vcc-tls-server",
        "Tenant/vcc",
    ]
    assert "CertificateAuthority/partner-services" in names("Tenant", "", "partner")
    assert names("Publication", "", "public") == ["TrustBundle/vcc"]


@pytest.mark.parametrize(
    ("path", "old", "new", "hint"),
    [
        (SERVICE, "vcc-service", "vcc-servise", 'did you mean "vcc-service"?'),
        (TENANT, "vcc-people,", "vcc-peple,", 'did you mean "vcc-people"?'),
        ("templates/vcc-clara-model.yaml", "extends: vcc-code", "extends: vcc-cod", "did you mean"),
        ("cas/vcc-time.yaml", "parent: vcc-root", "parent: vcc-rot", 'did you mean "vcc-root"?'),
        ("cas/vcc-time.yaml", "template: vcc-ocsp", "template: vcc-ocps", "did you mean"),
    ],
)
def test_a_reference_to_nothing_is_an_error_with_a_candidate(
    changed: Change, path: str, old: str, new: str, hint: str
) -> None:
    found = [p for p in judged(changed(path, old, new)) if p.code == "PKI3001"]

    assert [(p.position.path, p.hint[: len(hint)]) for p in found] == [(path, hint)]


def test_what_is_revoked_may_be_gone_from_the_tree(shipped: Files) -> None:
    """Its certificates are in the ledger; no deletion may make its file faulty."""
    revocation = b"""
apiVersion: pki.vcc.local/v1
kind: Revocation
metadata: {name: gone}
spec: {target: {tenant: vcc, service: long-gone}, reason: cessationOfOperation}
"""
    files = {**shipped, "revocations/gone.yaml": revocation}

    assert not judged(files)
    assert only(files, Severity.WARNING).code == "PKI3001"


def test_a_cycle_is_shown_with_its_path(shipped: Files, changed: Change) -> None:
    path = "templates/vcc-code-signing.yaml"
    files = changed(path, "  issuers: [vcc-signing]\n", "  extends: vcc-clara-model\n")

    found = [p for p in judged(files) if p.code == "PKI3002"]

    assert "vcc-code-signing -> vcc-clara-model -> vcc-code-signing" in str(found)
    assert {p.position.path for p in found} == {path, "templates/vcc-clara-model.yaml"}


def test_lines_have_at_most_four_levels(shipped: Files) -> None:
    model = shipped["templates/vcc-clara-model.yaml"].decode()
    files = dict(shipped)
    for name, parent in (("m1", "vcc-clara-model"), ("m2", "m1"), ("m3", "m2")):
        text = model.replace("name: vcc-clara-model", f"name: {name}")
        text = text.replace("extends: vcc-code-signing", f"extends: {parent}")
        files[f"templates/{name}.yaml"] = text.encode()

    found = only(files)

    assert (found.code, found.position.path) == ("PKI3003", "templates/m3.yaml")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("template: vcc-service", "template: vcc-ocsp", "PKI4002"),
        ("template: vcc-service", "template: vcc-service\n  issuerRef: vcc-root", "PKI4001"),
        (
            "template: vcc-service",
            "template: vcc-service\n  issuerRef: partner-services",
            "PKI4001",
        ),
        ("template: vcc-service", "template: vcc-service\n  issuerRef: vcc-people", "PKI3004"),
    ],
)
def test_a_service_uses_what_its_tenant_may_use(
    changed: Change, old: str, new: str, code: str
) -> None:
    found = only(changed(SERVICE, old, new))

    assert (found.code, found.position.path) == (code, SERVICE)


def test_a_template_that_no_ca_of_the_tenant_issues_from_is_of_no_use(changed: Change) -> None:
    files = changed(TENANT, "vcc-signing, ", "")

    assert {(p.code, p.position.path) for p in judged(files)} == {
        ("PKI3004", "tenants/vcc/services/clara-models.yaml"),
        ("PKI3004", "tenants/vcc/services/covina-signer.yaml"),
    }


def test_two_possible_issuers_must_be_told_apart(changed: Change) -> None:
    both = changed(
        "tenants/partner/tenant.yaml", "[partner-services]", "[partner-services, vcc-services]"
    )
    service = "tenants/partner/services/exchange.yaml"

    assert only(both).code == "PKI3005"
    named = changed(
        service,
        "template: vcc-service",
        "template: vcc-service\n  issuerRef: partner-services",
        files=both,
    )
    assert not judged(named)


def test_two_cas_never_share_a_subject_however_it_is_spelt(changed: Change) -> None:
    files = changed("cas/vcc-people.yaml", "VCC People CA G1", "vcc services  ca G1")

    found = judged(files)

    assert [(p.code, p.position.path) for p in found] == [
        ("PKI4010", "cas/vcc-people.yaml"),
        ("PKI4010", "cas/vcc-services.yaml"),
    ]


def test_a_base_url_that_nobody_serves_is_a_warning(changed: Change) -> None:
    files = changed("cas/vcc-people.yaml", "http://pki.vcc.internal", "http://pki.vcc.example")

    assert only(files, Severity.WARNING).code == "PKI3010"


@pytest.mark.parametrize(
    ("path", "old", "new", "code"),
    [
        ("cas/vcc-time.yaml", "duration: 5479d", "duration: 5480d", "PKI4011"),
        ("cas/vcc-time.yaml", "parent: vcc-root", "parent: vcc-signing", "PKI4012"),
        ("cas/vcc-root.yaml", "offline: true", "offline: true\n  pathLength: 0", "PKI4012"),
        ("cas/vcc-root.yaml", "offline: true", "offline: true\n  usages: [server auth]", "PKI4013"),
        (
            "cas/vcc-time.yaml",
            "usages: [timestamping]",
            "usages: [timestamping, ocsp signing]",
            "PKI4014",
        ),
        (
            "cas/vcc-time.yaml",
            "usages: [timestamping]",
            "usages: [timestamping, cert sign]",
            "PKI4014",
        ),
        ("cas/vcc-time.yaml", "template: vcc-ocsp", "template: vcc-tsa", "PKI4015"),
        ("templates/vcc-tls-client.yaml", "client auth]", "client auth, code signing]", "PKI4016"),
        ("templates/vcc-tsa.yaml", "duration: 3650d", "duration: 3654d", "PKI4017"),
        ("cas/vcc-people.yaml", "issuesFor: 1461d", "issuesFor: 1797d", "PKI4017"),
    ],
)
def test_cas_and_templates_fit_what_certifies_them(
    changed: Change, path: str, old: str, new: str, code: str
) -> None:
    assert code in {p.code for p in judged(changed(path, old, new))}


def test_path_lengths_count_down(changed: Change) -> None:
    files = changed("cas/vcc-root.yaml", "offline: true", "offline: true\n  pathLength: 1")

    assert not judged(files)


def test_only_the_subjects_asked_for_are_judged(changed: Change) -> None:
    loaded, _ = load(changed(SERVICE, "vcc-service", "vcc-servise"))
    other = Identity("Service", "vcc", "vpb-backend")
    faulty = Identity("Service", "vcc", "argus-backend")

    assert not check_references(loaded.state, {other})
    assert [p.code for p in check_references(loaded.state, {faulty, other})] == ["PKI3001"]


def test_judging_each_object_alone_finds_what_judging_all_finds(changed: Change) -> None:
    """So a later commit may be judged by what it touches."""
    files = changed("cas/vcc-people.yaml", "VCC People CA G1", "VCC Services CA G1")
    files = changed(SERVICE, "vcc-service", "vcc-servise", files=files)
    files = changed(TENANT, "vcc-signing, ", "", files=files)
    state = load(files)[0].state

    alone = {p for identity in state.objects for p in check_references(state, {identity})}

    assert alone == set(check_references(state, None))
