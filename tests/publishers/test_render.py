"""What is published is read back with foreign eyes: pyca for DER, json for pointers."""

import hashlib
import json
from datetime import timedelta

import msgspec
import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from pki_publishers import layout, render
from pki_publishers.layout import Class
from pki_schema.issued import CertificateState

SET_FILES = ("bundle.p7b", "cert.pem", "chain.pem", "fullchain.pem")


def by_name(objects):
    return {one.path.rsplit("/", 1)[1]: one for one in objects}


@pytest.fixture
def rendered(estate, now):
    return render.render_certificate(
        estate.leaf,
        chain=(estate.issuing.issued, estate.root.issued),
        staple=estate.issuing.answer(estate.leaf, "sha1"),
        commit="c0ffee",
        renew_at=now + timedelta(days=60),
    )


def test_every_object_stands_at_a_public_path_of_its_class(estate, rendered):
    crl = render.render_crl(
        estate.issuing.with_crl(number=2), chain=[estate.root.with_crl(number=1)]
    )
    answers = render.render_answers("ca-00000000", [estate.issuing.answer(estate.leaf, "sha1")])
    authority = render.render_authority(estate.issuing.issued, issuers=[])
    status = render.render_status(render.Summary(commit="c"))
    everything = (*rendered, *crl, *answers, *authority, status)
    assert all(layout.place(one.path).kind is one.kind for one in everything)


def test_authority_is_its_own_certificate(estate):
    cer = by_name(render.render_authority(estate.issuing.issued, issuers=[]))
    assert cer[f"{render.stem_of(estate.issuing.issued)}.cer"].body == (
        estate.issuing.issued.certificate.der
    )


def test_p7c_holds_all_certificates_of_the_key_in_any_order(estate, stranger):
    """The same set gives the same bytes: a re-render publishes nothing."""
    cross = stranger.issued.certificate.der
    own = estate.issuing.issued.certificate.der
    one = render.render_authority(estate.issuing.issued, issuers=[own, cross])[1]
    other = render.render_authority(estate.issuing.issued, issuers=[cross])[1]
    held = {c.public_bytes(Encoding.DER) for c in pkcs7.load_der_pkcs7_certificates(one.body)}
    assert one.body == other.body
    assert held == {own, cross}


def test_crl_chain_has_every_level_the_own_first(estate):
    issuing, root = estate.issuing.with_crl(number=7), estate.root.with_crl(number=3)
    crl, chain = render.render_crl(issuing, chain=[root])
    parts = chain.body.decode().split("-----END X509 CRL-----\n")[:-1]
    loaded = [
        x509.load_pem_x509_crl(f"{part}-----END X509 CRL-----\n".encode()).issuer for part in parts
    ]
    assert crl.body == issuing.crl.der
    assert (crl.number, chain.number) == (7, 7)
    assert loaded == [estate.issuing.certificate.subject, estate.root.certificate.subject]


def test_crl_chain_waits_for_the_last_level(estate):
    """An incomplete chain file makes nginx refuse everybody."""
    crls = render.render_crl(estate.issuing.with_crl(number=7), chain=[estate.root.issued])
    assert [one.path.split(".", 1)[1] for one in crls] == ["crl"]


def test_no_crl_no_objects(estate):
    assert render.render_crl(estate.issuing.issued, chain=[estate.root.issued]) == ()


def test_answers_are_numbered_by_this_update(estate, now):
    answers = [estate.issuing.answer(estate.leaf, a) for a in ("sha1", "sha256")]
    rendered = render.render_answers("ca-00000000", answers)
    assert [(one.path, one.number) for one in rendered] == [
        ("ocsp/ca-00000000/1234abcd.sha1.der", int(now.timestamp())),
        ("ocsp/ca-00000000/1234abcd.sha256.der", int(now.timestamp())),
    ]


def test_fullchain_is_leaf_and_intermediates_without_root(estate, rendered):
    loaded = x509.load_pem_x509_certificates(by_name(rendered)["fullchain.pem"].body)
    assert [c.serial_number for c in loaded] == [0x1234ABCD, 0x22]


def test_chain_is_intermediates_alone(rendered):
    loaded = x509.load_pem_x509_certificates(by_name(rendered)["chain.pem"].body)
    assert [c.serial_number for c in loaded] == [0x22]


def test_below_a_root_there_is_no_chain_file(estate):
    leaf = estate.root.certify("direct", 0x99)
    objects = render.render_certificate(
        leaf, chain=[estate.root.issued], staple=None, commit="c", renew_at=None
    )
    names = ["bundle.p7b", "cert.pem", "current.json", "fullchain.pem", "fullchain.pem.issuer"]
    assert sorted(by_name(objects)) == names


