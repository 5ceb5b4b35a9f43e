"""The grammar of names: what may stand in a certificate, and what lies under what.

Every ``…_fault`` takes a text and says what is wrong with it, or returns ``None``. Canonical is
lower case without trailing dot; anything else is refused rather than repaired, so that two
spellings of one name can never be two names.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

DNS_CURE = "write a fully qualified name in lower case, e.g. argus-backend.vcc.local"

# RFC 1123 section 2.1 and RFC 5890: letters, digits and hyphens, no hyphen at either end.
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")


def dns_fault(text: str) -> str | None:
    """Why this is not a fully qualified host name, or ``None``."""
    labels = text.split(".")
    if len(text) > 253:
        return "is longer than 253 characters"
    if "*" in text:
        return "is a wildcard"
    if len(labels) < 2:
        return "has no domain"
    for label in labels:
        if not _LABEL.fullmatch(label):
            return f'has the label "{label[:64]}", which is not letters, digits and inner hyphens'
        if label[2:4] == "--" and not label.startswith("xn--"):
            return f'has the label "{label}", reserved by RFC 5890 section 2.3.1'
    if labels[-1].isdigit():
        return "is an IP address"
    return None


def email_fault(text: str) -> str | None:
    """Why this is not an ASCII mail address with a DNS domain, or ``None``."""
    local, at, domain = text.rpartition("@")
    if not at or len(text) > 254 or len(local) > 64:
        return "is not local-part@domain"
    if not _LOCAL_PART.fullmatch(local):
        return "has a local part that is not an ASCII dot-atom"
    fault = dns_fault(domain)
    return f"has a domain that {fault}" if fault else None


def uri_fault(text: str) -> str | None:
    """Why this is not an absolute ASCII URI, or ``None``."""
    if len(text) > 512 or not _URI.fullmatch(text):
        return "is not an absolute URI in ASCII"
    try:
        urlsplit(text)
    except ValueError:
        return "cannot be taken apart"
    return None


def http_base_fault(text: str) -> str | None:
    """Why published files cannot hang below this URL, or ``None``."""
    if uri_fault(text):
        return "is not a URL"
    parts = urlsplit(text)
    if parts.scheme != "http":
        return "is not plain http"
    if parts.query or parts.fragment or parts.username or text.endswith("/"):
        return "has a query, a fragment, a user or a trailing slash"
    host = parts.hostname or ""
    if re.fullmatch(r"[0-9.]+|\[[0-9a-f:]+\]|localhost", host):
        return None
    return dns_fault(host)


def under(name: str, suffix: str) -> bool:
    """Whether a DNS name is a suffix or lies below it, label by label (RFC 5280 section 4.2.1.10).

    ``evilexample.com`` is not under ``example.com``.
    """
    return name == suffix or name.endswith("." + suffix)


def uri_host(uri: str) -> str | None:
    """The host of a URI with an authority, in lower case, or ``None``."""
    return urlsplit(uri).hostname
