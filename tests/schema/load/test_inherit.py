"""Templates that extend others: what is inherited, and that nothing is widened."""

from collections.abc import Callable

import pytest

from pki_schema.desired import Identity
from pki_schema.load import load
from pki_schema.load.complete import CompleteTemplate
from pki_schema.load.inherit import Templates

Files = dict[str, bytes]
Change = Callable[..., Files]

CHILD = "templates/vcc-clara-model.yaml"
PARENT = "templates/vcc-code-signing.yaml"
DAY = 86_400


def folded(files: Files, name: str = "vcc-clara-model") -> CompleteTemplate | list[tuple[str, int]]:
    """The complete template, or (code, line) of what keeps it from being complete."""
    state = load(files)[0].state
    assert Identity("CertificateTemplate", "", name) in state.objects
    templates = Templates(state)
    return templates.complete(name) or [(p.code, p.position.line) for p in templates.problems(name)]


def complete(files: Files, name: str = "vcc-clara-model") -> CompleteTemplate:
    found = folded(files, name)
    assert isinstance(found, CompleteTemplate), found
    return found


def line(files: Files, path: str, word: str) -> int:
    return next(i for i, text in enumerate(files[path].decode().splitlines(), 1) if word in text)


def test_a_field_left_out_is_inherited(shipped: Files) -> None:
    child, parent = complete(shipped), complete(shipped, "vcc-code-signing")

    assert child.usages == parent.usages
    assert child.issuers == parent.issuers == ("vcc-signing",)
    assert child.algorithms == ("P-384",)
    assert child.extended_key_usage_critical
    assert child.max_duration == 1095 * DAY


def test_a_field_given_stands_instead_of_the_parents(shipped: Files) -> None:
    """So a model's certificate carries one policy, and nobody takes it for a release's."""
    child = complete(shipped)

    assert [p.oid for p in child.policies] == ["1.3.6.1.4.1.32473.1.6"]
    assert child.parameters == ("model_name",)
    assert (child.duration, child.renew_before) == (730 * DAY, 90 * DAY)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("usages", "[digital signature, server auth]"),
        ("issuers", "[vcc-signing, vcc-services]"),
        ("nameTypes", "[dns]"),
        ("privateKey", "{algorithms: [P-384, P-521]}"),
        ("privateKey", "{}"),
        ("maxDuration", "1096d"),
        ("extendedKeyUsageCritical", "false"),
        ("ocspNoCheck", "true"),
    ],
)
def test_a_child_that_widens_is_refused_where_it_does(
    changed: Change, field: str, value: str
) -> None:
    files = changed(CHILD, "  renewBefore: 90d\n", f"  renewBefore: 90d\n  {field}: {value}\n")

    found = folded(files)

    assert isinstance(found, list)
    assert ("PKI4020", line(files, CHILD, field)) in found


def test_a_child_may_not_outlive_what_its_parent_allows(changed: Change) -> None:
    files = changed(CHILD, "duration: 730d", "duration: 1096d")

    assert ("PKI4020", line(files, CHILD, "duration")) in folded(files)  # type: ignore[operator]


def test_without_a_maximum_a_parents_duration_is_the_maximum(changed: Change) -> None:
    files = changed(PARENT, "  maxDuration: 1095d\n", "")

    assert ("PKI4020", line(files, CHILD, "duration")) in folded(files)  # type: ignore[operator]


def test_a_child_may_not_drop_a_required_name(shipped: Files) -> None:
    child = """
apiVersion: pki.vcc.local/v1
kind: CertificateTemplate
metadata: {name: nameless}
spec: {extends: vcc-tls-client, requiredNames: []}
"""
    files = {**shipped, "templates/nameless.yaml": child.encode()}

    assert folded(files, "nameless") == [("PKI4020", 5)]
    narrower = {**files, "templates/nameless.yaml": child.replace("[]", "[uri]").encode()}
    assert complete(narrower, "nameless").required_names == ("uri",)


