"""The grammar of names: what may stand in a certificate, and what lies under what.

Every ``…_fault`` takes any text and says what is wrong with it, or returns ``None``; every
``…_cure`` says what to write instead. Canonical is lower case, A-labels, no trailing dot, RFC 5952
and RFC 3986 section 6.2.2; anything else is refused rather than repaired, so that two spellings of
one name can never be two names.

An A-label has to decode and encode back to itself (IDNA2008 by ``idna``: RFC 5891 section 5.4,
contextual rules of RFC 5892, Bidi rule of RFC 5893), and what it decodes to has to be of one script
(UTS 39 section 5.2, "Highly Restrictive": one script, or Latin with Han and the scripts of
Japanese, Korean or Bopomofo). The standard library has no script property, so the script of a
character is the first word of its Unicode name. Where that is none (``MODIFIER LETTER …``), the
character counts as a script of its own and a mixture is refused. A label of one script that looks
like another's (``xn--80ak6aa92e``, all Cyrillic) is not found out.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import idna

DNS_CURE = "write a fully qualified name in lower case, e.g. argus-backend.vcc.local"

# RFC 1123 section 2.1 and RFC 5890: letters, digits and hyphens, no hyphen at either end.
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# What others read as the last part of an IPv4 address (WHATWG URL section 3.5).
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# A name without a fault, at one glance: nearly every one is. None of its labels is an A-label, and
# the last is not a number.
_PLAIN_NAME = re.compile(
    rf"(?:(?!..--){_LABEL.pattern}\.)+(?!..--|(?:{_NUMBER.pattern})$){_LABEL.pattern}"
)
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")

# RFC 3986 appendix B, absolute; then the characters of an authority and of what follows it.
_URI = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)
_AUTHORITY = re.compile(r"[A-Za-z0-9\-._~:\[\]@!$&'()*+,;=%]*")
_REST = re.compile(r"[A-Za-z0-9\-._~:/?@!$&'()*+,;=%]*")
_HOSTED = frozenset({"ftp", "http", "https", "ldap", "ldaps", "spiffe", "ws", "wss"})
# RFC 3986 sections 2.1, 2.3 and 6.2.2: capital digits, and nothing encoded that need not be.
_STRAY_PERCENT = re.compile(r"%(?![0-9A-F]{2})")
_ENCODED_CONTROL = re.compile(r"%(?:[01][0-9A-F]|7F)")
_ENCODED_PLAIN = re.compile(r"%(?:3[0-9]|4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A]|2D|2E|5F|7E)")
_PORT = re.compile(r"[1-9][0-9]{0,4}")

_SCRIPTS = {"CJK": "HAN", "IDEOGRAPHIC": "HAN", "EXTENDED": "ARABIC"}
_TWO_WORDS = frozenset({"OLD", "NEW", "TAI"})
_TOGETHER = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
)
# Of every script, where IDNA lets them stand: hyphen, middle dot and the two joiners.
_COMMON = frozenset("-0123456789\u00b7\u200c\u200d")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


class UriParts(NamedTuple):
    """A URI taken apart (RFC 3986 appendix B); ``None`` for what is not there."""

    scheme: str
    authority: str | None
    path: str
    query: str | None
    fragment: str | None


HOST_LIKE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
"""What could be the name of a host, by its letters alone."""


def dns_fault(text: str) -> str | None:
    """Why this is not a fully qualified host name, or ``None``."""
    # A name is asked about where it is read, where it is delegated, in the draft and below each CA:
    # remembered for that long, as plain text no longer than this.
    if len(text) > 253:
        return "is longer than 253 characters"
    return _dns_fault(str.__str__(text))


@lru_cache(maxsize=4096)
def _dns_fault(text: str) -> str | None:
    if _PLAIN_NAME.fullmatch(text):
        return None
    if "*" in text:
        return "is a wildcard"
    labels = text.split(".")
    if ":" in text or _NUMBER.fullmatch(labels[-1]):
        return "is an IP address or has a port"
    if len(labels) > 1 and not labels[-1]:
        return "ends in a dot"
    if len(labels) < 2:
        return "has no domain"
    return next(filter(None, map(_label_fault, labels)), None) or _direction_fault(labels)


def dns_cure(text: str) -> str:
    """What to write instead of a name that is not one: its A-labels, if it is a name in Unicode."""
    if text.isascii() or (name := _in_a_labels(text)) is None or dns_fault(name):
        return DNS_CURE
    return f"write {name}"


def email_fault(text: str) -> str | None:
    """Why this is not an ASCII mail address with a DNS domain, or ``None``."""
    local, at, domain = text.rpartition("@")
    if not at or len(text) > 254 or len(local) > 64:
        return "is not local-part@domain"
    if local.startswith('"'):
        return "has a quoted local part"
    if not _LOCAL_PART.fullmatch(local):
        return "has a local part that is not an ASCII dot-atom"
    if domain.startswith("["):
        return "has an IP address for a domain"
    fault = dns_fault(domain)
    return f"has a domain that {fault}" if fault else None


def email_cure(text: str) -> str:
    """The address with its domain in lower-case A-labels, if that is all it lacks, or nothing."""
    local, _, domain = text.rpartition("@")
    name = _in_a_labels(domain)
    return f"write {local}@{name}" if name and not email_fault(f"{local}@{name}") else ""


def ip_fault(text: str) -> str | None:
    """Why this is not an IPv4 or IPv6 address in canonical text (RFC 5952), or ``None``."""
    address = _address(text)
    if "%" in text[:64]:
        return "has a zone, which means nothing on another host"
    if address is None:
        return "is not an IP address"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return "is IPv4 in disguise"
    return None if str(address) == text else "is not the canonical text of an address"


def ip_cure(text: str) -> str:
    """The canonical text of an address, if it is one, or nothing."""
    address = _address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return f"write {address}" if address else ""


def network_fault(text: str) -> str | None:
    """Why this is not an IPv4 or IPv6 network in canonical CIDR form, or ``None``."""
    network = _network(text)
    if network is None or "%" in text:
        return "is not a network"
    if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped:
        return "is IPv4 in disguise"
    return None if str(network) == text else "is not the canonical text of a network"


def network_cure(text: str) -> str:
    """The canonical text of a network. With host bits set nobody knows what was meant."""
    network = _network(text)
    if network is None or network_fault(str(network)):
        return "write e.g. 172.21.0.0/16"
    return f"write {network}"


def uri_fault(text: str) -> str | None:
    """Why this is not an absolute ASCII URI in canonical text (RFC 3986 section 4.3), or ``None``.

    Its host, if it has one, is of the grammar of DNS names or an IP address. A user, a fragment and
    dot segments have no place in a name.
    """
    return _uri_fault(text, local=False)


def uri_cure(text: str) -> str:
    """The URI with scheme, host and percent-encoding in canonical text, or nothing."""
    parts = split_uri(text[:513])
    if parts is None:
        return ""
    host = _in_a_labels(parts.authority or "")
    start = parts.scheme.lower() + ":" + ("" if parts.authority is None else f"//{host}")
    rest = text[len(parts.scheme) + 1 :].removeprefix("//" + (parts.authority or "\0"))
    rest = re.sub(r"%[0-9A-Fa-f]{2}", lambda found: found[0].upper(), rest[:513])
    return f"write {start}{rest}" if not uri_fault(start + rest) else ""


def http_base_fault(text: str) -> str | None:
    """Why published files cannot hang below this URL, or ``None``."""
    fault, parts = _uri_fault(text, local=True), split_uri(text[:513])
    if parts is not None and parts.scheme == "https":
        return "is not plain http"
    if fault or parts is None:
        return fault or "is not a URL"
    if parts.scheme != "http":
        return "is not plain http"
    if parts.query is not None or text.endswith("/"):
        return "has a query or a trailing slash"
    return None


def under(name: str, suffix: str) -> bool:
    """Whether a DNS name is a suffix or lies below it, label by label (RFC 5280 section 4.2.1.10).

    ``evilexample.com`` is not under ``example.com``.
    """
    return name == suffix or name.endswith("." + suffix)


def split_uri(text: str) -> UriParts | None:
    """The parts of an absolute URI, whatever they contain, or ``None``."""
    found = _URI.fullmatch(text)
    return UriParts(found[1], found[2], found[3], found[4], found[5]) if found else None


def uri_host(uri: str) -> str | None:
    """The host of a URI with an authority, in lower case and without brackets, or ``None``."""
    parts = split_uri(uri)
    if parts is None or parts.authority is None:
        return None
    host, _ = _host_and_port(parts.authority.rpartition("@")[2].lower())
    return host.strip("[]") or None


def _label_fault(label: str) -> str | None:
    shown = label[:64] if label.isprintable() else ascii(label[:64])[1:-1]
    if not label:
        return "has an empty label"
    if not label.isascii():
        return _u_label_fault(label, shown)
    if not _LABEL.fullmatch(label):
        return f'has the label "{shown}", which is not letters, digits and inner hyphens'
    if label.startswith("xn--"):
        return _a_label_fault(label)
    if label[2:4] == "--":
        return f'has the label "{label}", reserved by RFC 5890 section 2.3.1'
    return None


def _a_label_fault(label: str) -> str | None:
    try:
        decoded = idna.ulabel(label)
        encoded = idna.alabel(decoded).decode()
    except UnicodeError:  # IDNAError is one
        return f'has the label "{label}", which is no A-label of IDNA2008'
    if encoded != label or decoded.isascii():
        return f'has the label "{label}", which does not encode back to itself'
    scripts = _scripts(decoded)
    if len(scripts) < 2 or any(scripts <= allowed for allowed in _TOGETHER):
        return None
    mixed = " and ".join(sorted(script.title() for script in scripts))
    return f'has the label "{label}" ("{decoded}"), which mixes {mixed}'


def _u_label_fault(label: str, shown: str) -> str:
    """One spelling only; a mixture of scripts is named as such, with its A-label."""
    encoded = _in_a_labels(label) if len(label) <= 63 else None
    mixture = _label_fault(encoded) if encoded and encoded.isascii() else None
    return mixture or f'has the label "{shown}", which is not in A-labels'


def _scripts(label: str) -> frozenset[str]:
    return frozenset(_script(character) for character in label if not _is_common(character))


def _is_common(character: str) -> bool:
    """Combining Diacritical Marks inherit the script of what they stand on."""
    return character in _COMMON or "\u0300" <= character <= "\u036f"


def _script(character: str) -> str:
    words = re.split("[ -]", unicodedata.name(character, "UNKNOWN"))
    first = " ".join(words[:2]) if words[0] in _TWO_WORDS else words[0]
    return _SCRIPTS.get(first, first)


def _direction_fault(labels: Sequence[str]) -> str | None:
    """RFC 5893 section 2: one right-to-left label puts every label of a name under the rule."""
    if not any(label.startswith("xn--") for label in labels):
        return None
    decoded = [idna.ulabel(label) for label in labels]
    if not any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for label in decoded for c in label):
        return None
    try:
        for label in decoded:
            idna.check_bidi(label, check_ltr=True)
    except UnicodeError:
        return "mixes directions of writing against the Bidi rule (RFC 5893 section 2)"
    return None


def _in_a_labels(text: str) -> str | None:
    """A name in lower-case A-labels, or ``None`` where IDNA2008 has none for it."""
    if len(text) > 253:
        return None
    labels = unicodedata.normalize("NFC", text.lower()).split(".")
    try:
        return ".".join(
            label if label.isascii() else idna.alabel(label).decode() for label in labels
        )
    except UnicodeError:
        return None


def _uri_fault(text: str, *, local: bool) -> str | None:
    """``local``: whether ``localhost`` may be the host."""
    parts = split_uri(text) if len(text) <= 512 else None
    if parts is None or not (parts.path or parts.authority is not None):
        return "is not an absolute URI in ASCII"
    rest = f"{parts.path}?{parts.query or ''}"
    if not _AUTHORITY.fullmatch(parts.authority or "") or not _REST.fullmatch(rest):
        return "is not an absolute URI in ASCII"
    return next(_canonical_faults(text, parts), None) or _authority_fault(parts, local=local)


def _canonical_faults(text: str, parts: UriParts) -> Iterator[str]:
    if parts.scheme != parts.scheme.lower():
        yield "has a scheme that is not in lower case"
    if parts.fragment is not None:
        yield "has a fragment"
    if _STRAY_PERCENT.search(text):
        yield "has a percent sign without two capital hexadecimal digits"
    if _ENCODED_CONTROL.search(text):
        yield "has an encoded control character"
    if _ENCODED_PLAIN.search(text):
        yield "encodes characters that need no encoding"
    if {".", ".."} & set(parts.path.split("/")):
        yield "has dot segments"
    # OpenSSL reads ``https://example.com?a`` as the host ``example.com?a``; RFC 3986 section 6.2.3.
    if parts.authority is not None and parts.query is not None and not parts.path:
        yield "has a query without a path before it"


def _authority_fault(parts: UriParts, *, local: bool) -> str | None:
    if parts.authority is None:
        return "has no host" if parts.scheme in _HOSTED else None
    host, port = _host_and_port(parts.authority)
    if "@" in parts.authority:
        return "names a user"
    if not host:
        return "has an empty host"
    if port is not None and not (_PORT.fullmatch(port) and int(port) <= 65_535):
        return "has a port that is not 1 to 65535"
    fault = None if local and host == "localhost" else _host_fault(host)
    return f"has a host that {fault}" if fault else None


def _host_fault(host: str) -> str | None:
    if host.startswith("["):
        inside = host[1:-1]
        return ip_fault(inside) or (None if ":" in inside else "is IPv4 in brackets")
    return ip_fault(host) if _address(host) else dns_fault(host)


def _host_and_port(authority: str) -> tuple[str, str | None]:
    """Host (with its brackets) and port; what follows a bracket without a colon is a bad port."""
    if authority.startswith("["):
        inside, closed, after = authority.partition("]")
        port = after[1:] if after.startswith(":") else ""
        return inside + closed, port if after or not closed else None
    host, colon, port = authority.partition(":")
    return host, port if colon else None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text) if len(text) <= 64 else None
    except ValueError:
        return None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text) if len(text) <= 64 else None
    except ValueError:
        return None
