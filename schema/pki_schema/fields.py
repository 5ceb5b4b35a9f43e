"""The scalar fields of the desired state: one class per kind of value, one parser per class.

Each class is its canonical value (a ``str`` or an ``int`` of seconds), so equality is equality of
meaning: ``Duration.parse("8760h") == Duration.parse("365d")``. ``parse`` takes what an author wrote
and raises ``FieldError`` with a code of the 2xxx range, a message and a cure.
"""

from __future__ import annotations

import base64
import re
from typing import ClassVar, Self

from pki_schema import instants
from pki_schema.errors import FieldError
from pki_schema.x509 import algorithms, constraints, names, oids


class Text(str):
    """Free text of one line, 1 to 512 characters, without control characters."""

    code: ClassVar[str] = "PKI2001"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if not text.strip() or len(text) > 512:
            raise FieldError(cls.code, f"{_quoted(text)} must have 1 to 512 characters")
        return cls(text)


class Name(str):
    """The name of an object: a DNS label (RFC 1123), so that it can stand in paths and URLs."""

    code: ClassVar[str] = "PKI2002"
    _form: ClassVar[re.Pattern[str]] = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
    __slots__ = ()

    @classmethod
    def matches(cls, text: str) -> bool:
        return cls._form.fullmatch(text) is not None

    @classmethod
    def parse(cls, text: str) -> Self:
        if not cls.matches(text):
            raise FieldError(
                cls.code,
                f"{_quoted(text)} is not a name",
                "use 1 to 63 lower-case letters, digits and hyphens, e.g. argus-backend",
            )
        return cls(text)


class Duration(int):
    """A span of time in whole seconds; an author writes ``90d``, ``12h``, ``2160h`` or ``P90D``."""

    code: ClassVar[str] = "PKI2007"
    _units: ClassVar[dict[str, int]] = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
    _short: ClassVar[re.Pattern[str]] = re.compile(r"(?:[0-9]{1,9}[wdhms])+")
    _part: ClassVar[re.Pattern[str]] = re.compile(r"([0-9]{1,9})([wdhms])")
    _iso: ClassVar[re.Pattern[str]] = re.compile(
        r"P(?:([0-9]{1,9})W)?(?:([0-9]{1,9})D)?(?:T(?=.)(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?)?"
    )
    longest: ClassVar[int] = 100 * 366 * 86_400
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        seconds = cls._seconds(text)
        if not 0 < seconds <= cls.longest:
            raise FieldError(cls.code, f"duration {_quoted(text)} is not between 1s and 100 years")
        return cls(seconds)

    @classmethod
    def _seconds(cls, text: str) -> int:
        if cls._short.fullmatch(text):
            return sum(int(n) * cls._units[unit] for n, unit in cls._part.findall(text))
        iso = cls._iso.fullmatch(text)
        if iso and any(iso.groups()):
            return sum(
                int(n or 0) * s for n, s in zip(iso.groups(), cls._units.values(), strict=True)
            )
        raise FieldError(cls.code, f"duration {_quoted(text)} is not a duration", cls._cure(text))

    @classmethod
    def _cure(cls, text: str) -> str:
        number = re.match(r"\s*P?([0-9]{1,9})\s*([A-Za-z]*)", text)
        if not number:
            return "write e.g. 90d, 12h or P90D"
        count, unit = int(number[1]), number[2].lower()
        if unit.startswith(("mo", "y")) or (text.startswith("P") and unit in {"m", "y"}):
            days = count * (365 if unit.startswith("y") else 30)
            return f"months and years have no fixed length; write {days}d"
        return f"write {count}{unit[0] if unit[:1] in cls._units else 'd'}"

    def __str__(self) -> str:
        """The canonical written form: the largest unit up to days that divides it."""
        for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
            if int(self) % size == 0:
                return f"{int(self) // size}{unit}"
        return f"{int(self)}s"


class DnsName(str):
    """A fully qualified DNS name in lower-case A-labels, without wildcard and trailing dot.

    A-labels are those of IDNA2008, each of one script; a name in Unicode is refused with its
    A-labels as the hint, so that every name has one spelling.
    """

    code: ClassVar[str] = "PKI2010"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        reason = names.dns_fault(text)
        if reason:
            raise FieldError(cls.code, f"DNS name {_quoted(text)} {reason}", names.dns_cure(text))
        return cls(text)


class _Subtree(str):
    """A name constraint's subtree of one type, ``kind`` as ``constraints`` calls it."""

    code: ClassVar[str]
    kind: ClassVar[str]
    noun: ClassVar[str]
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        reason = constraints.subtree_fault(cls.kind, text)
        if reason:
            hint = "write e.g. vcc.internal for that host, or .vcc.internal for all below"
            raise FieldError(cls.code, f"{cls.noun} subtree {_quoted(text)} {reason}", hint)
        return cls(text)


class MailSubtree(_Subtree):
    """A mail subtree of name constraints: a host, ``.domain`` for all below, or one mailbox."""

    code, kind, noun = "PKI2040", "email", "mail"
    __slots__ = ()


