"""Public paths are promises: certificates carry them for years."""

from datetime import UTC, datetime, timedelta

import pytest

from pki_publishers import layout
from pki_publishers.layout import Class

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
STEM = "vcc-issuing-0a1b2c3d"
SET = layout.certificate_set("vcc", "api", "web", "0123456789abcdef")

GOLDEN = {
    layout.aia_path(STEM): (
        "aia/vcc-issuing-0a1b2c3d.cer",
        Class.AUTHORITY,
        "application/pkix-cert",
    ),
    layout.aia_p7c_path(STEM): (
        "aia/vcc-issuing-0a1b2c3d.p7c",
        Class.AUTHORITY,
        "application/pkcs7-mime",
    ),
    layout.crl_path(STEM): ("crl/vcc-issuing-0a1b2c3d.crl", Class.STATUS, "application/pkix-crl"),
    layout.crl_chain_path(STEM): (
        "crl/vcc-issuing-0a1b2c3d.chain.pem",
        Class.STATUS,
        "application/x-pem-file",
    ),
    layout.answer_path(STEM, "1f", "sha1"): (
        "ocsp/vcc-issuing-0a1b2c3d/1f.sha1.der",
        Class.STATUS,
        "application/ocsp-response",
    ),
    layout.answer_path(STEM, "1f", "sha256"): (
        "ocsp/vcc-issuing-0a1b2c3d/1f.sha256.der",
        Class.STATUS,
        "application/ocsp-response",
    ),
    SET.cert: (
        "svc/vcc/api/web/0123456789abcdef/cert.pem",
        Class.SET,
        "application/pem-certificate-chain",
    ),
    SET.chain: (
        "svc/vcc/api/web/0123456789abcdef/chain.pem",
        Class.SET,
        "application/pem-certificate-chain",
    ),
    SET.fullchain: (
        "svc/vcc/api/web/0123456789abcdef/fullchain.pem",
        Class.SET,
        "application/pem-certificate-chain",
    ),
    layout.haproxy_issuer_path("vcc", "api", "web"): (
        "svc/vcc/api/web/fullchain.pem.issuer",
        Class.POINTER,
        "application/pem-certificate-chain",
    ),
    SET.p7b: (
        "svc/vcc/api/web/0123456789abcdef/bundle.p7b",
        Class.SET,
        "application/pkcs7-mime",
    ),
    layout.haproxy_staple_path("vcc", "api", "web"): (
        "svc/vcc/api/web/fullchain.pem.ocsp",
        Class.POINTER,
        "application/ocsp-response",
    ),
    layout.current_path("vcc", "api", "web"): (
        "svc/vcc/api/web/current.json",
        Class.POINTER,
        "application/json",
    ),
    layout.staple_path("vcc", "api", "web"): (
        "svc/vcc/api/web/staple.der",
        Class.POINTER,
        "application/ocsp-response",
    ),
    layout.bundle("vcc").pem: ("trust/vcc/bundle.pem", Class.TRUST, "application/x-pem-file"),
    layout.bundle("vcc").p12: ("trust/vcc/bundle.p12", Class.TRUST, "application/pkcs12"),
    layout.bundle("vcc").spiffe: ("trust/vcc/spiffe.json", Class.TRUST, "application/json"),
    layout.CACERTS_PATH: (
        ".well-known/est/cacerts",
        Class.TRUST,
        "application/pkcs7-mime",
    ),
    layout.renewal_path("69885b6b87464041e1b37b847ba0ae2cde01c8d4", 0x87654321): (
        "renewal-info/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE",  # the example of RFC 9773 section 4.1
        Class.RENEWAL,
        "application/json",
    ),
    layout.STATUS_PATH: ("status.json", Class.POINTER, "application/json"),
    layout.INDEX_PATH: ("index.html", Class.POINTER, "text/html; charset=utf-8"),
    layout.tenant_page_path("vcc"): (
        "status/vcc.html",
        Class.POINTER,
        "text/html; charset=utf-8",
    ),
    layout.part_page_path("vcc", "api"): (
        "status/vcc/api.html",
        Class.POINTER,
        "text/html; charset=utf-8",
    ),
    layout.CALENDAR_PATH: ("expiry.ics", Class.POINTER, "text/calendar; charset=utf-8"),
}


@pytest.mark.parametrize("path", GOLDEN)
def test_path_class_and_media_type_are_frozen(path):
    place = layout.place(path)
    assert (path, place.kind, place.content_type) == GOLDEN[path]


def test_only_certificate_sets_are_immutable():
    immutable = {path for path in GOLDEN if layout.place(path).immutable}
    assert immutable == {SET.cert, SET.chain, SET.fullchain, SET.p7b}


def test_every_form_of_path_is_in_the_golden_list():
    assert {layout.place(path) for path in GOLDEN} == set(layout.PLACES)


