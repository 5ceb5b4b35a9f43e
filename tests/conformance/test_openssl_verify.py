"""`openssl verify` about every certificate: chain, CRLs of all levels, purpose, name and policy.

It sees published files only, and judges strictly (-x509_strict -crl_check_all).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.programs import Said, openssl
from tests.conformance.published import Held, Published, an_hour_old, reconcile_now

pytestmark = pytest.mark.debian("openssl", "git")

BOTH = frozenset({"sslserver", "sslclient"})
PURPOSES: dict[str, frozenset[str]] = {
    "partner/exchange": BOTH,
    "vcc/admin-example": frozenset({"sslclient", "smimesign"}),
    "vcc/argus-backend": BOTH,
    "vcc/clara-backend": BOTH,
    "vcc/clara-models": frozenset(),
    "vcc/covina-backend": BOTH,
    "vcc/covina-ingestion": BOTH,
    "vcc/covina-signer": frozenset(),
    "vcc/pki-server": BOTH,
    "vcc/pki-server/api": frozenset({"sslserver"}),
    "vcc/veritas-backend": BOTH,
    "vcc/veritas-frontend": frozenset({"sslclient"}),
    "vcc/vpb-backend": BOTH,
}
"""What each service certificate is good for, of what OpenSSL 3.0 has a word for."""

ALL_PURPOSES = ("sslserver", "sslclient", "smimesign")
REVOKED = "error 23 at 0 depth lookup: certificate revoked"
CA_REVOKED = "error 23 at 1 depth lookup: certificate revoked"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The organisation as it was published; nothing here changes it."""
    return Published(an_hour_old(tmp_path_factory.mktemp("verify")))


def verify(held: Held, *more: str | Path) -> Said:
    return openssl(
        *("verify", "-x509_strict", "-crl_check_all", *more, "-CAfile", held.anchor),
        *("-untrusted", held.chain, "-CRLfile", held.crls, held.cert),
    )


def accepted(said: Said) -> bool:
    return said.code == 0 and said.stdout.endswith(": OK\n")


def test_these_are_all_service_certificates(published: Published) -> None:
    """A service that is added is added to the table above as well."""
    assert published.names() == set(PURPOSES)


@pytest.mark.parametrize("name", PURPOSES)
def test_a_service_certificate_is_good_for_what_it_declares_and_nothing_else(
    published: Published, name: str
) -> None:
    """Good with no purpose asked; of the purposes, exactly those of its template."""
    held = published.held(name)
    assert accepted(verify(held)), verify(held).text
    good_for = {p for p in ALL_PURPOSES if accepted(verify(held, "-purpose", p))}
    assert good_for == PURPOSES[name]


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("vcc/argus-backend", "argus-backend.vcc.local"),
        ("vcc/pki-server", "pki-server.vcc.local"),
        ("vcc/pki-server/api", "pki.vcc.local"),
        ("partner/exchange", "exchange.partner.internal"),
    ],
)
def test_a_server_certificate_is_good_for_its_own_name_only(
    published: Published, name: str, host: str
) -> None:
    held = published.held(name)
    assert accepted(verify(held, "-purpose", "sslserver", "-verify_hostname", host))
    for other in ("covina-backend.vcc.local", "vcc.local", f"a.{host}"):
        said = verify(held, "-purpose", "sslserver", "-verify_hostname", other)
        assert said.code == 2
        assert "hostname mismatch" in said.text


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("vcc/argus-backend", "1.3.6.1.4.1.32473.1.1"),
        ("vcc/covina-signer", "1.3.6.1.4.1.32473.1.5"),
        ("vcc/clara-models", "1.3.6.1.4.1.32473.1.6"),
    ],
)
def test_a_verifier_that_asks_for_a_policy_gets_that_template_only(
    published: Published, name: str, policy: str
) -> None:
    """What tells a release signer from a model signer, who share key usages and issuer."""
    held = published.held(name)
    assert accepted(verify(held, "-explicit_policy", "-policy", policy))
    other = verify(held, "-explicit_policy", "-policy", "1.3.6.1.4.1.32473.1.4")
    assert "error 43" in other.text  # X509_V_ERR_NO_EXPLICIT_POLICY


