"""The few octets we lay around what pyca built: the outer SEQUENCE of signed objects and of CMS.

Nothing else in the project writes DER by hand. Definite lengths, X.690 section 8.1.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_SEQUENCE = 0x30
_BIT_STRING = 0x03
_OCTET_STRING = 0x04
_ENUMERATED = 0x0A
_CONTEXT_0 = 0xA0
_VERSION_1 = bytes.fromhex("020101")
_EMPTY_SET = bytes.fromhex("3100")
_ID_DATA = bytes.fromhex("06092a864886f70d010701")
_ID_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_ID_PKIX_OCSP_BASIC = bytes.fromhex("06092b0601050507300101")


def tlv(tag: int, content: bytes) -> bytes:
    """One element with a one-octet tag."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def header(data: bytes, offset: int = 0) -> tuple[int, int, int]:
    """Tag, start of content and end of the element at ``offset``; ``ValueError`` if cut off."""
    try:
        tag, first = data[offset], data[offset + 1]
    except IndexError:
        raise ValueError("truncated DER") from None
    start = offset + 2
    if first < 0x80:
        size = first
    else:
        count = first & 0x7F
        if not 1 <= count <= 4:
            raise ValueError("a length that is not DER, or above 4 GiB")
        size = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + size > len(data):
        raise ValueError("truncated DER")
    return tag, start, start + size


def elements(sequence: bytes, limit: int | None = None) -> tuple[bytes, ...]:
    """The (first ``limit``) elements of a SEQUENCE with headers; ``ValueError`` if too few."""
    _, start, end = header(sequence)
    found: list[bytes] = []
    while start < end and (limit is None or len(found) < limit):
        _, _, stop = header(sequence, start)
        found.append(sequence[start:stop])
        start = stop
    if limit is not None and len(found) < limit:
        raise ValueError("a SEQUENCE with too few elements")
    return tuple(found)


def taken_apart(signed_object: bytes) -> tuple[bytes, bytes]:
    """The TBS element and the AlgorithmIdentifier element of a certificate or CRL in DER."""
    _, start, _ = header(signed_object)
    _, _, tbs_end = header(signed_object, start)
    _, _, algorithm_end = header(signed_object, tbs_end)
    return signed_object[start:tbs_end], signed_object[tbs_end:algorithm_end]


def signed(tbs: bytes, algorithm: bytes, signature: bytes) -> bytes:
    """``Certificate`` or ``CertificateList`` (RFC 5280 sections 4.1, 5.1) from its three parts."""
    return tlv(_SEQUENCE, tbs + algorithm + tlv(_BIT_STRING, b"\0" + signature))


def ocsp_response(
    tbs: bytes, algorithm: bytes, signature: bytes, certificates: Sequence[bytes]
) -> bytes:
    """A successful ``OCSPResponse`` around a ``ResponseData`` (RFC 6960 section 4.2.1)."""
    basic = tlv(
        _SEQUENCE,
        tbs
        + algorithm
        + tlv(_BIT_STRING, b"\0" + signature)
        + (tlv(_CONTEXT_0, tlv(_SEQUENCE, b"".join(certificates))) if certificates else b""),
    )
    response = tlv(_SEQUENCE, _ID_PKIX_OCSP_BASIC + tlv(_OCTET_STRING, basic))
    return tlv(_SEQUENCE, tlv(_ENUMERATED, b"\0") + tlv(_CONTEXT_0, response))


def certs_only(certificates: Sequence[bytes]) -> bytes:
    """A CMS ``SignedData`` of certificates in this order, without content or signers.

    RFC 5652 sections 3 and 5.1: { id-signedData, [0] { 1, {}, { id-data }, [0] certificates, {} }}.
    """
    data = tlv(
        _SEQUENCE,
        _VERSION_1
        + _EMPTY_SET
        + tlv(_SEQUENCE, _ID_DATA)
        + tlv(_CONTEXT_0, b"".join(certificates))
        + _EMPTY_SET,
    )
    return tlv(_SEQUENCE, _ID_SIGNED_DATA + tlv(_CONTEXT_0, data))


def without_mac(pfx: bytes) -> bytes:
    """A PKCS#12 ``PFX`` with its version and content alone (RFC 7292 section 4)."""
    _, start, _ = header(pfx)
    _, _, version_end = header(pfx, start)
    _, _, content_end = header(pfx, version_end)
    return tlv(_SEQUENCE, pfx[start:content_end])


def is_one_element(data: bytes, *, depth: int = 16) -> bool:
    """Whether this is exactly one element, in DER as far as lengths tell it.

    With one-octet tags, the shortest length (X.690 section 10.1), and elements inside that are
    elements themselves, at most ``depth`` deep.
    """
    try:
        tag, start, end = header(data)
    except ValueError:
        return False
    content = data[start:end]
    if tag & 0x1F == 0x1F or end != len(data) or tlv(tag, content) != data:
        return False
    if not tag & 0x20:
        return True
    return depth > 0 and all(is_one_element(one, depth=depth - 1) for one in _elements(content))


def _elements(content: bytes) -> Iterator[bytes]:
    """The elements of a constructed one; what is cut off comes as it is, which is none."""
    offset = 0
    while offset < len(content):
        try:
            _, _, end = header(content, offset)
        except ValueError:
            end = len(content)
        yield content[offset:end]
        offset = end
