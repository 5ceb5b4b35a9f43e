"""RFC 5280 section 4.2.1.10, one row per sentence of the clause and per doubt about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki_schema.x509.constraints import Typed, shut_out, subtree_fault


@pytest.mark.parametrize(
    ("kind", "value", "tree"),
    [
        ("dns", "host.example.com", "host.example.com"),
        ("dns", "my.host.example.com", "host.example.com"),
        ("dns", "a.example.com", "com"),
        ("dns", "a.example.com", "EXAMPLE.com"),
        ("dns", "xn--bcher-kva.example.com", "example.com"),
        ("email", "root@example.com", "root@example.com"),
        ("email", "root@example.com", "root@EXAMPLE.com"),
        ("email", "any@example.com", "example.com"),
        ("email", "any@host.example.com", ".example.com"),
        ("email", "any@my.host.example.com", ".example.com"),
        ("email", "any@example.com", ".com"),
        ("uri", "https://host.example.com/a", "host.example.com"),
        ("uri", "https://host.example.com:8443/?b", "host.example.com"),
        ("uri", "spiffe://host.example.com/a", ".example.com"),
        ("uri", "https://my.host.example.com", ".EXAMPLE.com"),
        ("ip", "192.0.2.7", "192.0.2.0/24"),
        ("ip", "192.0.2.7", "192.0.2.7/32"),
        ("ip", "192.0.2.7", "192.0.2.6/31"),
        ("ip", "192.0.2.7", "0.0.0.0/0"),
        ("ip", "2001:db8::1", "2001:db8::/33"),
        ("ip", "2001:db8::1", "::/0"),
    ],
)
def test_inside(kind: str, value: str, tree: str) -> None:
    """Permitted if only this is permitted, refused if this is excluded, whatever is permitted."""
    assert shut_out((kind, value), permitted=[(kind, tree)]) is None
    assert shut_out((kind, value), excluded=[(kind, tree)]) == f"is excluded by {tree}"
    both = [(kind, tree)]
    assert shut_out((kind, value), permitted=both, excluded=both) == f"is excluded by {tree}"


@pytest.mark.parametrize(
    ("kind", "value", "tree"),
    [
        ("dns", "host1.example.com", "host.example.com"),
        ("dns", "evilexample.com", "example.com"),
        ("dns", "example.com.evil.org", "example.com"),
        ("dns", "example.com", "host.example.com"),
        ("email", "Root@example.com", "root@example.com"),
        ("email", "root@host.example.com", "root@example.com"),
        ("email", "any@host.example.com", "example.com"),
        ("email", "any@example.com", ".example.com"),
        ("email", "any@evilexample.com", ".example.com"),
        ("uri", "https://my.host.example.com/", "host.example.com"),
        ("uri", "https://example.com/", ".example.com"),
        ("uri", "https://evilexample.com/", ".example.com"),
        ("uri", "https://example.org/host.example.com", "host.example.com"),
        ("uri", "https://example.org/?host.example.com", "host.example.com"),
        ("ip", "192.0.3.7", "192.0.2.0/24"),
        ("ip", "192.0.2.8", "192.0.2.6/31"),
        ("ip", "2001:db9::1", "2001:db8::/32"),
        ("ip", "2001:db8::1", "0.0.0.0/0"),
        ("ip", "192.0.2.7", "::/0"),
        ("ip", "192.0.2.7", "::ffff:0:0/96"),
    ],
)
def test_outside(kind: str, value: str, tree: str) -> None:
    assert shut_out((kind, value), permitted=[(kind, tree)]) == f"is outside of {tree}"
    assert shut_out((kind, value), excluded=[(kind, tree)]) is None


@pytest.mark.parametrize(
    ("kind", "value", "tree"),
    [
        ("uri", "urn:uuid:0", "example.com"),
        ("uri", "pki:vcc/api", ".example.com"),
        ("uri", "https://192.0.2.7/", "example.com"),
        ("uri", "https://[2001:db8::1]/", "example.com"),
        ("uri", "https://localhost/", "localhost"),
        ("uri", "https://user@example.com/", "example.com"),
        ("uri", "https://EXAMPLE.com/", "example.com"),
        ("dns", "*.example.com", "example.com"),
        ("dns", "a_b.example.com", "example.com"),
        ("dns", "A.example.com", "example.com"),
        ("dns", "example.com.", "example.com"),
        ("dns", "a\0.example.com", "example.com"),
        ("email", '"a"@example.com', "example.com"),
        ("email", "a@[192.0.2.7]", "example.com"),
        ("email", "example.com", "example.com"),
        ("ip", "::ffff:192.0.2.7", "192.0.2.0/24"),
        ("ip", "192.0.2.0/24", "192.0.2.0/24"),
        ("upn", "ada@example.com", "ada@example.com"),
        ("other", "anything", "anything"),
        ("directory", "O=VCC", "O=VCC"),
        ("registeredID", "1.2.3", "1.2.3"),
    ],
)
def test_what_cannot_be_decided_is_refused(kind: str, value: str, tree: str) -> None:
    """A URI without a host name MUST be (RFC 5280); the rest is what others decide differently."""
    said = "cannot be judged, and there are subtrees of its type"
    assert shut_out((kind, value), permitted=[(kind, tree)]) == said
    assert shut_out((kind, value), excluded=[(kind, tree)]) == said


@pytest.mark.parametrize(
    ("kind", "tree"),
    [
        ("dns", ""),
        ("dns", ".example.com"),
        ("dns", "*.example.com"),
        ("dns", "example.com."),
        ("dns", "a..b"),
        ("dns", "192.0.2.7"),
        ("dns", "bücher.example"),
        ("email", ""),
        ("email", "."),
        ("email", "@example.com"),
        ("email", "..example.com"),
        ("email", '"a"@example.com'),
        ("uri", ""),
        ("uri", "https://example.com"),
        ("uri", "example.com:443"),
        ("uri", "192.0.2.7"),
        ("uri", "[2001:db8::1]"),
        ("ip", ""),
        ("ip", "192.0.2.7/24"),
        ("ip", "example.com"),
    ],
)
def test_below_a_subtree_that_is_none_nothing_passes(kind: str, tree: str) -> None:
    """Not even names of other types: Java refuses the whole certificate."""
    for name in (("dns", "a.example.com"), ("ip", "192.0.2.7"), ("upn", "ada@example.com")):
        for limits in ({"permitted": [(kind, tree)]}, {"excluded": [(kind, tree)]}):
            assert shut_out(name, **limits) == f"cannot be judged: {tree!r} is no {kind} subtree"
    assert subtree_fault(kind, tree)


@pytest.mark.parametrize("kind", ["ip", "email", "uri", "upn", "directory", "other"])
def test_a_type_without_subtrees_is_open(kind: str) -> None:
    limits = [("dns", "example.com")]
    assert shut_out((kind, "anything"), permitted=limits, excluded=limits) is None
    assert shut_out((kind, "anything")) is None


def test_several_subtrees() -> None:
    """One permitted subtree is enough; one excluded subtree is too."""
    permitted = [("dns", "a.example"), ("dns", "b.example"), ("ip", "10.0.0.0/8")]
    excluded = [("dns", "secret.a.example"), ("dns", "secret.b.example")]

    def verdict(value: str) -> str | None:
        return shut_out(("dns", value), permitted=permitted, excluded=excluded)

    assert verdict("x.a.example") is None
    assert verdict("x.b.example") is None
    assert verdict("x.secret.b.example") == "is excluded by secret.b.example"
    assert verdict("c.example") == "is outside of a.example, b.example"


def test_a_user_principal_name_is_an_other_name() -> None:
    assert shut_out(("upn", "ada@example.com"), excluded=[("other", "?")])
    assert shut_out(("other", "?"), permitted=[("upn", "ada@example.com")])


@pytest.mark.parametrize(
    ("kind", "tree"),
    [
        ("dns", "example.com"),
        ("email", "example.com"),
        ("email", ".example.com"),
        ("email", "Ada@example.com"),
        ("uri", "example.com"),
        ("uri", ".example.com"),
        ("ip", "10.0.0.0/8"),
        ("ip", "::/0"),
    ],
)
def test_subtrees_a_ca_of_ours_may_have(kind: str, tree: str) -> None:
    assert subtree_fault(kind, tree) is None


@pytest.mark.parametrize(
    ("kind", "tree"),
    [
        ("dns", "com"),
        ("dns", "Example.com"),
        ("email", "com"),
        ("email", "ada@Example.com"),
        ("uri", ".com"),
        ("ip", "2001:DB8::/32"),
        ("upn", "ada@example.com"),
        ("directory", "O=VCC"),
        ("other", "?"),
    ],
)
def test_subtrees_only_others_have(kind: str, tree: str) -> None:
    """Legible in a foreign CA, but not written by us: one spelling, and no type in doubt."""
    assert subtree_fault(kind, tree)


KINDS = st.sampled_from(["dns", "ip", "email", "uri", "upn", "directory", "other", "?"])
VALUES = st.sampled_from(
    ["", ".", "a.b", ".a.b", "a@a.b", "https://a.b", "10.0.0.0/8", "10.0.0.1", "::", "https://["]
)
TYPED: st.SearchStrategy[Typed] = st.tuples(KINDS, VALUES | st.text())


@given(TYPED, st.lists(TYPED, max_size=3), st.lists(TYPED, max_size=3))
def test_any_text_gets_a_verdict(
    name: Typed, permitted: list[Typed], excluded: list[Typed]
) -> None:
    """Never an exception; and another excluded subtree never lets a name in."""
    verdict = shut_out(name, permitted=permitted, excluded=excluded)
    for tree in (*permitted, *excluded):
        subtree_fault(*tree)
        more = shut_out(name, permitted=permitted, excluded=[*excluded, tree])
        assert more is not None or verdict is None
