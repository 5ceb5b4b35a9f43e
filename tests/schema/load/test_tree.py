"""Where files may stand, and what their place says."""

import pytest

from pki_schema.desired import certificate_identity
from pki_schema.errors import Severity
from pki_schema.load.tree import (
    GLOBAL_FOLDERS,
    Ignored,
    ManifestPath,
    RequestPath,
    classify,
    request_path,
    twins,
)


@pytest.mark.parametrize(("folder", "kind"), sorted(GLOBAL_FOLDERS.items()))
def test_a_global_folder_says_the_kind(folder: str, kind: str) -> None:
    assert classify(f"{folder}/anything.yaml") == ManifestPath(kind)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tenants/vcc/tenant.yaml", ManifestPath("Tenant", name="vcc")),
        ("tenants/vcc/services/api.yml", ManifestPath("Service", tenant="vcc")),
        ("tenants/vcc/services/group/api.yaml", ManifestPath("Service", tenant="vcc")),
        ("tenants/vcc/policies/p.yaml", ManifestPath("Policy", tenant="vcc")),
        ("tenants/vcc/communication/m.yaml", ManifestPath("CommunicationPolicy", tenant="vcc")),
        ("tenants/vcc/csr/api.pem", RequestPath("vcc", "api", "default")),
        ("tenants/vcc/csr/api.public.pem", RequestPath("vcc", "api", "public")),
    ],
)
def test_below_a_tenant_the_path_says_whose_it_is(
    path: str, expected: ManifestPath | RequestPath
) -> None:
    assert classify(path) == expected


@pytest.mark.parametrize("certificate", ["default", "public"])
def test_a_csr_is_looked_for_where_it_is_read(certificate: str) -> None:
    subject = certificate_identity("vcc", "api", certificate)

    found = classify(request_path(subject))

    assert isinstance(found, RequestPath)
    assert found.identity == subject


@pytest.mark.parametrize(
    "path", ["README.md", "tenants/vcc/README.md", ".github/workflows/ci.yaml", "cas/.gitkeep"]
)
def test_documentation_and_dotfiles_are_passed_over_in_silence(path: str) -> None:
    found = classify(path)

    assert isinstance(found, Ignored)
    assert found.problem is None


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("service/api.yaml", ""),
        ("certificate.yaml", ""),
        ("template/api.yaml", 'did you mean "templates"?'),
        ("cas/root.json", ""),
        ("tenants/vcc/service/api.yaml", 'did you mean "services"?'),
        ("tenants/vcc/csr/api.csr", ""),
        ("tenants/vcc/csr/api.a_b.pem", ""),
        ("tenants/vcc/cas/own.yaml", ""),
        ("tenants/vcc.yaml", ""),
    ],
)
def test_any_other_file_is_ignored_with_a_warning(path: str, hint: str) -> None:
    found = classify(path)

    assert isinstance(found, Ignored)
    assert found.problem is not None
    assert found.problem.severity is Severity.WARNING
    assert found.problem.hint.startswith(hint)


@pytest.mark.parametrize(
    "path",
    [
        "cas/../templates/x.yaml",
        "/cas/x.yaml",
        "cas//x.yaml",
        "cas/Root.yaml",
        "cas/wurzel-ä.yaml",
        "cas/a b.yaml",
        "cas/-x.yaml",
        f"cas/{'x' * 60}.yaml",
        "tenants/vcc/services/a/b/c/d.yaml",
    ],
)
def test_a_path_outside_the_grammar_is_an_error(path: str) -> None:
    """Else a file that somebody relies on would be missing without anybody being told."""
    found = classify(path)

    assert isinstance(found, Ignored)
    assert found.problem is not None
    assert found.problem.severity is Severity.ERROR


def test_paths_that_differ_in_spelling_only_are_errors_at_each() -> None:
    """On some file systems one of them would replace the other."""
    found = twins(["cas/a.yaml", "cas/A.yaml", "cas/é", "cas/e\u0301", "cas/b.yaml"])

    assert {p.position.path for p in found} == {"cas/a.yaml", "cas/A.yaml", "cas/é", "cas/e\u0301"}
    assert {p.severity for p in found} == {Severity.ERROR}
