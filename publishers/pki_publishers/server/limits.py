"""What a stranger may send, and how long that may take: checked before anything is parsed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import ClassVar

import h11
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds.

    ``request_seconds`` is absolute: from the connection, or the first byte of a later request, to
    the request's last byte, however steadily it trickles. ``exchange_seconds`` bounds everything
    that follows, so that a reader who does not read cannot keep a connection either. From
    ``connections`` on requests get 503, from twice as many on connections are closed unread.
    """

    body: int = 4096
    url: int = 1024
    headers: int = 8192
    request_seconds: float = 5.0
    exchange_seconds: float = 120.0
    idle_seconds: int = 5
    connections: int = 384


def refusal(status: int, text: str) -> PlainTextResponse:
    """A small answer after which the connection is closed: what is still to come is not read."""
    return PlainTextResponse(
        f"{text}\n", status, headers={"Connection": "close", "Cache-Control": "no-store"}
    )


class Caps:
    """ASGI middleware: refuses what is too large by what its head says.

    The body itself is counted where it is read. Routing then sees the path as it was sent:
    percent-encoded slashes are data in OCSP's GET, not separators.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        refused = self._refused(scope, raw)
        if refused is not None:
            await refused(scope, receive, send)
            return
        if not raw.startswith(b"/"):
            # RFC 9112 section 3.2.2: a server accepts the absolute form.
            raw = b"/" + raw.partition(b"://")[2].partition(b"/")[2]
        await self._app({**scope, "path": raw.decode("latin-1")}, receive, send)

    def _refused(self, scope: Scope, raw: bytes) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        length, encoding = headers.get("content-length"), headers.get("transfer-encoding")
        if len(raw) + len(scope["query_string"]) > self._limits.url:
            return refusal(414, "URI too long")
        if sum(len(name) + len(value) for name, value in scope["headers"]) > self._limits.headers:
            return refusal(431, "header fields too large")
        if length is not None and encoding is not None:
            # RFC 9112 section 6.3: the mark of request smuggling.
            return refusal(400, "both Content-Length and Transfer-Encoding")
        # h11 has made sure that it is a number.
        if length is not None and (len(length) > 10 or int(length) > self._limits.body):
            return refusal(413, "content too large")
        if scope["method"] != "POST" and (encoding is not None or length not in (None, "0")):
            return refusal(400, "no content expected")
        return None


class Bounded(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with the absolute deadlines that it lacks."""

    bounds: ClassVar[Limits] = Limits()
    _deadline: asyncio.TimerHandle | None = None
    _exchange: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > 2 * self.bounds.connections:
            transport.abort()
            return
        self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        if self._exchange is not None:
            self._exchange.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_arriving():
            self._start()
        elif self._deadline is not None:
            self._stop()
            self._exchange_begins()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            return
        # What was written is still to be read by the client, hence a new bound and not none.
        self._exchange_begins()
        # A pipelined request may have been taken up, or have begun to arrive.
        begun = self.conn.their_state is h11.SEND_BODY or self.conn.trailing_data[0]
        if begun and self._is_arriving():
            self._start()

    def _is_arriving(self) -> bool:
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY)

    def _exchange_begins(self) -> None:
        if self._exchange is not None:
            self._exchange.cancel()
        self._exchange = self.loop.call_later(self.bounds.exchange_seconds, self.transport.abort)

    def _start(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.bounds.request_seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def protocol(limits: Limits) -> type[H11Protocol]:
    """The protocol class for uvicorn's ``Config(http=…)``."""

    class Configured(Bounded):
        bounds = limits

    return Configured
