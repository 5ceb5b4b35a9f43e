"""keytool reads what is published, and takes a service's chain into a Java trust store."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.programs import run
from tests.conformance.published import Held, Published, an_hour_old

pytestmark = pytest.mark.debian("keytool", "git")

PASSWORD = ("-storepass", "changeit", "-storetype", "PKCS12")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return Published(an_hour_old(tmp_path_factory.mktemp("keytool")))


@pytest.fixture(scope="module")
def held(published: Published) -> Held:
    return published.held("vcc/argus-backend")


def test_a_certificate_is_read(held: Held) -> None:
    said = run("keytool", "-printcert", "-file", held.cert)
    assert said.code == 0, said.text
    assert f"Serial number: {held.serial:x}" in said.stdout
    assert "DNSName: argus-backend.vcc.local" in said.stdout


def test_a_p7b_holds_the_chain(held: Held) -> None:
    said = run("keytool", "-printcert", "-file", held.fullchain.with_name("bundle.p7b"))
    assert said.code == 0, said.text
    assert said.stdout.count("Serial number: ") == 2


def test_a_crl_is_read(held: Held) -> None:
    said = run("keytool", "-printcrl", "-file", held.crl)
    assert said.code == 0, said.text
    assert "CN=VCC Services CA G1" in said.stdout


def test_below_an_imported_root_a_chain_is_taken_without_a_question(
    held: Held, tmp_path: Path
) -> None:
    """-trustcacerts: with the anchor there, keytool follows the chain by itself."""
    store = ("-keystore", tmp_path / "trust.p12", *PASSWORD)
    root = run(
        *("keytool", "-importcert", "-noprompt", "-alias", "root"),
        *("-file", held.anchor, *store),
    )
    assert root.code == 0, root.text
    issuing = run(
        *("keytool", "-importcert", "-trustcacerts", "-alias", "services"),
        *("-file", held.issuer, *store),
    )
    assert issuing.code == 0, issuing.text
    assert "Certificate was added to keystore" in issuing.text