class UriSubtree(_Subtree):
    """A URI subtree of name constraints: a host, or ``.domain`` for all below."""

    code, kind, noun = "PKI2041", "uri", "URI"
    __slots__ = ()


class EmailAddress(str):
    """An ``rfc822Name`` (RFC 5280 section 4.2.1.6): ASCII local part, DNS domain in lower case."""

    code: ClassVar[str] = "PKI2011"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        reason = names.email_fault(text)
        if reason:
            hint = names.email_cure(text)
            raise FieldError(cls.code, f"mail address {_quoted(text)} {reason}", hint)
        return cls(text)


class Uri(str):
    """An absolute URI in canonical ASCII (RFC 3986), at most 512 characters.

    Without user and fragment; its host, if it has one, is a DNS name or an IP address.
    """

    code: ClassVar[str] = "PKI2012"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        reason = names.uri_fault(text)
        if reason:
            raise FieldError(cls.code, f"URI {_quoted(text)} {reason}", names.uri_cure(text))
        return cls(text)


class HttpUrl(str):
    """The plain HTTP base of published files: ``http://host[:port][/path]``, no trailing slash.

    Plain HTTP because an https URL inside a certificate would need that PKI to check itself
    (RFC 5280 section 8 warns of the loop).
    """

    code: ClassVar[str] = "PKI2013"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        reason = names.http_base_fault(text)
        if reason:
            raise FieldError(
                cls.code, f"base URL {_quoted(text)} {reason}", "write e.g. http://pki.vcc.internal"
            )
        return cls(text)


class IpRange(str):
    """An IPv4 or IPv6 network in canonical CIDR form (no host bits set)."""

    code: ClassVar[str] = "PKI2014"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        reason = names.network_fault(text)
        if reason:
            raise FieldError(cls.code, f"{_quoted(text)} {reason}", names.network_cure(text))
        return cls(text)


class IpAddress(str):
    """An IPv4 or IPv6 address in canonical text (RFC 5952); IPv4-mapped IPv6 is refused."""

    code: ClassVar[str] = "PKI2015"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        reason = names.ip_fault(text)
        if reason:
            raise FieldError(cls.code, f"{_quoted(text)} {reason}", names.ip_cure(text))
        return cls(text)


class Oid(str):
    """An object identifier in dotted decimal form (X.660), at most 128 characters."""

    code: ClassVar[str] = "PKI2016"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if not oids.is_dotted(text):
            raise FieldError(
                cls.code, f"{_quoted(text)} is not an object identifier", "write e.g. 2.5.29.32.0"
            )
        return cls(text)


class Usage(str):
    """A key usage or extended key usage in cert-manager's words (``server auth``) or as an OID."""

    code: ClassVar[str] = "PKI2017"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if text in oids.KEY_USAGES or text in oids.EXTENDED_KEY_USAGES:
            return cls(text)
        if oids.is_dotted(text):
            if text == oids.ANY_EXTENDED_KEY_USAGE:
                raise FieldError(cls.code, "anyExtendedKeyUsage would allow every use of the key")
            known = {oid: word for word, oid in oids.EXTENDED_KEY_USAGES.items()}
            return cls(known.get(text, text))
        words = ", ".join((*oids.KEY_USAGES, *oids.EXTENDED_KEY_USAGES))
        hint = f"use an OID or one of: {words}"
        raise FieldError(cls.code, f"{_quoted(text)} is not a usage", hint)


class KeyAlgorithm(str):
    """One name of the closed list of algorithms, e.g. ``P-384`` or ``RSA-3072``."""

    code: ClassVar[str] = "PKI2018"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if text not in algorithms.ALGORITHMS:
            known = ", ".join(algorithms.ALGORITHMS)
            hint = f"use one of: {known}"
            raise FieldError(cls.code, f"{_quoted(text)} is not a key algorithm", hint)
        return cls(text)


class SerialNumber(str):
    """A certificate's serial as quoted lower-case hexadecimal without leading zeros.

    One canonical form everywhere: serials that were decimal in one place and hexadecimal in
    another have made revocations miss. Colons and upper case, as openssl prints them, are read.
    """

    code: ClassVar[str] = "PKI2019"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        digits = text.replace(":", "").lower().lstrip("0")
        # RFC 5280 section 4.1.2.2: positive, at most 20 octets.
        if not re.fullmatch(r"[0-9a-f]{1,40}", digits):
            raise FieldError(
                cls.code, f"{_quoted(text)} is not a serial number", "quote it, in hexadecimal"
            )
        return cls(digits)

    @property
    def number(self) -> int:
        return int(self, 16)


class KeyDigest(str):
    """The SHA-256 of a DER SubjectPublicKeyInfo in lower-case hexadecimal: a key's name here."""

    code: ClassVar[str] = "PKI2020"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if not re.fullmatch(r"[0-9a-f]{64}", text):
            raise FieldError(cls.code, f"{_quoted(text)} is not the SHA-256 of a key in hex")
        return cls(text)


