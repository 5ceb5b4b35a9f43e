"""Whom readers are told to trust, and when they are told to come back."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from pki_publishers import layout
from tests.fakes import InMemoryTarget
from tests.worlds import World

PEM, P12, SPIFFE = "trust/vcc/bundle.pem", "trust/vcc/bundle.p12", "trust/vcc/spiffe.json"


def _files(world: World, name: str = "public") -> dict[str, bytes]:
    target = world.targets[name]
    assert isinstance(target, InMemoryTarget)
    return target.files


def _common_names(certificates: list[x509.Certificate]) -> list[str]:
    return sorted(c.subject.rfc4514_string().partition(",")[0] for c in certificates)


def _trusted(world: World, path: str = PEM) -> list[str]:
    return _common_names(x509.load_pem_x509_certificates(_files(world)[path]))


def _sequence(world: World) -> int:
    sequence = json.loads(_files(world)[SPIFFE])["spiffe_sequence"]
    assert isinstance(sequence, int)
    return sequence


def test_the_first_reconcile_publishes_every_bundle_in_its_formats(world: World) -> None:
    assert {path for path in _files(world) if path.startswith("trust/")} == {
        *(PEM, P12, SPIFFE),
        *("trust/partner/bundle.pem", "trust/partner/spiffe.json"),
    }
    assert _trusted(world) == ["CN=VCC Root CA G1"]
    assert len(pkcs12.load_pkcs12(_files(world)[P12], None).additional_certs) == 1


def test_what_has_not_changed_is_not_published_again(world: World) -> None:
    """Also beside a change: the certificate of a service makes no new bundle."""
    assert world.reconcile().done.published == 0
    world.new_key("vcc", "vpb-backend")
    world.commit()
    published = world.reconcile(days=1).done.objects
    assert published
    assert not [path for path in published if path.startswith(("trust/", ".well-known/"))]


def test_a_new_root_is_trusted_beside_the_old_one_while_both_are_valid(world: World) -> None:
    """A generation is a new key and a new name; the old one leaves when it has expired."""
    before = _sequence(world)
    world.edit("cas/vcc-root.yaml", "VCC Root CA G1", "VCC Root CA G2")
    world.edit("cas/vcc-root.yaml", "spec:\n", "spec:\n  generation: 2\n")
    world.commit()
    world.reconcile(days=1)
    assert _trusted(world) == ["CN=VCC Root CA G1", "CN=VCC Root CA G2"]
    store = pkcs12.load_pkcs12(_files(world)[P12], None)
    names = sorted(c.friendly_name or b"" for c in store.additional_certs)
    assert names == [b"vcc-root-g1", b"vcc-root-g2"]
    assert len(json.loads(_files(world)[SPIFFE])["keys"]) == 2
    assert _sequence(world) > before


def test_a_ca_that_is_named_no_longer_is_trusted_no_longer(world: World) -> None:
    world.edit("trust/vcc.yaml", "[vcc-root]", "[vcc-root, partner-root]")
    world.commit()
    world.reconcile(days=1)
    assert len(_trusted(world)) == 2
    both = _sequence(world)
    world.edit("trust/vcc.yaml", "[vcc-root, partner-root]", "[vcc-root]")
    world.commit()
    world.reconcile()
    assert _trusted(world) == ["CN=VCC Root CA G1"]
    assert _sequence(world) > both


def test_the_sequence_grows_though_two_changes_fall_into_one_second(world: World) -> None:
    seen = [_sequence(world)]
    for hint in ("30m", "40m", "50m"):
        text = (world.tree / "trust/vcc.yaml").read_text()
        lines = [line for line in text.splitlines() if "refreshHint" not in line]
        world.write("trust/vcc.yaml", "\n".join([*lines, f"  refreshHint: {hint}", ""]))
        world.commit()
        world.reconcile()
        seen.append(_sequence(world))
    assert seen == sorted(set(seen))
    assert len(seen) == 4


def test_a_bundle_that_is_declared_no_longer_stays_for_the_retention(world: World) -> None:
    world.remove("trust/partner.yaml")
    world.commit()
    world.reconcile(days=1)
    assert "trust/partner/bundle.pem" in _files(world)
    world.reconcile(days=31)
    assert not [path for path in _files(world) if path.startswith("trust/partner/")]
    assert PEM in _files(world)


def test_a_bundle_declared_again_stays(world: World) -> None:
    """Its bytes are the same, so nothing is written, and still nothing is deleted."""
    text = (world.tree / "trust/partner.yaml").read_text()
    world.remove("trust/partner.yaml")
    world.commit()
    world.reconcile(days=1)
    world.write("trust/partner.yaml", text)
    world.commit()
    world.reconcile(days=1)
    world.reconcile(days=60)
    assert "trust/partner/bundle.pem" in _files(world)


def test_a_bundle_whose_last_ca_was_revoked_goes_at_once(world: World) -> None:
    """What it says is wrong, and there is no right one."""
    world.edit("trust/vcc.yaml", "[vcc-root]", "[vcc-people]")
    world.commit()
    world.reconcile(days=1)
    assert _trusted(world) == ["CN=VCC People CA G1"]
    world.revoke("people", "{authority: vcc-people}", "cACompromise")
    world.commit()
    outcome = world.reconcile(days=1)
    assert outcome.done.revoked, outcome.observed.refused
    world.reconcile()
    assert not [path for path in _files(world) if path.startswith("trust/vcc/")]
    assert layout.CACERTS_PATH not in _files(world)


def test_a_target_that_lost_a_bundle_gets_it_again(world: World) -> None:
    before = dict(_files(world))
    del _files(world)[P12]
    world.reconcile()
    assert _files(world) == before


def test_a_second_target_gets_the_same_bundle_under_the_same_sequence(world: World) -> None:
    world.targets = {**world.targets, "mirror": InMemoryTarget()}
    world.reconcile(hours=1)
    assert _files(world, "mirror")[SPIFFE] == _files(world)[SPIFFE]


# EST


def _cacerts(world: World, name: str = "public") -> list[str]:
    body = base64.b64decode(_files(world, name)[layout.CACERTS_PATH])
    return _common_names(pkcs7.load_der_pkcs7_certificates(body))


def test_est_clients_find_the_root_of_the_bundle_and_all_cas_below_it(world: World) -> None:
    """And none of the partner's, which is in no bundle that this publication names."""
    assert _cacerts(world) == [
        "CN=VCC People CA G1",
        "CN=VCC Root CA G1",
        "CN=VCC Services CA G1",
        "CN=VCC Signing CA G1",
        "CN=VCC Time CA G1",
    ]


