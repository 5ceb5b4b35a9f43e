"""A POST of JSON, signed with a shared secret as GitHub signs its own."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pki_reconciler.daemon.channels.channel import PATIENCE, Undelivered
from pki_reconciler.daemon.channels.connecting import connected
from pki_reconciler.daemon.notices import Notice
from pki_schema.errors import Severity

LATER = frozenset({408, 425, 429})
"""Refusals that say: try again."""


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """``url`` may be a secret in itself, and is shown to nobody."""

    name: str
    only: frozenset[Severity]
    url: str = field(repr=False)
    secret: bytes | None = field(repr=False)
    tls: ssl.SSLContext
    patience: float = PATIENCE

    def send(self, notice: Notice) -> str:
        """Arrived is what got an answer of 2xx; neither redirects nor bodies are looked at."""
        url = urlsplit(self.url)
        encrypted = url.scheme == "https"
        host, port = url.hostname or "", url.port or (443 if encrypted else 80)
        tls = self.tls if encrypted else None
        with connected(host, port, tls=tls, seconds=self.patience) as channel:
            kind = http.client.HTTPSConnection if encrypted else http.client.HTTPConnection
            connection = kind(host, port)
            connection.sock = channel
            try:
                status = self._exchange(connection, url.path or "/", url.query, notice)
            finally:
                connection.close()
        if 200 <= status < 300:
            return ""
        if 300 <= status < 400:
            raise Undelivered(f"answers {status}; redirects are not followed", lasting=True)
        raise Undelivered(f"answers {status}", lasting=400 <= status < 500 and status not in LATER)

    def _exchange(
        self, connection: http.client.HTTPConnection, path: str, query: str, notice: Notice
    ) -> int:
        body = notice.document()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "vcc-pki",
            "X-VCC-PKI-Delivery": notice.identifier,
            "Connection": "close",
        }
        if self.secret:
            digest = hmac.new(self.secret, body, hashlib.sha256).hexdigest()
            headers["X-Hub-Signature-256"] = f"sha256={digest}"
        try:
            connection.request("POST", f"{path}?{query}" if query else path, body, headers)
            # Status line and headers, which http.client caps; of the body nothing is read.
            return connection.getresponse().status
        except http.client.HTTPException as error:
            raise Undelivered(f"no HTTP answer ({type(error).__name__})") from None