class Timestamp(str):
    """An instant as an author writes it: RFC 3339 with a zone; canonical in UTC."""

    code: ClassVar[str] = "PKI2021"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        try:
            return cls(instants.render(instants.parse(text)))
        except ValueError:
            raise FieldError(
                cls.code, f"{_quoted(text)} is not an instant", "write e.g. 2026-11-22T21:00:00Z"
            ) from None


class ServiceReference(str):
    """A service by name, or by ``tenant/name``."""

    code: ClassVar[str] = "PKI2022"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        parts = text.split("/")
        if len(parts) > 2 or not all(Name.matches(part) for part in parts):
            hint = "write e.g. argus-backend, or vcc/argus-backend for another tenant's"
            raise FieldError(cls.code, f"{_quoted(text)} is not a service", hint)
        return cls(text)

    def within(self, tenant: str) -> tuple[str, str]:
        """Tenant and name, as read in a file of ``tenant`` (empty: in no tenant's)."""
        head, slash, tail = self.partition("/")
        return (head, tail) if slash else (tenant, head)


class Word(str):
    """A word that programs exchange: a lower-case letter, then letters, digits, ``_`` and ``-``."""

    code: ClassVar[str] = "PKI2023"
    _form: ClassVar[re.Pattern[str]] = re.compile(r"[a-z][a-z0-9_-]{0,62}")
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if not cls._form.fullmatch(text):
            raise FieldError(cls.code, f"{_quoted(text)} is not a word", "write e.g. health_check")
        return cls(text)


class Sha256(str):
    """A SHA-256 in lower-case hexadecimal."""

    code: ClassVar[str] = "PKI2024"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if not re.fullmatch(r"[0-9a-f]{64}", text):
            raise FieldError(cls.code, f"{_quoted(text)} is not a SHA-256 in lower-case hex")
        return cls(text)


class SshPublicKey(str):
    """A public key as ``ssh-keygen`` writes it, without the comment: what signs commits.

    Ed25519 or ECDSA, in software or on a security key. RSA keys are too long to compare by eye.
    """

    code: ClassVar[str] = "PKI2025"
    types: ClassVar[tuple[str, ...]] = (
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    )
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        kind, _, body = text.partition(" ")
        if kind not in cls.types or not cls._says(kind, body):
            hint = "write the first two words of a .pub file, e.g. ssh-ed25519 AAAA…"
            raise FieldError(cls.code, f"{_quoted(text)} is not an SSH public key", hint)
        return cls(text)

    @staticmethod
    def _says(kind: str, body: str) -> bool:
        """RFC 4253 section 6.6: the encoded key begins with its type, as a counted string."""
        data = _base64(body)
        name = kind.encode("ascii")
        return data is not None and data.startswith(len(name).to_bytes(4, "big") + name)


class SshSignature(str):
    """An SSH signature (PROTOCOL.sshsig) in base64, without the lines around it."""

    code: ClassVar[str] = "PKI2026"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        data = _base64(text)
        if data is None or not data.startswith(b"SSHSIG"):
            hint = "write the lines between BEGIN and END of ssh-keygen -Y sign as one"
            raise FieldError(cls.code, f"{_quoted(text)} is not an SSH signature", hint)
        return cls(text)


class TimeOfDay(str):
    """An hour and minute, ``00:00`` to ``23:59``; quoted, or YAML 1.1 tools read a number."""

    code: ClassVar[str] = "PKI2027"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if not re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", text):
            raise FieldError(
                cls.code, f"{_quoted(text)} is not a time of day", 'write e.g. "22:00"'
            )
        return cls(text)


class Expression(str):
    """A rule in CEL, 1 to 512 characters."""

    code: ClassVar[str] = "PKI2028"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if not text.strip() or len(text) > 512:
            raise FieldError(cls.code, f"{_quoted(text)} must have 1 to 512 characters")
        return cls(text)


Scalar = (
    Text
    | Name
    | Duration
    | DnsName
    | MailSubtree
    | UriSubtree
    | EmailAddress
    | Uri
    | HttpUrl
    | IpRange
    | IpAddress
    | Oid
    | Usage
    | KeyAlgorithm
    | SerialNumber
    | KeyDigest
    | Timestamp
    | ServiceReference
    | Word
    | Sha256
    | SshPublicKey
    | SshSignature
    | TimeOfDay
    | Expression
)
SCALARS: tuple[type[Scalar], ...] = (
    Text, Name, Duration, DnsName, MailSubtree, UriSubtree, EmailAddress, Uri, HttpUrl, IpRange,
    IpAddress, Oid, Usage, KeyAlgorithm, SerialNumber, KeyDigest, Timestamp, ServiceReference, Word,
    Sha256, SshPublicKey, SshSignature, TimeOfDay, Expression,
)  # fmt: skip
"""Every scalar class, for the decoder and the schema: one definition, two readers."""


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def _quoted(text: str) -> str:
    """Offending text, shortened: a message must stay readable whatever was written."""
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    return f'"{shown}"'
