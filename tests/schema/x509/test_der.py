"""The few octets that we write ourselves are those that others would write."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

from pki_schema.x509 import der

START = datetime(2026, 11, 23)  # noqa: DTZ001 - pyca takes naive UTC


def certificate(number):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A CA" * number)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), number)
    until = START + timedelta(days=1)
    return builder.not_valid_before(START).not_valid_after(until).sign(key, hashes.SHA256())


@pytest.mark.parametrize("count", [1, 2, 9])
def test_certificates_in_a_cms_are_laid_out_as_pyca_does(count):
    made = [certificate(number) for number in range(1, count + 1)]
    ders = {one.public_bytes(serialization.Encoding.DER): one for one in made}
    ordered = sorted(ders)
    theirs = pkcs7.serialize_certificates(
        [ders[one] for one in ordered], serialization.Encoding.DER
    )
    assert der.certs_only(ordered) == theirs
