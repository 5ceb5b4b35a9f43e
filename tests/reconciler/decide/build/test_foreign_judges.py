"""What went through the whole chain is accepted by software that shares no code with ours.

OpenSSL 3.0 judges the classical algorithms; it does not know ML-DSA, which pyca verifies.
"""

import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from pki_reconciler.chain import Intended, Linted, lint, sign
from pki_reconciler.decide.build import (
    GOOD,
    CertificateStatus,
    CrlEntry,
    Issuer,
    build_answer,
    build_crl,
)
from pki_reconciler.decide.lint import (
    AnswerContext,
    CertificateContext,
    CrlContext,
    answer_rules,
    certificate_rules,
    crl_rules,
)
from pki_schema.x509.algorithms import ALGORITHMS
from tests.reconciler.decide.samples import EVERY_ONE

CLASSICAL = ["P-256", "P-384", "RSA-3072", "Ed25519"]


@dataclass
class Chain:
    """A root, an issuing CA of one algorithm, and everything the CA signs, through all stages."""

    world: object
    algorithm: str

    def __post_init__(self):
        world, algorithm = self.world, self.algorithm
        root_meaning = world.authority_meaning("vcc-root", key_algorithm=algorithm)
        self.root_der = self.certified(world.unsigned(root_meaning, None), None)
        self.root = self.issuer(self.root_der, root_meaning)
        meaning = world.issuing_meaning(key_algorithm=algorithm)
        self.ca_der = self.certified(world.unsigned(meaning, self.root), self.root)
        self.ca = self.issuer(self.ca_der, meaning)
        self.good = world.unsigned(world.leaf_meaning(), self.ca)
        self.bad = world.unsigned(world.leaf_meaning(), self.ca)
        self.good_der = self.certified(self.good, self.ca)
        self.bad_der = self.certified(self.bad, self.ca)
        self.revoked = CertificateStatus(world.now - timedelta(hours=1), "keyCompromise")
        self.responder_der = self.certified(
            world.unsigned(world.responder_meaning(), self.ca), self.ca
        )
        self.root_crl = self.listed(self.root)
        self.ca_crl = self.listed(
            self.ca, CrlEntry(self.bad.facts.serial, self.revoked.revoked_at, self.revoked.reason)
        )

    def issuer(self, der, meaning):
        return Issuer.with_certificate(x509.load_der_x509_certificate(der), meaning.authority)

    def through(self, unsigned, rules):
        verdict = lint(unsigned, rules)
        assert isinstance(verdict, Linted), verdict.findings
        key = self.world.keys[unsigned.signer]
        return sign(Intended(verdict, seq=1), key, verify=True).der

    def certified(self, unsigned, issuer):
        ancestors = (self.root_der,) if issuer and issuer.settings.parent else ()
        context = CertificateContext(now=self.world.now, issuer=issuer, ancestors=ancestors)
        return self.through(unsigned, certificate_rules(context, EVERY_ONE))

    def listed(self, issuer, *entries):
        unsigned = build_crl(issuer, entries=entries, number=1, now=self.world.now, regular=True)
        return self.through(
            unsigned, crl_rules(CrlContext(now=self.world.now, issuer=issuer), EVERY_ONE)
        )

    def answered(self, serial, status, algorithm):
        now, responder = self.world.now, self.responder_der
        unsigned = build_answer(
            self.ca,
            responder,
            serial=serial,
            status=status,
            algorithm=algorithm,
            now=now,
            validity=4 * 86_400,
        )
        statuses = {serial: status}
        context = AnswerContext(now=now, issuer=self.ca, responder=responder, statuses=statuses)
        return self.through(unsigned, answer_rules(context, EVERY_ONE))


