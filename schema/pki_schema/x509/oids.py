"""Object identifiers and the words authors use for usages, reasons and name attributes."""

from __future__ import annotations

import re

# RFC 5280 section 4.2.1.3, in cert-manager's words; the values are pyca's keyword arguments.
KEY_USAGES: dict[str, str] = {
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "data encipherment": "data_encipherment",
    "key agreement": "key_agreement",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
}

# RFC 5280 section 4.2.1.12.
EXTENDED_KEY_USAGES: dict[str, str] = {
    "server auth": "1.3.6.1.5.5.7.3.1",
    "client auth": "1.3.6.1.5.5.7.3.2",
    "code signing": "1.3.6.1.5.5.7.3.3",
    "email protection": "1.3.6.1.5.5.7.3.4",
    "timestamping": "1.3.6.1.5.5.7.3.8",
    "ocsp signing": "1.3.6.1.5.5.7.3.9",
}
ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0"
OCSP_SIGNING = EXTENDED_KEY_USAGES["ocsp signing"]

# RFC 4519 short names, as RFC 4514 writes them.
NAME_ATTRIBUTES: dict[str, str] = {
    "CN": "2.5.4.3",
    "serialNumber": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "street": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "DC": "0.9.2342.19200300.100.1.25",
}

ANY_POLICY = "2.5.29.32.0"
USER_PRINCIPAL_NAME = "1.3.6.1.4.1.311.20.2.3"
TLS_FEATURE = "1.3.6.1.5.5.7.1.24"  # RFC 7633: must-staple
EXPIRED_CERTS_ON_CRL = "2.5.29.60"  # X.509 (2019) section 9.5.2.8
DOCUMENTATION_ARC = "1.3.6.1.4.1.32473"  # RFC 5612: for examples only

# What a certificate gets from other fields, or must not have: RFC 5280 section 4.2, RFC 6960
# section 4.2.2.2.1, RFC 6962 section 3; and what Windows takes for the SID of who logs on.
_RESERVED_EXTENSIONS = (
    "2.5.29",
    "1.3.6.1.5.5.7.1.1",
    "1.3.6.1.5.5.7.1.11",
    "1.3.6.1.5.5.7.48.1",
    "1.3.6.1.4.1.11129.2.4",
    "1.3.6.1.4.1.311.25.2",
    "2.16.840.1.113730.1",
)

# Other names with a grammar or a field of their own: as free text they would pass its rules by.
RESERVED_OTHER_NAMES: dict[str, str] = {
    USER_PRINCIPAL_NAME: "userPrincipalNames",
    "1.3.6.1.5.5.7.8.9": "emailAddresses",  # SmtpUTF8Mailbox, RFC 9598
    "1.3.6.1.5.5.7.8.7": "dnsNames",  # SRVName, RFC 4985
    "1.3.6.1.5.5.7.8.5": "",  # XmppAddr, RFC 6120
    "1.3.6.1.5.5.7.8.8": "",  # NAIRealm, RFC 7585
    "1.3.6.1.5.5.7.8.11": "",  # BundleEID, RFC 9174
    "1.3.6.1.5.2.2": "",  # Kerberos principal, RFC 4556
    "1.3.6.1.4.1.311.25.1": "",  # a domain controller's GUID
}

_DOTTED = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,38})){1,32}")


def is_reserved_extension(oid: str) -> bool:
    """Whether no template may bring this extension itself."""
    return any(oid == arc or oid.startswith(f"{arc}.") for arc in _RESERVED_EXTENSIONS)


def is_dotted(text: str) -> bool:
    """Whether this is a well-formed OID in dotted form (X.660: second arc < 40 below 0 and 1)."""
    if len(text) > 128 or not _DOTTED.fullmatch(text):
        return False
    first, second = text.split(".")[:2]
    return first == "2" or int(second) < 40
