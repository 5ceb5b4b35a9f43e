"""What a stranger may send, how much of it, and for how long."""

import socket
from contextlib import suppress

import pytest

from pki_publishers.server import Limits

BRISK = Limits(request_seconds=0.4, idle_seconds=1, connections=8)
HEAD = b"GET /status.json HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def brisk(root, now, running):
    with running(root, now, BRISK) as port:
        yield port


def connected(port):
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def rest(connection) -> bytes:
    """Everything until the server closes; the timeout of 10 s means that it never did."""
    received = bytearray()
    with suppress(ConnectionResetError):
        while chunk := connection.recv(65536):
            received += chunk
    return bytes(received)


def test_a_body_above_the_cap_is_refused_unread(http, stem):
    assert http("POST", f"/ocsp/{stem}", bytes(4097))[::2] == (413, b"content too large\n")
    assert http("POST", f"/ocsp/{stem}", bytes(4096))[::2] == (200, bytes.fromhex("30030a0101"))


def test_a_refused_body_is_not_waited_for(port, stem):
    with connected(port) as connection:
        connection.sendall(
            f"POST /ocsp/{stem} HTTP/1.1\r\nHost: x\r\nContent-Length: 200000000\r\n\r\n".encode()
        )
        assert rest(connection).startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_is_counted_while_it_comes(port, stem):
    chunk = b"400\r\n" + bytes(1024) + b"\r\n"
    with connected(port) as connection:
        connection.sendall(
            f"POST /ocsp/{stem} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
            + 5 * chunk
        )
        assert rest(connection).startswith(b"HTTP/1.1 413 ")


def test_an_url_above_the_cap_is_refused(http, stem):
    assert http("GET", f"/ocsp/{stem}/{'A' * 1100}")[0] == 414
    assert http("GET", f"/status.json?{'A' * 1100}")[0] == 414


def test_headers_above_the_cap_are_refused(http):
    assert http("GET", "/status.json", headers={"X": "x" * 9000})[0] in (400, 431)


def test_a_body_where_none_belongs_is_refused(http):
    assert http("GET", "/status.json", b"body")[0] == 400


def test_two_framings_are_refused(port, stem):
    with connected(port) as connection:
        connection.sendall(
            f"POST /ocsp/{stem} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n".encode()
            + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        assert rest(connection).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /status.json HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
    ids=["tls", "short", "blank line", "version", "space", "octet", "negative", "two lengths"],
)
def test_what_is_not_http_ends_the_connection(brisk, data):
    with connected(brisk) as connection:
        connection.sendall(data)
        assert not rest(connection).startswith(b"HTTP/1.1 5")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEAD,
        b"POST /ocsp/a-00000000 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1",
    ],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_request_that_does_not_end_is_ended(brisk, data):
    """Absolute: uvicorn alone would wait for ever."""
    with connected(brisk) as connection:
        connection.sendall(data)
        assert rest(connection) == b""


def test_trickling_does_not_extend_the_deadline(brisk):
    """One octet of a header at a time, for as long as the server takes them."""
    with connected(brisk) as connection:
        connection.sendall(HEAD + b"X: ")
        connection.settimeout(0.05)
        for _ in range(200):
            try:
                if connection.recv(1) == b"":
                    break
            except TimeoutError:
                connection.sendall(b"x")
            except ConnectionError:
                break
        else:
            pytest.fail("the server took octets for ten seconds")


def test_an_idle_connection_is_closed_after_its_answer(brisk):
    with connected(brisk) as connection:
        connection.sendall(HEAD + b"\r\n")
        assert rest(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "half",
    [HEAD, b"POST /ocsp/a-00000000 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"],
    ids=["half a head", "half a body"],
)
def test_the_deadline_holds_for_every_request_of_a_connection(brisk, half):
    """Two whole requests and half a third, sent at once."""
    with connected(brisk) as connection:
        connection.sendall(HEAD + b"\r\n" + HEAD + b"\r\n" + half)
        assert rest(connection).count(b"HTTP/1.1 200 ") == 2


def test_a_reader_that_does_not_read_is_let_go(root, now, running):
    """A long CRL, a client that takes nothing of it: the rest is thrown away.

    A second connection, which says nothing, tells when the first one's time is up.
    """
    size = 32 * 2**20
    file = root / "crl/long-00000000.crl"
    file.write_bytes(bytes(size))
    limits = Limits(exchange_seconds=0.3, request_seconds=1.0)
    try:
        with running(root, now, limits) as port, connected(port) as connection:
            connection.sendall(b"GET /crl/long-00000000.crl HTTP/1.1\r\nHost: x\r\n\r\n")
            with connected(port) as clock:
                assert rest(clock) == b""
            assert len(rest(connection)) < size
    finally:
        file.unlink()


def test_too_many_connections_do_not_pile_up(root, now, running):
    """From ``connections`` on a request gets 503; from twice as many on nothing at all."""
    with running(root, now, Limits(connections=4)) as port:
        crowd = [connected(port) for _ in range(12)]
        try:
            for one in crowd:
                with suppress(ConnectionError):
                    one.sendall(HEAD + b"Connection: close\r\n\r\n")
            answers = [rest(one)[9:12] for one in crowd]
        finally:
            for one in crowd:
                one.close()
        assert set(answers) <= {b"503", b"200", b""}
        assert answers.count(b"") >= 1