def test_ocsp_service_has_no_trailing_slash():
    assert layout.ocsp_path(STEM) == "ocsp/vcc-issuing-0a1b2c3d"


def test_stem_tells_keys_of_one_ca_apart():
    one, other = layout.stem("ca", "0A1B2C3D" + "0" * 32), layout.stem("ca", "0a1b2c3e" + "0" * 32)
    assert (one, other) == ("ca-0a1b2c3d", "ca-0a1b2c3e")


def test_objects_are_written_in_the_order_of_their_classes():
    """What is referred to before what refers to it."""
    assert [one.name for one in sorted(Class)] == [
        "AUTHORITY",
        "STATUS",
        "TRUST",
        "RENEWAL",
        "SET",
        "POINTER",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "aia/",
        "aia/../crl/a-00000000.crl",
        ".staging/0",
        "aia/.cer",
        "aia/A-00000000.cer",
        "crl/a-00000000.crl\n",
        "svc/vcc/api/web/0123456789ABCDEF/cert.pem",
        "svc/vcc/api/web/0123456789abcdef/key.pem",
        "ocsp/a-00000000/01.sha1.der",
        "ocsp/a-00000000/1.md5.der",
        "status.json/",
    ],
)
def test_nothing_else_is_public(path):
    assert layout.place(path) is None


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (layout.aia_path, ("../x-00000000",)),
        (layout.stem, ("Root", "00000000")),
        (layout.stem, ("root", "0000")),
        (layout.answer_path, (STEM, "0f", "sha1")),
        (layout.answer_path, (STEM, "f", "md5")),
        (layout.answer_path, (STEM, "f" * 41, "sha1")),
        (layout.certificate_set, ("vcc", "api", "..", "0" * 16)),
        (layout.certificate_set, ("vcc", "api", "web", "0" * 15)),
    ],
    ids=lambda value: value.__name__ if callable(value) else "-".join(value)[:24],
)
def test_a_path_is_built_from_names_only(build, names):
    with pytest.raises(ValueError, match=r"public path|no answers"):
        build(*names)


def header(path, **arguments):
    return dict(layout.headers(layout.place(path), now=NOW, **arguments))


@pytest.mark.parametrize(
    ("path", "control"),
    [
        (SET.cert, "max-age=31536000, public, immutable"),
        (layout.current_path("vcc", "api", "web"), "max-age=60, public"),
        (layout.STATUS_PATH, "max-age=60, public"),
        (layout.aia_path(STEM), "max-age=86400, public"),
    ],
)
def test_cache_rule_without_validity(path, control):
    assert header(path)["Cache-Control"] == control


@pytest.mark.parametrize(
    ("left", "age"),
    [
        (timedelta(days=7), 3600),
        (timedelta(hours=4), 3600),
        (timedelta(hours=2), 1800),
        (timedelta(seconds=3), 0),
        (timedelta(days=-1), 0),
    ],
)
def test_a_crl_is_kept_for_a_quarter_of_what_is_left_but_an_hour(left, age):
    got = header(layout.crl_path(STEM), validity=(NOW - timedelta(days=1), NOW + left))
    assert got["Cache-Control"] == f"max-age={age}, public"


def test_crl_dates_are_those_of_the_crl():
    got = header(layout.crl_path(STEM), validity=(NOW, NOW + timedelta(days=1)))
    assert (got["Last-Modified"], got["Expires"]) == (
        "Mon, 23 Nov 2026 18:00:00 GMT",
        "Tue, 24 Nov 2026 18:00:00 GMT",
    )


def test_a_client_looks_for_a_new_certificate_every_six_hours():
    """RFC 9773 section 4.3.2."""
    path = layout.renewal_path("69885b6b87464041e1b37b847ba0ae2cde01c8d4", 0x87654321)
    assert header(path) == {
        "Content-Type": "application/json",
        "Cache-Control": "max-age=60, public",
        "Retry-After": "21600",
    }


def test_a_trust_bundle_is_asked_for_again_after_five_minutes():
    assert header("trust/vcc/spiffe.json")["Cache-Control"] == "max-age=300, public"
    assert header(".well-known/est/cacerts")["Cache-Control"] == "max-age=86400, public"


def test_answer_headers_follow_the_lightweight_profile():
    """RFC 9919, as RFC 5019 section 6.2."""
    got = header(layout.answer_path(STEM, "1f", "sha1"), validity=(NOW, NOW + timedelta(days=4)))
    assert got == {
        "Content-Type": "application/ocsp-response",
        "Cache-Control": "max-age=3600, public, no-transform, must-revalidate",
        "Last-Modified": "Mon, 23 Nov 2026 18:00:00 GMT",
        "Expires": "Fri, 27 Nov 2026 18:00:00 GMT",
    }