def test_nothing_of_one_tenant_is_trusted_under_the_root_of_the_other(published: Published) -> None:
    ours, theirs = published.held("vcc/argus-backend"), published.held("partner/exchange")
    for held, anchor in ((ours, theirs.anchor), (theirs, ours.anchor)):
        said = openssl("verify", "-CAfile", anchor, "-untrusted", held.chain, held.cert)
        assert said.code == 2
        assert "unable to get local issuer certificate" in said.text


@pytest.mark.parametrize(
    "name",
    [
        *("partner-root", "partner-services", "vcc-people", "vcc-root"),
        *("vcc-services", "vcc-signing", "vcc-time"),
    ],
)
def test_every_ca_is_good_up_to_its_root_and_may_sign_crls(published: Published, name: str) -> None:
    authorities = published.authorities()
    one = authorities[name]
    root = authorities[one.line[-1]] if one.line else one
    said = openssl(
        *("verify", "-x509_strict", "-crl_check_all", "-purpose", "crlsign"),
        *("-CAfile", root.pem, "-CRLfile", one.crls, one.pem),
    )
    assert accepted(said), said.text
    assert len(authorities) == 7
    crl = openssl("crl", "-inform", "DER", "-in", one.crl, "-CAfile", one.pem, "-noout")
    assert "verify OK" in crl.text


@pytest.mark.parametrize("name", ["partner-services", "vcc-people", "vcc-services", "vcc-signing"])
def test_every_responder_is_good_and_serves_no_other_purpose(
    published: Published, name: str
) -> None:
    """The certificate that comes with the answers, under the CA that it answers for."""
    authorities = published.authorities()
    one = authorities[name]

    def asked(*purpose: str) -> Said:
        return openssl(
            *("verify", "-x509_strict", "-crl_check_all", *purpose),
            *("-CAfile", authorities[one.line[-1]].pem, "-untrusted", one.pem),
            *("-CRLfile", one.crls, published.responder(one)),
        )

    assert accepted(asked()), asked().text
    assert accepted(asked("-purpose", "ocsphelper"))
    assert not any(accepted(asked("-purpose", purpose)) for purpose in ALL_PURPOSES)


def test_a_revoked_certificate_is_revoked_and_every_other_is_still_good(tmp_path: Path) -> None:
    """With the newly published CRLs; with the earlier ones nobody could have known."""
    world = an_hour_old(tmp_path)
    published = Published(world)
    before = published.held("vcc/clara-backend")
    earlier = tmp_path / "earlier.pem"
    earlier.write_bytes(before.crls.read_bytes())
    world.revoke("clara", "{tenant: vcc, service: clara-backend}", "keyCompromise")
    world.commit()
    reconcile_now(world)
    assert REVOKED in verify(before).text
    good = {name for name in published.names() if accepted(verify(published.held(name)))}
    assert good == set(PURPOSES) - {"vcc/clara-backend"}
    known_then = openssl(
        *("verify", "-x509_strict", "-crl_check_all", "-CAfile", before.anchor),
        *("-untrusted", before.chain, "-CRLfile", earlier, before.cert),
    )
    assert accepted(known_then)


def test_a_revoked_ca_takes_everything_below_it_along_and_nothing_else(tmp_path: Path) -> None:
    """The root's new CRL reaches verifiers in the CRL chains of the CAs below."""
    world = an_hour_old(tmp_path)
    world.revoke("people", "{authority: vcc-people}", "cACompromise")
    world.commit()
    reconcile_now(world)
    published = Published(world)
    verdicts = {name: verify(published.held(name)) for name in published.names()}
    assert {name for name, said in verdicts.items() if not accepted(said)} == {"vcc/admin-example"}
    assert CA_REVOKED in verdicts["vcc/admin-example"].text


def test_a_ca_whose_key_is_lost_is_not_certified_again(tmp_path: Path) -> None:
    """Its key stays blocked: the revoked certificate stays the published one, under its new CRL."""
    world = an_hour_old(tmp_path)
    published = Published(world)
    before = published.authority("vcc-people")
    world.revoke("people", "{authority: vcc-people}", "cACompromise")
    world.commit()
    reconcile_now(world)
    after = published.authority("vcc-people")
    assert after.certificate == before.certificate
    root = published.authority("vcc-root")
    said = openssl(
        *("verify", "-x509_strict", "-crl_check_all", "-CAfile", root.pem),
        *("-CRLfile", after.crls, after.pem),
    )
    assert REVOKED in said.text
