"""One definition, two readers: the decoder and the generated JSON Schema agree on every document.

If the schema were stricter, authors would hear of faults in what is accepted; if it were laxer, a
refused document would have no explanation.
"""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pki_schema.fields import SCALARS
from pki_schema.kinds import SPECS
from pki_schema.load.documents import decode
from pki_schema.load.explain import explain, json_schema
from pki_schema.load.positions import Positions, pack
from pki_schema.load.strict_yaml import read

PATH = "a.yaml"

NAMES = {
    "template": "vcc-service", "issuerRef": "vcc-services", "dnsNames": ["a.vcc.local"],
    "ipAddresses": ["172.21.0.9"], "uris": ["spiffe://vcc.local/a"],
    "emailAddresses": ["a@vcc.local"], "userPrincipalNames": ["a@vcc.local"], "duration": "90d",
    "renewBefore": "30d", "parameters": {"model": "Clara"}, "keyOrigin": "csr",
}  # fmt: skip
SUBTREES = {
    "dnsDomains": ["vcc.local"], "ipRanges": ["10.0.0.0/8", "::/0"],
    "emailDomains": ["vcc.local"], "uriDomains": ["vcc.local"],
}  # fmt: skip
FULL: dict[str, dict[str, Any]] = {
    "CertificateAuthority": {
        "subject": [{"C": "DE"}, {"CN": "VCC CA G1"}], "privateKey": {"algorithm": "P-384"},
        "signatureAlgorithm": "ECDSA-SHA384", "crossSigns": ["partner-root"],
        "duration": "365d", "issuesFor": "90d", "baseURLs": ["http://pki.vcc.internal"],
        "parent": "vcc-root", "generation": 1, "pathLength": 0, "usages": ["server auth"],
        "nameConstraints": {"critical": True, "permitted": SUBTREES, "excluded": SUBTREES},
        "policies": [{"oid": "2.5.29.32.0", "cps": "http://pki.vcc.internal/cps"}],
        "crl": {"validity": "7d", "refresh": "1d", "keepExpired": False, "numberFloor": 5,
                "overlap": "6d", "delta": True, "shards": 2},
        "ocsp": {"mode": "presigned", "template": "o", "validity": "4d", "refreshAt": "2d"},
        "offline": False, "lifecycle": "active",
    },
    "CertificateTemplate": {
        "extends": "base", "issuers": ["vcc-services"], "subject": [{"CN": "${service_name}"}],
        "names": {"dnsNames": ["${service_name}"], "ipAddresses": [], "uris": ["a:b"],
                  "otherNames": [{"oid": "1.2.3", "utf8Value": "x"}]},
        "literalSubject": "CN=${service_name}",
        "extraExtensions": [{"oid": "1.2.3", "critical": True, "value": "BQA="}],
        "nameTypes": ["dns"], "requiredNames": ["dns"], "usages": ["server auth", "1.2.3"],
        "extendedKeyUsageCritical": False, "policies": [{"oid": "1.2.3"}],
        "privateKey": {"algorithms": ["P-256"], "maxAge": "365d"}, "duration": "90d",
        "maxDuration": "90d", "renewBefore": "30d", "ocspNoCheck": False, "statusPointers": True,
        "parameters": ["x"],
    },
    "Tenant": {
        "organization": "VCC", "zone": "vcc.local", "dnsSuffixes": ["vcc.internal"],
        "ipRanges": ["10.0.0.0/8"], "emailDomains": ["vcc.local"], "spiffeDomain": "vcc.local",
        "isolation": "strict", "certificateAuthorities": ["a"], "templates": ["b"],
        "contacts": [{"name": "PKI", "email": "pki@vcc.local"}], "limits": {"revocations": 5},
        "quotas": {"certificates": 10},
    },
    "Service": {
        **NAMES, "certificates": [{"name": "api", **NAMES}], "description": "Clara",
        "endpoints": ["https://a.vcc.local:1"], "healthURL": "https://a.vcc.local/h",
        "trustLevel": "high", "suspend": False, "resumeAfter": ["r-1"],
    },
    "Revocation": {
        "target": {
            "ca": "a", "serial": "0a", "tenant": "t", "service": "s", "certificate": "c",
            "authority": "a", "template": "t", "key": "ab" * 32,
        },
        "reason": "superseded", "invalidityDate": "2026-11-22T21:00:00Z", "state": "revoked",
        "comment": "moved",
    },
    "Publication": {
        "baseURLs": ["http://pki.vcc.internal"], "retention": "30d", "description": "x",
        "estTrustBundle": "vcc",
    },
}  # fmt: skip

