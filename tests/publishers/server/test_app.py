"""The server as its clients meet it: over sockets, with the request shapes they really send."""

import base64
import os
import socket
import subprocess
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp as pyca

from pki_publishers import layout

DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM


@pytest.fixture
def request_der(estate):
    return estate.issuing.request(estate.leaf)


def raw(port, data: bytes) -> bytes:
    """Send bytes as they are and read until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(data)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def test_every_published_file_is_served_as_it_is_with_its_headers(http, root, now):
    files = [p for p in root.rglob("*") if p.is_file()]
    for file in files:
        path = file.relative_to(root).as_posix()
        status, headers, body = http("GET", f"/{path}")
        assert (status, body) == (200, file.read_bytes())
        assert headers["content-type"] == layout.place(path).content_type
        assert headers["content-length"] == str(len(body))
    assert len(files) == 17


def test_the_root_is_the_status_page(http, root):
    status, headers, body = http("GET", "/")
    assert (status, body) == (200, (root / "index.html").read_bytes())
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "max-age=60, public"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "/crl/{stem}.crl",
            {
                "content-type": "application/pkix-crl",
                "cache-control": "max-age=3600, public",
                "last-modified": "Mon, 23 Nov 2026 18:00:00 GMT",
                "expires": "Mon, 30 Nov 2026 18:00:00 GMT",
            },
        ),
        (
            "/crl/{stem}.chain.pem",
            {
                "cache-control": "max-age=3600, public",
                "expires": "Mon, 30 Nov 2026 18:00:00 GMT",
            },
        ),
        (
            "/ocsp/{stem}/1234abcd.sha256.der",
            {
                "content-type": "application/ocsp-response",
                "cache-control": "max-age=3600, public, no-transform, must-revalidate",
                "expires": "Fri, 27 Nov 2026 18:00:00 GMT",
            },
        ),
        ("/aia/{stem}.cer", {"cache-control": "max-age=86400, public"}),
        ("/svc/vcc/api/web/current.json", {"cache-control": "max-age=60, public"}),
        ("/status.json", {"content-type": "application/json"}),
    ],
)
def test_header_table(http, stem, path, expected):
    _, headers, _ = http("GET", path.format(stem=stem))
    assert {name: headers[name] for name in expected} == expected


def test_sets_are_immutable(http, root):
    [file] = root.rglob("fullchain.pem")
    _, headers, _ = http("GET", f"/{file.relative_to(root)}")
    assert headers["cache-control"] == "max-age=31536000, public, immutable"


def test_no_header_tells_the_software(http):
    assert "server" not in http("GET", "/status.json")[1]


def test_head_is_get_without_body(http, stem):
    path = f"/crl/{stem}.crl"
    get, head = http("GET", path), http("HEAD", path)
    without_date = [{k: v for k, v in one[1].items() if k != "date"} for one in (get, head)]
    assert without_date[0] == without_date[1]
    assert (head[0], head[2]) == (200, b"")


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_a_known_etag_is_not_sent_again(http, stem, form):
    path = f"/crl/{stem}.crl"
    tag = http("GET", path)[1]["etag"]
    status, headers, body = http("GET", path, headers={"If-None-Match": form.format(tag)})
    assert (status, body, headers["etag"]) == (304, b"", tag)
    assert headers["expires"] == "Mon, 30 Nov 2026 18:00:00 GMT"


def test_another_etag_gets_the_file(http, stem):
    assert http("GET", f"/crl/{stem}.crl", headers={"If-None-Match": '"other"'})[0] == 200


@pytest.mark.parametrize(
    ("since", "status"),
    [("Mon, 23 Nov 2026 18:00:00 GMT", 304), ("Mon, 23 Nov 2026 17:59:59 GMT", 200), ("x", 200)],
)
def test_an_unmodified_crl_is_not_sent_again(http, stem, since, status):
    assert http("GET", f"/crl/{stem}.crl", headers={"If-Modified-Since": since})[0] == status


def test_a_replaced_file_is_seen_at_once(http, root):
    file = root / "status.json"
    former = file.read_bytes()
    tag = http("GET", "/status.json")[1]["etag"]
    (root / "next").write_bytes(b"{}\n")
    (root / "next").rename(file)
    try:
        _, headers, body = http("GET", "/status.json", headers={"If-None-Match": tag})
        assert (body, headers["etag"] != tag) == (b"{}\n", True)
    finally:
        file.write_bytes(former)


@pytest.mark.parametrize(
    "target",
    [
        "/aia/",
        "/aia",
        "/.staging",
        "/.staging/0",
        "/../status.json",
        "/aia/../status.json",
        "/aia/%2e%2e/status.json",
        "/aia/..%2fstatus.json",
        "//status.json",
        "/status.json/",
        "/status.json%00",
        "/status.json%0a",
        "/secret.json",
        "/svc/vcc/api/web/key.pem",
        "/ocsp",
        "/ocsp/x/1.sha1.der",
    ],
)
def test_nothing_else_is_served(port, target):
    (head, _, body) = raw(
        port, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    ).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404 ")
    assert body == b"Not Found\n"


def test_links_and_folders_are_not_served(http, root, tmp_path):
    """Even at a public path, and even where the link stays inside."""
    (tmp_path / "secret").write_bytes(b"secret")
    file, folder = root / "aia/linked-00000000.cer", root / "aia/folder-00000000.cer"
    file.symlink_to(tmp_path / "secret")
    folder.mkdir()
    os.mkfifo(root / "aia/fifo-00000000.cer")
    (root / "linked").mkdir()
    (root / "svc/linked").symlink_to(root / "svc/vcc")
    try:
        targets = [
            "/aia/linked-00000000.cer",
            "/aia/folder-00000000.cer",
            "/aia/fifo-00000000.cer",
            "/svc/linked/api/web/current.json",
        ]
        assert [http("GET", target)[0] for target in targets] == [404] * 4
    finally:
        file.unlink()
        folder.rmdir()
        (root / "aia/fifo-00000000.cer").unlink()
        (root / "linked").rmdir()
        (root / "svc/linked").unlink()


def test_percent_encoded_file_names_are_read(http, stem):
    assert http("GET", f"/aia/{stem.replace('-', '%2D')}.cer")[0] == 200


def test_the_absolute_form_is_accepted(port):
    """RFC 9112 section 3.2.2."""
    got = raw(
        port, b"GET http://pki.test/livez HTTP/1.1\r\nHost: pki.test\r\nConnection: close\r\n\r\n"
    )
    assert got.startswith(b"HTTP/1.1 200 ")


def test_alive(http):
    assert http("GET", "/livez")[::2] == (200, b"ok\n")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(http, method):
    status, headers, body = http(method, "/status.json")
    assert (status, body) == (405, b"Method Not Allowed\n")
    assert "GET" in headers["allow"]


def with_extension(estate, extension) -> bytes:
    builder = pyca.OCSPRequestBuilder().add_certificate(
        x509.load_der_x509_certificate(estate.leaf.der), estate.issuing.certificate, hashes.SHA1()
    )
    return builder.add_extension(extension, critical=False).build().public_bytes(DER)


NONCE = x509.OCSPNonce(bytes(range(16)))
ACCEPTABLE = x509.UnrecognizedExtension(
    x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.4"), bytes.fromhex("300b06092b0601050507300101")
)
SHAPES = {
    "openssl": ("POST", NONCE, "application/ocsp-request"),
    "strongswan": ("POST", NONCE, "application/ocsp-request"),
    "gnutls": ("POST", None, "application/ocsp-request"),
    "java": ("GET", None, None),
    "nginx": ("GET", None, None),
    "nss": ("GET", ACCEPTABLE, None),
}


@pytest.mark.parametrize("client", SHAPES)
def test_request_shapes_of_six_clients(http, estate, stem, request_der, client):
    """POST with and without nonce, and GET with percent-encoded base64, with and without an
    extension: all get the same stored answer.
    """
    method, extension, media_type = SHAPES[client]
    body = with_extension(estate, extension) if extension else request_der
    if method == "POST":
        got = http("POST", f"/ocsp/{stem}", body, {"Content-Type": media_type})
    else:
        got = http("GET", f"/ocsp/{stem}/{quote(base64.b64encode(body), safe='')}")
    response = pyca.load_der_ocsp_response(got[2])
    assert (got[0], got[1]["content-type"]) == (200, "application/ocsp-response")
    assert response.certificate_status is pyca.OCSPCertStatus.GOOD


def test_get_may_be_cached_until_the_answer_ends(http, stem, request_der):
    """RFC 9919, as RFC 5019 section 6.2."""
    path = f"/ocsp/{stem}/{quote(base64.b64encode(request_der), safe='')}"
    _, headers, _ = http("GET", path)
    assert {name: headers[name] for name in ("cache-control", "last-modified", "expires")} == {
        "cache-control": "max-age=3600, public, no-transform, must-revalidate",
        "last-modified": "Mon, 23 Nov 2026 18:00:00 GMT",
        "expires": "Fri, 27 Nov 2026 18:00:00 GMT",
    }
    assert http("GET", path, headers={"If-None-Match": headers["etag"]})[0] == 304


def test_post_and_errors_may_not_be_cached(http, stem, request_der):
    for got in (
        http("POST", f"/ocsp/{stem}", request_der),
        http("GET", f"/ocsp/{stem}/AAAA"),
    ):
        assert got[1]["cache-control"] == "no-store"


@pytest.mark.parametrize("target", ["/ocsp/{}", "/ocsp/{}/"])
@pytest.mark.parametrize("media_type", ["application/ocsp-request", "Application/OCSP-Request; x"])
def test_post_is_read_leniently(http, stem, request_der, target, media_type):
    got = http("POST", target.format(stem), request_der, {"Content-Type": media_type})
    assert pyca.load_der_ocsp_response(got[2]).serial_number == 0x1234ABCD


def test_chunked_post_is_read(port, stem, request_der):
    size = f"{len(request_der):x}".encode()
    head = f"POST /ocsp/{stem} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode()
    got = raw(
        port,
        head
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + size
        + b"\r\n"
        + request_der
        + b"\r\n0\r\n\r\n",
    )
    response = pyca.load_der_ocsp_response(got.partition(b"\r\n\r\n")[2])
    assert response.certificate_status is pyca.OCSPCertStatus.GOOD


def test_a_form_is_not_an_ocsp_request(http, stem):
    assert http("POST", f"/ocsp/{stem}", b"a=b", {"Content-Type": "text/plain"})[0] == 415


@pytest.mark.parametrize(
    "body", [b"", b"garbage", b"\x30\x00"], ids=["empty", "garbage", "sequence"]
)
def test_garbage_is_malformed_and_200(http, stem, body):
    assert http("POST", f"/ocsp/{stem}", body)[::2] == (200, bytes.fromhex("30030a0101"))


@pytest.mark.parametrize("rest", ["", "%", "%00", "....", "%2e%2e%2f", "A", "MEow", "%25%25"])
def test_get_garbage_is_malformed_and_200(http, stem, rest):
    assert http("GET", f"/ocsp/{stem}/{rest}")[::2] == (200, bytes.fromhex("30030a0101"))


def test_an_answer_file_that_is_not_there_is_404(http, stem):
    assert http("GET", f"/ocsp/{stem}/777.sha1.der")[0] == 404


def test_another_cas_service_says_unauthorized(http, estate, request_der):
    """The root has no OCSP here: no certificate of it at this path, no verdict."""
    got = http("POST", "/ocsp/nobody-00000000", request_der)
    assert got[::2] == (200, bytes.fromhex("30030a0106"))


@pytest.mark.debian("openssl")
def test_openssl_verifies_the_answer(port, estate, stem, now, tmp_path):
    files = {
        "issuer": estate.issuing.certificate.public_bytes(PEM),
        "leaf": x509.load_der_x509_certificate(estate.leaf.der).public_bytes(PEM),
        "root": estate.root.certificate.public_bytes(PEM),
    }
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
    for hash_option in ("-sha1", "-sha256"):
        run = subprocess.run(
            [
                *("openssl", "ocsp", hash_option, "-issuer", tmp_path / "issuer"),
                *("-cert", tmp_path / "leaf", "-CAfile", tmp_path / "root"),
                *("-verify_other", tmp_path / "issuer", "-attime", str(int(now.timestamp()))),
                *("-validity_period", "2000000000"),
                *("-url", f"http://127.0.0.1:{port}/ocsp/{stem}"),
            ],
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert "Response verify OK" in run.stderr
        assert f"{tmp_path / 'leaf'}: good" in run.stdout
