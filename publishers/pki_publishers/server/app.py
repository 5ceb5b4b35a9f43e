"""The HTTP face: published files under their paths, and OCSP below ``/ocsp/<stem>``."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import unquote

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from pki_publishers import layout
from pki_publishers.server import ocsp
from pki_publishers.server.limits import Caps, Limits, protocol, refusal
from pki_publishers.server.tree import Found, Tree, etag
from pki_schema.errors import WorldFailed
from pki_schema.instants import Instant

Now = Callable[[], Instant]

_CHUNK = 65_536
# What openssl and others send, what tools send that were told nothing, and nothing.
_REQUEST_TYPES = frozenset(
    {
        "",
        "application/ocsp-request",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
    }
)


def create_app(root: Path, *, now: Now, limits: Limits | None = None) -> Starlette:
    """The ASGI app over a published folder. ``now`` is asked once per request."""
    limits = limits or Limits()
    service = _Service(Tree(root), now, limits)
    app = Starlette(
        routes=[
            Route("/livez", _alive),
            Route("/ocsp/{stem}", service.posted, methods=["POST"]),
            Route("/ocsp/{stem}/{rest:path}", service.posted, methods=["POST"]),
            Route("/ocsp/{stem}/{rest:path}", service.asked),
            Route("/{path:path}", service.fetched),
        ],
        middleware=[Middleware(Caps, limits=limits)],
        exception_handlers={
            HTTPException: _refused,
            ClientDisconnect: _gone,
            OSError: _unavailable,
        },
    )
    app.router.redirect_slashes = False
    return app


def create_server(root: Path, *, now: Now, limits: Limits | None = None) -> uvicorn.Server:
    """A uvicorn server with every bound set, to be run on sockets: ``server.run([socket])``."""
    limits = limits or Limits()
    return uvicorn.Server(
        uvicorn.Config(
            create_app(root, now=now, limits=limits),
            http=protocol(limits),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",  # a stranger's nonsense is no news
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=limits.idle_seconds,
            timeout_graceful_shutdown=limits.idle_seconds,
            limit_concurrency=limits.connections,
            h11_max_incomplete_event_size=limits.headers,
        )
    )


def serve(root: Path, *, host: str, port: int, now: Now, listening: Callable[[int], None]) -> None:
    """Serve until SIGINT or SIGTERM. Raises ``WorldFailed`` when the address cannot be had.

    ``listening`` is told the port once connections are taken: it is another one than 0.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=512)
    except OSError as failure:
        raise WorldFailed(
            f"cannot listen on {host} port {port}: {failure.strerror}", "choose another address"
        ) from failure
    with listener:
        listening(listener.getsockname()[1])
        create_server(root, now=now).run([listener])


class _Service:
    """The endpoints over one tree."""

    def __init__(self, tree: Tree, now: Now, limits: Limits) -> None:
        self._tree = tree
        self._now = now
        self._limits = limits

    async def fetched(self, request: Request) -> Response:
        """GET or HEAD of a published file."""
        found = self._tree.find(unquote(request.path_params["path"]) or layout.INDEX_PATH)
        if found is None:
            raise HTTPException(404)
        return _file(request, found, self._now())

    async def asked(self, request: Request) -> Response:
        """GET below ``/ocsp/<stem>/``: a stored answer by its file name, or an encoded request."""
        stem, rest = request.path_params["stem"], request.path_params["rest"]
        path = f"{_known_form(stem)}/{rest}"
        if layout.place(path):
            found = self._tree.find(path)
            if found is None:
                raise HTTPException(404)
            return _file(request, found, self._now())
        decoded = ocsp.decoded(rest)
        now = self._now()
        reply = ocsp.MALFORMED if decoded is None else self._answer(decoded, stem, now)
        if reply.age is None:
            return _status_response(reply.body)
        found = Found(layout.ANSWER, reply.body, etag(reply.body), reply.age)
        return _file(request, found, now)

    async def posted(self, request: Request) -> Response:
        """POST of a request in DER."""
        stem = request.path_params["stem"]
        _known_form(stem)
        if request.path_params.get("rest", "").strip("/"):
            raise HTTPException(404)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in _REQUEST_TYPES:
            return refusal(415, "send application/ocsp-request")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._limits.body:
                return refusal(413, "content too large")
        return _status_response(self._answer(bytes(body), stem, self._now()).body)

    def _answer(self, request: bytes, stem: str, now: Instant) -> ocsp.Reply:
        authority = self._tree.find(layout.aia_path(stem))

        def lookup(serial: int, algorithm: str) -> bytes | None:
            # A serial of more than 20 octets, or none above 0, has no path and no answer.
            found = self._tree.find(f"{layout.ocsp_path(stem)}/{serial:x}.{algorithm}.der")
            return found.body if found else None

        return ocsp.answer(
            request, authority=authority.body if authority else None, lookup=lookup, now=now
        )


def _known_form(stem: str) -> str:
    if not layout.is_stem(stem):
        raise HTTPException(404)
    return layout.ocsp_path(stem)


def _status_response(body: bytes) -> Response:
    """What no cache may keep: replies to POST (their request is no key), and errors."""
    headers = {"Content-Type": layout.ANSWER.content_type, "Cache-Control": "no-store"}
    return Response(body, headers=headers)


def _file(request: Request, found: Found, now: Instant) -> Response:
    validity = (found.age.this_update, found.age.next_update) if found.age else None
    headers = dict(layout.headers(found.place, now=now, validity=validity))
    headers["ETag"] = found.etag
    if _is_known(request, found):
        del headers["Content-Type"]
        return Response(status_code=304, headers=headers)
    if len(found.body) <= _CHUNK:
        return Response(found.body, headers=headers)
    headers["Content-Length"] = str(len(found.body))
    return StreamingResponse(_pieces(found.body), headers=headers)


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    """In pieces, so that a slow reader of a long CRL holds one piece and not a copy of it all."""
    for start in range(0, len(body), _CHUNK):
        yield body[start : start + _CHUNK]


def _is_known(request: Request, found: Found) -> bool:
    """Whether the reader has these bytes already (RFC 9110 section 13.2.2)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return bool(known & {"*", found.etag})
    # Compared as text: clients echo what they were sent, and nothing hostile is parsed.
    since = request.headers.get("if-modified-since")
    return found.age is not None and since == layout.http_date(found.age.this_update)


async def _alive(_: Request) -> Response:
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


async def _refused(_: Request, error: Exception) -> Response:
    """404 and 405: a line of text, which no cache may keep once a file is there."""
    known = error if isinstance(error, HTTPException) else HTTPException(500)
    headers = {**(known.headers or {}), "Cache-Control": "no-store"}
    return PlainTextResponse(f"{known.detail}\n", known.status_code, headers=headers)


async def _gone(_: Request, __: Exception) -> Response:
    return refusal(400, "incomplete")


async def _unavailable(_: Request, __: Exception) -> Response:
    return refusal(503, "try again")
