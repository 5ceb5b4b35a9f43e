"""A published folder, and the real server over it on a socket of its own."""

import socket
import threading
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest

from pki_publishers import render
from pki_publishers.page import calendar, html, tenants
from pki_publishers.server import Limits, create_server
from pki_publishers.targets import DirectoryTarget
from tests.publishers.page.reports import QUIET


@contextmanager
def _running(root, now, limits):
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        server = create_server(root, now=lambda: now, limits=limits)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


@pytest.fixture(scope="session")
def running():
    """A context manager: (root, now, limits) → the port of a server in a thread."""
    return _running


@pytest.fixture(scope="session")
def stem(estate):
    return render.stem_of(estate.issuing.issued)


@pytest.fixture(scope="session")
def root(estate, stem, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    leaf, issuing = estate.leaf, estate.issuing
    DirectoryTarget(folder).write(
        [
            [
                *render.render_authority(issuing.issued, issuers=[]),
                *render.render_crl(
                    issuing.with_crl(number=7, revoked=range(1, 5001)),
                    chain=[estate.root.with_crl(number=3)],
                ),
                *render.render_answers(stem, [issuing.answer(leaf, a) for a in ("sha1", "sha256")]),
                *render.render_certificate(
                    leaf,
                    chain=[issuing.issued, estate.root.issued],
                    staple=issuing.answer(leaf, "sha1"),
                    commit="c0ffee",
                    renew_at=None,
                ),
                render.render_status(render.Summary(commit="c0ffee")),
                html.index(QUIET, tenants.tenants(QUIET, ())),
                calendar.calendar(QUIET),
            ]
        ]
    )
    return folder


@pytest.fixture(scope="module")
def port(root, now, running):
    with running(root, now, Limits()) as port:
        yield port


@pytest.fixture
def http(port):
    """Send one request: (method, target, body, headers) → (status, headers, body)."""

    def send(method, target, body=None, headers=None):
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    return send