def test_status_pointers_stay_where_the_parent_has_them(changed: Change, shipped: Files) -> None:
    files = changed(CHILD, "duration: 730d", "duration: 730d\n  statusPointers: false")

    assert ("PKI4020", line(files, CHILD, "statusPointers")) in folded(files)  # type: ignore[operator]


@pytest.mark.parametrize("field", ["subject", "usages", "duration", "nameTypes"])
def test_what_is_missing_at_the_end_is_an_error(shipped: Files, field: str) -> None:
    path = "templates/vcc-tsa.yaml"
    lines = shipped[path].decode().splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith(f"  {field}:"))

    found = folded({**shipped, path: text.encode()}, "vcc-tsa")

    assert isinstance(found, list)
    assert [code for code, _ in found] == ["PKI3020"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("usages: [digital signature,", "usages: [digital signature, cert sign,", "PKI3021"),
        ("${organization}", "${organisation}", "PKI3022"),
        ("parameters: [model_name]", "parameters: [model_name, zone]", "PKI3022"),
        ("duration: 730d\n  renewBefore: 90d", "maxDuration: 364d", "PKI3024"),
        ("duration: 730d\n  renewBefore: 90d", "duration: 60d", "PKI3025"),
        ("duration: 730d", "duration: 730d\n  requiredNames: [dns]", "PKI3026"),
    ],
)
def test_a_template_may_not_contradict_itself(
    changed: Change, old: str, new: str, code: str
) -> None:
    path = PARENT if "usages" in old else CHILD
    name = "vcc-code-signing" if "usages" in old else "vcc-clara-model"

    found = folded(changed(path, old, new), name)

    assert isinstance(found, list)
    assert code in [code for code, _ in found]


def test_only_a_responder_goes_without_revocation(changed: Change) -> None:
    path = "templates/vcc-tsa.yaml"
    files = changed(path, "renewBefore: 3315d", "renewBefore: 3315d\n  ocspNoCheck: true")

    assert folded(files, "vcc-tsa") == [("PKI3027", line(files, path, "ocspNoCheck"))]


def test_without_renew_before_a_leaf_is_renewed_after_two_thirds(changed: Change) -> None:
    files = changed("templates/vcc-service.yaml", "  renewBefore: 30d\n", "")

    assert complete(files, "vcc-service").renew_before == 30 * DAY


def test_no_service_gets_a_responders_certificate(shipped: Files) -> None:
    """Whoever held its key could call every certificate of the CA good."""
    child = """
apiVersion: pki.vcc.local/v1
kind: CertificateTemplate
metadata: {name: speaker}
spec: {extends: vcc-ocsp, issuers: [vcc-services]}
"""
    files = {**shipped, "templates/speaker.yaml": child.encode()}

    assert folded(files, "speaker") == [("PKI3028", 5)]


def test_below_a_faulty_template_there_is_none(shipped: Files) -> None:
    """It would inherit what its parent may not have."""
    parent = """
apiVersion: pki.vcc.local/v1
kind: CertificateTemplate
metadata: {name: wide}
spec: {extends: vcc-tls-client, nameTypes: [dns, uri, ip]}
"""
    child = parent.replace("name: wide", "name: child").replace(
        "extends: vcc-tls-client, nameTypes: [dns, uri, ip]", "extends: wide"
    )
    files = {
        **shipped,
        "templates/wide.yaml": parent.encode(),
        "templates/child.yaml": child.encode(),
    }

    assert folded(files, "wide") == [("PKI4020", 5)]
    assert folded(files, "child") == []


def test_a_variable_that_is_none_is_told_where_the_subject_is_written(shipped: Files) -> None:
    """In one line, too, where nothing stands at the place of its part in a list."""
    lines = shipped[CHILD].decode().splitlines(keepends=True)
    text = "".join(
        '  literalSubject: "CN=${modell_name},O=VCC"\n' if line.startswith("  subject:") else line
        for line in lines
    )
    files = {**shipped, CHILD: text.encode()}

    assert folded(files) == [("PKI3022", line(files, CHILD, "literalSubject"))]
