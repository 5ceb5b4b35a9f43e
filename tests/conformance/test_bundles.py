"""What is published to be trusted, read by those who are to trust it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.conformance.programs import openssl, run
from tests.conformance.published import Held, Published, an_hour_old

pytestmark = pytest.mark.debian("keytool", "certtool", "git", "java")

TRUST_MANAGER = """
import java.io.FileInputStream;
import java.security.KeyStore;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

class Anchors {
    public static void main(String[] arguments) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        char[] password = arguments.length > 1 ? arguments[1].toCharArray() : null;
        store.load(new FileInputStream(arguments[0]), password);
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        X509TrustManager manager = (X509TrustManager) factory.getTrustManagers()[0];
        for (var anchor : manager.getAcceptedIssuers())
            System.out.println(anchor.getSubjectX500Principal());
    }
}
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return Published(an_hour_old(tmp_path_factory.mktemp("bundles")))


@pytest.fixture(scope="module")
def held(published: Published) -> Held:
    return published.held("vcc/argus-backend")


def test_openssl_verifies_a_service_below_the_bundle(published: Published, held: Held) -> None:
    bundle = published.root / "trust/vcc/bundle.pem"
    said = openssl("verify", "-x509_strict", "-CAfile", bundle, "-untrusted", held.chain, held.cert)
    assert said.code == 0, said.text


def test_openssl_refuses_a_service_below_another_bundle(published: Published, held: Held) -> None:
    bundle = published.root / "trust/partner/bundle.pem"
    said = openssl("verify", "-x509_strict", "-CAfile", bundle, "-untrusted", held.chain, held.cert)
    assert "unable to get local issuer certificate" in said.text


def test_gnutls_verifies_a_service_below_the_bundle(published: Published, held: Held) -> None:
    bundle = published.root / "trust/vcc/bundle.pem"
    said = run("certtool", "--verify", "--load-ca-certificate", bundle, "--infile", held.fullchain)
    assert "Chain verification output: Verified. The certificate is trusted." in said.text


@pytest.mark.parametrize("password", [(), ("changeit",)], ids=["no password", "any password"])
def test_java_takes_its_trust_anchors_from_the_trust_store(
    published: Published, tmp_path: Path, password: tuple[str, ...]
) -> None:
    """With the password of its own stores, which everybody writes, or with none."""
    program = tmp_path / "Anchors.java"
    program.write_text(TRUST_MANAGER)
    store = published.root / "trust/vcc/bundle.p12"
    said = run("java", program, store, *password)
    assert said.code == 0, said.text
    assert said.stdout.count("CN=VCC Root CA G1") == 1
    assert len(said.stdout.splitlines()) == 1


def test_keytool_lists_each_generation_by_name(published: Published) -> None:
    store = published.root / "trust/vcc/bundle.p12"
    said = run("keytool", "-list", "-keystore", store, "-storepass", "changeit")
    assert said.code == 0, said.text
    assert "vcc-root-g1" in said.stdout
    assert "trustedCertEntry" in said.stdout


def test_openssl_reads_the_trust_store(published: Published) -> None:
    store = published.root / "trust/vcc/bundle.p12"
    said = openssl("pkcs12", "-in", store, "-nokeys", "-nomacver", "-passin", "pass:")
    assert said.code == 0, said.text
    assert "friendlyName: vcc-root-g1" in said.text


def test_openssl_reads_what_est_clients_get(published: Published, tmp_path: Path) -> None:
    """RFC 7030 appendix A.1 reads the answer in the same way."""
    body = (published.root / ".well-known/est/cacerts").read_bytes()
    der = tmp_path / "cacerts.p7"
    der.write_bytes(base64.b64decode(body))
    said = openssl("pkcs7", "-inform", "DER", "-in", der, "-print_certs", "-noout")
    assert said.code == 0, said.text
    assert said.stdout.count("subject=") == 5