class OpenSsl:
    """Runs openssl in a folder, at the moment at which everything was made."""

    def __init__(self, folder: Path, chain: Chain) -> None:
        self.folder, self.now = folder, int(chain.world.now.timestamp())
        for name in ("root", "ca", "good", "bad"):
            self.pem(name, x509.load_der_x509_certificate(getattr(chain, f"{name}_der")))
        self.pem("root-crl", x509.load_der_x509_crl(chain.root_crl))
        self.pem("ca-crl", x509.load_der_x509_crl(chain.ca_crl))
        texts = [(folder / f"{name}.pem").read_text() for name in ("root-crl", "ca-crl")]
        (folder / "crls.pem").write_text("".join(texts))

    def pem(self, name, value):
        (self.folder / f"{name}.pem").write_bytes(value.public_bytes(Encoding.PEM))

    def run(self, *arguments):
        done = subprocess.run(
            ["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60
        )
        return done.returncode, done.stdout + done.stderr

    def verify(self, name, *more):
        return self.run(
            "verify",
            "-x509_strict",
            *("-attime", str(self.now)),
            *("-CAfile", "root.pem", "-untrusted", "ca.pem"),
            *more,
            f"{name}.pem",
        )


@pytest.fixture(scope="module", params=CLASSICAL)
def chain(request, world):
    return Chain(world, request.param)


@pytest.fixture
def openssl(chain, tmp_path):
    return OpenSsl(tmp_path, chain)


pytestmark = pytest.mark.debian("openssl")

WITH_CRLS = ("-crl_check_all", "-CRLfile", "crls.pem")


def test_a_good_certificate_verifies_with_all_crls(openssl):
    code, text = openssl.verify("good", "-purpose", "sslserver", *WITH_CRLS)
    assert code == 0, text


def test_a_revoked_certificate_is_refused(openssl):
    """The same path and the same CRL: so the success above was no accident."""
    code, text = openssl.verify("bad", "-purpose", "sslserver", *WITH_CRLS)
    assert code != 0
    assert "certificate revoked" in text


def test_the_name_is_the_one_that_was_declared(openssl):
    right = openssl.verify("good", "-verify_hostname", "argus-backend.vcc.local")
    wrong = openssl.verify("good", "-verify_hostname", "clara-backend.vcc.local")
    assert (right[0], wrong[0] != 0) == (0, True), right[1]


def test_openssl_reads_every_extension(openssl):
    """Anything it cannot decode would be printed as a hex dump or as an error."""
    code, text = openssl.run("x509", "-in", "ca.pem", "-noout", "-ext", "nameConstraints")
    assert code == 0
    assert "DNS:vcc.internal" in text


@pytest.mark.parametrize(("crl", "issuer"), [("root-crl", "root"), ("ca-crl", "ca")])
def test_crls_verify(openssl, crl, issuer):
    arguments = ("-in", f"{crl}.pem", "-CAfile", f"{issuer}.pem", "-verify", "-noout")
    _, text = openssl.run("crl", *arguments)
    assert "verify OK" in text


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("name", ["good", "bad"])
def test_answers_verify(openssl, chain, name, algorithm):
    """The exit code is 0 even for a bad answer, so the lines are read."""
    status = GOOD if name == "good" else chain.revoked
    answer = chain.answered(getattr(chain, name).facts.serial, status, algorithm)
    (openssl.folder / "answer.der").write_bytes(answer)
    _, text = openssl.run(
        "ocsp",
        *("-no_nonce", "-issuer", "ca.pem", f"-{algorithm}", "-cert", f"{name}.pem"),
        *("-respin", "answer.der", "-CAfile", "root.pem", "-verify_other", "ca.pem"),
        # That instant is for the certificates; of the answer's it only lets the clock be far off.
        *("-attime", str(openssl.now), "-validity_period", str(2**31 - 1)),
    )
    assert "Response verify OK" in text, text
    assert f"{name}.pem: {'good' if name == 'good' else 'revoked'}" in text, text
    assert ("Reason: keyCompromise" in text) is (name == "bad")


def test_post_quantum_signatures_verify(world):
    """ML-DSA for both CAs; the responder stays P-256 as declared."""
    chain = Chain(world, "ML-DSA-65")
    leaf = x509.load_der_x509_certificate(chain.good_der)
    leaf.verify_directly_issued_by(chain.ca.certificate)
    chain.ca.certificate.verify_directly_issued_by(chain.root.certificate)
    crl = x509.load_der_x509_crl(chain.ca_crl)
    assert crl.is_signature_valid(chain.ca.public_key)
    answer = ocsp.load_der_ocsp_response(chain.answered(leaf.serial_number, GOOD, "sha256"))
    responder = x509.load_der_x509_certificate(chain.responder_der).public_key()
    ALGORITHMS["P-256"].verify(responder, answer.signature, answer.tbs_response_bytes)
