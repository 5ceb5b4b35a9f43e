"""Receivers of notices on 127.0.0.1: honest ones, and such as nobody should meet."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pki_reconciler.ports import SystemClock


@dataclass
class Webhook:
    """``posts`` are path, headers and body; ``answers`` are statuses to give, the last stays."""

    port: int
    answers: list[int]
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    arrived: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, _, body in self.posts]


@contextmanager
def webhook(*answers: int, tls: ssl.SSLContext | None = None) -> Iterator[Webhook]:
    found: list[Webhook] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver = found[0]
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.posts.append((self.path, dict(self.headers.items()), body))
            status = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"http://127.0.0.1:{receiver.port}/elsewhere")
            self.end_headers()
            receiver.arrived.set()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    found.append(Webhook(server.server_address[1], list(answers or (200,))))
    with served(server):
        yield found[0]


GOOD = {b"AUTH": b"235 hello\r\n", b"QUIT": b"221 bye\r\n", b"STARTTLS": b"220 go\r\n"}


@dataclass
class Sink:
    """An SMTP server that keeps what it is told: ``mails``, and the ``verbs`` and lines before."""

    port: int
    mails: list[bytes] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)
    arrived: Event = field(default_factory=Event)

    @property
    def verbs(self) -> list[bytes]:
        return [line.split()[0].upper() for line in self.said]


@contextmanager
def mail_sink(
    *, tls: ssl.SSLContext | None = None, at_once: bool = False, **answers: bytes
) -> Iterator[Sink]:
    """``answers`` replace what a verb is told; with ``tls`` it offers STARTTLS, or begins so."""
    found: list[Sink] = []
    changed = {verb.encode(): text for verb, text in answers.items()}

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            sink, channel = found[0], self.request
            secure = bool(tls and at_once)
            if tls and at_once:
                channel = tls.wrap_socket(channel, server_side=True)
            stream = channel.makefile("rb")
            channel.sendall(b"220 sink\r\n")
            while line := stream.readline(1_000):
                sink.said.append(line)
                verb = line.split()[0].upper()
                if verb == b"EHLO":
                    offer = b"AUTH PLAIN" if secure or not tls else b"STARTTLS"
                    answer = b"250-sink\r\n250 %s\r\n" % offer
                elif verb == b"DATA":
                    answer = b"354 go on\r\n"
                else:
                    answer = GOOD.get(verb, b"250 ok\r\n")
                channel.sendall(changed.get(verb, answer))
                if verb == b"STARTTLS" and tls:
                    stream.close()
                    channel = tls.wrap_socket(channel, server_side=True)
                    stream, secure = channel.makefile("rb"), True
                if verb == b"DATA" and verb not in changed:
                    sink.mails.append(b"".join(iter(stream.readline, b".\r\n")))
                    channel.sendall(b"250 kept\r\n")
                    sink.arrived.set()
                if verb == b"QUIT":
                    break
            stream.close()
            channel.close()

    server = Quiet(("127.0.0.1", 0), Handler)
    found.append(Sink(server.server_address[1]))
    with served(server):
        yield found[0]


class Quiet(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that does not like the certificate is no news."""


@contextmanager
def served(server: socketserver.TCPServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def hostile(behave: Callable[[socket.socket, Event], object]) -> Iterator[int]:
    """The port of a server that does with each connection what it likes, until it is over."""
    over = Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                behave(self.request, over)

    server = Quiet(("127.0.0.1", 0), Handler)
    with served(server):
        try:
            yield server.server_address[1]
        finally:
            over.set()


def hangs(_: socket.socket, over: Event) -> None:
    """Takes the connection, and says nothing."""
    over.wait()


def drips(channel: socket.socket, over: Event) -> None:
    """An octet now and then, so that no timeout of a read is ever reached."""
    while not over.wait(0.05):
        channel.sendall(b"2")


def never_ends(channel: socket.socket, over: Event) -> None:
    """A good answer with a body, or lines, without an end."""
    channel.recv(65_536)
    channel.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    while not over.is_set():
        channel.sendall(b"y" * 65_536)


def talks(channel: socket.socket, over: Event) -> None:
    """A greeting of ever more lines."""
    while not over.is_set():
        channel.sendall(b"220-welcome\r\n" * 1_000)


def floods(channel: socket.socket, over: Event) -> None:
    """Headers without an end."""
    channel.sendall(b"HTTP/1.1 200 OK\r\n")
    while not over.is_set():
        channel.sendall(b"X-Y: z\r\n" * 1_000)


def closes(channel: socket.socket, _: Event) -> None:
    """Hangs up at once."""
    channel.close()


def babbles(channel: socket.socket, _: Event) -> None:
    """Speaks another protocol."""
    channel.sendall(b"\x00\xff" * 100 + b"\r\n")


@dataclass(frozen=True)
class Authority:
    """A CA of the tests' own, for 127.0.0.1; ``roots`` is its file."""

    roots: Path
    server: ssl.SSLContext

    @classmethod
    def create(cls, folder: Path) -> Authority:
        now = SystemClock().now()
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
                critical=False,
            )
            .sign(key, hashes.SHA256())
        )
        roots, secret = folder / "roots.pem", folder / "key.pem"
        roots.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(roots, secret)
        return cls(roots, context)
