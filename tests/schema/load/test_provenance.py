"""Who set which value: the line an author has to change."""

from collections.abc import Callable

from pki_schema.desired import Identity
from pki_schema.load import load
from pki_schema.load.provenance import DEFAULT, settings

Files = dict[str, bytes]
Changed = Callable[..., Files]
ARGUS = Identity("Service", "vcc", "argus-backend")


def told(files: Files, identity: Identity) -> dict[str, tuple[str, str]]:
    """Value and place by field; the place is the default's name where nobody wrote it."""
    found = settings(load(files)[0].state, identity)
    fields = [one.field for one in found]
    assert len(fields) == len(set(fields))
    return {
        one.field: (one.value, str(one.position) if one.position else one.source) for one in found
    }


def test_a_service_has_its_own_values_those_of_its_template_and_of_its_tenant(
    shipped: Files,
) -> None:
    found = told(shipped, ARGUS)
    assert found["trustLevel"] == ("high", "tenants/vcc/services/argus-backend.yaml:11:15")
    assert found["duration"] == ("90d", "templates/vcc-service.yaml:15:13")
    assert found["${zone}"] == ("vcc.local", "tenants/vcc/tenant.yaml:7:9")
    assert found["issuer"] == ("vcc-services", "tenants/vcc/tenant.yaml:10:27")
    assert found["suspend"] == ("false", DEFAULT)


def test_a_services_own_word_counts_before_its_templates(changed: Changed) -> None:
    path = "tenants/vcc/services/argus-backend.yaml"
    files = changed(path, "  trustLevel: high", "  duration: 47d")
    assert told(files, ARGUS)["duration"] == ("47d", f"{path}:11:13")


def test_of_several_certificates_each_has_its_own(shipped: Files) -> None:
    found = told(shipped, Identity("Service", "vcc", "pki-server"))
    assert found["default: duration"][1].startswith("templates/vcc-service.yaml:")
    assert found["api: duration"][1].startswith("templates/vcc-tls-server.yaml:")


def test_a_template_inherits(shipped: Files) -> None:
    found = told(shipped, Identity("CertificateTemplate", "", "vcc-clara-model"))
    assert found["duration"] == ("730d", "templates/vcc-clara-model.yaml:11:13")
    assert found["usages"][1].startswith("templates/vcc-code-signing.yaml:")


def test_of_two_ways_to_write_a_subject_the_nearer_one_counts(changed: Changed) -> None:
    path = "templates/vcc-clara-model.yaml"
    files = changed(
        path, "  subject: [{C: DE}, {ST: Brandenburg}, ", "  literalSubject: O=VCC\n  # "
    )
    found = told(files, Identity("CertificateTemplate", "", "vcc-clara-model"))
    assert found["literalSubject"][0] == "O=VCC"
    assert "subject" not in found


def test_parts_are_told_one_by_one(shipped: Files) -> None:
    found = told(shipped, Identity("CertificateAuthority", "", "vcc-root"))
    assert found["crl.validity"][0] == "365d"
    assert found["crl.keepExpired"] == ("false", DEFAULT)
    assert found["privateKey.algorithm"][0] == "P-384"


def test_what_is_not_there_has_no_values(shipped: Files) -> None:
    assert settings(load(shipped)[0].state, Identity("Service", "vcc", "nobody")) == ()


def test_every_object_that_is_shipped_can_be_explained(shipped: Files) -> None:
    """Each value with a place inside a file that exists, or said to be a default."""
    state = load(shipped)[0].state
    for identity in state.objects:
        for one in settings(state, identity):
            assert (one.position is None) == (one.source == DEFAULT)
            assert one.position is None or one.position.path in shipped
