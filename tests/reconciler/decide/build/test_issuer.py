"""An issuer is what the ledger recorded, checked against its own certificate."""

from dataclasses import asdict

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization

from pki_reconciler.decide.build import Issuer
from pki_schema.issued import IssuedAuthority


@pytest.fixture
def recorded(world, services):
    der = services.certificate.public_bytes(serialization.Encoding.DER)
    return IssuedAuthority(
        name="vcc-services",
        generation=1,
        spki=services.spki,
        ski=services.ski.hex(),
        certificate=world.issued(7, der=der),
        meaning=world.issuing_meaning(),
        parent="",
    )


def test_an_issuer_is_read_from_the_ledger(recorded, services):
    assert asdict(Issuer.of(recorded)) == asdict(services)


def test_its_files_are_named_after_the_ca_and_its_key(services):
    """Two keys of one CA never share a file."""
    assert services.stem == f"vcc-services-{services.ski.hex()[:8]}"


def test_a_certificate_of_another_key_is_refused(recorded):
    with pytest.raises(ValueError, match="recorded under another key"):
        Issuer.of(msgspec.structs.replace(recorded, spki="0" * 64))


def test_what_is_no_ca_is_refused(recorded, world):
    with pytest.raises(ValueError, match="is not a CA"):
        Issuer.of(msgspec.structs.replace(recorded, meaning=world.leaf_meaning()))