def test_set_is_named_by_what_is_in_it(estate, rendered):
    """``sha256sum fullchain.pem`` begins with the name of its folder."""
    full = by_name(rendered)["fullchain.pem"]
    set_id = hashlib.sha256(full.body).hexdigest()[:16]
    assert {one.path for one in rendered if one.kind is Class.SET} == {
        f"svc/vcc/api/web/{set_id}/{name}" for name in SET_FILES
    }


def test_another_certificate_of_the_same_intermediate_makes_another_set(estate, stranger):
    """What is served as immutable never changes: neither the leaf's bytes nor the chain's."""
    again = msgspec.structs.replace(estate.issuing.issued, certificate=stranger.issued.certificate)
    sets = {
        one.path: one.body
        for issuer in (estate.issuing.issued, again)
        for one in render.render_certificate(
            estate.leaf,
            chain=(issuer, estate.root.issued),
            staple=None,
            commit="c",
            renew_at=None,
        )
        if one.kind is Class.SET
    }
    assert len(sets) == 2 * len(SET_FILES)


def test_a_p7b_holds_what_fullchain_holds(rendered):
    """A SET (RFC 5652 section 5.1), so in an order of its own; nothing in it is signed."""
    files = by_name(rendered)
    held = pkcs7.load_der_pkcs7_certificates(files["bundle.p7b"].body)
    served = x509.load_pem_x509_certificates(files["fullchain.pem"].body)
    assert {c.serial_number for c in held} == {c.serial_number for c in served}
    asn1 = cms.ContentInfo.load(files["bundle.p7b"].body, strict=True)
    assert asn1.dump(force=True) == files["bundle.p7b"].body
    assert len(asn1["content"]["signer_infos"]) == 0


def test_haproxy_finds_staple_and_issuer_by_their_names(estate, rendered):
    files = by_name(rendered)
    assert files["fullchain.pem.ocsp"].body == files["staple.der"].body
    assert files["fullchain.pem.ocsp"].number == files["staple.der"].number
    issuer = x509.load_pem_x509_certificate(files["fullchain.pem.issuer"].body)
    assert issuer.subject == x509.load_der_x509_certificate(estate.leaf.der).issuer


def test_below_a_root_certified_again_the_set_is_the_same_and_the_issuer_is_not(estate, stranger):
    """The root is in no file of the set, so nothing immutable depends on its certificate."""
    leaf = estate.root.certify("direct", 0x99)
    other = msgspec.structs.replace(
        estate.root.issued.certificate, der=stranger.issued.certificate.der
    )
    again = msgspec.structs.replace(estate.root.issued, certificate=other)
    before, after = (
        by_name(
            render.render_certificate(leaf, chain=[root], staple=None, commit="c", renew_at=None)
        )
        for root in (estate.root.issued, again)
    )
    changed = {name for name in before if before[name] != after[name]}
    assert "fullchain.pem.issuer" in changed
    assert not any(before[name].kind is Class.SET for name in changed)


def test_pointer_names_what_stands_there(estate, rendered):
    """Golden: this document is read by other people's scripts."""
    objects = by_name(rendered)
    stem = render.stem_of(estate.issuing.issued)
    set_id = hashlib.sha256(objects["fullchain.pem"].body).hexdigest()[:16]

    def entry(name):
        one = objects[name]
        return {"path": one.path, "sha256": hashlib.sha256(one.body).hexdigest()}

    assert json.loads(objects["current.json"].body) == {
        "tenant": "vcc",
        "service": "api",
        "certificate": "web",
        "state": "valid",
        "set": set_id,
        "files": {name: entry(name) for name in SET_FILES},
        "staple": entry("staple.der"),
        "serial": "1234abcd",
        "notBefore": "2026-11-23T17:00:00Z",
        "notAfter": "2027-02-21T18:00:00Z",
        "renewAt": "2027-01-22T18:00:00Z",
        "spkiSha256": estate.leaf.spki,
        "issuer": "issuing",
        "issuerCertificate": f"aia/{stem}.cer",
        "trustAnchor": f"aia/{render.stem_of(estate.root.issued)}.cer",
        "crl": f"crl/{stem}.crl",
        "crlChain": f"crl/{stem}.chain.pem",
        "renewalInfo": layout.renewal_path(estate.issuing.issued.ski, estate.leaf.serial),
        "commit": "c0ffee",
    }


def test_pointer_is_sorted_and_ends_with_one_newline(rendered):
    body = by_name(rendered)["current.json"].body.decode()
    assert body == json.dumps(json.loads(body), indent=2, sort_keys=True) + "\n"


def test_revoked_certificate_says_so_and_staples_the_revocation(estate, now):
    revoked = msgspec.structs.replace(
        estate.leaf, state=CertificateState.REVOKED, revoked_at=now, reason="keyCompromise"
    )
    staple = estate.issuing.answer(revoked, "sha1", revoked=True)
    objects = by_name(
        render.render_certificate(
            revoked,
            chain=[estate.issuing.issued, estate.root.issued],
            staple=staple,
            commit="c",
            renew_at=None,
        )
    )
    current = json.loads(objects["current.json"].body)
    assert (current["state"], current["revokedAt"]) == ("revoked", "2026-11-23T18:00:00Z")
    assert objects["staple.der"].body == staple.der
    assert "renewAt" not in current


