"""From a template's rarer fields to the certificate, as openssl reads it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.conformance.programs import openssl
from tests.worlds import World

TEMPLATE = "templates/vcc-service.yaml"
SERVICE = "vpb-backend"
MUST_STAPLE = "{oid: 1.3.6.1.5.5.7.1.24, value: MAMCAQU=}"
PRIVATE = "{oid: 1.3.6.1.4.1.99999.7, value: DAdwcml2YXRl}"  # UTF8String "private"


def _world(tmp_path: Path, **fields: str) -> World:
    """The shipped organisation, where the template of services has these fields besides."""
    world = World.shipped(tmp_path)
    text = (world.tree / TEMPLATE).read_text()
    kept = [
        line
        for line in text.splitlines()
        if not any(line.startswith(f"  {name}:") for name in ("subject", *fields))
    ]
    subject = {} if "literalSubject" in fields else {"subject": '[{CN: "${service_name}.${zone}"}]'}
    added = [f"  {name}: {value}" for name, value in {**subject, **fields}.items()]
    world.write(TEMPLATE, "\n".join([*kept, *added, ""]))
    world.commit()
    return world


def _certificate(world: World) -> x509.Certificate:
    outcome = world.reconcile()
    assert not outcome.observed.refused, outcome.observed.refused
    assert not outcome.held, outcome.kept_back
    return x509.load_der_x509_certificate(world.certificates("vcc", SERVICE)[-1].der)


def _told(world: World) -> set[str]:
    """The codes that tenants are told, which stand still."""
    faults = world.reconcile().observed.faults
    return {c for f in faults for p in f.problems for c in re.findall(r"error\[(PKI\d+)\]", p)}


def _text(certificate: x509.Certificate, tmp_path: Path) -> str:
    file = tmp_path / "certificate.pem"
    file.write_bytes(certificate.public_bytes(Encoding.PEM))
    return openssl("x509", "-in", file, "-noout", "-text").stdout


@pytest.mark.debian("openssl", "git")
def test_a_certificate_has_the_subject_names_and_extensions_of_its_template(
    tmp_path: Path,
) -> None:
    world = _world(
        tmp_path,
        literalSubject='"CN=${service_name}.${zone},O=VCC\\\\, Potsdam,C=DE"',
        nameTypes="[dns, uri, other]",
        names=(
            '{dnsNames: ["${service_name}.${zone}"], '
            'otherNames: [{oid: 1.3.6.1.4.1.99999.1, utf8Value: "node-${service_name}"}]}'
        ),
        extraExtensions=f"[{MUST_STAPLE}, {PRIVATE}]",
    )
    text = _text(_certificate(world), tmp_path)
    assert 'Subject: C = DE, O = "VCC, Potsdam", CN = vpb-backend.vcc.local' in text
    assert "DNS:vpb-backend.vcc.local" in text
    assert "othername: 1.3.6.1.4.1.99999.1::node-vpb-backend" in text
    assert "TLS Feature:" in text
    assert "status_request" in text
    assert "1.3.6.1.4.1.99999.7:" in text


def test_a_value_that_is_replaced_adds_no_attribute(tmp_path: Path) -> None:
    """The line is read before a variable is replaced: what is a comma inside a value stays one."""
    world = _world(tmp_path, literalSubject='"CN=${service_name}.${zone},O=${organization}"')
    world.edit(
        "tenants/vcc/tenant.yaml",
        "organization: VCC - Veritas Control Center",
        "organization: 'VCC,CN=admin'",
    )
    world.commit()
    subject = _certificate(world).subject
    assert [(a.rfc4514_attribute_name, a.value) for a in subject] == [
        ("O", "VCC,CN=admin"),
        ("CN", "vpb-backend.vcc.local"),
    ]


def test_other_names_are_a_type_that_the_template_has_to_allow(tmp_path: Path) -> None:
    other = "otherNames: [{oid: 1.3.6.1.4.1.99999.1, utf8Value: x}]"
    world = _world(tmp_path, names=f'{{dnsNames: ["${{service_name}}.${{zone}}"], {other}}}')
    assert _told(world) == {"PKI4021"}


def test_a_service_cannot_ask_for_an_other_name(tmp_path: Path) -> None:
    """No tenant has a delegation for them."""
    world = World.shipped(tmp_path)
    path = f"tenants/vcc/services/{SERVICE}.yaml"
    text = (world.tree / path).read_text()
    world.write(path, f"{text}  otherNames: [{{oid: 1.2.3, utf8Value: x}}]\n")
    world.commit()
    assert _told(world) == {"PKI2101"}


def test_a_staple_is_demanded_only_where_there_will_be_one(tmp_path: Path) -> None:
    """RFC 7633: without an answer no client would ever connect."""
    world = _world(tmp_path, extraExtensions=f"[{MUST_STAPLE}]")
    path = "cas/vcc-services.yaml"
    lines = (world.tree / path).read_text().splitlines()
    world.write(path, "\n".join([*(line for line in lines if "  ocsp:" not in line), ""]))
    world.commit()
    codes = {p.code for refusal in world.reconcile().observed.refused for p in refusal.problems}
    assert "PKI4018" in codes


def test_overlap_is_another_way_to_say_when_the_next_crl_is_made(tmp_path: Path) -> None:
    world = World.shipped(tmp_path)
    path = "cas/vcc-services.yaml"
    lines = [line for line in (world.tree / path).read_text().splitlines() if "  crl:" not in line]
    world.write(path, "\n".join([*lines, "  crl: {validity: 7d, overlap: 6d}", ""]))
    world.commit()
    world.reconcile()
    first = world.crl("vcc-services")
    world.reconcile(hours=23)
    assert world.crl("vcc-services") == first
    world.reconcile(hours=2)
    assert world.crl("vcc-services") != first
