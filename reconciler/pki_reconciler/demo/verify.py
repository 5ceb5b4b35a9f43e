"""Asking openssl, which nobody here wrote, about published files alone."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What openssl said about one service certificate, empty where it had nothing against it."""

    name: str
    chain: str = ""
    staple: str = ""

    @property
    def good(self) -> bool:
        return not (self.chain or self.staple)


def available() -> bool:
    return shutil.which("openssl") is not None


def judge(public: Path, pointer: Path, scratch: Path) -> Judgement:
    """Check the certificate that a ``current.json`` points to: chain, CRLs of all levels, staple.

    ``scratch`` receives the trust anchor in PEM, which a verifier would have had before.
    """
    current = json.loads(pointer.read_text())
    files = {name: public / file["path"] for name, file in current["files"].items()}
    anchor = _pem_of(public / current["trustAnchor"], scratch / "root.pem")
    issuer = _pem_of(public / current["issuerCertificate"], scratch / "issuer.pem")
    chain = ["-untrusted", str(files["chain.pem"])] if "chain.pem" in files else []
    verify = _openssl(
        "verify", "-x509_strict", "-crl_check_all", "-CAfile", str(anchor), *chain,
        "-CRLfile", str(public / current["crlChain"]), str(files["cert.pem"]),
    )  # fmt: skip
    staple = ""
    if "staple" in current:
        answer = _openssl(
            "ocsp", "-no_nonce", "-issuer", str(issuer), "-cert", str(files["cert.pem"]),
            "-respin", str(public / current["staple"]["path"]), "-CAfile", str(anchor),
            "-verify_other", str(issuer),
        )  # fmt: skip
        staple = "" if ": good" in answer and "Response verify OK" in answer else answer
    name = f"{current['tenant']}/{current['service']}/{current['certificate']}"
    against = "" if verify.rstrip().endswith(": OK") else verify
    return Judgement(name=name, chain=against, staple=staple)


def _openssl(*arguments: str) -> str:
    result = subprocess.run(
        ["openssl", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    return result.stdout + result.stderr


def _pem_of(der: Path, pem: Path) -> Path:
    text = base64.encodebytes(der.read_bytes()).decode()
    pem.write_text(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n")
    return pem
