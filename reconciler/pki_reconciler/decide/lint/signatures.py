"""The AlgorithmIdentifiers that signatures carry here, written out: a judge shares no code."""

from __future__ import annotations

# RFC 5758 section 3.2: parameters absent.
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_ECDSA_SHA384 = bytes.fromhex("300a06082a8648ce3d040303")
_ECDSA_SHA512 = bytes.fromhex("300a06082a8648ce3d040304")
# RFC 4055 section 5: parameters NULL.
_RSA_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")

IDENTIFIERS: dict[str, bytes] = {
    "P-256": _ECDSA_SHA256,
    "P-384": _ECDSA_SHA384,
    "P-521": _ECDSA_SHA512,
    "brainpoolP256r1": _ECDSA_SHA256,
    "brainpoolP384r1": _ECDSA_SHA384,
    "brainpoolP512r1": _ECDSA_SHA512,
    "RSA-3072": _RSA_SHA256,
    "RSA-4096": _RSA_SHA256,
    "Ed25519": bytes.fromhex("300506032b6570"),  # RFC 8410 section 3: absent
    # RFC 9881 section 2: absent.
    "ML-DSA-44": bytes.fromhex("300b0609608648016503040311"),
    "ML-DSA-65": bytes.fromhex("300b0609608648016503040312"),
    "ML-DSA-87": bytes.fromhex("300b0609608648016503040313"),
}
"""By name in the closed list of algorithms."""
