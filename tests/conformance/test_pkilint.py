"""Everything published, as pkilint's own commands read it, and byte for byte after re-encoding.

The linter asks pkilint about drafts, before a signature; here its commands see the finished
objects, and the pair command verifies the signatures too. Five organisations: the shipped one, and
the same with CA keys of other algorithms.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pkilint.bin import (
    lint_crl,
    lint_ocsp_response,
    lint_pkix_cert,
    lint_pkix_signer_signee_cert_chain,
)
from pyasn1.codec.der.decoder import decode
from pyasn1.codec.der.encoder import encode
from pyasn1_alt_modules import rfc5280, rfc6960

from pki_reconciler.decide.lint.pkix.allowed import ALLOWED, counting
from pki_reconciler.decide.lint.pkix.judges import Remark
from tests.conformance.published import reconcile_now
from tests.worlds import World

# Its commands leave the files they read to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

ML_DSA = {f"2.16.840.1.101.3.4.3.{last}" for last in (17, 18, 19)}

ALGORITHMS = (
    "P-384",
    "ML-DSA-65",
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in ("RSA-3072", "Ed25519", "brainpoolP384r1")
    ),
)


# A SPIFFE bundle is made of JWKs; a repository that asks for one of these keys is refused.
WITHOUT_A_JWK = {"ML-DSA-65", "brainpoolP384r1"}


@dataclass(frozen=True)
class Everything:
    """The certificates (DER) by what they are, CRLs and answers of one organisation."""

    certificates: dict[str, bytes]
    pairs: dict[str, tuple[bytes, bytes]]
    crls: dict[str, bytes]
    answers: dict[str, bytes]


@pytest.fixture(scope="module", params=ALGORITHMS)
def everything(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Everything:
    """With two revocations, so that CRLs and answers have something to say."""
    world = World.shipped(tmp_path_factory.mktemp("organisation")).on_disk()
    for path in (world.tree / "cas").glob("*.yaml"):
        text = path.read_text().replace("algorithm: P-384", f"algorithm: {request.param}")
        path.write_text(text)
    if request.param in WITHOUT_A_JWK:
        for path in (world.tree / "trust").glob("*.yaml"):
            text = path.read_text().replace(", spiffe]", "]")
            path.write_text(re.sub(r"  trustDomain: .*\n", "", text))
    world.write("README.md", f"CA keys: {request.param}\n")
    world.commit("Other keys for the CAs")
    reconcile_now(world)
    world.revoke("one", "{tenant: vcc, service: clara-models}", "keyCompromise")
    world.revoke("two", "{tenant: vcc, service: covina-signer}", "cessationOfOperation")
    world.commit("Two revocations")
    reconcile_now(world)
    return _collected(world.public)


def _collected(public: Path) -> Everything:
    certificates = {path.name: path.read_bytes() for path in public.glob("aia/*.cer")}
    authorities = {_parsed(der).subject: der for der in certificates.values()}
    for path in public.glob("svc/**/cert.pem"):
        held = x509.load_pem_x509_certificate(path.read_bytes())
        certificates[path.parent.relative_to(public).as_posix()] = held.public_bytes(Encoding.DER)
    answers = {
        f"{path.parent.name}/{path.name}": path.read_bytes() for path in public.rglob("*.der")
    }
    responders = {
        responder.dump(): f"responder of {name}"
        for name, der in answers.items()
        for responder in asn1_ocsp.OCSPResponse.load(der).basic_ocsp_response["certs"]
    }
    certificates |= {name: der for der, name in responders.items()}
    return Everything(
        certificates=certificates,
        pairs={
            name: (authorities[_parsed(der).issuer], der)
            for name, der in certificates.items()
            if _parsed(der).issuer != _parsed(der).subject
        },
        crls={path.name: path.read_bytes() for path in public.glob("crl/*.crl")},
        answers=answers,
    )


def _parsed(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def found(command: Callable[[list[str]], int], *arguments: str | Path) -> Iterator[Remark]:
    """What a command of pkilint reports at WARNING and above; its exit code is the number."""
    told = io.StringIO()
    with redirect_stdout(told), redirect_stderr(told):
        code = command(["lint", "-s", "WARNING", "-f", "JSON", *map(str, arguments)])
    results = json.loads(told.getvalue())["results"]
    remarks = [
        Remark(finding["code"], result["node_path"], finding.get("message", ""))
        for result in results
        for finding in result["finding_descriptions"]
    ]
    assert code == len(remarks), told.getvalue()
    yield from counting(tuple(remarks))


def written(folder: Path, objects: dict[str, bytes]) -> Iterator[tuple[str, Path]]:
    for index, (name, der) in enumerate(objects.items()):
        path = folder / f"{index}.der"
        path.write_bytes(der)
        yield name, path


def test_certificates(everything: Everything, tmp_path: Path) -> None:
    """13 of services, 7 of CAs, 4 of responders; 0 findings outside the allow-list."""
    assert len(everything.certificates) == 13 + 7 + 4
    for name, path in written(tmp_path, everything.certificates):
        assert list(found(lint_pkix_cert.main, path)) == [], name


def test_every_edge_from_issuer_to_subject(everything: Everything, tmp_path: Path) -> None:
    assert len(everything.pairs) == 13 + 7 + 4 - 2
    for name, (issuer, subject) in everything.pairs.items():
        (_, above), (_, below) = written(tmp_path, {"issuer": issuer, "subject": subject})
        remarks = list(found(lint_pkix_signer_signee_cert_chain.main, above, below))
        assert remarks == [], name


def test_crls(everything: Everything, tmp_path: Path) -> None:
    assert any(list(x509.load_der_x509_crl(der)) for der in everything.crls.values())
    for name, path in written(tmp_path, everything.crls):
        assert list(found(lint_crl.main, "-t", "CRL", "-p", "PKIX", path)) == [], name


def test_answers(everything: Everything, tmp_path: Path) -> None:
    assert len(everything.answers) > 20
    for name, path in written(tmp_path, everything.answers):
        assert list(found(lint_ocsp_response.main, path)) == [], name


def test_another_encoder_writes_the_same_bytes(everything: Everything) -> None:
    """DER has one form of everything: decoded and encoded again by asn1crypto, nothing differs.

    pyasn1 does it where there are ML-DSA keys, which asn1crypto does not know.
    """
    for kinds, spec, objects in (
        (asn1_x509.Certificate, rfc5280.Certificate, everything.certificates),
        (asn1_crl.CertificateList, rfc5280.CertificateList, everything.crls),
        (asn1_ocsp.OCSPResponse, rfc6960.OCSPResponse, everything.answers),
    ):
        for name, der in objects.items():
            try:
                decoded = kinds.load(der, strict=True)
                assert decoded.native, name
                again = decoded.dump(force=True)
            except KeyError as unknown:
                assert str(unknown).strip("'") in ML_DSA, name
                again = encode(decode(der, asn1Spec=spec())[0])
            assert again == der, name


def test_the_allow_list_has_no_line_that_nothing_needs() -> None:
    """Those that no published object needs are needed by names of other networks.

    ``tests/reconciler/decide/lint/pkix/test_rules.py`` shows one for each.
    """
    assert {re.escape(line.code) for line in ALLOWED} == {
        re.escape(code)
        for code in (
            "pkix.invalid_uri_syntax",
            "pkix.invalid_domain_name_syntax",
            "pkix.invalid_email_address_syntax",
            "pkix.authority_key_identifier_extension_absent",
        )
    }