def test_each_publication_has_the_bundle_that_it_names(tmp_path: Path) -> None:
    world = World.shipped(tmp_path)
    text = (world.tree / "publications/public.yaml").read_text()
    partner = text.replace("name: public", "name: mirror").replace(
        "estTrustBundle: vcc", "estTrustBundle: partner"
    )
    world.write("publications/mirror.yaml", partner)
    world.commit()
    world.targets = {**world.targets, "mirror": InMemoryTarget()}
    world.reconcile()
    assert "CN=VCC Root CA G1" in _cacerts(world)
    assert not [name for name in _cacerts(world, "mirror") if "VCC" in name]


# When to come back


def _window(world: World, service: str = "vpb-backend", which: int = -1) -> tuple[str, str]:
    certificate = world.certificates("vcc", service)[which]
    with world.reader() as reader:
        issuer = reader.authorities()[certificate.issuer]
    path = layout.renewal_path(issuer.ski, certificate.serial)
    window = json.loads(_files(world)[path])["suggestedWindow"]
    return window["start"], window["end"]


def test_the_pointer_names_the_renewal_information_of_its_certificate(world: World) -> None:
    pointers = [path for path in _files(world) if path.endswith("/current.json")]
    named = {json.loads(_files(world)[path])["renewalInfo"] for path in pointers}
    assert named == {path for path in _files(world) if path.startswith("renewal-info/")}
    assert len(named) == len(pointers)


def test_the_window_begins_when_the_daemon_renews(world: World) -> None:
    pointer = json.loads(_files(world)["svc/vcc/vpb-backend/default/current.json"])
    assert _window(world)[0] == pointer["renewAt"]


def test_whoever_holds_a_replaced_certificate_is_told_to_come_now(world: World) -> None:
    """Issued again long before its time: the window it was given is withdrawn."""
    planned = _window(world)
    world.new_key("vcc", "vpb-backend")
    world.commit()
    world.reconcile(days=1)
    assert len(world.certificates("vcc", "vpb-backend")) == 2
    start, end = _window(world, which=0)
    assert start < end < planned[0]
    assert _window(world) > planned


def test_whoever_holds_a_revoked_certificate_is_told_to_come_now(world: World) -> None:
    planned = _window(world)
    world.revoke("lost", "{tenant: vcc, service: vpb-backend}", "keyCompromise")
    world.commit()
    world.reconcile(days=1)
    assert _window(world, which=0)[1] < planned[0]


def test_renewal_information_goes_when_its_certificate_has_expired(world: World) -> None:
    with world.reader() as reader:
        issuers = {a.spki: a for a in reader.authorities().values()}
    first = world.certificates("vcc", "vpb-backend")[0]
    path = layout.renewal_path(issuers[first.issuer].ski, first.serial)
    world.reconcile(days=61)
    assert path in _files(world)
    world.reconcile(days=30)
    assert path not in _files(world)


def test_a_full_render_has_the_renewal_information_of_replaced_certificates(world: World) -> None:
    world.new_key("vcc", "vpb-backend")
    world.commit()
    world.reconcile(days=1)
    world.targets = {**world.targets, "mirror": InMemoryTarget()}
    world.reconcile()
    mine, theirs = (
        {path for path in _files(world, name) if path.startswith("renewal-info/")}
        for name in ("public", "mirror")
    )
    assert mine == theirs
