"""A key that everybody can have is certified for nobody."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pki_schema.x509.algorithms import spki_der
from pki_schema.x509.keygate import digest
from tests.worlds import World


def test_only_the_service_with_the_weak_key_gets_nothing(tmp_path: Path) -> None:
    """Held by the linter, with the code of the class, until its host has made a new key."""
    world = World.shipped(tmp_path)
    request = (world.tree / "tenants/vcc/csr/vpb-backend.pem").read_bytes()
    key = x509.load_pem_x509_csr(request).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    named = digest(spki_der(key))
    assert named
    world.weak_keys = frozenset({named})
    outcome = world.reconcile()
    (held,) = outcome.kept_back
    assert held.code == "PKI5020"
    assert "on a list of weak keys" in held.message
    assert "PKI4073" in held.message
    assert world.certificates("vcc", "vpb-backend") == []
    assert world.certificates("vcc", "argus-backend")
    world.new_key("vcc", "vpb-backend")
    world.commit()
    assert not world.reconcile(hours=1).held
    assert len(world.certificates("vcc", "vpb-backend")) == 1
