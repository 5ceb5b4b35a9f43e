"""strongSwan: ``pki --verify``, with CRLs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.conformance.programs import run
from tests.conformance.relying_parties.evidence import Presented
from tests.conformance.relying_parties.verdicts import Verdict, one_by_one, told

ACCEPTED = "certificate trusted, lifetimes valid, certificate not revoked"
UNTRUSTED = "no issuer certificate found for"
WORDS = {
    "certificate was revoked on": Verdict.REVOKED,
    "subject certificate invalid (valid from": Verdict.EXPIRED,
    "found unsupported critical X.509 extension: X509v3 Name Constraints": Verdict.UNREADABLE,
}
PLUGINS = "random nonce x509 revocation pubkey pkcs1 pem openssl curl"


def pki(folder: Path, *arguments: str | Path, ocsp: bool) -> tuple[int, str]:
    """Run it, by OCSP or by CRLs; left alone it would also fetch what it was not given."""
    config = folder / "strongswan.conf"
    no = "enable_crl" if ocsp else "enable_ocsp"
    config.write_text(
        f"pki {{\n  load = {PLUGINS}\n"
        f"  plugins {{\n    revocation {{\n      {no} = no\n    }}\n  }}\n}}\n"
    )
    said = run("env", f"STRONGSWAN_CONF={config}", "pki", *arguments)
    return said.code, said.text


def ask(presented: Presented, folder: Path) -> Verdict:
    ders = list(_ders(presented, folder))
    code, text = pki(folder, "--verify", *ders, ocsp=False)
    if code == 0:
        assert ACCEPTED in text, text
        return Verdict.ACCEPTED
    assert "certificate untrusted\n" in text, text
    if not any(words in text for words in WORDS):
        assert UNTRUSTED in text, text
        return Verdict.UNTRUSTED
    return told(text, WORDS)


def _ders(presented: Presented, folder: Path) -> Iterator[str | Path]:
    home = folder / presented.name
    home.mkdir()
    anchor = x509.load_pem_x509_certificate(presented.anchor.read_bytes())
    found = [
        ("--in", presented.certificate),
        *(("--cacert", certificate) for certificate in (anchor, *presented.line)),
        *(("--crl", each) for each in presented.lists),
    ]
    for number, (option, each) in enumerate(found):
        file = home / f"{number}.der"
        file.write_bytes(each.public_bytes(Encoding.DER))
        yield from (option, file)


judge = one_by_one(ask)
