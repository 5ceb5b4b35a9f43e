"""Whose name is it."""

import pytest

from pki_schema.fields import DnsName, IpRange, Text
from pki_schema.kinds import TenantSpec
from pki_schema.kinds.parts import NameConstraints, NameSubtrees
from pki_schema.load.belonging import beyond, foreign

TENANT = TenantSpec(
    organization=Text("VCC"),
    zone=DnsName("vcc.local"),
    dns_suffixes=(DnsName("vcc.internal"),),
    ip_ranges=(IpRange("172.21.0.0/16"), IpRange("fd00::/64")),
)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("dns", "vcc.local"),
        ("dns", "a.b.vcc.local"),
        ("dns", "api.vcc.internal"),
        ("ip", "172.21.255.1"),
        ("ip", "fd00::1"),
        ("email", "ada@vcc.local"),
        ("upn", "ada@mail.vcc.internal"),
        ("uri", "spiffe://vcc.local/vcc/api"),
        ("uri", "https://api.vcc.local/path"),
    ],
)
def test_a_tenant_may_use_what_is_delegated_to_it(kind: str, value: str) -> None:
    assert foreign(kind, value, TENANT) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("dns", "evilvcc.local"),
        ("dns", "vcc.local.example"),
        ("dns", "local"),
        ("ip", "172.22.0.1"),
        ("ip", "127.0.0.1"),
        ("ip", "fd00:0:0:1::1"),
        ("email", "ada@evilvcc.local"),
        ("email", "ada@vcc.local@example.com"),
        ("upn", "ada@partner.internal"),
        ("uri", "spiffe://partner.internal/vcc/api"),
        ("uri", "spiffe://sub.vcc.local/vcc/api"),
        ("uri", "spiffe://user@vcc.local/vcc/api"),
        ("uri", "spiffe://vcc.local:80/vcc/api"),
        ("uri", "spiffe://vcc.local/"),
        ("uri", "spiffe://vcc.local/a?b"),
        ("uri", "spiffe://vcc.local/a#b"),
        ("uri", "https://vcc.local@example.com/"),
        ("uri", "https://example.com/vcc.local"),
        ("uri", "pki:vcc/api"),
        ("uri", "urn:uuid:0"),
        ("uri", "https://["),
        ("ip", "api.vcc.local"),
        ("ip", "::ffff:172.21.0.1"),
        ("registeredID", "1.2.3"),
    ],
)
def test_nothing_else(kind: str, value: str) -> None:
    """Suffixes count label by label, and a URI belongs to whom its host belongs."""
    assert foreign(kind, value, TENANT)


def test_mail_domains_replace_the_default_when_they_are_given() -> None:
    tenant = TenantSpec(
        organization=Text("VCC"), zone=DnsName("vcc.local"), email_domains=(DnsName("vcc.de"),)
    )

    assert foreign("email", "ada@vcc.de", tenant) is None
    assert foreign("email", "ada@vcc.local", tenant)


@pytest.mark.parametrize(
    ("kind", "value", "outside"),
    [
        ("dns", "a.partner.internal", False),
        ("dns", "a.secret.partner.internal", True),
        ("dns", "vcc.local", True),
        ("email", "a@partner.internal", False),
        ("email", "a@sub.partner.internal", True),
        ("uri", "spiffe://partner.internal/a", False),
        ("uri", "https://sub.partner.internal/a", True),
        ("uri", "urn:x:y", True),
        ("ip", "10.0.0.1", True),
        ("ip", "fd00::1", False),
        ("upn", "anybody@anywhere.example", False),
    ],
)
def test_name_constraints_are_read_as_relying_parties_read_them(
    kind: str, value: str, outside: bool
) -> None:
    """RFC 5280 section 4.2.1.10: mail and URI subtrees name one host, DNS subtrees a domain."""
    constraints = NameConstraints(
        permitted=NameSubtrees(
            dns_domains=(DnsName("partner.internal"),),
            email_domains=(Text("partner.internal"),),
            uri_domains=(Text("partner.internal"),),
        ),
        excluded=NameSubtrees(
            dns_domains=(DnsName("secret.partner.internal"),), ip_ranges=(IpRange("0.0.0.0/0"),)
        ),
    )

    assert beyond(kind, value, constraints) is outside


@pytest.mark.parametrize(
    ("kind", "value", "outside"),
    [
        ("email", "a@partner.internal", True),
        ("email", "a@mail.partner.internal", False),
        ("email", "ada@vcc.local", False),
        ("email", "bob@vcc.local", True),
        ("uri", "https://partner.internal/", True),
        ("uri", "https://a.partner.internal/", False),
        ("uri", "https://secret.partner.internal/", True),
    ],
)
def test_a_leading_dot_means_what_lies_below(kind: str, value: str, outside: bool) -> None:
    constraints = NameConstraints(
        permitted=NameSubtrees(
            email_domains=(Text(".partner.internal"), Text("ada@vcc.local")),
            uri_domains=(Text(".partner.internal"),),
        ),
        excluded=NameSubtrees(uri_domains=(Text("secret.partner.internal"),)),
    )

    assert beyond(kind, value, constraints) is outside


@pytest.mark.parametrize(
    "domain", ["Partner.internal", ".", "internal", "partner.internal:443", ""]
)
@pytest.mark.parametrize(
    ("kind", "value"), [("uri", "https://partner.internal/"), ("dns", "partner.internal")]
)
def test_subtrees_that_are_none_let_nothing_pass(domain: str, kind: str, value: str) -> None:
    constraints = NameConstraints(excluded=NameSubtrees(uri_domains=(Text(domain),)))

    assert beyond(kind, value, constraints)