LIKELY = st.sampled_from(
    [
        "", "a", "A", "NO", "012", "90d", "90days", "0s", "a.b", "*.a.b", "10.0.0.0/8", "10.0.0.1",
        "::ffff:1.2.3.4", "http://a.b", "https://a.b", "server auth", "P-256", "2.5.29.37.0", "0a",
        "ab" * 32, "two\nlines", "x" * 513, "2026-11-22", "strict", "active", "csr", " ", "\u00e4",
    ]
)  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers(-(10**18) + 1, 10**18 - 1) | LIKELY
    | st.text("aB1.:/-@ \u00e9", max_size=12)
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=4,
)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = (
        value.items() if isinstance(value, dict)
        else enumerate(value) if isinstance(value, list)
        else ()
    )  # fmt: skip
    return [path, *(found for key, child in children for found in places(child, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A document of any kind with all its fields, changed in up to three places."""
    kind = draw(st.sampled_from(sorted(FULL)))
    document: dict[str, Any] = json.loads(
        json.dumps(
            {
                "apiVersion": "pki.vcc.local/v1",
                "kind": kind,
                "metadata": {"name": "a", "labels": {"a": "b"}, "annotations": {"a": "b"}},
                "spec": FULL[kind],
            }
        )
    )
    for _ in range(draw(st.integers(0, 3))):
        *outer, last = draw(st.sampled_from(places(document)[1:]))
        inside: Any = document
        for step in outer:
            inside = inside[step]
        match draw(st.sampled_from(["replace", "remove", "add", "misspell"])):
            case "remove":
                del inside[last]
            case "replace":
                inside[last] = draw(VALUES)
            case "add" if isinstance(inside, dict):
                inside[draw(st.sampled_from(["x", "name", "template", "oid"]))] = draw(VALUES)
            case "misspell" if isinstance(inside, dict):
                inside[f"{last}s"] = inside.pop(last)
            case _:
                inside.append(draw(VALUES))
    return document


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(mutated())
def test_the_decoder_and_the_schema_give_one_verdict(document: dict[str, Any]) -> None:
    """The explanation is left with nothing to say exactly when the decoder accepts."""
    data = json.dumps(document, ensure_ascii=False).encode()  # JSON is YAML
    tree, problems = read(PATH, data)
    assert tree is not None, problems
    assert tree.value == document
    accepted = decode(PATH, "", data).declared is not None
    explanation = explain(tree.value, Positions(PATH, pack(tree)), "refused")
    assert ([p.code for p in explanation] == ["PKI2100"]) == accepted, explanation


def test_the_full_documents_are_full() -> None:
    """The mutations start from every field there is: a new one cannot be forgotten here."""
    for kind, spec in FULL.items():
        definitions = json_schema(SPECS[kind])["$defs"]
        assert set(definitions[SPECS[kind].__name__]["properties"]) == set(spec), kind


def test_every_scalar_of_a_schema_names_its_class() -> None:
    """A format nobody checks would make the schema laxer than the decoder."""
    written = json.dumps([json_schema(spec) for spec in SPECS.values()])
    known = {f'"format": "{kind.__name__}"' for kind in SCALARS}
    assert written.count('"format"') == sum(written.count(form) for form in known)


def test_a_refusal_without_explanation_is_never_silent() -> None:
    """If the two ever differed, the decoder's own words stand at the spec."""
    data = (
        b"apiVersion: pki.vcc.local/v1\nkind: Service\nmetadata: {name: a}\nspec: {template: b}\n"
    )
    tree, _ = read(PATH, data)
    assert tree is not None
    (problem,) = explain(tree.value, Positions(PATH, pack(tree)), "Expected something else")
    assert str(problem) == "a.yaml:4:7: error[PKI2100] Expected something else"
