"""Private keys in files, found by their form, whatever the file is for.

Told are PEM of every label, OpenSSH, PuTTY, PGP, age, minisign, JWK, XML and the text that OpenSSL
prints, as UTF-8 or UTF-16; the DER of PKCS#8 (also encrypted), PKCS#1 and SEC 1, of PKCS#12 and
Java's key stores, raw, in hexadecimal or in base64; and PEM within base64. A key store is refused
even if it holds certificates only: it is encrypted, so nobody can tell.

Of a file above the largest that a manifest may have, only its beginning is searched; what judges a
tree refuses it for its size. Nothing can tell what has no form: compressed or encrypted files, the
bare octets of a seed, a passphrase, a key in pieces.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64encode
from collections.abc import Iterator
from itertools import islice
from typing import Final

from pki_schema.errors import Position, Problem
from pki_schema.load.characters import LARGEST_FILE

_ARMOUR: Final = b"PRIVATE KEY-----"
# The same text within base64, at each of the three places where it can begin in a group of four.
_IN_BASE64: Final = tuple(
    b64encode(bytes(shift) + _ARMOUR)[(0, 2, 3)[shift] : 20] for shift in range(3)
)
_HINTS: Final = {
    b"PRIVATE": (
        *(b"PRIVATE ", b"PRIVATE\t", b"PRIVATE+", b"PRIVATE-KEY"),
        *(b"PRIVATEKEY ", b"PRIVATEKEY=", b"PRIVATEKEY\t"),
    ),
    b"SECRET": (b"SECRET KEY", b"SECRET-KEY"),
    **{
        text.upper(): (b"",)
        for text in (b"openssh-key-v1", b"b3BlbnNzaC1rZXktdjE", b"PuTTY-User-Key", *_IN_BASE64)
    },
}
"""In every text that ``_TEXT`` finds is one of these and one of what stands behind it; looking for
them costs next to nothing.
"""
_TEXT: Final = re.compile(
    rb"-{4,5}[ \t+]*(?:BEGIN|END)[A-Z0-9 \t+]{0,60}?PRIVATE[ \t+]+KEY(?:[ \t+]+BLOCK)?[ \t+]*-{4,5}"
    rb"|AGE-SECRET-KEY-"
    rb"|PuTTY-User-Key-File-"
    rb"|Private-Key(?:-format: v|: \([0-9])"  # BIND, and OpenSSL with -text
    rb"|PrivateKey[ \t]*=[ \t]*[A-Za-z0-9+/]{43}="  # WireGuard
    rb"|untrusted comment:[^\n]{0,60}secret key"  # minisign, signify
    rb"|openssh-key-v1[\x01-\x20](?:none|aes|chacha|3des)|b3BlbnNzaC1rZXktdjE|"
    + b"|".join(map(re.escape, _IN_BASE64)),
    re.IGNORECASE,
)
# RFC 7517 sections 4.1 and 9.3; RFC 7518 sections 6.2.2, 6.3.2 and 6.4.
_JWK: Final = re.compile(
    rb"(?<![A-Za-z0-9_-])[\"']?(?:d|k|priv)[\"']?\s*:\s*[\"']?[A-Za-z0-9_-]{20}"
)
_LENGTH: Final = rb"(?:[\x02-\x7f]|\x81[\x80-\xff]|\x82[\x01-\xff].|\x83[\x01-\xff]..)"
_DER: Final = re.compile(
    rb"\x30" + _LENGTH + rb"(?:\x02\x01(?:"
    # RFC 5958: version, algorithm (to be followed by an OCTET STRING, as nothing else is)
    rb"[\x00\x01]\x30(?P<algorithm>" + _LENGTH + rb")(?=\x06)"
    # RFC 8017 section A.1.2: version, modulus; DSA likewise
    rb"|\x00\x02(?:\x81[\x80-\xff]|\x82[\x01-\xff].)"
    # RFC 5915: version, the key; to be followed by curve, point or nothing
    rb"|\x01\x04(?P<scalar>[\x14-\x48])"
    # RFC 7292: version, data or signed data
    rb"|\x03\x30(?:\x80|" + _LENGTH + rb")\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x01\x02]"
    rb")"
    # RFC 5958 section 3: encrypted by RFC 8018 or RFC 7292
    rb"|\x30" + _LENGTH + rb"\x06(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05[\x01-\x0d]"
    rb"|\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01[\x01-\x06]))"
    rb"|\x30\x80\x02\x01\x03\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x01\x02]",
    re.DOTALL,
)
_STORE: Final = re.compile(rb"(?:\xfe\xed\xfe\xed|\xce\xce\xce\xce)\x00\x00\x00[\x01\x02]")
# RFC 9580 section 5.5.1: a secret key or subkey packet of version 4 or 6, with a known algorithm.
_PGP: Final = re.compile(
    rb"(?:[\x94\x9c].|[\x95\x9d]..|[\x96\x9e]....|[\xc5\xc7](?:[\x00-\xbf]|[\xc0-\xdf].|\xff....))"
    rb"[\x04-\x06]....[\x01-\x03\x10-\x1c]",
    re.DOTALL,
)
_BASE64: Final = re.compile(rb"(?:M[A-I]|LS0tL|/u3|_u3|zs7O)[A-Za-z0-9+/_-]{14,}")
_HEX: Final = re.compile(rb"30(?:[:\s]?[0-9A-Fa-f]{2}){24,}")
_WORD: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_IS_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]*")
_IS_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f]{2})*")
_FIRST: Final = 16
"""Characters of base64 that say whether a text is worth decoding."""
_WINDOW: Final = 640
"""Characters that are then decoded: what tells a key stands before its first octet."""
_BEGINS: Final = re.compile(
    rb"\x30"
    + _LENGTH
    + rb"(?:\x02\x01[\x00\x01\x03]|\x30"
    + _LENGTH
    + rb"\x06)|\x30\x80\x02|-----|\xfe\xed|\xce\xce",
    re.DOTALL,
)
IN_A_FILE: Final = "PKI6101"
_MOST: Final = 4096
"""Texts of a file that are decoded; no file of a repository has more that begin like a key."""
_BREAKS: Final = b" \t\r\n:\"'`,"
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


def secrets(path: str, data: bytes) -> tuple[Problem, ...]:
    """A private key in a file: the first one, and never its text."""
    position = _place(path, data[:LARGEST_FILE])
    if position is None:
        return ()
    return (
        Problem(
            position,
            IN_A_FILE,
            "the file holds a private key",
            "the key is burnt, even if history is rewritten: make another and commit its CSR",
        ),
    )


def _place(path: str, data: bytes) -> Position | None:
    """Where the first private key begins; of binary files that is not a line."""
    plain = data.replace(b"\0", b"")  # the same text in UTF-16
    places = [place for place in _in_text(plain) if place is not None]
    if places:
        start = min(places)
        line = plain[plain.rfind(b"\n", 0, start) + 1 : start]
        column = len(line.decode(errors="replace")) + 1
        return Position(path, plain.count(b"\n", 0, start) + 1, column)
    if _STORE.match(data) or _PGP.match(data) or _has_der_key(data):
        return Position(path)
    return None


def _in_text(plain: bytes) -> Iterator[int | None]:
    """Where each way to write a key as text begins first, if it does."""
    yield _armour(plain)
    if b"kty" in plain and (found := _JWK.search(plain)):
        yield found.start()
    if b"<RSAKeyValue>" in plain and b"<D>" in plain:
        yield plain.find(b"<D>")
    begun = (at for at in _words(_BASE64, plain) if _begins(plain[at : at + _FIRST]))
    yield next((at for at in islice(begun, _MOST) if _is_base64(plain, at)), None)
    yield next((at for at in _words(_HEX, plain) if _is_hex(plain, at)), None)


def _armour(plain: bytes) -> int | None:
    """Where a text says of itself that it is a private key."""
    upper = plain.upper()
    for word, hints in _HINTS.items():
        if word in upper and any(hint in upper for hint in hints):
            found = _TEXT.search(plain)
            return found.start() if found else None
    return None


def _words(kind: re.Pattern[bytes], plain: bytes) -> Iterator[int]:
    """Where a pattern is found that no other character of base64 stands before."""
    for found in kind.finditer(plain):
        start = found.start()
        if start == 0 or plain[start - 1] not in _WORD:
            yield start


def _begins(text: bytes) -> bool:
    """Whether a few characters of base64 are those that a key begins with."""
    return _BEGINS.match(_decoded(text)) is not None


def _is_base64(plain: bytes, start: int) -> bool:
    octets = _decoded(_joined(plain[start : start + _WINDOW]))
    if _STORE.match(octets) or (octets[:1] == b"-" and _armour(octets) is not None):
        return True
    found = _DER.match(octets)
    return found is not None and _is_key(octets, found)


def _is_hex(plain: bytes, start: int) -> bool:
    digits = _IS_HEX.match(_joined(plain[start : start + 2 * _WINDOW]))
    octets = bytes.fromhex(digits[0].decode()) if digits else b""
    found = _DER.match(octets)
    return found is not None and _is_key(octets, found)


def _joined(text: bytes) -> bytes:
    """Without what breaks a text into lines or words, written as it is or as an escape."""
    return text.replace(b"\\n", b"").replace(b"\\r", b"").translate(None, _BREAKS)


def _decoded(text: bytes) -> bytes:
    """What base64 of either alphabet says, as far as it is base64."""
    found = _IS_BASE64.match(text.translate(_URL_SAFE))
    whole = found[0] if found else b""
    return binascii.a2b_base64(whole[: len(whole) // 4 * 4])


def _has_der_key(data: bytes) -> bool:
    if b"\x02\x01" not in data and b"\x2a\x86\x48\x86\xf7\x0d\x01" not in data:
        return False
    return any(_is_key(data, found) for found in _DER.finditer(data))


def _is_key(data: bytes, found: re.Match[bytes]) -> bool:
    """Whether what follows is what a private key goes on with, as far as it is there to be seen."""
    if length := found["algorithm"]:
        size = length[0] if len(length) == 1 else int.from_bytes(length[1:], "big")
        return data[found.end() + size : found.end() + size + 1] in (b"\x04", b"")
    if scalar := found["scalar"]:
        return data[found.end() + scalar[0] : found.end() + scalar[0] + 1] in (
            b"\xa0",
            b"\xa1",
            b"",
        )
    return True