def test_a_staple_is_for_the_sha1_certid(estate):
    with pytest.raises(ValueError, match="SHA-1"):
        render.render_certificate(
            estate.leaf,
            chain=[estate.issuing.issued, estate.root.issued],
            staple=estate.issuing.answer(estate.leaf, "sha256"),
            commit="c",
            renew_at=None,
        )


def test_burnt_serial_renders_to_nothing(estate):
    burnt = msgspec.structs.replace(estate.leaf, state=CertificateState.BURNT, der=b"")
    assert (
        render.render_certificate(
            burnt, chain=[estate.issuing.issued], staple=None, commit="c", renew_at=None
        )
        == ()
    )


def test_set_and_pointers_have_their_classes(rendered):
    assert {name: one.kind for name, one in by_name(rendered).items()} == {
        **dict.fromkeys(SET_FILES, Class.SET),
        "current.json": Class.POINTER,
        "staple.der": Class.POINTER,
        "fullchain.pem.ocsp": Class.POINTER,
        "fullchain.pem.issuer": Class.POINTER,
    }


def test_status_is_the_same_in_any_order(estate):
    one, other = (render.summarise(a.issued) for a in (estate.root, estate.issuing))
    counts = {"valid": 3, "revoked": 1}
    forth = render.Summary(commit="c", authorities=(one, other), certificates=counts)
    back = render.Summary(
        commit="c", authorities=(other, one), certificates=dict(reversed(counts.items()))
    )
    assert render.render_status(forth) == render.render_status(back)


def test_status_tells_the_crl_of_each_authority(estate):
    summary = render.Summary(
        commit="c", authorities=(render.summarise(estate.issuing.with_crl(number=7)),)
    )
    [shown] = json.loads(render.render_status(summary).body)["authorities"]
    assert shown == {
        "name": "issuing",
        "generation": 1,
        "stem": render.stem_of(estate.issuing.issued),
        "notAfter": "2027-02-21T18:00:00Z",
        "crlNumber": 7,
        "crlThisUpdate": "2026-11-23T18:00:00Z",
        "crlNextUpdate": "2026-11-30T18:00:00Z",
    }


# When a certificate is to be renewed


def window(estate, certificate, *, renew_at=None, in_use=True):
    (item,) = render.render_renewal(
        certificate, issuer=estate.issuing.issued, renew_at=renew_at, in_use=in_use
    )
    assert item.path == layout.renewal_path(estate.issuing.issued.ski, certificate.serial)
    assert item.unit == f"renewal/{certificate.issuer}/{certificate.serial:x}"
    (suggested,) = json.loads(item.body).items()
    assert suggested[0] == "suggestedWindow"
    return suggested[1]["start"], suggested[1]["end"]


def test_a_certificate_is_best_fetched_within_a_day_of_its_renewal(estate):
    renew_at = estate.leaf.not_after - timedelta(days=30)
    assert window(estate, estate.leaf, renew_at=renew_at) == (
        "2027-01-22T18:00:00Z",
        "2027-01-23T18:00:00Z",
    )


def test_close_to_the_end_the_window_is_a_quarter_of_what_is_left(estate):
    renew_at = estate.leaf.not_after - timedelta(hours=4)
    assert window(estate, estate.leaf, renew_at=renew_at) == (
        "2027-02-21T14:00:00Z",
        "2027-02-21T15:00:00Z",
    )


def test_what_the_clock_does_not_renew_is_looked_at_in_the_last_hour_of_its_life(estate):
    assert window(estate, estate.leaf) == ("2027-02-21T17:00:00Z", "2027-02-21T17:15:00Z")


def test_a_window_in_the_past_means_now(estate):
    """RFC 9773 section 4.2, for what was revoked and for what was replaced."""
    past = ("2026-11-23T17:00:00Z", "2026-11-23T18:00:00Z")
    revoked = msgspec.structs.replace(estate.leaf, state=CertificateState.REVOKED)
    renew_at = estate.leaf.not_after
    assert window(estate, revoked, renew_at=renew_at) == past
    assert window(estate, estate.leaf, renew_at=renew_at, in_use=False) == past


def test_a_window_ends_after_it_begins_even_at_the_end_of_a_life(estate):
    """RFC 9773 section 4.2: a window without length is an error to its readers."""
    start, end = window(estate, estate.leaf, renew_at=estate.leaf.not_after)
    assert start < end


def test_nobody_renews_what_has_expired(estate):
    expired = msgspec.structs.replace(estate.leaf, state=CertificateState.EXPIRED)
    found = render.render_renewal(expired, issuer=estate.issuing.issued, renew_at=None, in_use=True)
    assert found == ()
