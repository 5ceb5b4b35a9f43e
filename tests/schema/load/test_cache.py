"""Decoded manifests as cache entries: under any path what decoding would give, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki_schema.load.documents import decode, from_cache, to_cache

GOOD = b"apiVersion: pki.vcc.local/v1\nkind: Service\nmetadata: {name: a}\nspec: {template: b}\n"
EXAMPLES = {
    "good": GOOD,
    "no kind that is acted on": GOOD.replace(b"Service", b"Policy"),
    "fault of the YAML": GOOD + b"spec: {}\nx: &a *a\n",
    "fault of a field": GOOD.replace(b"b}", b"b, duration: 90days}"),
    "fault of the spec": GOOD.replace(b"template: b", b"suspend: true"),
    "hundreds of faults": GOOD.replace(b"template: b", b"dnsNames: [" + b"A," * 500 + b"]"),
    "hundreds of faults of the YAML": b"a: [" + b"&a b," * 500 + b"]",
    "empty": b"",
}


@pytest.mark.parametrize("data", EXAMPLES.values(), ids=EXAMPLES)
@pytest.mark.parametrize("path", ["tenants/vcc/services/a.yaml", "tenants/other/services/b.yaml"])
def test_an_entry_gives_what_decoding_gives(data: bytes, path: str) -> None:
    """Two files with the same bytes share a blob and an entry: path and tenant are never cached."""
    entry = to_cache(decode("tenants/vcc/services/a.yaml", "b10b", data))
    assert from_cache(entry, path) == decode(path, "b10b", data)


def test_positions_are_those_of_the_path_asked_for() -> None:
    document = from_cache(to_cache(decode("a.yaml", "", GOOD)), "b.yaml")
    assert document is not None
    assert document.declared is not None
    assert str(document.declared.positions["spec", "template"]) == "b.yaml:4:18"


@pytest.mark.parametrize("cut", [0, 1, 15, 16, 17, -1])
def test_a_torn_entry_is_none(cut: int) -> None:
    assert from_cache(to_cache(decode("a.yaml", "", GOOD))[:cut], "a.yaml") is None


@given(st.data())
def test_a_damaged_entry_is_none(data: st.DataObject) -> None:
    """Any changed byte, wherever: the file is decoded again rather than misread."""
    entry = bytearray(to_cache(decode("a.yaml", "", GOOD)))
    index = data.draw(st.integers(0, len(entry) - 1))
    entry[index] ^= data.draw(st.integers(1, 255))
    assert from_cache(bytes(entry), "a.yaml") is None


@given(st.binary(max_size=200))
def test_any_bytes_are_none(data: bytes) -> None:
    assert from_cache(data, "a.yaml") is None
