"""The shipped desired state as a mapping of paths to bytes, ways to change it, and CSRs."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

ROOT = Path(__file__).parents[3] / "desired-state"

Files = dict[str, bytes]


@pytest.fixture
def shipped() -> Files:
    """Every file of ``desired-state/`` by its path in there."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in ROOT.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def changed(shipped: Files) -> Callable[..., Files]:
    """``changed(path, old, new)``: the shipped tree with one text replaced, which must be there."""

    def change(path: str, old: str, new: str, *, files: Mapping[str, bytes] = shipped) -> Files:
        text = files[path].decode()
        assert text.count(old) == 1, f"{old!r} is not once in {path}"
        return {**files, path: text.replace(old, new).encode()}

    return change


@pytest.fixture(scope="session")
def p256() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(0x1234567, ec.SECP256R1())


@pytest.fixture(scope="session")
def p384() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(0x7654321, ec.SECP384R1())


@pytest.fixture(scope="session")
def rsa3072() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


@pytest.fixture(scope="session")
def csr() -> Callable[..., bytes]:
    """``csr(key, uris)``: a PEM request of this key whose alternative names are these URIs."""

    def make(
        key: CertificateIssuerPrivateKeyTypes,
        uris: Iterable[str],
        *,
        more: Iterable[x509.GeneralName] = (),
        digest: hashes.HashAlgorithm | None = None,
    ) -> bytes:
        names = [*(x509.UniformResourceIdentifier(uri) for uri in uris), *more]
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        request = builder.sign(key, digest or hashes.SHA256())
        return request.public_bytes(serialization.Encoding.PEM)

    return make
