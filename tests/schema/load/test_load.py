"""Reading a whole tree: everything is returned, whatever is wrong with parts of it."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from pki_schema.desired import Identity
from pki_schema.errors import Severity, in_reading_order
from pki_schema.load import assemble, decode, load

Files = dict[str, bytes]
Change = Callable[..., Files]
Csr = Callable[..., bytes]

SERVICE = "tenants/vcc/services/argus-backend.yaml"
ARGUS = Identity("Service", "vcc", "argus-backend")


def errors(files: Files) -> list[tuple[str, str]]:
    return [
        (p.code, p.position.path) for p in load(files)[0].problems if p.severity is Severity.ERROR
    ]


def test_a_faulty_file_takes_nothing_else_with_it(shipped: Files) -> None:
    loaded, resolved = load({**shipped, SERVICE: b"spec: [unclosed\n"})

    whole, _ = load(shipped)
    assert set(whole.state.objects) - set(loaded.state.objects) == {ARGUS}
    assert {p.position.path for p in loaded.problems if p.severity is Severity.ERROR} == {SERVICE}
    assert resolved.meanings


def test_all_problems_come_at_once_in_reading_order(changed: Change) -> None:
    files = changed(SERVICE, "vcc-service", "vcc-servise")
    files = changed("cas/vcc-time.yaml", "duration: 5479d", "duration: 15y", files=files)
    files = {**files, "cas/Bad.yaml": b""}

    problems = load(files)[0].problems

    assert problems == in_reading_order(problems)
    assert {"cas/Bad.yaml", "cas/vcc-time.yaml", SERVICE} <= {
        p.position.path for p in problems if p.severity is Severity.ERROR
    }


def test_what_was_decoded_before_is_not_decoded_again(shipped: Files) -> None:
    manifests = [p for p in shipped if p.endswith(".yaml")]
    decoded = {p: decode(p, "blob", shipped[p]) for p in manifests[1:]}

    cold, warm = load(shipped), load(shipped, decoded=decoded)

    assert (cold[0].parsed, warm[0].parsed) == (len(manifests), 1)
    assert cold[0].problems == warm[0].problems
    assert cold[1] == warm[1]


def test_blobs_are_named_as_git_names_them(shipped: Files) -> None:
    """``git hash-object`` of the empty README would be this; a caller's own names come first."""
    files = {**shipped, "policies/empty.yaml": b""}
    loaded, _ = load(files, blobs={SERVICE: "given"})

    assert loaded.state.objects[ARGUS].blob == "given"
    publication = loaded.state.objects[Identity("Publication", "", "public")]
    assert len(publication.blob) == 40


def test_an_object_stands_in_the_folder_of_its_kind(shipped: Files) -> None:
    files = {**shipped, "cas/argus.yaml": shipped[SERVICE]}
    del files[SERVICE]

    found = [p for p in load(files)[0].problems if p.code == "PKI1104"]

    assert [p.position.path for p in found] == ["cas/argus.yaml"]
    assert found[0].hint == "it belongs in tenants/<tenant>/services/"


def test_a_tenant_is_named_like_its_folder(changed: Change) -> None:
    files = changed("tenants/partner/tenant.yaml", "name: partner}", "name: partners}")

    assert ("PKI1105", "tenants/partner/tenant.yaml") in errors(files)


def test_file_names_are_free_and_identities_are_not(shipped: Files) -> None:
    renamed = {**shipped, "tenants/vcc/services/any/other-name.yml": shipped[SERVICE]}

    assert errors(renamed) == [
        ("PKI3006", "tenants/vcc/services/any/other-name.yml"),
        ("PKI3006", SERVICE),
    ]
    del renamed[SERVICE]
    assert errors(renamed) == []


def test_one_name_in_two_tenants_is_two_objects(shipped: Files) -> None:
    files = {**shipped, "tenants/partner/services/argus-backend.yaml": shipped[SERVICE]}

    assert errors(files) == []


def test_two_csrs_for_one_certificate_are_errors(
    shipped: Files, csr: Csr, p256: ec.EllipticCurvePrivateKey
) -> None:
    pem = csr(p256, ["pki:vcc/argus-backend"])
    paths = ["tenants/vcc/csr/argus-backend.default.pem", "tenants/vcc/csr/argus-backend.pem"]

    assert errors({**shipped, **dict.fromkeys(paths, pem)}) == [("PKI3007", path) for path in paths]


@pytest.mark.parametrize(
    "path", ["notes.txt", "README.md", ".env", SERVICE, "tenants/vcc/csr/argus-backend.pem"]
)
def test_a_private_key_anywhere_is_an_error_and_is_not_repeated(shipped: Files, path: str) -> None:
    secret = b"-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----\n"

    loaded, _ = load({**shipped, path: shipped.get(path, b"") + secret})

    found = [p for p in loaded.problems if p.severity is Severity.ERROR]
    assert [(p.code, p.position.path) for p in found] == [("PKI6101", path)]
    assert "MIGHAgEAMBMGByqGSM49" not in "".join(map(str, loaded.problems))


def test_paths_that_differ_in_case_are_errors(shipped: Files) -> None:
    files = {**shipped, "readme.md": b""}

    assert ("PKI1102", "README.md") in errors(files)


def test_kinds_not_acted_on_are_recognised_and_said_to_be(shipped: Files) -> None:
    policy = b"""
apiVersion: pki.vcc.local/v1
kind: ChangeWindow
metadata: {name: christmas}
spec: {mode: freeze, starts: 2026-12-23T00:00:00Z, ends: 2027-01-04T00:00:00Z}
"""
    loaded, _ = load({**shipped, "windows/christmas.yaml": policy})

    (found,) = (p for p in loaded.problems if p.position.path == "windows/christmas.yaml")
    assert found.severity is Severity.NOTICE
    assert Identity("ChangeWindow", "", "christmas") in loaded.state.objects


def test_a_part_of_a_tree_is_assembled_without_the_rest(shipped: Files) -> None:
    loaded = assemble([decode(SERVICE, "blob", shipped[SERVICE])], [])

    assert set(loaded.state.objects) == {ARGUS}
    assert loaded.problems == ()


def test_an_empty_tree_is_empty() -> None:
    loaded, resolved = load({})

    assert (loaded.state.objects, loaded.problems, loaded.parsed) == ({}, (), 0)
    assert (resolved.meanings, resolved.pending) == ({}, {})
